//! Humanloop: front matter, then messages between `<system>` and its kin.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::draft::{Draft, refused};
use super::front::Front;
use super::langfuse::role_of;
use super::{Foreign, Source};
use crate::exchange::dialect::{Dialect, Known};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};

/// Where a message begins.
const OPEN: &str = r"(?m)^[ \t]*<(system|developer|user|assistant|tool)((?:\s[^<>]*)?)>";
/// A part of a message that is no text by itself.
static PART: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"<(image|text|tool_call|audio|document)\b([^<>]*?)(/?)>"#).ok());

/// Whether a body is one of Humanloop's: it begins with a message.
pub(super) fn has_form(body: &str) -> bool {
    Regex::new(OPEN).is_ok_and(|open| {
        open.find(body.trim_start())
            .is_some_and(|it| it.start() == 0)
    })
}

pub(super) fn read(source: &Source<'_>) -> Result<Foreign, Finding> {
    let text = source.text.replace("\r\n", "\n");
    let front = Front::read(text.trim_start_matches('\u{feff}'))?;
    let mut draft = Draft::new(source);
    let dialect = head(&front, &mut draft)?;
    draft.is_text_only = dialect == Dialect::Doubled;
    let messages = messages(&front, &mut draft)?;
    if messages.is_empty() {
        let body = front.body.clone();
        let whole = &front.text[body.clone()];
        let start = body.start + whole.len() - whole.trim_start().len();
        if whole.trim().is_empty() {
            return Err(refused(
                Some(front.span(body)),
                "it has no text",
                "write what the model is to do below the front matter",
            ));
        }
        message(
            source.role,
            start..start + whole.trim().len(),
            &front,
            dialect,
            &mut draft,
        )?;
    }
    for (role, body) in messages {
        message(role, body, &front, dialect, &mut draft)?;
    }
    draft.finish(source.stem.to_owned())
}

fn head(front: &Front<'_>, draft: &mut Draft) -> Result<Dialect, Finding> {
    let mut settings = front.map();
    let mut text = |key: &str, draft: &mut Draft| {
        let value = settings.remove(key)?;
        draft.text(key, &value, front.place(key))
    };
    let provider = text("provider", draft);
    draft.model = text("model", draft).map(|name| match provider {
        Some(provider) if !name.contains('/') => format!("{provider}/{name}"),
        _ => name,
    });
    draft.description = text("description", draft);
    let language = text("template_language", draft);
    let dialect = match language.as_deref() {
        None | Some("default") => Dialect::Doubled,
        Some("jinja" | "jinja2") => Dialect::Jinja,
        Some(other) => {
            return Err(refused(
                front.place("template_language"),
                format!("templates of the kind `{other}` are not known here"),
                "kinds are default and jinja",
            ));
        }
    };
    // -1 is its word for no limit.
    if settings.get("max_tokens").and_then(Value::as_i64) == Some(-1) {
        settings.remove("max_tokens");
    }
    for key in ["endpoint", "attributes"] {
        if settings.remove(key).is_some_and(|value| !value.is_null()) {
            draft.note(
                code::SOURCE_DROPPED,
                front.place(key),
                format!("the key `{key}` has no counterpart here: left out"),
            );
        }
    }
    let is_empty = |value: &Value| {
        value.as_object().is_some_and(serde_json::Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty)
    };
    settings.retain(|_, value| !value.is_null() && !is_empty(value));
    if let Some(Value::Object(other)) = settings.remove("other") {
        settings.extend(other);
    }
    draft.settings(&settings, |key| front.place(key));
    Ok(dialect)
}

