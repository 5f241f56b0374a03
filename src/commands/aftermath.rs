//! What `publish`, `rollback` and `unpublish` say once they changed what is live.

use std::collections::BTreeMap;

use super::common::{count, short};
use super::release_args::ReleaseArgs;
use super::session::Session;
use super::shapes::ChangeJson;
use crate::output::json;
use crate::prompt::name::{Environment, PromptName};
use crate::releases::{Action, Change, Options, Pending, Rules, Store};

/// ` --env ENV`, as it stands in a line to type.
pub(super) fn env_option(environment: &Environment) -> String {
    if *environment == Environment::production() {
        return String::new();
    }
    format!(" --env {environment}")
}

/// Names in a sentence, of many the first.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a PromptName>) -> String {
    const MOST: usize = 10;
    let mut names: Vec<&str> = names.into_iter().map(PromptName::as_str).collect();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    match more {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// Says what is live now, who has what was live before, and how to undo it all. Nothing of a change
/// that is not live yet.
pub(super) fn say_live(
    changes: &[Change],
    args: &ReleaseArgs,
    store: &Store,
    session: &mut Session,
) {
    let Some(first) = changes.first() else { return };
    let is_live = store.has_remote() == args.pushes(store);
    if args.dry_run || args.format.is_json() || !is_live {
        return;
    }
    let environment = &first.environment;
    let live: Vec<String> = changes
        .iter()
        .map(|change| match change.to {
            Some(version) => format!("{} {version}", change.name),
            None => format!("nothing of {}", change.name),
        })
        .collect();
    session.ui.status(format!(
        "live in {environment} now: {}; {} until it is deployed again",
        live.join(", "),
        in_snapshots(changes)
    ));
    for line in undo(changes, environment) {
        session.ui.hint(format!("to undo it: {line}"));
    }
}

/// What a service has that was deployed with a snapshot.
fn in_snapshots(changes: &[Change]) -> String {
    match changes {
        [change] => match change.from {
            Some(from) => format!("a service with a snapshot has {from}"),
            None => "a service with a snapshot has none of it".to_owned(),
        },
        _ => "a service with a snapshot has what was live before".to_owned(),
    }
}

/// The lines that bring back what was live before.
fn undo(changes: &[Change], environment: &Environment) -> Vec<String> {
    let mut publish = Vec::new();
    let mut unpublish = Vec::new();
    let mut rollback = Vec::new();
    for change in changes {
        match (change.action, change.from) {
            // It goes back to what an unpublish took out.
            (Action::Unpublish, _) => rollback.push(change.name.to_string()),
            (_, Some(from)) => publish.push(format!("{}@{from}", change.name)),
            (_, None) => unpublish.push(change.name.to_string()),
        }
    }
    let option = env_option(environment);
    [
        ("publish", publish),
        ("unpublish", unpublish),
        ("rollback", rollback),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(command, names)| format!("promptctl {command} {}{option}", names.join(" ")))
    .collect()
}

/// Says to a person how a release is undone.
pub(super) fn say_next(
    changes: &[Change],
    environment: &Environment,
    json: bool,
    session: &mut Session,
) {
    if let [change] = changes
        && session.ui.can_ask()
        && !json
    {
        let name = &change.name;
        let at = env_option(environment);
        session.ui.hint(format!(
            "promptctl get {name}@{environment} is what a service reads; promptctl rollback {name}{at} undoes it"
        ));
    }
}

/// Says which released commits are on no branch of the remote: they were never reviewed there.
pub(super) fn say_unpushed(
    changes: &[Change],
    rules: &Rules,
    store: &Store,
    session: &mut Session,
) {
    const MOST: usize = 3;
    let mut names: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.pushed) {
        let of_commit = names.entry(change.commit).or_default();
        of_commit.push(change.name.as_str());
    }
    names.retain(|commit, _| !store.is_on_a_branch(*commit));
    for (commit, names) in &names {
        let of_whom = match names.len() {
            ..=MOST => names.join(", "),
            many => count(many, "prompt"),
        };
        session.ui.warning(format!(
            "the commit {} of {of_whom} is on no branch of the remote that this clone knows",
            short(*commit),
        ));
    }
    if !names.is_empty() {
        session.ui.hint(match rules.branches.is_empty() {
            true => "git push sends the branch, or git fetch, where somebody did; `requireBranch` in promptctl.yaml makes it a rule",
            // The branch of the rule has the content.
            false => "git push sends the branch, or git fetch, where somebody did",
        });
    }
}

