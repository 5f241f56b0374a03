//! One call from reference to record: render, ask, append. What `render` and `run` share.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::error::{Exit, Failure};
use crate::openai::client::{Client, Settings, block_on, interrupted};
use crate::openai::echo;
use crate::openai::fault::{CallError, CallErrorKind};
use crate::openai::prices::{OwnPrices, cost_usd};
use crate::openai::provider::ModelId;
use crate::openai::request::request_hash;
use crate::openai::response::{Answer, Usage as AnswerUsage};
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::finding::{Finding, Position};
use crate::prompt::rendered::{RenderedAttachment, RenderedMessage, RenderedPart};
use crate::prompt::template::Compiled;
use crate::prompt::variables::complete;
use crate::record::entry::{ErrorNote, Record, Status, Usage};
use crate::record::privacy::Privacy;
use crate::store::{Loaded, Store};

/// A prompt with its variables filled in.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// What a model would see; paths of attachments have become data URLs.
    pub messages: Vec<RenderedMessage>,
    /// The values of the variables, defaults included.
    pub values: Object,
    /// What looks wrong.
    pub warnings: Vec<Finding>,
}

/// Renders a prompt.
///
/// # Errors
/// The templates cannot be parsed, a variable has no value or one that does not fit, or an
/// attachment cannot be read.
pub fn render(store: &Store, loaded: &Loaded, given: Object) -> Result<Rendered, Failure> {
    let in_file = |findings: Vec<Finding>| failure_of(findings, &loaded.path);
    let compiled = Compiled::new(&loaded.document, &loaded.partials).map_err(in_file)?;
    let (values, warnings) = complete(
        loaded.document.input_schema.as_ref(),
        compiled.variables(),
        given,
    )
    .map_err(|findings| missing(&compiled, findings, &loaded.path))?;
    let mut messages = compiled
        .render(&values)
        .map_err(|finding| in_file(vec![finding]))?;
    for message in &mut messages {
        for part in &mut message.parts {
            attach(store, loaded, part)?;
        }
    }
    Ok(Rendered {
        messages,
        values,
        warnings,
    })
}

/// Variables without a value are told in one sentence, at the place that asks first.
fn missing(compiled: &Compiled, findings: Vec<Finding>, path: &str) -> Failure {
    let (absent, other): (Vec<Finding>, Vec<Finding>) = findings
        .into_iter()
        .partition(|finding| finding.code == code::MISSING_VARIABLE);
    let names: Vec<String> = absent
        .iter()
        .filter_map(|finding| finding.message.split('`').nth(1).map(str::to_owned))
        .collect();
    let [first, _, ..] = names.as_slice() else {
        let place = names.first().and_then(|name| first_use(compiled, name));
        let placed = absent
            .into_iter()
            .map(|finding| finding.at(place))
            .chain(other)
            .collect();
        return failure_of(placed, path);
    };
    let wanted: Vec<String> = names.iter().map(|name| format!("--var {name}=…")).collect();
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let finding = Finding::error(
        code::MISSING_VARIABLE,
        format!("{} have no value", quoted.join(", ")),
    )
    .at(first_use(compiled, first))
    .help(format!("pass {}", wanted.join(" ")));
    failure_of(std::iter::once(finding).chain(other).collect(), path)
}

/// Where a message of the prompt itself first asks for a variable.
fn first_use(compiled: &Compiled, name: &str) -> Option<Position> {
    compiled
        .uses()
        .iter()
        .find(|used| used.name == name && used.path.is_none())
        .map(|used| used.position)
}

/// The first finding as a failure that tells the others.
fn failure_of(findings: Vec<Finding>, path: &str) -> Failure {
    let mut findings = findings.into_iter().map(|finding| finding.in_file(path));
    let Some(first) = findings.next() else {
        return Failure::new(code::INVALID_PROMPT, "the prompt is not valid").at(path);
    };
    findings.fold(Failure::from(first), |failure, other| {
        failure.hint(format!("also: {}", other.message))
    })
}

fn attach(store: &Store, loaded: &Loaded, part: &mut RenderedPart) -> Result<(), Failure> {
    let (RenderedPart::Image { source, .. } | RenderedPart::File { source, .. }) = part else {
        return Ok(());
    };
    let RenderedAttachment::Path(path) = source else {
        return Ok(());
    };
    let bytes = store.attachment(loaded, path)?;
    *source = RenderedAttachment::Url(data_url(path, &bytes));
    Ok(())
}

/// The bytes of a file as a data URL, its type told by the file's name.
pub fn data_url(path: &str, bytes: &[u8]) -> String {
    let ending = path
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    let kind = match ending.as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("pdf") => "application/pdf",
        Some("json") => "application/json",
        Some("csv") => "text/csv",
        Some("md") => "text/markdown",
        Some("txt") => "text/plain",
        _ => "application/octet-stream",
    };
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}

