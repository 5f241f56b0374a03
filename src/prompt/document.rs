//! The YAML model: what a prompt file says, read leniently and checked strictly.

pub(in crate::prompt) mod comments;
pub(in crate::prompt) mod keys;
mod located;
mod messages;
mod mistakes;
pub(in crate::prompt) mod node;
mod parse;
mod plain;
mod reader;
mod settings;
pub mod spelling;
mod written;
pub(in crate::prompt) mod yaml;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::finding::{Finding, Span};
use super::version::Version;

pub use keys::settable;
pub use located::{Located, parse_located};
pub use parse::parse;
pub use written::Written;
pub use yaml::{Item, parse_items, parse_value};

/// A JSON object whose keys keep their order.
pub type Object = Map<String, Value>;

/// A prompt file as it was read.
#[derive(Debug, Clone)]
pub struct Document {
    /// `name:`, a title for people.
    pub title: Option<String>,
    /// `description:`.
    pub description: Option<String>,
    /// `version:`; a file without it is version 1 and not yet numbered.
    pub version: Option<Version>,
    /// `digest:`, the first 12 hexadecimal digits of the content's digest when the version was made.
    pub digest: Option<String>,
    /// `category:`.
    pub category: Option<String>,
    /// `tags:`.
    pub tags: Vec<String>,
    /// `archived:`, whether the prompt is out of use.
    pub archived: bool,
    /// `model:` as it stands, with its `provider/` prefix if it has one.
    pub model: Option<String>,
    /// `modelParameters:` with camelCase keys; `max_tokens` and `maxCompletionTokens` are `maxTokens`.
    pub parameters: Object,
    /// `input.schema`, the JSON Schema of the variables.
    pub input_schema: Option<Value>,
    /// `responseFormat:`.
    pub response_format: Option<ResponseFormat>,
    /// `jsonSchema:` as a map, also where the file holds it as a JSON string.
    pub json_schema: Option<Object>,
    /// `messages:`, at least one that is no placeholder.
    pub messages: Vec<Entry>,
    /// `testData:`, the cases kept with the prompt.
    pub test_data: Vec<Object>,
    /// `datasets:`, the files with more cases, from the top of the repository.
    pub datasets: Vec<Text>,
    /// `evaluators:` as they stand.
    pub evaluators: Vec<Object>,
    /// `eval:`, how the cases are run and what the prompt has to reach.
    pub eval: Eval,
    /// `extraBody:`, merged as it stands into the API request.
    pub extra_body: Object,
    /// `openai:`, a stored prompt at OpenAI.
    pub openai: Option<StoredPrompt>,
    /// `source:`, where the prompt came from; not content.
    pub source: Option<Provenance>,
    /// The file as it was written.
    pub written: Written,
    /// What looks wrong and does not stop the prompt from being used.
    pub warnings: Vec<Finding>,
}

impl Document {
    /// The schema of the answer, which `json: {schema: output}` means.
    pub fn output_schema(&self) -> Option<&Value> {
        self.json_schema.as_ref()?.get("schema")
    }

    /// Whether a case that cannot be asked is an error: evaluators look at it, and it is not skipped.
    pub fn asks_case(&self, case: &Object) -> bool {
        let key = match self
            .input_schema
            .as_ref()
            .and_then(|it| it.get("properties")?.get("case"))
        {
            Some(_) => "$case",
            None => "case",
        };
        let skip = case.get(key).and_then(|meta| meta.get("skip"));
        !self.evaluators.is_empty() && skip.is_none_or(Value::is_null)
    }

    /// The version that this file holds: its own, or the first.
    pub fn version_or_first(&self) -> Version {
        self.version.unwrap_or(Version::FIRST)
    }

    /// The messages that the file itself holds, without its placeholders.
    pub fn own_messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter_map(Entry::message)
    }

    /// The variables that stand for messages.
    pub fn placeholders(&self) -> impl Iterator<Item = &Text> {
        self.messages.iter().filter_map(Entry::placeholder)
    }

    /// The place of the value at `path`, such as `messages[0].content`, or of its nearest parent.
    pub fn span_of(&self, path: &str) -> Option<Span> {
        let mut path = path;
        loop {
            if let Some(position) = self.written.places().get(path) {
                return Some(*position);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

/// `eval:`, how the cases of a prompt are run and what it has to reach. None of it is content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Eval {
    /// `repeat:`, how often each case is asked.
    pub repeat: Option<u32>,
    /// `minPassRate:`, the part of the cases that has to pass, from 0 to 1.
    pub min_pass_rate: Option<f64>,
    /// `margin:`, the loss against another version that counts as none, from 0 to 1.
    pub margin: Option<f64>,
    /// `judge:`, the judge that is asked where an evaluator names none.
    pub judge: Option<String>,
}

/// The most that a case is asked in one run.
pub const MAX_REPEAT: u32 = 1000;

/// What form the answer must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFormat {
    /// Free text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that fits `jsonSchema`.
    JsonSchema,
}

impl ResponseFormat {
    /// The format as the file and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::JsonObject => "json_object",
            Self::JsonSchema => "json_schema",
        }
    }
}

