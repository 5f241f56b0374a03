//! Evidence: the tags of recorded evaluations, each checked before it is believed, and whether one of
//! them meets what an environment asks.

use jiff::SignedDuration;

use super::newest::within_reach;
use super::policy::Rules;
use super::recorded::{Evidence, ReadSuite};
use super::recording::Measurement;
use super::signature::{Signer, Signers};
use super::store::Store;
use super::tag::{EVIDENCE, TagName, stands_for};
use super::tag_object::Unread;
use super::warning::Changed;
use crate::error::{Exit, Failure};
use crate::prompt::digest::Digest;
use crate::prompt::evidence::{Cure, EvalRule, Occasion};
use crate::prompt::name::PromptName;
use lack::Lack;
pub(crate) use row::Candidate;
pub use row::EvidenceRow;

mod labels;
mod lack;
mod proof;
mod row;

impl Store {
    /// The evidence of a prompt.
    ///
    /// # Errors
    /// The remote's tags were not fetched, or one that counts is not in this clone.
    pub fn evidence(&self, name: &PromptName) -> Result<EvidenceRow, Failure> {
        self.require_releases()?;
        let tags = self.prompt_tags(name)?;
        let (found, strays) = within_reach(tags.evidence());
        let mut row = EvidenceRow {
            reach: found.last().map_or(0, |(number, _)| *number),
            strays,
            ..EvidenceRow::default()
        };
        for (number, object) in found {
            let tag = TagName::Evidence {
                name: name.clone(),
                number,
            };
            match self.read_tag(object, &tag) {
                Ok(read) => row.entries.extend(read.evidence(name, number, object)),
                Err(Unread::InvalidTag(why)) => row.void.push((number, why)),
                Err(missing @ Unread::Missing) => return Err(self.unread(&tag, &missing)),
            }
        }
        for (tag, object) in self.pending_of(name, &tags) {
            if let TagName::Evidence { number, .. } = tag
                && let Ok(read) = self.read_tag(object, &tag)
                && let Some(evidence) = read.evidence(name, number, object)
            {
                row.entries.push(Evidence {
                    pending: true,
                    ..evidence
                });
            }
        }
        let is_evidence = |changed: &Changed| {
            let rest = changed.tag.strip_prefix(&self.settings.prefix);
            matches!(
                rest.and_then(TagName::parse),
                Some(TagName::Evidence { .. })
            )
        };
        row.changed = tags.changed.into_iter().filter(is_evidence).collect();
        Ok(row)
    }

