//! `promptctl fetch`.

use super::Session;
use super::common::FormatArg;
use crate::error::{Exit, Failure};
use crate::output::json;

/// Bring the tags that the remote has
///
/// Sets the clone up once, so that a plain git fetch does the same from then on.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, _) = session.store_and_remote()?;
    let fetched = store.fetch()?;
    if json {
        let pending: Vec<&str> = fetched
            .pending
            .iter()
            .map(|entry| entry.full.as_str())
            .collect();
        session.ui.line(json::document(&serde_json::json!({
            "remote": fetched.remote, "new": fetched.new, "gone": fetched.gone, "pending": pending,
        })));
        return Ok(Exit::Done);
    }
    match fetched.new.len() {
        0 => session
            .ui
            .status(format!("{} has nothing new", fetched.remote)),
        1 => session.ui.status(format!(
            "1 new tag from {}: {}",
            fetched.remote, fetched.new[0]
        )),
        count => session
            .ui
            .status(format!("{count} new tags from {}", fetched.remote)),
    }
    for tag in &fetched.gone {
        session
            .ui
            .warning(format!("{} no longer has the tag {tag}", fetched.remote));
    }
    say_pending(&fetched.pending, session);
    Ok(Exit::Done)
}

/// Says which tags the remote has not confirmed, and what to do about them.
pub(super) fn say_pending(pending: &[crate::store::Pending], session: &mut Session) {
    for entry in pending.iter().filter(|entry| entry.lost) {
        session.ui.warning(format!(
            "{} was made here and never sent; the remote has another tag of that name",
            entry.full
        ));
        session.ui.hint("promptctl doctor --fix discards it");
    }
    let open = pending.iter().filter(|entry| !entry.lost).count();
    if open > 0 {
        let tags = if open == 1 { "tag is" } else { "tags are" };
        session.ui.warning(format!(
            "{open} {tags} pending: the remote has not confirmed them"
        ));
        session.ui.hint("promptctl push sends them");
    }
}
