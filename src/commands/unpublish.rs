//! `promptctl unpublish`.

use super::common::EnvArg;
use super::publish::{ReleaseArgs, change, print_changes, say_pending};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::name::PromptName;
use crate::releases::{Change, ReleaseRequest};

/// Take a prompt out of an environment
///
/// promptctl rollback brings it back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl unpublish support/triage -m \"The feature is gone\"
  promptctl unpublish support/triage --env staging --dry-run")]
pub(super) struct Args {
    /// The prompt
    #[arg(value_parser = super::typed::name, add = super::completions::names())]
    name: PromptName,
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    release: ReleaseArgs,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.release.format.is_json();
    let (store, config) = args.release.store(session)?;
    let options = args
        .release
        .options(&[&args.name], &args.env, &store, &config, session)?;
    let change = change(
        &store,
        &args.name,
        &ReleaseRequest::Unpublish,
        &options,
        args.release.dry_run,
    )?;
    if change.is_none() {
        session.ui.status(format!(
            "{} is not live in {}: nothing to do",
            args.name, options.environment
        ));
    }
    let changes: Vec<Change> = change.into_iter().collect();
    print_changes(&changes, json, args.release.dry_run, &store, session);
    if !args.release.dry_run {
        say_pending(&changes, &store, &options, session);
    }
    Ok(Exit::Done)
}
