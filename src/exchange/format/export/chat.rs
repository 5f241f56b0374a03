//! Formats that hold messages of text and variables.

use serde_json::{Map, Value, json};

use super::{Draft, own, variables};
use crate::exchange::dialect::{Dialect, handlebars};
use crate::exchange::write::yaml_file;

/// A message in the language of the target.
enum Message {
    Text(String, String),
    Placeholder(String),
}

fn messages(dialect: Dialect, draft: &mut Draft<'_>) -> Vec<Message> {
    let all = draft
        .keys
        .content
        .get("messages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut out = Vec::new();
    for (index, message) in all.iter().enumerate() {
        let path = format!("messages[{index}]");
        if let Some(name) = message.get("placeholder").and_then(Value::as_str) {
            out.push(Message::Placeholder(name.to_owned()));
            continue;
        }
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let texts: Vec<&str> = match message.get("content") {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(parts)) => {
                if parts.iter().any(|part| part["type"] != "text") {
                    draft.lose("a part of a message that is no text", &path);
                }
                parts
                    .iter()
                    .filter_map(|part| part.get("text")?.as_str())
                    .collect()
            }
            _ => Vec::new(),
        };
        let mut text = String::new();
        for part in texts {
            match translated(part, dialect) {
                Ok(part) => text.push_str(&part),
                Err(why) => draft.lose(why, &format!("{path}.content")),
            }
        }
        out.push(Message::Text(role, text));
    }
    out
}

fn translated(text: &str, dialect: Dialect) -> Result<String, String> {
    let nodes = handlebars::read(text).map_err(|mistake| mistake.message)?;
    let written = handlebars::write(&nodes, dialect)?;
    // Only what reads as the same says the same.
    let read = dialect.read(
        &with_line_end(&written, dialect),
        &crate::exchange::dialect::Known::default(),
    );
    match read.is_ok_and(|template| template.nodes == nodes) {
        true => Ok(written),
        false => Err("braces that would be read as something else there".to_owned()),
    }
}

/// Jinja drops one line end at the end of a text.
fn with_line_end(text: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Jinja => format!("{text}\n"),
        _ => text.to_owned(),
    }
}

pub(super) fn prompty(draft: &mut Draft<'_>) -> Vec<(String, String)> {
    let mut head = Map::new();
    for key in ["name", "description", "tags"] {
        if let Some(value) = draft.keys.about.get(key) {
            head.insert(key.to_owned(), value.clone());
        }
    }
    let mut model = json!({ "apiType": "chat" });
    if let Some(name) = draft.text("model") {
        model["id"] = json!(name);
    }
    if let Some(Value::Object(parameters)) = draft.keys.content.get("modelParameters") {
        let name = |key: &str| match key {
            "maxTokens" => "maxOutputTokens".to_owned(),
            "stop" => "stopSequences".to_owned(),
            key => key.to_owned(),
        };
        let options: Map<String, Value> = parameters
            .iter()
            .map(|(key, value)| (name(key), value.clone()))
            .collect();
        model["options"] = Value::Object(options);
    }
    head.insert("model".to_owned(), model);
    let texts = messages(Dialect::Jinja, draft);
    let threads: Vec<&String> = texts
        .iter()
        .filter_map(|message| match message {
            Message::Placeholder(name) => Some(name),
            Message::Text(..) => None,
        })
        .collect();
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
            input
        })
        .collect();
    inputs.extend(
        threads
            .iter()
            .map(|name| json!({ "name": name, "kind": "thread" })),
    );
    if !inputs.is_empty() {
        head.insert("inputs".to_owned(), Value::Array(inputs));
    }
    head.insert(
        "template".to_owned(),
        json!({ "format": { "kind": "jinja2" }, "parser": { "kind": "prompty" } }),
    );
    let mut body = String::new();
    for message in &texts {
        match message {
            Message::Placeholder(name) => body.push_str(&format!("{{{{{name}}}}}\n\n")),
            Message::Text(role, text) => {
                let is_role = |line: &str| {
                    let line = line
                        .trim()
                        .trim_start_matches('#')
                        .trim()
                        .trim_end_matches(':')
                        .trim();
                    [
                        "system",
                        "developer",
                        "user",
                        "assistant",
                        "function",
                        "tool",
                    ]
                    .contains(&line.to_ascii_lowercase().as_str())
                };
                if text
                    .lines()
                    .any(|line| line.trim_end().ends_with(':') && is_role(line))
                {
                    draft.lose("a line that Prompty takes for a role", "messages");
                }
                body.push_str(&format!("{role}:\n{}\n\n", text.trim_matches('\n')));
            }
        }
    }
    if texts.iter().any(|message| matches!(message, Message::Text(_, text) if text.starts_with('\n') || text.ends_with('\n'))) {
        draft.note("line ends around a message are taken away there; they come back here");
    }
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

