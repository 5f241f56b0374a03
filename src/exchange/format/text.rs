//! Texts: plain, Markdown with front matter, and Jinja files.

use regex::Regex;
use serde_json::Map;

use super::draft::{Draft, is_setting};
use super::front::Front;
use super::{Foreign, Source};
use crate::exchange::dialect::{Dialect, Expr, Known, Node, Template, is_name};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};

/// One message of a text; braces in it are text.
pub(super) fn read(source: &Source<'_>) -> Result<Foreign, Finding> {
    let text = plain(source);
    let mut draft = Draft {
        is_text_only: true,
        ..Draft::new(source)
    };
    let (front, start) = opened(&text, &mut draft)?;
    let body = &text[start..];
    let heading = body.lines().find_map(|line| line.strip_prefix("# "));
    draft.title = draft
        .title
        .take()
        .or_else(|| heading.map(|heading| heading.trim().to_owned()));
    let template = with_inputs(body);
    doubled(start, &front, &mut draft);
    draft.message(source.role, template.to_handlebars());
    draft.finish(source.stem.to_owned())
}

/// The text of a source, without the mark of its encoding, and with one kind of line ends.
fn plain(source: &Source<'_>) -> String {
    let text = source.text.strip_prefix('\u{feff}');
    text.unwrap_or(source.text).replace("\r\n", "\n")
}

/// A text with what its front matter says taken, and where its body begins.
fn opened<'t>(text: &'t str, draft: &mut Draft) -> Result<(Front<'t>, usize), Finding> {
    let front = match text.starts_with("---\n") {
        true => Front::read(text)?,
        false => Front::without_keys(text),
    };
    head(&front, draft);
    let start = match front.keys.is_some() {
        true => text.len() - text[front.body.clone()].trim_start_matches('\n').len(),
        false => front.body.start,
    };
    Ok((front, start))
}

/// What prompts have in front matter; the rest is for agents.
fn head(front: &Front<'_>, draft: &mut Draft) {
    let mut settings = Map::new();
    for (key, value) in &front.map() {
        let at = front.place(key);
        match key.as_str() {
            "description" => draft.description = draft.text(key, value, at),
            "name" | "title" if draft.title.is_none() => draft.title = draft.text(key, value, at),
            "model" => draft.model = draft.text(key, value, at),
            "tags" => draft.take_tags(value, at),
            // Names of what an agent may use.
            "tools" => draft.lose(
                code::SOURCE_DROPPED,
                at,
                "the key `tools` has no counterpart here: left out",
            ),
            key if is_setting(key) => {
                settings.insert(key.to_owned(), value.clone());
            }
            _ => draft.lose(
                code::SOURCE_DROPPED,
                at,
                format!("the key `{key}` has no counterpart here: left out"),
            ),
        }
    }
    draft.settings(&settings, |key| front.place(key));
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

/// Names in double braces stay text, which may not be what was meant.
fn doubled(start: usize, front: &Front<'_>, draft: &mut Draft) {
    let body = &front.text[start..];
    let known = Regex::new(r"\{\{-?\s*([A-Za-z_][A-Za-z0-9_.]*)\s*-?\}\}|\{%-?\s*\w+");
    let Some(found) = known.ok().and_then(|known| known.find(body)) else {
        return;
    };
    draft.lose(
        code::SOURCE_CHANGED,
        Some(front.span(start + found.start()..start + found.end())),
        format!(
            "`{}` stays text; if it is to be filled in, name the format jinja",
            found.as_str()
        ),
    );
}

/// One message of a Jinja template; what stands between dashes above it is no part of the text.
pub(super) fn jinja(source: &Source<'_>) -> Result<Foreign, Finding> {
    let mut draft = Draft::new(source);
    let text = plain(source);
    let (front, start) = opened(&text, &mut draft)?;
    let is_nunjucks = source.path.ends_with(".njk");
    let dialect = if is_nunjucks {
        Dialect::Nunjucks
    } else {
        Dialect::Jinja
    };
    let place = |part: Span| Some(front.places.inside(start, part));
    let template = draft.template(dialect, &text[start..], &Known::default(), place)?;
    if is_nunjucks && template.contains("{{") {
        let message = "Nunjucks writes `<`, `>`, `&` and quotes of values as `&lt;` and the like unless `autoescape` is off; here they stand as they are";
        draft.note(code::SOURCE_CHANGED, None, message);
    }
    draft.message(source.role, template);
    draft.finish(source.stem.to_owned())
}