/// What one call needs.
pub struct Call<'a> {
    /// The prompt.
    pub loaded: &'a Loaded,
    /// The values of its variables.
    pub values: &'a Object,
    /// The request.
    pub body: &'a Value,
    /// The model that the request names.
    pub model: &'a ModelId,
    /// Where to send it; not needed for the model `echo`.
    pub settings: Option<Settings>,
    /// What the log may keep.
    pub privacy: Privacy,
    /// When the call began.
    pub now: Timestamp,
}

/// How a call ended: its record for the log, the answer if one came, and the failure if it was none.
pub struct Executed {
    /// The record.
    pub record: Record,
    /// The answer.
    pub answer: Option<Answer>,
    /// What went wrong.
    pub failure: Option<Failure>,
}

/// Calls the model; the text is handed to `on_text` as it comes. The record is made, not yet kept.
pub fn execute(call: Call<'_>, on_text: &mut dyn FnMut(&str)) -> Executed {
    let mut record = new_record(&call);
    let outcome = if call.model.name == echo::MODEL {
        let answer = echo::answer(call.body);
        on_text(&answer.text);
        Ok(answer)
    } else {
        ask(call.settings.clone(), call.body, on_text)
    };
    match outcome {
        Ok(answer) => {
            fill(&mut record, &answer, &call);
            let failure = answer.verdict();
            if let Some(failure) = &failure {
                record.status = Status::Error;
                record.error = Some(note(failure));
            }
            Executed {
                record,
                answer: Some(answer),
                failure,
            }
        }
        Err(error) => {
            let (failure, partial) = *error;
            if let Some(partial) = &partial {
                fill(&mut record, partial, &call);
            }
            record.status = if failure.exit == Exit::Interrupted {
                Status::Interrupted
            } else {
                Status::Error
            };
            record.error = Some(note(&failure));
            Executed {
                record,
                answer: partial,
                failure: Some(failure),
            }
        }
    }
}

type Failed = Box<(Failure, Option<Answer>)>;

fn ask(
    settings: Option<Settings>,
    body: &Value,
    on_text: &mut dyn FnMut(&str),
) -> Result<Answer, Failed> {
    let plain = |failure: Failure| Box::new((failure, None));
    let settings =
        settings.ok_or_else(|| plain(Failure::new(code::NO_KEY, "no API is configured")))?;
    let client = Client::new(settings).map_err(plain)?;
    block_on(client.create_until(body, on_text, interrupted()))
        .map_err(plain)?
        .map_err(|error| failed(*error))
}

fn failed(error: CallError) -> Failed {
    let partial = error.partial.as_deref().cloned();
    let is_interrupt = error.kind == CallErrorKind::Interrupted;
    let failure = Failure::from(error);
    let failure = if is_interrupt {
        failure.exit(Exit::Interrupted)
    } else {
        failure
    };
    Box::new((failure, partial))
}

fn note(failure: &Failure) -> ErrorNote {
    ErrorNote {
        code: failure.code.map(|code| code.as_str().to_owned()),
        message: failure.message.clone(),
    }
}

fn new_record(call: &Call<'_>) -> Record {
    let loaded = call.loaded;
    let mut record = Record::new(loaded.name.as_str(), call.now);
    record.version = Some(loaded.version().number());
    record.digest = Some(loaded.digest.to_string());
    record.commit.clone_from(&loaded.commit);
    record.blob = Some(loaded.blob.clone());
    record.dirty = loaded.dirty;
    record.environment = loaded.environment.as_ref().map(ToString::to_string);
    record.model = Some(call.model.name.clone());
    record.request_hash = Some(request_hash(call.body));
    record.variables = call
        .privacy
        .variables(call.values, loaded.document.input_schema.as_ref());
    record
}

fn fill(record: &mut Record, answer: &Answer, call: &Call<'_>) {
    if let Some(model) = &answer.model {
        record.model = Some(model.clone());
    }
    record.duration_ms = Some(answer.duration_ms);
    record.attempts = answer.attempts;
    record.usage = usage_of(&answer.usage);
    record.response_id.clone_from(&answer.response_id);
    record.request_id.clone_from(&answer.request_id);
    record.output = call.privacy.output(&answer.text);
    record.cost_usd = cost_usd(
        &call.model.provider,
        record.model.as_deref().unwrap_or(&call.model.name),
        answer.service_tier.as_deref(),
        &answer.usage,
        call.now,
        &OwnPrices::default(),
    );
}

fn usage_of(usage: &AnswerUsage) -> Usage {
    Usage {
        input_tokens: usage.input,
        cached_tokens: usage.cached,
        cache_write_tokens: usage.cache_write,
        output_tokens: usage.output,
        reasoning_tokens: usage.reasoning,
        total_tokens: usage.total,
    }
}
