//! `promptctl unpublish`.

use std::collections::BTreeMap;

use super::aftermath::listed;
use super::common::{EnvArg, count};
use super::in_turn::InTurn;
use super::release_args::{ReleaseArgs, YesArg, agree};
use super::session::Session;
use super::typed::{Selection, Typed};
use crate::error::{Exit, Failure};
use crate::prompt::name::{Environment, PromptName};
use crate::releases::{ReleaseRequest, State};

/// Take prompts out of an environment
///
/// promptctl rollback brings them back. On a terminal it asks before it takes out several; Enter is no.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl unpublish support/triage -m \"The feature is gone\"
  promptctl unpublish support/triage --env staging --dry-run")]
pub(super) struct Args {
    /// The prompts: names, files, folder/ for all below it, or a pattern
    #[arg(value_name = "NAME", required = true, value_parser = super::typed::several, add = super::candidates::names())]
    names: Vec<Typed>,
    #[command(flatten)]
    yes: YesArg,
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    release: ReleaseArgs,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let dry_run = args.release.dry_run;
    let (store, config) = args.release.store(session)?;
    let selection = Selection::new(&args.names, session);
    let is_by_pattern = selection.has_pattern();
    let live = match is_by_pattern {
        true => store.overview()?.states,
        false => BTreeMap::new(),
    };
    let is_live = |states: &BTreeMap<Environment, State>| states.contains_key(&args.env.env);
    let live = live.iter().filter(|(_, states)| is_live(states));
    let names = selection.among(live.map(|(name, _)| name))?;
    let names: Vec<&PromptName> = names.iter().collect();
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
    let is_asked = plans.len() > 1 || (is_by_pattern && !plans.is_empty());
    if is_asked && !args.yes.yes && !dry_run {
        let (prompts, environment) = (count(plans.len(), "prompt"), &options.environment);
        let names = listed(plans.iter().map(|planned| &planned.change().name));
        let question = format!("Unpublish {prompts} from {environment} ({names})?");
        agree(&question, session)?;
    }
    let turns = InTurn {
        did: "unpublished",
        release: &args.release,
        store: &store,
        options: &options,
        is_one: names.len() == 1,
    };
    turns.run(plans, session, |planned, session| {
        let change = match dry_run {
            true => planned.change().clone(),
            false => store.release_planned(planned, &options)?,
        };
        turns.tell(&change, session);
        Ok(change)
    })
}
