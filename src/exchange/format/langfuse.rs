//! Langfuse: the JSON that it exports, and that its API answers.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::draft::{Draft, refused};
use super::versions::{Entry, check_number, each, in_order, number};
use super::{Foreign, Refused, Source, json};
use crate::exchange::dialect::{Dialect, Known};
use crate::prompt::code;
use crate::prompt::document::Located;
use crate::prompt::finding::{Finding, Span};

/// How a prompt includes another.
const INCLUSION: &str = "@@@langfusePrompt:";

/// How often a text may include others.
const MAX_INCLUSIONS: usize = 200;
/// The most that the texts of a file may include of others, in bytes.
const MAX_INCLUDED: usize = 20_000_000;

/// All of a file.
struct Export<'v> {
    /// In the order of their names and numbers.
    entries: Vec<Entry<'v>>,
    located: &'v Located,
    /// How many bytes were included in others.
    included: Cell<usize>,
}

impl Export<'_> {
    /// The newest version of a prompt that has this number or label, if one is asked for.
    fn find(&self, name: &str, wanted: Option<(&str, &str)>) -> Option<&Entry<'_>> {
        let from = self.entries.partition_point(|it| it.name.as_str() < name);
        let to = self.entries.partition_point(|it| it.name.as_str() <= name);
        let number = wanted.and_then(|(_, version)| version.parse().ok());
        let has_label = |entry: &Entry<'_>, label: &str| {
            let labels = entry.map.get("labels").and_then(Value::as_array);
            labels.is_some_and(|labels| labels.iter().any(|it| it.as_str() == Some(label)))
        };
        self.entries[from..to]
            .iter()
            .rev()
            .find(|entry| match wanted {
                Some(("version", _)) => number.is_some() && entry.version == number,
                Some((_, label)) => has_label(entry, label),
                None => true,
            })
    }
}

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Result<Foreign, Refused>>, Finding> {
    let located = json::read(source.text)?;
    let (list, path) = match &located.value {
        Value::Array(items) => (items.iter().collect(), String::new()),
        Value::Object(map) => match map.get("data").or_else(|| map.get("prompts")) {
            Some(Value::Array(items)) => {
                let key = if map.contains_key("data") {
                    "data"
                } else {
                    "prompts"
                };
                (items.iter().collect::<Vec<_>>(), key.to_owned())
            }
            _ => (vec![&located.value], "-".to_owned()),
        },
        _ => (Vec::new(), String::new()),
    };
    let mut entries = Vec::new();
    for (index, item) in list.into_iter().enumerate() {
        let path = match path.as_str() {
            "-" => String::new(),
            path => format!("{path}[{index}]"),
        };
        let Some(map) = item.as_object() else {
            return Err(refused(
                located.place(&path),
                "an entry that is no prompt",
                "export the prompts once more",
            ));
        };
        if !map.contains_key("prompt") {
            return Err(refused(
                located.place(&path),
                "this is a list of names without texts",
                "use the export of Langfuse, or ask the API for each: GET /api/public/v2/prompts/NAME?version=N",
            ));
        }
        entries.push(Entry {
            map: Cow::Borrowed(map),
            path,
            name: map
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or(source.stem)
                .to_owned(),
            version: map.get("version").and_then(number),
        });
    }
    in_order(&mut entries);
    let export = Export {
        entries,
        located: &located,
        included: Cell::new(0),
    };
    let keys = ["prompt", "type", "config"];
    Ok(each(&export.entries, &keys, &located, |entry| {
        one(entry, &export, source)
    }))
}

