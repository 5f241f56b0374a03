//! The tree as a template of ours.

use serde_json::Value;

use super::{Expr, Key, LoopValue, Node, Template};
use crate::exchange::escape;

/// A piece of the template that is written.
enum Piece {
    Text(String),
    /// What prints, without its braces.
    Print(String),
    /// What prints nothing itself, without its braces: Handlebars takes the line away where it
    /// stands alone.
    Block(String),
}

impl Template {
    /// The tree as a template that renders the same.
    pub fn to_handlebars(&self) -> String {
        self.written(false).0
    }

    /// The same without what keeps lines of which a block is all, and how many lines those are: they
    /// are gone from the text.
    pub fn to_tidy_handlebars(&self) -> (String, usize) {
        self.written(true)
    }

    fn written(&self, is_tidy: bool) -> (String, usize) {
        let mut printer = Printer::default();
        printer.nodes(&self.nodes);
        written(&printer.pieces, is_tidy)
    }
}

#[derive(Default)]
struct Printer {
    pieces: Vec<Piece>,
    /// The names of the items of the loops around, the innermost last.
    items: Vec<Option<String>>,
}

impl Printer {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(text) => self.pieces.push(Piece::Text(text.clone())),
                Node::Print(Expr::Literal(value)) => {
                    let text = match value {
                        Value::String(text) => text.clone(),
                        Value::Null => String::new(),
                        other => other.to_string(),
                    };
                    self.pieces.push(Piece::Text(text));
                }
                Node::Print(expr) => {
                    let written = self.expr(expr);
                    // A call in the place of a tag has no brackets.
                    let bare = match expr {
                        Expr::Call(..) => written
                            .strip_prefix('(')
                            .and_then(|rest| rest.strip_suffix(')'))
                            .map(str::to_owned),
                        _ => None,
                    };
                    self.pieces.push(Piece::Print(bare.unwrap_or(written)));
                }
                Node::If { arms, otherwise } => {
                    for (index, (condition, body)) in arms.iter().enumerate() {
                        let sign = if index == 0 { "#if" } else { "else if" };
                        let condition = self.expr(condition);
                        self.block(format!("{sign} {condition}"));
                        self.nodes(body);
                    }
                    self.otherwise(otherwise);
                    self.block("/if".to_owned());
                }
                Node::Each {
                    item,
                    list,
                    body,
                    otherwise,
                } => {
                    let list = self.expr(list);
                    let name = item.as_ref().map(|item| format!(" as |{item}|"));
                    self.block(format!("#each {list}{}", name.unwrap_or_default()));
                    self.items.push(item.clone());
                    self.nodes(body);
                    self.items.pop();
                    self.otherwise(otherwise);
                    self.block("/each".to_owned());
                }
            }
        }
    }

    fn otherwise(&mut self, nodes: &[Node]) {
        if !nodes.is_empty() {
            self.block("else".to_owned());
            self.nodes(nodes);
        }
    }

    fn block(&mut self, inner: String) {
        self.pieces.push(Piece::Block(inner));
    }

    fn expr(&self, expr: &Expr) -> String {
        match expr {
            Expr::Path(name, keys) => {
                let is_item = self.items.iter().flatten().any(|item| item == name);
                // Inside a loop, names are looked up in the item.
                let root = match is_item || self.items.is_empty() {
                    true => name.clone(),
                    false => format!("@root.{name}"),
                };
                path(root, keys)
            }
            Expr::Item(keys) => path("this".to_owned(), keys),
            Expr::Literal(value) => literal(value),
            Expr::Call(helper, args) => {
                let args: Vec<String> = args.iter().map(|arg| self.expr(arg)).collect();
                format!("({helper} {})", args.join(" "))
            }
            Expr::Loop(value) => match value {
                LoopValue::Index => "@index".to_owned(),
                LoopValue::First => "@first".to_owned(),
                LoopValue::Last => "@last".to_owned(),
            },
        }
    }
}

fn path(root: String, keys: &[Key]) -> String {
    let mut out = root;
    for key in keys {
        match key {
            Key::Name(name) if super::is_name(name) => out.push_str(&format!(".{name}")),
            Key::Name(name) => out.push_str(&format!(".[{name}]")),
            Key::Index(index) => out.push_str(&format!(".[{index}]")),
        }
    }
    out
}

fn literal(value: &Value) -> String {
    match value {
        // Handlebars knows no escapes in quotes: what holds one kind stands in the other.
        Value::String(text) if text.contains('"') => format!("'{text}'"),
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// Whether a text can stand in quotes in a tag of ours.
pub(super) fn can_be_quoted(text: &str) -> bool {
    let has_both_quotes = text.contains('"') && text.contains('\'');
    !has_both_quotes && !text.contains(['\\', '{', '}', '\n', '\r'])
}

fn written(pieces: &[Piece], is_tidy: bool) -> (String, usize) {
    let mut out = String::new();
    let mut gone = 0;
    let alone = alone(pieces);
    for (piece, is_alone) in pieces.iter().zip(alone) {
        match piece {
            Piece::Text(text) => escape::put_text(text, &mut out),
            Piece::Print(inner) => escape::put_tag(inner, &mut out),
            Piece::Block(inner) => {
                escape::put_tag(inner, &mut out);
                if is_alone && is_tidy {
                    gone += 1;
                } else if is_alone {
                    // A comment beside it keeps the line.
                    out.push_str("{{!}}");
                }
            }
        }
    }
    (out, gone)
}

/// Which pieces have nothing but blanks and blocks beside them on their line.
fn alone(pieces: &[Piece]) -> Vec<bool> {
    let mut alone = Vec::with_capacity(pieces.len());
    let mut is_blank = true;
    for piece in pieces {
        alone.push(is_blank);
        is_blank = match piece {
            Piece::Block(_) => is_blank,
            Piece::Print(_) => false,
            Piece::Text(text) => match text.rsplit_once('\n') {
                Some((_, line)) => line.trim().is_empty(),
                None => is_blank && text.trim().is_empty(),
            },
        };
    }
    is_blank = true;
    for (piece, is_alone) in pieces.iter().zip(&mut alone).rev() {
        *is_alone &= is_blank;
        is_blank = match piece {
            Piece::Block(_) => is_blank,
            Piece::Print(_) => false,
            Piece::Text(text) => match text.split_once('\n') {
                Some((line, _)) => line.trim().is_empty(),
                None => is_blank && text.trim().is_empty(),
            },
        };
    }
    alone
}
