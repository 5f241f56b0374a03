//! Prompty, version 2.

use serde_json::{Map, Value, json};

use super::chat::{Can, Message, functions, joined, messages};
use super::{Draft, own, variables};
use crate::exchange::dialect::Dialect;
use crate::exchange::write::yaml_file;

const CAN: Can = Can {
    dialects: &[Dialect::Jinja],
    images: false,
};

/// Parameters that Prompty has a name of its own for.
const OPTIONS: [(&str, &str); 7] = [
    ("temperature", "temperature"),
    ("topP", "topP"),
    ("maxTokens", "maxOutputTokens"),
    ("stop", "stopSequences"),
    ("seed", "seed"),
    ("frequencyPenalty", "frequencyPenalty"),
    ("presencePenalty", "presencePenalty"),
];

pub(super) fn write(draft: &mut Draft<'_>) -> Vec<(String, String)> {
    let mut head = Map::new();
    for key in ["name", "description", "tags"] {
        if let Some(value) = draft.keys.about.get(key) {
            head.insert(key.to_owned(), value.clone());
        }
    }
    let mut model = json!({ "apiType": "chat" });
    if let Some(name) = draft.text("model") {
        // Its runner sends the id as it stands, and knows OpenAI's API and Anthropic's by name.
        let (provider, id) = match name.split_once('/') {
            Some((provider @ ("openai" | "anthropic"), id)) => (Some(provider), id),
            _ => (None, name),
        };
        model["id"] = json!(id);
        if let Some(provider) = provider {
            model["provider"] = json!(provider);
        }
    }
    let options = options(draft);
    if !options.is_empty() {
        model["options"] = Value::Object(options);
    }
    head.insert("model".to_owned(), model);
    let texts = messages(CAN, draft);
    let inputs = inputs(&texts, draft);
    if !inputs.is_empty() {
        head.insert("inputs".to_owned(), Value::Array(inputs));
    }
    if let Some(outputs) = outputs(draft) {
        head.insert("outputs".to_owned(), Value::Array(outputs));
    }
    let tools = tools(draft);
    if !tools.is_empty() {
        head.insert("tools".to_owned(), Value::Array(tools));
    }
    head.insert(
        "template".to_owned(),
        json!({ "format": { "kind": "jinja2" }, "parser": { "kind": "prompty" } }),
    );
    let body = body(&texts, draft);
    if let Some(own) = own(draft) {
        head.insert("promptctl".to_owned(), own);
    }
    let text = format!(
        "---\n{}---\n{}\n",
        yaml_file(&head),
        body.trim_end_matches('\n')
    );
    vec![(format!("{}.prompty", draft.name), text)]
}

/// The settings of the model; those that Prompty has no name for go through as they are.
fn options(draft: &Draft<'_>) -> Map<String, Value> {
    let mut options = Map::new();
    let mut more = super::chat::snake_parameters(draft);
    let parameters = draft.keys.content.get("modelParameters");
    for (key, value) in parameters.and_then(Value::as_object).into_iter().flatten() {
        if let Some((_, name)) = OPTIONS.iter().find(|(own, _)| own == key) {
            options.insert((*name).to_owned(), value.clone());
        }
    }
    for key in [
        "temperature",
        "top_p",
        "max_tokens",
        "stop",
        "seed",
        "frequency_penalty",
        "presence_penalty",
    ] {
        more.remove(key);
    }
    if draft.text("responseFormat") == Some("json_object") {
        more.insert(
            "response_format".to_owned(),
            json!({ "type": "json_object" }),
        );
    }
    if !more.is_empty() {
        options.insert("additionalProperties".to_owned(), Value::Object(more));
    }
    options
}

fn inputs(texts: &[Message], draft: &Draft<'_>) -> Vec<Value> {
    let threads: Vec<&String> = texts
        .iter()
        .filter_map(|message| match message {
            Message::Placeholder(name) => Some(name),
            Message::Said(..) => None,
        })
        .collect();
    let rows = draft.keys.about.get("testData").and_then(Value::as_array);
    let row = rows.and_then(|rows| rows.first());
    let mut inputs: Vec<Value> = variables(&draft.keys)
        .into_iter()
        .filter(|(name, ..)| !threads.contains(&name))
        .map(|(name, schema, is_required)| {
            let mut input = json!({ "name": name });
            if let Some(kind) = schema.get("type").filter(|it| it.is_string()) {
                input["kind"] = kind.clone();
            }
            for key in ["description", "default"] {
                if let Some(value) = schema.get(key) {
                    input[key] = value.clone();
                }
            }
            if is_required {
                input["required"] = json!(true);
            }
            if let Some(example) = row.and_then(|row| row.get(&name)) {
                input["example"] = example.clone();
            }
            input
        })
        .collect();
    inputs.extend(
        threads
            .iter()
            .map(|name| json!({ "name": name, "kind": "thread" })),
    );
    inputs
}

