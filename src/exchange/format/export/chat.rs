//! What formats that hold a list of messages share.

use serde_json::{Map, Value, json};

use super::Draft;
use crate::exchange::dialect::handlebars::Optional;
use crate::exchange::dialect::{Dialect, Known, Node, handlebars, tidy, written};
use crate::prompt::finding::Severity;

/// A message in the language of the target.
pub(super) enum Message {
    /// A role, and what it says.
    Said(String, Vec<Part>),
    /// A place for messages that callers give.
    Placeholder(String),
}

/// A part of a message.
pub(super) enum Part {
    /// A template, and its language.
    Text(String, Dialect),
    /// A picture: the template of its address, its language, and how closely it is looked at.
    Image(String, Dialect, Option<Value>),
}

/// What a target can say in a message.
#[derive(Clone, Copy)]
pub(super) struct Can {
    /// The languages of its templates, the plainest first.
    pub(super) dialects: &'static [Dialect],
    /// Whether it takes pictures.
    pub(super) images: bool,
}

/// Where a text stands: for people, and as a path in the file.
struct Place {
    shown: String,
    path: String,
}

/// The messages that the target can say; one of which nothing is left is none.
pub(super) fn messages(can: Can, draft: &mut Draft<'_>) -> Vec<Message> {
    let all = draft.keys.content.get("messages").and_then(Value::as_array);
    let all = all.cloned().unwrap_or_default();
    let mut out = Vec::new();
    for (index, message) in all.iter().enumerate() {
        if let Some(name) = message.get("placeholder").and_then(Value::as_str) {
            out.push(Message::Placeholder(name.to_owned()));
            continue;
        }
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let place = Place {
            shown: format!("message {} ({role})", index + 1),
            path: format!("messages[{index}].content"),
        };
        let mut parts = Vec::new();
        match message.get("content") {
            Some(Value::String(text)) => parts.extend(self::text(text, &place, can, draft)),
            Some(Value::Array(all)) => {
                for (nth, part) in all.iter().enumerate() {
                    let place = Place {
                        shown: format!("part {} of {}", nth + 1, place.shown),
                        path: format!("{}[{nth}]", place.path),
                    };
                    parts.extend(self::part(part, &place, can, draft));
                }
            }
            _ => {}
        }
        if !parts.is_empty() {
            out.push(Message::Said(role.to_owned(), parts));
        }
    }
    out
}

fn text(text: &str, place: &Place, can: Can, draft: &mut Draft<'_>) -> Option<Part> {
    let (text, dialect) = translated(text, place, can, draft)?;
    Some(Part::Text(text, dialect))
}

fn part(part: &Value, place: &Place, can: Can, draft: &mut Draft<'_>) -> Option<Part> {
    let text = |key: &str| part.get(key).and_then(Value::as_str);
    match (text("type"), text("text"), text("url")) {
        (Some("text"), Some(plain), _) => self::text(plain, place, can, draft),
        (Some("image"), _, Some(url)) if can.images => {
            let (url, dialect) = translated(url, place, can, draft)?;
            Some(Part::Image(url, dialect, part.get("detail").cloned()))
        }
        (kind, ..) => {
            let what = match kind {
                Some("image") if can.images => "a picture that has no address",
                Some("image") => "a picture",
                _ => "a file",
            };
            draft.lose(format!("{what}, {}", place.shown), &place.path);
            None
        }
    }
}

