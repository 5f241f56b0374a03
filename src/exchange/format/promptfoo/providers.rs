//! The models of a configuration: the first is taken, the others are named.

use serde_json::{Map, Value};

use super::super::Source;
use super::super::draft::Draft;
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};

/// `openai:chat:gpt-4o` as `openai/gpt-4o`.
fn model(id: &str) -> String {
    let kinds = [
        "chat",
        "responses",
        "completion",
        "completions",
        "messages",
        "live",
    ];
    let mut parts: Vec<&str> = id.splitn(2, ':').collect();
    if parts.len() == 2
        && let Some((kind, rest)) = parts[1].split_once(':')
        && kinds.contains(&kind)
    {
        parts[1] = rest;
    }
    parts.join("/")
}

/// Whether a setting says where, or with which key, a model is reached: nobody's business here.
fn says_where(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let words = [
        "key",
        "token",
        "host",
        "baseurl",
        "organization",
        "region",
        "env",
        "headers",
        "project",
    ];
    words.iter().any(|word| key.ends_with(word))
}

pub(super) fn providers(
    config: &Map<String, Value>,
    located: &Located,
    source: &Source<'_>,
    draft: &mut Draft,
) {
    let (key, value) = match (config.get("providers"), config.get("targets")) {
        (Some(value), more) => {
            if more.is_some() {
                let message = "`targets` beside `providers`: left out";
                draft.lose(code::SOURCE_DROPPED, located.place("targets"), message);
            }
            ("providers", value)
        }
        (None, Some(value)) => ("targets", value),
        (None, None) => return,
    };
    let items: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        only => vec![only],
    };
    let mut taken = None;
    let mut others = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = if value.is_array() {
            format!("{key}[{index}]")
        } else {
            key.to_owned()
        };
        let at = located.place(&path);
        let mut item = (*item).clone();
        if let Some(file) = item.as_str().and_then(|text| text.strip_prefix("file://")) {
            match (source.beside)(file).ok().filter(|_| {
                file.ends_with("yaml") || file.ends_with("yml") || file.ends_with("json")
            }) {
                Some(text) => match parse_located(&text) {
                    Ok(located) => item = located.value,
                    Err(why) => {
                        let message = format!("the provider {file} was left out: {}", why.message);
                        draft.lose(code::SOURCE_DROPPED, at, message);
                        continue;
                    }
                },
                None => {
                    draft.lose(
                        code::SOURCE_DROPPED,
                        at,
                        format!("the provider {file} is a program or cannot be read: left out"),
                    );
                    continue;
                }
            }
        }
        // `- openai:gpt-4o: {config: …}` names the provider by the key.
        let (id, settings) = match &item {
            Value::String(id) => (Some(id.clone()), None),
            Value::Object(map) => match map.get("id").and_then(Value::as_str) {
                Some(id) => (Some(id.to_owned()), map.get("config").cloned()),
                None => match map.iter().next() {
                    Some((id, inner)) => (Some(id.clone()), inner.get("config").cloned()),
                    None => (None, None),
                },
            },
            _ => (None, None),
        };
        let Some(id) = id else {
            let message = "a provider without an id: left out";
            draft.lose(code::SOURCE_DROPPED, at, message);
            continue;
        };
        let is_program = [
            "file:",
            "exec:",
            "python:",
            "javascript:",
            "http:",
            "https:",
            "golang:",
        ]
        .iter()
        .any(|start| id.starts_with(start));
        if is_program {
            draft.lose(
                code::SOURCE_DROPPED,
                at,
                format!("the provider {id} is a program: left out"),
            );
        } else if taken.is_none() {
            draft.model = Some(model(&id));
            taken = Some(id);
            let mut settings = settings
                .and_then(|it| it.as_object().cloned())
                .unwrap_or_default();
            let map = match item.as_object() {
                Some(map) if map.contains_key("id") => Some(map),
                Some(map) => map.values().next().and_then(Value::as_object),
                None => None,
            };
            if let Some(map) = map {
                let keys: (&[&str], &[&str]) = (&["id", "config"], &["label", "delay", "env"]);
                draft.leave_out(map, keys, "a provider", |key| {
                    located.place(&format!("{path}.{key}")).or(at)
                });
            }
            let reached: Vec<String> = settings
                .keys()
                .filter(|key| says_where(key))
                .cloned()
                .collect();
            if !reached.is_empty() {
                settings.retain(|key, _| !says_where(key));
                let message = format!(
                    "what says where and with which key the model is reached ({}) was left out: it is no part of a prompt here",
                    reached.join(", ")
                );
                draft.note(code::SOURCE_DROPPED, at, message);
            }
            if let Some(Value::Object(inner)) = settings.remove("generationConfig") {
                settings.extend(inner);
            }
            draft.settings(&settings, |inner| {
                located.place(&format!("{path}.config.{inner}"))
            });
        } else {
            others.push(id);
        }
    }
    if !others.is_empty() {
        draft.note(
            code::SOURCE_DROPPED,
            located.place(key),
            format!(
                "a prompt has one model here; the other providers: {}",
                others.join(", ")
            ),
        );
    }
}
