//! Templates of ours as the tree between the languages, as far as it says them.

use std::ops::Range;

use serde_json::Value;

use super::tree::{Expr, Key, LoopValue, Node};
use crate::prompt::template::parsed;
use crate::prompt::template::tree::{self as ours, BlockKind, ExprKind, Path, Start};

/// The helpers that the tree knows, by the names that it has for them.
const HELPERS: [&str; 19] = [
    "upper", "lower", "trim", "default", "join", "length", "first", "last", "abs", "json", "eq",
    "ne", "lt", "lte", "gt", "gte", "and", "or", "not",
];

/// Reads a template of ours.
///
/// # Errors
/// The first thing that the tree cannot say.
pub fn read(text: &str) -> Result<Vec<Node>, String> {
    let nodes: Result<Vec<Node>, String> =
        pieces(text)?.into_iter().map(|piece| piece.node).collect();
    Ok(super::tree::tidy(nodes?))
}

/// A piece of a template.
#[derive(Debug)]
pub struct Piece {
    /// What it is; or what the tree cannot say of it.
    pub node: Result<Node, String>,
    /// What a caller who does not give a variable is never shown, if it is that.
    pub optional: Option<Optional>,
}

/// A block that prints nothing where its variable is not given.
#[derive(Debug)]
pub struct Optional {
    /// The tag that opens it.
    pub tag: String,
    /// The text in it.
    pub text: String,
}

/// The pieces of a template of ours, each read for itself.
///
/// # Errors
/// What the tree cannot say of the template as a whole.
pub fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let body = parsed(text).map_err(|finding| finding.message)?;
    check(&body)?;
    let mut reader = Reader {
        text,
        items: Vec::new(),
    };
    let piece = |node: &ours::Node| Piece {
        node: reader.node(node),
        optional: optional(node),
    };
    Ok(body.nodes.iter().map(piece).collect())
}

fn check(body: &ours::Body) -> Result<(), String> {
    match body.inlines.is_empty() {
        true => Ok(()),
        false => Err("a partial that is defined inside a text".to_owned()),
    }
}

fn optional(node: &ours::Node) -> Option<Optional> {
    let ours::Node::Block(block) = node else {
        return None;
    };
    let word = match block.kind {
        BlockKind::If => "if",
        BlockKind::Each => "each",
        BlockKind::With => "with",
        // It is what such a caller is shown.
        BlockKind::Unless => return None,
    };
    let ExprKind::Path(path) = &block.subject.kind else {
        return None;
    };
    if !block.otherwise.nodes.is_empty() {
        return None;
    }
    let mut text = String::new();
    texts(&block.body, &mut text);
    Some(Optional {
        tag: format!("{{{{#{word} {}}}}}", path.raw),
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
    })
}

