//! Semantic Kernel: `skprompt.txt` with `config.json`, and YAML with `template:`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::draft::{Draft, refused};
use super::langfuse::known_role;
use super::{Foreign, Source};
use crate::exchange::dialect::{Dialect, Known, is_name};
use crate::exchange::places::Places;
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};
use crate::prompt::template::HELPERS;

pub(super) fn read(source: &Source<'_>) -> Result<Foreign, Finding> {
    let mut draft = Draft {
        says_required: true,
        ..Draft::new(source)
    };
    let is_text = source.path.to_ascii_lowercase().ends_with(".txt");
    if is_text {
        let config = match (source.beside)("config.json") {
            Ok(text) => super::json::read(&text).map_err(|why| {
                let folder = source.path.rsplit_once('/').map(|(folder, _)| folder);
                let folder = folder.map_or(String::new(), |folder| format!("{folder}/"));
                why.in_file(&format!("{folder}config.json"))
            })?,
            Err(_) => Located::default(),
        };
        let place = |_: &str| None;
        head(&config, place, &mut draft);
        let text = source
            .text
            .trim_start_matches('\u{feff}')
            .replace("\r\n", "\n");
        body(&text, "semantic-kernel", Some, &mut draft)?;
        return draft.finish(source.stem.to_owned());
    }
    let text = source.text.replace("\r\n", "\n");
    let located = parse_located(&text)?;
    head(&located, |path| located.place(path), &mut draft);
    let Some(template) = located.value.get("template").and_then(Value::as_str) else {
        return Err(refused(
            Some(Span::point(1, 1)),
            "it has no `template`",
            "write the text below `template: |`",
        ));
    };
    let format = located
        .value
        .get("template_format")
        .and_then(Value::as_str)
        .unwrap_or("semantic-kernel");
    body(
        template,
        format,
        |part| located.place_in("template", part),
        &mut draft,
    )?;
    draft.finish(source.stem.to_owned())
}

fn head(located: &Located, place: impl Fn(&str) -> Option<Span>, draft: &mut Draft) {
    let top = &located.value;
    let text = |key: &str, draft: &mut Draft| draft.text(key, top.get(key)?, place(key));
    draft.title = text("name", draft);
    draft.description = text("description", draft).map(|text| text.trim().to_owned());
    let known = [
        "name",
        "description",
        "template",
        "template_format",
        "input_variables",
        "input",
        "execution_settings",
        "completion",
        "output_variable",
        "output",
    ];
    let noted = [
        "schema",
        "type",
        "is_semantic",
        "allow_dangerously_set_content",
    ];
    if let Some(map) = top.as_object() {
        draft.leave_out(map, (&known, &noted), "", &place);
    }
    let inputs = top
        .get("input_variables")
        .or_else(|| top.get("input").and_then(|input| input.get("parameters")));
    for variable in inputs.and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = variable
            .get("name")
            .and_then(Value::as_str)
            .filter(|name| is_name(name))
        else {
            let name = variable.get("name").and_then(Value::as_str).unwrap_or("-");
            draft.lose(
                code::NEEDS_NAME,
                place("input_variables"),
                format!("a variable cannot be named `{name}` here: left out"),
            );
            continue;
        };
        let at = place("input_variables");
        if let Some(map) = variable.as_object() {
            let known = [
                "name",
                "description",
                "default",
                "default_value",
                "defaultValue",
                "is_required",
                "json_schema",
            ];
            let of = format!("the variable `{name}`");
            draft.leave_out(
                map,
                (&known, &["allow_dangerously_set_content"]),
                &of,
                |_| at,
            );
        }
        let written = match variable.get("json_schema") {
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => Some(serde_json::from_str(text).unwrap_or_default()),
            other => other.filter(|it| !it.is_null()).cloned(),
        };
        let mut schema = match written {
            Some(schema @ Value::Object(_)) => schema,
            None => json!({}),
            Some(_) => {
                let message =
                    format!("`json_schema` of the variable `{name}` is no schema: left out");
                draft.lose(code::SOURCE_DROPPED, at, message);
                json!({})
            }
        };
        if let Some(about) = variable
            .get("description")
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
        {
            schema["description"] = json!(about);
        }
        let default = variable
            .get("default")
            .or_else(|| variable.get("default_value"))
            .or_else(|| variable.get("defaultValue"));
        if let Some(default) = default.filter(|value| !value.is_null()) {
            schema["default"] = default.clone();
        }
        *draft.property(name) = schema;
        if variable.get("is_required").and_then(Value::as_bool) == Some(true) {
            let required = draft.schema.entry("required").or_insert_with(|| json!([]));
            if let Some(required) = required.as_array_mut() {
                required.push(json!(name));
            }
        }
    }
    let settings = top.get("execution_settings").and_then(Value::as_object);
    if let Some(all) = settings {
        let chosen = all
            .get("default")
            .map(|it| ("default", it))
            .or_else(|| all.iter().next().map(|(name, it)| (name.as_str(), it)));
        if let Some((name, Value::Object(chosen))) = chosen {
            take_settings(
                chosen,
                |key| place(&format!("execution_settings.{name}.{key}")),
                draft,
            );
            let others: Vec<&str> = all
                .keys()
                .map(String::as_str)
                .filter(|it| *it != name)
                .collect();
            if !others.is_empty() {
                draft.note(
                    code::SOURCE_DROPPED,
                    place("execution_settings"),
                    format!(
                        "a prompt has one set of settings here: `{name}` was taken; the others: {}",
                        others.join(", ")
                    ),
                );
            }
        }
    } else if let Some(Value::Object(completion)) = top.get("completion") {
        take_settings(completion, |key| place(&format!("completion.{key}")), draft);
    }
    for key in ["output_variable", "output"] {
        if top.get(key).is_some() {
            draft.note(
                code::SOURCE_DROPPED,
                place(key),
                format!("`{key}` describes the answer in words: left out"),
            );
        }
    }
}

