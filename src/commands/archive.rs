//! `promptctl archive`, and what it shares with `promptctl unarchive`.

use serde_json::{Value, json};

use super::aftermath::{env_option, listed};
use super::common::{FormatArg, live_versions, load_to_change};
use super::gate::Gate;
use super::plan::PlanArg;
use super::session::Session;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::files::{FileChange, Loaded};
use crate::output::json;
use crate::prompt::edit::{Step, set};
use crate::prompt::name::PromptName;
use crate::releases::Store;

/// Take prompts out of use
///
/// The file stays and says `archived: true`; list leaves it out and publish refuses it. What is
/// live stays live until it is unpublished. Several prompts are archived in one commit.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl archive support/triage -m \"Replaced by support/routing\"
  promptctl archive --dry-run support/triage core/chat-assistant")]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) change: ArchiveArgs,
}

/// What `archive` and `unarchive` are given.
#[derive(Debug, clap::Args)]
pub(super) struct ArchiveArgs {
    /// The prompts
    #[arg(value_name = "NAME", required = true, value_parser = super::typed::name, add = super::completions::names())]
    pub(super) names: Vec<PromptName>,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    pub(super) plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let args = &args.change;
    let (store, config) = args.plan.store(session)?;
    let mut found = Vec::new();
    for name in &args.names {
        let loaded = load_to_change(&store, name)?;
        if loaded.document.archived && !is_unfinished(&store, &loaded) {
            say_done_before(&format!("{name} is archived already"), session);
            continue;
        }
        let text = set(
            &loaded.text,
            &[Step::Key("archived".to_owned())],
            &json!(true),
        )
        .map_err(|error| super::numbering::edit_failure(&loaded.path, &error))?;
        found.push((loaded, text));
    }
    let commit = write(args, "Archive", &found, &store, &config, session)?;
    let mut shapes = Vec::new();
    for (Loaded { name, path, .. }, _) in &found {
        args.plan.say(
            format!("{name} archived"),
            format!("{name} would be archived"),
            session,
        );
        let live = live_versions(&store, name).unwrap_or_default();
        for (environment, version) in live.iter().filter(|_| !args.format.is_json()) {
            session
                .ui
                .warning(format!("{version} is still live in {environment}"));
            session.ui.hint(format!(
                "promptctl unpublish {name}{}",
                env_option(environment)
            ));
        }
        let live: Vec<Value> = live
            .iter()
            .map(|(environment, version)| json!({ "environment": environment, "version": version }))
            .collect();
        shapes.push(json!({ "name": name, "path": path, "live": live }));
    }
    if args.format.is_json() {
        let shape = json!({ "archived": shapes, "commit": commit, "dry_run": args.plan.dry_run });
        session.ui.line(json::document(&shape));
    }
    Ok(Exit::Done)
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