fn one(entry: &Entry<'_>, export: &Export<'_>, source: &Source<'_>) -> Result<Foreign, Finding> {
    let map = entry.map.as_ref();
    let located = export.located;
    let inside = |key: &str| match entry.path.as_str() {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    let mut draft = Draft {
        is_text_only: true,
        ..Draft::new(source)
    };
    let place = |key: &str| located.place(&inside(key));
    let message = map.get("commitMessage");
    let message = message
        .and_then(|said| draft.commit_message("commitMessage", said, place("commitMessage")));
    keys(map, place, &mut draft);
    if let Some(tags) = map.get("tags") {
        draft.take_tags(tags, place("tags"));
    }
    let labels = map.get("labels").and_then(Value::as_array);
    let labels: Vec<String> = labels
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|label| *label != "latest")
        .map(str::to_owned)
        .collect();
    draft.labels(&labels, "labels", located.place(&inside("labels")));
    if let Some(Value::Object(config)) = map.get("config") {
        let mut config = config.clone();
        let block = config.remove("promptctl");
        let model = config
            .remove("model")
            .or_else(|| config.remove("model_name"));
        let at = |key: &str| located.place(&inside(&format!("config.{key}")));
        draft.keep_block(block.as_ref(), at("promptctl"));
        if let Some(model) = model {
            draft.model = draft.text("model", &model, at("model"));
        }
        draft.settings(&config, at);
    }
    let path = inside("prompt");
    match map.get("prompt") {
        Some(Value::String(text)) => {
            let text = translated(text, &path, export, source, &mut draft)?;
            draft.message("user", text);
        }
        Some(Value::Array(messages)) => {
            for (index, message) in messages.iter().enumerate() {
                let path = format!("{path}[{index}]");
                let at = located.place(&path);
                if message.get("type").and_then(Value::as_str) == Some("placeholder") {
                    let name = message
                        .get("name")
                        .and_then(Value::as_str)
                        .unwrap_or_default();
                    if !crate::exchange::dialect::is_name(name) {
                        return Err(refused(
                            at,
                            format!("a placeholder cannot be named `{name}` here"),
                            "names are letters, digits and `_`",
                        ));
                    }
                    if let Some(map) = message.as_object() {
                        draft.leave_out(map, (&["type", "name"], &[]), "a placeholder", |_| at);
                    }
                    draft.placeholder(name);
                    continue;
                }
                let role = message
                    .get("role")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let role = known_role(role, at)?;
                if let Some(map) = message.as_object() {
                    let is_message = map.get("type").is_none_or(|kind| {
                        [json!("chatmessage"), json!("message"), Value::Null].contains(kind)
                    });
                    let known = match is_message {
                        true => ["type", "role", "content"],
                        false => ["role", "role", "content"],
                    };
                    draft.leave_out(map, (&known, &[]), "a message", |key| {
                        located.place(&format!("{path}.{key}"))
                    });
                }
                let Some(text) = message.get("content").and_then(Value::as_str) else {
                    return Err(refused(
                        at,
                        "the content of a message is no text",
                        "write it as text in Langfuse",
                    ));
                };
                let text =
                    translated(text, &format!("{path}.content"), export, source, &mut draft)?;
                draft.message(role, text);
            }
        }
        _ => {
            return Err(refused(
                located.place(&path),
                "`prompt` is neither a text nor a list of messages",
                "export it once more",
            ));
        }
    }
    let foreign = draft.finish(entry.name.clone())?;
    let keys = ["createdBy", "createdAt"];
    let mut foreign = foreign.made_there(map, keys, place);
    foreign.version = entry.version;
    foreign.message = message;
    foreign.labels = labels;
    Ok(foreign)
}

/// Names what of an entry has no counterpart here.
fn keys(map: &Map<String, Value>, place: impl Fn(&str) -> Option<Span>, draft: &mut Draft) {
    let known = [
        "name",
        "version",
        "prompt",
        "type",
        "tags",
        "labels",
        "config",
        "commitMessage",
        "createdAt",
        "createdBy",
    ];
    let noted = [
        "id",
        "projectId",
        "updatedAt",
        "isActive",
        "resolutionGraph",
        "lastUpdatedAt",
    ];
    draft.leave_out(map, (&known, &noted), "", &place);
    check_number(map, &place, draft);
    let odd = |key: &str, kinds: &[&str]| {
        let value = map.get(key).filter(|value| !value.is_null())?;
        let is_known = |text: &str| kinds.is_empty() || kinds.contains(&text);
        (!value.as_str().is_some_and(is_known)).then(|| value.to_string())
    };
    if let Some(name) = odd("name", &[]) {
        let message = format!("its name {name} is no text: the file names it");
        draft.lose(code::SOURCE_CHANGED, place("name"), message);
    }
    if let Some(kind) = odd("type", &["text", "chat"]) {
        let message =
            format!("its type {kind} is not known here: what `prompt` holds says how it is taken");
        draft.lose(code::SOURCE_CHANGED, place("type"), message);
    }
    if let Some(config) = map
        .get("config")
        .filter(|it| !it.is_null() && !it.is_object())
    {
        let message = format!("`config` is no map ({config}): left out");
        draft.lose(code::SOURCE_DROPPED, place("config"), message);
    }
    let is_labels = |it: &Value| match it {
        Value::Array(items) => items.iter().all(Value::is_string),
        other => other.is_null(),
    };
    if let Some(labels) = map.get("labels").filter(|it| !is_labels(it)) {
        let message = format!("`labels` is no list of texts ({labels}): what is none was left out");
        draft.lose(code::SOURCE_DROPPED, place("labels"), message);
    }
}

