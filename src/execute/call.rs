//! One call: asked, asked again where the answer does not fit, and kept as a record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::{CallFailure, Caller};
use super::check::{Expected, invalid};
use super::stored::Request;
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::openai::client::block_on;
use crate::openai::fault::{CallError, CallErrorKind};
use crate::openai::prices::{OwnPrices, cost_usd};
use crate::openai::request::request_hash;
use crate::openai::response::{self, Answer, Usage as AnswerUsage};
use crate::prompt::document::Object;
use crate::record::entry::{ErrorNote, Overrides, Record, Source, Status, Usage};
use crate::record::privacy::Privacy;

/// What holds for every call of a run.
pub struct CallContext<'a> {
    /// The prompt.
    pub loaded: &'a Loaded,
    /// The form that answers must have.
    pub expected: &'a Expected,
    /// The user's own prices.
    pub prices: &'a OwnPrices,
    /// What the log may keep.
    pub privacy: Privacy,
    /// How often the model is asked again when its answer does not fit.
    pub retry_invalid: u32,
    /// Whether the local version answers when the stored prompt is gone.
    pub may_fall_back: bool,
    /// The variant that was chosen.
    pub variant: Option<String>,
    /// The labels of the records.
    pub labels: BTreeMap<String, String>,
    /// What the caller put in place of the file's.
    pub overrides: Overrides,
}

/// What one call needs.
pub struct Call<'a> {
    /// What holds for every call of the run.
    pub terms: &'a CallContext<'a>,
    /// The values of the variables.
    pub values: &'a Object,
    /// What is sent.
    pub request: &'a Request,
    /// The case of a dataset that the call belongs to.
    pub case: Option<String>,
    /// When the call begins.
    pub now: Timestamp,
}

/// How a call ended: its record for the log, the answer if one came, and the failure if it was none.
pub struct Executed {
    /// The record, with what the log may keep.
    pub record: Record,
    /// What went wrong, in full.
    pub error: Option<ErrorNote>,
    /// Why the local version answered instead of the stored prompt, in full.
    pub fallback: Option<String>,
    pub answer: Option<Answer>,
    /// The answer as JSON, where it was asked for as JSON and fits.
    pub parsed: Option<Value>,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// Whether every further call of the run would fail in the same way.
    pub is_lasting: bool,
    /// How many requests brought nothing and may have to be paid for all the same.
    pub unsure: u32,
}

impl Executed {
    /// Whether a whole answer came, good or bad.
    pub fn is_whole(&self) -> bool {
        let is_read = |answer: &Answer| answer.status != response::Status::Failed;
        self.answer.as_ref().is_some_and(is_read) && self.unsure == 0
    }
}

/// Calls the model and waits; the text is handed to `on_text` as it comes. The record is made, not
/// yet kept.
///
/// # Errors
/// `P307`: the system gives no means to wait for the network.
pub fn execute(
    caller: &Caller,
    call: Call<'_>,
    on_text: &mut dyn FnMut(&str),
) -> Result<Executed, Failure> {
    block_on(call.execute(caller, on_text))
}

/// How asking ended.
struct End {
    answer: Option<Answer>,
    parsed: Option<Value>,
    failure: Option<Failure>,
    status: Status,
    /// What of the answer does not fit the form that the prompt asks for.
    mismatches: Vec<String>,
    is_lasting: bool,
}

impl End {
    fn failed(failure: Failure, answer: Option<Answer>, status: Status) -> Self {
        Self {
            answer,
            parsed: None,
            failure: Some(failure),
            status,
            mismatches: Vec::new(),
            is_lasting: false,
        }
    }

    /// An answer that does not fit.
    fn misfit(mismatches: Vec<String>, answer: Answer) -> Self {
        Self {
            mismatches: mismatches.clone(),
            ..Self::failed(invalid(mismatches), Some(answer), Status::InvalidOutput)
        }
    }
}

/// What the requests of a call cost.
#[derive(Clone, Copy, Default)]
enum Cost {
    /// Nothing was asked yet.
    #[default]
    Nothing,
    Known(f64),
    /// One part is unknown, so the whole is.
    Unknown,
}

impl Cost {
    fn add(self, cost: Option<f64>) -> Self {
        match (self, cost) {
            (Self::Nothing, Some(cost)) => Self::Known(rounded(cost)),
            (Self::Known(before), Some(cost)) => Self::Known(rounded(before + cost)),
            (_, None) | (Self::Unknown, _) => Self::Unknown,
        }
    }

    fn known(self) -> Option<f64> {
        match self {
            Self::Known(cost) => Some(cost),
            Self::Nothing | Self::Unknown => None,
        }
    }
}