    /// The prompts that have evidence here.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn prompts_with_evidence(&self) -> Result<Vec<PromptName>, Failure> {
        let mut names = Vec::new();
        let mut spaces = vec![self.true_space(), self.local_space()];
        spaces.dedup();
        for space in spaces {
            self.each_ref(&space.base, |rest, _| {
                let tag = stands_for(rest).as_deref().and_then(TagName::parse);
                if let Some(TagName::Evidence { name, .. }) = tag {
                    names.push(name);
                }
                true
            })?;
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Who signed evidence, where a signature of one of `signers` is wanted.
    ///
    /// # Errors
    /// Nobody whose key counts; the words go on after the tag's name.
    pub fn evidence_signer(
        &self,
        evidence: &Evidence,
        signers: &Signers,
    ) -> Result<Signer, String> {
        let signer = self.signer_of(evidence.object, signers)?;
        let is_ahead = evidence.time > self.settings.now + SignedDuration::from_hours(24);
        if signers.is_limited(&signer.key) && is_ahead {
            return Err(
                "is signed by a key that counts for some time only, and dated ahead of now"
                    .to_owned(),
            );
        }
        Ok(signer)
    }

    fn counts(&self, evidence: &Evidence, signers: Option<&Signers>) -> bool {
        signers.is_none_or(|signers| self.evidence_signer(evidence, signers).is_ok())
    }

    /// The evidence of a measurement that is to be made, where it is there already: the newest decides.
    ///
    /// # Errors
    /// As [`Store::evidence`].
    pub fn recorded(
        &self,
        wanted: &Measurement<'_>,
        signers: Option<&Signers>,
    ) -> Result<Option<Evidence>, Failure> {
        let row = self.evidence(wanted.name)?;
        let counts =
            |it: &Evidence| it.measured.repeat == wanted.repeat && self.counts(it, signers);
        let newest = row.newest(wanted.digest, wanted.suite, counts);
        let is_compared = |it: &&Evidence| {
            let base = it.measured.base.as_ref();
            let with = |digest| base.is_some_and(|base| base.digest == digest);
            wanted.base.is_none_or(with)
        };
        Ok(newest.filter(is_compared).cloned())
    }

    /// Whether a content has any evidence, by whatever suite.
    ///
    /// # Errors
    /// As [`Store::evidence`].
    pub fn any_evidence(
        &self,
        name: &PromptName,
        digest: &Digest,
    ) -> Result<Option<Evidence>, Failure> {
        let row = self.evidence(name)?;
        Ok(row
            .entries
            .into_iter()
            .rev()
            .find(|it| it.digest == *digest))
    }

    /// Fails where what is asked of an evaluation is not met. The evidence that is there, for the
    /// release to name.
    ///
    /// # Errors
    /// So it is; or the suite cannot be read.
    pub(crate) fn check_evidence(
        &self,
        candidate: Candidate<'_>,
        rules: &Rules,
    ) -> Result<Option<Evidence>, Failure> {
        let name = &candidate.loaded.name;
        let Some(read) = rules.suite else {
            return match rules.evaluations.is_empty() {
                true => Ok(None),
                false => Err(self.lacks(candidate, &Lack::None, rules)),
            };
        };
        if rules.evaluations.is_empty() {
            // It is named all the same, where there is some.
            let base = format!("{}{name}/{EVIDENCE}/", self.true_space().base);
            if !self.any_ref(&base)? {
                return Ok(None);
            }
            let found = self.enough(candidate, &[EvalRule::default()], (rules, read));
            return Ok(found.ok().and_then(Result::ok).flatten());
        }
        self.enough(candidate, &rules.evaluations, (rules, read))?
            .map_err(|lack| self.lacks(candidate, &lack, rules))
    }

    /// The evidence that meets all rules, or what lacks. A judge without cases of its own has none: its
    /// labels are enough.
    fn enough(
        &self,
        candidate: Candidate<'_>,
        evaluations: &[EvalRule],
        (rules, read): (&Rules, ReadSuite),
    ) -> Result<Result<Option<Evidence>, Lack>, Failure> {
        let loaded = candidate.loaded;
        let ReadSuite(read_suite) = read;
        let suite = read_suite(self, loaded).map_err(|failure| failure.exit(Exit::Verdict))?;
        if let Some(judge) = &suite.judge {
            if let Some(lack) = self.lacks_labels(candidate, judge, evaluations, (rules, read))? {
                return Ok(Err(lack));
            }
            if suite.cases == 0 {
                return Ok(Ok(None));
            }
        }
        if suite.cases == 0 {
            return Ok(Err(Lack::Cases));
        }
        for branch in &rules.branches {
            if !self.is_suite_of(branch, (loaded, &suite.digest), read)? {
                return Ok(Err(Lack::NotOfBranch(branch.clone())));
            }
        }
        let row = self.evidence(&loaded.name)?;
        let signers = rules.signers.as_ref();
        let is_asked_enough = |it: &Evidence| it.measured.repeat >= suite.repeat;
        let may_count =
            |it: &Evidence| (candidate.with_pending || !it.pending) && is_asked_enough(it);
        let newest = row.newest(loaded.digest(), &suite.digest, |it| {
            may_count(it) && self.counts(it, signers)
        });
        let Some(evidence) = newest else {
            // What would be it but for one thing tells more than that nothing is there.
            let unsigned = row.newest(loaded.digest(), &suite.digest, may_count);
            let waiting = row.newest(loaded.digest(), &suite.digest, |it| it.pending);
            let other = row
                .entries
                .iter()
                .rev()
                .find(|it| it.digest == *loaded.digest());
            return Ok(Err(match (unsigned, waiting, other) {
                (Some(it), ..) => {
                    let signer = signers.map(|signers| self.evidence_signer(it, signers));
                    let why = signer.and_then(Result::err).unwrap_or_default();
                    Lack::Unsigned(self.tag(it.tag()), why)
                }
                (None, Some(it), _) => Lack::Unsent(self.tag(it.tag())),
                (None, None, Some(it)) => Lack::OtherSuite(self.tag(it.tag())),
                (None, None, None) => Lack::None,
            }));
        };
        let tag = self.tag(evidence.tag());
        if let Some(changed) = row.changed.iter().find(|it| it.tag == tag.to_string()) {
            return Err(Failure::from(changed.finding()).exit(Exit::Verdict));
        }
        Ok(
            match self.falls_short(evidence, candidate, evaluations, rules.suite) {
                None => Ok(Some(evidence.clone())),
                Some((why, cure)) => Err(Lack::Short(tag, why, cure)),
            },
        )
    }

    /// Why evidence does not meet one of the rules.
    pub(super) fn falls_short(
        &self,
        evidence: &Evidence,
        candidate: Candidate<'_>,
        evaluations: &[EvalRule],
        read_suite: Option<ReadSuite>,
    ) -> Option<(String, Cure)> {
        let live = candidate
            .live
            .map(|live| (&live.digest, live.version.to_string()));
        let live = live.as_ref();
        let on = Occasion {
            made: evidence.time,
            // What was recorded later was young then.
            now: candidate.now.max(evidence.time.min(self.settings.now)),
            live: live.map(|(digest, version)| (digest.as_str(), version.as_str())),
        };
        let mut short = evaluations
            .iter()
            .filter_map(|rule| rule.shortfall(&evidence.measured, &on));
        short
            .next()
            .map(|short| (short.why, short.cure))
            .or_else(|| self.leaves_out(evidence, candidate, evaluations, read_suite))
    }
}
