//! What the templates of a file of Prompty's are written in.

use serde_json::{Map, Value};

use super::super::draft::{Draft, refused};
use super::super::front::Front;
use crate::exchange::dialect::Dialect;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};

pub(super) fn dialect(keys: &Map<String, Value>, front: &Front<'_>) -> Result<Dialect, Finding> {
    let template = keys.get("template");
    let format = template
        .and_then(|it| it.get("format").or_else(|| it.get("type")))
        .or(template);
    let kind = format.map(|it| it.get("kind").unwrap_or(it));
    let is_odd = kind.is_some_and(|it| !(it.is_string() || it.is_object() || it.is_null()));
    if is_odd {
        return Err(refused(
            front.place("template"),
            "the kind of its templates is no text",
            "kinds are jinja2, nunjucks and mustache",
        ));
    }
    Ok(match kind.and_then(Value::as_str) {
        None | Some("jinja2" | "jinja") => Dialect::Jinja,
        Some("nunjucks") => Dialect::Nunjucks,
        Some("mustache") => Dialect::Mustache,
        Some(other) => {
            return Err(refused(
                front.place("template"),
                format!("templates of the kind `{other}` are not known here"),
                "kinds are jinja2, nunjucks and mustache",
            ));
        }
    })
}

/// Names what says of the templates more than what they are written in.
pub(super) fn template(value: &Value, at: Option<Span>, draft: &mut Draft) {
    let mut left = |value: Option<&Value>, known: &[&str], of: &str| {
        if let Some(map) = value.and_then(Value::as_object) {
            draft.leave_out(map, (known, &["strict", "options"]), of, |_| at);
        }
    };
    left(
        Some(value),
        &["format", "type", "kind", "parser"],
        "`template`",
    );
    left(value.get("format"), &["kind"], "the template's format");
    let parser = value.get("parser").filter(|it| !it.is_null());
    left(parser, &["kind"], "the template's parser");
    let kind = parser.map(|it| it.get("kind").unwrap_or(it));
    if let Some(kind) = kind.filter(|kind| **kind != "prompty") {
        let message =
            format!("the parser {kind} is not known here: messages are told by their role lines");
        draft.lose(code::SOURCE_DROPPED, at, message);
    }
}