/// The role of this name here.
pub(super) fn role_of(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "system" => "system",
        "developer" => "developer",
        "user" | "human" => "user",
        "assistant" | "ai" | "model" => "assistant",
        _ => return None,
    })
}

/// The role of this name here, or why there is none.
pub(super) fn known_role(name: &str, at: Option<Span>) -> Result<&'static str, Finding> {
    role_of(name).ok_or_else(|| {
        refused(
            at,
            format!("the role `{name}` has no counterpart here"),
            "roles are system, developer, user and assistant",
        )
    })
}

/// Whether a text ends within the braces around a name.
fn is_open(text: &str) -> bool {
    text.rsplit_once("{{").is_some_and(|(_, name)| {
        let is_inner = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ' ';
        name.chars().all(is_inner)
    })
}

/// A text with the prompts that it includes as partials.
fn translated(
    text: &str,
    path: &str,
    export: &Export<'_>,
    source: &Source<'_>,
    draft: &mut Draft,
) -> Result<String, Finding> {
    let mut out = String::new();
    let mut rest = text;
    let mut count = 0;
    let located = export.located;
    let place = |part: Span| located.place_in(path, part);
    while let Some((before, after)) = rest.split_once(INCLUSION) {
        let Some((inner, behind)) = after.split_once("@@@") else {
            break;
        };
        rest = behind;
        count += 1;
        if count > MAX_INCLUSIONS {
            return Err(refused(
                located.place(path),
                format!("it includes other prompts more than {MAX_INCLUSIONS} times"),
                "put their texts in their places",
            ));
        }
        if is_open(before) {
            return Err(refused(
                located.place(path),
                "a name in double braces is put together from an included prompt",
                "write the name as one in Langfuse",
            ));
        }
        out.push_str(&draft.template(Dialect::Langfuse, before, &Known::default(), place)?);
        let mut options = inner.split('|').filter_map(|option| option.split_once('='));
        let name = options
            .clone()
            .find(|(key, _)| *key == "name")
            .map_or("", |(_, name)| name);
        let wanted = options.find(|(key, _)| *key == "version" || *key == "label");
        let found = export
            .find(name, wanted)
            .and_then(|entry| entry.map.get("prompt")?.as_str());
        let Some(found) = found else {
            return Err(refused(
                located.place(path),
                format!("the prompt `{name}` that it includes is not in the file, or is no text"),
                "export both into one file",
            ));
        };
        if found.contains(INCLUSION) {
            return Err(refused(
                located.place(path),
                format!("the prompt `{name}` that it includes includes others"),
                "put their texts in their places",
            ));
        }
        export.included.set(export.included.get() + found.len());
        if export.included.get() > MAX_INCLUDED {
            return Err(refused(
                located.place(path),
                "the prompts of this file include more than 20 MB of others",
                "export fewer of them into one file",
            ));
        }
        let partial = format!("{}{name}", source.folder);
        if is_open(found) {
            return Err(refused(
                located.place(path),
                format!("the included prompt {name} ends within a name in double braces"),
                "write the name as one in Langfuse",
            ));
        }
        let text = draft.template(Dialect::Langfuse, found, &Known::default(), |_| None)?;
        match draft.partials.iter().find(|(known, _)| *known == partial) {
            None => draft.partials.push((partial.clone(), text)),
            Some((_, known)) if *known == text => {}
            Some(_) => {
                return Err(refused(
                    located.place(path),
                    format!(
                        "it includes two versions of the prompt `{name}`, and a partial here has one text"
                    ),
                    "include the same version everywhere",
                ));
            }
        }
        crate::exchange::escape::put_tag(&format!("> {partial}"), &mut out);
        // Alone on its line, the line would be taken away with it.
        out.push_str("{{!}}");
    }
    out.push_str(&draft.template(Dialect::Langfuse, rest, &Known::default(), place)?);
    Ok(out)
}
