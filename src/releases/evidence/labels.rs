//! The evidence of a judge: the figures that labels of people gave of it, which a commit holds beside
//! its file. They speak of one content, so that any commit that counts may have them.

use std::collections::HashSet;

use super::lack::Lack;
use super::row::Candidate;
use crate::error::Failure;
use crate::files::{Loaded, Source};
use crate::prompt::evidence::EvalRule;
use crate::prompt::judged::JudgeNote;
use crate::releases::policy::Rules;
use crate::releases::recorded::{JudgeFacts, ReadSuite};
use crate::releases::store::Store;
use crate::repository::ObjectId;

impl Store {
    /// What lacks of the labels by which a judge may become live; none where they are enough.
    ///
    /// # Errors
    /// A branch of the rules is not here, or history cannot be read.
    pub(super) fn lacks_labels(
        &self,
        candidate: Candidate<'_>,
        facts: &JudgeFacts,
        evaluations: &[EvalRule],
        (rules, read): (&Rules, ReadSuite),
    ) -> Result<Option<Lack>, Failure> {
        let loaded = candidate.loaded;
        let mut found = Vec::new();
        for branch in &rules.branches {
            let (reference, tip) = self.branch_tip(branch)?;
            let own = loaded.commit();
            let own = own.filter(|commit| self.parting(*commit, tip) == Some(*commit));
            let commits = [Some(tip), own].into_iter().flatten();
            let facts = self.labels_in((loaded, facts), commits, &[&reference], read)?;
            if facts.is_none() {
                return Ok(Some(Lack::LabelsNotOfBranch(branch.clone())));
            }
            found.push(facts);
        }
        if rules.branches.is_empty() {
            let places = self.places_of_policy();
            let commits: Vec<ObjectId> = places.iter().map(|place| place.commit()).collect();
            let tips: Vec<String> = commits.iter().map(ToString::to_string).collect();
            let tips: Vec<&str> = tips.iter().map(String::as_str).collect();
            let commits = commits.into_iter().chain(loaded.commit());
            found.push(self.labels_in((loaded, facts), commits, &tips, read)?);
        }
        let fault = found.into_iter().find_map(|facts| {
            let checked = match facts.and_then(|facts| facts.checked) {
                Some(Err(why)) => {
                    return Some(format!("a judge whose figures do not count: {why}"));
                }
                Some(Ok(checked)) => Some(checked),
                None => None,
            };
            let note = JudgeNote {
                name: loaded.name.to_string(),
                checked,
                is_required: true,
            };
            let mut rules = evaluations.iter();
            rules.find_map(|rule| rule.untrusted(&note))
        });
        Ok(fault.map(Lack::Labels))
    }

    /// The newest figures of a content that count: those that one of these commits has, or else one of
    /// the history of these tips. Where none counts, the newest with why.
    fn labels_in(
        &self,
        (loaded, facts): (&Loaded, &JudgeFacts),
        commits: impl Iterator<Item = ObjectId>,
        tips: &[&str],
        ReadSuite(read): ReadSuite,
    ) -> Result<Option<JudgeFacts>, Failure> {
        let at = |commit: ObjectId| {
            let mut there = loaded.clone();
            there.source = Source::Commit(commit);
            let facts = read(self, &there).ok()?.judge;
            facts.filter(|facts| facts.checked.is_some())
        };
        let mut unsound = None;
        let mut counts = |facts: JudgeFacts| match facts.checked {
            Some(Ok(_)) => Some(facts),
            _ => {
                unsound.get_or_insert(facts);
                None
            }
        };
        let mut seen = HashSet::new();
        for commit in commits {
            if seen.insert(commit)
                && let Some(facts) = at(commit).and_then(&mut counts)
            {
                return Ok(Some(facts));
            }
        }
        let log = match tips.is_empty() {
            true => Vec::new(),
            false => self.log(tips, std::slice::from_ref(&facts.path))?,
        };
        let mut log = log.into_iter();
        let found = log.find_map(|line| at(line.commit).and_then(&mut counts));
        Ok(found.or(unsound))
    }
}