/// Shows changes, as sentences or as JSON.
pub(super) fn print_changes(
    changes: &[Change],
    json: bool,
    dry_run: bool,
    store: &Store,
    session: &mut Session,
) {
    if json {
        let shapes: Vec<ChangeJson> = changes.iter().map(ChangeJson::from).collect();
        let shape = serde_json::json!({ "changes": shapes });
        session.ui.block(json::document(&shape));
        return;
    }
    for change in changes {
        let sent = match (dry_run, change.pushed) {
            (false, true) => ", and the remote has it",
            (false, false) if store.has_remote() => ", pending until it is sent",
            _ => "",
        };
        let sentence = sentence(change, dry_run);
        if dry_run {
            // The plan is what was asked for.
            session.ui.line(sentence);
            for tag in &change.tags {
                session.ui.line(format!("  would make the tag {tag}"));
            }
        } else {
            session.ui.status(format!("{sentence}{sent}"));
        }
        say_unsigned(change, session);
    }
}

fn say_unsigned(change: &Change, session: &mut Session) {
    for entry in &change.passed {
        session.ui.warning(format!(
            "release {} of {} in {} ({} {}) was passed over: nobody whose signature counts signed for it",
            entry.number, entry.name, entry.environment, entry.by, entry.version
        ));
    }
    if let Some(words) = &change.note {
        session.ui.warning(format!(
            "it is done, and this clone could not write that down: {words}"
        ));
        if change.pushed {
            session.ui.hint("promptctl fetch makes up for it");
        }
    }
    if let Some(words) = &change.unsigned {
        session.ui.warning(format!(
            "the release is not signed, which {} requires: {words}",
            change.environment
        ));
    }
}

fn sentence(change: &Change, dry_run: bool) -> String {
    let Change {
        name, environment, ..
    } = change;
    let was = match change.from {
        None => String::new(),
        // What was live already got a release that is as it should be.
        Some(from) if Some(from) == change.to => " again".to_owned(),
        Some(from) => format!(" (was {from})"),
    };
    let would = if dry_run { "would be " } else { "" };
    match (change.action, change.to) {
        (Action::Publish, Some(to)) => {
            format!("{name} {to} {would}published to {environment}{was}")
        }
        (Action::Rollback, Some(to)) => {
            format!("{name} {would}rolled back to {to} in {environment}{was}")
        }
        _ => format!("{name} {would}unpublished from {environment}{was}"),
    }
}

/// Says that tags made with `--no-push` are not live yet.
pub(super) fn say_pending(
    changes: &[Change],
    store: &Store,
    options: &Options,
    session: &mut Session,
) {
    if !changes.is_empty() && !options.push && store.has_remote() {
        session
            .ui
            .warning("the tags are pending: nothing is live until the remote has them");
        session.ui.hint("promptctl push");
    }
}

/// Says which tags the remote has not confirmed, and what to do about them.
pub(super) fn say_pending_tags(pending: &[Pending], session: &mut Session) {
    for entry in pending.iter().filter(|entry| entry.lost) {
        session.ui.warning(format!(
            "{} was made here and lost: somebody was faster, or a release below it lost",
            entry.tag
        ));
        session.ui.hint("promptctl doctor --fix discards it");
    }
    let open = pending.iter().filter(|entry| !entry.lost).count();
    if open > 0 {
        let (tags, them) = match open {
            1 => ("tag is", "it"),
            _ => ("tags are", "them"),
        };
        session.ui.warning(format!(
            "{open} {tags} pending: the remote has not confirmed {them}"
        ));
        session.ui.hint("promptctl push sends them");
    }
}
