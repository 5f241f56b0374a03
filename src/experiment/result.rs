//! What came of a run: a line a case and repeat, and what is held of them.

mod line;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::AnswerStatus;
use super::case::{Case, CasePlace};
use crate::record::entry::ErrorNote;

/// The number of this form of a line.
pub const SCHEMA: u32 = 1;

use line::is_no;
pub use line::{Line, LineAnswer, Mark, Status};

/// How much of an answer that did not pass is held for the report, in characters.
const HELD: usize = 2000;

/// How many cases that did not pass are held with what was answered: the file has all.
const MOST_HELD: usize = 5000;

/// A prompt with a model in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    pub prompt: String,
    pub version: Option<u32>,
    /// The digest of its content.
    pub digest: String,
    /// The digest of its suite.
    pub suite: String,
    /// What the prompt is compared with, as it was named, where this is that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Whether this is base, asked once more.
    #[serde(default, skip_serializing_if = "is_no")]
    pub again: bool,
    /// The model that is asked, as it was named.
    pub model: String,
    /// How often each case is asked, unless it says so itself.
    pub repeat: u32,
    /// The share of cases that have to pass; without it all.
    pub min_pass_rate: Option<f64>,
    /// The file of the prompt.
    pub path: String,
}

impl Subject {
    /// The line of a case and repeat, with nothing said of it yet. `schema` is that of the variables.
    pub fn line(&self, run: &str, case: &Case, repeat: u32, schema: Option<&Value>) -> Line {
        Line {
            schema: SCHEMA,
            run: run.to_owned(),
            prompt: self.prompt.clone(),
            version: self.version,
            digest: self.digest.clone(),
            suite: self.suite.clone(),
            base: self.base.clone(),
            again: self.again,
            model: self.model.clone(),
            case: case.id.clone(),
            case_digest: case.digest.clone(),
            repeat,
            status: Status::Skipped,
            score: None,
            missing: false,
            required: case.required,
            weight: case.weight,
            tags: case.tags.clone(),
            group: case.group.clone(),
            path: case.place.path.to_string(),
            line: case.place.line,
            column: case.place.column,
            input: case.in_short(schema),
            reason: None,
            error: None,
            evaluators: Vec::new(),
            answer: None,
            execution: None,
            expected: case.expected.clone(),
            tools: Vec::new(),
            output: None,
        }
    }

    /// Whose answers these are.
    pub fn whose(&self) -> (&str, &str) {
        (&self.prompt, self.base.as_deref().unwrap_or_default())
    }

    /// Whether a line is of this subject.
    pub fn has(&self, line: &Line) -> bool {
        self.prompt == line.prompt
            && self.digest == line.digest
            && self.model == line.model
            && self.base == line.base
            && self.again == line.again
    }
}

/// What is held of a prompt's results: enough for every report, and bounded.
#[derive(Debug, Clone)]
pub struct Results {
    /// Whose results these are.
    pub subject: Subject,
    /// The cases, in the order of the suite.
    pub cases: Vec<CaseResult>,
    /// What each evaluator said, in the order in which they were met.
    pub evaluators: Vec<EvaluatorTally>,
    /// How long the answers took, in milliseconds.
    pub latencies: Vec<u64>,
    /// The models that answered.
    pub models: BTreeSet<String>,
    /// When the oldest answer was asked.
    pub oldest: Option<Timestamp>,
    /// The answers: those of this run, and those that were kept.
    pub answers: Answers,
    held: usize,
}

/// How many answers there are, and what they took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answers {
    /// Asked in this run.
    pub asked: usize,
    /// Kept from before.
    pub cached: usize,
    /// That the model refused.
    pub refused: usize,
    /// That stopped at a limit or a filter.
    pub incomplete: usize,
    /// Without a known price.
    pub unpriced: usize,
    /// What this run cost, in US dollars.
    pub spent: f64,
    /// What the kept ones cost when they were asked.
    pub saved: f64,
    /// Answers of judges: asked in this run.
    pub judged: usize,
    /// Kept from before.
    pub judged_before: usize,
    /// Without a known price.
    pub judge_unpriced: usize,
    /// What judges cost in this run.
    pub judge_spent: f64,
    /// What their kept answers cost when they were asked.
    pub judge_saved: f64,
    /// Tokens read, by all answers but those of judges.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

