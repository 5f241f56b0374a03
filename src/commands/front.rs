//! `promptctl` alone: where one stands, and what comes next.

use super::common::{count, say_first_prompt, warn_of_unknown_releases};
use super::numbering::may_need_number;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::prompt::finding::Finding;
use crate::prompt::name::Environment;
use crate::releases::{Overview, State, Store};

/// The ways in, for who has no repository of prompts yet.
const WAYS_IN: &str = "\
promptctl demo            the whole life of a prompt in a minute, offline
promptctl init            makes a repository of prompts
promptctl init --adopt    takes over the .prompt.yml files of a repository
promptctl import pmpt_…   brings a stored prompt of OpenAI's here
";

/// Says where one stands.
pub(super) fn run(session: &mut Session) -> Result<Exit, Failure> {
    let Ok((store, _)) = session.store() else {
        session.ui.data(WAYS_IN);
        session.ui.hint("promptctl help lists the commands");
        return Ok(Exit::Done);
    };
    if !store.is_set_up() {
        session.ui.line("this repository is not set up for prompts");
        session.ui.data(WAYS_IN);
        return Ok(Exit::Done);
    }
    let (overview, (loaded, findings)) = store.overview_beside(|| store.load_all());
    let overview = overview?;
    let prompts: Vec<&Loaded> = loaded.iter().filter(|it| !it.document.archived).collect();
    session.ui.line(counted(&prompts, &findings));
    let ahead = say_live(&prompts, &overview, &store, session);
    warn_of_unknown_releases(&store, session);
    if loaded.is_empty() && findings.is_empty() {
        say_first_prompt(&store, session);
    } else {
        let next = next(&prompts, &findings, &ahead, &overview, &store);
        session.ui.hint(next);
    }
    Ok(Exit::Done)
}

fn counted(prompts: &[&Loaded], findings: &[Finding]) -> String {
    let mut text = count(prompts.len(), "prompt");
    let changed = prompts.iter().filter(|it| it.is_dirty()).count();
    if changed > 0 {
        text.push_str(&format!(", {changed} not committed"));
    }
    let errors = findings.iter().filter(|it| it.is_error()).count();
    if errors > 0 {
        text.push_str(&format!(
            ", {} in files that cannot be read",
            count(errors, "error")
        ));
    }
    text
}

/// Says what is live in each environment, and returns which prompts differ from what is live in
/// production.
fn say_live(
    prompts: &[&Loaded],
    overview: &Overview,
    store: &Store,
    session: &mut Session,
) -> Vec<usize> {
    let mut environments = store.settings().environments.clone();
    let used = overview.states.values().flat_map(|states| states.keys());
    for environment in used {
        if !environments.contains(environment) {
            environments.push(environment.clone());
        }
    }
    let mut of_production = Vec::new();
    for environment in environments {
        let is_live = |states: &&std::collections::BTreeMap<Environment, State>| {
            matches!(states.get(&environment), Some(State::Live(_)))
        };
        let live = overview.states.values().filter(is_live).count();
        let is_ahead = |at: &usize| {
            let prompt = &prompts[*at];
            let mut live = overview.live(&prompt.name);
            let active = live.find(|(have, _)| **have == environment);
            active.is_none_or(|(_, active)| active.digest != *prompt.digest())
        };
        let ahead: Vec<usize> = (0..prompts.len()).filter(is_ahead).collect();
        session
            .ui
            .line(format!("{environment}: {live} live, {} ahead", ahead.len()));
        if environment == Environment::production() {
            of_production = ahead;
        }
    }
    of_production
}

/// Whether production had this version of a prompt or one above it.
fn was_released(prompt: &Loaded, overview: &Overview, store: &Store) -> bool {
    let production = Environment::production();
    let states = overview.states.get(&prompt.name);
    if states.is_none_or(|states| !states.contains_key(&production)) {
        return false;
    }
    let highest = store.highest_released(&prompt.name, &production);
    highest.is_ok_and(|highest| highest.is_some_and(|highest| prompt.version() <= highest))
}

/// Whether what is live in production is above the file, as after a pull request that was reverted.
fn is_behind(prompt: &Loaded, overview: &Overview) -> bool {
    let mut live = overview.live(&prompt.name);
    let active = live.find(|(environment, _)| **environment == Environment::production());
    active.is_some_and(|(_, active)| active.version >= prompt.version())
}

/// The command that comes next.
fn next(
    prompts: &[&Loaded],
    findings: &[Finding],
    ahead: &[usize],
    overview: &Overview,
    store: &Store,
) -> String {
    if findings.iter().any(Finding::is_error) {
        return "promptctl validate shows what is wrong".to_owned();
    }
    if prompts.iter().any(|it| may_need_number(it)) {
        return "promptctl bump numbers what was changed by hand".to_owned();
    }
    if prompts.iter().any(|it| it.is_dirty()) {
        return "promptctl diff shows what changed; git commit keeps it".to_owned();
    }
    let ahead = ahead.iter().map(|at| prompts[*at]);
    // What was overtaken, rolled back or taken out there is published by its version alone.
    let (old, new): (Vec<&Loaded>, Vec<&Loaded>) =
        ahead.partition(|prompt| was_released(prompt, overview, store));
    match (new.as_slice(), old.as_slice()) {
        ([one], _) => format!("promptctl publish {} makes it live in production", one.name),
        ([_, ..], _) => "promptctl publish --all makes them live in production".to_owned(),
        ([], [one]) if !is_behind(one, overview) => format!(
            "promptctl publish {}@{} makes live in production again what was taken back",
            one.name,
            one.version()
        ),
        _ => "promptctl status shows what is live where".to_owned(),
    }
}