fn take_settings(
    settings: &serde_json::Map<String, Value>,
    place: impl Fn(&str) -> Option<Span>,
    draft: &mut Draft,
) {
    let mut settings = settings.clone();
    draft.model = settings
        .remove("model_id")
        .or_else(|| settings.remove("ai_model_id"))
        .as_ref()
        .and_then(Value::as_str)
        .filter(|it| !it.is_empty())
        .map(str::to_owned);
    if let Some(service) = settings.remove("service_id") {
        let message = format!("`service_id` ({service}) says where the model is reached: left out");
        draft.note(code::SOURCE_DROPPED, place("service_id"), message);
    }
    settings.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
    draft.settings(&settings, place);
}

fn body(
    text: &str,
    format: &str,
    place: impl Fn(Span) -> Option<Span>,
    draft: &mut Draft,
) -> Result<(), Finding> {
    let dialect = match format {
        "semantic-kernel" => Some(Dialect::SemanticKernel),
        "jinja2" => Some(Dialect::Jinja),
        "handlebars" => None,
        other => {
            return Err(refused(
                place(Span::point(1, 1)),
                format!("templates of the kind `{other}` are not translated"),
                "write it in Semantic Kernel's own form, Handlebars or Jinja",
            ));
        }
    };
    let places = Places::new(text);
    for piece in split(text, |at| place(places.span(at)))? {
        let (role, start, part) = match piece {
            Piece::Said(role, start, part) => (role, start, part),
            Piece::Conversation(name) => {
                draft.placeholder(name);
                continue;
            }
        };
        let inner = |span: Span| place(places.inside(start, span));
        let history = part
            .trim()
            .trim_start_matches("{{")
            .trim_end_matches("}}")
            .trim()
            .trim_start_matches('$');
        let is_history = matches!(history, "history" | "chat_history" | "chatHistory")
            && part.trim().starts_with("{{");
        if is_history {
            draft.placeholder(history);
            continue;
        }
        let template = match dialect {
            Some(dialect) => draft.template(dialect, part, &Known::default(), inner)?,
            None => {
                handlebars(part, &inner)?;
                part.to_owned()
            }
        };
        draft.message(role, template);
    }
    Ok(())
}

