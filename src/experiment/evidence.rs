//! Evidence of a run: what it measured of each prompt, or why it proves nothing.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::case::{Case, Suite};
use super::family::is_other;
use super::files::PromptFiles;
use super::result::{CaseResult, Line};
use super::summary::{HOSTILE, Summary};
use super::verdict::{Counts, Verdict, percent};
use crate::error::Failure;
use crate::files::{Loaded, Source};
use crate::prompt::evidence::{Measured, Share};
use crate::prompt::judged::{Checked, JudgeNote};
use crate::prompt::visible;
use crate::releases::Store;

/// The largest table of cases that a tag holds, in bytes; of a larger one it has the hash.
const MAX_TABLE: usize = 64 * 1024;

/// The suite of a prompt as it was committed.
///
/// # Errors
/// A case or a dataset cannot be used.
pub fn committed_suite(store: &Store, loaded: &Loaded) -> Result<Suite, Failure> {
    let loaded = at_commit(loaded);
    let reading = Suite::read(&loaded, &PromptFiles::of(store, &loaded));
    let sound = reading.sound().map_err(|mut errors| {
        errors.sort_by_key(|finding| !finding.is_error());
        Failure::from(errors)
    });
    sound.map(|(suite, _)| suite)
}

/// A prompt as its commit has it, so that what stands beside it is read from there too.
pub fn at_commit(loaded: &Loaded) -> Loaded {
    let mut loaded = loaded.clone();
    if let Some(commit) = loaded.commit() {
        loaded.source = Source::Commit(commit);
    }
    loaded
}

/// Collects what the results of a run do not hold: the scores of each case, and the judges.
#[derive(Debug, Default)]
pub struct Witness {
    prompts: Vec<Heard>,
}

/// What was heard of one prompt.
#[derive(Debug, Default)]
struct Heard {
    /// The sum and the number of the scores of each evaluator, by case.
    scores: BTreeMap<(usize, String), (f64, u32)>,
    /// The judges that were asked, each with whether a case could not pass without it.
    judges: BTreeMap<String, bool>,
}

impl Witness {
    /// Takes a line of the case with this number, of the prompt with this one.
    pub fn take(&mut self, prompt: usize, case: usize, line: &Line) {
        if self.prompts.len() <= prompt {
            self.prompts.resize_with(prompt + 1, Heard::default);
        }
        let heard = &mut self.prompts[prompt];
        for mark in &line.evaluators {
            let key = (case, mark.name.clone());
            let (sum, count) = heard.scores.entry(key).or_default();
            if let Some(score) = mark.score {
                *sum += score;
                *count += 1;
            }
            if let Some(judge) = &mark.judge {
                *heard.judges.entry(judge.clone()).or_default() |= mark.required;
            }
        }
    }

