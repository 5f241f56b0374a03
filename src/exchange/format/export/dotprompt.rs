//! Dotprompt.

use serde_json::{Map, Value, json};

use super::super::dotprompt::{Tag, tags};
use super::{Draft, own};
use crate::exchange::write::yaml_file;

pub(super) fn write(draft: &mut Draft<'_>) -> Vec<(String, String)> {
    let mut head = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            head.insert(key.to_owned(), value);
        }
    };
    put("model", draft.text("model").map(|it| json!(it)));
    put("description", draft.text("description").map(|it| json!(it)));
    put("config", config(draft));
    put("input", input(draft));
    put("output", output(draft));
    let body = body(draft);
    put("promptctl", own(draft));
    let mut files = vec![(
        format!("{}.prompt", draft.name),
        format!("---\n{}---\n{body}", yaml_file(&head)),
    )];
    for (name, partial) in draft.partials.clone() {
        let path = match name.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/_{name}.prompt"),
            None => format!("_{name}.prompt"),
        };
        let text = translated(&partial.text, "", draft);
        files.push((path, text));
    }
    files
}

fn config(draft: &Draft<'_>) -> Option<Value> {
    let parameters = draft.keys.content.get("modelParameters")?.as_object()?;
    let name = |key: &str| match key {
        "maxTokens" => "maxOutputTokens".to_owned(),
        "stop" => "stopSequences".to_owned(),
        key => key.to_owned(),
    };
    let all: Map<String, Value> = parameters
        .iter()
        .map(|(key, value)| (name(key), value.clone()))
        .collect();
    Some(Value::Object(all))
}

fn input(draft: &Draft<'_>) -> Option<Value> {
    let schema = draft.keys.content.get("input")?.get("schema")?;
    let defaults: Map<String, Value> = super::variables(&draft.keys)
        .into_iter()
        .filter_map(|(name, schema, _)| Some((name, schema.get("default")?.clone())))
        .collect();
    let mut input = json!({ "schema": schema });
    if !defaults.is_empty() {
        input["default"] = Value::Object(defaults);
    }
    Some(input)
}

fn output(draft: &Draft<'_>) -> Option<Value> {
    let schema = draft
        .keys
        .content
        .get("jsonSchema")
        .and_then(|named| named.get("schema"));
    Some(match (draft.text("responseFormat")?, schema) {
        ("json_schema", Some(schema)) => json!({ "format": "json", "schema": schema }),
        ("text", _) => json!({ "format": "text" }),
        _ => json!({ "format": "json" }),
    })
}