/// The text of a body, with a sign for everything else.
fn texts(body: &ours::Body, out: &mut String) {
    for node in &body.nodes {
        match node {
            ours::Node::Text(text) => out.push_str(text),
            ours::Node::Block(block) => {
                texts(&block.body, out);
                texts(&block.otherwise, out);
            }
            ours::Node::Print(_) | ours::Node::Include(_) => out.push('…'),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    /// The names of the items of the loops around, the innermost last.
    items: Vec<String>,
}

impl Reader<'_> {
    fn nodes(&mut self, body: &ours::Body) -> Result<Vec<Node>, String> {
        check(body)?;
        body.nodes.iter().map(|node| self.node(node)).collect()
    }

    fn node(&mut self, node: &ours::Node) -> Result<Node, String> {
        match node {
            ours::Node::Text(text) => Ok(Node::Text(text.clone())),
            ours::Node::Print(expr) => Ok(match self.expr(expr)? {
                Expr::Literal(Value::String(text)) => Node::Text(text),
                expr => Node::Print(expr),
            }),
            ours::Node::Include(include) => Err(format!("the partial `{}`", include.name)),
            ours::Node::Block(block) => self.block(block),
        }
    }

    fn block(&mut self, block: &ours::Block) -> Result<Node, String> {
        let subject = self.expr(&block.subject)?;
        let mut otherwise = self.nodes(&block.otherwise)?;
        match block.kind {
            BlockKind::If | BlockKind::Unless => {
                if block.include_zero {
                    return Err("`includeZero`".to_owned());
                }
                let condition = match block.kind {
                    BlockKind::Unless => Expr::Call("not", vec![subject]),
                    _ => subject,
                };
                let mut arms = vec![(condition, self.nodes(&block.body)?)];
                // `{{else if}}` is a block alone in the other body.
                if let [Node::If { .. }] = otherwise.as_slice()
                    && let Some(Node::If {
                        arms: more,
                        otherwise: last,
                    }) = otherwise.pop()
                {
                    arms.extend(more);
                    otherwise = last;
                }
                Ok(Node::If { arms, otherwise })
            }
            BlockKind::Each => {
                if !matches!(subject, Expr::Path(..)) {
                    return Err("a loop over a computed list".to_owned());
                }
                let item = match block.params.as_slice() {
                    [] => self.new_name(),
                    [item] => item.clone(),
                    _ => return Err("a loop that names the place of its items".to_owned()),
                };
                self.items.push(item.clone());
                let body = self.nodes(&block.body);
                self.items.pop();
                Ok(Node::Each {
                    item: Some(item),
                    list: subject,
                    body: body?,
                    otherwise,
                })
            }
            BlockKind::With => Err("`{{#with}}`".to_owned()),
        }
    }

    /// A name for the item of a loop that the template does not use.
    fn new_name(&self) -> String {
        let is_free = |name: &String| {
            !self.text.contains(name.as_str()) && !self.items.iter().any(|item| item == name)
        };
        let names = (1..).map(|number| match number {
            1 => "item".to_owned(),
            number => format!("item{number}"),
        });
        names.into_iter().find(is_free).unwrap_or_default()
    }

    fn expr(&self, expr: &ours::Expr) -> Result<Expr, String> {
        let call = match &expr.kind {
            ExprKind::Literal(value) => return Ok(Expr::Literal(value.clone())),
            ExprKind::Path(path) => return self.path(path),
            ExprKind::Call(call) => call,
        };
        let name = call.helper.name;
        let known = HELPERS.iter().find(|known| **known == name);
        let (Some(known), true) = (known, call.options.is_empty()) else {
            return Err(format!("the helper `{name}`"));
        };
        let mut args = Vec::new();
        for arg in &call.args {
            args.push(self.expr(arg)?);
        }
        if *known == "join" && args.len() == 1 {
            args.push(Expr::Literal(Value::from(", ")));
        }
        if *known == "default" && args.len() > 2 {
            return Err("`default` with several values".to_owned());
        }
        Ok(Expr::Call(known, args))
    }

    fn path(&self, path: &Path) -> Result<Expr, String> {
        let beyond = || format!("`{{{{{}}}}}`", path.raw);
        let (first, rest) = match path.segments.split_first() {
            Some((first, rest)) => (Some(first.as_str()), rest),
            None => (None, path.segments.as_slice()),
        };
        if path.start == Start::Local {
            return match (first, path.up) {
                (Some("index"), 0) => Ok(Expr::Loop(LoopValue::Index)),
                (Some("first"), 0) => Ok(Expr::Loop(LoopValue::First)),
                (Some("last"), 0) => Ok(Expr::Loop(LoopValue::Last)),
                _ => Err(beyond()),
            };
        }
        if path.start == Start::Name
            && path.up == 0
            && let Some(first) = first
            && self.items.iter().any(|item| item == first)
        {
            return Ok(Expr::Path(first.to_owned(), keys(rest)));
        }
        let outside = match path.start {
            Start::Root => Some(0),
            _ => self.items.len().checked_sub(path.up),
        };
        let (name, rest, hidden): (&str, &[String], Range<usize>) = match outside {
            None => return Err(beyond()),
            Some(0) => match first.filter(|name| super::is_name(name)) {
                Some(first) => (first, rest, 0..self.items.len()),
                None => return Err(beyond()),
            },
            Some(depth) => (
                &self.items[depth - 1],
                &path.segments,
                depth..self.items.len(),
            ),
        };
        if super::WORDS.contains(&name) || self.items[hidden].iter().any(|item| item == name) {
            return Err(beyond());
        }
        Ok(Expr::Path(name.to_owned(), keys(rest)))
    }
}

fn keys(segments: &[String]) -> Vec<Key> {
    let key = |segment: &String| match segment.parse() {
        Ok(index) => Key::Index(index),
        Err(_) => Key::Name(segment.clone()),
    };
    segments.iter().map(key).collect()
}
