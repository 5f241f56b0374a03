//! The suite that counts for evidence: that of a commit that was reviewed, and whole.

use std::collections::BTreeSet;

use super::evidence::Candidate;
use super::recorded::{Evidence, ReadSuite};
use super::store::Store;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::evidence::{Cure, EvalRule};
use crate::repository::ObjectId;

impl Store {
    /// Whether a suite is one of the branch: the commit that is released belongs to it, or a commit of
    /// it holds the same content with the same suite, as after a squash.
    ///
    /// # Errors
    /// There is no such branch, or history cannot be read.
    pub(super) fn is_suite_of(
        &self,
        branch: &str,
        (loaded, digest): (&Loaded, &str),
        ReadSuite(read): ReadSuite,
    ) -> Result<bool, Failure> {
        let (reference, tip) = self.branch_tip(branch)?;
        if let Some(commit) = loaded.commit()
            && (commit == tip || self.parting(commit, tip) == Some(commit))
        {
            return Ok(true);
        }
        let is_it = |commit: ObjectId| {
            let there = self.load_at(commit, &loaded.name).ok().flatten();
            let same = there.filter(|other| {
                other.version() == loaded.version() && other.digest() == loaded.digest()
            });
            let suite = same.and_then(|other| read(self, &other).ok());
            suite.is_some_and(|suite| suite.digest == digest)
        };
        if is_it(tip) {
            return Ok(true);
        }
        let mut paths = self.possible_paths(&loaded.name);
        paths.extend(loaded.partials.values().map(|partial| partial.path.clone()));
        let datasets = loaded.document.datasets.iter();
        paths.extend(datasets.map(|it| it.value.clone()));
        let log = self.log(&[&reference], &paths)?;
        Ok(log.into_iter().any(|line| is_it(line.commit)))
    }

    /// Why a comparison with what is live leaves out cases that are gone since: who makes a tag names
    /// the commit that it is compared with.
    pub(super) fn leaves_out(
        &self,
        evidence: &Evidence,
        candidate: Candidate<'_>,
        evaluations: &[EvalRule],
        read: Option<ReadSuite>,
    ) -> Option<(String, Cure)> {
        let (ReadSuite(read), live) = (read?, candidate.live?);
        if !evaluations.iter().any(|rule| rule.against_live) {
            return None;
        }
        let base = evidence.measured.base.as_ref()?;
        if base.digest != live.digest.as_str() {
            return None;
        }
        let before = self.load_at(live.commit, &candidate.loaded.name).ok()??;
        // What is live stays comparable where its suite is no longer readable.
        let before = read(self, &before).ok()?.asked;
        let now: BTreeSet<String> = read(self, candidate.loaded).ok()?.asked;
        let gone = before.difference(&now).count() as u64;
        (gone > base.gone).then(|| {
            let why = format!(
                "leaves out {gone} of the {} cases of {}, which is live",
                before.len(),
                live.version
            );
            (why, Cure::CompareAgain)
        })
    }
}
