//! What a stored prompt says beside its messages: the keys of an answer that a call without the
//! prompt would not have.

use serde_json::{Map, Value, json};

/// Keys of an answer that say nothing about the prompt.
const OF_THE_ANSWER: &[&str] = &[
    "id",
    "object",
    "created_at",
    "completed_at",
    "status",
    "usage",
    "output",
    "output_text",
    "billing",
    "background",
    "service_tier",
    "store",
    "include",
    "error",
    "incomplete_details",
    "instructions",
    "prompt",
    "model",
    "previous_response_id",
    "conversation",
    "container",
    "prompt_cache_retention",
];

/// Settings as a prompt file has them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// `modelParameters:`.
    pub parameters: Map<String, Value>,
    /// `responseFormat:`.
    pub response_format: Option<&'static str>,
    /// `jsonSchema:`.
    pub json_schema: Option<Map<String, Value>>,
    /// `extraBody:`.
    pub extra_body: Map<String, Value>,
    /// Settings that are equal to what the API takes anyway: they may have been stored or not.
    pub same_as_default: Vec<String>,
}

/// What an answer is compared with.
#[derive(Debug, Clone, Copy)]
pub enum Control<'a> {
    /// The answer of the same model without a prompt.
    Answer(&'a Map<String, Value>),
    /// Nothing: only what no model does by itself counts.
    None,
}

/// The settings of an answer that `control` does not have; all of them with `keep_defaults`.
/// `without_limit` leaves out `max_output_tokens`, which the asking itself had set.
pub fn settings(
    answer: &Map<String, Value>,
    control: Control<'_>,
    keep_defaults: bool,
    without_limit: bool,
) -> Settings {
    let mut settings = Settings::default();
    for (key, value) in answer {
        if OF_THE_ANSWER.contains(&key.as_str()) || (without_limit && key == "max_output_tokens") {
            continue;
        }
        let before = match control {
            Control::Answer(control) => control.get(key).cloned().unwrap_or_default(),
            Control::None => plain_default(key),
        };
        match (key.as_str(), value) {
            ("text" | "reasoning", Value::Object(parts)) => {
                for (part, value) in parts {
                    let before = before.get(part).cloned().unwrap_or_default();
                    settings.take(key, Some(part), value, &before, keep_defaults);
                }
            }
            _ => settings.take(key, None, value, &before, keep_defaults),
        }
    }
    settings
}

/// What the API answers where nothing was said. Only for answers that come without another one to
/// compare with.
fn plain_default(key: &str) -> Value {
    match key {
        "temperature" | "top_p" => json!(1.0),
        "top_logprobs" => json!(0),
        "frequency_penalty" | "presence_penalty" => json!(0.0),
        "parallel_tool_calls" => json!(true),
        "tool_choice" => json!("auto"),
        "truncation" => json!("disabled"),
        "text" => json!({ "format": { "type": "text" }, "verbosity": "medium" }),
        "reasoning" => json!({ "effort": "medium" }),
        _ => Value::Null,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn is_equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other || (is_nothing(one) && is_nothing(other)),
    }
}

impl Settings {
    fn take(&mut self, key: &str, part: Option<&str>, value: &Value, before: &Value, keep: bool) {
        if is_nothing(value) {
            return;
        }
        if is_equal(value, before) && !keep {
            let name = part.map_or_else(|| key.to_owned(), |part| format!("{key}.{part}"));
            if !(is_nothing(before) || value.is_object() || value.is_array()) {
                self.same_as_default.push(format!("{name} {value}"));
            }
            return;
        }
        let mut parameter = |name: &str| self.parameters.insert(name.to_owned(), short(value));
        match (key, part) {
            ("temperature", _) => drop(parameter("temperature")),
            ("top_p", _) => drop(parameter("topP")),
            ("max_output_tokens", _) => drop(parameter("maxTokens")),
            ("reasoning", Some("effort")) => drop(parameter("reasoningEffort")),
            ("text", Some("verbosity")) => drop(parameter("verbosity")),
            ("text", Some("format")) => self.take_format(value),
            (key, Some(part)) => {
                let map = self.extra_body.entry(key).or_insert_with(|| json!({}));
                map[part] = value.clone();
            }
            (key, None) => drop(self.extra_body.insert(key.to_owned(), value.clone())),
        }
    }

    fn take_format(&mut self, format: &Value) {
        match format.get("type").and_then(Value::as_str) {
            Some("json_schema") => {
                self.response_format = Some("json_schema");
                let mut schema = format.as_object().cloned().unwrap_or_default();
                schema.shift_remove("type");
                schema.retain(|_, value| !value.is_null());
                self.json_schema = Some(schema);
            }
            Some("json_object") => self.response_format = Some("json_object"),
            Some("text") => self.response_format = Some("text"),
            _ => {
                let map = self.extra_body.entry("text").or_insert_with(|| json!({}));
                map["format"] = format.clone();
            }
        }
    }
}

/// A number without a fraction that says nothing.
fn short(value: &Value) -> Value {
    match value.as_f64() {
        #[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
        Some(float) if value.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            json!(float as i64)
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_model_would_not_do_by_itself_is_taken() {
        let answer = json!({
            "id": "resp_1", "model": "m", "temperature": 0.3, "top_p": 1.0, "max_output_tokens": 777,
            "parallel_tool_calls": true, "tools": [{"type": "file_search"}], "service_tier": "auto",
            "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true, "description": null}, "verbosity": "low"},
            "reasoning": {"effort": "medium", "summary": "auto"}, "metadata": {},
        });
        let control = json!({"temperature": 1.0, "top_p": 1.0, "parallel_tool_calls": true, "tools": [], "text": {"format": {"type": "text"}, "verbosity": "medium"}, "reasoning": {"effort": "medium", "summary": null}});
        for control in [Control::Answer(control.as_object().unwrap()), Control::None] {
            let found = settings(answer.as_object().unwrap(), control, false, false);
            assert_eq!(
                Value::Object(found.parameters),
                json!({"temperature": 0.3, "maxTokens": 777, "verbosity": "low"})
            );
            assert_eq!(found.response_format, Some("json_schema"));
            assert_eq!(
                Value::Object(found.json_schema.unwrap()),
                json!({"name": "n", "schema": {"type": "object"}, "strict": true})
            );
            assert_eq!(
                Value::Object(found.extra_body),
                json!({"tools": [{"type": "file_search"}], "reasoning": {"summary": "auto"}})
            );
            assert_eq!(
                found.same_as_default,
                [
                    "top_p 1.0",
                    "parallel_tool_calls true",
                    "reasoning.effort \"medium\""
                ]
            );
        }
        let all = settings(answer.as_object().unwrap(), Control::None, true, true);
        assert_eq!(
            Value::Object(all.parameters),
            json!({"temperature": 0.3, "topP": 1, "verbosity": "low", "reasoningEffort": "medium"})
        );
    }
}
