//! How much one rendering may make: a kilobyte of helpers inside helpers can ask for terabytes.

use std::cell::Cell;
use std::rc::Rc;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// The most that all texts of a prompt may make, what is thrown away again included, in bytes.
const MAX_MADE: usize = 40_000_000;

/// What is said of a rendering that makes more.
pub(super) const TOO_MUCH: &str = "the template makes more than 40 MB of text or 2 million pieces";

/// What is left of what a rendering may make. It is asked before anything is made.
#[derive(Debug)]
pub(super) struct Budget {
    left: Cell<usize>,
    is_spent: Cell<bool>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            left: Cell::new(MAX_MADE),
            is_spent: Cell::new(false),
        }
    }

    /// Takes so many bytes, or says that there are not so many left.
    pub(super) fn take(&self, bytes: usize) -> Result<(), String> {
        if let Some(left) = self.left.get().checked_sub(bytes) {
            self.left.set(left);
            return Ok(());
        }
        self.is_spent.set(true);
        Err(TOO_MUCH.to_owned())
    }

    /// Takes what it costs to copy a value, or to look through it.
    pub(super) fn take_value(&self, value: &Value) -> Result<(), String> {
        self.take(match value {
            Value::String(text) => text.len(),
            Value::Array(_) | Value::Object(_) => {
                crate::prompt::weight::weight(value, self.left.get())
            }
            _ => 1,
        })
    }

    /// Whether more was asked for than there was.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent.get()
    }

    /// A value as JSON, so many blanks before each level; on one line without any.
    pub(super) fn json(&self, value: &Value, indent: usize) -> Result<String, String> {
        self.take(json_length(value, indent, 0, self.left.get()))?;
        if indent == 0 {
            return Ok(value.to_string());
        }
        let blanks = " ".repeat(indent);
        let mut text = Vec::new();
        let formatter = PrettyFormatter::with_indent(blanks.as_bytes());
        value
            .serialize(&mut Serializer::with_formatter(&mut text, formatter))
            .map_err(|error| error.to_string())?;
        String::from_utf8(text).map_err(|error| error.to_string())
    }
}

/// How many bytes a value has as JSON at most, counted until they are more than `most`.
fn json_length(value: &Value, indent: usize, depth: usize, most: usize) -> usize {
    // A line break and the blanks, a comma, and a colon with a blank.
    let line = if indent == 0 {
        3
    } else {
        4 + indent * (depth + 1)
    };
    let mut length = line;
    match value {
        Value::Null => length += 4,
        Value::Bool(_) => length += 5,
        Value::Number(number) => length += number.to_string().len(),
        Value::String(text) => length += text_length(text),
        Value::Array(items) => {
            for item in items {
                length += line + json_length(item, indent, depth + 1, most);
                if length > most {
                    break;
                }
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                length += line + text_length(key) + json_length(item, indent, depth + 1, most);
                if length > most {
                    break;
                }
            }
        }
    }
    length
}

/// How many bytes a text has in quotes at most.
fn text_length(text: &str) -> usize {
    let escaped = text
        .bytes()
        .filter(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'));
    2 + text.len() + 5 * escaped.count()
}

/// A value that was given, or one that a helper made, which is kept once however often it is used.
#[derive(Debug, Clone)]
pub(super) enum Held<'r> {
    Given(&'r Value),
    Made(Rc<Value>),
}

impl Held<'_> {
    pub(super) fn made(value: Value) -> Self {
        Self::Made(Rc::new(value))
    }
}

impl std::ops::Deref for Held<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Self::Given(value) => value,
            Self::Made(value) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..4).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_json_is_longer_than_was_taken_for_it(value in value(), indent in 0usize..9) {
            let budget = Budget::new();
            let text = budget.json(&value, indent).expect("room");
            prop_assert!(text.len() <= MAX_MADE - budget.left.get());
        }
    }
}