/// What one evaluator said of all answers.
#[derive(Debug, Clone, Default)]
pub struct EvaluatorTally {
    pub name: String,
    /// How often it passed.
    pub passed: usize,
    /// How often it failed.
    pub failed: usize,
    /// How often it could not decide.
    pub undecided: usize,
    /// The sum of its scores.
    pub score: f64,
    /// The judge that it asked.
    pub judge: Option<String>,
    /// Whether no labels of people have checked that judge.
    pub uncalibrated: bool,
    /// Whether a case cannot pass without it.
    pub required: bool,
}

/// A case with what became of each of its repeats.
#[derive(Debug, Clone)]
pub struct CaseResult {
    pub id: String,
    /// The digest of its variables.
    pub digest: String,
    /// `case.required`.
    pub required: bool,
    /// `case.weight`.
    pub weight: f64,
    /// `case.tags`.
    pub tags: Vec<String>,
    /// `case.group`.
    pub group: Option<String>,
    /// File, line and column.
    pub place: (Arc<str>, usize, usize),
    /// The repeats.
    pub tries: Vec<Try>,
}

/// One answer to a case.
#[derive(Debug, Clone)]
pub struct Try {
    /// What became of it.
    pub status: Status,
    pub score: Option<f64>,
    /// Whether an answer was wanted that is not there.
    pub missing: bool,
    /// What is said of one that did not pass.
    pub detail: Option<Box<Detail>>,
}

/// What is said of an answer that did not pass, and of any of base's.
#[derive(Debug, Clone, Default)]
pub struct Detail {
    /// What the evaluators said that did not pass.
    pub marks: Vec<Mark>,
    /// What the case gives the prompt, in short.
    pub input: Option<String>,
    /// Why it was skipped or is undecided.
    pub reason: Option<String>,
    /// Why no answer came.
    pub error: Option<ErrorNote>,
    /// What was expected.
    pub expected: Option<Value>,
    /// The answer, cut where it is long.
    pub output: Option<String>,
}

