//! A comparison as scripts read it. Fields are only ever added.

use serde::Serialize;
use serde_json::Value;

use super::diff_review::{Allowed, ChangedPartial, Raise, ReviewInfo};
use super::json::FindingJson;
use crate::prompt::diff::{Change, ChangeKind, ContractNote, Impact, PromptDiff, Status};
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::prompt::size::{Cache, Size, SizeChange};
use crate::prompt::version::Version;

/// What `promptctl diff --format json` prints.
#[derive(Debug, Serialize)]
pub struct DiffReportJson<'a> {
    /// The version of this shape.
    pub schema: u32,
    /// What was compared, as it was asked for or resolved.
    pub from: String,
    /// What it was compared with.
    pub to: String,
    /// The impact of the worst prompt.
    pub impact: Impact,
    /// The prompts that differ.
    pub prompts: Vec<DiffJson<'a>>,
    /// The partials that differ, and the prompts that include them; only of two revisions.
    pub partials: &'a [ChangedPartial],
    /// The files of the new side that cannot be compared, and the settings that changed; only of two
    /// revisions.
    pub findings: Vec<FindingJson>,
    /// The comments that allow what no comment allowed before.
    pub allowed: &'a [Allowed],
    /// The versions that were not raised; only of two revisions.
    pub raises: Vec<RaiseJson<'a>>,
}

/// A version that was not raised, and what raises it.
#[derive(Debug, Serialize)]
pub struct RaiseJson<'a> {
    /// The prompt's name.
    pub name: &'a PromptName,
    /// What is to be written, and where.
    #[serde(flatten)]
    pub raise: &'a Raise,
}

impl<'a> DiffReportJson<'a> {
    /// The report on these prompts.
    pub fn new(
        from: impl Into<String>,
        to: impl Into<String>,
        diffs: &'a [(PromptName, PromptDiff)],
        review: &'a ReviewInfo,
        findings: &[Finding],
    ) -> Self {
        Self {
            schema: 1,
            from: from.into(),
            to: to.into(),
            impact: diffs
                .iter()
                .map(|(_, diff)| diff.impact)
                .max()
                .unwrap_or_default(),
            prompts: diffs
                .iter()
                .map(|(name, diff)| DiffJson {
                    size: review.sizes.get(name).map(SizeJson::from),
                    ..DiffJson::from((name, diff))
                })
                .collect(),
            partials: &review.partials,
            findings: findings.iter().map(FindingJson::from).collect(),
            allowed: &review.allowed,
            raises: (review.raises.iter())
                .map(|(name, raise)| RaiseJson { name, raise })
                .collect(),
        }
    }
}

/// One prompt of a comparison.
#[derive(Debug, Serialize)]
pub struct DiffJson<'a> {
    /// The prompt's name.
    pub name: &'a str,
    /// `added`, `removed`, `changed`, `unchanged` or `renamed`.
    pub status: Status,
    /// The name that it had; only where it was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<&'a str>,
    /// The old version's number; null if there was no prompt.
    pub from_version: Option<Version>,
    /// The new version's number; null if there is no prompt.
    pub to_version: Option<Version>,
    /// The impact of its worst change.
    pub impact: Impact,
    /// What changed, by path.
    pub changes: Vec<ChangeJson<'a>>,
    /// What callers must know.
    pub contract: &'a [ContractNote],
    /// How its size changed; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeJson>,
}

/// How the size of a prompt's own text changed. Tokens are estimates.
#[derive(Debug, Serialize)]
pub struct SizeJson {
    /// The old content's; null if there was no prompt.
    pub before: Option<SideSizeJson>,
    /// The new content's; null if there is no prompt.
    pub after: Option<SideSizeJson>,
    /// The tokens with which requests of both begin alike.
    pub kept_prefix_tokens: usize,
    /// Whether a beginning that OpenAI could cache is not used any more.
    pub breaks_cache: bool,
}

/// The size of one content.
#[derive(Debug, Serialize)]
pub struct SideSizeJson {
    /// The tokens of its own text.
    pub tokens: usize,
    /// Those before the first value.
    pub prefix_tokens: usize,
    /// What they cost in each call; null where the price is not known.
    pub cost_usd: Option<f64>,
}

impl From<Size> for SideSizeJson {
    fn from(size: Size) -> Self {
        let Size {
            tokens,
            prefix_tokens,
            cost_usd,
        } = size;
        Self {
            tokens,
            prefix_tokens,
            cost_usd,
        }
    }
}

impl From<&SizeChange> for SizeJson {
    fn from(size: &SizeChange) -> Self {
        Self {
            before: size.before.map(Into::into),
            after: size.after.map(Into::into),
            kept_prefix_tokens: size.kept_tokens,
            breaks_cache: size.cache() != Cache::Untouched,
        }
    }
}

impl<'a> From<(&'a PromptName, &'a PromptDiff)> for DiffJson<'a> {
    fn from((name, diff): (&'a PromptName, &'a PromptDiff)) -> Self {
        Self {
            name: name.as_str(),
            status: diff.status,
            from_name: diff.from_name.as_deref(),
            from_version: diff.from_version,
            to_version: diff.to_version,
            impact: diff.impact,
            changes: diff.changes.iter().map(ChangeJson::from).collect(),
            contract: &diff.contract,
            size: None,
        }
    }
}

/// One change of a prompt.
#[derive(Debug, Serialize)]
pub struct ChangeJson<'a> {
    pub path: &'a str,
    /// `added`, `removed`, `changed` or `moved`.
    pub kind: ChangeKind,
    /// What was there; null if nothing was.
    pub before: Option<&'a Value>,
    /// What is there; null if nothing is.
    pub after: Option<&'a Value>,
    /// What the change means.
    pub impact: Impact,
}

impl<'a> From<&'a Change> for ChangeJson<'a> {
    fn from(change: &'a Change) -> Self {
        Self {
            path: &change.path,
            kind: change.kind,
            before: change.before.as_ref(),
            after: change.after.as_ref(),
            impact: change.impact,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::prompt::diff::tests::support::{base, diff, with};

    #[test]
    fn scripts_read_the_documented_fields() {
        let after = with(
            base(),
            &[
                ("/version", json!(4)),
                ("/modelParameters/maxTokens", json!(600)),
                ("/input/schema/required", json!([])),
            ],
        );
        let diffs = [(
            "support/triage".parse().expect("a name"),
            diff(&base(), &after),
        )];
        let review = ReviewInfo::default();
        let report = DiffReportJson::new("main", "HEAD", &diffs, &review, &[]);
        insta::assert_snapshot!(serde_json::to_string_pretty(&report).expect("JSON"), @r#"
    {
      "schema": 1,
      "from": "main",
      "to": "HEAD",
      "impact": "behavior",
      "prompts": [
        {
          "name": "support/triage",
          "status": "changed",
          "from_version": 3,
          "to_version": 4,
          "impact": "behavior",
          "changes": [
            {
              "path": "modelParameters.maxTokens",
              "kind": "changed",
              "before": 800,
              "after": 600,
              "impact": "behavior"
            },
            {
              "path": "input.schema.required",
              "kind": "changed",
              "before": [
                "ticket"
              ],
              "after": [],
              "impact": "none"
            }
          ],
          "contract": [
            {
              "impact": "none",
              "message": "variable `ticket` was required and is optional"
            }
          ]
        }
      ],
      "partials": [],
      "findings": [],
      "allowed": [],
      "raises": []
    }
    "#);
    }
}
