//! Prompty, version 1 and 2: front matter, then messages in Jinja or mustache.

use std::ops::Range;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::draft::{Draft, refused};
use super::front::Front;
use super::langfuse::role_of;
use super::{Foreign, Source};
use crate::exchange::dialect::{Dialect, Known, Mistake, MistakeKind};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};

pub(super) fn read(source: &Source<'_>) -> Result<Foreign, Finding> {
    let text = source.text.replace("\r\n", "\n");
    let front = Front::read(text.trim_start_matches('\u{feff}'))?;
    let keys = front.map();
    let mut draft = Draft {
        says_required: true,
        ..Draft::new(source)
    };
    let mut known = Known::default();
    let mut threads = Vec::new();
    head(&keys, &front, source, &mut draft, &mut known, &mut threads)?;
    let dialect = dialect(&keys, &front)?;
    messages(&front, dialect, &known, &threads, &mut draft)?;
    if draft.messages.is_empty() {
        return Err(refused(
            Some(front.span(front.body.clone())),
            "it has no text",
            "write what the model is to do below the front matter",
        ));
    }
    draft.finish(source.stem.to_owned())
}

fn dialect(keys: &Map<String, Value>, front: &Front<'_>) -> Result<Dialect, Finding> {
    let template = keys.get("template");
    let format = template
        .and_then(|it| it.get("format").or_else(|| it.get("type")))
        .or(template);
    let name = format
        .and_then(|it| it.get("kind"))
        .or(format)
        .and_then(Value::as_str);
    Ok(match name {
        None | Some("jinja2" | "jinja") => Dialect::Jinja,
        Some("nunjucks") => Dialect::Nunjucks,
        Some("mustache") => Dialect::Mustache,
        Some(other) => {
            return Err(refused(
                front.place("template"),
                format!("templates of the kind `{other}` are not known here"),
                "kinds are jinja2, nunjucks and mustache",
            ));
        }
    })
}

