//! `promptctl import`.

mod args;
mod draft;
pub(super) mod files;
mod imported;
mod inputs;
mod publish;
mod record;
mod save;
mod show;
mod stored;
mod unknown;

use super::session::Session;
use crate::error::{Exit, Failure};

pub(super) use args::Args;

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    if let Some(files) = files::find(args, session)? {
        return files::run(&files, args, session);
    }
    files::refuse_options_of_files(args)?;
    let inputs = inputs::read(args, session)?;
    match &args.record_calls {
        Some(folder) => {
            let first = inputs.wanted.first().ok_or_else(|| {
                Failure::usage("name the id of a stored prompt to make the calls with")
            })?;
            record::run(first, args, folder, session)
        }
        None => stored::run(inputs, args, session),
    }
}
