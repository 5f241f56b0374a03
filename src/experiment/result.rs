//! What came of a run: a line a case and repeat, and what is held of them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{AnswerStatus, Answered, Tool};
use super::case::Case;
use crate::record::entry::{ErrorNote, Usage};

/// The number of this form of a line.
pub const SCHEMA: u32 = 1;

/// How much of an answer that did not pass is held for the report, in characters.
const HELD: usize = 2000;

/// How many cases that did not pass are held with what was answered: the file has all.
const MOST_HELD: usize = 5000;

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All required evaluators passed.
    Pass,
    /// One did not.
    Fail,
    /// An evaluator could not decide.
    Undecided,
    /// No answer came.
    Error,
    /// It was not asked.
    Skipped,
}

impl Status {
    /// The status as results write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Undecided => "undecided",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

/// What one evaluator said of one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The evaluator.
    pub name: String,
    /// Whether it passed; none where it could not decide.
    pub passed: Option<bool>,
    /// From 0 to 1; none where it could not decide.
    pub score: Option<f64>,
    /// How much its score counts.
    #[serde(default = "one")]
    pub weight: f64,
    /// Whether the case cannot pass without it.
    #[serde(default = "yes")]
    pub required: bool,
    /// What was expected and what was got, or why it could not decide.
    #[serde(default)]
    pub reason: Option<String>,
    /// The judge that was asked.
    #[serde(default)]
    pub judge: Option<String>,
    /// Whether the judge's answer was kept from before.
    #[serde(default)]
    pub cached: bool,
}

fn yes() -> bool {
    true
}

/// One case and repeat, as a line of a run's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The run.
    pub run: String,
    /// The prompt.
    pub prompt: String,
    /// Its version.
    pub version: Option<u32>,
    /// The digest of its content.
    pub digest: String,
    /// The digest of its suite.
    pub suite: String,
    /// The model that was asked, as it was named.
    pub model: String,
    /// The case.
    pub case: String,
    /// The digest of its variables.
    pub case_digest: String,
    /// The number of the repeat, from 1.
    pub repeat: u32,
    /// What became of it.
    pub status: Status,
    /// The weighted mean of its evaluators.
    pub score: Option<f64>,
    /// Whether an answer was wanted that is not there: the case was not reached.
    #[serde(default)]
    pub missing: bool,
    /// `case.required`.
    #[serde(default)]
    pub required: bool,
    /// `case.weight`.
    #[serde(default = "one")]
    pub weight: f64,
    /// `case.tags`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// `case.group`.
    #[serde(default)]
    pub group: Option<String>,
    /// The file that the case stands in.
    #[serde(default)]
    pub path: String,
    /// Its line there.
    #[serde(default)]
    pub line: usize,
    /// Its column.
    #[serde(default)]
    pub column: usize,
    /// Why it was skipped or is undecided.
    #[serde(default)]
    pub reason: Option<String>,
    /// Why no answer came.
    #[serde(default)]
    pub error: Option<ErrorNote>,
    /// What the evaluators said.
    #[serde(default)]
    pub evaluators: Vec<Mark>,
    /// The answer without its text.
    #[serde(default)]
    pub answer: Option<LineAnswer>,
    /// The execution that the log holds.
    #[serde(default)]
    pub execution: Option<String>,
    /// What was expected.
    #[serde(default)]
    pub expected: Option<Value>,
    /// The tools that the model wants called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// The text of the answer.
    #[serde(default)]
    pub output: Option<String>,
}

fn one() -> f64 {
    1.0
}

impl Line {
    /// The same without the words of the answer, and without those of whoever speaks of it.
    #[must_use]
    pub fn without_words(&self) -> Self {
        let mut line = self.clone();
        line.output = None;
        line.tools = Vec::new();
        for mark in &mut line.evaluators {
            mark.reason = None;
        }
        line
    }
}