fn config(draft: &Draft<'_>) -> Map<String, Value> {
    let mut config = Map::new();
    if let Some(model) = draft.text("model") {
        config.insert("model".to_owned(), json!(model));
    }
    config.extend(snake_parameters(draft));
    if let Some(format) = draft.text("responseFormat") {
        let value = match draft.keys.content.get("jsonSchema") {
            Some(schema) if format == "json_schema" => {
                json!({ "type": format, "json_schema": schema })
            }
            _ => json!({ "type": format }),
        };
        config.insert("response_format".to_owned(), value);
    }
    config
}

fn snake_parameters(draft: &Draft<'_>) -> Map<String, Value> {
    let parameters = draft
        .keys
        .content
        .get("modelParameters")
        .and_then(Value::as_object);
    let name = |key: &str| {
        let mut out = String::new();
        for letter in key.chars() {
            if letter.is_ascii_uppercase() {
                out.push('_');
            }
            out.push(letter.to_ascii_lowercase());
        }
        out
    };
    parameters
        .into_iter()
        .flatten()
        .map(|(key, value)| (name(key), value.clone()))
        .collect()
}

pub(super) fn langfuse(draft: &mut Draft<'_>) -> Vec<(String, String)> {
    let texts = messages(Dialect::Langfuse, draft);
    let prompt: Vec<Value> = texts
        .into_iter()
        .map(|message| match message {
            Message::Text(role, content) => {
                json!({ "type": "chatmessage", "role": role, "content": content })
            }
            Message::Placeholder(name) => json!({ "type": "placeholder", "name": name }),
        })
        .collect();
    let mut config = config(draft);
    if let Some(own) = own(draft) {
        config.insert("promptctl".to_owned(), own);
    }
    let mut entry =
        json!({ "name": draft.name, "type": "chat", "prompt": prompt, "config": config });
    entry["tags"] = draft
        .keys
        .about
        .get("tags")
        .cloned()
        .unwrap_or_else(|| json!([]));
    entry["labels"] = json!([]);
    if let Some(about) = draft.text("description") {
        entry["commitMessage"] = json!(about);
    }
    vec![json_file(draft.name, &json!([entry]))]
}

fn json_file(name: &str, value: &Value) -> (String, String) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    (format!("{name}.json"), format!("{text}\n"))
}

