//! Texts: plain, Markdown with front matter, and Jinja files.

use regex::Regex;
use serde_json::Value;

use super::draft::Draft;
use super::front::Front;
use super::{Foreign, Source};
use crate::exchange::dialect::{Dialect, Expr, Known, Node, Template, is_name};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};

/// One message of a text; braces in it are text.
pub(super) fn read(source: &Source<'_>) -> Result<Foreign, Finding> {
    let text = source
        .text
        .trim_start_matches('\u{feff}')
        .replace("\r\n", "\n");
    let front = match text.starts_with("---\n") {
        true => Front::read(&text)?,
        false => Front {
            text: &text,
            keys: None,
            body: 0..text.len(),
        },
    };
    let mut draft = Draft {
        is_text_only: true,
        ..Draft::new(source)
    };
    for (key, value) in &front.map() {
        let at = front.place(key);
        match (key.as_str(), value) {
            ("description", Value::String(about)) => draft.description = Some(about.clone()),
            ("name" | "title", Value::String(title)) => draft.title = Some(title.clone()),
            ("model", Value::String(model)) => draft.model = Some(model.clone()),
            _ => draft.lose(
                code::SOURCE_DROPPED,
                at,
                format!("the key `{key}` has no counterpart here: left out"),
            ),
        }
    }
    let mut body = &text[front.body.clone()];
    if front.keys.is_some() {
        body = body.trim_start_matches('\n');
    }
    let heading = body.lines().find_map(|line| line.strip_prefix("# "));
    draft.title = draft
        .title
        .take()
        .or_else(|| heading.map(|heading| heading.trim().to_owned()));
    let template = with_inputs(body);
    draft.message(source.role, template.to_handlebars());
    draft.finish(source.stem.to_owned())
}

/// `${input:name}` of VS Code and `$ARGUMENTS` of Claude are variables; all else is text.
fn with_inputs(text: &str) -> Template {
    let mut nodes = Vec::new();
    let mut from = 0;
    if let Ok(input) = Regex::new(r"\$\{input:([^:}\n]+)(?::[^}\n]*)?\}|\$(ARGUMENTS)\b") {
        for found in input.captures_iter(text) {
            let name = found.get(1).map_or("arguments", |it| it.as_str().trim());
            if !is_name(name) {
                continue;
            }
            let whole = found.get(0).map_or(0..0, |it| it.range());
            nodes.push(Node::Text(text[from..whole.start].to_owned()));
            nodes.push(Node::Print(Expr::Path(name.to_owned(), Vec::new())));
            from = whole.end;
        }
    }
    nodes.push(Node::Text(text[from..].to_owned()));
    Template {
        nodes,
        notes: Vec::new(),
    }
}

/// One message of a Jinja template.
pub(super) fn jinja(source: &Source<'_>) -> Result<Foreign, Finding> {
    let mut draft = Draft::new(source);
    let text = source.text.trim_start_matches('\u{feff}');
    let is_nunjucks = source.path.ends_with(".njk");
    let dialect = if is_nunjucks {
        Dialect::Nunjucks
    } else {
        Dialect::Jinja
    };
    let template = draft.template(dialect, text, &Known::default(), |part: Span| Some(part))?;
    draft.message(source.role, template);
    draft.finish(source.stem.to_owned())
}
