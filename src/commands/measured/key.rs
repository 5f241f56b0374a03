//! What a group has in common, in words and for scripts.

use serde_json::{Value as Json, json};

use crate::record::groups::{Dimension, Group, Value};

/// A group with what it has in common.
pub(in crate::commands) type Row<'g> = (&'g Vec<Value>, &'g Group);

/// What a group has in common.
pub(in crate::commands) fn common(by: &[Dimension], key: &[Value]) -> Json {
    let pairs = by.iter().zip(key);
    Json::Object(
        pairs
            .map(|(by, value)| (by.to_string(), of_key(value)))
            .collect(),
    )
}

pub(in crate::commands) fn of_key(value: &Value) -> Json {
    match value {
        Value::Number(number) => json!(number),
        Value::Missing => Json::Null,
        other => json!(other.to_string()),
    }
}

/// A value as people say it: `v4`.
pub(in crate::commands) fn named(dimension: &Dimension, value: &Value) -> String {
    match (dimension, value) {
        (Dimension::Version, Value::Number(number)) => format!("v{number}"),
        (_, value) => value.to_string(),
    }
}

/// What a group has in common, as people say it: `support/triage v4`.
pub(in crate::commands) fn titled(by: &[Dimension], key: &[Value]) -> String {
    let words: Vec<String> = by
        .iter()
        .zip(key)
        .map(|(by, value)| named(by, value))
        .collect();
    words.join(" ")
}
