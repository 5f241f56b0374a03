//! Prompts as files of other tools: one module a format that is read; those that are written stand in
//! [`export`].

pub mod code;
mod dotprompt;
mod draft;
pub mod export;
mod front;
mod guess;
mod humanloop;
mod json;
mod langchain;
mod langfuse;
mod mlflow;
mod ours;
mod picoschema;
mod promptfoo;
mod prompty;
mod semantic_kernel;
#[cfg(test)]
mod tests;
mod text;
mod versions;

use serde_json::{Map, Value};

use crate::prompt::code::SOURCE_DROPPED;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::visible;

pub use guess::{Ending, Guess, ending, guess, may_hold_prompts};

/// A file of a foreign tool.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The file as it is named in messages.
    pub path: &'a str,
    /// The name that the file proposes, without its ending.
    pub stem: &'a str,
    pub text: &'a str,
    /// Reads a file beside it, by a path from its own folder.
    pub beside: &'a dyn Fn(&str) -> Result<String, String>,
    /// The files that a pattern stands for, by their paths from its own folder, in their order.
    pub matching: &'a dyn Fn(&str) -> Result<Vec<String>, String>,
    /// What stands before the names of its partials here: the folder that they go to, or nothing.
    pub folder: &'a str,
    /// The role of a text that has none.
    pub role: &'a str,
    /// Whether blank lines that only keep a text the same to the letter are left out.
    pub is_tidy: bool,
}

/// A prompt that was read, as the prompt file it becomes.
#[derive(Debug, Clone, Default)]
pub struct Foreign {
    /// The name that the source proposes.
    pub name: String,
    /// The number of its version there.
    pub version: Option<u64>,
    /// Where it is live there.
    pub labels: Vec<String>,
    /// Who made that version there.
    pub author: Option<String>,
    /// When it was made there, as the source writes it.
    pub made: Option<String>,
    /// What was said there of the change that made that version.
    pub message: Option<String>,
    /// The keys of the prompt file, without number, digest and source.
    pub file: Map<String, Value>,
    /// The partials that it includes, by their names here.
    pub partials: Vec<(String, String)>,
    /// What did not come as it was.
    pub lost: Vec<Finding>,
    ours: Option<Box<Ours>>,
}

impl Foreign {
    /// With who made it there and when, by the names of these keys.
    fn made_there(
        mut self,
        map: &Map<String, Value>,
        [author, time]: [&str; 2],
        place: impl Fn(&str) -> Option<Span>,
    ) -> Self {
        let mut said = |key: &str| {
            let value = map.get(key).filter(|it| !it.is_null())?;
            if !value.is_string() {
                let message = format!("`{key}` is no text: left out");
                let mut note = Finding::note(SOURCE_DROPPED, message);
                note.span = place(key);
                self.lost.push(note);
            }
            Some(visible::line(value.as_str()?).into_owned())
        };
        let (author, made) = (said(author), said(time));
        Self {
            author,
            made,
            ..self
        }
    }
}

/// What our own export wrote down beside the prompt.
#[derive(Debug, Clone)]
struct Ours {
    /// What stands under `promptctl`.
    block: Map<String, Value>,
    /// The prompt with all of it, whatever the rest of the file says.
    with: Foreign,
}

/// What each format keeps and loses: one row for the code, the help and the topic.
#[derive(Debug)]
pub struct FormatRow {
    pub format: Format,
    /// The name that `--from` takes.
    pub name: &'static str,
    /// The format as people call it.
    pub title: &'static str,
    /// The files that it is known by.
    pub files: &'static str,
    /// What becomes of it.
    pub keeps: &'static str,
    /// What is reported and left out.
    pub loses: &'static str,
    /// What refuses a prompt.
    pub refuses: &'static str,
}

