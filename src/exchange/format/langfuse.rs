//! Langfuse: the JSON that it exports, and that its API answers.

use serde_json::{Map, Value};

use super::draft::{Draft, refused};
use super::{Foreign, Refused, Source};
use crate::exchange::dialect::{Dialect, Known};
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};

/// How a prompt includes another.
const INCLUSION: &str = "@@@langfusePrompt:";

/// A JSON text with the places of its values, where they can be told.
pub(super) fn json(text: &str) -> Result<Located, Finding> {
    let value: Value =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            Finding::error(code::BAD_INPUT, format!("this is not JSON: {error}"))
                .at(Span::point(error.line().max(1), error.column().max(1)))
                .help("export it once more")
        })?;
    Ok(match parse_located(text) {
        Ok(located) if located.value == value => located,
        _ => Located::without_places(value),
    })
}

/// One version of one prompt.
struct Entry<'v> {
    map: &'v Map<String, Value>,
    /// Where it stands in the file.
    path: String,
    name: String,
    version: Option<u64>,
}

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Result<Foreign, Refused>>, Finding> {
    let located = json(source.text)?;
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
            map,
            path,
            name: map
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or(source.stem)
                .to_owned(),
            version: map.get("version").and_then(Value::as_u64),
        });
    }
    entries.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
    Ok(entries
        .iter()
        .map(|entry| {
            one(entry, &entries, &located, source).map_err(|why| Refused {
                name: entry.name.clone(),
                version: entry.version,
                why: Box::new(why),
            })
        })
        .collect())
}

fn one(
    entry: &Entry<'_>,
    all: &[Entry<'_>],
    located: &Located,
    source: &Source<'_>,
) -> Result<Foreign, Finding> {
    let map = entry.map;
    let inside = |key: &str| match entry.path.as_str() {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    let mut draft = Draft {
        is_text_only: true,
        ..Draft::new(source)
    };
    draft.description = map
        .get("commitMessage")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned);
    let texts = |key: &str| -> Vec<String> {
        let list = map.get(key).and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    draft.tags = texts("tags");
    let labels: Vec<String> = texts("labels")
        .into_iter()
        .filter(|label| label != "latest")
        .collect();
    draft.labels(&labels, "labels", located.place(&inside("labels")));
    let mut own = None;
    if let Some(Value::Object(config)) = map.get("config") {
        let mut config = config.clone();
        own = config.remove("promptctl");
        let model = config
            .remove("model")
            .or_else(|| config.remove("model_name"));
        draft.model = model.as_ref().and_then(Value::as_str).map(str::to_owned);
        let at = |key: &str| located.place(&inside(&format!("config.{key}")));
        draft.settings(&config, at);
    }
    let path = inside("prompt");
    match map.get("prompt") {
        Some(Value::String(text)) => {
            let text = translated(text, &path, all, located, source, &mut draft)?;
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
                    draft.placeholder(name);
                    continue;
                }
                let role = message
                    .get("role")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let role = known_role(role, at)?;
                let Some(text) = message.get("content").and_then(Value::as_str) else {
                    return Err(refused(
                        at,
                        "the content of a message is no text",
                        "write it as text in Langfuse",
                    ));
                };
                let text = translated(
                    text,
                    &format!("{path}.content"),
                    all,
                    located,
                    source,
                    &mut draft,
                )?;
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
    if let Some(Value::Object(own)) = own {
        draft.take_own(&own);
    }
    let author = map
        .get("createdBy")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let mut foreign = draft.finish(entry.name.clone())?;
    foreign.version = entry.version;
    foreign.author = author;
    foreign.labels = labels;
    Ok(foreign)
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

/// A text with the prompts that it includes as partials.
fn translated(
    text: &str,
    path: &str,
    all: &[Entry<'_>],
    located: &Located,
    source: &Source<'_>,
    draft: &mut Draft,
) -> Result<String, Finding> {
    let mut out = String::new();
    let mut rest = text;
    let place = |part: Span| located.place_in(path, part);
    while let Some((before, after)) = rest.split_once(INCLUSION) {
        let Some((inner, behind)) = after.split_once("@@@") else {
            break;
        };
        rest = behind;
        out.push_str(&draft.template(Dialect::Langfuse, before, &Known::default(), place)?);
        let mut options = inner.split('|').filter_map(|option| option.split_once('='));
        let name = options
            .clone()
            .find(|(key, _)| *key == "name")
            .map_or("", |(_, name)| name);
        let wanted = options.find(|(key, _)| *key == "version" || *key == "label");
        let fits = |entry: &&Entry<'_>| {
            entry.name == name
                && match wanted {
                    Some(("version", version)) => {
                        entry.version.map(|it| it.to_string()).as_deref() == Some(version)
                    }
                    Some((_, label)) => {
                        let labels = entry.map.get("labels").and_then(Value::as_array);
                        labels.is_some_and(|labels| {
                            labels.iter().any(|it| it.as_str() == Some(label))
                        })
                    }
                    None => true,
                }
        };
        let found = all
            .iter()
            .rev()
            .find(fits)
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
        let partial = format!("{}{name}", source.folder);
        let text = draft.template(Dialect::Langfuse, found, &Known::default(), |_| None)?;
        if !draft.partials.iter().any(|(known, _)| *known == partial) {
            draft.partials.push((partial.clone(), text));
        }
        crate::exchange::escape::put_tag(&format!("> {partial}"), &mut out);
        // Alone on its line, the line would be taken away with it.
        out.push_str("{{!}}");
    }
    out.push_str(&draft.template(Dialect::Langfuse, rest, &Known::default(), place)?);
    Ok(out)
}