/// Who speaks a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Instructions, as older models call them.
    System,
    /// Instructions, as newer models call them.
    Developer,
    /// The person who asks.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The role as the file and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One entry of `messages:`.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A message of the file's own.
    Message(Message),
    /// `placeholder:`, the variable whose messages stand here.
    Placeholder(Text),
}

impl Entry {
    /// The message, unless this is a placeholder.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::Placeholder(_) => None,
        }
    }

    /// The variable, if this is a placeholder.
    pub fn placeholder(&self) -> Option<&Text> {
        match self {
            Self::Message(_) => None,
            Self::Placeholder(variable) => Some(variable),
        }
    }
}

/// One message, its texts still templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said: a plain string is one text part.
    pub parts: Vec<Part>,
    /// Whether the file writes the content as a plain string rather than as a list of parts.
    pub is_plain: bool,
}

/// One part of a message's content.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text, a template.
    Text(Text),
    /// A picture.
    Image {
        /// Where it comes from; the text is a template.
        source: Attachment,
        /// `detail:`, such as `low` or `high`.
        detail: Option<String>,
    },
    File {
        /// Where it comes from; the text is a template.
        source: Attachment,
        /// `filename:`, a template.
        filename: Option<Text>,
    },
}

/// Where an image or a file comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Attachment {
    /// `url:`, also a data URL.
    Url(Text),
    /// `path:`, a file relative to the prompt file's folder, sent as a data URL.
    Path(Text),
    /// `fileId:`, a file uploaded to the API.
    FileId(Text),
}

impl Attachment {
    /// The template that says where.
    pub fn text(&self) -> &Text {
        match self {
            Self::Url(text) | Self::Path(text) | Self::FileId(text) => text,
        }
    }
}

/// A text of the file, with what is needed to find a place inside it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub value: String,
    /// Where the text stands in the file.
    pub origin: Origin,
}

/// Where a text stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The path of the value, such as `messages[0].content`.
    pub path: String,
    /// Where the value begins.
    pub start: Span,
    /// For a block scalar, the first line of its text and its indentation in columns.
    pub block: Option<(usize, usize)>,
}

impl Origin {
    /// The place in the file of a part of the text: exact for block scalars (`|`) and for the first
    /// line of others, else where the value begins.
    pub fn locate(&self, part: Span) -> Span {
        match self.block {
            Some((first, indent)) => Span {
                line: first + part.line.saturating_sub(1),
                column: indent + part.column,
                ..part
            },
            None if part.line == 1 => Span {
                line: self.start.line,
                column: self.start.column + part.column.saturating_sub(1),
                ..part
            },
            None => self.start,
        }
    }
}

/// `openai:`, a stored prompt at OpenAI, while it lasts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredPrompt {
    /// `promptId:`, such as `pmpt_123`.
    pub prompt_id: Option<String>,
    /// `promptVersion:`; OpenAI's current one when left out.
    pub prompt_version: Option<String>,
    /// `environments:`, other ids and versions by environment.
    pub environments: BTreeMap<String, StoredPromptVersion>,
}

/// A stored prompt for one environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredPromptVersion {
    /// `promptId:`; the outer one when left out.
    pub prompt_id: Option<String>,
    /// `promptVersion:`.
    pub prompt_version: Option<String>,
}

/// `source:`, where a prompt came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// `format:`, such as `openai`.
    pub format: Option<String>,
    /// `id:`, the id there.
    pub id: Option<String>,
    /// `path:`, the file there.
    pub path: Option<String>,
    /// `version:` or `versions:`, the versions there that have this content.
    pub versions: Vec<String>,
    /// `current:`, the version that was current there.
    pub current: Option<String>,
    /// `digest:`, the digest of what was imported.
    pub digest: Option<String>,
    /// `place:`, the function or the constant in the code there, and which prompt in it.
    pub place: Option<String>,
}

impl Provenance {
    /// The id of the stored prompt at OpenAI that the prompt was.
    pub fn stored_id(&self) -> Option<&str> {
        self.id
            .as_deref()
            .filter(|_| self.format.as_deref() == Some("openai"))
    }
}