impl Results {
    /// No results yet.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            cases: Vec::new(),
            evaluators: Vec::new(),
            latencies: Vec::new(),
            models: BTreeSet::new(),
            oldest: None,
            answers: Answers::default(),
            held: 0,
        }
    }

    /// Makes a place for a case.
    pub fn declare(&mut self, case: &Case) {
        let CasePlace { path, line, column } = &case.place;
        self.cases.push(CaseResult {
            id: case.id.clone(),
            digest: case.digest.clone(),
            required: case.required,
            weight: case.weight,
            tags: case.tags.clone(),
            group: case.group.clone(),
            place: (Arc::clone(path), *line, *column),
            tries: Vec::with_capacity(1),
        });
    }

    /// Makes a place for the case of a line, and returns its number.
    pub fn declare_again(&mut self, line: &Line) -> usize {
        self.cases.push(CaseResult {
            id: line.case.clone(),
            digest: line.case_digest.clone(),
            required: line.required,
            weight: line.weight,
            tags: line.tags.clone(),
            group: line.group.clone(),
            place: (line.path.as_str().into(), line.line, line.column),
            tries: Vec::new(),
        });
        self.cases.len() - 1
    }

    /// Adds a line to the case of this number.
    pub fn add(&mut self, at: usize, line: Line) {
        for mark in &line.evaluators {
            self.count(mark);
        }
        if let Some(answer) = &line.answer {
            self.count_answer(answer);
        }
        // Of what is compared with, an answer that passed is shown beside one that no longer does.
        let is_wanted = line.status != Status::Pass || self.subject.base.is_some();
        let detail = (is_wanted && self.held < MOST_HELD).then(|| {
            let marks = line.evaluators.into_iter();
            Box::new(Detail {
                marks: marks.filter(|mark| mark.passed != Some(true)).collect(),
                input: line.input,
                reason: line.reason,
                error: line.error,
                expected: line.expected,
                output: line.output.map(|text| cut(&text, HELD)),
            })
        });
        self.held += usize::from(detail.is_some());
        self.cases[at].tries.push(Try {
            status: line.status,
            score: line.score,
            missing: line.missing,
            detail,
        });
    }

    fn count(&mut self, mark: &Mark) {
        let known = self.evaluators.iter().position(|it| it.name == mark.name);
        let at = known.unwrap_or_else(|| {
            self.evaluators.push(EvaluatorTally {
                name: mark.name.clone(),
                ..EvaluatorTally::default()
            });
            self.evaluators.len() - 1
        });
        let tally = &mut self.evaluators[at];
        match mark.passed {
            Some(true) => tally.passed += 1,
            Some(false) => tally.failed += 1,
            None => tally.undecided += 1,
        }
        tally.score += mark.score.unwrap_or(0.0);
        tally.required |= mark.required;
        let Some(judge) = &mark.judge else { return };
        tally.judge.get_or_insert_with(|| judge.clone());
        tally.uncalibrated |= mark.uncalibrated;
        let (all, cost) = (&mut self.answers, mark.cost_usd.unwrap_or(0.0));
        let is_answered = usize::from(mark.passed.is_some());
        match mark.cached {
            true => {
                all.judged_before += is_answered;
                all.judge_saved += cost;
            }
            false => {
                all.judged += is_answered;
                all.judge_spent += cost;
                all.judge_unpriced += usize::from(mark.cost_usd.is_none());
            }
        }
    }

    fn count_answer(&mut self, answer: &LineAnswer) {
        self.latencies.extend(answer.latency_ms);
        self.models.extend(answer.model.clone());
        self.oldest = match (self.oldest, answer.time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let all = &mut self.answers;
        match answer.status {
            AnswerStatus::Completed => {}
            AnswerStatus::Refused => all.refused += 1,
            AnswerStatus::Incomplete => all.incomplete += 1,
        }
        let cost = answer.cost_usd.unwrap_or(0.0);
        match (answer.cached, &answer.key) {
            (false, _) => {
                all.asked += 1;
                all.spent += cost;
                all.unpriced += usize::from(answer.cost_usd.is_none());
            }
            (true, Some(_)) => {
                all.cached += 1;
                all.saved += cost;
            }
            // From a file: nobody knows whether it would have been paid for.
            (true, None) => {}
        }
        all.input_tokens += answer.usage.input_tokens.unwrap_or(0);
        all.output_tokens += answer.usage.output_tokens.unwrap_or(0);
    }
}

impl CaseResult {
    /// What became of the case: what most of its answers say. A tie is a fail, and what is missing
    /// decides nothing.
    pub fn status(&self) -> Status {
        let count = |status| self.tries.iter().filter(|it| it.status == status).count();
        let all = self.tries.len();
        if count(Status::Skipped) == all {
            return Status::Skipped;
        }
        if 2 * count(Status::Pass) > all {
            return Status::Pass;
        }
        if 2 * count(Status::Fail) >= all {
            return Status::Fail;
        }
        match count(Status::Error) {
            0 if count(Status::Undecided) > 0 => Status::Undecided,
            0 if self.is_missing() => Status::Skipped,
            _ => Status::Error,
        }
    }

    /// Whether an answer was wanted that is not there, and what is there does not decide.
    pub fn is_missing(&self) -> bool {
        self.tries.iter().any(|it| it.missing)
    }

    /// Whether some of its answers passed and others failed.
    pub fn is_flaky(&self) -> bool {
        let has = |status| self.tries.iter().any(|it| it.status == status);
        has(Status::Pass) && has(Status::Fail)
    }

    /// The mean of its scores.
    pub fn score(&self) -> Option<f64> {
        let scores: Vec<f64> = self.tries.iter().filter_map(|it| it.score).collect();
        match scores.len() {
            0 => None,
            count => Some(scores.iter().sum::<f64>() / count as f64),
        }
    }

    /// How many of its answers passed.
    pub fn passed(&self) -> usize {
        let passed = |it: &&Try| it.status == Status::Pass;
        self.tries.iter().filter(passed).count()
    }
}

/// The first characters of a text.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
