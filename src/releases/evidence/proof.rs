//! Proving the evidence of what is live: the one that its release names, or, of what became live before
//! that was asked for, one that was recorded since.

use super::row::{Candidate, EvidenceRow};
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::prompt::next::{Next, Recording, VersionChoice};
use crate::releases::diagnostic::Diagnostic;
use crate::releases::policy::Rules;
use crate::releases::recorded::{Evidence, ReadSuite};
use crate::releases::release::Release;
use crate::releases::store::Store;
use crate::releases::tag::{Action, TagName};
use crate::repository::ObjectId;

/// What is wrong, and what puts it right.
struct Fault {
    why: String,
    fix: Option<Hint>,
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self { why, fix: None }
    }
}

impl Store {
    /// What is wrong with the evidence of a release; none where it is sound.
    pub(in crate::releases) fn prove_evidence(
        &self,
        release: &Release,
        before: &[Release],
        loaded: &Loaded,
        rules: &Rules,
    ) -> Option<Diagnostic> {
        let below = before.iter().rev().find(|it| it.number < release.number);
        let candidate = Candidate {
            loaded,
            environment: &release.environment,
            with_pending: false,
            live: below.filter(|it| it.action != Action::Unpublish && it.digest != release.digest),
            // It was young enough when it was asked for.
            now: release.time,
        };
        let proven = match release.evidence {
            Some(named) => self.prove_named(release, named, candidate, rules),
            None if rules.evaluations.is_empty() => Ok(()),
            None => self.prove_unnamed(release, candidate, rules),
        };
        proven.err().map(|Fault { why, fix }| {
            let fix = fix.unwrap_or_else(|| {
                let which = VersionChoice::Version(release.version);
                Hint::sentence([
                    Next::Record(self.recording(loaded)).into(),
                    "; then ".into(),
                    Next::publish(&release.name, which, &release.environment).into(),
                ])
            });
            Diagnostic::error(code::NO_EVIDENCE, why, fix)
        })
    }

    /// A release that names none: it may be older than the rule, and what is live is judged by what is
    /// recorded of it.
    fn prove_unnamed(
        &self,
        release: &Release,
        candidate: Candidate<'_>,
        rules: &Rules,
    ) -> Result<(), Fault> {
        let Release {
            name,
            environment,
            version,
            ..
        } = release;
        let start = format!(
            "{} names no evaluation, and {environment} requires one",
            who(release)
        );
        let Some(read) = rules.suite else {
            return Err(start.into());
        };
        let lack = match self.enough(candidate, &rules.evaluations, (rules, read)) {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(lack)) => lack,
            Err(failure) => return Err(failure.message.into()),
        };
        let explained = self.explain(candidate, &lack, rules);
        let hints = Hint::all(explained.hints);
        let fix = match lack.is_of_content() {
            true => Hint::sentence([
                "what is added counts for the next version: ".into(),
                hints.into(),
                "; raise its version, then ".into(),
                Next::Record(Recording::of_file(name)).into(),
                " and ".into(),
                Next::publish(name, VersionChoice::OfFile, environment).into(),
            ]),
            false => Hint::sentence([
                hints.into(),
                format!("; {version} need not be published again").into(),
            ]),
        };
        Err(Fault {
            why: format!("{start}{}", explained.why),
            fix: Some(fix),
        })
    }

    /// The evidence that a release names: it is the one that is there, and meets the rules.
    fn prove_named(
        &self,
        release: &Release,
        (number, object): (u64, ObjectId),
        candidate: Candidate<'_>,
        rules: &Rules,
    ) -> Result<(), Fault> {
        let row = self
            .evidence(&release.name)
            .map_err(|failure| Fault::from(failure.message))?;
        let (full, evidence) = self.named(release, (number, object), &row)?;
        if rules.evaluations.is_empty() {
            return Ok(());
        }
        if let Some(signers) = &rules.signers
            && let Err(why) = self.evidence_signer(evidence, signers)
        {
            return Err(format!("the tag {full} {why}").into());
        }
        let names = format!("{} names the evidence {full}, which", who(release));
        if let Some(read) = rules.suite {
            self.prove_suite((&names, evidence), candidate, (rules, read))?;
        }
        match self.falls_short(evidence, candidate, &rules.evaluations, rules.suite) {
            Some((why, _)) => Err(format!("{names} {why}").into()),
            None => Ok(()),
        }
    }

    /// The evidence of this number, where it is the very object that a release names, and of its
    /// content.
    fn named<'r>(
        &self,
        release: &Release,
        (number, object): (u64, ObjectId),
        row: &'r EvidenceRow,
    ) -> Result<(String, &'r Evidence), Fault> {
        let who = who(release);
        let full = self.full(&TagName::Evidence {
            name: release.name.clone(),
            number,
        });
        if let Some((_, why)) = row.void.iter().find(|(other, _)| *other == number) {
            return Err(format!("{who} names the evidence {full}, which {why}").into());
        }
        let mut confirmed = row.entries.iter().filter(|it| !it.pending);
        let Some(evidence) = confirmed.find(|it| it.number == number) else {
            return Err(format!("{who} names the evidence {full}, which is gone").into());
        };
        if evidence.object != object {
            return Err(format!("{who} names another object as {full} than is there").into());
        }
        if let Some(changed) = row.changed.iter().find(|it| it.tag == full) {
            return Err(Fault {
                why: changed.finding().message,
                fix: Some(changed.cure().into()),
            });
        }
        if evidence.digest != release.digest {
            return Err(
                format!("{who} names the evidence {full}, which is of another content").into(),
            );
        }
        Ok((full, evidence))
    }

    /// Whether evidence is by the cases of the commit that was released, and these are reviewed.
    fn prove_suite(
        &self,
        (names, evidence): (&str, &Evidence),
        candidate: Candidate<'_>,
        (rules, read): (&Rules, ReadSuite),
    ) -> Result<(), Fault> {
        let ReadSuite(read_suite) = read;
        let loaded = candidate.loaded;
        let failed = |message: String| Err(Fault::from(message));
        let suite = match read_suite(self, loaded) {
            Ok(suite) => suite,
            Err(failure) => return failed(failure.message),
        };
        if suite.digest != evidence.measured.suite {
            return failed(format!("{names} is by other cases than its commit has"));
        }
        for branch in &rules.branches {
            match self.is_suite_of(branch, (loaded, &suite.digest), read) {
                Ok(true) => {}
                Ok(false) => {
                    return failed(format!(
                        "{names} is by cases that no commit of {branch} has"
                    ));
                }
                Err(failure) => return failed(failure.message),
            }
        }
        if evidence.measured.repeat < suite.repeat {
            return failed(format!("{names} asked less often than its commit says"));
        }
        let Some(judge) = &suite.judge else {
            return Ok(());
        };
        match self.lacks_labels(candidate, judge, &rules.evaluations, (rules, read)) {
            Ok(None) => Ok(()),
            Ok(Some(lack)) => {
                let explained = self.explain(candidate, &lack, rules);
                Err(Fault {
                    why: format!("{names} is of a judge{}", explained.why),
                    fix: Some(Hint::all(explained.hints)),
                })
            }
            Err(failure) => failed(failure.message),
        }
    }
}

/// `release 4 of triage in production`
fn who(release: &Release) -> String {
    format!(
        "release {} of {} in {}",
        release.number, release.name, release.environment
    )
}