fn body(draft: &mut Draft<'_>) -> String {
    let messages = draft
        .keys
        .content
        .get("messages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut out = String::new();
    let count = messages.len();
    for (index, message) in messages.iter().enumerate() {
        let path = format!("messages[{index}]");
        if let Some(name) = message.get("placeholder").and_then(Value::as_str) {
            if name != "history" {
                draft.lose(
                    format!(
                        "the placeholder `{name}`: Dotprompt has one history, and no name for it"
                    ),
                    &path,
                );
            }
            out.push_str("{{history}}\n");
            continue;
        }
        let role = match message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default()
        {
            "assistant" => "model",
            "developer" => {
                draft.note(
                    "a developer message is a system message there; its role comes back here",
                );
                "system"
            }
            role => role,
        };
        let mut text = String::new();
        match message.get("content") {
            Some(Value::String(plain)) => {
                text = translated(plain, &format!("{path}.content"), draft);
            }
            Some(Value::Array(parts)) => {
                for (nth, part) in parts.iter().enumerate() {
                    let path = format!("{path}.content[{nth}]");
                    let part = self::part(part, &path, draft);
                    match part.strip_prefix("{{media ") {
                        Some(rest) => put_tag(&format!("media {rest}"), &mut text),
                        None => text.push_str(&part),
                    }
                }
            }
            _ => {}
        }
        let is_last = index + 1 == count;
        // The line end behind a role is taken away with its sign, where the text has none to lose.
        let sign = if text.starts_with(char::is_whitespace) {
            "}}"
        } else {
            "~}}\n"
        };
        out.push_str(&format!("{{{{role \"{role}\"{sign}"));
        out.push_str(&text);
        if is_last && text.ends_with(char::is_whitespace) {
            // The end of the file is trimmed; a comment alone on its line is not there.
            out.push_str("{{!}}");
        } else if !is_last && !text.ends_with(char::is_whitespace) {
            put_tag("~! ~}}\n\n", &mut out);
        }
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Writes a tag from behind its braces, kept apart from the text before it.
fn put_tag(rest: &str, out: &mut String) {
    if out.ends_with('{') {
        out.push_str(" {{~");
        return out.push_str(rest.trim_start_matches('~'));
    }
    if out.ends_with('\\') {
        out.push('\\');
    }
    out.push_str("{{");
    out.push_str(rest);
}

fn part(part: &Value, path: &str, draft: &mut Draft<'_>) -> String {
    let text = |key: &str| part.get(key).and_then(Value::as_str).unwrap_or_default();
    match (text("type"), part.get("url").and_then(Value::as_str)) {
        ("text", _) => translated(text("text"), path, draft),
        ("image", Some(url)) => {
            if part.get("detail").is_some() {
                draft.note("`detail` of a picture has no counterpart there; it comes back here");
            }
            let name = url
                .strip_prefix("{{")
                .and_then(|rest| rest.strip_suffix("}}"));
            match name {
                Some(name) if !name.contains(['{', '}', ' ']) => {
                    format!("{{{{media url={name}}}}}")
                }
                _ if !url.contains(['{', '"']) => format!("{{{{media url=\"{url}\"}}}}"),
                _ => {
                    draft.lose(
                        format!("a picture whose address is put together: {url}"),
                        path,
                    );
                    String::new()
                }
            }
        }
        (kind, _) => {
            draft.lose(
                format!("a part of the kind `{kind}` that is no picture at an address"),
                path,
            );
            String::new()
        }
    }
}

/// A template of ours as Dotprompt has it.
fn translated(text: &str, path: &str, draft: &mut Draft<'_>) -> String {
    if text.contains("<<<dotprompt:") {
        draft.lose(
            "the text `<<<dotprompt:`, which Dotprompt takes for its own",
            path,
        );
    }
    let text = &braces_in_pairs(text);
    let Ok(tags) = tags(text, 0..text.len()) else {
        draft.lose("a tag that is never closed", path);
        return text.to_owned();
    };
    let mut out = String::new();
    let mut from = 0;
    // The names that open blocks have there.
    let mut open: Vec<&str> = Vec::new();
    // How deep the block stands of which the rest is left out, and whether its beginning is written.
    let mut hidden: Option<(usize, bool)> = None;
    for tag in &tags {
        if hidden.is_none() {
            out.push_str(&text[from..tag.at.start]);
        }
        from = tag.at.end;
        if let Some((depth, has_beginning)) = hidden {
            if tag.sign == '#' {
                open.push("");
            }
            if tag.sign != '/' {
                continue;
            }
            if open.len() > depth {
                open.pop();
                continue;
            }
            hidden = None;
            if !has_beginning {
                open.pop();
                continue;
            }
        }
        match self::tag(tag, text, &mut open, path, draft) {
            Some(written) => out.push_str(&written),
            None if tag.sign == '#' => hidden = Some((open.len(), false)),
            None if tag.inner.starts_with("else") => hidden = Some((open.len(), true)),
            None => {}
        }
    }
    if hidden.is_none() {
        out.push_str(&text[from..]);
    }
    out
}

/// Four braces as text are one sign here and two there, where a sign ends at the next braces.
fn braces_in_pairs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\{{{{") {
        let (before, four) = rest.split_at(at);
        out.push_str(before);
        let is_escaped = before.ends_with('\\');
        out.push_str(if is_escaped { "\\{{{{" } else { "\\{{\\{{" });
        rest = &four[5..];
    }
    out + rest
}

/// A tag of ours as Dotprompt has it; none where it has none.
fn tag(
    tag: &Tag<'_>,
    text: &str,
    open: &mut Vec<&str>,
    path: &str,
    draft: &mut Draft<'_>,
) -> Option<String> {
    let raw = &text[tag.at.clone()];
    let word = tag.inner.split_whitespace().next().unwrap_or_default();
    let rest = tag.inner[word.len()..].trim();
    let compared = |helper: &str| {
        let inner = rest
            .strip_prefix(&format!("({helper} "))?
            .strip_suffix(')')?;
        (!inner.contains(['(', ')'])).then(|| inner.to_owned())
    };
    match tag.sign {
        '#' => {
            if word == "if"
                && let Some((name, values)) = compared("eq")
                    .map(|values| ("ifEquals", values))
                    .or_else(|| compared("ne").map(|values| ("unlessEquals", values)))
            {
                open.push(name);
                return Some(raw.replacen(tag.inner, &format!("{name} {values}"), 1));
            }
            open.push("");
            if rest.contains('(') {
                draft.lose(
                    format!(
                        "`{{{{#{}}}}}`: Dotprompt has no helpers in conditions but `eq`",
                        tag.inner
                    ),
                    path,
                );
                return None;
            }
            Some(raw.to_owned())
        }
        '/' => match open.pop() {
            Some(name) if !name.is_empty() => Some(raw.replacen(word, name, 1)),
            _ => Some(raw.to_owned()),
        },
        // What is missing prints nothing there.
        ' ' if word == "default" && rest.ends_with(" \"\"") && !rest.contains('(') => {
            let name = rest.trim_end_matches(" \"\"").trim();
            Some(raw.replacen(tag.inner, name, 1))
        }
        ' ' if word != "else" && !rest.is_empty() && word != "json" && word != "lookup" => {
            draft.lose(
                format!("the helper `{word}`: Dotprompt has none of that name"),
                path,
            );
            None
        }
        ' ' if word == "else"
            && (rest.contains('(')
                || open.last().is_some_and(|name| !name.is_empty()) && !rest.is_empty()) =>
        {
            draft.lose(
                format!(
                    "`{{{{{}}}}}`: Dotprompt has no helpers in conditions but `eq`",
                    tag.inner
                ),
                path,
            );
            None
        }
        ' ' if matches!(word, "role" | "history" | "media" | "section") && rest.is_empty() => {
            draft.lose(
                format!("the variable `{word}`, which is a word of Dotprompt's"),
                path,
            );
            None
        }
        _ => Some(raw.to_owned()),
    }
}