static TAGS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{\{[{~]*\s*([#/^!>]?)\s*([^\s{}~]+)([^{}]*)\}\}").ok());

/// Handlebars is ours, but for helpers that only a program of theirs has.
fn handlebars(text: &str, place: &impl Fn(Span) -> Option<Span>) -> Result<(), Finding> {
    for found in TAGS.iter().flat_map(|tags| tags.captures_iter(text)) {
        let part = |index: usize| found.get(index).map_or("", |it| it.as_str());
        let word = part(2);
        let is_known = match part(1) {
            "#" => ["if", "unless", "each", "with"].contains(&word),
            "" => {
                part(3).trim().is_empty()
                    || word == "else"
                    || word == "lookup"
                    || HELPERS.iter().any(|helper| helper.name == word)
            }
            _ => true,
        };
        if !is_known {
            let at = Span::from_range(text, found.get(0).map_or(0..0, |it| it.range()));
            return Err(refused(
                place(at),
                format!("the function `{word}` has no counterpart in a template here"),
                "call it in the program that fills the template, and give the result as a variable",
            ));
        }
    }
    Ok(())
}

/// A piece of a text.
enum Piece<'t> {
    /// A role, where its text begins, and the text.
    Said(&'static str, usize, &'t str),
    /// The messages of a variable.
    Conversation(&'t str),
}

/// Loops that write each message of a variable as it is.
const LOOPS: [&str; 2] = [
    r"\{%-?\s*for\s+(?<a>\w+)\s+in\s+(?<name>\w+)\s*-?%\}\s*\{\{-?\s*message(?:_to_prompt)?\(\s*(?<b>\w+)\s*\)\s*-?\}\}\s*\{%-?\s*endfor\s*-?%\}",
    r#"\{\{#each\s+(?<name>\w+)\s*\}\}\s*(?:\{\{\s*message(?:_to_prompt)?\s+this\s*\}\}|\{\{#message\s+role=role\s*\}\}\s*\{\{~?\s*content\s*~?\}\}\s*\{\{/message\}\}|<message\s+role="\{\{~?\s*role\s*~?\}\}"\s*>\s*\{\{~?\s*content\s*~?\}\}\s*</message>)\s*\{\{/each\}\}"#,
];

/// The loops of a text over messages, and their variables.
fn conversations(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut all = Vec::new();
    for pattern in LOOPS {
        let Ok(pattern) = Regex::new(pattern) else {
            continue;
        };
        for found in pattern.captures_iter(text) {
            let part = |name: &str| found.name(name).map_or("", |it| it.as_str());
            if part("a") == part("b")
                && let (Some(whole), Some(name)) = (found.get(0), found.name("name"))
            {
                all.push((whole.range(), name.as_str()));
            }
        }
    }
    all.sort_by_key(|(at, _)| at.start);
    all
}

/// The messages of a text: `<message role="…">` begins one, and a text without any is the user's.
fn split<'t>(
    text: &'t str,
    place: impl Fn(Range<usize>) -> Option<Span>,
) -> Result<Vec<Piece<'t>>, Finding> {
    let Ok(tag) = Regex::new(r#"(?s)<message\s+role\s*=\s*["']([^"']*)["']\s*>(.*?)</message>"#)
    else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    let mut from = 0;
    let blocks = |part: &str| {
        part.matches("{{#")
            .count()
            .cmp(&part.matches("{{/").count())
    };
    let between = |part: &'t str, start: usize, all: &mut Vec<Piece<'t>>| -> Result<(), Finding> {
        if part.trim().is_empty() {
            return Ok(());
        }
        let at = start + part.len() - part.trim_start().len();
        if blocks(part) != std::cmp::Ordering::Equal {
            return Err(refused(
                place(at..start + part.len()),
                "a message stands inside a block, and messages here stand side by side",
                "give earlier messages as a list: `- placeholder: history`",
            ));
        }
        all.push(Piece::Said("user", at, part.trim()));
        Ok(())
    };
    let mut is_chat = false;
    let mut loops = conversations(text).into_iter().peekable();
    for found in tag.captures_iter(text) {
        let whole = found.get(0).map_or(0..0, |it| it.range());
        is_chat = true;
        while let Some((at, name)) = loops.next_if(|(at, _)| at.start < whole.start) {
            between(&text[from..at.start], from, &mut all)?;
            all.push(Piece::Conversation(name));
            from = at.end;
        }
        if whole.start < from {
            continue;
        }
        between(&text[from..whole.start], from, &mut all)?;
        from = whole.end;
        let name = found.get(1).map_or("", |it| it.as_str());
        let role = known_role(name, place(whole))?;
        if let Some(inner) = found.get(2) {
            let part = inner.as_str();
            all.push(Piece::Said(
                role,
                inner.start() + part.len() - part.trim_start().len(),
                part.trim(),
            ));
        }
    }
    for (at, name) in loops {
        is_chat = true;
        between(&text[from..at.start], from, &mut all)?;
        all.push(Piece::Conversation(name));
        from = at.end;
    }
    match is_chat {
        true => between(&text[from..], from, &mut all)?,
        false => all.push(Piece::Said("user", 0, text)),
    }
    Ok(all)
}
