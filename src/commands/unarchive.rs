//! `promptctl unarchive`.

use super::archive::{is_unfinished, write};
use super::common::load_to_change;
use super::gate::Gate;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::edit::{Step, remove};
use crate::prompt::name::PromptName;

/// Bring an archived prompt back
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl unarchive core/sub-issue-generator")]
pub(super) struct Args {
    /// The prompt
    #[arg(value_parser = super::typed::name, add = super::completions::names())]
    name: PromptName,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, config) = session.store()?;
    let loaded = load_to_change(&store, &args.name)?;
    let text = if loaded.document.archived {
        remove(&loaded.text, &[Step::Key("archived".to_owned())])
            .map_err(|error| super::numbering::edit_failure(&loaded.path, &error))?
    } else if is_unfinished(&store, &loaded) {
        loaded.text.clone()
    } else {
        session
            .ui
            .status(format!("{} is not archived: nothing to do", args.name));
        return Ok(Exit::Done);
    };
    let gate = Gate::new(&config, session);
    write(
        &store,
        &gate,
        &loaded,
        text,
        args.message.as_deref(),
        "Unarchive",
    )?;
    session.ui.status(format!("{} is in use again", args.name));
    Ok(Exit::Done)
}
