//! `promptctl unarchive`.

use serde_json::json;

use super::archiving::{ArchiveArgs, is_unfinished, say_done_before, write};
use super::common::load_to_change;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::output::json;
use crate::prompt::edit::{Step, remove};

/// Bring archived prompts back
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl unarchive core/sub-issue-generator")]
pub(super) struct Args {
    #[command(flatten)]
    change: ArchiveArgs,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let args = &args.change;
    let (store, config) = args.plan.store(session)?;
    let mut found = Vec::new();
    for name in &args.names {
        let loaded = load_to_change(&store, name)?;
        let text = if loaded.document.archived {
            remove(&loaded.text, &[Step::Key("archived".to_owned())])
                .map_err(|error| super::numbering::edit_failure(&loaded.path, &error))?
        } else if is_unfinished(&store, &loaded) {
            loaded.text.clone()
        } else {
            say_done_before(&format!("{name} is not archived"), session);
            continue;
        };
        found.push((loaded, text));
    }
    let commit = write(args, "Unarchive", &found, &store, &config, session)?;
    let mut shapes = Vec::new();
    for (Loaded { name, path, .. }, _) in &found {
        args.plan.say(
            format!("{name} is in use again"),
            format!("{name} would be in use again"),
            session,
        );
        shapes.push(json!({ "name": name, "path": path }));
    }
    if args.is_json() {
        let shape = json!({ "unarchived": shapes, "commit": commit, "dry_run": args.plan.dry_run });
        session.ui.block(json::document(&shape));
    }
    Ok(Exit::Done)
}
