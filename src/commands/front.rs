//! `promptctl` alone: where one stands, and what comes next.

use std::ffi::OsString;
use std::path::PathBuf;

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

/// Whether these arguments name no command: nothing at all, or only where to work.
pub(super) fn is_asked(arguments: &[OsString]) -> Option<Option<PathBuf>> {
    let words: Vec<_> = arguments.iter().skip(1).collect();
    match words.as_slice() {
        [] => Some(None),
        [option, folder] if *option == "-C" || *option == "--directory" => {
            Some(Some(PathBuf::from(folder)))
        }
        _ => None,
    }
}

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
        session.ui.hint(next(&prompts, &findings, &ahead));
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

/// Says what is live in each environment, and returns the names of those that are ahead of
/// production.
fn say_live(
    prompts: &[&Loaded],
    overview: &Overview,
    store: &Store,
    session: &mut Session,
) -> Vec<String> {
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
        let is_ahead = |prompt: &&&Loaded| {
            let mut live = overview.live(&prompt.name);
            let active = live.find(|(have, _)| **have == environment);
            active.is_none_or(|(_, active)| active.digest != *prompt.digest())
        };
        let ahead: Vec<String> = prompts
            .iter()
            .filter(is_ahead)
            .map(|it| it.name.to_string())
            .collect();
        session
            .ui
            .line(format!("{environment}: {live} live, {} ahead", ahead.len()));
        if environment == Environment::production() {
            of_production = ahead;
        }
    }
    of_production
}

/// The command that comes next.
fn next(prompts: &[&Loaded], findings: &[Finding], ahead: &[String]) -> String {
    if findings.iter().any(Finding::is_error) {
        return "promptctl validate shows what is wrong".to_owned();
    }
    if prompts.iter().any(|it| may_need_number(it)) {
        return "promptctl bump numbers what was changed by hand".to_owned();
    }
    if prompts.iter().any(|it| it.is_dirty()) {
        return "promptctl diff shows what changed; git commit keeps it".to_owned();
    }
    match ahead {
        [] => "promptctl status shows what is live where".to_owned(),
        [one] => format!("promptctl publish {one} makes it live in production"),
        _ => "promptctl publish --all makes them live in production".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_without_a_command_asks_for_it() {
        let asked = |line: &str| is_asked(&line.split(' ').map(Into::into).collect::<Vec<_>>());
        assert_eq!(asked("promptctl"), Some(None));
        assert_eq!(asked("promptctl -C a"), Some(Some("a".into())));
        assert_eq!(asked("promptctl list"), None);
        assert_eq!(asked("promptctl --help"), None);
    }
}
