//! What a command changed, as `diff` shows it.

use super::common::variables_of;
use super::session::Session;
use crate::files::Loaded;
use crate::output::diff_json::DiffReportJson;
use crate::output::diff_review::ReviewInfo;
use crate::output::diff_text::{self, TextOptions};
use crate::prompt::diff::{Impact, PromptDiff, Side, Status, compare};
use crate::prompt::name::PromptName;
use crate::prompt::rendered::Variable;

/// Shows what changed in prompts, as `diff` does.
pub(super) fn show_change<'a>(
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
pub(super) fn change_shapes<'a>(
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

/// What a change from one content to another means for callers.
pub(super) fn impact(before: &Loaded, after: &Loaded) -> Impact {
    let [old, new] = [before, after].map(variables_of);
    compare(Some(side(before, &old)), Some(side(after, &new))).impact
}

/// One side of a comparison.
pub(super) fn side<'a>(loaded: &'a Loaded, variables: &'a [Variable]) -> Side<'a> {
    Side {
        document: &loaded.document,
        partials: &loaded.partials,
        variables: Some(variables),
    }
}
