//! An answer as evaluators, the cache and results see it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::execute::{Executed, usage_of};
use crate::openai::response::{self, Answer};
use crate::prompt::code;
use crate::record::entry::Usage;

/// What a model answered, and what that took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// How the API ended.
    #[serde(default)]
    pub status: AnswerStatus,
    /// The model that answered, with its date where the API says it.
    #[serde(default)]
    pub model: Option<String>,
    /// How long it took when it was asked, in milliseconds.
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// The tokens.
    #[serde(default)]
    pub usage: Usage,
    /// What it cost in US dollars when it was asked; `null` where that is not known.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// The API's id of the answer.
    #[serde(default)]
    pub response_id: Option<String>,
    /// When it was asked.
    #[serde(default)]
    pub time: Option<Timestamp>,
    /// The execution that the log holds of it.
    #[serde(default)]
    pub execution: Option<String>,
    /// The tools that the model wants called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// The text; the words of a refusal where there is no other.
    pub output: String,
}

/// A tool that a model wants called, with its arguments as it wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    pub name: String,
    pub arguments: String,
}

/// How the API ended an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerStatus {
    /// The answer is whole.
    #[default]
    Completed,
    /// The model declined.
    Refused,
    /// It stopped at a limit or a filter.
    Incomplete,
}

impl AnswerStatus {
    /// The status as results write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Refused => "refused",
            Self::Incomplete => "incomplete",
        }
    }
}

impl Answered {
    /// What came of a call; none where it failed or was interrupted. An answer that does not fit its
    /// schema is one, and so are a refusal and an incomplete answer.
    pub fn of(executed: &Executed) -> Option<Self> {
        let answer = executed.answer.as_ref()?;
        let status = status_of(answer)?;
        // Of a call that broke off there may be a part, which is no answer.
        let failure = executed.failure.as_ref().map(|it| it.code);
        let is_answer =
            |code| [code::REFUSED, code::INCOMPLETE, code::INVALID_OUTPUT].contains(&code);
        if !failure.is_none_or(|code| code.is_some_and(is_answer)) {
            return None;
        }
        let record = &executed.record;
        let words = answer.refusal.as_ref().filter(|_| answer.text.is_empty());
        let tools = answer.tool_calls.iter().map(|call| Tool {
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        });
        Some(Self {
            status,
            model: record.model.clone(),
            latency_ms: record.duration_ms,
            usage: usage_of(&answer.usage),
            cost_usd: record.cost_usd,
            response_id: record.response_id.clone(),
            time: Some(record.time),
            execution: Some(record.id.clone()),
            tools: tools.collect(),
            output: words.unwrap_or(&answer.text).clone(),
        })
    }
}

fn status_of(answer: &Answer) -> Option<AnswerStatus> {
    match answer.status {
        _ if answer.refusal.is_some() => Some(AnswerStatus::Refused),
        response::Status::Completed => Some(AnswerStatus::Completed),
        response::Status::Incomplete => Some(AnswerStatus::Incomplete),
        response::Status::Failed => None,
    }
}
