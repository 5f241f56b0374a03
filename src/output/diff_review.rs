//! What stands beside a comparison: sizes, findings, releases, and who includes a partial.

use std::collections::BTreeMap;

use serde::Serialize;

use super::suggestion::Suggestion;
use super::versus::Section;
use crate::prompt::code::{Code, ROOTS_CHANGED, SETTINGS_CHANGED};
use crate::prompt::diff::{Change, Status, WordDiff};
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::prompt::size::{Cache, SizeChange};
use crate::prompt::version::Version;

/// What a reviewer wants to know beside the changes themselves. All of it may be empty.
#[derive(Debug, Default)]
pub struct ReviewInfo {
    /// How the size of each prompt changed; empty where nobody asked.
    pub sizes: BTreeMap<PromptName, SizeChange>,
    /// What `publish` would do to each prompt, in words; empty where nobody asked.
    pub releases: BTreeMap<PromptName, String>,
    /// What the rules find in the new contents; empty where nobody asked.
    pub findings: Vec<Finding>,
    /// The files of the new side that cannot be read, and so not be compared.
    pub unreadable: Vec<String>,
    /// The partials that changed.
    pub partials: Vec<ChangedPartial>,
    /// Of prompts that include a changed partial, what changed in their own files.
    pub own_changes: BTreeMap<PromptName, Vec<Change>>,
    /// The versions that were not raised, with what is to be written.
    pub raises: BTreeMap<PromptName, Raise>,
    /// What comments in the new files allow that those in the old ones did not.
    pub allowed: Vec<Allowed>,
    /// What an evaluation found; none where nobody asked.
    pub evaluation: Option<Evaluation>,
}

/// What an evaluation found.
#[derive(Debug)]
pub struct Evaluation {
    /// How it ended: `✅ pass`.
    pub title: String,
    /// What the headline says, where it did not pass.
    pub alarm: Option<&'static str>,
    /// Why, and what it cost.
    pub said: Vec<String>,
    /// Each prompt compared with what it replaces.
    pub sections: Vec<Section>,
}

/// The two lines that raise the version of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Raise {
    /// The prompt's file.
    pub path: String,
    /// The next number.
    pub version: Version,
    /// The beginning of the content's digest.
    pub digest: String,
    /// The same as a change of lines that the difference shows; none where it does not show them.
    pub suggestion: Option<Suggestion>,
}

/// A comment that allows what a rule finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allowed {
    /// The file, the line and the column.
    pub place: String,
    /// What is allowed.
    pub code: Code,
}

/// A partial that changed, and the prompts that it is part of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedPartial {
    /// Its file.
    pub path: String,
    /// `added`, `removed` or `changed`.
    pub status: Status,
    /// The prompts that include it, also through other partials.
    pub used_by: Vec<String>,
    /// What changed in it, where that is shown.
    #[serde(skip)]
    pub words: Option<WordDiff>,
}

/// Of the prompts that include a partial so many are named on a line.
const MOST_NAMED: usize = 10;

impl ChangedPartial {
    /// What became of it and who includes it, in a sentence.
    pub fn words(&self) -> String {
        let path = &self.path;
        let what = match self.status {
            Status::Added => "is new",
            Status::Removed => "was removed",
            Status::Changed | Status::Unchanged | Status::Renamed => "changed",
        };
        let names = &self.used_by[..self.used_by.len().min(MOST_NAMED)].join(", ");
        match self.used_by.len() {
            0 => format!("{path} {what}, and no prompt includes it"),
            1..=MOST_NAMED => format!("{path} {what}, and is part of {names}"),
            all => format!(
                "{path} {what}, and is part of {all} prompts: {names} and {} more",
                all - MOST_NAMED
            ),
        }
    }
}

/// Whether a finding tells of a setting that changed.
pub fn is_of_settings(finding: &Finding) -> bool {
    matches!(finding.code, ROOTS_CHANGED | SETTINGS_CHANGED)
}

/// `412 → 498`, or one number where it stayed or there is one side only.
pub(super) fn tokens(size: &SizeChange) -> String {
    match (size.before, size.after) {
        (Some(before), Some(after)) if before.tokens != after.tokens => {
            format!("{} → {}", before.tokens, after.tokens)
        }
        (before, after) => after
            .or(before)
            .map(|size| size.tokens.to_string())
            .unwrap_or_default(),
    }
}

/// `+$0.0215 per 1,000 calls`; none where it is not known or stays.
pub(super) fn cost(size: &SizeChange) -> Option<String> {
    let thousand = size.cost_change_usd()? * 1_000.0;
    let amount = format!("{:.4}", thousand.abs());
    if amount == "0.0000" {
        return None;
    }
    let sign = if thousand < 0.0 { '-' } else { '+' };
    Some(format!("{sign}${amount} per 1,000 calls"))
}

/// What becomes of the cached beginning, in a sentence; none where nothing does.
pub(super) fn cache(size: &SizeChange) -> Option<String> {
    match size.cache() {
        Cache::Untouched => None,
        Cache::Broken { kept, before } => Some(format!(
            "the cached beginning breaks after about {kept} of {before} tokens: the first calls pay for it again"
        )),
        Cache::TooShort { after } => Some(format!(
            "nothing is cached any more: a value stands after about {after} tokens, and caching takes {}",
            crate::prompt::size::CACHED_FROM
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::size::Size;

    #[test]
    fn sizes_in_words() {
        let size = |tokens, cost_usd| Size {
            tokens,
            prefix_tokens: tokens,
            cost_usd,
        };
        let change = |before, after| SizeChange {
            before,
            after,
            kept_tokens: 0,
        };
        let grown = change(
            Some(size(400, Some(0.0001))),
            Some(size(500, Some(0.000_125))),
        );
        assert_eq!(tokens(&grown), "400 → 500");
        assert_eq!(cost(&grown).as_deref(), Some("+$0.0250 per 1,000 calls"));
        assert_eq!(cache(&grown), None);
        let shrunk = change(
            Some(size(2000, Some(0.0005))),
            Some(size(900, Some(0.0002))),
        );
        assert_eq!(cost(&shrunk).as_deref(), Some("-$0.3000 per 1,000 calls"));
        assert!(cache(&shrunk).is_some_and(|words| words.contains("after about 900 tokens")));
        let new = change(None, Some(size(12, None)));
        assert_eq!((tokens(&new), cost(&new)), ("12".to_owned(), None));
    }
}
