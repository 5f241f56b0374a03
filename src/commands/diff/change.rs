//! What a command changed, as `diff` shows it.

use super::super::common::variables_of;
use super::super::session::Session;
use super::pair::side;
use crate::files::Loaded;
use crate::output::diff_json::DiffReportJson;
use crate::output::diff_review::ReviewInfo;
use crate::output::diff_text::{self, TextOptions};
use crate::prompt::diff::{PromptDiff, Status, compare};
use crate::prompt::name::PromptName;

/// Shows what changed in prompts, as `diff` does.
pub(in super::super) fn show_change<'a>(
    pairs: impl Iterator<Item = (&'a Loaded, &'a Loaded)>,
    session: &mut Session,
) {
    let diffs = changes_of(pairs);
    let options = TextOptions {
        color: session.ui.colors_out(),
        width: session.ui.width().unwrap_or(100),
    };
    session
        .ui
        .styled(diff_text::render(&diffs, &ReviewInfo::default(), options));
}

/// The same as JSON: the `prompts` of `diff --format json`.
pub(in super::super) fn change_shapes<'a>(
    pairs: impl Iterator<Item = (&'a Loaded, &'a Loaded)>,
) -> serde_json::Value {
    let diffs = changes_of(pairs);
    let review = ReviewInfo::default();
    let report = DiffReportJson::new("", "", &diffs, &review, &[]);
    let mut report = serde_json::to_value(&report).unwrap_or_default();
    report["prompts"].take()
}

fn changes_of<'a>(
    pairs: impl Iterator<Item = (&'a Loaded, &'a Loaded)>,
) -> Vec<(PromptName, PromptDiff)> {
    pairs
        .map(|(before, after)| {
            let [old, new] = [before, after].map(variables_of);
            let diff = compare(Some(side(before, &old)), Some(side(after, &new)));
            (after.name.clone(), diff)
        })
        .filter(|(_, diff)| diff.status != Status::Unchanged || !diff.changes.is_empty())
        .collect()
}
