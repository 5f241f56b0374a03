//! What a line of the log holds: the record of an execution, or an outcome recorded later.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::names_of;
use super::id::new_id;
use super::possible::{CallFigures, Impossible, can_be_added};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::nearest;

/// The label that names whom a call was made for.
pub const SUBJECT: &str = "subject";

/// The number of this form of a line.
pub const SCHEMA: u32 = 1;

/// One execution: one call to a model.
///
/// The fields are written in this order, short ones first and long ones last, so that a reader
/// of many lines can stop early.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The form of the line: [`SCHEMA`].
    pub schema: u32,
    /// A UUID, of version 7 but for a call whose time nobody gave.
    pub id: String,
    /// When the call began.
    #[serde(with = "time_text")]
    pub time: Timestamp,
    /// The name of the prompt.
    pub prompt: String,
    /// The number of its version.
    #[serde(default)]
    pub version: Option<u32>,
    /// The digest of its content.
    #[serde(default)]
    pub digest: Option<String>,
    /// The commit that holds it.
    #[serde(default)]
    pub commit: Option<String>,
    /// The blob of the file.
    #[serde(default)]
    pub blob: Option<String>,
    /// Whether the file or a partial had changes that are not committed.
    #[serde(default)]
    pub dirty: bool,
    /// The environment that the version was taken from.
    #[serde(default)]
    pub environment: Option<String>,
    /// The variant that was chosen.
    #[serde(default)]
    pub variant: Option<String>,
    /// Who rendered the prompt.
    pub source: Source,
    /// The model that answered, else the one that was asked.
    #[serde(default)]
    pub model: Option<String>,
    /// How the execution ended.
    pub status: Status,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// How many requests were sent. More than one may have been billed.
    #[serde(default = "one")]
    pub attempts: u32,
    /// The tokens.
    #[serde(default)]
    pub usage: Usage,
    /// What it cost in US dollars; `null` where that is not known, never 0 for want of a price.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// The API's id of the answer.
    #[serde(default)]
    pub response_id: Option<String>,
    /// The API's id of the request.
    #[serde(default)]
    pub request_id: Option<String>,
    /// SHA-256 over the request as canonical JSON, without `stream`.
    #[serde(default)]
    pub request_hash: Option<String>,
    /// The keys of the request that a caller of the gateway added to the prompt's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<String>,
    /// The hash of the request with what the caller added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_hash: Option<String>,
    /// The case of a dataset that the execution belongs to.
    #[serde(default)]
    pub case: Option<String>,
    /// What the caller wants it found by.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Why the local version answered instead of the stored prompt.
    #[serde(default)]
    pub fallback: Option<String>,
    /// What went wrong.
    #[serde(default)]
    pub error: Option<ErrorNote>,
    /// The values of the variables, or what the privacy settings leave of them.
    #[serde(default)]
    pub variables: Option<Map<String, Value>>,
    /// What the caller put in place of the file's; left out where there is nothing.
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    pub overrides: Overrides,
    /// The tools that the model wanted called, or what the privacy settings leave of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<Value>,
    /// The answer, or what the privacy settings leave of it.
    #[serde(default)]
    pub output: Option<String>,
}

fn one() -> u32 {
    1
}

