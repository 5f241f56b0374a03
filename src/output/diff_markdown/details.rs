//! The changes of one prompt, folded away below the table.

use std::fmt::Write as _;

use serde_json::Value;

use super::inline::{code, line, plain};
use super::{MAX_CHANGES, MAX_LINES_UNSEEN, WIDTH};
use crate::output::diff_lines::{layout, role, short, words};
use crate::output::diff_review::{self, ReviewInfo};
use crate::prompt::diff::{Change, ChangeKind, Impact};
use crate::prompt::name::PromptName;

/// One prompt, folded.
pub(super) fn details(
    name: &PromptName,
    changes: &[Change],
    review: &ReviewInfo,
    lines: usize,
) -> String {
    let counted = match changes.len() {
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    };
    let mut text = format!("\n<details>\n<summary><code>{name}</code>: {counted}</summary>\n\n");
    let is_named = |change: &Change| change.loosens_evaluation();
    let (first, rest) = changes.split_at(changes.len().min(MAX_CHANGES));
    let named: Vec<&Change> = rest
        .iter()
        .filter(|it| is_named(it))
        .take(MAX_CHANGES)
        .collect();
    let shown = first.len() + named.len();
    for change in first.iter().chain(named) {
        field(change, lines, &mut text);
    }
    if let Some(more @ 1..) = changes.len().checked_sub(shown) {
        let _ = writeln!(text, "- … and {more} more");
    }
    let size = review.sizes.get(name);
    let cost = size.and_then(diff_review::cost);
    if let (Some(size), Some(cost)) = (size, cost) {
        let tokens = diff_review::tokens(size);
        let _ = writeln!(
            text,
            "- its own text: about {tokens} tokens, {}",
            plain(&cost)
        );
    }
    if let Some(cache) = size.and_then(diff_review::cache) {
        let _ = writeln!(text, "- {cache}");
    }
    text.truncate(text.trim_end().len());
    text.push_str("\n\n</details>\n");
    text
}

/// One change: a line of a list, and its words below.
fn field(change: &Change, lines: usize, text: &mut String) {
    let path = code(&change.path);
    if let Some(words) = words(change) {
        let role = role(change)
            .map(|role| format!(" {},", plain(role)))
            .unwrap_or_default();
        let kind = match change.kind {
            ChangeKind::Added => "new",
            ChangeKind::Removed => "removed",
            ChangeKind::Moved => "text moved",
            ChangeKind::Changed => "text changed",
        };
        let _ = writeln!(text, "- {path}:{role} {kind}");
        let most = match change.impact {
            Impact::None => lines.min(MAX_LINES_UNSEEN),
            _ => lines,
        };
        if most > 0 {
            // A text that came or went as a whole is a text and no row of changes.
            let is_whole = words.pieces.len() == 1;
            let lines = layout(&words, WIDTH, most);
            let lines: Vec<String> = lines.iter().map(|it| line(it, is_whole)).collect();
            let _ = writeln!(text, "\n<pre>{}</pre>\n", lines.join("\n"));
        }
        return;
    }
    let show = |value: &Option<Value>| {
        value
            .as_ref()
            .map(|value| code(&short(value, 200)))
            .unwrap_or_default()
    };
    let (before, after) = (show(&change.before), show(&change.after));
    let _ = match change.kind {
        ChangeKind::Moved => writeln!(text, "- {path}: moved from {before}"),
        ChangeKind::Added => writeln!(text, "- {path}: new, {after}"),
        ChangeKind::Removed => writeln!(text, "- {path}: removed, was {before}"),
        ChangeKind::Changed => writeln!(text, "- {path}: {before} → {after}"),
    };
}
