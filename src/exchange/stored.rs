//! What the API answers about a stored prompt.

use serde_json::{Map, Value};

use super::Lost;
use crate::prompt::code;
use crate::prompt::document::Role;

/// The object that a call with a stored prompt is answered with, as far as the prompt goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    /// The id of the prompt.
    pub id: Option<String>,
    /// The version that answered.
    pub version: Option<String>,
    /// The values of the variables, as the API repeats them.
    pub variables: Map<String, Value>,
    /// The messages, filled in; those without text are left out.
    pub messages: Vec<EchoMessage>,
    /// The model, by its dated name.
    pub model: Option<String>,
    /// Everything.
    pub raw: Map<String, Value>,
    /// What could not be read.
    pub lost: Vec<Lost>,
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct EchoMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub parts: Vec<MessagePart>,
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum MessagePart {
    /// Text as the API gives it back, or the template that was made of it.
    Text(String),
    /// A picture.
    Image {
        /// Where it is.
        source: AttachmentSource,
        /// How closely the model looks.
        detail: Option<String>,
    },
    File {
        /// Where it is.
        source: AttachmentSource,
        /// Its name.
        filename: Option<String>,
    },
}

/// Where a picture or a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachmentSource {
    Url(String),
    /// A file uploaded to the API.
    FileId(String),
}

/// Why an answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoEcho {
    /// It is no answer of the API.
    NotAnAnswer,
    /// It does not say what its instructions were.
    NoInstructions,
    /// A message is of a kind that no prompt file can hold.
    Unreadable(String),
}

/// The answer inside a saved text: a whole answer, or the first event of a stream.
pub fn response_of(value: &Value) -> Option<&Map<String, Value>> {
    let response = value
        .get("response")
        .filter(|it| it.is_object())
        .unwrap_or(value);
    let object = response.as_object()?;
    // Files of other tools have keys of these names, too.
    let is_answer = object.contains_key("instructions")
        || object.get("prompt").is_some_and(Value::is_object)
        || object.get("output").is_some_and(Value::is_array);
    is_answer.then_some(object)
}

impl Echo {
    /// Reads an answer.
    ///
    /// # Errors
    /// It holds no prompt, or one that cannot be written down.
    pub fn read(value: &Value) -> Result<Self, NoEcho> {
        let raw = response_of(value).ok_or(NoEcho::NotAnAnswer)?;
        let mut lost = Vec::new();
        let messages = match raw.get("instructions") {
            None | Some(Value::Null) => return Err(NoEcho::NoInstructions),
            // One text for all is what a developer says.
            Some(Value::String(text)) => vec![EchoMessage {
                role: Role::Developer,
                parts: vec![MessagePart::Text(text.clone())],
            }],
            Some(Value::Array(items)) => {
                let mut messages = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    messages.extend(message(index, item, &mut lost)?);
                }
                messages
            }
            Some(_) => return Err(NoEcho::NotAnAnswer),
        };
        let prompt = raw.get("prompt");
        let text = |key: &str| {
            let value = prompt?.get(key)?;
            match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            }
        };
        let variables = prompt.and_then(|prompt| prompt.get("variables")?.as_object().cloned());
        Ok(Self {
            id: text("id"),
            version: text("version"),
            variables: variables.unwrap_or_default(),
            messages,
            model: raw.get("model").and_then(Value::as_str).map(str::to_owned),
            raw: raw.clone(),
            lost,
        })
    }

    /// All texts of the messages.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.messages
            .iter()
            .flat_map(|message| &message.parts)
            .filter_map(|part| match part {
                MessagePart::Text(text) => Some(text.as_str()),
                _ => None,
            })
    }

    /// Names that stand in the texts as `{{name}}`: variables that were not sent, or text.
    pub fn names_in_braces(&self) -> Vec<String> {
        let mut names = Vec::new();
        for text in self.texts() {
            let mut rest = text;
            while let Some((_, after)) = rest.split_once("{{") {
                let Some((inner, _)) = after.split_once("}}") else {
                    break;
                };
                let name = inner.trim();
                if is_name(name) && !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
                rest = after;
            }
        }
        names
    }
}

/// Whether a text may be the name of a variable of a stored prompt.
pub fn is_name(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn message(
    index: usize,
    item: &Value,
    lost: &mut Vec<Lost>,
) -> Result<Option<EchoMessage>, NoEcho> {
    let kind = item
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or("message");
    if kind != "message" {
        return Err(NoEcho::Unreadable(format!(
            "item {} of its messages is a {kind}",
            index + 1
        )));
    }
    let role = match item.get("role").and_then(Value::as_str) {
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        other => {
            let role = other.unwrap_or("-");
            return Err(NoEcho::Unreadable(format!(
                "message {} has the role {role}",
                index + 1
            )));
        }
    };
    let parts = match item.get("content") {
        Some(Value::String(text)) if !text.is_empty() => vec![MessagePart::Text(text.clone())],
        Some(Value::Array(parts)) => {
            let mut read: Vec<MessagePart> = Vec::new();
            for each in parts {
                match (part(index, each, lost)?, read.last_mut()) {
                    // What was one text in the prompt is one again.
                    (Some(MessagePart::Text(text)), Some(MessagePart::Text(before))) => {
                        before.push_str(&text);
                    }
                    (part, _) => read.extend(part),
                }
            }
            read
        }
        _ => Vec::new(),
    };
    let is_empty = parts
        .iter()
        .all(|part| matches!(part, MessagePart::Text(text) if text.is_empty()));
    if is_empty {
        let message = format!(
            "message {} ({role}) is empty, and the model never sees it: left out",
            index + 1
        );
        lost.push(Lost::note(code::SOURCE_DROPPED, message));
        return Ok(None);
    }
    Ok(Some(EchoMessage { role, parts }))
}

fn part(index: usize, part: &Value, lost: &mut Vec<Lost>) -> Result<Option<MessagePart>, NoEcho> {
    let text = |key: &str| {
        let value = part.get(key)?.as_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let place = || {
        let url = text("image_url")
            .or_else(|| text("file_url"))
            .or_else(|| text("file_data"));
        text("file_id")
            .map(AttachmentSource::FileId)
            .or_else(|| url.map(AttachmentSource::Url))
    };
    let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut without_place = |what: &str| {
        let message = format!(
            "message {} holds {what} that the API does not give away: left out",
            index + 1
        );
        lost.push(Lost::new(code::SOURCE_DROPPED, message));
    };
    Ok(match kind {
        "input_text" | "output_text" | "text" => {
            let text = part.get("text").and_then(Value::as_str).unwrap_or_default();
            Some(MessagePart::Text(text.to_owned()))
        }
        "input_image" => match place() {
            Some(source) => Some(MessagePart::Image {
                source,
                detail: text("detail").filter(|detail| detail != "auto"),
            }),
            None => {
                without_place("a picture");
                None
            }
        },
        "input_file" => match place() {
            Some(source) => Some(MessagePart::File {
                source,
                filename: text("filename"),
            }),
            None => {
                without_place("a file");
                None
            }
        },
        other => {
            let other = if other.is_empty() {
                "a part of no kind"
            } else {
                other
            };
            return Err(NoEcho::Unreadable(format!(
                "message {} holds {other}",
                index + 1
            )));
        }
    })
}
