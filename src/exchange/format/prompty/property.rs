//! Properties as Prompty writes them, as JSON Schema.

use serde_json::{Map, Value, json};

/// Whether it names a kind of value that is known here.
pub(super) fn is_kind(name: &str) -> bool {
    [
        "string", "number", "integer", "boolean", "array", "object", "float", "thread",
    ]
    .contains(&name)
}

/// The JSON Schema of a property as Prompty writes it.
pub(super) fn property(value: &Value) -> Value {
    let mut schema = json!({});
    let kind = value
        .get("kind")
        .or_else(|| value.get("type"))
        .and_then(Value::as_str)
        .or(value.as_str());
    match kind {
        Some("string" | "number" | "integer" | "boolean" | "array" | "object") => {
            schema["type"] = json!(kind);
        }
        Some("float") => schema["type"] = json!("number"),
        _ => {}
    }
    for key in ["description", "default", "enum"] {
        if let Some(inner) = value.get(key).filter(|inner| !is_reference(inner)) {
            schema[key] = inner.clone();
        }
    }
    if let Some(values) = value.get("enumValues") {
        schema["enum"] = values.clone();
    }
    if let Some(items) = value.get("items") {
        schema["items"] = property(items);
    }
    match value.get("properties") {
        Some(list @ Value::Array(_)) => {
            let (properties, required) = properties(list);
            schema["properties"] = Value::Object(properties);
            if !required.is_empty() {
                schema["required"] = json!(required);
            }
        }
        Some(Value::Object(map)) => {
            let all = map
                .iter()
                .map(|(name, value)| (name.clone(), property(value)));
            schema["properties"] = Value::Object(all.collect());
            if let Some(required) = value.get("required").filter(|it| it.is_array()) {
                schema["required"] = required.clone();
            }
        }
        _ => {}
    }
    schema
}

/// A list of named properties, and those that must be given.
pub(super) fn properties(list: &Value) -> (Map<String, Value>, Vec<String>) {
    let mut all = Map::new();
    let mut required = Vec::new();
    let mut put = |name: &str, value: &Value| {
        all.insert(name.to_owned(), property(value));
        if value.get("required").and_then(Value::as_bool) == Some(true) {
            required.push(name.to_owned());
        }
    };
    match list {
        Value::Array(items) => {
            for item in items {
                if let Some(name) = item.get("name").and_then(Value::as_str) {
                    put(name, item);
                }
            }
        }
        Value::Object(map) => map.iter().for_each(|(name, value)| put(name, value)),
        _ => {}
    }
    (all, required)
}

/// Whether a value comes from the environment or a file: such are never read.
pub(super) fn is_reference(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("${"))
}
