//! Picoschema, Dotprompt's short form of JSON Schema.

use serde_json::{Map, Value, json};

/// What is no Picoschema, or what was left out of it.
pub(super) struct Problem(pub(super) String);

const SCALARS: [&str; 6] = ["string", "boolean", "null", "number", "integer", "any"];

/// The words of JSON Schema for a type.
const TYPES: [&str; 7] = [
    "string", "boolean", "null", "number", "integer", "object", "array",
];

/// The JSON Schema of a value as Dotprompt writes it; a JSON Schema stays what it is.
pub(super) fn schema(value: &Value, problems: &mut Vec<Problem>) -> Value {
    match value {
        Value::Object(map) => {
            let kind = map.get("type").and_then(Value::as_str);
            if kind.is_some_and(|kind| TYPES.contains(&kind)) {
                return value.clone();
            }
            if map.get("properties").is_some_and(Value::is_object) {
                let mut map = map.clone();
                map.insert("type".to_owned(), json!("object"));
                return Value::Object(map);
            }
            object(map, problems)
        }
        Value::String(text) => scalar(text, problems),
        _ => json!({}),
    }
}

fn scalar(text: &str, problems: &mut Vec<Problem>) -> Value {
    let (kind, about) = match text.split_once(',') {
        Some((kind, about)) => (kind.trim(), Some(about.trim())),
        None => (text.trim(), None),
    };
    let mut schema = match kind.strip_suffix("[]") {
        Some(item) => json!({ "type": "array", "items": scalar(item, problems) }),
        None if kind == "any" => json!({}),
        None if SCALARS.contains(&kind) => json!({ "type": kind }),
        None => {
            problems.push(Problem(format!("the schema `{kind}` is kept in the program and is not in the file: any value is taken")));
            json!({})
        }
    };
    if let Some(about) = about {
        schema["description"] = json!(about);
    }
    schema
}

fn object(map: &Map<String, Value>, problems: &mut Vec<Problem>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut more = json!(false);
    for (key, value) in map {
        let (name, kind) = match key.split_once('(') {
            Some((name, kind)) => (name.trim(), Some(kind.trim().trim_end_matches(')'))),
            None => (key.trim(), None),
        };
        if name.is_empty() && kind == Some("*") {
            more = schema(value, problems);
            continue;
        }
        let (name, is_optional) = match name.strip_suffix('?') {
            Some(name) => (name, true),
            None => (name, false),
        };
        if !is_optional {
            required.push(json!(name));
        }
        let (kind, about) = match kind.and_then(|kind| kind.split_once(',')) {
            Some((kind, about)) => (Some(kind.trim()), Some(about.trim())),
            None => (kind, None),
        };
        let mut one = match kind {
            None => schema(value, problems),
            Some("array") => json!({ "type": "array", "items": schema(value, problems) }),
            Some("object") => schema(value, problems),
            Some("enum") => {
                let mut values = value.as_array().cloned().unwrap_or_default();
                if is_optional && !values.contains(&Value::Null) {
                    values.push(Value::Null);
                }
                json!({ "enum": values })
            }
            Some(other) => {
                problems.push(Problem(format!(
                    "`({other})` is no form of Picoschema: any value is taken for `{name}`"
                )));
                json!({})
            }
        };
        if is_optional && let Some(kind @ Value::String(_)) = one.get("type").cloned() {
            one["type"] = json!([kind, "null"]);
        }
        if let Some(about) = about {
            one["description"] = json!(about);
        }
        properties.insert(name.to_owned(), one);
    }
    let mut schema = json!({ "type": "object" });
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    schema["properties"] = Value::Object(properties);
    schema["additionalProperties"] = more;
    schema
}