/// A template in the first of the languages that can say it. Where none can, the blocks that cannot
/// be said are left out if the rest is what callers are shown who do not give their variables; else
/// all of it is.
fn translated(
    text: &str,
    place: &Place,
    can: Can,
    draft: &mut Draft<'_>,
) -> Option<(String, Dialect)> {
    let pieces = match handlebars::pieces(text) {
        Ok(pieces) => pieces,
        Err(what) => return lose_all(&what, place, draft),
    };
    let whole: Result<Vec<Node>, String> = pieces.iter().map(|it| it.node.clone()).collect();
    let mut why = String::new();
    match whole {
        Err(what) => why = what,
        Ok(nodes) => {
            for dialect in can.dialects {
                match in_language(nodes.clone(), *dialect, place, draft) {
                    Ok(text) => return Some((text, *dialect)),
                    // The last language says the most: what it lacks is what is in the way.
                    Err(what) => why = what,
                }
            }
        }
    }
    let dialect = *can.dialects.last()?;
    let mut rest = Vec::new();
    let mut gone = Vec::new();
    for piece in pieces {
        let is_said = |node: &Node| written::write(std::slice::from_ref(node), dialect).is_ok();
        match (piece.node, piece.optional) {
            (Ok(node), None) => rest.push(node),
            (Ok(node), Some(_)) if is_said(&node) => rest.push(node),
            (_, Some(optional)) => gone.push(optional),
            (Err(what), None) => return lose_all(&what, place, draft),
        }
    }
    let is_text = |node: &Node| !matches!(node, Node::Text(text) if text.trim().is_empty());
    if gone.is_empty() || !rest.iter().any(is_text) {
        return lose_all(&why, place, draft);
    }
    match in_language(rest, dialect, place, draft) {
        Err(what) => lose_all(&what, place, draft),
        Ok(text) => {
            for Optional { tag, text } in gone {
                let text = cut(&text);
                let message = format!(
                    "the block `{tag}` of {} with its text ({text}), which cannot be said there",
                    place.shown
                );
                draft.lose(message, &place.path);
            }
            Some((text, dialect))
        }
    }
}

/// Says that a text is left out as a whole.
fn lose_all<T>(what: &str, place: &Place, draft: &mut Draft<'_>) -> Option<T> {
    let message = format!(
        "the whole of {}, as {what} in it cannot be said there",
        place.shown
    );
    draft.lose(message, &place.path);
    None
}

/// The beginning of a text.
fn cut(text: &str) -> String {
    const LENGTH: usize = 80;
    match text.char_indices().nth(LENGTH) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
    }
}

/// A template in a language, if that reads as the same.
fn in_language(
    nodes: Vec<Node>,
    dialect: Dialect,
    place: &Place,
    draft: &mut Draft<'_>,
) -> Result<String, String> {
    let nodes = tidy(nodes);
    let mut written = written::write(&nodes, dialect)?;
    // Jinja drops one line end at the end of a text.
    if dialect == Dialect::Jinja && written.text.ends_with('\n') {
        written.text.push('\n');
    }
    // Only what reads as the same says the same.
    let read = dialect.read(&written.text, &Known::default());
    if !read.is_ok_and(|template| template.nodes == nodes) {
        return Err("a text that would be read as something else".to_owned());
    }
    if dialect == Dialect::Nunjucks {
        judged(&written.judged, &place.path, draft);
    }
    differences(&written.text, dialect, place, draft);
    Ok(written.text)
}

/// Says what prints or decides another way there.
fn differences(text: &str, dialect: Dialect, place: &Place, draft: &mut Draft<'_>) {
    let mut known = Known::default();
    for (name, schema, _) in super::variables(&draft.keys) {
        let names = match schema.get("type").and_then(Value::as_str) {
            Some("string") => &mut known.texts,
            Some("array") => &mut known.lists,
            Some("boolean") => &mut known.flags,
            Some("integer" | "number") => &mut known.numbers,
            _ => continue,
        };
        names.insert(name);
    }
    let read = dialect.read(text, &known);
    // What is refused on the way in is doubtful where the kinds of the values are not known.
    let read = read.or_else(|_| dialect.read(text, &Known::default()));
    for note in read.map(|template| template.notes).unwrap_or_default() {
        // As on the way in, of the same only the first is told.
        if !draft.lost.iter().any(|it| it.message == note.message) {
            draft.report(Severity::Note, note.message, &place.path);
        }
    }
}

