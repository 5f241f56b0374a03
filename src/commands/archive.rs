//! `promptctl archive`, and what it shares with `promptctl unarchive`.

use super::common::{live_versions, load_to_change};
use super::gate::Gate;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::{FileChange, Loaded};
use crate::prompt::edit::{Step, set};
use crate::prompt::name::PromptName;
use crate::releases::Store;

/// Take a prompt out of use
///
/// The file stays and says `archived: true`; list leaves it out and publish refuses it. What is
/// live stays live until it is unpublished.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl archive support/triage -m \"Replaced by support/routing\"")]
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
    if loaded.document.archived && !is_unfinished(&store, &loaded) {
        session
            .ui
            .status(format!("{} is archived already: nothing to do", args.name));
        return Ok(Exit::Done);
    }
    let text = set(
        &loaded.text,
        &[Step::Key("archived".to_owned())],
        &serde_json::json!(true),
    )
    .map_err(|error| super::numbering::edit_failure(&loaded.path, &error))?;
    let gate = Gate::new(&config, session);
    write(
        &store,
        &gate,
        &loaded,
        text,
        args.message.as_deref(),
        "Archive",
    )?;
    session.ui.status(format!("{} archived", args.name));
    for (environment, version) in live_versions(&store, &args.name).unwrap_or_default() {
        session
            .ui
            .warning(format!("{version} is still live in {environment}"));
        session.ui.hint(format!(
            "promptctl unpublish {} --env {environment}",
            args.name
        ));
    }
    Ok(Exit::Done)
}

/// Whether a run that was killed wrote the file and did not commit it.
pub(super) fn is_unfinished(store: &Store, loaded: &Loaded) -> bool {
    let committed = store.committed(&loaded.name).ok().flatten();
    committed.is_some_and(|committed| committed.document.archived != loaded.document.archived)
}

/// Commits the file with its new text.
pub(super) fn write(
    store: &Store,
    gate: &Gate,
    loaded: &Loaded,
    text: String,
    message: Option<&str>,
    verb: &str,
) -> Result<(), Failure> {
    // What else is wrong with the file is nothing new.
    gate.check_writing(store, loaded, &loaded.path)?;
    let change = FileChange::Write {
        path: loaded.path.clone(),
        text,
    };
    let message = message.map_or_else(|| format!("{verb} {}", loaded.name), str::to_owned);
    store.commit(&[change], &message).map(drop)
}
