//! `publish --all`: every prompt whose version is above all that were released.

use std::collections::BTreeMap;

use super::super::aftermath::{print_changes, say_pending, say_unpushed};
use super::super::common::warn_all;
use super::super::gate::Gate;
use super::super::interrupt::{ReleaseWatch, stopped};
use super::super::publishing::{finish, plan};
use super::super::rules::branches_of;
use super::super::session::Session;
use super::Args;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::files::{Loaded, refused_clash};
use crate::output::progress::Progress;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::releases::{Change, Options, Planned, ReleaseRequest, State, Store, require_bumped};

pub(super) fn publish_all(
    args: &Args,
    store: &Store,
    config: &Config,
    json: bool,
    session: &mut Session,
) -> Result<Exit, Failure> {
    if args.release.pushes(store) && !args.release.dry_run {
        // Once for all: a push that somebody else was faster for is refused all the same.
        let known = branches_of(store, config);
        store.fetch_all(&known)?;
    }
    let mut options = args.release.publish_options(&args.env, store, config)?;
    options.allowed.clone_from(&args.allow);
    let options = &options;
    let gate = Gate::new(config, session);
    let (mut loaded, findings) = store.load_all();
    loaded.dedup_by(|second, first| second.name == first.name);
    warn_all(session, &findings);
    let mut failed = findings.iter().any(Finding::is_error);
    let clashes = findings.iter().filter(|it| it.code == code::NAME_CLASH);
    // Both files of each, from the one look at all of them.
    let clashes: BTreeMap<&str, &Finding> = clashes
        .flat_map(|it| [&it.path, &it.subject].map(|path| Some((path.as_deref()?, it))))
        .flatten()
        .collect();
    loaded.retain(|prompt| !prompt.document.archived);
    let interrupt = ReleaseWatch::new(store);
    let progress = Progress::new(&session.ui, loaded.len());
    let mut all = Vec::new();
    for prompt in loaded {
        if interrupt.came() {
            return Err(stopped("interrupted: nothing was published"));
        }
        let name = prompt.name.clone();
        let planned = match clashes.get(prompt.path.as_str()) {
            Some(clash) => Err(refused_clash(clash)),
            None => progress.pause(|| plan_if_new(prompt, store, options, &gate, session)),
        };
        match planned {
            Ok(planned) => all.extend(planned),
            Err(failure) => {
                progress.pause(|| say_not_published(&name, &failure, session));
                failed = true;
            }
        }
        progress.step("checked".to_owned());
    }
    progress.finish();
    let wanted = all.len();
    let released: Vec<PromptName> = all
        .iter()
        .map(|(_, planned)| planned.change().name.clone())
        .collect();
    let mut changes = Vec::new();
    if args.release.dry_run {
        changes.extend(all.iter().map(|(_, planned)| planned.change().clone()));
    } else {
        failed |= release_all(all, store, options, &interrupt, &mut changes, session);
    }
    if interrupt.came() && changes.len() < wanted && !args.release.dry_run {
        print_changes(&changes, json, false, store, session);
        say_pending(&changes, store, options, session);
        let unknown = interrupt.unknown(&released.iter().collect::<Vec<_>>(), store);
        let (published, others) = (changes.len(), "the others are as they were");
        return Err(match unknown.as_slice() {
            [] => stopped(format!(
                "interrupted: {published} of {wanted} were published, and {others}"
            )),
            tags => stopped(format!(
                "interrupted: {published} of {wanted} were published, it is not known whether the remote has {}, and {others}",
                tags.join(", ")
            )),
        }
        .hint("promptctl publish --all goes on with the others"));
    }
    if changes.is_empty() && !failed {
        session.ui.status(format!(
            "nothing to publish: no version is above those released in {}",
            options.environment
        ));
    }
    print_changes(&changes, json, args.release.dry_run, store, session);
    say_unpushed(&changes, &options.rules, store, session);
    if !args.release.dry_run {
        say_pending(&changes, store, options, session);
    }
    Ok(if failed { Exit::Verdict } else { Exit::Done })
}

fn say_not_published(name: &PromptName, failure: &Failure, session: &mut Session) {
    session.ui.failure(failure);
    session.ui.warning(format!("{name} was not published"));
}

/// How many prompts are released by the same calls of git. All of their tags are named in one call,
/// and Windows takes 32 KB of arguments.
const TOGETHER: usize = 64;

/// Makes planned changes until somebody presses Ctrl-C. Whether one failed.
fn release_all(
    mut planned: Vec<(ReleaseRequest, Planned)>,
    store: &Store,
    options: &Options,
    interrupt: &ReleaseWatch,
    changes: &mut Vec<Change>,
    session: &mut Session,
) -> bool {
    let progress = Progress::new(&session.ui, planned.len());
    let mut failed = false;
    while !planned.is_empty() && !interrupt.came() {
        let rest = planned.split_off(planned.len().min(TOGETHER));
        let (demands, some): (Vec<ReleaseRequest>, Vec<Planned>) = planned.into_iter().unzip();
        planned = rest;
        let steps = some.len();
        if let Some(made) = store.release_together(&some, options) {
            changes.extend(made);
            progress.step_by(steps, "published".to_owned());
            continue;
        }
        for (demand, planned) in demands.into_iter().zip(some) {
            if interrupt.came() {
                break;
            }
            let name = planned.change().name.clone();
            match finish(store, &demand, planned, options, false) {
                Ok(change) => changes.extend(change),
                // A git that was stopped made nothing, and said nothing worth telling.
                Err(_) if interrupt.came() => break,
                Err(failure) => {
                    progress.pause(|| say_not_published(&name, &failure, session));
                    failed = true;
                }
            }
            progress.step("published".to_owned());
        }
    }
    progress.finish();
    failed
}

/// Plans to publish a version above all that were ever released, so that a late job never downgrades
/// and a rollback is never undone.
fn plan_if_new(
    prompt: Loaded,
    store: &Store,
    options: &Options,
    gate: &Gate,
    session: &mut Session,
) -> Result<Option<(ReleaseRequest, Planned)>, Failure> {
    let Some(prompt) = (if prompt.is_dirty() {
        store.committed(&prompt.name)?
    } else {
        Some(prompt)
    }) else {
        return Ok(None);
    };
    let highest = store.highest_released(&prompt.name, &options.environment)?;
    if highest.is_some_and(|highest| prompt.version() <= highest) {
        say_behind(&prompt, store, options, session)?;
        return Ok(None);
    }
    require_bumped(&prompt)?;
    plan(store, prompt, options, gate, session)
}

/// Says that what is live is above the file, as after a pull request that was reverted.
fn say_behind(
    prompt: &Loaded,
    store: &Store,
    options: &Options,
    session: &mut Session,
) -> Result<(), Failure> {
    let (name, environment) = (&prompt.name, &options.environment);
    if let State::Live(active) = store.state(name, environment)?
        && active.version > prompt.version()
    {
        let version = prompt.version();
        session.ui.warning(format!(
            "{name} {} is live in {environment}, above {version}, which the file has: it stays live",
            active.version
        ));
        session.ui.hint(format!(
            "promptctl rollback {name} --env {environment} --to {version}, if what was reverted shall go"
        ));
    }
    Ok(())
}
