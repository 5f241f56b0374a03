//! The front matter of a file of Prompty's, of both versions.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::Source;
use super::super::draft::{Draft, refused};
use super::super::front::Front;
use super::language::template;
use super::property::{is_kind, is_reference, properties, property};
use crate::exchange::dialect::Known;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::json;
use crate::prompt::visible;

pub(super) fn head(
    keys: &Map<String, Value>,
    front: &Front<'_>,
    source: &Source<'_>,
    draft: &mut Draft,
    known: &mut Known,
    threads: &mut BTreeSet<String>,
) -> Result<(), Finding> {
    let mut sample = Map::new();
    for (key, value) in keys {
        let at = front.place(key);
        match key.as_str() {
            "name" | "displayName" if draft.title.is_none() => {
                draft.title = draft.text(key, value, at);
            }
            "description" => draft.description = draft.text(key, value, at),
            "tags" => draft.take_tags(value, at),
            // What the templates are written in is seen to where they are read.
            "template" => template(value, at, draft),
            "$schema" | "kind" if value.is_string() => {}
            "version" => draft.note(
                code::SOURCE_DROPPED,
                at,
                format!("its version ({value}) is its author's: versions here are counted"),
            ),
            "model" => model(value, at, front, draft)?,
            "inputs" | "inputSchema" => {
                inputs(value, at, source, draft, (known, threads, &mut sample));
            }
            "sample" => match value {
                Value::Object(map) => sample.extend(map.clone()),
                Value::String(file) => {
                    let inner = file
                        .strip_prefix("${file:")
                        .and_then(|rest| rest.strip_suffix('}'));
                    match beside(inner.unwrap_or(file), source) {
                        Ok(map) => sample.extend(map),
                        Err(why) => draft.lose(
                            code::SOURCE_DROPPED,
                            at,
                            format!("the sample {file} could not be read: {why}: left out"),
                        ),
                    }
                }
                Value::Null => {}
                _ => draft.lose(code::SOURCE_DROPPED, at, "`sample` is no map: left out"),
            },
            "outputs" | "outputSchema" => outputs(value, at, draft),
            "tools" => tools(value, at, draft),
            "promptctl" => draft.keep_block(Some(value), at),
            "authors" | "metadata" => {
                if let Some(tags) = value.get("tags") {
                    draft.take_tags(tags, at);
                }
                draft.note(
                    code::SOURCE_DROPPED,
                    at,
                    format!("the key `{key}` has no counterpart here: left out"),
                );
            }
            _ => draft.lose(
                code::SOURCE_DROPPED,
                at,
                format!("the key `{key}` has no counterpart here: left out"),
            ),
        }
    }
    for thread in threads.iter() {
        sample.remove(thread);
    }
    keep_values(&mut sample, front.place("sample"), draft);
    if !sample.is_empty() && draft.test_data.is_empty() {
        draft.test_data.push(Value::Object(sample));
    }
    known.variables = keys.get("inputs").map(|_| {
        let properties = draft.schema.get("properties").and_then(Value::as_object);
        properties
            .map(|map| map.keys().cloned().collect())
            .unwrap_or_default()
    });
    Ok(())
}

/// Takes out of a sample what no case here can give.
fn keep_values(sample: &mut Map<String, Value>, at: Option<Span>, draft: &mut Draft) {
    sample.retain(|name, value| {
        if !crate::exchange::dialect::is_name(name) {
            let message = format!("a variable cannot be named `{name}` here: left out");
            draft.lose(code::NEEDS_NAME, at, message);
        } else if is_reference(value) {
            from_elsewhere(&format!("the sample of `{name}`"), value, at, draft);
        } else {
            return true;
        }
        false
    });
}

