//! What lacks where an environment asks for an evaluation, in words, with the command that makes it.

use super::Candidate;
use crate::error::{Exit, Failure};
use crate::files::{Loaded, Source};
use crate::prompt::code;
use crate::prompt::evidence::Cure;
use crate::prompt::judged::FEWEST_LABELS;
use crate::prompt::name::{Environment, PromptName};
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
    pub(super) hints: Vec<String>,
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
        let make = self.eval_command(candidate.loaded);
        let live = match *candidate.environment == Environment::production() {
            true => "live".to_owned(),
            false => format!("{name}@{}", candidate.environment),
        };
        let explained = |why: String, hints: &[String]| Explanation {
            why,
            hints: hints.to_vec(),
        };
        let merge =
            |branch: &str| format!("merge them into {branch} first, so that they are reviewed");
        match lack {
            Lack::Cases => explained(
                ", which has no cases".to_owned(),
                &["write them below `testData:`, or name files under `datasets:`".to_owned()],
            ),
            Lack::NotOfBranch(branch) => explained(
                format!(" by cases of {branch}, and no commit of {branch} has it with these cases"),
                &[merge(branch)],
            ),
            Lack::Labels(why) => explained(format!(", which is {why}"), &[calibrate_command(name)]),
            Lack::LabelsNotOfBranch(branch) => explained(
                format!(
                    ", a judge, by labels on {branch}, and no commit of {branch} has figures of this content"
                ),
                &[calibrate_command(name), merge(branch)],
            ),
            Lack::None => {
                let make = match candidate.live.is_some() && against_live {
                    true => format!("{make} --base {live}"),
                    false => make,
                };
                explained(", and none is recorded".to_owned(), &[make])
            }
            Lack::OtherSuite(tag) => explained(
                format!(" by the cases and evaluators of its commit, and {tag} is by others"),
                &[make],
            ),
            Lack::Unsigned(tag, why) => explained(
                format!(", and the tag {tag} {why}"),
                &[
                    make,
                    "git config user.signingkey names the key that git signs with".to_owned(),
                ],
            ),
            Lack::Unsent(tag) => explained(
                format!(", and {tag} was not sent yet"),
                &[format!("promptctl push {name}")],
            ),
            Lack::Short(tag, why, cure) => explained(
                format!(", and {tag} {why}"),
                &hints_of(cure, (name, tag), (&make, &live)),
            ),
        }
    }

    /// The command that records an evaluation of a content.
    pub(super) fn eval_command(&self, loaded: &Loaded) -> String {
        let (name, version) = (&loaded.name, loaded.version());
        let head = self.head_commit();
        let is_head = match loaded.source {
            Source::Clean(_) => true,
            Source::Commit(commit) => head == Some(commit),
            Source::Changed | Source::Snapshot => false,
        };
        match is_head && !self.is_bare() {
            true => recording(name),
            false => format!("promptctl eval {name}@{version} --record"),
        }
    }
}

/// What helps where evidence is not enough; `make` records another.
fn hints_of(
    cure: &Cure,
    (name, tag): (&PromptName, &Tag),
    (make, live): (&str, &str),
) -> Vec<String> {
    match cure {
        Cure::Mend => vec![
            format!("git show {tag} says which cases failed"),
            format!("mend it, raise its version, and record that: promptctl eval {name} --record"),
        ],
        Cure::AskAgain => vec![format!("{make} --fresh -m \"older than it may be\"")],
        Cure::CompareWithLive => vec![format!("{make} --base {live}")],
        Cure::CompareAgain => vec![format!(
            "{make} --base {live} --fresh -m \"with the cases of what is live\""
        )],
        Cure::Prove => vec![
            "more cases, or answers to each (`eval: {repeat: 3}`), narrow what it may be; a wider `margin` asks for less".to_owned(),
        ],
        Cure::Calibrate(judge) => vec![
            calibrate(judge),
            format!("{make} --fresh -m \"the judge was calibrated\""),
            "or make its evaluator `required: false`".to_owned(),
        ],
    }
}

/// What makes a judge count, as results name it: `judges/tone v2`.
fn calibrate(judge: &str) -> String {
    let named = judge.rsplit_once(" v").map(|(name, _)| name);
    match named.and_then(|name| name.parse::<PromptName>().ok()) {
        Some(name) => calibrate_command(&name),
        None => {
            "labels can be held against a judge that has a file: promptctl seed judges".to_owned()
        }
    }
}

fn calibrate_command(judge: &PromptName) -> String {
    format!(
        "promptctl judge {judge} --labels FILE --record, with {FEWEST_LABELS} labels or more; commit FILE and what it keeps"
    )
}

/// The command that records an evaluation of what a prompt's file holds.
pub(super) fn recording(name: &PromptName) -> String {
    format!("promptctl eval {name} --record")
}