impl Record {
    /// A record of an execution that began at `time` and went well; the rest is for the caller
    /// to fill in.
    pub fn new(prompt: impl Into<String>, time: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            id: new_id(time),
            time,
            prompt: prompt.into(),
            version: None,
            digest: None,
            commit: None,
            blob: None,
            dirty: false,
            environment: None,
            variant: None,
            source: Source::Local,
            model: None,
            status: Status::Ok,
            duration_ms: None,
            attempts: 1,
            usage: Usage::default(),
            cost_usd: None,
            response_id: None,
            request_id: None,
            request_hash: None,
            sent: Vec::new(),
            sent_hash: None,
            case: None,
            labels: BTreeMap::new(),
            fallback: None,
            error: None,
            variables: None,
            overrides: Overrides::default(),
            tool_calls: Vec::new(),
            output: None,
        }
    }

    /// Reads a record that a service made of its own call. What it leaves out is filled in: an id,
    /// `now` as its time, `ok` as its status. Its source becomes `external`, whatever it says.
    ///
    /// # Errors
    /// `P320`: it is not an object, lacks `prompt`, has a value of the wrong type, or has a field
    /// that records do not have.
    pub fn external(line: &Value, now: Timestamp) -> Result<Self, Failure> {
        let bad = |message: String| Failure::new(code::BAD_LOG_LINE, message);
        let Value::Object(given) = line else {
            return Err(bad("a record is a JSON object".to_owned()));
        };
        let Some(prompt) = given.get("prompt").and_then(Value::as_str) else {
            return Err(bad(
                "the record lacks `prompt`, the name of the prompt".to_owned()
            ));
        };
        let template = serde_json::to_value(Self::new(prompt, now))
            .map_err(|error| bad("the record could not be made".to_owned()).caused_by(error))?;
        let Value::Object(own) = template else {
            return Err(bad("the record could not be made".to_owned()));
        };
        let mut whole = own.clone();
        for (key, value) in given {
            let fields = names_of::<Self>();
            if !fields.contains(&key.as_str()) {
                return Err(bad(format!("`{key}` is not a field of a record"))
                    .hint(match nearest(key, fields.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("the fields are {}", fields.join(", ")),
                    })
                    .hint("put what is your own under `labels`, as texts"));
            }
            whole.insert(key.clone(), value.clone());
        }
        let mut record: Self = serde_json::from_value(Value::Object(whole)).map_err(|error| {
            // One field at a time says which of them it is.
            let is_wrong = |(key, value): &(&String, &Value)| {
                let mut one = own.clone();
                one.insert((*key).clone(), (*value).clone());
                serde_json::from_value::<Self>(Value::Object(one)).is_err()
            };
            let Some((key, value)) = given.iter().find(is_wrong) else {
                return bad(format!("the record is not valid: {error}"));
            };
            let shown: String = value.to_string().chars().take(60).collect();
            let failure = bad(format!("`{key}` of a record cannot be {shown}"));
            match key.as_str() {
                "time" => failure.hint("write it as RFC 3339 has it: 2026-11-20T12:00:00Z"),
                "status" => failure.hint("it is ok, error, invalid_output or interrupted"),
                _ => failure,
            }
        })?;
        if record.schema != SCHEMA {
            return Err(bad(format!(
                "`schema` is {}, and {SCHEMA} is known",
                record.schema
            )));
        }
        if let Some(impossible) = record.impossible() {
            return Err(bad(impossible.to_string()).hint(match impossible {
                Impossible::NegativeCost => {
                    "a cost below 0 would make room in the budgets; leave it out where the cost is not known"
                }
                _ => "one such figure would hide all others; leave it out where it is not known",
            }));
        }
        record.source = Source::External;
        Ok(record)
    }
}

impl Record {
    /// A figure that it cannot have.
    pub(super) fn impossible(&self) -> Option<Impossible> {
        let (mut cost_usd, mut duration_ms, mut usage) =
            (self.cost_usd, self.duration_ms, self.usage);
        let figures = CallFigures {
            cost_usd: &mut cost_usd,
            duration_ms: &mut duration_ms,
            tokens: usage.counts(),
        };
        figures.take_out().map(|(first, _)| first)
    }
}

impl Usage {
    /// Its counts with their names.
    pub(super) fn counts(&mut self) -> [(&'static str, &mut Option<u64>); 6] {
        [
            ("input_tokens", &mut self.input_tokens),
            ("cached_tokens", &mut self.cached_tokens),
            ("cache_write_tokens", &mut self.cache_write_tokens),
            ("output_tokens", &mut self.output_tokens),
            ("reasoning_tokens", &mut self.reasoning_tokens),
            ("total_tokens", &mut self.total_tokens),
        ]
    }
}

impl Outcome {
    /// Whether it has a figure that cannot be added up.
    pub(super) fn is_impossible(&self) -> bool {
        let figures = self.score.iter().chain(self.metrics.values());
        !figures.copied().all(can_be_added)
    }
}

/// What a caller put in place of what the file says: needed to make the same request again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// The model, where another than the file's was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The text added as a last user message, or what the privacy settings leave of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The answer that the call went on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_response_id: Option<String>,
}

