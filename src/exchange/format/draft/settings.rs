//! The settings of a model, the form of its answer, and its tools.

use serde_json::{Map, Value, json};

use super::Draft;
use crate::prompt::code;
use crate::prompt::finding::Span;

/// Parameters and the names that others have for them.
const PARAMETERS: [(&str, &[&str]); 9] = [
    ("temperature", &["temperature"]),
    ("topP", &["topP", "top_p"]),
    (
        "maxTokens",
        &[
            "maxTokens",
            "max_tokens",
            "maxOutputTokens",
            "max_output_tokens",
            "maxCompletionTokens",
            "max_completion_tokens",
        ],
    ),
    ("stop", &["stop", "stopSequences", "stop_sequences"]),
    ("seed", &["seed"]),
    (
        "frequencyPenalty",
        &["frequencyPenalty", "frequency_penalty"],
    ),
    ("presencePenalty", &["presencePenalty", "presence_penalty"]),
    ("reasoningEffort", &["reasoningEffort", "reasoning_effort"]),
    ("verbosity", &["verbosity"]),
];

/// Whether a key is a setting of a model, by any of its names.
pub(in super::super) fn is_setting(key: &str) -> bool {
    PARAMETERS.iter().any(|(_, names)| names.contains(&key))
}

impl Draft {
    /// Takes the settings of a model; `at` tells where one stands.
    pub(in super::super) fn settings(
        &mut self,
        config: &Map<String, Value>,
        at: impl Fn(&str) -> Option<Span>,
    ) {
        for (key, value) in config {
            if value.is_null() {
                continue;
            }
            let known = PARAMETERS
                .iter()
                .find(|(_, names)| names.contains(&key.as_str()));
            if let Some((name, _)) = known {
                if is_parameter(name, value) {
                    self.parameters.insert((*name).to_owned(), value.clone());
                } else {
                    self.lose(
                        code::SOURCE_DROPPED,
                        at(key),
                        format!("`{key}` is no value that a model takes here: left out"),
                    );
                }
                continue;
            }
            match key.as_str() {
                "stream" | "streaming" => self.note(
                    code::SOURCE_DROPPED,
                    at(key),
                    format!("`{key}` says how an answer is delivered, which is the caller's choice here: left out"),
                ),
                "response_format" | "responseFormat" => self.answer_format(value, at(key)),
                "tools" => self.tools(value, at(key)),
                "tool_choice" | "toolChoice" => {
                    self.extra_body
                        .insert("tool_choice".to_owned(), value.clone());
                }
                _ => self.lose(
                    code::SOURCE_DROPPED,
                    at(key),
                    format!("the setting `{key}` has no counterpart here: left out"),
                ),
            }
        }
    }

    /// `response_format` as the Chat Completions API has it.
    fn answer_format(&mut self, value: &Value, at: Option<Span>) {
        let kind = value.get("type").and_then(Value::as_str).or(value.as_str());
        self.one_form(at);
        match (kind, value.get("json_schema")) {
            (Some("json_schema"), Some(schema @ Value::Object(_))) => {
                self.response_format = Some("json_schema");
                self.json_schema = Some(schema.clone());
            }
            (Some("json_object"), _) => self.response_format = Some("json_object"),
            (Some("text"), _) => self.response_format = Some("text"),
            _ => self.lose(
                code::SOURCE_DROPPED,
                at,
                "`response_format` is none that is known here: left out",
            ),
        }
    }

    /// Says that only the last of several forms of the answer is taken.
    fn one_form(&mut self, at: Option<Span>) {
        if self.response_format.is_some() {
            let message = "the form of the answer (`response_format`, a schema) is said twice: the last is taken";
            self.lose(code::SOURCE_DROPPED, at, message);
        }
    }

    /// An output schema.
    pub(in super::super) fn output(&mut self, name: &str, schema: Value, is_strict: bool) {
        let name: String = name
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || letter == '_' {
                    letter
                } else {
                    '_'
                }
            })
            .collect();
        self.one_form(None);
        self.response_format = Some("json_schema");
        let mut named = json!({ "name": name, "schema": schema });
        if is_strict {
            named["strict"] = json!(true);
        }
        self.json_schema = Some(named);
    }

    /// Functions that the model may call, as either API writes them.
    pub(in super::super) fn tools(&mut self, value: &Value, at: Option<Span>) {
        let mut tools = Vec::new();
        if !value.is_array() {
            let message = "`tools` is no list of functions: left out";
            self.lose(code::SOURCE_DROPPED, at, message);
        }
        for tool in value.as_array().map(Vec::as_slice).unwrap_or_default() {
            let function = tool
                .get("function")
                .filter(|it| it.is_object())
                .unwrap_or(tool);
            let is_function = tool.get("type").is_none_or(|kind| kind == "function");
            match function.get("name").filter(|_| is_function) {
                Some(name) => {
                    let mut flat = json!({ "type": "function", "name": name });
                    for key in ["description", "parameters", "strict"] {
                        if let Some(value) = function.get(key) {
                            flat[key] = value.clone();
                        }
                    }
                    for map in [Some(function), Some(tool).filter(|it| *it != function)] {
                        let map = map.and_then(Value::as_object).cloned().unwrap_or_default();
                        let known = [
                            "type",
                            "kind",
                            "function",
                            "name",
                            "description",
                            "parameters",
                            "strict",
                            "inputSchema",
                        ];
                        let of = format!("the tool {name}");
                        self.leave_out(&map, (&known, &[]), &of, |_| at);
                    }
                    tools.push(flat);
                }
                None => self.lose(
                    code::SOURCE_DROPPED,
                    at,
                    format!(
                        "the tool `{}` is no function of its own: left out",
                        tool_name(tool)
                    ),
                ),
            }
        }
        if !tools.is_empty() {
            self.extra_body
                .insert("tools".to_owned(), Value::Array(tools));
        }
    }
}

fn tool_name(tool: &Value) -> &str {
    let name = ["name", "type", "kind"]
        .iter()
        .find_map(|key| tool.get(*key)?.as_str());
    name.or(tool.as_str()).unwrap_or("-")
}

fn is_parameter(name: &str, value: &Value) -> bool {
    match name {
        "maxTokens" => value.as_u64().is_some_and(|count| count > 0),
        "seed" => value.is_i64() || value.is_u64(),
        "reasoningEffort" | "verbosity" => value.is_string(),
        "stop" => {
            let all = |items: &Vec<Value>| items.iter().all(Value::is_string);
            value.is_string() || value.as_array().is_some_and(all)
        }
        _ => value.is_number(),
    }
}
