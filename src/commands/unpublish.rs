//! `promptctl unpublish`.

use super::aftermath::{YesArg, agree, listed, say_live};
use super::common::{EnvArg, count};
use super::publish::{ReleaseArgs, print_changes, say_pending};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::name::PromptName;
use crate::releases::{Change, ReleaseRequest};

/// Take prompts out of an environment
///
/// promptctl rollback brings them back. On a terminal it asks before it takes out several; Enter is no.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl unpublish support/triage -m \"The feature is gone\"
  promptctl unpublish support/triage --env staging --dry-run")]
pub(super) struct Args {
    /// The prompts
    #[arg(value_name = "NAME", required = true, add = super::completions::names())]
    names: Vec<PromptName>,
    #[command(flatten)]
    yes: YesArg,
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    release: ReleaseArgs,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.release.format.is_json();
    let dry_run = args.release.dry_run;
    let (store, config) = args.release.store(session)?;
    let mut names: Vec<&PromptName> = args.names.iter().collect();
    names.sort_unstable();
    names.dedup();
    let options = args
        .release
        .options(&names, &args.env, &store, &config, session)?;
    // One that cannot be taken out stops all, before the first is.
    let mut plans = Vec::new();
    for name in &names {
        match store.plan(name, &ReleaseRequest::Unpublish, &options)? {
            Some(planned) => plans.push(planned),
            None => session.ui.status(format!(
                "{name} is not live in {}: nothing to do",
                options.environment
            )),
        }
    }
    if plans.len() > 1 && !args.yes.yes && !dry_run {
        let (prompts, environment) = (count(plans.len(), "prompt"), &options.environment);
        let names = listed(plans.iter().map(|planned| &planned.change().name));
        let question = format!("Unpublish {prompts} from {environment} ({names})?");
        agree(&question, session)?;
    }
    let mut changes: Vec<Change> = Vec::new();
    let mut failed = false;
    for planned in plans {
        let change = match dry_run {
            true => Ok(planned.change().clone()),
            false => store.release_planned(planned, &options),
        };
        match change {
            Ok(change) => changes.push(change),
            Err(failure) if names.len() == 1 => return Err(failure),
            // The others are no worse for it.
            Err(failure) => {
                session.ui.failure(&failure);
                failed = true;
            }
        }
    }
    print_changes(&changes, json, dry_run, &store, session);
    say_live(&changes, &args.release, &store, session);
    if !dry_run {
        say_pending(&changes, &store, &options, session);
    }
    Ok(if failed { Exit::Verdict } else { Exit::Done })
}
