//! Prompts of ours as files of other tools.
//!
//! What a format has its own words for is written in them. What is ours alone, such as cases and the
//! number of a version, goes under a key `promptctl` where the format keeps such keys; so does what
//! our own reader would bring back in another way. What the model would be given differently is
//! refused, or listed.

mod again;
mod chat;
mod dotprompt;
mod langchain;
mod langfuse;
mod promptfoo;
mod prompty;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

pub(super) use self::again::outside;
use self::again::read_again;
use super::Format;
use crate::exchange::write::yaml_file;
use crate::prompt::code;
use crate::prompt::digest::{content, digest};
use crate::prompt::document::{self, Document};
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::template::{Partials, inlined};

/// What each target cannot say: one row for the code, the help and the topic.
#[derive(Debug)]
pub struct TargetRow {
    /// The target.
    pub target: Target,
    /// The name that `--to` takes.
    pub name: &'static str,
    /// The files that are written.
    pub files: &'static str,
    /// What is refused, or with `--lossy` left out.
    pub refuses: &'static str,
}

/// The targets and their rows, of one list: none can have the row of another.
macro_rules! targets {
    ($(#[doc = $doc:literal] $target:ident { $($key:ident: $value:expr,)* })*) => {
        /// A format that is written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Target {
            $(#[doc = $doc] $target,)*
        }

        /// All targets, in the order of the topic.
        pub const TARGETS: &[TargetRow] = &[
            $(TargetRow { target: Target::$target, $($key: $value,)* },)*
        ];
    };
}

targets! {
    /// Dotprompt.
    Dotprompt {
        name: "dotprompt",
        files: "`NAME.prompt`, partials as `_NAME.prompt`",
        refuses: "helpers that Dotprompt lacks (all but `json` and `eq`), files, pictures by path or id, placeholders that are not `history`",
    }
    /// Prompty, version 2.
    Prompty {
        name: "prompty",
        files: "`NAME.prompty`",
        refuses: "`{{#with}}` and helpers that Jinja lacks, tools that are no functions, schemas that are no plain map, pictures, files",
    }
    /// What Langfuse imports.
    Langfuse {
        name: "langfuse",
        files: "`NAME.json`, as its import takes it",
        refuses: "blocks, helpers and keys of variables, braces that it would take for variables, tools that are no functions, pictures, files",
    }
    /// A configuration of promptfoo.
    Promptfoo {
        name: "promptfoo",
        files: "`NAME.promptfooconfig.yaml`, cases as tests, evaluators as assertions",
        refuses: "`{{#with}}` and helpers that Nunjucks lacks, conditions on lists, placeholders, tools that are no functions, pictures without an address, files",
    }
    /// What LangChain loads.
    Langchain {
        name: "langchain",
        files: "`NAME.json`, for `langchain_core.load`: the prompt, with its model where that is OpenAI's or Anthropic's",
        refuses: "blocks, helpers and keys of variables, `json_object`, tools that are no functions, pictures without an address, files",
    }
    /// The prompt as JSON, as this program has it.
    Json {
        name: "json",
        files: "`NAME.json`, partials in place",
        refuses: "nothing",
    }
}

impl Target {
    /// Its row of the table.
    pub fn row(self) -> &'static TargetRow {
        &TARGETS[self as usize]
    }

    /// The target of this name.
    pub fn find(name: &str) -> Option<Self> {
        TARGETS
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.target)
    }

    /// The format that reads it again.
    fn format(self) -> Option<Format> {
        match self {
            Self::Dotprompt => Some(Format::Dotprompt),
            Self::Prompty => Some(Format::Prompty),
            Self::Langfuse => Some(Format::Langfuse),
            Self::Promptfoo => Some(Format::Promptfoo),
            Self::Langchain => Some(Format::Langchain),
            Self::Json => None,
        }
    }
}

/// A prompt that goes out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it says.
    pub document: &'a Document,
    /// The partials that it includes.
    pub partials: &'a Partials,
}

/// What is written.
#[derive(Debug, Default)]
pub struct Exported {
    /// The files, by their paths below the folder that they go to.
    pub files: Vec<(String, String)>,
    /// What the target does not say: errors would give a model something else.
    pub lost: Vec<Finding>,
}