/// What all requests of a call came to.
#[derive(Default)]
struct Totals {
    attempts: u32,
    unsure: u32,
    duration_ms: u64,
    usage: Option<AnswerUsage>,
    cost: Cost,
}

impl Call<'_> {
    /// Calls the model. See [`execute`].
    pub async fn execute(self, caller: &Caller, on_text: &mut dyn FnMut(&str)) -> Executed {
        let mut record = self.new_record();
        let mut totals = Totals::default();
        let mut body = self.request.body.clone();
        let mut tries = 0;
        let end = loop {
            let error = match caller.send(&body, on_text).await {
                Ok(answer) => {
                    self.count(&mut totals, &answer);
                    let end = self.judge(answer);
                    let again =
                        end.status == Status::InvalidOutput && tries < self.terms.retry_invalid;
                    let (Some(answer), true) = (&end.answer, again) else {
                        break end;
                    };
                    tries += 1;
                    ask_again(&mut body, &answer.text, &end.mismatches);
                    continue;
                }
                Err(CallFailure::Before(failure)) => {
                    break End {
                        is_lasting: true,
                        ..End::failed(failure, None, Status::Error)
                    };
                }
                Err(CallFailure::Call(error)) => error,
            };
            let is_gone = error.kind == CallErrorKind::StoredPromptGone;
            match (&self.request.fallback, record.source) {
                (Some(local), Source::Openai) if is_gone && self.terms.may_fall_back => {
                    totals.attempts += error.attempts;
                    totals.unsure += error.unsure;
                    totals.duration_ms += error.duration_ms;
                    record.source = Source::Fallback;
                    record.fallback = Some(error.message);
                    record.request_hash = Some(request_hash(local));
                    body.clone_from(local);
                }
                _ => break self.give_up(&mut totals, *error),
            }
        };
        self.fill(&mut record, &end, &totals);
        let answer = end.answer.map(|mut answer| {
            answer.text = caller.redact(&answer.text);
            answer
        });
        let record = caller.without_key(record);
        let schema = self.terms.loaded.document.input_schema.as_ref();
        Executed {
            error: record.error.clone(),
            fallback: record.fallback.clone(),
            record: self.terms.privacy.keep(record, schema),
            answer,
            parsed: end.parsed,
            failure: end.failure,
            is_lasting: end.is_lasting,
            unsure: totals.unsure,
        }
    }

    /// Whether an answer is a good one.
    fn judge(&self, answer: Answer) -> End {
        if let Some(failure) = answer.verdict() {
            return End::failed(failure, Some(answer), Status::Error);
        }
        // A model that wants a tool called has not answered yet.
        if answer.text.is_empty() && !answer.tool_calls.is_empty() {
            return good(answer, None);
        }
        match self.terms.expected.check(&answer.text) {
            Ok(parsed) => good(answer, parsed),
            Err(mismatches) => End::misfit(mismatches, answer),
        }
    }

    fn give_up(&self, totals: &mut Totals, error: CallError) -> End {
        let partial = error.partial.as_deref().cloned();
        totals.unsure += error.unsure;
        match &partial {
            Some(partial) => self.count(totals, partial),
            None => {
                totals.attempts += error.attempts;
                totals.duration_ms += error.duration_ms;
            }
        }
        let kind = error.kind;
        let mut failure = Failure::from(error);
        if kind == CallErrorKind::StoredPromptGone && self.terms.may_fall_back {
            failure = failure
                .hint("the version here cannot answer instead: it names no model of OpenAI's");
        }
        let status = match failure.exit {
            Exit::Interrupted => Status::Interrupted,
            _ => Status::Error,
        };
        End {
            is_lasting: matches!(
                kind,
                CallErrorKind::KeyRefused
                    | CallErrorKind::UnknownModel
                    | CallErrorKind::StoredPromptGone
                    | CallErrorKind::Quota
                    | CallErrorKind::Interrupted
            ),
            ..End::failed(failure, partial, status)
        }
    }

    fn count(&self, totals: &mut Totals, answer: &Answer) {
        totals.attempts += answer.attempts;
        totals.unsure += answer.unsure;
        totals.duration_ms += answer.duration_ms;
        let asked = self.request.model.as_ref().map(|it| it.name.as_str());
        let model = answer.model.as_deref().or(asked).unwrap_or_default();
        let cost = cost_usd(
            self.request.provider(),
            model,
            answer.service_tier.as_deref(),
            &answer.usage,
            self.now,
            self.terms.prices,
        );
        totals.cost = totals.cost.add(cost);
        totals.usage = Some(match &totals.usage {
            Some(before) => sum(before, &answer.usage),
            None => answer.usage,
        });
    }

    fn new_record(&self) -> Record {
        let terms = self.terms;
        let loaded = terms.loaded;
        let mut record = new_record(loaded, self.now);
        record.variant.clone_from(&terms.variant);
        record.source = match self.request.stored {
            Some(_) => Source::Openai,
            None => Source::Local,
        };
        record.model = self.request.model.as_ref().map(|it| it.name.clone());
        record.request_hash = Some(request_hash(&self.request.body));
        record.case.clone_from(&self.case);
        record.labels.clone_from(&terms.labels);
        record.variables = Some(self.values.clone());
        record.overrides.clone_from(&terms.overrides);
        record
    }

    fn fill(&self, record: &mut Record, end: &End, totals: &Totals) {
        record.status = end.status;
        record.attempts = totals.attempts;
        record.duration_ms = Some(totals.duration_ms);
        record.cost_usd = totals.cost.known();
        record.usage = totals.usage.as_ref().map(usage_of).unwrap_or_default();
        record.error = end.failure.as_ref().map(|it| note(it, &end.mismatches));
        let Some(answer) = &end.answer else {
            return;
        };
        if let Some(note) = &mut record.error {
            note.reason.clone_from(&answer.incomplete_reason);
        }
        if answer.model.is_some() {
            record.model.clone_from(&answer.model);
        }
        record.response_id.clone_from(&answer.response_id);
        record.request_id.clone_from(&answer.request_id);
        record.output = Some(answer.text.clone());
        record.tool_calls = answer.tool_calls.iter().map(|call| json!(call)).collect();
    }
}

