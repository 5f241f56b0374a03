//! The proof that a prompt file says what was stored: rendered with the values of the answer, it
//! is that answer, byte for byte.

use serde_json::{Map, Value, json};

use super::stored::{AttachmentSource, Echo, MessagePart};
use crate::prompt::document::{Document, Object};
use crate::prompt::rendered::{RenderedAttachment, RenderedMessage, RenderedPart};
use crate::prompt::template::{Compiled, Partials};

/// Renders `document` with the variables of the answer and compares it with the answer.
///
/// # Errors
/// What differs, in words.
pub fn prove(document: &Document, echo: &Echo) -> Result<(), String> {
    let compiled = Compiled::new(document, &Partials::new()).map_err(|findings| {
        findings
            .first()
            .map_or_else(String::new, |finding| finding.message.clone())
    })?;
    let mut values = Object::new();
    for variable in compiled.variables() {
        let value = echo.variables.get(&variable.name);
        values.insert(variable.name.clone(), value_of(value));
    }
    let rendered = compiled
        .render(&values)
        .map_err(|finding| finding.message)?;
    if rendered.len() != echo.messages.len() {
        return Err(format!(
            "it has {} messages instead of {}",
            rendered.len(),
            echo.messages.len()
        ));
    }
    for (index, (message, stored)) in rendered.iter().zip(&echo.messages).enumerate() {
        if message.role != stored.role {
            return Err(format!("message {} has another role", index + 1));
        }
        if parts_of(message) != stored_parts(&stored.parts, echo) {
            return Err(format!("message {} has another text", index + 1));
        }
    }
    Ok(())
}

/// What stands for a variable in the text: its own words, or a mark for a picture or file.
fn value_of(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Object(part)) => match part.get("text").and_then(Value::as_str) {
            Some(text) => json!(text.replace("\r\n", "\n")),
            None => json!(mark(part)),
        },
        Some(Value::String(text)) => json!(text.replace("\r\n", "\n")),
        _ => json!(""),
    }
}

fn mark(part: &Map<String, Value>) -> String {
    let place = ["file_id", "image_url", "file_url", "file_data"]
        .iter()
        .find_map(|key| part.get(*key)?.as_str());
    format!("\u{e000}{}\u{e001}", place.unwrap_or_default())
}

fn parts_of(message: &RenderedMessage) -> Vec<String> {
    let told = message.parts.iter().map(|part| match part {
        RenderedPart::Text(text) => text.clone(),
        RenderedPart::Given(part) => mark(part),
        RenderedPart::Image { source, .. } | RenderedPart::File { source, .. } => match source {
            RenderedAttachment::Url(at)
            | RenderedAttachment::Path(at)
            | RenderedAttachment::FileId(at) => {
                format!("\u{e002}{at}\u{e003}")
            }
        },
    });
    joined(told)
}

fn stored_parts(parts: &[MessagePart], echo: &Echo) -> Vec<String> {
    let told = parts.iter().map(|part| match part {
        MessagePart::Text(text) => text.replace("\r\n", "\n"),
        MessagePart::Image { source, .. } | MessagePart::File { source, .. } => {
            let (AttachmentSource::Url(at) | AttachmentSource::FileId(at)) = source;
            let mark_of_value = format!("\u{e000}{at}\u{e001}");
            let is_value = echo
                .variables
                .values()
                .filter_map(Value::as_object)
                .any(|it| mark(it) == mark_of_value);
            match is_value {
                true => mark_of_value,
                false => format!("\u{e002}{at}\u{e003}"),
            }
        }
    });
    joined(told)
}

/// Texts side by side are one text; what is not text stands alone.
fn joined(parts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for part in parts {
        match all.last_mut() {
            Some(last) if !part.starts_with('\u{e002}') && !last.starts_with('\u{e002}') => {
                last.push_str(&part);
            }
            _ => all.push(part),
        }
    }
    all
}