/// The keys of a prompt file that a target is made of.
struct Keys {
    /// What is content.
    content: Map<String, Value>,
    /// The rest, by its names in a prompt file.
    about: Map<String, Value>,
}

/// What is being written.
struct Draft<'a> {
    name: &'a str,
    keys: Keys,
    /// The document with partials in place, where the target has none.
    document: Document,
    /// The document as it stands in its file.
    file: &'a Document,
    partials: Partials,
    /// What stands under `promptctl`.
    own: Map<String, Value>,
    lost: Vec<Finding>,
}

impl<'a> Draft<'a> {
    fn new(target: Target, out: &Outgoing<'a>) -> Self {
        let (document, partials) = match target {
            Target::Dotprompt => (out.document.clone(), out.partials.clone()),
            _ => in_place(out),
        };
        Self {
            name: out.name,
            keys: keys(&document, &partials),
            partials,
            own: Map::new(),
            lost: Vec::new(),
            file: out.document,
            document,
        }
    }

    /// Puts what the target has no words for under the key of ours.
    fn keep_ours(&mut self, target: Target) {
        for key in OURS {
            let is_said = matches!(
                (target, key),
                (Target::Langfuse, "tags") | (Target::Prompty, "name" | "tags")
            );
            if let Some(value) = self.keys.about.get(key).filter(|_| !is_said) {
                self.own.insert(key.to_owned(), value.clone());
            }
        }
        if let Some(value) = self.keys.content.get("openai") {
            self.own.insert("openai".to_owned(), value.clone());
        }
        let Some(Value::Object(body)) = self.keys.content.get("extraBody") else {
            return;
        };
        let says_tools = target != Target::Dotprompt;
        let is_said = |key: &String| says_tools && matches!(key.as_str(), "tools" | "tool_choice");
        let more: Vec<&str> = body
            .keys()
            .filter(|key| !is_said(key))
            .map(String::as_str)
            .collect();
        if !more.is_empty() {
            let message = format!(
                "what stands under `extraBody` ({}) is kept under `promptctl`, and only read here",
                more.join(", ")
            );
            self.own.insert("extraBody".to_owned(), json!(body));
            self.note(message);
        }
    }

    fn lose(&mut self, message: impl Into<String>, path: &str) {
        self.report(Severity::Error, message.into(), path);
    }

    fn note(&mut self, message: impl Into<String>) {
        self.report(Severity::Note, message.into(), "");
    }

    fn report(&mut self, severity: Severity, message: String, path: &str) {
        let mut finding = Finding::error(code::TARGET_LACKS, message);
        finding.severity = severity;
        finding.span = self.file.span_of(path);
        if !self
            .lost
            .iter()
            .any(|it| it.message == finding.message && it.span == finding.span)
        {
            self.lost.push(finding);
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.keys
            .about
            .get(key)
            .or_else(|| self.keys.content.get(key))?
            .as_str()
    }
}

/// The keys that only we have, in the order of the file.
const OURS: [&str; 7] = [
    "category",
    "tags",
    "testData",
    "datasets",
    "evaluators",
    "eval",
    "name",
];

fn keys(document: &Document, partials: &Partials) -> Keys {
    let Value::Object(mut content) = content(document, partials) else {
        return Keys {
            content: Map::new(),
            about: Map::new(),
        };
    };
    content.remove("partials");
    let raw = document.written.raw();
    let mut about = Map::new();
    for (key, other) in [
        ("name", "name"),
        ("description", "description"),
        ("category", "category"),
        ("tags", "tags"),
        ("testData", "test_data"),
        ("datasets", "datasets"),
        ("evaluators", "evaluators"),
        ("eval", "eval"),
    ] {
        if let Some(value) = raw
            .get(key)
            .or_else(|| raw.get(other))
            .filter(|value| !value.is_null())
        {
            about.insert(key.to_owned(), value.clone());
        }
    }
    Keys { content, about }
}

/// The same document with every partial in its place.
fn in_place(out: &Outgoing<'_>) -> (Document, Partials) {
    if out.partials.is_empty() {
        return (out.document.clone(), Partials::new());
    }
    let Keys { mut content, about } = keys(out.document, out.partials);
    let put = |text: &mut Value| {
        if let Value::String(text) = text {
            *text = inlined(text, out.partials);
        }
    };
    for message in content
        .get_mut("messages")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        match message.get_mut("content") {
            Some(Value::Array(parts)) => parts
                .iter_mut()
                .filter_map(|part| part.get_mut("text"))
                .for_each(put),
            Some(text) => put(text),
            None => {}
        }
    }
    content.extend(about);
    match document::parse(&yaml_file(&content)) {
        Ok(document) => (document, Partials::new()),
        Err(_) => (out.document.clone(), out.partials.clone()),
    }
}

