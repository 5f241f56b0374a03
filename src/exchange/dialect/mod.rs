//! Template languages of others, translated by way of one small tree.
//!
//! Each module reads one language into a [`Template`]: a tree in which white space stands as the
//! language would print it. [`Template::to_handlebars`] writes the tree as a template of ours that
//! renders the same. What the tree cannot say is a [`Mistake`] with its place, never a guess.

mod brackets;
mod differs;
mod expression;
mod fstring;
pub mod handlebars;
mod jinja;
mod mustache;
mod print;
mod tokens;
mod tree;
pub mod written;

#[cfg(test)]
pub(in crate::exchange) mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

pub use tree::{Expr, Key, LoopValue, Node, Note, Template, tidy};

/// A template language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// No language: everything is text.
    Plain,
    /// Python's Jinja2.
    Jinja,
    /// JavaScript's Nunjucks: Jinja, but for a few details.
    Nunjucks,
    Mustache,
    /// Python's `str.format`, which LangChain calls f-string.
    FString,
    /// Semantic Kernel: `{{$x}}`.
    SemanticKernel,
    /// Langfuse: `{{x}}` and nothing else.
    Langfuse,
    /// MLflow and Humanloop: names in double braces are replaced, wherever they stand.
    Doubled,
}

/// Something of a template that cannot be translated, or that its own language refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it stands, in bytes.
    pub at: Range<usize>,
    /// What it is.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
    /// What kind of thing it is.
    pub kind: MistakeKind,
}

/// What kind of thing a template holds that cannot be translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MistakeKind {
    /// Something that has no counterpart.
    Beyond,
    /// Only a name is in the way.
    Name,
    /// A block begins or ends without the other.
    Unbalanced,
}

impl Mistake {
    fn new(at: Range<usize>, message: impl Into<String>, help: &'static str) -> Self {
        Self {
            at,
            message: message.into(),
            help,
            kind: MistakeKind::Beyond,
        }
    }

    /// A block that begins or ends without the other.
    fn unbalanced(at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            kind: MistakeKind::Unbalanced,
            ..Self::new(at, message, "the template's own language refuses this, too")
        }
    }
}

/// What is said where an expression goes beyond what a template of ours can say.
const COMPUTE: &str =
    "compute it in the program that fills the template, and give the result as a variable";

fn beyond(at: Range<usize>, what: &str) -> Mistake {
    Mistake::new(
        at,
        format!("{what} has no counterpart in a template here"),
        COMPUTE,
    )
}

/// What is known of the variables of a template besides its text.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The variables that callers give, where the source lists them.
    pub variables: Option<BTreeSet<String>>,
    /// Those of them that are lists.
    pub lists: BTreeSet<String>,
    /// Those of them that are texts.
    pub texts: BTreeSet<String>,
    /// Those of them that are true or false.
    pub flags: BTreeSet<String>,
    /// Those of them that are numbers.
    pub numbers: BTreeSet<String>,
    /// Whether `env` is the environment.
    pub has_environment: bool,
}

impl Dialect {
    /// Reads a template.
    ///
    /// # Errors
    /// The first thing in it that no template of ours can say.
    pub fn read(self, text: &str, known: &Known) -> Result<Template, Mistake> {
        let mut template = match self {
            Self::Plain => Template {
                nodes: vec![Node::Text(text.to_owned())],
                notes: Vec::new(),
            },
            Self::Jinja => jinja::read(text, false, known)?,
            Self::Nunjucks => jinja::read(text, true, known)?,
            Self::Mustache => mustache::read(text, known)?,
            Self::FString => fstring::read(text)?,
            Self::SemanticKernel => brackets::semantic_kernel(text)?,
            Self::Langfuse => brackets::langfuse(text)?,
            Self::Doubled => brackets::doubled(text)?,
        };
        template.nodes = tree::tidy(std::mem::take(&mut template.nodes));
        Ok(template)
    }

    /// The language as people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain text",
            Self::Jinja => "Jinja",
            Self::Nunjucks => "Nunjucks",
            Self::Mustache => "mustache",
            Self::FString => "f-string",
            Self::SemanticKernel => "Semantic Kernel",
            Self::Langfuse => "Langfuse",
            Self::Doubled => "double braces",
        }
    }
}

/// Whether a name can stand in a template of ours.
pub fn is_name(text: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(is_inner)
}

/// The words that mean something of their own in a template of ours.
const WORDS: [&str; 6] = ["else", "this", "true", "false", "null", "undefined"];

/// The variable of this name, if a template of ours can name it.
fn variable(name: &str, at: Range<usize>) -> Result<String, Mistake> {
    if is_name(name) && !WORDS.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(Mistake {
        kind: MistakeKind::Name,
        ..Mistake::new(
            at,
            format!("a variable cannot be named `{name}` here"),
            "names are letters, digits and `_`: rename the variable in the source",
        )
    })
}
