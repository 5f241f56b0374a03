//! JSON in whose maps no key stands twice: of two, one would be lost without a word.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::code;
use super::finding::{Finding, Span};

/// Why a text is no such JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJson {
    /// What is wrong.
    pub reason: String,
    /// Where.
    pub at: Span,
    /// Whether it is JSON but for a key that stands twice.
    pub is_twice: bool,
}

/// Reads a text.
///
/// # Errors
/// It is not JSON, or a key stands twice in one of its maps.
pub fn parse(text: &str) -> Result<Value, NotJson> {
    match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) => Ok(value),
        Err(error) => Err(NotJson::of(&error, text)),
    }
}

impl NotJson {
    /// What the library says of a text.
    pub fn of(error: &serde_json::Error, text: &str) -> Self {
        // The library counts bytes.
        let before = text.split_inclusive('\n').take(error.line().max(1) - 1);
        let line = before.map(str::len).sum::<usize>();
        let end = text[line..].find('\n').map_or(text.len(), |at| line + at);
        let at = (line + error.column().saturating_sub(1)).min(end);
        let at = text.floor_char_boundary(at);
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        // All else that it says is about the syntax.
        let is_twice = error.is_data();
        let part = match is_twice {
            true => key_to(text, at)..at + 1,
            false => at..at,
        };
        Self {
            reason: reason.to_owned(),
            at: Span::from_range(text, part),
            is_twice,
        }
    }

    /// What is said of a file.
    pub fn finding(&self) -> Finding {
        let finding = match self.is_twice {
            true => Finding::error(code::DUPLICATE_KEY, format!("{} in one map", self.reason))
                .help("take one of the two out"),
            false => Finding::error(
                code::BAD_INPUT,
                format!("this is not JSON: {}", self.reason),
            ),
        };
        finding.at(self.at)
    }
}

/// Where the key begins whose last quotation mark stands at `end`.
fn key_to(text: &str, end: usize) -> usize {
    let mut before = &text[..end];
    while let Some(at) = before.rfind('"') {
        before = &text[..at];
        let signs = before.len() - before.trim_end_matches('\\').len();
        if signs.is_multiple_of(2) {
            return at;
        }
    }
    end
}

/// A value of JSON in whose maps no key stands twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(
            Number::from_f64(value).map_or(Value::Null, Value::Number),
        ))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(Value::String(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Strict, E> {
        Ok(Strict(Value::String(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Strict, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Strict(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Strict, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                let shown: String = key.chars().take(60).collect();
                let shown = shown.escape_debug();
                return Err(A::Error::custom(format!("the key `{shown}` stands twice")));
            }
            let Strict(value) = access.next_value()?;
            map.insert(key, value);
        }
        Ok(Strict(Value::Object(map)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_that_stands_twice_is_named_with_its_place() {
        let told = |text: &str| {
            let why = parse(text).unwrap_err();
            (why.reason, why.at, why.is_twice)
        };
        let at = |line, column, length| Span {
            line,
            column,
            length,
        };
        let twice = |key: &str| format!("the key `{key}` stands twice");
        assert_eq!(told(r#"{"a":1,"a":2}"#), (twice("a"), at(1, 8, 3), true));
        assert_eq!(
            told("[{\"é\":\n{\"b\\\"\":1, \"b\\\"\": 2}}]"),
            (twice("b\\\""), at(2, 11, 5), true)
        );
        let (reason, place, is_twice) = told("{\"a\":\n x}");
        assert_eq!(
            (reason.as_str(), place, is_twice),
            ("expected value", at(2, 2, 1), false)
        );
        assert_eq!(
            parse(r#"[{"a":1.5},{"a":[null,true,-1]}]"#).unwrap(),
            json!([{ "a": 1.5 }, { "a": [null, true, -1] }])
        );
    }
}
