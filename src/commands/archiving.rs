//! What `promptctl archive` and `promptctl unarchive` have in common.

use super::aftermath::listed;
use super::common::FormatArg;
use super::gate::Gate;
use super::plan::PlanArg;
use super::session::Session;
use crate::config::Config;
use crate::error::Failure;
use crate::files::{FileChange, Loaded};
use crate::prompt::name::PromptName;
use crate::releases::Store;

/// What `archive` and `unarchive` are given.
#[derive(Debug, clap::Args)]
pub(super) struct ArchiveArgs {
    /// The prompts
    #[arg(value_name = "NAME", required = true, value_parser = super::typed::name, add = super::candidates::names())]
    pub(super) names: Vec<PromptName>,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    pub(super) plan: PlanArg,
    #[command(flatten)]
    pub(super) format: FormatArg,
}

/// Says that a prompt is as it shall be already.
pub(super) fn say_done_before(what: &str, session: &mut Session) {
    if !session.ui.json {
        session.ui.status(format!("{what}: nothing to do"));
    }
}

/// Whether a run that was killed wrote the file and did not commit it.
pub(super) fn is_unfinished(store: &Store, loaded: &Loaded) -> bool {
    let committed = store.committed(&loaded.name).ok().flatten();
    committed.is_some_and(|committed| committed.document.archived != loaded.document.archived)
}

/// Commits the files with their new texts. The id of the commit, if one was made.
pub(super) fn write(
    args: &ArchiveArgs,
    verb: &str,
    found: &[(Loaded, String)],
    store: &Store,
    config: &Config,
    session: &Session,
) -> Result<Option<String>, Failure> {
    store.require_working_copy()?;
    let gate = Gate::new(config, session);
    let mut changes = Vec::new();
    for (loaded, text) in found {
        // What else is wrong with the file is nothing new.
        gate.check_writing(store, loaded, &loaded.path)?;
        changes.push(FileChange::Write {
            path: loaded.path.clone(),
            text: text.clone(),
        });
    }
    let names = listed(found.iter().map(|(loaded, _)| &loaded.name));
    let usual = format!("{verb} {names}");
    let message = args.message.as_deref().unwrap_or(&usual);
    args.plan.write(store, &changes, Some(message))
}

impl ArchiveArgs {
    /// Whether JSON is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.format.is_json()
    }
}
