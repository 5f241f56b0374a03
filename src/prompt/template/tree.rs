//! A template as a tree that is easy to check and to render.

use serde_json::Value;

use super::helpers::Helper;
use super::path::Path;
use crate::prompt::finding::Span;

/// What stands between two tags, or a whole template.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) nodes: Vec<Node>,
    /// Partials defined here; they are known in the whole body and in what it includes.
    pub(super) inlines: Vec<Inline>,
    /// Which of the sources the text comes from.
    pub(super) source: usize,
}

/// `{{#*inline "name"}}`.
#[derive(Debug)]
pub(super) struct Inline {
    pub(super) name: String,
    pub(super) body: Body,
}

/// One piece of a body.
#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    Print(Expr),
    Block(Block),
    Include(Include),
}

/// `{{#if x}} … {{else}} … {{/if}}` and its kin.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: BlockKind,
    pub(super) subject: Expr,
    /// `includeZero=true`: 0 counts as true.
    pub(super) include_zero: bool,
    /// The names in `as |item index|`.
    pub(super) params: Vec<String>,
    pub(super) body: Body,
    pub(super) otherwise: Body,
    pub(super) at: Span,
}

/// What a block does with its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockKind {
    If,
    Unless,
    Each,
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
pub(super) struct Include {
    pub(super) name: String,
    pub(super) context: Option<Expr>,
    pub(super) options: Vec<(String, Expr)>,
    /// What stands inside `{{#> name}}`.
    pub(super) block: Option<Body>,
    /// The blanks before a tag that stands alone on its line.
    pub(super) indent: String,
    pub(super) at: Span,
}

/// Something that has a value.
#[derive(Debug)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) at: Span,
}

/// What an expression is.
#[derive(Debug)]
pub(super) enum ExprKind {
    Literal(Value),
    Path(Path),
    Call(Call),
}

/// `upper x`.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) helper: &'static Helper,
    pub(super) args: Vec<Expr>,
    pub(super) options: Vec<(String, Expr)>,
}