fn head(
    keys: &Map<String, Value>,
    front: &Front<'_>,
    source: &Source<'_>,
    draft: &mut Draft,
    known: &mut Known,
    threads: &mut Vec<String>,
) -> Result<(), Finding> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut sample = Map::new();
    let mut own_keys = None;
    for (key, value) in keys {
        let at = front.place(key);
        match key.as_str() {
            "name" | "displayName" if draft.title.is_none() => draft.title = text(value),
            "description" => draft.description = text(value),
            "tags" => {
                draft.tags = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(text)
                    .collect();
            }
            "template" | "displayName" | "kind" | "version" | "$schema" => {}
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
                _ => {}
            },
            "outputs" | "outputSchema" => outputs(value, at, draft),
            "tools" => tools(value, at, draft),
            "promptctl" => {
                if let Value::Object(own) = value {
                    own_keys = Some(own.clone());
                }
            }
            "authors" | "metadata" => {
                let tags = value.get("tags").and_then(Value::as_array);
                draft
                    .tags
                    .extend(tags.into_iter().flatten().filter_map(text));
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
    sample.retain(|name, _| crate::exchange::dialect::is_name(name));
    if !sample.is_empty() && draft.test_data.is_empty() {
        draft.test_data.push(Value::Object(sample));
    }
    if let Some(own) = own_keys {
        draft.take_own(&own);
    }
    known.variables = keys.get("inputs").map(|_| {
        let properties = draft.schema.get("properties").and_then(Value::as_object);
        properties
            .map(|map| map.keys().cloned().collect())
            .unwrap_or_default()
    });
    Ok(())
}

/// The map in a JSON file beside the prompt.
fn beside(file: &str, source: &Source<'_>) -> Result<Map<String, Value>, String> {
    let text = (source.beside)(file)?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("it is no map".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether a value comes from the environment or a file: such are never read.
fn is_reference(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("${"))
}

fn model(
    value: &Value,
    at: Option<Span>,
    front: &Front<'_>,
    draft: &mut Draft,
) -> Result<(), Finding> {
    let map = match value {
        Value::String(name) => {
            draft.model = Some(name.clone()).filter(|_| !is_reference(value));
            return Ok(());
        }
        Value::Object(map) => map,
        _ => return Ok(()),
    };
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
    let configuration = map.get("configuration").and_then(Value::as_object);
    let names = [
        map.get("id"),
        configuration.and_then(|it| it.get("azure_deployment")),
        configuration.and_then(|it| it.get("model")),
        configuration.and_then(|it| it.get("name")),
    ];
    if let Some(name) = names.into_iter().flatten().next() {
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
            None => draft.lose(
                code::SOURCE_DROPPED,
                at,
                "the model's name comes from the environment, which is not read: left out",
            ),
        }
    }
    for key in ["connection", "configuration"] {
        if let Some(Value::Object(_)) = map.get(key) {
            draft.note(
                code::SOURCE_DROPPED,
                front.place(&format!("model.{key}")),
                format!("`model.{key}` says where the model is reached: left out; promptctl help settings tells where that stands here"),
            );
        }
    }
    for key in ["options", "parameters"] {
        if let Some(Value::Object(options)) = map.get(key) {
            let mut options = options.clone();
            if let Some(Value::Object(more)) = options.remove("additionalProperties") {
                options.extend(more);
            }
            options.retain(|_, value| !is_reference(value));
            draft.settings(&options, |inner| {
                front.place(&format!("model.{key}.{inner}"))
            });
        }
    }
    Ok(())
}

/// The JSON Schema of a property as Prompty writes it.
fn property(value: &Value) -> Value {
    let mut schema = json!({});
    let kind = value
        .get("kind")
        .or_else(|| value.get("type"))
        .and_then(Value::as_str)
        .or(value.as_str());
    match kind {
        Some("string" | "number" | "integer" | "boolean" | "array" | "object") => {
            schema["type"] = json!(kind);
        }
        Some("float") => schema["type"] = json!("number"),
        _ => {}
    }
    for key in ["description", "default", "enum"] {
        if let Some(inner) = value.get(key).filter(|inner| !is_reference(inner)) {
            schema[key] = inner.clone();
        }
    }
    if let Some(values) = value.get("enumValues") {
        schema["enum"] = values.clone();
    }
    if let Some(items) = value.get("items") {
        schema["items"] = property(items);
    }
    match value.get("properties") {
        Some(list @ Value::Array(_)) => {
            let (properties, required) = properties(list);
            schema["properties"] = Value::Object(properties);
            if !required.is_empty() {
                schema["required"] = json!(required);
            }
        }
        Some(Value::Object(map)) => {
            let all = map
                .iter()
                .map(|(name, value)| (name.clone(), property(value)));
            schema["properties"] = Value::Object(all.collect());
            if let Some(required) = value.get("required").filter(|it| it.is_array()) {
                schema["required"] = required.clone();
            }
        }
        _ => {}
    }
    schema
}

/// A list of named properties, and those that must be given.
fn properties(list: &Value) -> (Map<String, Value>, Vec<String>) {
    let mut all = Map::new();
    let mut required = Vec::new();
    let mut put = |name: &str, value: &Value| {
        all.insert(name.to_owned(), property(value));
        if value.get("required").and_then(Value::as_bool) == Some(true) {
            required.push(name.to_owned());
        }
    };
    match list {
        Value::Array(items) => {
            for item in items {
                if let Some(name) = item.get("name").and_then(Value::as_str) {
                    put(name, item);
                }
            }
        }
        Value::Object(map) => map.iter().for_each(|(name, value)| put(name, value)),
        _ => {}
    }
    (all, required)
}

fn inputs(
    value: &Value,
    at: Option<Span>,
    source: &Source<'_>,
    draft: &mut Draft,
    (known, threads, sample): (&mut Known, &mut Vec<String>, &mut Map<String, Value>),
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
    let is_kind = |value: &Value| {
        let keys = [
            "kind",
            "type",
            "default",
            "description",
            "sample",
            "example",
            "required",
            "is_required",
        ];
        value
            .as_object()
            .is_some_and(|map| map.keys().any(|key| keys.contains(&key.as_str())))
    };
    let mut put = |name: &str, value: &Value| {
        if value.get("kind").and_then(Value::as_str) == Some("thread") {
            threads.push(name.to_owned());
            return;
        }
        if is_kind(value) {
            let schema = property(value);
            match schema.get("type").and_then(Value::as_str) {
                Some("array") => known.lists.push(name.to_owned()),
                Some("boolean") => known.flags.push(name.to_owned()),
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
            if let Some(example) = example.filter(|it| !is_reference(it)) {
                sample.insert(name.to_owned(), example.clone());
            }
        } else {
            *draft.property(name) = json!({});
            if !value.is_null() && !is_reference(value) {
                sample.insert(name.to_owned(), value.clone());
            }
        }
    };
    match &value {
        Value::Array(items) => {
            for item in items {
                if let Some(name) = item.get("name").and_then(Value::as_str) {
                    put(name, item);
                }
            }
        }
        Value::Object(map) => map.iter().for_each(|(name, value)| put(name, value)),
        _ => {}
    }
}

fn outputs(value: &Value, at: Option<Span>, draft: &mut Draft) {
    let inner = value.get("properties").unwrap_or(value);
    let (all, required) = properties(inner);
    if all.is_empty() {
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
        let kind = tool.get("kind").and_then(Value::as_str).map(str::to_owned);
        if kind.as_deref() == Some("function") || kind.is_none() {
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

/// A piece of the body: a role line and what follows it.
struct Section {
    role: &'static str,
    body: Range<usize>,
}

fn sections(front: &Front<'_>) -> Result<Vec<Section>, Finding> {
    let Ok(marker) = Regex::new(
        r"(?im)^[ \t]*#?[ \t]*(system|developer|user|assistant|function|tool)[ \t]*(?:\[[^\]\n]*\])?[ \t]*:[ \t]*$",
    ) else {
        return Ok(Vec::new());
    };
    let text = &front.text[front.body.clone()];
    let mut all = vec![Section {
        role: "system",
        body: front.body.start..front.body.end,
    }];
    for found in marker.captures_iter(text) {
        let whole = found.get(0).map_or(0..0, |it| it.range());
        let start = front.body.start + whole.start;
        if let Some(last) = all.last_mut() {
            last.body.end = start;
        }
        let name = found.get(1).map_or("", |it| it.as_str());
        let role = role_of(name).ok_or_else(|| {
            refused(
                Some(front.span(start..front.body.start + whole.end)),
                format!("the role `{name}` has no counterpart here"),
                "roles are system, developer, user and assistant",
            )
        })?;
        all.push(Section {
            role,
            body: front.body.start + whole.end..front.body.end,
        });
    }
    Ok(all)
}

/// Places where a conversation stands: a thread's variable, or a loop over roles and contents.
fn conversations(text: &str, threads: &[String]) -> Vec<(Range<usize>, String)> {
    let mut all = Vec::new();
    let pattern = r"\{%-?\s*for\s+(\w+)\s+in\s+(\w+)\s*-?%\}\s*(?:#\s*)?\{\{\s*(\w+)\.role\s*\}\}\s*:[ \t]*\n\s*\{\{\s*(\w+)\.content\s*\}\}\s*\{%-?\s*endfor\s*-?%\}";
    if let Ok(looped) = Regex::new(pattern) {
        for found in looped.captures_iter(text) {
            let part = |index: usize| found.get(index).map_or("", |it| it.as_str());
            if part(1) == part(3) && part(1) == part(4) {
                let at = found.get(0).map_or(0..0, |it| it.range());
                all.push((at, part(2).to_owned()));
            }
        }
    }
    if let Ok(variable) = Regex::new(r"\{\{\s*(\w+)\s*\}\}") {
        for found in variable.captures_iter(text) {
            let name = found.get(1).map_or("", |it| it.as_str());
            if threads.iter().any(|thread| thread == name) {
                let at = found.get(0).map_or(0..0, |it| it.range());
                all.push((at, name.to_owned()));
            }
        }
    }
    all.sort_by_key(|(at, _)| at.start);
    all
}

fn messages(
    front: &Front<'_>,
    dialect: Dialect,
    known: &Known,
    threads: &[String],
    draft: &mut Draft,
) -> Result<(), Finding> {
    for (index, section) in sections(front)?.into_iter().enumerate() {
        let text = &front.text[section.body.clone()];
        let mut from = 0;
        let found = conversations(text, threads);
        let count = found.len();
        for (nth, (at, name)) in found.into_iter().enumerate() {
            let part = section.body.start + from..section.body.start + at.start;
            message(
                front,
                part,
                section.role,
                nth == 0 && index > 0,
                (dialect, known),
                draft,
            )?;
            draft.placeholder(&name);
            if let Some(Value::Object(row)) = draft.test_data.first_mut() {
                row.remove(&name);
            }
            from = at.end;
        }
        let rest = section.body.start + from..section.body.end;
        if count > 0 && !front.text[rest.clone()].trim().is_empty() {
            return Err(refused(
                Some(front.span(rest)),
                "text follows a conversation without a role, and belongs to its last message there",
                "begin it with a line `user:`",
            ));
        }
        if count == 0 {
            message(
                front,
                rest,
                section.role,
                index > 0,
                (dialect, known),
                draft,
            )?;
        }
    }
    Ok(())
}

fn message(
    front: &Front<'_>,
    part: Range<usize>,
    role: &'static str,
    is_marked: bool,
    (dialect, known): (Dialect, &Known),
    draft: &mut Draft,
) -> Result<(), Finding> {
    let text = &front.text[part.clone()];
    let start = part.start + text.len() - text.trim_start_matches('\n').len();
    let text = text.trim_matches('\n');
    if text.trim().is_empty() && !is_marked {
        return Ok(());
    }
    if text.trim().is_empty() {
        draft.note(
            code::SOURCE_DROPPED,
            Some(front.span(part)),
            format!("an empty {role} message: left out"),
        );
        return Ok(());
    }
    let place = |inner: Span| {
        let above = Span::from_range(front.text, start..start);
        let column = if inner.line == 1 {
            above.column + inner.column - 1
        } else {
            inner.column
        };
        Some(Span {
            line: above.line + inner.line - 1,
            column,
            length: inner.length,
        })
    };
    if let Err(Mistake { at, kind, .. }) = dialect.read(text, known)
        && kind == MistakeKind::Unbalanced
        && dialect.read(&front.text[front.body.clone()], known).is_ok()
    {
        return Err(refused(
            place(Span::from_range(text, at)),
            "a message begins or ends inside this block, and messages here stand side by side",
            "take the role out of the block, or give the messages as a list: an input of the kind `thread`",
        ));
    }
    if text.contains("![") && role == "user" {
        draft.lose(
            code::SOURCE_CHANGED,
            place(Span::point(1, 1)),
            "pictures written as Markdown are sent as text here; write a part `type: image`",
        );
    }
    // The line end at the very end was taken away with the blank lines.
    let whole = format!("{text}\n");
    let text = if dialect == Dialect::Jinja {
        &whole
    } else {
        text
    };
    let template = draft.template(dialect, text, known, place)?;
    draft.message(role, template);
    Ok(())
}
