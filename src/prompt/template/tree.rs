//! A template as a tree that is easy to check and to render.

use serde_json::Value;

use super::helpers::Helper;
pub use super::path::{Path, Start};
use crate::prompt::finding::Span;

/// What stands between two tags, or a whole template.
#[derive(Debug, Default)]
pub struct Body {
    /// What it prints.
    pub nodes: Vec<Node>,
    /// Partials defined here; they are known in the whole body and in what it includes.
    pub inlines: Vec<Inline>,
    /// Which of the sources the text comes from.
    pub source: usize,
}

/// `{{#*inline "name"}}`.
#[derive(Debug)]
pub struct Inline {
    pub name: String,
    /// Its text.
    pub body: Body,
}

/// One piece of a body.
#[derive(Debug)]
pub enum Node {
    /// Text as it stands.
    Text(String),
    /// A value.
    Print(Expr),
    Block(Block),
    /// A partial.
    Include(Include),
}

/// `{{#if x}} … {{else}} … {{/if}}` and its kin.
#[derive(Debug)]
pub struct Block {
    /// What it does.
    pub kind: BlockKind,
    /// What it does that with.
    pub subject: Expr,
    /// `includeZero=true`: 0 counts as true.
    pub include_zero: bool,
    /// The names in `as |item index|`.
    pub params: Vec<String>,
    /// What stands up to `{{else}}`.
    pub body: Body,
    /// What stands after it.
    pub otherwise: Body,
    /// Where it begins.
    pub at: Span,
}

/// What a block does with its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// `{{#if}}`.
    If,
    /// `{{#unless}}`.
    Unless,
    /// `{{#each}}`.
    Each,
    /// `{{#with}}`.
    With,
}

impl BlockKind {
    pub(super) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "if" => Self::If,
            "unless" => Self::Unless,
            "each" => Self::Each,
            "with" => Self::With,
            _ => return None,
        })
    }
}

/// `{{> name context key=value}}` or `{{#> name}} … {{/name}}`.
#[derive(Debug)]
pub struct Include {
    pub name: String,
    /// What its names are looked up in, where that is said.
    pub context: Option<Expr>,
    /// The values that it is given.
    pub options: Vec<(String, Expr)>,
    /// What stands inside `{{#> name}}`.
    pub block: Option<Body>,
    /// The blanks before a tag that stands alone on its line.
    pub indent: String,
    /// Where it stands.
    pub at: Span,
}

/// Something that has a value.
#[derive(Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub at: Span,
}

/// What an expression is.
#[derive(Debug)]
pub enum ExprKind {
    /// A text, a number, true, false or null.
    Literal(Value),
    /// A variable, or a part of one.
    Path(Path),
    /// What a helper makes of values.
    Call(Call),
}

/// `upper x`.
#[derive(Debug)]
pub struct Call {
    pub helper: &'static Helper,
    /// The values that it is given.
    pub args: Vec<Expr>,
    pub options: Vec<(String, Expr)>,
}
