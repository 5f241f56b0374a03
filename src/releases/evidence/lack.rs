//! What lacks where an environment asks for an evaluation, in words, with the command that makes it.

use super::row::Candidate;
use crate::error::{Exit, Failure};
use crate::files::{Loaded, Source};
use crate::prompt::code;
use crate::prompt::evidence::Cure;
use crate::prompt::hint::Hint;
use crate::prompt::judged::FEWEST_LABELS;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::{Next, Recording};
use crate::releases::policy::Rules;
use crate::releases::store::Store;
use crate::releases::tag::Tag;

/// What lacks where an environment asks for an evaluation.
pub(super) enum Lack {
    /// There is nothing to evaluate by.
    Cases,
    /// Why the labels of a judge are not enough, in words.
    Labels(String),
    /// The labels of a judge are none of this branch.
    LabelsNotOfBranch(String),
    /// There is no evidence at all.
    None,
    /// The cases are none of this branch.
    NotOfBranch(String),
    /// It is by another suite.
    OtherSuite(Tag),
    /// It is not signed as it must be.
    Unsigned(Tag, String),
    /// It waits to be sent.
    Unsent(Tag),
    /// It is not enough.
    Short(Tag, String, Cure),
}

impl Lack {
    /// Whether no command can put it right for what a commit holds: another one has to be released.
    pub(super) fn is_of_content(&self) -> bool {
        matches!(
            self,
            Self::Cases | Self::NotOfBranch(_) | Self::Short(_, _, Cure::Mend | Cure::Prove)
        )
    }
}

/// What lacks, in words.
pub(super) struct Explanation {
    /// Why, as words that go on after `requires an evaluation of …`.
    pub(super) why: String,
    /// What to do about it.
    pub(super) hints: Vec<Hint>,
}

impl Store {
    /// What lacks, with the command that makes it.
    pub(super) fn lacks(&self, candidate: Candidate<'_>, lack: &Lack, rules: &Rules) -> Failure {
        let Candidate {
            loaded,
            environment,
            ..
        } = candidate;
        let (name, version) = (&loaded.name, loaded.version());
        let explained = self.explain(candidate, lack, rules);
        let wants = format!("{environment} requires an evaluation of {name} {version}");
        let failure = Failure::new(code::NO_EVIDENCE, format!("{wants}{}", explained.why));
        let mut failure = failure.exit(Exit::Verdict);
        if matches!(
            lack,
            Lack::Cases | Lack::Labels(_) | Lack::LabelsNotOfBranch(_)
        ) {
            failure = failure.at(loaded.path.clone());
        }
        explained
            .hints
            .into_iter()
            .fold(failure, |failure, hint| failure.hint(hint))
    }

    /// What lacks, in words, and what to do about it.
    pub(super) fn explain(
        &self,
        candidate: Candidate<'_>,
        lack: &Lack,
        rules: &Rules,
    ) -> Explanation {
        let against_live = rules.evaluations.iter().any(|rule| rule.against_live);
        let name = &candidate.loaded.name;
        let make = self.recording(candidate.loaded);
        let live = match *candidate.environment == Environment::production() {
            true => "live".to_owned(),
            false => format!("{name}@{}", candidate.environment),
        };
        let explained = |why: String, hints: Vec<Hint>| Explanation { why, hints };
        let merge = |branch: &str| -> Hint {
            format!("merge them into {branch} first, so that they are reviewed").into()
        };
        match lack {
            Lack::Cases => explained(
                ", which has no cases".to_owned(),
                vec!["write them below `testData:`, or name files under `datasets:`".into()],
            ),
            Lack::NotOfBranch(branch) => explained(
                format!(" by cases of {branch}, and no commit of {branch} has it with these cases"),
                vec![merge(branch)],
            ),
            Lack::Labels(why) => explained(format!(", which is {why}"), vec![calibrate(name)]),
            Lack::LabelsNotOfBranch(branch) => explained(
                format!(
                    ", a judge, by labels on {branch}, and no commit of {branch} has figures of this content"
                ),
                vec![calibrate(name), merge(branch)],
            ),
            Lack::None => {
                let make = match candidate.live.is_some() && against_live {
                    true => make.against(&live),
                    false => make,
                };
                explained(", and none is recorded".to_owned(), vec![step(make)])
            }
            Lack::OtherSuite(tag) => explained(
                format!(" by the cases and evaluators of its commit, and {tag} is by others"),
                vec![step(make)],
            ),
            Lack::Unsigned(tag, why) => explained(
                format!(", and the tag {tag} {why}"),
                vec![
                    step(make),
                    "git config user.signingkey names the key that git signs with".into(),
                ],
            ),
            Lack::Unsent(tag) => explained(
                format!(", and {tag} was not sent yet"),
                vec![Next::Push(Some(name.clone())).into()],
            ),
            Lack::Short(tag, why, cure) => explained(
                format!(", and {tag} {why}"),
                hints_of(cure, (name, tag), (make, &live)),
            ),
        }
    }

    /// The evaluation that has to be recorded of a content.
    pub(super) fn recording(&self, loaded: &Loaded) -> Recording {
        let head = self.head_commit();
        let is_head = match loaded.source {
            Source::Clean(_) => true,
            Source::Commit(commit) => head == Some(commit),
            Source::Changed | Source::Snapshot => false,
        };
        let is_of_file = is_head && !self.is_bare();
        Recording {
            version: (!is_of_file).then(|| loaded.version()),
            ..Recording::of_file(&loaded.name)
        }
    }
}

fn step(make: Recording) -> Hint {
    Next::Record(make).into()
}

/// What helps where evidence is not enough; `make` records another.
fn hints_of(
    cure: &Cure,
    (name, tag): (&PromptName, &Tag),
    (make, live): (Recording, &str),
) -> Vec<Hint> {
    match cure {
        Cure::Mend => vec![
            format!("git show {tag} says which cases failed").into(),
            Next::Record(Recording::of_file(name))
                .after("mend it, raise its version, and record that: "),
        ],
        Cure::AskAgain => vec![step(make.afresh("older than it may be"))],
        Cure::CompareWithLive => vec![step(make.against(live))],
        Cure::CompareAgain => {
            vec![step(make.against(live).afresh("with the cases of what is live"))]
        }
        Cure::Prove => vec![
            "more cases, or answers to each (`eval: {repeat: 3}`), narrow what it may be; a wider `margin` asks for less".into(),
        ],
        Cure::Calibrate(judge) => vec![
            calibrate_named(judge),
            step(make.afresh("the judge was calibrated")),
            "or make its evaluator `required: false`".into(),
        ],
    }
}

/// What makes a judge count, as results name it: `judges/tone v2`.
fn calibrate_named(judge: &str) -> Hint {
    let named = judge.rsplit_once(" v").map(|(name, _)| name);
    match named.and_then(|name| name.parse::<PromptName>().ok()) {
        Some(name) => calibrate(&name),
        None => Next::SeedJudges.after("labels can be held against a judge that has a file: "),
    }
}

fn calibrate(judge: &PromptName) -> Hint {
    let what = format!(", with {FEWEST_LABELS} labels or more; commit FILE and what it keeps");
    Hint::sentence([Next::Calibrate(judge.clone()).into(), what.into()])
}
