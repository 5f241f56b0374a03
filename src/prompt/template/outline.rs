//! The outline of a template: what checking needs, without the parser.
//!
//! The parser takes most of the time in which thousands of prompts are checked, and most templates
//! are made of a few plain tags. Those are read from the scan alone; anything else goes to the
//! parser. An outline has no texts between its tags, so it is never rendered.

use super::path::Path;
use super::scan::{Kind, Tag};
use super::tree::{Block, BlockKind, Body, Expr, ExprKind, Include, Node};
use crate::prompt::finding::Span;

/// The outline of a text with these tags; none where only the parser can tell. The tags were
/// checked to open and close in pairs.
pub(super) fn outline(text: &str, tags: &[Tag<'_>], source: usize) -> Option<Body> {
    // A backslash can make text of a tag.
    if text.contains("\\{{") {
        return None;
    }
    let body = || Body {
        source,
        ..Body::default()
    };
    let mut top = body();
    let mut open: Vec<(Block, bool)> = Vec::new();
    for tag in tags {
        let whole = text.get(tag.start..tag.end)?;
        let inner = whole.strip_prefix("{{")?.strip_suffix("}}")?;
        let node = match tag.kind {
            Kind::Print => Node::Print(path(inner.trim(), tag.at)?),
            Kind::Partial => Node::Include(include(inner.strip_prefix('>')?.trim(), tag.at)?),
            Kind::Open => {
                open.push((block(inner.strip_prefix('#')?, tag.at, body)?, false));
                continue;
            }
            Kind::Else if inner == "else" => {
                open.last_mut()?.1 = true;
                continue;
            }
            Kind::Close => {
                inner.strip_prefix('/').filter(|name| is_name(name))?;
                Node::Block(open.pop()?.0)
            }
            _ => return None,
        };
        match open.last_mut() {
            None => top.nodes.push(node),
            Some((block, false)) => block.body.nodes.push(node),
            Some((block, true)) => block.otherwise.nodes.push(node),
        }
    }
    open.is_empty().then_some(top)
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let starts = bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `user.name`, and nothing that could mean something else.
fn path(text: &str, at: Span) -> Option<Expr> {
    const WORDS: [&str; 5] = ["true", "false", "null", "undefined", "else"];
    let is_plain = text.split('.').all(is_name) && !WORDS.contains(&text);
    is_plain.then(|| Expr {
        kind: ExprKind::Path(Path::parse(text)),
        at,
    })
}

/// `tone` or `support/refund`.
fn include(text: &str, at: Span) -> Option<Include> {
    text.split('/').all(is_name).then(|| Include {
        name: text.to_owned(),
        context: None,
        options: Vec::new(),
        block: None,
        indent: String::new(),
        at,
    })
}

/// `if user.name`.
fn block(text: &str, at: Span, body: impl Fn() -> Body) -> Option<Block> {
    let (name, subject) = text.split_once(' ')?;
    Some(Block {
        kind: BlockKind::find(name)?,
        subject: path(subject.trim(), at)?,
        include_zero: false,
        params: Vec::new(),
        body: body(),
        otherwise: body(),
        at,
    })
}