impl Overrides {
    /// Whether all is as the file says.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Who rendered the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// promptctl, from the version here.
    Local,
    /// OpenAI, from its stored prompt.
    Openai,
    /// promptctl, because the stored prompt is gone.
    Fallback,
    /// A service that made the call by itself.
    External,
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// With an answer.
    Ok,
    /// With an error.
    Error,
    /// With an answer that does not fit its schema.
    InvalidOutput,
    /// It was stopped; what had come is kept.
    Interrupted,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Local, Self::Openai, Self::Fallback, Self::External];

    /// The source that the log writes so.
    pub fn find(text: &str) -> Option<Self> {
        Self::of(text.as_bytes())
    }

    /// The same of bytes.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        Some(match text {
            b"local" => Self::Local,
            b"openai" => Self::Openai,
            b"fallback" => Self::Fallback,
            b"external" => Self::External,
            _ => return None,
        })
    }

    /// The source as the log writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Openai => "openai",
            Self::Fallback => "fallback",
            Self::External => "external",
        }
    }
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Ok,
        Self::Error,
        Self::InvalidOutput,
        Self::Interrupted,
    ];

    /// The status as the log writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::InvalidOutput => "invalid_output",
            Self::Interrupted => "interrupted",
        }
    }

    /// The status that the log writes so.
    pub fn find(text: &str) -> Option<Self> {
        Self::of(text.as_bytes())
    }

    /// The same of bytes.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        Some(match text {
            b"ok" => Self::Ok,
            b"error" => Self::Error,
            b"invalid_output" => Self::InvalidOutput,
            b"interrupted" => Self::Interrupted,
            _ => return None,
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Tokens of one call; what the server did not say is `null`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read, the cached ones included.
    #[serde(default)]
    pub input_tokens: Option<u64>,
    /// Tokens of the input that came from the cache.
    #[serde(default)]
    pub cached_tokens: Option<u64>,
    /// Tokens of the input that were written to the cache; left out where the server says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Tokens written, those of reasoning included.
    #[serde(default)]
    pub output_tokens: Option<u64>,
    /// Tokens of the output spent on reasoning.
    #[serde(default)]
    pub reasoning_tokens: Option<u64>,
    /// Input and output.
    #[serde(default)]
    pub total_tokens: Option<u64>,
}

/// What went wrong with an execution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorNote {
    /// The code, such as `P305`.
    #[serde(default)]
    pub code: Option<String>,
    /// What happened, without any key.
    pub message: String,
    /// Why an answer is incomplete, in the word of the API, such as `max_output_tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of an execution, recorded later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The form of the line: [`SCHEMA`].
    pub schema: u32,
    /// The id of the execution.
    pub outcome_of: String,
    /// When it was recorded.
    #[serde(with = "time_text")]
    pub time: Timestamp,
    /// How good it was; what the scale is, the caller knows.
    #[serde(default)]
    pub score: Option<f64>,
    /// What it was, in a word such as `win`.
    #[serde(default)]
    pub label: Option<String>,
    /// Figures by name.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// What a person says about it.
    #[serde(default)]
    pub note: Option<String>,
}

impl Outcome {
    /// An outcome of this execution that says nothing yet.
    pub fn new(outcome_of: impl Into<String>, time: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            outcome_of: outcome_of.into(),
            time,
            score: None,
            label: None,
            metrics: BTreeMap::new(),
            note: None,
        }
    }
}

/// Times as RFC 3339 in UTC with milliseconds.
mod time_text {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{time:.3}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        text.parse()
            .map_err(|_| D::Error::custom("`time` is not a time in RFC 3339"))
    }
}

#[cfg(test)]
mod tests;