/// The record of a call of this prompt, with what is known before it.
pub fn new_record(loaded: &Loaded, now: Timestamp) -> Record {
    let mut record = Record::new(loaded.name.as_str(), now);
    record.version = Some(loaded.version().number());
    record.digest = Some(loaded.digest().to_string());
    record.commit = loaded.commit().map(|commit| commit.to_string());
    record.blob = Some(loaded.blob.clone());
    record.dirty = loaded.is_dirty();
    record.environment = loaded.environment.as_ref().map(ToString::to_string);
    record
}

/// Dollars without the noise of binary fractions.
pub fn rounded(dollars: f64) -> f64 {
    (dollars * 1e12).round() / 1e12
}

fn good(answer: Answer, parsed: Option<Value>) -> End {
    End {
        answer: Some(answer),
        parsed,
        failure: None,
        status: Status::Ok,
        mismatches: Vec::new(),
        is_lasting: false,
    }
}

/// Adds the answer that does not fit, and what is wrong with it.
fn ask_again(body: &mut Value, answer: &str, mismatches: &[String]) {
    let list: String = mismatches
        .iter()
        .map(|mismatch| format!("\n- {mismatch}"))
        .collect();
    let text = format!(
        "Your answer does not fit the JSON Schema:{list}\n\nAnswer again, with the corrected JSON alone."
    );
    add_turn(body, answer, &text);
}

/// Adds an answer to a request, and what the user says of it.
pub fn add_turn(body: &mut Value, answer: &str, text: &str) {
    let more = [
        json!({ "role": "assistant", "content": answer }),
        json!({ "role": "user", "content": text }),
    ];
    let input = match body.get("input") {
        Some(Value::Array(input)) => [input.as_slice(), &more].concat(),
        Some(Value::String(text)) => {
            let first = [json!({ "role": "user", "content": text })];
            [first.as_slice(), &more].concat()
        }
        _ => more.to_vec(),
    };
    body["input"] = Value::Array(input);
}

fn note(failure: &Failure, mismatches: &[String]) -> ErrorNote {
    let mut message = format!("{failure:#}");
    if !mismatches.is_empty() {
        message = format!("{message}: {}", mismatches.join("; "));
    }
    ErrorNote {
        code: failure.code.map(|code| code.as_str().to_owned()),
        message,
        reason: None,
    }
}

fn sum(a: &AnswerUsage, b: &AnswerUsage) -> AnswerUsage {
    let add = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    };
    AnswerUsage {
        input: add(a.input, b.input),
        cached: add(a.cached, b.cached),
        cache_write: add(a.cache_write, b.cache_write),
        output: add(a.output, b.output),
        reasoning: add(a.reasoning, b.reasoning),
        total: add(a.total, b.total),
    }
}

/// The tokens of an answer, as the log writes them.
pub fn usage_of(usage: &AnswerUsage) -> Usage {
    Usage {
        input_tokens: usage.input,
        cached_tokens: usage.cached,
        cache_write_tokens: usage.cache_write,
        output_tokens: usage.output,
        reasoning_tokens: usage.reasoning,
        total_tokens: usage.total,
    }
}
