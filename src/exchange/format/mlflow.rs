//! MLflow: prompts of its registry, as the SDK's objects in JSON or as its REST API answers.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::draft::{Draft, refused};
use super::langfuse::known_role;
use super::versions::{Entry, check_number, each, in_order, number};
use super::{Foreign, Refused, Source, json};
use crate::exchange::dialect::{Dialect, Known};
use crate::prompt::code;
use crate::prompt::document::Located;
use crate::prompt::finding::Finding;

/// Where the REST API keeps the text of a version, among its tags.
const TEXT: &str = "mlflow.prompt.text";
/// The kind of prompt, the form of the answer and the model, in both spellings that it has had.
const KIND: [&str; 2] = ["_mlflow_prompt_type", "mlflow.prompt.type"];
const FORMAT: [&str; 2] = [
    "_mlflow_prompt_response_format",
    "mlflow.prompt.response_format",
];
const CONFIG: [&str; 2] = ["_mlflow_prompt_model_config", "mlflow.prompt.config"];

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Result<Foreign, Refused>>, Finding> {
    let located = json::read(source.text)?;
    let versions = located
        .value
        .get("model_versions")
        .map(|_| "model_versions");
    let list = match (&located.value, versions) {
        (value, Some(key)) => value[key].as_array().cloned().unwrap_or_default(),
        (Value::Array(items), None) => items.clone(),
        (only, None) => vec![only.clone()],
    };
    let is_list = located.value.is_array() || versions.is_some();
    let mut entries = Vec::new();
    for (index, item) in list.into_iter().enumerate() {
        let path = match is_list {
            true => format!("{}[{index}]", versions.unwrap_or_default()),
            false => String::new(),
        };
        let Value::Object(map) = item else {
            return Err(refused(
                located.place(&path),
                "an entry that is no prompt",
                "write the versions of the registry down once more",
            ));
        };
        let map = of_tags(map);
        let name = map.get("name").and_then(Value::as_str);
        entries.push(Entry {
            name: name.unwrap_or(source.stem).to_owned(),
            version: map.get("version").and_then(number),
            path,
            map: Cow::Owned(map),
        });
    }
    let token = located.value.get("next_page_token").and_then(Value::as_str);
    if token.is_some_and(|token| !token.is_empty()) {
        return Err(refused(
            located.place("next_page_token"),
            "a page of an answer, of which others are missing",
            "ask for all versions, and put those of all pages into one list `model_versions`",
        ));
    }
    in_order(&mut entries);
    let keys = ["template", "model_config", "response_format"];
    Ok(each(&entries, &keys, &located, |entry| {
        one(entry, &located, source)
    }))
}

/// An entry of the REST API as the SDK has it: what it keeps in tags has keys of its own.
fn of_tags(mut map: Map<String, Value>) -> Map<String, Value> {
    let tags = match map.get("tags") {
        Some(Value::Array(tags)) => tags
            .iter()
            .filter_map(|tag| Some((tag["key"].as_str()?.to_owned(), tag["value"].clone())))
            .collect(),
        Some(Value::Object(tags)) => tags.clone(),
        _ => Map::new(),
    };
    let find = |names: &[&str]| names.iter().find_map(|name| tags.get(*name)?.as_str());
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    if !map.contains_key("template")
        && let Some(text) = find(&[TEXT])
    {
        let chat = parsed(text).filter(|_| find(&KIND) == Some("chat"));
        map.insert("template".to_owned(), chat.unwrap_or_else(|| json!(text)));
    }
    for (key, names) in [("response_format", FORMAT), ("model_config", CONFIG)] {
        if !map.contains_key(key)
            && let Some(value) = find(&names).and_then(parsed)
        {
            map.insert(key.to_owned(), value);
        }
    }
    map.insert("tags".to_owned(), Value::Object(tags));
    map
}

