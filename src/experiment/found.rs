//! What is wrong with cases, as much of it as somebody reads.

use std::collections::BTreeMap;

use crate::prompt::code::Code;
use crate::prompt::finding::{Finding, Severity};

/// How many findings of one kind are told.
const MAX_TOLD: usize = 20;

/// Findings, of each kind and file so many as somebody reads.
#[derive(Default)]
pub(super) struct Found {
    findings: Vec<Finding>,
    seen: BTreeMap<(Code, Severity, Option<String>), usize>,
}

impl Found {
    pub(super) fn push(&mut self, finding: Finding) {
        let kind = (finding.code, finding.severity, finding.path.clone());
        let seen = self.seen.entry(kind).or_default();
        *seen += 1;
        if *seen <= MAX_TOLD {
            self.findings.push(finding);
        }
    }

    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// Whether nobody would read more errors of some kind.
    pub(super) fn is_plenty(&self) -> bool {
        let mut seen = self.seen.iter();
        seen.any(|((_, severity, _), seen)| *severity == Severity::Error && *seen > MAX_TOLD)
    }

    /// All that are told; the last of a kind says how many are not.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        for ((code, severity, path), seen) in self.seen {
            let more = seen.saturating_sub(MAX_TOLD);
            let last = self.findings.iter_mut().rev().find(|finding| {
                (finding.code, finding.severity, &finding.path) == (code, severity, &path)
            });
            if let (Some(last), 1..) = (last, more) {
                last.message
                    .push_str(&format!(" (and {more} more like this)"));
            }
        }
        self.findings
    }
}
