//! A line of a run: what became of a case, the repeat-th time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::answer::{AnswerStatus, Answered, Tool};
use crate::record::entry::{ErrorNote, Usage};

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
    /// Whether no labels of people have checked the judge.
    #[serde(default, skip_serializing_if = "is_no")]
    pub uncalibrated: bool,
    /// What the judge's answer cost when it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

fn yes() -> bool {
    true
}

/// One case and repeat, as a line of a run's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// [`SCHEMA`](super::SCHEMA).
    pub schema: u32,
    pub run: String,
    pub prompt: String,
    pub version: Option<u32>,
    /// The digest of its content.
    pub digest: String,
    /// The digest of its suite.
    pub suite: String,
    /// What the prompt is compared with, as it was named, where this is an answer of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Whether base was asked once more.
    #[serde(default, skip_serializing_if = "is_no")]
    pub again: bool,
    /// The model that was asked, as it was named.
    pub model: String,
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
    #[serde(default)]
    pub column: usize,
    /// What the case gives the prompt, in short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(super) fn is_no(flag: &bool) -> bool {
    !flag
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