fn one(entry: &Entry, located: &Located, source: &Source<'_>) -> Result<Foreign, Finding> {
    let map = entry.map.as_ref();
    let inside = |key: &str| match entry.path.as_str() {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    let place = |key: &str| located.place(&inside(key));
    let mut draft = Draft {
        is_text_only: true,
        ..Draft::new(source)
    };
    // The REST API calls it a description.
    let message = ["commit_message", "description"]
        .into_iter()
        .find_map(|key| draft.commit_message(key, map.get(key)?, place(key)));
    keys(map, place, &mut draft);
    model(map, &place, &mut draft);
    match map.get("response_format") {
        Some(schema @ Value::Object(_)) => {
            let title = schema.get("title").and_then(Value::as_str);
            draft.output(title.unwrap_or("output"), schema.clone(), false);
        }
        None | Some(Value::Null) => {}
        Some(_) => {
            let message = "`response_format` is no schema: left out";
            draft.lose(code::SOURCE_DROPPED, place("response_format"), message);
        }
    }
    let tags = map.get("tags").and_then(Value::as_object);
    let own: Vec<&str> = tags
        .into_iter()
        .flat_map(|tags| tags.keys().map(String::as_str))
        .filter(|key| !key.starts_with("mlflow.") && !key.starts_with("_mlflow_"))
        .collect();
    if !own.is_empty() {
        let message = format!(
            "tags with values have no counterpart here ({}): left out",
            own.join(", ")
        );
        draft.note(code::SOURCE_DROPPED, place("tags"), message);
    }
    let aliases: Vec<String> = map
        .get("aliases")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|alias| alias.as_str().map(str::to_owned))
        .collect();
    draft.labels(&aliases, "aliases", place("aliases"));
    match map.get("template") {
        Some(Value::String(text)) => {
            let text = translated(text, &inside("template"), located, &mut draft)?;
            draft.message(source.role, text);
        }
        Some(Value::Array(messages)) => {
            for (index, message) in messages.iter().enumerate() {
                let path = format!("{}[{index}]", inside("template"));
                let at = located.place(&path).or_else(|| place("template"));
                let name = message
                    .get("role")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let role = known_role(name, at)?;
                if let Some(map) = message.as_object() {
                    draft.leave_out(map, (&["role", "content"], &[]), "a message", |_| at);
                }
                let Some(text) = message.get("content").and_then(Value::as_str) else {
                    return Err(refused(
                        at,
                        "the content of a message is no text",
                        "write it as text in the registry",
                    ));
                };
                let text = translated(text, &format!("{path}.content"), located, &mut draft)?;
                draft.message(role, text);
            }
        }
        _ => {
            return Err(refused(
                place("template").or_else(|| located.place(&entry.path)),
                "this version has no template",
                "write the versions down with their `template`",
            ));
        }
    }
    let mut foreign = draft.finish(entry.name.clone())?;
    foreign.version = entry.version;
    foreign.labels = aliases;
    foreign.message = message;
    Ok(foreign)
}

/// Names what of a version has no counterpart here.
fn keys(
    map: &Map<String, Value>,
    place: impl Fn(&str) -> Option<crate::prompt::finding::Span>,
    draft: &mut Draft,
) {
    let known = [
        "name",
        "version",
        "template",
        "tags",
        "commit_message",
        "description",
        "aliases",
        "response_format",
        "model_config",
    ];
    let noted = [
        "creation_timestamp",
        "last_updated_timestamp",
        "user_id",
        "current_stage",
        "source",
        "run_id",
        "status",
        "run_link",
    ];
    draft.leave_out(map, (&known, &noted), "", &place);
    check_number(map, &place, draft);
    if map
        .get("model_config")
        .is_some_and(|it| !it.is_null() && !it.is_object())
    {
        let message = "`model_config` is no map: left out";
        draft.lose(code::SOURCE_DROPPED, place("model_config"), message);
    }
}

fn model(
    map: &Map<String, Value>,
    place: &impl Fn(&str) -> Option<crate::prompt::finding::Span>,
    draft: &mut Draft,
) {
    let Some(Value::Object(config)) = map.get("model_config") else {
        return;
    };
    let mut config = config.clone();
    let provider = config.remove("provider");
    let name = config
        .remove("model_name")
        .or_else(|| config.remove("model"));
    if let Some(name) = name.as_ref().and_then(Value::as_str) {
        draft.model = Some(match provider.as_ref().and_then(Value::as_str) {
            Some(provider) if !name.contains('/') => format!("{provider}/{name}"),
            _ => name.to_owned(),
        });
    } else if provider.is_some() || name.is_some() {
        let message = "`provider` and `model_name` name a model only together: left out";
        let at = place("model_config");
        draft.lose(code::SOURCE_DROPPED, at, message);
    }
    if let Some(Value::Object(more)) = config.remove("extra_params") {
        config.extend(more);
    }
    draft.settings(&config, |key| {
        place(&format!("model_config.{key}")).or_else(|| place("model_config"))
    });
}

/// A template: Jinja where it has blocks, else variables in double braces.
fn translated(
    text: &str,
    path: &str,
    located: &Located,
    draft: &mut Draft,
) -> Result<String, Finding> {
    let dialect = match text.contains("{%") {
        true => Dialect::Jinja,
        false => Dialect::Doubled,
    };
    if dialect == Dialect::Jinja {
        draft.is_text_only = false;
    }
    draft.template(dialect, text, &Known::default(), |part| {
        located.place_in(path, part)
    })
}
