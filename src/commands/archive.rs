//! `promptctl archive`.

use serde_json::{Value, json};

use super::aftermath::env_option;
use super::archiving::{ArchiveArgs, is_unfinished, say_done_before, write};
use super::common::{live_versions, load_to_change};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::output::json;
use crate::prompt::edit::{Step, set};

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
        session.ui.block(json::document(&shape));
    }
    Ok(Exit::Done)
}
