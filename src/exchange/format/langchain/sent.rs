//! What LangSmith sends around a prompt.

use serde_json::{Map, Value};

use super::super::draft::Draft;
use crate::prompt::finding::Span;

/// Its keys for who made the prompt, and when.
pub(super) const MADE: [&str; 2] = ["created_by", "created_at"];

/// Names what of it has no counterpart here, and gives the prompt's name.
pub(super) fn name(
    sent: &Map<String, Value>,
    draft: &mut Draft,
    place: impl Fn(&str) -> Option<Span>,
) -> Option<String> {
    let [by, at] = MADE;
    let known = ["manifest", "prompt_name", "repo", by, at];
    let noted = [
        "prompt_id",
        "commit_hash",
        "commit_id",
        "event",
        "owner",
        "tenant_id",
        "examples",
    ];
    draft.leave_out(sent, (&known, &noted), "", place);
    let mut names = ["prompt_name", "repo"].into_iter();
    let own = names.find_map(|key| sent.get(key)?.as_str());
    own.map(str::to_owned)
}
