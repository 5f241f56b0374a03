//! Languages of which a variable in brackets is nearly everything: Langfuse and Semantic Kernel.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::tree::{Expr, Node, Template};
use super::{Mistake, variable};

/// Langfuse: `{{x}}`. All else is text, `{{#if}}` and `{{{x}}}` too.
pub(super) fn langfuse(text: &str) -> Result<Template, Mistake> {
    let mut nodes = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        let braces = text[start..]
            .bytes()
            .take_while(|byte| *byte == b'{')
            .count();
        let inside = start + 2;
        let Some(length) = name_end(&text[inside..]).filter(|_| braces == 2) else {
            at = start + braces;
            continue;
        };
        let inner = text[inside..inside + length].trim();
        let end = inside + length + 2;
        let is_text = inner.is_empty()
            || text[end..].starts_with('}')
            || inner.contains(['"', '#', '/', '^', '&', '>', '!']);
        if is_text {
            at = inside;
            continue;
        }
        nodes.push(Node::Text(text[from..start].to_owned()));
        nodes.push(Node::Print(Expr::Path(
            variable(inner, start..end)?,
            Vec::new(),
        )));
        from = end;
        at = end;
    }
    nodes.push(Node::Text(text[from..].to_owned()));
    Ok(Template {
        nodes,
        notes: Vec::new(),
    })
}

/// Where `}}` stands on the line, before other braces open. What follows those is looked at from there,
/// and once.
fn name_end(text: &str) -> Option<usize> {
    let end = text.find(['{', '\n']).unwrap_or(text.len());
    text[..end].find("}}")
}

static DOUBLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\s*\}\}").ok()
});

/// Names in double braces; all else is text, whatever braces stand around it.
pub(super) fn doubled(text: &str) -> Result<Template, Mistake> {
    let mut nodes = Vec::new();
    let mut from = 0;
    for found in DOUBLED.iter().flat_map(|name| name.captures_iter(text)) {
        let at = found.get(0).map_or(0..0, |it| it.range());
        let name = found.get(1).map_or("", |it| it.as_str());
        nodes.push(Node::Text(text[from..at.start].to_owned()));
        from = at.end;
        nodes.push(Node::Print(Expr::Path(variable(name, at)?, Vec::new())));
    }
    nodes.push(Node::Text(text[from..].to_owned()));
    Ok(Template {
        nodes,
        notes: Vec::new(),
    })
}

/// Semantic Kernel: `{{$x}}`, `{{"text"}}`, and calls of functions, which are refused.
pub(super) fn semantic_kernel(text: &str) -> Result<Template, Mistake> {
    let mut nodes = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let start = from + found;
        nodes.push(Node::Text(text[from..start].to_owned()));
        let inside = start + 2;
        let Some(length) = text[inside..].find("}}") else {
            nodes.push(Node::Text(text[start..].to_owned()));
            return Ok(Template {
                nodes,
                notes: Vec::new(),
            });
        };
        let end = inside + length + 2;
        let inner = text[inside..inside + length].trim();
        let quote = inner
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        if let Some(name) = inner
            .strip_prefix('$')
            .filter(|name| !name.contains(char::is_whitespace))
        {
            nodes.push(Node::Print(Expr::Path(
                variable(name, start..end)?,
                Vec::new(),
            )));
        } else if inner.is_empty() {
            nodes.push(Node::Text(text[start..end].to_owned()));
        } else if let Some(quote) = quote
            && inner.len() >= 2
            && inner.ends_with(quote)
            && !inner[1..inner.len() - 1].contains([quote, '\\'])
        {
            let value = Value::String(inner[1..inner.len() - 1].to_owned());
            nodes.push(Node::Print(Expr::Literal(value)));
        } else {
            let name = inner.split_whitespace().next().unwrap_or_default();
            return Err(Mistake::new(
                start..end,
                format!("the call of the function `{name}` has no counterpart in a template here"),
                "call it in the program that fills the template, and give the result as a variable",
            ));
        }
        from = end;
    }
    nodes.push(Node::Text(text[from..].to_owned()));
    Ok(Template {
        nodes,
        notes: Vec::new(),
    })
}
