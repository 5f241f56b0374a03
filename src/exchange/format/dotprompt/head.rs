//! The front matter of a file of Dotprompt's.

use serde_json::{Map, Value};

use super::super::draft::Draft;
use super::super::front::Front;
use super::super::picoschema;
use crate::prompt::code;
use crate::prompt::finding::Span;

pub(super) fn head(keys: &Map<String, Value>, front: &Front<'_>, draft: &mut Draft) {
    for (key, value) in keys {
        let at = front.place(key);
        match key.as_str() {
            "model" => draft.model = draft.text(key, value, at),
            "description" => draft.description = draft.text(key, value, at),
            "name" | "variant" | "version" | "digest" => draft.note(
                code::SOURCE_DROPPED,
                at,
                format!("`{key}` is what the file's name and git say here: left out"),
            ),
            "config" if !value.is_object() && !value.is_null() => draft.lose(
                code::SOURCE_DROPPED,
                at,
                "`config` is no map of settings: left out",
            ),
            "config" => {
                let config = value.as_object().cloned().unwrap_or_default();
                draft.settings(&config, |inner| front.place(&format!("config.{inner}")));
            }
            "input" => {
                let mut problems = Vec::new();
                let schema = value
                    .get("schema")
                    .map(|it| picoschema::schema(it, &mut problems));
                match schema {
                    Some(Value::Object(schema)) if schema.contains_key("properties") => {
                        draft.schema = schema;
                    }
                    Some(Value::Object(schema)) if !schema.is_empty() => {
                        draft.lose(code::SOURCE_DROPPED, at, "the input is one value, and variables here are a map: its schema is left out");
                    }
                    _ => {}
                }
                for picoschema::Problem(message) in problems {
                    draft.lose(code::SOURCE_DROPPED, at, message);
                }
                others(
                    value,
                    &["schema", "default"],
                    "the input",
                    front,
                    key,
                    draft,
                );
                let defaults = value.get("default").and_then(Value::as_object);
                for (name, default) in defaults.into_iter().flatten() {
                    draft.property(name)["default"] = default.clone();
                    if let Some(Value::Array(required)) = draft.schema.get_mut("required") {
                        required.retain(|it| it.as_str() != Some(name));
                    }
                }
            }
            "output" => {
                output(value, at, draft);
                others(
                    value,
                    &["format", "schema"],
                    "the output",
                    front,
                    key,
                    draft,
                );
            }
            "tools" => {
                let mut inline = Vec::new();
                for tool in value.as_array().into_iter().flatten() {
                    match tool {
                        Value::Object(_) => inline.push(tool.clone()),
                        other => {
                            let name = other.as_str().unwrap_or("-");
                            draft.lose(code::SOURCE_DROPPED, at, format!("the tool `{name}` is named, and only the program knows it: left out; tools stand under `extraBody.tools`"));
                        }
                    }
                }
                tool_definitions(&inline, at, draft);
            }
            "toolDefs" => tool_definitions(
                value.as_array().map(Vec::as_slice).unwrap_or_default(),
                at,
                draft,
            ),
            "promptctl" => draft.keep_block(Some(value), at),
            _ => draft.note(
                code::SOURCE_DROPPED,
                at,
                format!("the key `{key}` has no counterpart here: left out"),
            ),
        }
    }
}

/// Names the keys of a map that are not these.
fn others(
    value: &Value,
    known: &[&str],
    of: &str,
    front: &Front<'_>,
    key: &str,
    draft: &mut Draft,
) {
    match value {
        Value::Object(map) => draft.leave_out(map, (known, &[]), of, |inner| {
            front.place(&format!("{key}.{inner}"))
        }),
        Value::Null => {}
        _ => draft.lose(
            code::SOURCE_DROPPED,
            front.place(key),
            format!("`{key}` is no map: left out"),
        ),
    }
}

/// Tools as Dotprompt writes them: `inputSchema` for `parameters`.
fn tool_definitions(tools: &[Value], at: Option<Span>, draft: &mut Draft) {
    let mut all = Vec::new();
    for tool in tools {
        let mut tool = tool.clone();
        if let Some(schema) = tool.get("inputSchema").cloned() {
            let mut problems = Vec::new();
            tool["parameters"] = picoschema::schema(&schema, &mut problems);
        }
        all.push(tool);
    }
    if !all.is_empty() {
        draft.tools(&Value::Array(all), at);
    }
}

fn output(value: &Value, at: Option<Span>, draft: &mut Draft) {
    let mut problems = Vec::new();
    let schema = value
        .get("schema")
        .map(|it| picoschema::schema(it, &mut problems));
    let format = value.get("format").and_then(Value::as_str);
    for picoschema::Problem(message) in problems {
        draft.lose(code::SOURCE_DROPPED, at, message);
    }
    match (format, schema) {
        (None | Some("json"), Some(schema))
            if schema.as_object().is_some_and(|map| !map.is_empty()) =>
        {
            draft.output("output", schema, false);
        }
        (Some("json"), _) => draft.response_format = Some("json_object"),
        (Some("text"), _) => draft.response_format = Some("text"),
        (None, _) => {}
        (Some(other), _) => draft.lose(
            code::SOURCE_DROPPED,
            at,
            format!("the output format `{other}` has no counterpart here: left out"),
        ),
    }
}