/// Says that a value was left out which the environment or a file would give.
fn from_elsewhere(what: &str, value: &Value, at: Option<Span>, draft: &mut Draft) {
    let text = value.as_str().unwrap_or_default();
    let inner = text
        .split_once("${")
        .and_then(|(_, rest)| rest.split_once('}'));
    let inner = inner.map_or("", |(inner, _)| inner);
    let mut parts = inner.splitn(3, ':');
    let (kind, name, default) = (parts.next(), parts.next(), parts.next());
    let place = if kind == Some("file") {
        "a file"
    } else {
        "the environment"
    };
    let name = match (name, default.filter(|_| !is_secret(what))) {
        (Some(name), Some(default)) => format!(" (`{name}`, else `{default}`)"),
        (Some(name), None) => format!(" (`{name}`)"),
        (None, _) => String::new(),
    };
    let message = format!("{what} comes from {place}{name}, which is not read: left out");
    let message = visible::line(&message);
    draft.lose(code::SOURCE_DROPPED, at, message);
}

/// Whether what stands there lets somebody in.
fn is_secret(what: &str) -> bool {
    let what = what.to_ascii_lowercase();
    ["key", "token", "secret", "password", "credential"]
        .iter()
        .any(|word| what.contains(word))
}

/// The map in a JSON file beside the prompt.
fn beside(file: &str, source: &Source<'_>) -> Result<Map<String, Value>, String> {
    let text = (source.beside)(file)?;
    match json::parse(&text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("it is no map".to_owned()),
        Err(why) => Err(format!(
            "{} at line {}, column {}",
            why.reason, why.at.line, why.at.column
        )),
    }
}

fn model(
    value: &Value,
    at: Option<Span>,
    front: &Front<'_>,
    draft: &mut Draft,
) -> Result<(), Finding> {
    let map = match value {
        Value::String(_) if is_reference(value) => {
            from_elsewhere("the model's name", value, at, draft);
            return Ok(());
        }
        Value::Object(map) => map,
        other => {
            draft.model = draft.text("model", other, at);
            return Ok(());
        }
    };
    let known = [
        "id",
        "api",
        "apiType",
        "provider",
        "connection",
        "configuration",
        "options",
        "parameters",
    ];
    // Which part of the answer its own program is given.
    draft.leave_out(map, (&known, &["response"]), "the model", |key| {
        front.place(&format!("model.{key}"))
    });
    for key in ["options", "parameters"] {
        if map
            .get(key)
            .is_some_and(|it| !(it.is_object() || it.is_null()))
        {
            let message = format!("`{key}` of the model is no map: left out");
            draft.lose(
                code::SOURCE_DROPPED,
                front.place(&format!("model.{key}")).or(at),
                message,
            );
        }
    }
    let api = map
        .get("apiType")
        .or_else(|| map.get("api"))
        .and_then(Value::as_str)
        .unwrap_or("chat");
    if !matches!(api, "chat" | "completion" | "responses" | "agent") {
        return Err(refused(
            at,
            format!("an {api} call has no messages for a prompt file"),
            "only calls of chat models are taken",
        ));
    }
    if !matches!(api, "chat" | "agent") {
        draft.note(
            code::SOURCE_CHANGED,
            at,
            format!("a {api} call (`api`) is sent as messages here"),
        );
    }
    let configuration = map.get("configuration").and_then(Value::as_object);
    let inside = |key: &str| configuration.and_then(|it| it.get(key));
    let names = [
        ("id", map.get("id")),
        ("configuration.azure_deployment", inside("azure_deployment")),
        ("configuration.model", inside("model")),
        ("configuration.name", inside("name")),
    ];
    let named = names
        .into_iter()
        .find_map(|(key, value)| Some((key, value?)));
    if let Some((key, name)) = named {
        let at = front.place(&format!("model.{key}")).or(at);
        match name.as_str().filter(|_| !is_reference(name)) {
            Some(name) => {
                let provider = map.get("provider").and_then(Value::as_str);
                let provider = provider
                    .filter(|it| !matches!(*it, "openai" | "azure" | "foundry" | "azure_openai"));
                draft.model = Some(match provider {
                    Some(provider) if !name.contains('/') => format!("{provider}/{name}"),
                    _ => name.to_owned(),
                });
            }
            None if is_reference(name) => {
                let what = format!("the model's name, `model.{key}`,");
                from_elsewhere(&what, name, at, draft);
            }
            None => draft.lose(
                code::SOURCE_DROPPED,
                at,
                "the model's name is no text: left out",
            ),
        }
    }
    for key in ["connection", "configuration"] {
        let inner = map.get(key).and_then(Value::as_object);
        for (inner, value) in inner.into_iter().flatten() {
            let path = format!("{key}.{inner}");
            if is_reference(value) && named.is_none_or(|(named, _)| named != path) {
                let what = format!("`model.{path}`");
                let at = front.place(&format!("model.{path}"));
                from_elsewhere(&what, value, at, draft);
            }
        }
        if map.get(key).is_some_and(|it| !it.is_null()) {
            draft.note(
                code::SOURCE_DROPPED,
                front.place(&format!("model.{key}")),
                format!("`model.{key}` says where the model is reached: left out; the topic `settings` tells where that stands here"),
            );
        }
    }
    for key in ["options", "parameters"] {
        if let Some(Value::Object(options)) = map.get(key) {
            let mut options = options.clone();
            if let Some(Value::Object(more)) = options.remove("additionalProperties") {
                options.extend(more);
            }
            options.retain(|inner, value| {
                let place = front.place(&format!("model.{key}.{inner}"));
                if is_reference(value) {
                    from_elsewhere(&format!("the setting `{inner}`"), value, place, draft);
                }
                !is_reference(value)
            });
            draft.settings(&options, |inner| {
                front.place(&format!("model.{key}.{inner}"))
            });
        }
    }
    Ok(())
}

