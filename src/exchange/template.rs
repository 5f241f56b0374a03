//! From an answer to the template that was stored: values give their places back to the variables.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Lost;
use super::escape::{Piece, template};
use super::sentinel::{self, Sentinels};
use super::stored::{AttachmentSource, Echo, EchoMessage, MessagePart, is_name};
use crate::prompt::code;
use crate::prompt::document::Role;

/// The messages of a prompt file.
#[derive(Debug, Clone, PartialEq)]
pub struct Templates {
    /// The messages; their texts are templates.
    pub messages: Vec<(Role, Vec<MessagePart>)>,
    /// The variables that the texts hold.
    pub used: BTreeSet<String>,
    /// What differs from what was stored.
    pub lost: Vec<Lost>,
}

/// Why no template can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTemplate {
    /// The name cannot stand in a template.
    BadName(String),
    /// A value of a saved answer may stand in more than one place, or in none.
    Ambiguous(String),
    /// A sentinel that belongs to no variable is left.
    Leftover,
}

/// What finds the places of variables in a text.
enum Finder<'a> {
    Sentinels(&'a Sentinels),
    /// Values of a saved answer, the longest first.
    Values(Vec<(&'a str, String)>),
}

impl Finder<'_> {
    fn pieces(&self, text: &str) -> Result<Vec<Piece>, NoTemplate> {
        match self {
            Finder::Sentinels(sentinels) => by_sentinels(text, sentinels),
            Finder::Values(values) => Ok(by_values(text, values)),
        }
    }
}

/// The templates of an answer whose variables were sentinels.
///
/// # Errors
/// A name that no template can hold, or a sentinel that is not of this answer.
pub fn from_sentinels(echo: &Echo, sentinels: &Sentinels) -> Result<Templates, NoTemplate> {
    make(echo, &Finder::Sentinels(sentinels), &BTreeMap::new())
}

/// The templates of a saved answer, by the values that it repeats: sentinels where they are, else
/// values that stand in one place for certain.
///
/// # Errors
/// Where a value may stand in several places, or nowhere.
pub fn from_saved(echo: &Echo) -> Result<(Templates, Sentinels), NoTemplate> {
    let texts: BTreeMap<&str, &str> = echo
        .variables
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), text_of(value)?)))
        .collect();
    let sentinels = Sentinels::from_values(texts.iter().map(|(name, value)| (*name, *value)));
    let objects: BTreeMap<&str, &Map<String, Value>> = echo
        .variables
        .iter()
        .filter_map(|(name, value)| {
            Some((
                name.as_str(),
                value.as_object().filter(|_| text_of(value).is_none())?,
            ))
        })
        .collect();
    if sentinels.iter().count() == texts.len() {
        return Ok((
            make(echo, &Finder::Sentinels(&sentinels), &objects)?,
            sentinels,
        ));
    }
    let all: Vec<&str> = echo.texts().collect();
    let mut values: Vec<(&str, String)> = Vec::new();
    for (name, value) in &texts {
        let value = value.replace("\r\n", "\n");
        let holds = |text: &&str| text.replace("\r\n", "\n").matches(value.as_str()).count();
        let is_short = value.trim().chars().count() < 3;
        let overlaps = texts
            .iter()
            .any(|(other, text)| other != name && text.contains(value.as_str()));
        if is_short || overlaps || all.iter().map(holds).sum::<usize>() != 1 {
            return Err(NoTemplate::Ambiguous((*name).to_owned()));
        }
        values.push((name, value));
    }
    let mut templates = make(echo, &Finder::Values(values), &objects)?;
    let message = "the answer holds values and no sentinels: where a text of the prompt is equal to a value, it was taken for the variable";
    templates
        .lost
        .push(Lost::new(code::SOURCE_CHANGED, message));
    Ok((templates, sentinels))
}

/// The text of a variable's value, as the API repeats it.
fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(part) if part.get("type").and_then(Value::as_str) == Some("input_text") => {
            part.get("text").and_then(Value::as_str)
        }
        _ => None,
    }
}