    /// What was measured of the prompt with this number, and what people read of it. `checked`
    /// says what labels of people have shown of a judge.
    ///
    /// # Errors
    /// Why it is no evidence, in words.
    pub fn measured(
        &self,
        prompt: usize,
        summary: &Summary<'_>,
        suite: &Suite,
        checked: impl Fn(&str) -> Option<Checked>,
    ) -> Result<(Measured, String), String> {
        let results = summary.results;
        let subject = &results.subject;
        if let Some(why) = no_evidence(summary, suite) {
            return Err(why);
        }
        let heard = self.prompts.get(prompt);
        let table = table(&results.cases, heard);
        let results_hash: String = Sha256::digest(table.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let model = match results.models.first() {
            Some(model) => answered_by(model, &subject.model),
            None => subject.model.clone(),
        };
        let by_tag = |tag: &str| summary.by_tag.get(tag).map(share).unwrap_or_default();
        let judges = heard.into_iter().flat_map(|heard| &heard.judges);
        let measured = Measured {
            suite: subject.suite.clone(),
            model,
            repeat: subject.repeat,
            passed: share(&summary.counts),
            required: share(&summary.required),
            hostile: by_tag(HOSTILE),
            undecided: summary.counts.undecided as u64,
            tags: summary
                .by_tag
                .iter()
                .map(|(tag, counts)| ((*tag).to_owned(), share(counts)))
                .collect(),
            base: None,
            judges: judges
                .map(|(name, is_required)| JudgeNote {
                    name: name.clone(),
                    checked: checked(name),
                    is_required: *is_required,
                })
                .collect(),
            cost: results.answers.spent + results.answers.saved,
            results: results_hash,
            has_passed: summary.judgement.verdict == Verdict::Pass,
        };
        let words = words(summary, &table);
        Ok((measured, words))
    }
}

/// The model that answered, with the one that was asked where that is another.
pub fn answered_by(model: &str, asked: &str) -> String {
    match is_other(asked, model) {
        true => format!("{model} (asked for {asked})"),
        false => model.to_owned(),
    }
}

/// Why a prompt's results are no evidence, if they are not.
fn no_evidence(summary: &Summary<'_>, suite: &Suite) -> Option<String> {
    let counts = &summary.counts;
    let results = summary.results;
    if results.cases.len() != suite.cases.len() {
        return Some(format!(
            "{} of {} cases were asked",
            results.cases.len(),
            suite.cases.len()
        ));
    }
    if counts.missing > 0 || counts.errors > 0 {
        return Some(format!(
            "{} of {} cases have no answer",
            counts.missing + counts.errors,
            counts.cases()
        ));
    }
    if summary.judgement.verdict == Verdict::Incomplete {
        return Some(summary.judgement.reasons.join("; "));
    }
    let is_skipped = |case: &&Case| case.required && case.skip.is_some();
    if let Some(case) = suite.cases.iter().find(is_skipped) {
        return Some(format!(
            "the required case {} is skipped, which is no pass",
            visible::line(&case.id)
        ));
    }
    if results.models.len() > 1 {
        let models: Vec<_> = results.models.iter().map(|it| visible::line(it)).collect();
        return Some(format!(
            "the answers come from several models, {}: all have to be asked afresh",
            models.join(" and ")
        ));
    }
    None
}

pub(super) fn share(counts: &Counts) -> Share {
    Share {
        passed: counts.passed as u64,
        of: counts.cases() as u64,
    }
}

/// `triage v4: 47 of 50 pass, 94.0 % (83.8 to 97.9)`, and the table where it is short enough.
fn words(summary: &Summary<'_>, table: &str) -> String {
    let subject = &summary.results.subject;
    let counts = &summary.counts;
    let version = subject
        .version
        .map(|it| format!(" v{it}"))
        .unwrap_or_default();
    let mut words = format!(
        "{}{version}: {} of {} pass",
        subject.prompt,
        counts.passed,
        counts.cases()
    );
    if let Some(rate) = &summary.pass_rate {
        words.push_str(&format!(", {}", percent(rate.value)));
        if let Some(interval) = &rate.interval {
            words.push_str(&format!(
                " ({:.1} to {:.1})",
                interval.low * 100.0,
                interval.high * 100.0
            ));
        }
    }
    words.push_str("\n\n");
    match table.len() <= MAX_TABLE {
        true => words.push_str(table),
        false => words.push_str(&format!(
            "The table of the {} cases is too long for a tag; its hash stands below.\n",
            summary.results.cases.len()
        )),
    }
    words
}

/// A line a case: what became of it, its id, and the score by each evaluator.
fn table(cases: &[CaseResult], heard: Option<&Heard>) -> String {
    let mut table = String::new();
    for (at, case) in cases.iter().enumerate() {
        let id = visible::line(&case.id);
        table.push_str(&format!("{:<9} {id}", case.status().as_str()));
        let mine = (at, String::new())..(at + 1, String::new());
        let scores = heard
            .into_iter()
            .flat_map(|heard| heard.scores.range(mine.clone()));
        for (number, ((_, name), (sum, count))) in scores.enumerate() {
            let score = match count {
                0 => "undecided".to_owned(),
                count => plain(sum / f64::from(*count)),
            };
            let before = if number == 0 { "  " } else { ", " };
            table.push_str(&format!("{before}{} {score}", visible::line(name)));
        }
        table.push('\n');
    }
    table
}

/// A score with three digits at most.
fn plain(score: f64) -> String {
    let text = format!("{score:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
