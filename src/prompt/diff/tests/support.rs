//! Prompts to compare, written as JSON.

use serde_json::{Value, json};

use crate::prompt::diff::{PromptDiff, Side, compare};
use crate::prompt::document::{
    Attachment, Document, Entry, Message, Object, Origin, Part, ResponseFormat, Role, Text,
};
use crate::prompt::finding::Span;
use crate::prompt::rendered::Variable;
use crate::prompt::template::{Partial, Partials};
use crate::prompt::version::Version;

/// The document that a file with this content would give.
pub(crate) fn document(file: Value) -> Document {
    let Value::Object(raw) = file else {
        panic!("a prompt file is a map")
    };
    let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
    let object = |key: &str| raw.get(key).and_then(Value::as_object).cloned();
    let objects = |key: &str| -> Vec<Object> {
        let list = raw
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        list.into_iter()
            .filter_map(|item| item.as_object().cloned())
            .collect()
    };
    let format = text("responseFormat").map(|format| match format.as_str() {
        "json_object" => ResponseFormat::JsonObject,
        "json_schema" => ResponseFormat::JsonSchema,
        _ => ResponseFormat::Text,
    });
    Document {
        title: text("name"),
        description: text("description"),
        version: raw
            .get("version")
            .and_then(Value::as_u64)
            .and_then(|number| Version::new(number as u32)),
        digest: text("digest"),
        category: text("category"),
        tags: Vec::new(),
        archived: false,
        model: text("model"),
        parameters: object("modelParameters").unwrap_or_default(),
        input_schema: raw
            .get("input")
            .and_then(|input| input.get("schema"))
            .cloned(),
        response_format: format,
        json_schema: object("jsonSchema"),
        messages: objects("messages").iter().map(message).collect(),
        test_data: objects("testData"),
        datasets: Vec::new(),
        evaluators: objects("evaluators"),
        eval: crate::prompt::document::Eval::default(),
        extra_body: object("extraBody").unwrap_or_default(),
        openai: None,
        source: None,
        written: raw.into(),
        warnings: Vec::new(),
    }
}

fn template(value: &Value) -> Text {
    Text {
        value: value.as_str().unwrap_or_default().to_owned(),
        origin: Origin {
            path: String::new(),
            start: Span::point(1, 1),
            block: None,
        },
    }
}

fn message(message: &Object) -> Entry {
    if let Some(variable) = message.get("placeholder") {
        return Entry::Placeholder(template(variable));
    }
    let role = match message["role"].as_str() {
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some("assistant") => Role::Assistant,
        _ => Role::User,
    };
    let part = |part: &Value| match part["type"].as_str() {
        Some("image") => Part::Image {
            source: Attachment::Url(template(&part["url"])),
            detail: part["detail"].as_str().map(str::to_owned),
        },
        _ => Part::Text(template(&part["text"])),
    };
    let content = &message["content"];
    Entry::Message(Message {
        role,
        is_plain: content.is_string(),
        parts: match content.as_array() {
            Some(parts) => parts.iter().map(part).collect(),
            None => vec![Part::Text(template(content))],
        },
    })
}

/// A file that uses everything, with its partials under `partials` and the names of its variables
/// under `variables`.
pub(crate) fn base() -> Value {
    json!({
        "name": "Triage", "description": "Sorts tickets.", "version": 3, "digest": "0123456789ab",
        "model": "openai/gpt-5-mini", "modelParameters": {"maxTokens": 800},
        "input": {"schema": {
            "type": "object", "required": ["ticket"],
            "properties": {
                "ticket": {"type": "string", "maxLength": 500},
                "locale": {"enum": ["en", "de"], "default": "en"},
                "customer": {"type": "object", "default": {}, "properties": {"plan": {"type": ["string", "integer"]}}}
            }
        }},
        "responseFormat": "json_schema",
        "jsonSchema": {"name": "triage", "strict": true, "schema": {
            "type": "object", "required": ["queue", "lines"], "additionalProperties": false,
            "properties": {
                "queue": {"enum": ["billing", "tech"]},
                "lines": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/line"}}
            },
            "$defs": {"line": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}
        }},
        "messages": [
            {"role": "system", "content": "{{> tone}}\nYou sort the tickets of a bank into queues. Answer in {{locale}} with one sentence.\nNever promise a refund before it is approved."},
            {"role": "user", "content": "I was charged twice for one order"},
            {"role": "assistant", "content": "This belongs to the billing queue{{> sign how=\"short\"}}"},
            {"role": "user", "content": [{"type": "text", "text": "{{ticket}}"}, {"type": "image", "url": "https://example.com/a.png", "detail": "low"}]}
        ],
        "testData": [{"ticket": "a"}, {"ticket": "b"}],
        "extraBody": {"store": false, "tools": [{"type": "function", "name": "look"}]},
        "openai": {"promptId": "pmpt_1", "promptVersion": "6"},
        "partials": {"tone": "Be kind and brief in every answer.\n", "sign": ".", "unused": "x"}
    })
}

/// One side, its parts owned.
pub(crate) struct Owned {
    document: Document,
    partials: Partials,
    variables: Option<Vec<Variable>>,
}

impl Owned {
    pub(crate) fn new(mut file: Value) -> Self {
        let mut take = |key: &str| file.as_object_mut().and_then(|file| file.shift_remove(key));
        let partial = |(name, text): (&String, &Value)| {
            let text = text.as_str().unwrap_or_default().to_owned();
            (
                name.clone(),
                Partial {
                    text,
                    path: format!("_{name}.hbs"),
                },
            )
        };
        let partials = take("partials").unwrap_or_default();
        let names = take("variables");
        let variable = |name: &Value| Variable {
            name: name.as_str().unwrap_or_default().to_owned(),
            required: true,
            kind: None,
            default: None,
            description: None,
        };
        Self {
            partials: partials
                .as_object()
                .into_iter()
                .flatten()
                .map(partial)
                .collect(),
            variables: names.map(|names| {
                names
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(variable)
                    .collect()
            }),
            document: document(file),
        }
    }

    pub(crate) fn side(&self) -> Side<'_> {
        Side {
            document: &self.document,
            partials: &self.partials,
            variables: self.variables.as_deref(),
        }
    }
}

pub(crate) fn diff(before: &Value, after: &Value) -> PromptDiff {
    let (before, after) = (Owned::new(before.clone()), Owned::new(after.clone()));
    compare(Some(before.side()), Some(after.side()))
}

/// The base with the value at a JSON pointer replaced, or removed where it is null.
pub(crate) fn with(mut file: Value, edits: &[(&str, Value)]) -> Value {
    for (pointer, value) in edits {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        // An earlier edit may have taken the place away.
        let Some(parent) = file.pointer_mut(parent) else {
            continue;
        };
        match parent {
            Value::Object(object) if value.is_null() => drop(object.shift_remove(key)),
            Value::Object(object) => drop(object.insert(key.to_owned(), value.clone())),
            Value::Array(list) if value.is_null() => {
                drop(list.remove(key.parse().expect("an index")));
            }
            Value::Array(list) if key == "-" => list.push(value.clone()),
            Value::Array(list) => list[key.parse::<usize>().expect("an index")] = value.clone(),
            _ => panic!("nothing to edit at {pointer}"),
        }
    }
    file
}