fn make(
    echo: &Echo,
    finder: &Finder<'_>,
    objects: &BTreeMap<&str, &Map<String, Value>>,
) -> Result<Templates, NoTemplate> {
    let mut templates = Templates {
        messages: Vec::new(),
        used: BTreeSet::new(),
        lost: echo.lost.clone(),
    };
    let mut has_returns = false;
    for EchoMessage { role, parts } in &echo.messages {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut made: Vec<MessagePart> = Vec::new();
        for part in parts {
            match part {
                MessagePart::Text(text) => {
                    has_returns |= text.contains("\r\n");
                    pieces.extend(finder.pieces(&text.replace("\r\n", "\n"))?);
                }
                other => {
                    // A picture or a file that a caller sent cuts the text where it was named.
                    if let Some(name) = variable_of(other, objects) {
                        pieces.push(Piece::Variable(name.to_owned()));
                        continue;
                    }
                    flush(&mut pieces, &mut made, &mut templates.used)?;
                    made.push(other.clone());
                }
            }
        }
        flush(&mut pieces, &mut made, &mut templates.used)?;
        templates.messages.push((*role, made));
    }
    if has_returns {
        let message = "line ends of Windows became line ends of a prompt file";
        templates
            .lost
            .push(Lost::note(code::SOURCE_CHANGED, message));
    }
    Ok(templates)
}

fn flush(
    pieces: &mut Vec<Piece>,
    made: &mut Vec<MessagePart>,
    used: &mut BTreeSet<String>,
) -> Result<(), NoTemplate> {
    for piece in pieces.iter() {
        if let Piece::Variable(name) = piece {
            if !is_name(name) || !name.is_ascii() {
                return Err(NoTemplate::BadName(name.clone()));
            }
            used.insert(name.clone());
        }
    }
    let pieces = std::mem::take(pieces);
    if !pieces.is_empty() {
        made.push(MessagePart::Text(template(&pieces)));
    }
    Ok(())
}

/// The variable whose value this part is.
fn variable_of<'a>(
    part: &MessagePart,
    objects: &BTreeMap<&'a str, &Map<String, Value>>,
) -> Option<&'a str> {
    let (source, _) = match part {
        MessagePart::Image { source, detail } => (source, detail),
        MessagePart::File { source, filename } => (source, filename),
        MessagePart::Text(_) => return None,
    };
    let holds = |object: &Map<String, Value>, keys: &[&str], wanted: &str| {
        keys.iter()
            .any(|key| object.get(*key).and_then(Value::as_str) == Some(wanted))
    };
    let is_it = |object: &Map<String, Value>| match source {
        AttachmentSource::Url(url) => holds(object, &["image_url", "file_url", "file_data"], url),
        AttachmentSource::FileId(id) => holds(object, &["file_id"], id),
    };
    objects
        .iter()
        .find(|(_, object)| is_it(object))
        .map(|(name, _)| *name)
}

fn by_sentinels(text: &str, sentinels: &Sentinels) -> Result<Vec<Piece>, NoTemplate> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for range in sentinel::find(text) {
        let name = sentinels
            .name_of(&text[range.clone()])
            .ok_or(NoTemplate::Leftover)?;
        if range.start > at {
            pieces.push(Piece::Text(text[at..range.start].to_owned()));
        }
        pieces.push(Piece::Variable(name.to_owned()));
        at = range.end;
    }
    if at < text.len() {
        pieces.push(Piece::Text(text[at..].to_owned()));
    }
    Ok(pieces)
}

fn by_values(text: &str, values: &[(&str, String)]) -> Vec<Piece> {
    let mut pieces = vec![Piece::Text(text.to_owned())];
    for (name, value) in values {
        let mut cut = Vec::new();
        for piece in pieces {
            match &piece {
                Piece::Text(text) => match text.split_once(value.as_str()) {
                    Some((before, after)) => {
                        cut.extend([
                            Piece::Text(before.to_owned()),
                            Piece::Variable((*name).to_owned()),
                            Piece::Text(after.to_owned()),
                        ]);
                    }
                    None => cut.push(piece),
                },
                Piece::Variable(_) => cut.push(piece),
            }
        }
        pieces = cut;
    }
    pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
    pieces
}