/// The form of the answer.
fn outputs(draft: &mut Draft<'_>) -> Option<Vec<Value>> {
    if draft.text("responseFormat") != Some("json_schema") {
        return None;
    }
    let schema = draft.keys.content.get("jsonSchema")?.get("schema")?;
    let all = properties(schema);
    if all.is_none() {
        draft.lose(
            "an output schema that is no plain map of values",
            "jsonSchema",
        );
    }
    all
}

fn tools(draft: &mut Draft<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for tool in functions(draft) {
        let mut out = json!({ "name": tool["name"], "kind": "function" });
        for key in ["description", "strict"] {
            if let Some(value) = tool.get(key) {
                out[key] = value.clone();
            }
        }
        match tool.get("parameters").map(properties) {
            None => {}
            Some(Some(parameters)) => out["parameters"] = Value::Array(parameters),
            Some(None) => draft.lose(
                format!(
                    "the parameters of the tool {}, which are no plain map of values",
                    tool["name"]
                ),
                "extraBody.tools",
            ),
        }
        all.push(out);
    }
    all
}

/// The properties of a schema as Prompty lists them; none where it has no words for one.
fn properties(schema: &Value) -> Option<Vec<Value>> {
    let known = [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "title",
        "description",
    ];
    let map = schema.as_object()?;
    if map.keys().any(|key| !known.contains(&key.as_str())) {
        return None;
    }
    let required = schema.get("required").and_then(Value::as_array);
    let mut all = Vec::new();
    for (name, value) in schema.get("properties")?.as_object()? {
        let mut one = property(value)?;
        one.insert("name".to_owned(), json!(name));
        if required.is_some_and(|all| all.iter().any(|it| it == name)) {
            one.insert("required".to_owned(), json!(true));
        }
        all.push(Value::Object(one));
    }
    Some(all)
}

fn property(schema: &Value) -> Option<Map<String, Value>> {
    let mut one = Map::new();
    for (key, value) in schema.as_object()? {
        match (key.as_str(), value) {
            ("type", Value::String(_)) => one.insert("kind".to_owned(), value.clone()),
            ("description" | "default", _) => one.insert(key.clone(), value.clone()),
            ("enum", _) => one.insert("enumValues".to_owned(), value.clone()),
            ("items", _) => one.insert(key.clone(), Value::Object(property(value)?)),
            ("properties", _) => one.insert(key.clone(), Value::Array(properties(schema)?)),
            ("required" | "additionalProperties", _) => None,
            _ => return None,
        };
    }
    Some(one)
}

fn body(texts: &[Message], draft: &mut Draft<'_>) -> String {
    let mut body = String::new();
    let mut has_ends = false;
    for message in texts {
        match message {
            Message::Placeholder(name) => body.push_str(&format!("{{{{{name}}}}}\n\n")),
            Message::Said(role, parts) => {
                let text = joined(parts);
                if text
                    .lines()
                    .any(|line| line.trim_end().ends_with(':') && is_role(line))
                {
                    draft.lose("a line that Prompty takes for a role", "messages");
                }
                has_ends |= text.starts_with('\n') || text.ends_with('\n');
                body.push_str(&format!("{role}:\n{}\n\n", text.trim_matches('\n')));
            }
        }
    }
    if has_ends {
        draft.note("line ends around a message are taken away there; they come back here");
    }
    body
}

/// Whether Prompty takes a line for the beginning of a message.
fn is_role(line: &str) -> bool {
    let line = line.trim().trim_start_matches('#').trim();
    let line = line.trim_end_matches(':').trim();
    let roles = [
        "system",
        "developer",
        "user",
        "assistant",
        "function",
        "tool",
    ];
    roles.contains(&line.to_ascii_lowercase().as_str())
}