fn inputs(
    value: &Value,
    at: Option<Span>,
    source: &Source<'_>,
    draft: &mut Draft,
    (known, threads, sample): (&mut Known, &mut BTreeSet<String>, &mut Map<String, Value>),
) {
    // Version 1 permits sample values in the place of types, and a JSON Schema.
    let value = match value {
        Value::String(file) => match beside(file, source) {
            Ok(map) => Value::Object(map),
            Err(why) => {
                draft.lose(
                    code::SOURCE_DROPPED,
                    at,
                    format!("the inputs {file} could not be read: {why}: left out"),
                );
                return;
            }
        },
        Value::Object(map)
            if map
                .get("properties")
                .is_some_and(|it| it.is_object() || it.is_array()) =>
        {
            map["properties"].clone()
        }
        other => other.clone(),
    };
    let says_kind = |value: &Value| {
        value
            .as_object()
            .is_some_and(|map| map.keys().any(|key| SAYS_KIND.contains(&key.as_str())))
    };
    let mut put = |name: &str, value: &Value| {
        if value.get("kind").and_then(Value::as_str) == Some("thread") {
            threads.insert(name.to_owned());
            return;
        }
        if says_kind(value) {
            let schema = property(value);
            left_of(&format!("the input `{name}`"), value, at, draft);
            match schema.get("type").and_then(Value::as_str) {
                Some("string") => {
                    known.texts.insert(name.to_owned());
                }
                Some("array") => {
                    known.lists.insert(name.to_owned());
                }
                Some("integer" | "number") => {
                    known.numbers.insert(name.to_owned());
                }
                Some("boolean") => {
                    known.flags.insert(name.to_owned());
                }
                _ => {}
            }
            *draft.property(name) = schema;
            if value.get("required").and_then(Value::as_bool) == Some(true) {
                let required = draft.schema.entry("required").or_insert_with(|| json!([]));
                if let Some(required) = required.as_array_mut() {
                    required.push(json!(name));
                }
            }
            let example = ["example", "sample"].iter().find_map(|key| value.get(*key));
            if let Some(example) = example {
                sample.insert(name.to_owned(), example.clone());
            }
        } else {
            *draft.property(name) = json!({});
            if !value.is_null() {
                sample.insert(name.to_owned(), value.clone());
            }
        }
    };
    let mut nameless = 0;
    match &value {
        Value::Array(items) => {
            for item in items {
                match item.get("name").and_then(Value::as_str) {
                    Some(name) => put(name, item),
                    None => nameless += 1,
                }
            }
        }
        Value::Object(map) => map.iter().for_each(|(name, value)| put(name, value)),
        Value::Null => {}
        _ => nameless += 1,
    }
    if nameless > 0 {
        draft.lose(
            code::SOURCE_DROPPED,
            at,
            "an input without a name: left out",
        );
    }
}

