//! A prompt with its variables filled in: what a model would see.

use serde::Serialize;
use serde_json::{Value, json};

use super::document::{Object, Role};

/// One rendered message.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said; a plain text is one part.
    pub parts: Vec<RenderedPart>,
    /// Whether the file writes the content as a plain string rather than as a list of parts.
    pub is_plain: bool,
    /// Where it comes from.
    pub stands: MessageOrigin,
}

/// Where a rendered message comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageOrigin {
    /// The file, and it is the same whatever the values are.
    Fixed,
    /// The file, with values filled in.
    Filled,
    /// The variable of a placeholder, as the caller gave it.
    Given,
}

/// One part of a rendered message.
#[derive(Debug, Clone, PartialEq)]
pub enum RenderedPart {
    Text(String),
    /// A picture.
    Image {
        /// Where it comes from.
        source: RenderedAttachment,
        /// How closely the model looks, such as `low` or `high`.
        detail: Option<String>,
    },
    File {
        /// Where it comes from.
        source: RenderedAttachment,
        /// The name that the model sees.
        filename: Option<String>,
    },
    /// A picture or a file that was the value of a variable, as the caller gave it: an object whose
    /// `type` is `input_image` or `input_file`.
    Given(Object),
}

/// Where a rendered image or file comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum RenderedAttachment {
    /// A URL, also a data URL.
    Url(String),
    /// A path relative to the prompt file's folder that is still to be read.
    Path(String),
    /// A file uploaded to the API.
    FileId(String),
}

impl RenderedMessage {
    /// The text of all text parts, one after the other.
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .filter_map(|part| match part {
                RenderedPart::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The message as `promptctl render --format json` shows it, in the words of the prompt file.
    pub fn to_json(&self) -> Value {
        let content = match self.parts.as_slice() {
            [RenderedPart::Text(text)] if self.is_plain => json!(text),
            parts => parts.iter().map(RenderedPart::to_json).collect(),
        };
        json!({ "role": self.role.as_str(), "content": content })
    }
}

impl RenderedPart {
    fn to_json(&self) -> Value {
        let (kind, source, name, extra) = match self {
            Self::Text(text) => return json!({ "type": "text", "text": text }),
            Self::Image { source, detail } => ("image", source, "detail", detail),
            Self::File { source, filename } => ("file", source, "filename", filename),
            Self::Given(part) => return Value::Object(part.clone()),
        };
        let (key, value) = match source {
            RenderedAttachment::Url(url) => ("url", url),
            RenderedAttachment::Path(path) => ("path", path),
            RenderedAttachment::FileId(id) => ("fileId", id),
        };
        let mut part = json!({ "type": kind, key: value });
        if let Some(extra) = extra {
            part[name] = json!(extra);
        }
        part
    }
}

/// A variable that a prompt asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variable {
    /// Its name, as in `{{name}}`.
    pub name: String,
    /// Whether rendering fails without a value.
    pub required: bool,
    /// `type` in the input schema, such as `string`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `default` in the input schema.
    pub default: Option<Value>,
    /// `description` in the input schema.
    pub description: Option<String>,
}

impl Variable {
    /// Whether a text can be its value, as far as the schema says.
    pub fn takes_text(&self) -> bool {
        let kind = self.kind.as_deref();
        kind.is_none_or(|kind| kind.contains("string"))
    }
}
