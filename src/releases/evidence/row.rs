//! Evidence of an evaluation, as its tag says it.

use super::super::recorded::Evidence;
use super::super::release::Release;
use super::super::tag::MAX_NUMBER;
use super::super::warning::{Changed, InvalidTag};
use crate::files::Loaded;
use crate::prompt::digest::Digest;
use crate::prompt::name::Environment;
use jiff::Timestamp;

/// The evidence of one prompt.
#[derive(Debug, Default)]
pub struct EvidenceRow {
    /// What can be believed, by rising numbers; what the remote has not confirmed comes last.
    pub entries: Vec<Evidence>,
    /// The numbers of tags that are no evidence, and why.
    pub(crate) void: Vec<(u64, InvalidTag)>,
    /// The tags that the remote moved or dropped.
    pub(crate) changed: Vec<Changed>,
    /// The highest number that was read, whether it counts or not.
    pub(super) reach: u64,
    /// The numbers that lie too far above to be read.
    pub(super) strays: Vec<u64>,
}

/// A content that is to meet a rule.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// The content, as the commit that is released holds it.
    pub(crate) loaded: &'a Loaded,
    pub(crate) environment: &'a Environment,
    /// Whether evidence counts that the remote has not confirmed.
    pub(crate) with_pending: bool,
    /// What is live, unless it is the very same.
    pub(crate) live: Option<&'a Release>,
    /// When it is looked at.
    pub(crate) now: Timestamp,
}

impl EvidenceRow {
    /// The newest evidence of a content by a suite, among those that `counts`.
    pub(super) fn newest(
        &self,
        digest: &Digest,
        suite: &str,
        counts: impl Fn(&Evidence) -> bool,
    ) -> Option<&Evidence> {
        let is_of = |it: &&Evidence| it.digest == *digest && it.measured.suite == suite;
        self.entries
            .iter()
            .rev()
            .filter(is_of)
            .find(|it| counts(it))
    }

    /// The number of the next tag.
    pub(crate) fn next(&self) -> Option<u64> {
        let pending = self.entries.last().map_or(0, |last| last.number);
        let mut next = self.reach.max(pending) + 1;
        // A stray must not come within reach.
        for stray in &self.strays {
            if *stray <= next.saturating_add(crate::releases::row::REACH) {
                next = next.max(stray.saturating_add(1));
            }
        }
        (next <= MAX_NUMBER).then_some(next)
    }
}