/// The messages: their roles, and where their texts stand.
fn messages(
    front: &Front<'_>,
    draft: &mut Draft,
) -> Result<Vec<(&'static str, Range<usize>)>, Finding> {
    let Ok(open) = Regex::new(OPEN) else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    let mut from = front.body.start;
    while let Some(found) = open.captures(&front.text[from..front.body.end]) {
        let whole = found
            .get(0)
            .map_or(0..0, |it| from + it.start()..from + it.end());
        let name = found.get(1).map_or("", |it| it.as_str());
        if all.is_empty() && !front.text[from..whole.start].trim().is_empty() {
            // Tags in the midst of a text are text.
            return Ok(Vec::new());
        }
        let between = &front.text[from..whole.start];
        if !between.trim().is_empty() {
            let at = from + between.len() - between.trim_start().len();
            return Err(refused(
                Some(front.span(at..whole.start)),
                "a text that stands in no message",
                "put it between the tags of one",
            ));
        }
        let close = format!("</{name}>");
        let rest = &front.text[whole.end..front.body.end];
        let Some(length) = rest.find(&close) else {
            return Err(refused(
                Some(front.span(whole)),
                format!("`<{name}>` is never closed"),
                "close it",
            ));
        };
        let role = role_of(name).ok_or_else(|| {
            refused(
                Some(front.span(whole.clone())),
                format!("a message of the kind `{name}` has no counterpart here"),
                "give earlier messages as a list: `- placeholder: history`",
            )
        })?;
        let options = found.get(2).map_or("", |it| it.as_str()).trim();
        if !options.is_empty() {
            draft.lose(
                code::SOURCE_DROPPED,
                Some(front.span(whole.clone())),
                format!("`{options}` of a message has no counterpart here: left out"),
            );
        }
        all.push((role, whole.end..whole.end + length));
        from = whole.end + length + close.len();
    }
    let rest = &front.text[from..front.body.end];
    if !all.is_empty() && !rest.trim().is_empty() {
        let at = from + rest.len() - rest.trim_start().len();
        return Err(refused(
            Some(front.span(at..front.body.end)),
            "a text that stands in no message",
            "put it between the tags of one",
        ));
    }
    Ok(all)
}

fn message(
    role: &str,
    body: Range<usize>,
    front: &Front<'_>,
    dialect: Dialect,
    draft: &mut Draft,
) -> Result<(), Finding> {
    let mut parts = Vec::new();
    let mut from = body.start;
    while let Some(found) = PART
        .as_ref()
        .and_then(|part| part.captures(&front.text[from..body.end]))
    {
        let whole = found
            .get(0)
            .map_or(0..0, |it| from + it.start()..from + it.end());
        text(from..whole.start, front, dialect, draft, &mut parts)?;
        from = whole.end;
        let name = found.get(1).map_or("", |it| it.as_str());
        let options = found.get(2).map_or("", |it| it.as_str());
        let at = Some(front.span(whole.clone()));
        let is_closed = found.get(3).is_some_and(|it| !it.as_str().is_empty());
        match name {
            "text" => {
                let length = front.text[from..body.end].find("</text>");
                let end = from + length.unwrap_or(body.end - from);
                text(from..end, front, dialect, draft, &mut parts)?;
                from = (end + "</text>".len()).min(body.end);
            }
            "image" => {
                let Some(url) = option(options, "url") else {
                    return Err(refused(
                        at,
                        "a picture without an address",
                        "give it a `url`",
                    ));
                };
                let url = draft.template(dialect, url, &Known::default(), |_| at)?;
                let mut image = draft.picture(url, at);
                if let Some(detail) = option(options, "detail") {
                    image["detail"] = json!(detail);
                }
                parts.push(image);
                if !is_closed
                    && front.text[from..body.end]
                        .trim_start()
                        .starts_with("</image>")
                {
                    from +=
                        front.text[from..body.end].find("</image>").unwrap_or(0) + "</image>".len();
                }
            }
            other => {
                return Err(refused(
                    at,
                    format!("a part of the kind `{other}` has no counterpart here"),
                    "parts are texts and pictures",
                ));
            }
        }
    }
    text(from..body.end, front, dialect, draft, &mut parts)?;
    match parts.as_slice() {
        [] => draft.note(
            code::SOURCE_DROPPED,
            Some(front.span(body)),
            format!("an empty {role} message: left out"),
        ),
        [only] if only["type"] == "text" => {
            let text = only["text"].clone();
            draft.message(role, text);
        }
        _ => draft.message(role, Value::Array(parts)),
    }
    Ok(())
}

/// The value of an option in quotes.
fn option<'t>(options: &'t str, name: &str) -> Option<&'t str> {
    let rest = options.split_once(&format!("{name}="))?.1;
    let quote = rest.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    rest[1..].split(quote).next()
}

/// A text, without the line ends that part it from the tags.
fn text(
    at: Range<usize>,
    front: &Front<'_>,
    dialect: Dialect,
    draft: &mut Draft,
    parts: &mut Vec<Value>,
) -> Result<(), Finding> {
    let whole = &front.text[at.clone()];
    if whole.trim().is_empty() {
        return Ok(());
    }
    let start = at.start + usize::from(whole.starts_with('\n'));
    let text = front.text[start..at.end].trim_end();
    let place = |inner: Span| Some(front.places.inside(start, inner));
    let text = draft.template(dialect, text, &Known::default(), place)?;
    parts.push(json!({ "type": "text", "text": text }));
    Ok(())
}
