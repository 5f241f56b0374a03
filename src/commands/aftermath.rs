//! What `rollback` and `unpublish` ask before they change what is live, and say once they did.

use super::publish::ReleaseArgs;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::name::{Environment, PromptName};
use crate::releases::{Action, Change, Store};

/// `--yes`.
#[derive(Debug, clap::Args)]
pub(super) struct YesArg {
    /// Do not ask, where a terminal would be asked
    #[arg(short, long)]
    pub(super) yes: bool,
}

/// Asks a question of who sits at the terminal. Where nobody does, what was typed is meant.
///
/// # Errors
/// The answer is not yes.
pub(super) fn agree(question: &str, session: &mut Session) -> Result<(), Failure> {
    if !session.ui.can_ask() || session.ui.confirm(question) {
        return Ok(());
    }
    Err(Failure::usage("nothing was changed")
        .exit(Exit::Failed)
        .hint("--yes goes on without a question"))
}

/// ` --env ENV`, as it stands in a line to type.
pub(super) fn env_option(environment: &Environment) -> String {
    if *environment == Environment::production() {
        return String::new();
    }
    format!(" --env {environment}")
}

/// Names in a sentence.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a PromptName>) -> String {
    let names: Vec<&str> = names.into_iter().map(PromptName::as_str).collect();
    names.join(", ")
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