/// The keys by which a map is known to say what an input is.
const SAYS_KIND: [&str; 8] = [
    "kind",
    "type",
    "default",
    "description",
    "sample",
    "example",
    "required",
    "is_required",
];

/// Names what of an input or an output does not come.
fn left_of(of: &str, value: &Value, at: Option<Span>, draft: &mut Draft) {
    let Some(map) = value.as_object() else { return };
    let others = ["name", "enum", "enumValues", "items", "properties"];
    let known: Vec<&str> = SAYS_KIND.into_iter().chain(others).collect();
    draft.leave_out(map, (&known, &["strict", "title"]), of, |_| at);
    let kind = map.get("kind").or_else(|| map.get("type"));
    if let Some(kind) = kind.filter(|kind| !kind.as_str().is_some_and(is_kind)) {
        let message = format!("the kind {kind} of {of} is not known here: any value is taken");
        draft.note(code::SOURCE_CHANGED, at, message);
    }
    for key in ["default", "description", "enum"] {
        if let Some(value) = map.get(key).filter(|it| is_reference(it)) {
            from_elsewhere(&format!("`{key}` of {of}"), value, at, draft);
        }
    }
}

fn outputs(value: &Value, at: Option<Span>, draft: &mut Draft) {
    let inner = value.get("properties").unwrap_or(value);
    let (all, required) = properties(inner);
    if all.is_empty() {
        if !value.is_null() {
            draft.lose(
                code::SOURCE_DROPPED,
                at,
                "its outputs have no names: left out",
            );
        }
        return;
    }
    let is_only_text = all.len() == 1
        && all
            .values()
            .all(|it| it["type"] == "string" && it.get("enum").is_none());
    if is_only_text && inner.is_object() {
        draft.note(
            code::SOURCE_DROPPED,
            at,
            "its output is one text: nothing says so here",
        );
        return;
    }
    let named = inner.as_array().into_iter().flatten();
    let named = named.filter_map(|it| Some((it.get("name")?.as_str()?, it)));
    let keyed = inner.as_object().into_iter().flatten();
    for (name, value) in named.chain(keyed.map(|(name, value)| (name.as_str(), value))) {
        left_of(&format!("the output `{name}`"), value, at, draft);
    }
    let mut schema = json!({ "type": "object" });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema["properties"] = Value::Object(all);
    draft.output("output", schema, false);
}

fn tools(value: &Value, at: Option<Span>, draft: &mut Draft) {
    let mut all = Vec::new();
    for tool in value.as_array().into_iter().flatten() {
        let mut tool = tool.clone();
        let kind = tool.get("kind").filter(|kind| !kind.is_null()).cloned();
        if kind.as_ref().is_none_or(|kind| kind == "function") {
            if let Some(parameters) = tool.get("parameters").filter(|it| it.is_array()).cloned() {
                let (properties, required) = properties(&parameters);
                tool["parameters"] =
                    json!({ "type": "object", "properties": properties, "required": required });
            }
            if let Some(map) = tool.as_object_mut() {
                map.remove("kind");
            }
        } else {
            tool["type"] = json!(kind);
        }
        all.push(tool);
    }
    draft.tools(&Value::Array(all), at);
}
