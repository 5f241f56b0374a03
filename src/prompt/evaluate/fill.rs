//! `{{name}}` in an evaluator's values.

use serde_json::Value;

use super::{Finding, Object, bad};

/// The name under which a template finds the output.
const COMPLETION: &str = "completion";

/// Where `{{name}}` looks.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) case: &'a Object,
    /// The output, which is `{{completion}}`; none before there is one.
    pub(super) output: Option<&'a str>,
}

impl Fields<'_> {
    fn get(&self, name: &str) -> Result<Value, Finding> {
        if let (COMPLETION, Some(output)) = (name, self.output) {
            return Ok(Value::from(output));
        }
        self.case.get(name).cloned().ok_or_else(|| {
            bad(format!("the case has no field `{name}`")).help(format!(
                "Give the case a value for `{name}`, or take `{{{{{name}}}}}` out of the evaluator."
            ))
        })
    }

    /// The value with every `{{name}}` in it replaced, at any depth. A text that is nothing but
    /// `{{name}}` becomes the field as it is, whatever its type.
    pub(super) fn fill(&self, value: &Value) -> Result<Value, Finding> {
        match value {
            Value::String(text) => match whole(text) {
                Some(name) => self.get(name),
                None => self.fill_text(text, str::to_owned).map(Value::from),
            },
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| Ok((key.clone(), self.fill(value)?)))
                .collect::<Result<Object, Finding>>()
                .map(Value::Object),
            other => Ok(other.clone()),
        }
    }

    /// The text with every `{{name}}` in it replaced by what `write` makes of the field's text.
    pub(super) fn fill_text(
        &self,
        text: &str,
        write: impl Fn(&str) -> String,
    ) -> Result<String, Finding> {
        let mut filled = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Name(name) => filled.push_str(&write(&as_text(&self.get(name)?))),
                Piece::Other(expression) => return Err(not_a_name(expression)),
            }
        }
        Ok(filled)
    }
}

/// Whether the value holds a `{{name}}` anywhere, so that it is known only together with a case.
pub(super) fn is_open(value: &Value) -> bool {
    any_piece(value, &|piece| !matches!(piece, Piece::Text(_)))
}

/// Whether one of the values holds a `{{completion}}`, so that it is known only with the output.
pub(super) fn asks_for_output<'a>(values: impl IntoIterator<Item = &'a Value>) -> bool {
    let is_output = |piece: &Piece<'_>| matches!(piece, Piece::Name(COMPLETION));
    values.into_iter().any(|value| any_piece(value, &is_output))
}

fn any_piece(value: &Value, is: &dyn Fn(&Piece<'_>) -> bool) -> bool {
    match value {
        Value::String(text) => pieces(text).any(|piece| is(&piece)),
        Value::Array(items) => items.iter().any(|item| any_piece(item, is)),
        Value::Object(map) => map.values().any(|value| any_piece(value, is)),
        _ => false,
    }
}

/// Refuses what stands between `{{` and `}}` and is not a name.
pub(super) fn check(value: &Value) -> Result<(), Finding> {
    match value {
        Value::String(text) => pieces(text).try_for_each(|piece| match piece {
            Piece::Other(expression) => Err(not_a_name(expression)),
            Piece::Text(_) | Piece::Name(_) => Ok(()),
        }),
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(map) => map.values().try_for_each(check),
        _ => Ok(()),
    }
}

/// The name, where the text is nothing but `{{name}}`.
fn whole(text: &str) -> Option<&str> {
    let mut pieces = pieces(text);
    match (pieces.next(), pieces.next()) {
        (Some(Piece::Name(name)), None) => Some(name),
        _ => None,
    }
}

/// The fields that a text asks for.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Text(_) | Piece::Other(_) => None,
    })
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
    Other(&'a str),
}

/// The text cut at its `{{…}}`. A `{{` that is never closed is text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let closed = rest
            .find("{{")
            .and_then(|open| Some((open, open + 2 + rest[open + 2..].find("}}")?)));
        let Some((open, close)) = closed else {
            return Some(Piece::Text(std::mem::take(&mut rest)));
        };
        if open > 0 {
            let (before, after) = rest.split_at(open);
            rest = after;
            return Some(Piece::Text(before));
        }
        let inner = rest[2..close].trim();
        rest = &rest[close + 2..];
        Some(if is_name(inner) {
            Piece::Name(inner)
        } else {
            Piece::Other(inner)
        })
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

fn not_a_name(expression: &str) -> Finding {
    bad(format!(
        "`{{{{{}}}}}` is not the name of a field",
        super::cut(expression)
    ))
    .help("Evaluators know `{{name}}` for a field of the case and `{{completion}}` for the output, and no helpers or blocks.")
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