/// An empty list decides another way in JavaScript.
fn judged(names: &[String], path: &str, draft: &mut Draft<'_>) {
    for name in names {
        let all = super::variables(&draft.keys);
        let schema = all.iter().find(|(own, ..)| own == name);
        let kinds = schema
            .and_then(|(_, schema, _)| schema.get("type"))
            .cloned();
        let is = |kind: &str| match &kinds {
            Some(Value::Array(kinds)) => kinds.iter().any(|it| it == kind),
            Some(only) => only == kind,
            None => false,
        };
        if is("array") || is("object") {
            draft.lose(
                format!("the condition `{name}`, which holds there for an empty list, too: it"),
                path,
            );
        }
    }
}

/// The parts as one text, for formats that have no others.
pub(super) fn joined(parts: &[Part]) -> String {
    let text = |part: &Part| match part {
        Part::Text(text, _) | Part::Image(text, ..) => text.clone(),
    };
    parts.iter().map(text).collect()
}

/// The names of variables in a template of theirs.
pub(super) fn used(template: &str, dialect: Dialect, all: &[(String, Value, bool)]) -> Vec<String> {
    let read = dialect.read(template, &Known::default());
    let mut names = Vec::new();
    if let Ok(template) = read {
        template.names(&mut names);
    }
    names.retain(|name| all.iter().any(|(own, ..)| own == name));
    names
}

/// The parameters in the spelling of the APIs, such as `max_tokens`.
pub(super) fn snake_parameters(draft: &Draft<'_>) -> Map<String, Value> {
    let parameters = draft.keys.content.get("modelParameters");
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
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| (name(key), value.clone()))
        .collect()
}

/// `response_format` as the Chat Completions API has it.
pub(super) fn response_format(draft: &Draft<'_>) -> Option<Value> {
    let format = draft.text("responseFormat")?;
    Some(match draft.keys.content.get("jsonSchema") {
        Some(schema) if format == "json_schema" => {
            json!({ "type": format, "json_schema": schema })
        }
        _ => json!({ "type": format }),
    })
}

/// The functions that the model may call.
pub(super) fn functions(draft: &mut Draft<'_>) -> Vec<Map<String, Value>> {
    let tools = draft
        .keys
        .content
        .get("extraBody")
        .and_then(|it| it.get("tools")?.as_array());
    let mut all = Vec::new();
    for tool in tools.cloned().unwrap_or_default() {
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
        match tool
            .as_object()
            .filter(|it| kind == "function" && it.contains_key("name"))
        {
            Some(tool) => all.push(tool.clone()),
            None => draft.lose(
                format!("the tool `{kind}`, which is no function"),
                "extraBody.tools",
            ),
        }
    }
    all
}

/// The same as the Chat Completions API writes them.
pub(super) fn nested(functions: Vec<Map<String, Value>>) -> Vec<Value> {
    let tool = |mut tool: Map<String, Value>| {
        tool.remove("type");
        json!({ "type": "function", "function": tool })
    };
    functions.into_iter().map(tool).collect()
}

/// The settings of a model in the spelling of the APIs, with the form of the answer and the tools.
pub(super) fn settings(draft: &mut Draft<'_>) -> Map<String, Value> {
    let mut settings = snake_parameters(draft);
    if let Some(format) = response_format(draft) {
        settings.insert("response_format".to_owned(), format);
    }
    let tools = nested(functions(draft));
    if !tools.is_empty() {
        settings.insert("tools".to_owned(), Value::Array(tools));
    }
    if let Some(choice) = tool_choice(draft) {
        settings.insert("tool_choice".to_owned(), choice.clone());
    }
    settings
}

pub(super) fn json_file(name: &str, value: &Value) -> (String, String) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    (format!("{name}.json"), format!("{text}\n"))
}

/// Which tool is to be called, as the request says it.
pub(super) fn tool_choice<'d>(draft: &'d Draft<'_>) -> Option<&'d Value> {
    draft.keys.content.get("extraBody")?.get("tool_choice")
}