/// What a line says of an answer beside its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LineAnswer {
    /// What it is found by in the cache.
    pub key: Option<String>,
    /// Whether it was paid for before this run.
    pub cached: bool,
    /// The model that answered.
    pub model: Option<String>,
    /// How the API ended.
    pub status: AnswerStatus,
    /// How long it took when it was asked.
    pub latency_ms: Option<u64>,
    /// The tokens.
    pub usage: Usage,
    /// What it cost when it was asked.
    pub cost_usd: Option<f64>,
    /// When it was asked.
    pub time: Option<Timestamp>,
}

impl LineAnswer {
    /// What is told of an answer.
    pub fn of(answered: &Answered, key: Option<String>, cached: bool) -> Self {
        Self {
            key,
            cached,
            model: answered.model.clone(),
            status: answered.status,
            latency_ms: answered.latency_ms,
            usage: answered.usage,
            cost_usd: answered.cost_usd,
            time: answered.time,
        }
    }
}

/// A prompt with a model in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The prompt.
    pub prompt: String,
    /// Its version.
    pub version: Option<u32>,
    /// The digest of its content.
    pub digest: String,
    /// The digest of its suite.
    pub suite: String,
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
    /// The line of a case and repeat, with nothing said of it yet.
    pub fn line(&self, run: &str, case: &Case, repeat: u32) -> Line {
        Line {
            schema: SCHEMA,
            run: run.to_owned(),
            prompt: self.prompt.clone(),
            version: self.version,
            digest: self.digest.clone(),
            suite: self.suite.clone(),
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

    /// Whether a line is of this subject.
    pub fn has(&self, line: &Line) -> bool {
        self.prompt == line.prompt && self.digest == line.digest && self.model == line.model
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
    /// Without a known price.
    pub unpriced: usize,
    /// What this run cost, in US dollars.
    pub spent: f64,
    /// What the kept ones cost when they were asked.
    pub saved: f64,
    /// Tokens read and written, by all.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

/// What one evaluator said of all answers.
#[derive(Debug, Clone, Default)]
pub struct EvaluatorTally {
    /// Its name.
    pub name: String,
    /// How often it passed.
    pub passed: usize,
    /// How often it failed.
    pub failed: usize,
    /// How often it could not decide.
    pub undecided: usize,
    /// The sum of its scores.
    pub score: f64,
}

/// A case with what became of each of its repeats.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// Its id.
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
    pub place: (String, usize, usize),
    /// The repeats.
    pub tries: Vec<Try>,
}

/// One answer to a case.
#[derive(Debug, Clone)]
pub struct Try {
    /// What became of it.
    pub status: Status,
    /// Its score.
    pub score: Option<f64>,
    /// Whether an answer was wanted that is not there.
    pub missing: bool,
    /// What is said of one that did not pass.
    pub detail: Option<Box<Detail>>,
}

/// What is said of an answer that did not pass.
#[derive(Debug, Clone, Default)]
pub struct Detail {
    /// What the evaluators said that did not pass.
    pub marks: Vec<Mark>,
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

    /// Makes a place for the case of a line, and returns its number.
    pub fn declare(&mut self, line: &Line) -> usize {
        self.cases.push(CaseResult {
            id: line.case.clone(),
            digest: line.case_digest.clone(),
            required: line.required,
            weight: line.weight,
            tags: line.tags.clone(),
            group: line.group.clone(),
            place: (line.path.clone(), line.line, line.column),
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
        let has_passed = line.status == Status::Pass;
        let detail = (!has_passed && self.held < MOST_HELD).then(|| {
            let marks = line.evaluators.into_iter();
            Box::new(Detail {
                marks: marks.filter(|mark| mark.passed != Some(true)).collect(),
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
    }

    fn count_answer(&mut self, answer: &LineAnswer) {
        self.latencies.extend(answer.latency_ms);
        self.models.extend(answer.model.clone());
        self.oldest = match (self.oldest, answer.time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let all = &mut self.answers;
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
