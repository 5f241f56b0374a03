//! `promptctl push`.

use std::collections::BTreeSet;

use super::common::{FormatArg, count};
use super::gate::{Gate, refused};
use super::interrupt::ReleaseWatch;
use super::plan::PlanArg;
use super::rules::{branches_of, rules_of};
use super::session::Session;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::prompt::code;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::quote::shell_paths;
use crate::releases::{Group, Pushed, Release, Step, Store, Tag, decide};

/// Send pending tags to the remote
///
/// Tags are pending after publish, rollback or unpublish with --no-push. Each release is checked again as
/// publish checks it. Where somebody was faster, a release and all that follow it are lost, and must be
/// made again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if a file has errors or a rule of the environment refuses; 4 if the remote refuses \
the tags.
More: promptctl help releases

Examples:
  promptctl push
  promptctl push --dry-run
  promptctl push support/triage --env production")]
pub(super) struct Args {
    /// Only those of these prompts
    #[arg(value_name = "NAME", value_parser = super::typed::name, add = super::candidates::names())]
    names: Vec<PromptName>,
    /// Only releases to this environment
    #[arg(short, long, value_name = "ENV", add = super::candidates::environments())]
    env: Option<Environment>,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, config) = session.store_and_remote()?;
    let store = if args.plan.dry_run {
        store.rehearsed()?
    } else {
        store
    };
    store.fetch_all(&branches_of(&store, &config))?;
    if let Some(environment) = &args.env {
        store.require_environment(environment)?;
    }
    let gate = Gate::new(&config, session);
    let (groups, lost) = store.groups(&args.names, args.env.as_ref())?;
    let mut pushed = Pushed {
        lost,
        ..Pushed::default()
    };
    // What follows a release that was not sent is not sent either: it is lost with one that lost, and
    // waits with one that was refused.
    let mut stopped: Vec<(PromptName, Option<Environment>)> = Vec::new();
    let mut waiting: Vec<((PromptName, Option<Environment>), usize)> = Vec::new();
    let interrupt = ReleaseWatch::new(&store);
    let mut is_whole = true;
    for group in &groups {
        if interrupt.came() {
            is_whole = false;
            break;
        }
        let row = (group.name.clone(), group.environment.clone());
        if stopped.contains(&row) {
            pushed.lost.extend(group.tags());
            continue;
        }
        if let Some((_, at)) = waiting.iter().find(|(other, _)| *other == row) {
            let (tags, _): &mut (Vec<Tag>, Failure) = &mut pushed.refused[*at];
            tags.extend(group.tags());
            continue;
        }
        let sent = check(group, &store, &config, &gate, args.plan.dry_run).and_then(|()| {
            if args.plan.dry_run {
                pushed.sent.extend(group.tags());
                return Ok(true);
            }
            store.push_group(group, &mut pushed)
        });
        match sent {
            Ok(true) => {}
            Ok(false) => stopped.push(row),
            // A git that was stopped says nothing worth telling.
            Err(_) if interrupt.came() => {
                is_whole = false;
                break;
            }
            Err(failure) if failure.code == Some(code::REMOTE_UNREACHABLE) => return Err(failure),
            Err(failure) => {
                pushed.refused.push((group.tags(), failure));
                waiting.push((row, pushed.refused.len() - 1));
            }
        }
    }
    let is_nothing = pushed.sent.is_empty() && pushed.lost.is_empty() && pushed.refused.is_empty();
    if json || is_whole || !is_nothing {
        print(&pushed, &args.plan, json, session);
    }
    say_who(&pushed.lost, &store, session);
    if !is_whole {
        let is_sent = |group: &&Group| group.tags().iter().all(|tag| pushed.sent.contains(tag));
        let mut names: Vec<&PromptName> = groups
            .iter()
            .filter(|group| !is_sent(group))
            .map(|group| &group.name)
            .collect();
        names.dedup();
        let done = format!("the remote took {}", count(pushed.sent.len(), "tag"));
        return Err(interrupt.stopped(&done, &names, &store));
    }
    Ok(
        match pushed
            .refused
            .iter()
            .map(|(_, failure)| failure.exit)
            .next()
        {
            Some(exit) => exit,
            None if pushed.lost.is_empty() => Exit::Done,
            None => Exit::Failed,
        },
    )
}

/// Every rule that `publish` checks, by the settings as they were just fetched. Evidence was sent
/// before, unless nothing is sent at all.
fn check(
    group: &Group,
    store: &Store,
    config: &Config,
    gate: &Gate,
    dry_run: bool,
) -> Result<(), Failure> {
    let (Some(environment), Some(loaded)) = (&group.environment, store.released_by(group)?) else {
        return Ok(());
    };
    let rules = rules_of(environment, store, config)?;
    if let Some(signers) = &rules.signers {
        store.check_group(group, signers)?;
    }
    store.check_rules(&loaded, environment, &rules)?;
    store.check_evidence_of(&loaded, environment, &rules, dry_run)?;
    let step = Step::Release {
        allowed: &store.allowed_by(group)?,
        was_released: store.was_released(&loaded, environment)?,
    };
    let decision = decide(gate.check_release(store, loaded, environment)?, step);
    if decision.stops.is_empty() {
        return Ok(());
    }
    let tags = texts(&group.tags());
    let tags = shell_paths(tags.iter().map(String::as_str));
    Err(refused(decision, &group.name).hint(format!(
        "the release is made already: git tag -d {tags} takes it back, then publish it again"
    )))
}

/// Who was faster than the releases that are lost, and what to do.
fn say_who(lost: &[Tag], store: &Store, session: &mut Session) {
    let mut seen = BTreeSet::new();
    for newest in lost.iter().filter_map(|tag| store.newest_beside(tag)) {
        let Release {
            name,
            environment,
            version,
            number,
            by,
            time,
            ..
        } = &newest;
        if seen.insert((name.clone(), environment.clone())) {
            session.ui.warning(format!(
                "{by} {} {name} {version} in {environment} at {time} (release {number})",
                newest.action.past()
            ));
        }
    }
    if !lost.is_empty() {
        session.ui.hint(
            "promptctl doctor --fix discards what is lost; what is still wanted is published again",
        );
    }
}

fn texts(tags: &[Tag]) -> Vec<String> {
    tags.iter().map(Tag::to_string).collect()
}

fn print(pushed: &Pushed, plan: &PlanArg, json: bool, session: &mut Session) {
    let Pushed {
        sent,
        lost,
        refused,
        warnings,
    } = pushed;
    if json {
        let sent: Vec<String> = texts(sent);
        let lost: Vec<String> = texts(lost);
        let refused: Vec<String> = refused.iter().flat_map(|(tags, _)| texts(tags)).collect();
        session.ui.block(json::document(
            &serde_json::json!({ "sent": sent, "lost": lost, "refused": refused }),
        ));
    } else if sent.is_empty() && lost.is_empty() && refused.is_empty() {
        session
            .ui
            .status("nothing to send: the remote has every tag that was made here");
    } else {
        for tag in sent {
            plan.say(format!("sent {tag}"), format!("would send {tag}"), session);
        }
    }
    for warning in warnings {
        session.ui.warning(warning);
    }
    for (tags, failure) in refused {
        session.ui.failure(failure);
        session.ui.warning(format!(
            "not sent, and still pending: {}",
            texts(tags).join(", ")
        ));
    }
    for tag in lost {
        session
            .ui
            .warning(format!("{tag} is lost: somebody was faster"));
    }
}