/// Writes a prompt as a file of another tool.
///
/// # Errors
/// What it writes would not come back as the same prompt.
pub fn write(target: Target, out: &Outgoing<'_>) -> Result<Exported, Finding> {
    let mut draft = Draft::new(target, out);
    if target == Target::Json {
        let mut file = draft.keys.about;
        file.extend(draft.keys.content);
        let text = serde_json::to_string_pretty(&file).unwrap_or_default();
        return Ok(Exported {
            files: vec![(format!("{}.json", out.name), format!("{text}\n"))],
            lost: draft.lost,
        });
    }
    if !out.partials.is_empty() && target != Target::Dotprompt {
        draft.note("partials stand in their places there");
    }
    draft.keep_ours(target);
    proven(target, draft)
}

/// The files of a prompt, once our own reader makes the same prompt of them: what it brings back in
/// another way is written down as it is.
fn proven(target: Target, mut draft: Draft<'_>) -> Result<Exported, Finding> {
    let wanted = digest(&draft.document, &draft.partials);
    let mut files = files(target, &mut draft);
    let is_refused = draft.lost.iter().any(Finding::is_error);
    for is_last in [false, false, true] {
        let again = match is_refused {
            true => None,
            false => Some(read_again(target, draft.name, &files)?),
        };
        let Some((found, _)) = again.filter(|(_, digest)| *digest != wanted) else {
            return Ok(Exported {
                files,
                lost: draft.lost,
            });
        };
        if !is_last {
            note_differences(&mut draft, &found);
            draft.lost.retain(|lost| lost.severity == Severity::Note);
            files = self::files(target, &mut draft);
        }
    }
    Err(Finding::error(
        code::TARGET_LACKS,
        "the exported file would not come back as the same prompt",
    )
    .help("export it to json, which holds everything"))
}

fn note_differences(draft: &mut Draft<'_>, found: &Map<String, Value>) {
    for key in [
        "model",
        "modelParameters",
        "input",
        "responseFormat",
        "jsonSchema",
        "messages",
        "extraBody",
    ] {
        let (ours, theirs) = (draft.keys.content.get(key), found.get(key));
        if ours == theirs {
            continue;
        }
        match key {
            "input" => {
                let schema = ours
                    .and_then(|input| input.get("schema"))
                    .cloned()
                    .unwrap_or_default();
                draft.own.insert("inputSchema".to_owned(), schema);
            }
            key => {
                draft
                    .own
                    .insert(key.to_owned(), ours.cloned().unwrap_or_default());
            }
        }
    }
}

fn files(target: Target, draft: &mut Draft<'_>) -> Vec<(String, String)> {
    match target {
        Target::Dotprompt => dotprompt::write(draft),
        Target::Prompty => prompty::write(draft),
        Target::Langfuse => langfuse::write(draft),
        Target::Promptfoo => promptfoo::write(draft),
        Target::Langchain => langchain::write(draft),
        Target::Json => Vec::new(),
    }
}

/// The properties of the input schema, and whether each must be given.
fn variables(keys: &Keys) -> Vec<(String, Value, bool)> {
    let schema = keys
        .content
        .get("input")
        .and_then(|input| input.get("schema"));
    let required = schema
        .and_then(|schema| schema.get("required"))
        .and_then(Value::as_array);
    let is_required =
        |name: &str| required.is_some_and(|all| all.iter().any(|it| it.as_str() == Some(name)));
    let properties = schema
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), schema.clone(), is_required(name)))
        .collect()
}

/// A value under `promptctl`, where there is one.
fn own(draft: &Draft<'_>) -> Option<Value> {
    (!draft.own.is_empty()).then(|| json!(draft.own))
}