pub(super) fn langchain(draft: &mut Draft<'_>) -> Vec<(String, String)> {
    let texts = messages(Dialect::FString, draft);
    let all = variables(&draft.keys);
    let class = |path: &[&str], kwargs: Value| json!({ "lc": 1, "type": "constructor", "id": path, "kwargs": kwargs });
    let mut messages = Vec::new();
    for message in texts {
        messages.push(match message {
            Message::Placeholder(name) => class(
                &["langchain", "prompts", "chat", "MessagesPlaceholder"],
                json!({ "variable_name": name, "optional": true }),
            ),
            Message::Text(role, text) => {
                let kind = match role.as_str() {
                    "assistant" => "AIMessagePromptTemplate",
                    "user" => "HumanMessagePromptTemplate",
                    "developer" => {
                        draft.note("a developer message is a system message there; its role comes back here");
                        "SystemMessagePromptTemplate"
                    }
                    _ => "SystemMessagePromptTemplate",
                };
                let used: Vec<&String> = all
                    .iter()
                    .map(|(name, ..)| name)
                    .filter(|name| text.contains(&format!("{{{name}}}")))
                    .collect();
                let prompt = class(
                    &["langchain", "prompts", "prompt", "PromptTemplate"],
                    json!({ "input_variables": used, "template": text, "template_format": "f-string" }),
                );
                class(&["langchain", "prompts", "chat", kind], json!({ "prompt": prompt }))
            }
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
    for key in ["model", "modelParameters", "responseFormat", "jsonSchema"] {
        if let Some(value) = draft.keys.content.get(key) {
            draft.own.insert(key.to_owned(), value.clone());
        }
    }
    if draft.keys.content.contains_key("model")
        || draft.keys.content.contains_key("modelParameters")
    {
        draft
            .note("the model and its settings are bound by the program there; they come back here");
    }
    if let Some(own) = own(draft) {
        kwargs["metadata"] = json!({ "promptctl": own });
    }
    let value = class(
        &["langchain", "prompts", "chat", "ChatPromptTemplate"],
        kwargs,
    );
    vec![json_file(draft.name, &value)]
}

pub(super) fn promptfoo(draft: &mut Draft<'_>) -> Vec<(String, String)> {
    let mut chat = Vec::new();
    for message in messages(Dialect::Nunjucks, draft) {
        match message {
            Message::Text(role, content) => chat.push(json!({ "role": role, "content": content })),
            Message::Placeholder(name) => draft.lose(
                format!("the placeholder `{name}`: promptfoo's chats are written out"),
                "messages",
            ),
        }
    }
    let label = draft
        .name
        .rsplit('/')
        .next()
        .unwrap_or(draft.name)
        .to_owned();
    let raw = match chat.as_slice() {
        [only]
            if only["role"] == "user"
                && !only["content"]
                    .as_str()
                    .unwrap_or_default()
                    .trim_start()
                    .starts_with(['[', '{']) =>
        {
            only["content"].as_str().unwrap_or_default().to_owned()
        }
        _ => serde_json::to_string_pretty(&chat).unwrap_or_default(),
    };
    let mut file = Map::new();
    if let Some(about) = draft.text("description") {
        file.insert("description".to_owned(), json!(about));
    }
    file.insert(
        "prompts".to_owned(),
        json!([{ "label": label, "raw": raw }]),
    );
    let model = draft.text("model").unwrap_or("openai/gpt-5-mini");
    let (provider, model) = model.split_once('/').unwrap_or(("openai", model));
    let mut settings = config(draft);
    settings.remove("model");
    let mut one = json!({ "id": format!("{provider}:{}{model}", if provider == "openai" { "chat:" } else { "" }) });
    if !settings.is_empty() {
        one["config"] = Value::Object(settings);
    }
    file.insert("providers".to_owned(), json!([one]));
    let rows = draft
        .keys
        .about
        .get("testData")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut tests = Vec::new();
    for row in rows {
        let Value::Object(mut vars) = row else {
            continue;
        };
        vars.remove("case");
        let expected = vars.remove("expected");
        let mut test = json!({ "vars": vars });
        if let Some(expected) = expected.filter(Value::is_string) {
            test["assert"] = json!([{ "type": "icontains", "value": expected }]);
        }
        tests.push(test);
    }
    if tests.iter().any(|test| test.get("assert").is_some()) {
        draft.note(
            "`expected` of a case is looked for in the answer there; evaluators come back here",
        );
    }
    if !tests.is_empty() {
        file.insert("tests".to_owned(), Value::Array(tests));
    }
    if let Some(own) = own(draft) {
        file.insert("metadata".to_owned(), json!({ "promptctl": own }));
    }
    vec![(
        format!("{}.promptfooconfig.yaml", draft.name),
        yaml_file(&file),
    )]
}
