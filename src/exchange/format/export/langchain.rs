//! LangChain: what `langchain_core.load` reads.

use serde_json::{Map, Value, json};

use super::chat::{
    Can, Message, Part, functions, json_file, messages, nested, snake_parameters, tool_choice, used,
};
use super::{Draft, own, variables};
use crate::exchange::dialect::Dialect;

const CAN: Can = Can {
    // Its loader refuses Jinja.
    dialects: &[Dialect::FString],
    images: true,
};

fn class(path: &[&str], kwargs: Value) -> Value {
    json!({ "lc": 1, "type": "constructor", "id": path, "kwargs": kwargs })
}

pub(super) fn write(draft: &mut Draft<'_>) -> Vec<(String, String)> {
    let all = variables(&draft.keys);
    let mut messages = Vec::new();
    for message in self::messages(CAN, draft) {
        messages.push(match message {
            Message::Placeholder(name) => class(
                &["langchain", "prompts", "chat", "MessagesPlaceholder"],
                json!({ "variable_name": name, "optional": true }),
            ),
            Message::Said(role, parts) => said(&role, &parts, &all, draft),
        });
    }
    let names: Vec<&String> = all.iter().map(|(name, ..)| name).collect();
    let mut kwargs = json!({ "input_variables": names, "messages": messages });
    let defaults: Map<String, Value> = all
        .iter()
        .filter_map(|(name, schema, _)| Some((name.clone(), schema.get("default")?.clone())))
        .collect();
    if !defaults.is_empty() {
        kwargs["partial_variables"] = Value::Object(defaults);
    }
    let chat = ["langchain", "prompts", "chat", "ChatPromptTemplate"];
    let structured = [
        "langchain_core",
        "prompts",
        "structured",
        "StructuredPrompt",
    ];
    let mut path = chat;
    match (
        draft.text("responseFormat"),
        draft.keys.content.get("jsonSchema"),
    ) {
        (Some("json_schema"), Some(named)) => {
            let mut schema = named.get("schema").cloned().unwrap_or_else(|| json!({}));
            // The schema's title is the name that it is sent under.
            schema["title"] = named.get("name").cloned().unwrap_or_default();
            kwargs["schema_"] = schema;
            path = structured;
        }
        (Some("json_object"), _) => {
            draft.lose("an answer that is any JSON", "responseFormat");
        }
        _ => {}
    }
    let model = model(draft);
    if let Some(own) = own(draft) {
        kwargs["metadata"] = json!({ "promptctl": own });
    }
    let prompt = class(&path, kwargs);
    let value = match model {
        None => prompt,
        Some(model) => class(
            &["langchain", "schema", "runnable", "RunnableSequence"],
            json!({ "first": prompt, "middle": [], "last": model }),
        ),
    };
    vec![json_file(draft.name, &value)]
}

fn said(role: &str, parts: &[Part], all: &[(String, Value, bool)], draft: &mut Draft<'_>) -> Value {
    let kind = match role {
        "assistant" => "AIMessagePromptTemplate",
        "user" => "HumanMessagePromptTemplate",
        "developer" => {
            draft.note("a developer message is a system message there; its role comes back here");
            "SystemMessagePromptTemplate"
        }
        _ => "SystemMessagePromptTemplate",
    };
    let part = |part: &Part| match part {
        Part::Text(text, dialect) => class(
            &["langchain", "prompts", "prompt", "PromptTemplate"],
            json!({
                "input_variables": used(text, *dialect, all),
                "template": text,
                "template_format": "f-string",
            }),
        ),
        Part::Image(url, dialect, detail) => {
            let mut template = json!({ "url": url });
            if let Some(detail) = detail {
                template["detail"] = detail.clone();
            }
            class(
                &["langchain", "prompts", "image", "ImagePromptTemplate"],
                json!({
                    "input_variables": used(url, *dialect, all),
                    "template": template,
                    "template_format": "f-string",
                }),
            )
        }
    };
    let prompt = match parts {
        [only @ Part::Text(..)] => part(only),
        parts => parts.iter().map(part).collect(),
    };
    class(
        &["langchain", "prompts", "chat", kind],
        json!({ "prompt": prompt }),
    )
}

/// The model with its settings and tools, where LangChain has a class for it.
fn model(draft: &mut Draft<'_>) -> Option<Value> {
    let functions = functions(draft);
    let Some(name) = draft.text("model").map(str::to_owned) else {
        if draft.keys.content.contains_key("modelParameters") || !functions.is_empty() {
            draft.note("settings and tools belong to a model there, and this prompt names none; they come back here");
        }
        return None;
    };
    let (provider, short) = name.split_once('/').unwrap_or(("openai", name.as_str()));
    let (class_path, key, secret) = match provider {
        "openai" => (
            ["langchain", "chat_models", "openai", "ChatOpenAI"],
            "openai_api_key",
            "OPENAI_API_KEY",
        ),
        "anthropic" => (
            ["langchain", "chat_models", "anthropic", "ChatAnthropic"],
            "anthropic_api_key",
            "ANTHROPIC_API_KEY",
        ),
        _ => {
            draft.note(
                "the model and its settings are bound by the program there; they come back here",
            );
            return None;
        }
    };
    let mut kwargs = snake_parameters(draft);
    kwargs.insert("model".to_owned(), json!(short));
    kwargs.insert(
        key.to_owned(),
        json!({ "lc": 1, "type": "secret", "id": [secret] }),
    );
    let model = class(&class_path, Value::Object(kwargs));
    if functions.is_empty() {
        return Some(model);
    }
    let mut bound = json!({ "tools": nested(functions) });
    if let Some(choice) = tool_choice(draft) {
        bound["tool_choice"] = choice.clone();
    }
    Some(class(
        &["langchain", "schema", "runnable", "RunnableBinding"],
        json!({ "bound": model, "kwargs": bound }),
    ))
}
