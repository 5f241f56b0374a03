//! One call from reference to record: render, ask, check. What `render`, `run` and others share.

mod batch;
mod budget;
mod call;
mod caller;
mod check;
mod gate;
mod prepared;
pub mod recover;
mod stored;
mod worst;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::finding::{Finding, Span, in_file};
use crate::prompt::hint::Hint;
use crate::prompt::rendered::{RenderedAttachment, RenderedMessage, RenderedPart};
use crate::prompt::template::Compiled;
use crate::prompt::variables::{Check, complete};
use crate::releases::Store;

pub use batch::{Batch, Done, Ended, Input, Pool, request_for, run_batch};
pub use budget::{BudgetState, Spent, budget_states, has_one, spent_today, used_up};
pub use call::{Call, CallContext, Executed, add_turn, execute, new_record, rounded, usage_of};
pub use caller::{Caller, settings_of};
pub use check::Expected;
pub use gate::{Closed, Gate, Pass, Stop};
pub use prepared::{CompiledPrompt, Origin, Prepared, attachments};
pub use stored::{Places, Request, SourceChoice, StoredId, stored_prompt, stored_prompt_in};
pub use worst::{UNKNOWN_OUTPUT, Worst, input_of, most_output, price};

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

/// A prompt whose templates were parsed, to be rendered once or a thousand times.
pub struct Renderer<'a> {
    store: &'a Store,
    loaded: &'a Loaded,
    compiled: Compiled,
    check: Check,
}

impl<'a> Renderer<'a> {
    /// Parses the templates of a prompt.
    ///
    /// # Errors
    /// They cannot be parsed.
    pub fn new(store: &'a Store, loaded: &'a Loaded) -> Result<Self, Failure> {
        let compiled = Compiled::new(&loaded.document, &loaded.partials)
            .map_err(|findings| Failure::from(in_file(findings, &loaded.path)))?;
        Ok(Self {
            store,
            loaded,
            compiled,
            check: Check::default(),
        })
    }

    /// Whether the prompt asks for this variable.
    pub fn asks_for(&self, name: &str) -> bool {
        let variables = self.compiled.variables();
        variables.iter().any(|variable| variable.name == name)
    }

    /// Renders the prompt with these values.
    ///
    /// # Errors
    /// A variable has no value or one that does not fit, or an attachment cannot be read.
    pub fn render(&self, given: Object) -> Result<Rendered, Failure> {
        fill(self.loaded, (&self.compiled, &self.check), given, &|path| {
            let bytes = self.store.attachment(self.loaded, path)?;
            Ok(data_url(path, &bytes))
        })
    }
}

/// Fills the templates of a prompt in. `read` gives the data URL of an attachment by its path.
fn fill(
    loaded: &Loaded,
    (compiled, check): (&Compiled, &Check),
    given: Object,
    read: &dyn Fn(&str) -> Result<String, Failure>,
) -> Result<Rendered, Failure> {
    let schema = loaded.document.input_schema.as_ref();
    let schema = schema.map(|schema| (schema, check));
    let (values, warnings) = complete(schema, compiled.variables(), given)
        .map_err(|findings| missing(compiled, findings, &loaded.path))?;
    let mut messages = compiled
        .render(&values)
        .map_err(|finding| Failure::from(finding.in_file(&loaded.path)))?;
    for part in messages.iter_mut().flat_map(|message| &mut message.parts) {
        if let RenderedPart::Image { source, .. } | RenderedPart::File { source, .. } = part
            && let RenderedAttachment::Path(path) = source
        {
            *source = RenderedAttachment::Url(read(path)?);
        }
    }
    Ok(Rendered {
        messages,
        values,
        warnings,
    })
}

/// Renders a prompt.
///
/// # Errors
/// The templates cannot be parsed, a variable has no value or one that does not fit, or an
/// attachment cannot be read.
pub fn render(store: &Store, loaded: &Loaded, given: Object) -> Result<Rendered, Failure> {
    Renderer::new(store, loaded)?.render(given)
}

/// Variables without a value are reported in one message, at the place that asks first.
fn missing(compiled: &Compiled, findings: Vec<Finding>, path: &str) -> Failure {
    let (mistaken, findings): (Vec<Finding>, Vec<Finding>) = findings
        .into_iter()
        .partition(|finding| finding.code == code::UNKNOWN_VARIABLE);
    let mistaken = mistaken.into_iter().map(|finding| finding.message.into());
    let mut failure = without_value(compiled, findings, path);
    failure.hints.splice(0..0, mistaken);
    failure
}

fn without_value(compiled: &Compiled, findings: Vec<Finding>, path: &str) -> Failure {
    let (absent, other): (Vec<Finding>, Vec<Finding>) = findings
        .into_iter()
        .partition(|finding| finding.code == code::MISSING_VARIABLE);
    let names: Vec<String> = absent
        .iter()
        .filter_map(|finding| finding.subject.clone())
        .collect();
    let [first, _, ..] = names.as_slice() else {
        let place = names.first().and_then(|name| first_use(compiled, name));
        let placed = absent
            .into_iter()
            .map(|finding| finding.at(place))
            .chain(other)
            .collect();
        return Failure::from(in_file(placed, path));
    };
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let finding = Finding::error(
        code::MISSING_VARIABLE,
        format!("{} have no value", quoted.join(", ")),
    )
    .at(first_use(compiled, first))
    .help(Hint::GiveValues(names));
    let findings = std::iter::once(finding).chain(other).collect();
    Failure::from(in_file(findings, path))
}

/// Where a message of the prompt itself first asks for a variable.
fn first_use(compiled: &Compiled, name: &str) -> Option<Span> {
    compiled
        .uses()
        .iter()
        .find(|used| used.name == name && used.path.is_none())
        .map(|used| used.position)
}

/// The bytes of a file as a data URL, its type taken from the file's name.
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
