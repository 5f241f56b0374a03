//! `promptctl push`.

use super::Session;
use super::common::FormatArg;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::prompt::name::PromptName;

/// Send pending tags to the remote
///
/// Tags are pending after publish, rollback or unpublish with --no-push.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only those of this prompt
    #[arg(add = super::completions::names())]
    name: Option<PromptName>,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, _) = session.store_and_remote()?;
    let (sent, lost) = store.push_pending(args.name.as_ref())?;
    if json {
        session.ui.line(json::document(
            &serde_json::json!({ "sent": sent, "lost": lost }),
        ));
    } else if sent.is_empty() && lost.is_empty() {
        session
            .ui
            .status("nothing to send: the remote has every tag");
    }
    if !json {
        for tag in &sent {
            session.ui.status(format!("sent {tag}"));
        }
    }
    for tag in &lost {
        session.ui.warning(format!(
            "{tag} was not sent: the remote has another tag of that name"
        ));
    }
    if lost.is_empty() {
        return Ok(Exit::Done);
    }
    session.ui.hint("promptctl releases NAME shows what is live; promptctl doctor --fix discards the tags that lost");
    Ok(Exit::Failed)
}
