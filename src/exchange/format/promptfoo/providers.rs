//! The models of a configuration: the first is taken, the others are named.

use serde_json::{Map, Value};

use super::super::Source;
use super::super::draft::Draft;
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::Span;

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

/// How an id of a provider begins that is none of a model.
const PROGRAMS: [&str; 7] = [
    "file:",
    "exec:",
    "python:",
    "javascript:",
    "http:",
    "https:",
    "golang:",
];

/// The model of an id that names a service and a model alone.
pub(in crate::exchange::format) fn plain_model(id: &str) -> Option<String> {
    let is_program = PROGRAMS.iter().any(|start| id.starts_with(start));
    let is_plain = id.contains(':') && !is_program && !id.contains("{{");
    is_plain.then(|| model(id))
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
    let items: Vec<(String, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("{key}[{index}]"), item))
            .collect(),
        only => vec![(key.to_owned(), only)],
    };
    let mut is_taken = false;
    let mut others = Vec::new();
    for (path, item) in items {
        let at = located.place(&path);
        match Provider::read(item, source) {
            Err(why) => draft.lose(code::SOURCE_DROPPED, at, why),
            Ok(provider) if is_taken => others.push(provider.id),
            Ok(provider) => {
                provider.take(at, |below| located.place(&format!("{path}.{below}")), draft);
                is_taken = true;
            }
        }
    }
    if !others.is_empty() {
        draft.note(
            code::SOURCE_CHANGED,
            located.place(key),
            format!(
                "a prompt has one model here, the first; the other providers: {}",
                others.join(", ")
            ),
        );
    }
}

/// A model with its settings.
struct Provider {
    id: String,
    /// What stands beside the id.
    keys: Map<String, Value>,
    /// What stands beside an id that is a key.
    beside: Map<String, Value>,
    settings: Map<String, Value>,
}

impl Provider {
    /// Reads an entry; the error says what is left out.
    fn read(item: &Value, source: &Source<'_>) -> Result<Self, String> {
        let file = item.as_str().and_then(|text| text.strip_prefix("file://"));
        let item = match file {
            Some(file) => of_file(file, source)?,
            None => item.clone(),
        };
        let mut beside = Map::new();
        let (id, keys) = match item {
            Value::String(id) => (id, Map::new()),
            Value::Object(mut map) => match map.get("id") {
                Some(Value::String(id)) => (id.clone(), map),
                Some(_) => return Err("a provider whose `id` is no text: left out".to_owned()),
                // `- openai:gpt-4o: {config: …}` names the provider by the key.
                None => match map.keys().find(|key| key.contains(':')).cloned() {
                    Some(key) => {
                        let keys = map.shift_remove(&key).unwrap_or_default();
                        beside = map;
                        named_by_key(key, keys)?
                    }
                    None if map.contains_key("$ref") => {
                        return Err("a provider that stands elsewhere: left out".to_owned());
                    }
                    None => return Err(without_id(&map)),
                },
            },
            _ => return Err(without_id(&Map::new())),
        };
        if PROGRAMS.iter().any(|start| id.starts_with(start)) {
            return Err(format!("the provider {id} is a program: left out"));
        }
        if id.contains("{{") {
            return Err(format!(
                "the provider {id} is known only once something is filled in, such as the environment, which is never read: left out"
            ));
        }
        let settings = keys.get("config").and_then(Value::as_object).cloned();
        Ok(Self {
            id,
            beside,
            settings: settings.unwrap_or_default(),
            keys,
        })
    }

    /// Takes the model and what there is of its settings.
    fn take(mut self, at: Option<Span>, place: impl Fn(&str) -> Option<Span>, draft: &mut Draft) {
        // Every provider of promptfoo but this one says by `:` whose model is meant.
        if !self.id.contains(':') && self.id != "echo" {
            let message = format!(
                "the provider `{}` names no service, such as `openai:chat:gpt-5-mini`: it is taken as the name of a model",
                self.id
            );
            draft.lose(code::SOURCE_CHANGED, at, message);
        }
        draft.model = Some(model(&self.id));
        if self
            .keys
            .get("config")
            .is_some_and(|it| !it.is_object() && !it.is_null())
        {
            let message = "`config` of a provider is no map: left out";
            draft.lose(code::SOURCE_DROPPED, place("config").or(at), message);
        }
        let known: (&[&str], &[&str]) = (&["id", "config"], &["label", "delay", "env"]);
        draft.leave_out(&self.keys, known, "a provider", |key| place(key).or(at));
        let known: (&[&str], &[&str]) = (&[], &["label", "delay", "env"]);
        draft.leave_out(&self.beside, known, "a provider", |key| place(key).or(at));
        let reached: Vec<String> = self
            .settings
            .keys()
            .filter(|key| says_where(key))
            .cloned()
            .collect();
        if !reached.is_empty() {
            self.settings.retain(|key, _| !says_where(key));
            let message = format!(
                "what says where and with which key the model is reached ({}) was left out: it is no part of a prompt here",
                reached.join(", ")
            );
            draft.note(code::SOURCE_DROPPED, at, message);
        }
        self.settings.retain(|key, value| {
            let is_fixed = !is_filled_in(value);
            if !is_fixed {
                let message = format!("the setting `{key}` is known only once something is filled in, such as the environment, which is never read: left out");
                draft.lose(code::SOURCE_DROPPED, place(&format!("config.{key}")).or(at), message);
            }
            is_fixed
        });
        match self.settings.remove("generationConfig") {
            Some(Value::Object(inner)) => self.settings.extend(inner),
            Some(Value::Null) | None => {}
            Some(_) => {
                let message = "`generationConfig` of a provider is no map: left out";
                let at = place("config.generationConfig").or(at);
                draft.lose(code::SOURCE_DROPPED, at, message);
            }
        }
        draft.settings(&self.settings, |inner| place(&format!("config.{inner}")));
    }
}

/// A provider that is named by a key; its own `id` counts over that.
fn named_by_key(key: String, keys: Value) -> Result<(String, Map<String, Value>), String> {
    let keys = match keys {
        Value::Object(keys) => keys,
        Value::Null => Map::new(),
        _ => {
            return Err(format!(
                "what stands under the provider {key} is no map: left out"
            ));
        }
    };
    let id = keys.get("id").and_then(Value::as_str).map(str::to_owned);
    Ok((id.unwrap_or(key), keys))
}

fn without_id(map: &Map<String, Value>) -> String {
    let keys: Vec<String> = map.keys().map(|key| format!("`{key}`")).collect();
    match keys.as_slice() {
        [] => "a provider without an id: left out".to_owned(),
        keys => format!(
            "a provider without an id, such as `openai:chat:gpt-5-mini` ({}): left out",
            keys.join(", ")
        ),
    }
}

/// Whether a value is a template, or holds one.
fn is_filled_in(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(items) => items.iter().any(is_filled_in),
        Value::Object(map) => map.values().any(is_filled_in),
        _ => false,
    }
}

/// The provider that a file holds.
fn of_file(file: &str, source: &Source<'_>) -> Result<Value, String> {
    let is_data = ["yaml", "yml", "json"].iter().any(|it| file.ends_with(it));
    let text = (source.beside)(file).ok().filter(|_| is_data);
    let Some(text) = text else {
        return Err(format!(
            "the provider {file} is a program or cannot be read: left out"
        ));
    };
    match parse_located(&text) {
        Ok(located) => Ok(located.value),
        Err(why) => Err(format!("the provider {file} was left out: {}", why.message)),
    }
}
