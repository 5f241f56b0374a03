//! A prompt file from the parts of a stored prompt.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::settings::Settings;
use super::stored::{AttachmentSource, MessagePart};
use super::template::Templates;
use super::yaml;
use crate::prompt::document::Role;
use crate::scan::ValueKind;

/// Where a prompt came from, for `source:`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The id at OpenAI.
    pub id: String,
    /// The versions there that have this content.
    pub versions: Vec<String>,
    /// The version that was OpenAI's current one.
    pub current: Option<String>,
    /// The project that the id belongs to.
    pub project: Option<String>,
    /// The digest of the content as it came.
    pub digest: Option<String>,
}

impl Origin {
    /// The value of `source:`.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                map.insert(key.to_owned(), value);
            }
        };
        put("format", Some(json!("openai")));
        put("id", Some(json!(self.id)));
        match self.versions.as_slice() {
            [] => {}
            [only] => put("version", Some(json!(only))),
            several => put("versions", Some(json!(several))),
        }
        put("current", self.current.as_ref().map(|it| json!(it)));
        put("project", self.project.as_ref().map(|it| json!(it)));
        put("digest", self.digest.as_ref().map(|it| json!(it)));
        map
    }
}

/// The text of a prompt file, without version and digest.
pub fn file(
    model: Option<&str>,
    templates: &Templates,
    variables: &BTreeMap<String, ValueKind>,
    settings: &Settings,
    origin: &Origin,
) -> String {
    let mut top = Map::new();
    if let Some(model) = model {
        top.insert("model".to_owned(), json!(format!("openai/{model}")));
    }
    if !settings.parameters.is_empty() {
        top.insert(
            "modelParameters".to_owned(),
            Value::Object(settings.parameters.clone()),
        );
    }
    if let Some(schema) = input_schema(templates, variables) {
        top.insert("input".to_owned(), json!({ "schema": schema }));
    }
    if let Some(format) = settings.response_format {
        top.insert("responseFormat".to_owned(), json!(format));
    }
    if let Some(schema) = &settings.json_schema {
        top.insert("jsonSchema".to_owned(), Value::Object(schema.clone()));
    }
    let messages: Vec<Value> = templates
        .messages
        .iter()
        .map(|(role, parts)| message(*role, parts))
        .collect();
    top.insert("messages".to_owned(), Value::Array(messages));
    if !settings.extra_body.is_empty() {
        top.insert(
            "extraBody".to_owned(),
            Value::Object(settings.extra_body.clone()),
        );
    }
    top.insert("source".to_owned(), Value::Object(origin.to_map()));
    yaml_file(&top)
}

/// The text of a prompt file with these keys.
pub fn yaml_file(keys: &Map<String, Value>) -> String {
    let mut text = String::new();
    yaml::entries(keys, 0, &mut text);
    text
}

fn input_schema(templates: &Templates, variables: &BTreeMap<String, ValueKind>) -> Option<Value> {
    let mut properties = Map::new();
    for name in templates.used.iter().chain(variables.keys()) {
        let kind = match variables.get(name) {
            None | Some(ValueKind::Text) => "string",
            // A caller sends an object with the picture in it.
            Some(ValueKind::Image | ValueKind::File) => "object",
        };
        properties.insert(name.clone(), json!({ "type": kind }));
    }
    if properties.is_empty() {
        return None;
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    if !templates.used.is_empty() {
        schema.insert("required".to_owned(), json!(templates.used));
    }
    schema.insert("properties".to_owned(), Value::Object(properties));
    Some(Value::Object(schema))
}

fn message(role: Role, parts: &[MessagePart]) -> Value {
    let content = match parts {
        [MessagePart::Text(text)] => json!(text),
        parts => parts.iter().map(part).collect(),
    };
    json!({ "role": role.as_str(), "content": content })
}

fn part(part: &MessagePart) -> Value {
    let at = |source: &AttachmentSource| match source {
        AttachmentSource::Url(url) => ("url", url.clone()),
        AttachmentSource::FileId(id) => ("fileId", id.clone()),
    };
    match part {
        MessagePart::Text(text) => json!({ "type": "text", "text": text }),
        MessagePart::Image { source, detail } => {
            let (key, value) = at(source);
            let mut part = json!({ "type": "image", key: value });
            if let Some(detail) = detail {
                part["detail"] = json!(detail);
            }
            part
        }
        MessagePart::File { source, filename } => {
            let (key, value) = at(source);
            let mut part = json!({ "type": "file", key: value });
            if let Some(filename) = filename {
                part["filename"] = json!(filename);
            }
            part
        }
    }
}