/// The formats and their rows, of one list: none can have the row of another.
macro_rules! formats {
    ($(#[doc = $doc:literal] $format:ident { $($key:ident: $value:expr,)* })*) => {
        /// A format that is read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Format {
            $(#[doc = $doc] $format,)*
        }

        /// All formats, in the order of the topic.
        pub const FORMATS: &[FormatRow] = &[
            $(FormatRow { format: Format::$format, $($key: $value,)* },)*
        ];
    };
}

formats! {
    /// Dotprompt, the format of Genkit.
    Dotprompt {
        name: "dotprompt",
        title: "Dotprompt (Genkit)",
        files: "`*.prompt`",
        keeps: "roles, history, pictures, partials, variants, Picoschema and JSON Schema, defaults, model, settings, output schema",
        loses: "`{{section}}`, sound and video, tools by name, `topK`, `name` and `version` of the front matter, keys of other tools",
        refuses: "a role or a picture inside a block; helpers that are not here",
    }
    /// Prompty, of both versions.
    Prompty {
        name: "prompty",
        title: "Prompty v1 and v2",
        files: "`*.prompty`",
        keeps: "messages in Jinja, Nunjucks or mustache, threads, inputs, samples, model, options, output schema, function tools",
        loses: "connections and whatever comes from the environment (never read; each value is named), tools of other kinds, authors",
        refuses: "embedding and image calls; a role inside a block; Jinja beyond the subset below",
    }
    /// What Langfuse exports, or answers.
    Langfuse {
        name: "langfuse",
        title: "Langfuse",
        files: "JSON of its export or its API",
        keeps: "every version in order with its number, commit message, author and time, text and chat, placeholders, tags, model and settings of `config`, prompts included in others of the same file",
        loses: "labels (named: a release makes a version live here), other keys of `config`",
        refuses: "a list without texts; an included prompt that the file does not hold",
    }
    /// A configuration of promptfoo.
    Promptfoo {
        name: "promptfoo",
        title: "promptfoo",
        files: "`promptfooconfig*.yaml`",
        keeps: "each prompt (texts, files, also by patterns, tables, chats as JSON or YAML), the first provider with its settings, tests in YAML, JSON or tables as cases (`description` as their id, `metadata` as tags), assertions on texts, JSON, latency, cost and rubrics as evaluators (`metric` as their name, the `provider` that judges as their model)",
        loses: "other providers (listed), assertions and transforms that are programs, thresholds and other options of tests",
        refuses: "prompts that are programs (never run) or that another service keeps; a chat that is JSON only once it is filled in",
    }
    /// Prompts of LangChain and LangSmith.
    Langchain {
        name: "langchain",
        title: "LangChain, LangSmith",
        files: "JSON or YAML with `_type`, `lc` or `template`",
        keeps: "messages in f-string, mustache or Jinja, placeholders, pictures, partial variables as defaults, examples written out, the bound model with its provider, structured output, tags",
        loses: "secrets (never copied), output parsers and other steps that are programs",
        refuses: "`{x:.2f}` and `{x!r}`; what LangChain itself could not write down",
    }
    /// Prompts of Semantic Kernel.
    SemanticKernel {
        name: "semantic-kernel",
        title: "Semantic Kernel",
        files: "`skprompt.txt` with `config.json`, YAML with `template`",
        keeps: "text or messages in its own language, Handlebars or Jinja, history and loops over messages, inputs, one set of settings",
        loses: "other sets of settings (listed), the description of the output",
        refuses: "calls of functions; Liquid; messages inside a block",
    }
    /// Versions of MLflow's registry.
    Mlflow {
        name: "mlflow",
        title: "MLflow",
        files: "JSON with `template` and `version`, or `model_versions`",
        keeps: "every version in order with its number and commit message, text and chat, double braces and Jinja, the model and its settings, the schema of the answer",
        loses: "aliases (named: a release makes a version live here), tags with values",
        refuses: "a version without its text; names with dots",
    }
    /// Files of Humanloop.
    Humanloop {
        name: "humanloop",
        title: "Humanloop",
        files: "`*.prompt` with `provider` or `endpoint` whose text begins with `<system>` or another message, `*.agent`",
        keeps: "messages, pictures, double braces and Jinja, model, settings, tools",
        loses: "other keys, such as those of agents",
        refuses: "messages and calls of tools",
    }
    /// A text, with front matter or without.
    Text {
        name: "text",
        title: "text, Markdown, VS Code and Claude commands",
        files: "`*.txt`, `*.md`, `*.prompt.md`",
        keeps: "one message, its heading as the title, model, settings and tags of the front matter, `${input:x}` and `$ARGUMENTS` as variables; braces stay text",
        loses: "keys for agents and tools; `{{x}}`, which stays text, is named: the format `jinja` fills it in",
        refuses: "nothing",
    }
    /// A template in Jinja or Nunjucks.
    Jinja {
        name: "jinja",
        title: "Jinja and Nunjucks files",
        files: "`*.j2`, `*.jinja`, `*.jinja2`, `*.njk`",
        keeps: "one message, front matter as that of a text",
        loses: "keys of the front matter for agents and tools",
        refuses: "Jinja beyond the subset below",
    }
}

impl Format {
    /// Its row of the table.
    pub fn row(self) -> &'static FormatRow {
        &FORMATS[self as usize]
    }

    /// The format of this name.
    pub fn find(name: &str) -> Option<Self> {
        FORMATS
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.format)
    }

    /// Reads a file of this format.
    ///
    /// # Errors
    /// What keeps the whole file from being read. What keeps one prompt of several out is the error
    /// in its place.
    pub fn read(self, source: &Source<'_>) -> Result<Vec<Result<Foreign, Refused>>, Finding> {
        let read = self.read_apart(source)?.into_iter();
        let settled = read.map(|one| one.map(|foreign| ours::settled(foreign, self, source)));
        Ok(settled.collect())
    }

    /// The same, with what our own export wrote down apart.
    fn read_apart(self, source: &Source<'_>) -> Result<Vec<Result<Foreign, Refused>>, Finding> {
        let one = |read: Result<Foreign, Finding>| {
            vec![read.map_err(|why| Refused {
                name: source.stem.to_owned(),
                version: None,
                why: Box::new(why),
            })]
        };
        match self {
            Self::Dotprompt => Ok(one(dotprompt::read(source))),
            Self::Prompty => Ok(one(prompty::read(source))),
            Self::Langfuse => langfuse::read(source),
            Self::Promptfoo => promptfoo::read(source),
            Self::Langchain => Ok(one(langchain::read(source))),
            Self::SemanticKernel => Ok(one(semantic_kernel::read(source))),
            Self::Mlflow => mlflow::read(source),
            Self::Humanloop => Ok(one(humanloop::read(source))),
            Self::Text => Ok(one(text::read(source))),
            Self::Jinja => Ok(one(text::jinja(source))),
        }
    }
}

/// A prompt that was not taken.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The name that it would have had.
    pub name: String,
    /// Its version there.
    pub version: Option<u64>,
    pub why: Box<Finding>,
}
