//! Dotprompt: Handlebars already, with roles, pictures and history as tags.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::draft::{Draft, refused};
use super::front::Front;
use super::{Foreign, Source, picoschema};
use crate::exchange::dialect::is_name;
use crate::exchange::escape;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::template::HELPERS;

/// The blocks that are the same here.
const BLOCKS: [&str; 4] = ["if", "unless", "each", "with"];

/// How often partials may include each other.
const MAX_PARTIALS: usize = 200;

pub(super) fn read(source: &Source<'_>) -> Result<Foreign, Finding> {
    let text = source.text.replace("\r\n", "\n");
    let front = Front::read(&text)?;
    let mut draft = Draft {
        says_required: true,
        ..Draft::new(source)
    };
    let keys = front.map();
    head(&keys, &front, &mut draft);
    let body = trimmed(&front);
    let mut reader = Reader {
        front: &front,
        source,
        draft: &mut draft,
        wanted: Vec::new(),
    };
    reader.messages(body)?;
    let mut wanted = std::mem::take(&mut reader.wanted);
    let mut at = 0;
    while let Some((name, span)) = wanted.get(at).cloned() {
        at += 1;
        if at > MAX_PARTIALS {
            return Err(refused(
                Some(span),
                "it includes too many partials",
                "put their texts in their places",
            ));
        }
        let (text, inner) = partial(&name, span, source, &mut draft)?;
        for (name, _) in inner {
            if !wanted.iter().any(|(known, _)| *known == name) {
                wanted.push((name, span));
            }
        }
        draft
            .partials
            .push((format!("{}{name}", source.folder), text));
    }
    let name = match source.stem.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/{}", file.trim_start_matches('_')),
        None => source.stem.trim_start_matches('_').to_owned(),
    };
    draft.finish(name)
}

/// The body: trimmed where there is front matter, as Dotprompt does.
fn trimmed(front: &Front<'_>) -> Range<usize> {
    let text = &front.text[front.body.clone()];
    if front.keys.is_none() {
        return front.body.clone();
    }
    let start = front.body.start + text.len() - text.trim_start().len();
    start..start + text.trim().len()
}

fn head(keys: &Map<String, Value>, front: &Front<'_>, draft: &mut Draft) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    for (key, value) in keys {
        let at = front.place(key);
        match key.as_str() {
            "model" => draft.model = text(value),
            "description" => draft.description = text(value),
            "name" | "variant" | "version" | "digest" => {}
            "config" => {
                let config = value.as_object().cloned().unwrap_or_default();
                draft.settings(&config, |inner| front.place(&format!("config.{inner}")));
            }
            "input" => {
                let mut problems = Vec::new();
                let schema = value
                    .get("schema")
                    .map(|it| picoschema::schema(it, &mut problems));
                match schema {
                    Some(Value::Object(schema)) if schema.contains_key("properties") => {
                        draft.schema = schema;
                    }
                    Some(Value::Object(schema)) if !schema.is_empty() => {
                        draft.lose(code::SOURCE_DROPPED, at, "the input is one value, and variables here are a map: its schema is left out");
                    }
                    _ => {}
                }
                for picoschema::Problem(message) in problems {
                    draft.lose(code::SOURCE_DROPPED, at, message);
                }
                let defaults = value.get("default").and_then(Value::as_object);
                for (name, default) in defaults.into_iter().flatten() {
                    draft.property(name)["default"] = default.clone();
                    if let Some(Value::Array(required)) = draft.schema.get_mut("required") {
                        required.retain(|it| it.as_str() != Some(name));
                    }
                }
            }
            "output" => output(value, at, draft),
            "tools" => {
                let mut inline = Vec::new();
                for tool in value.as_array().into_iter().flatten() {
                    match tool {
                        Value::Object(_) => inline.push(tool.clone()),
                        other => {
                            let name = other.as_str().unwrap_or("-");
                            draft.lose(code::SOURCE_DROPPED, at, format!("the tool `{name}` is named, and only the program knows it: left out; tools stand under `extraBody.tools`"));
                        }
                    }
                }
                tool_definitions(&inline, at, draft);
            }
            "toolDefs" => tool_definitions(
                value.as_array().map(Vec::as_slice).unwrap_or_default(),
                at,
                draft,
            ),
            "promptctl" => {}
            _ => draft.note(
                code::SOURCE_DROPPED,
                at,
                format!("the key `{key}` has no counterpart here: left out"),
            ),
        }
    }
    if let Some(Value::Object(own)) = keys.get("promptctl") {
        draft.take_own(own);
    }
}

/// Tools as Dotprompt writes them: `inputSchema` for `parameters`.
fn tool_definitions(tools: &[Value], at: Option<Span>, draft: &mut Draft) {
    let mut all = Vec::new();
    for tool in tools {
        let mut tool = tool.clone();
        if let Some(schema) = tool.get("inputSchema").cloned() {
            let mut problems = Vec::new();
            tool["parameters"] = picoschema::schema(&schema, &mut problems);
        }
        all.push(tool);
    }
    if !all.is_empty() {
        draft.tools(&Value::Array(all), at);
    }
}

fn output(value: &Value, at: Option<Span>, draft: &mut Draft) {
    let mut problems = Vec::new();
    let schema = value
        .get("schema")
        .map(|it| picoschema::schema(it, &mut problems));
    let format = value.get("format").and_then(Value::as_str);
    for picoschema::Problem(message) in problems {
        draft.lose(code::SOURCE_DROPPED, at, message);
    }
    match (format, schema) {
        (None | Some("json"), Some(schema))
            if schema.as_object().is_some_and(|map| !map.is_empty()) =>
        {
            draft.output("output", schema, false);
        }
        (Some("json"), _) => draft.response_format = Some("json_object"),
        (Some("text"), _) => draft.response_format = Some("text"),
        (None, _) => {}
        (Some(other), _) => draft.lose(
            code::SOURCE_DROPPED,
            at,
            format!("the output format `{other}` has no counterpart here: left out"),
        ),
    }
}

/// A comment that takes the blanks around it away: what our own export puts between two messages.
const EMPTY: &str = "{{~! ~}}";

/// A tag of Handlebars.
pub(super) struct Tag<'t> {
    pub(super) at: Range<usize>,
    /// What stands between the braces and signs.
    pub(super) inner: &'t str,
    /// `#`, `/`, `>`, `!`, `^` or a blank.
    pub(super) sign: char,
}

/// The tags of a text; escaped ones are none.
pub(super) fn tags(text: &str, range: Range<usize>) -> Result<Vec<Tag<'_>>, Range<usize>> {
    let mut all = Vec::new();
    let mut from = range.start;
    while let Some(found) = text[from..range.end].find("{{") {
        let start = from + found;
        let slashes = text[range.start..start]
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'\\')
            .count();
        if slashes == 1 {
            from = start + 2;
            continue;
        }
        let rest = &text[start..range.end];
        let braces = rest.bytes().take_while(|byte| *byte == b'{').count().min(3);
        let after = rest[braces..].trim_start_matches('~');
        let close = match () {
            () if after.starts_with("!--") => "--}}",
            () if braces == 3 => "}}}",
            () => "}}",
        };
        let Some(length) = rest[braces..].find(close).or_else(|| {
            // A comment with dashes may end as `--~}}`.
            (close == "--}}").then(|| rest[braces..].find("--~}}"))?
        }) else {
            return Err(start..start + 2);
        };
        let close_length = rest[braces + length..]
            .find("}}")
            .map_or(close.len(), |at| at + if braces == 3 { 3 } else { 2 });
        let end = start + braces + length + close_length;
        let inner = rest[braces..braces + length].trim_matches('~').trim();
        let sign = inner
            .chars()
            .next()
            .filter(|sign| "#/>!^&".contains(*sign))
            .unwrap_or(' ');
        let inner = if sign == ' ' {
            inner
        } else {
            inner[1..].trim()
        };
        all.push(Tag {
            at: start..end,
            inner,
            sign,
        });
        from = end;
    }
    Ok(all)
}

struct Reader<'r, 'a> {
    front: &'r Front<'r>,
    source: &'r Source<'a>,
    draft: &'r mut Draft,
    /// The partials that are included.
    wanted: Vec<(String, Span)>,
}

/// The messages while they are made.
#[derive(Default)]
struct Pieces {
    role: &'static str,
    parts: Vec<Value>,
    text: String,
    /// Whether the text holds more than blanks and comments.
    is_seen: bool,
}

impl Reader<'_, '_> {
    fn messages(&mut self, body: Range<usize>) -> Result<(), Finding> {
        let front = self.front;
        let text = front.text;
        let tags = tags(text, body.clone()).map_err(|at| {
            refused(
                Some(front.span(at)),
                "a tag that is never closed",
                "close it, or write `\\{{` for braces that are text",
            )
        })?;
        let mut pieces = Pieces {
            role: "user",
            ..Pieces::default()
        };
        let mut open: Vec<&str> = Vec::new();
        let mut from = body.start;
        for tag in &tags {
            pieces.put(&text[from..tag.at.start]);
            from = tag.at.end;
            let is_dropped = matches!(word_of(tag.inner), "role" | "history" | "section" | "media")
                && tag.sign == ' ';
            let raw = &text[tag.at.clone()];
            if is_dropped || raw == EMPTY {
                if raw.starts_with("{{~") {
                    pieces.text.truncate(pieces.text.trim_end().len());
                }
                if raw.ends_with("~}}") {
                    let rest = &text[from..body.end];
                    from += rest.len() - rest.trim_start().len();
                }
            }
            if raw == EMPTY {
                continue;
            }
            // What our own export ends a body with, so that its last line end is kept.
            if raw == "{{!}}" && from == body.end {
                continue;
            }
            pieces.is_seen |= tag.sign != '!'
                && !matches!(word_of(tag.inner), "role" | "history" | "section" | "media");
            let span = self.front.span(tag.at.clone());
            let word = word_of(tag.inner);
            let rest = tag.inner[word.len()..].trim();
            match (tag.sign, word) {
                (' ', "role") => {
                    self.not_inside(&open, span, "a role")?;
                    let (name, more) = first_text(rest);
                    let role = match name {
                        "model" | "assistant" => "assistant",
                        "system" => "system",
                        "user" => "user",
                        other => {
                            return Err(refused(
                                Some(span),
                                format!("the role `{other}` has no counterpart here"),
                                "roles are system, user and model",
                            ));
                        }
                    };
                    if !more.is_empty() {
                        self.draft.note(
                            code::SOURCE_DROPPED,
                            Some(span),
                            format!("`{more}` of a role is for the program, and the model is not given it: left out"),
                        );
                    }
                    self.end_message(&mut pieces);
                    pieces.role = role;
                }
                (' ', "history") => {
                    self.not_inside(&open, span, "the history")?;
                    self.end_message(&mut pieces);
                    self.draft.placeholder("history");
                    // What follows without a role is the model's.
                    pieces.role = "assistant";
                }
                (' ', "media") => {
                    self.not_inside(&open, span, "a picture")?;
                    self.media(rest, span, &mut pieces)?;
                }
                (' ', "section") => {
                    self.draft.lose(
                        code::SOURCE_DROPPED,
                        Some(span),
                        format!("`{{{{section {rest}}}}}` has no counterpart here: left out"),
                    );
                }
                _ => {
                    let written = translated(
                        tag,
                        text,
                        self.source.folder,
                        &mut open,
                        span,
                        self.draft,
                        &mut self.wanted,
                    )?;
                    pieces.text.push_str(&written);
                }
            }
        }
        pieces.put(&text[from..body.end]);
        self.end_message(&mut pieces);
        if self.draft.messages.is_empty() {
            return Err(refused(
                Some(Span::point(1, 1)),
                "it has no text",
                "write what the model is to do below the front matter",
            ));
        }
        Ok(())
    }

    fn not_inside(&self, open: &[&str], span: Span, what: &str) -> Result<(), Finding> {
        match open.last() {
            None => Ok(()),
            Some(block) => Err(refused(
                Some(span),
                format!(
                    "{what} stands inside `{{{{#{block}}}}}`, and messages here stand side by side"
                ),
                "take it out of the block, or give the messages as a list: `- placeholder: history`",
            )),
        }
    }

    fn end_message(&mut self, pieces: &mut Pieces) {
        end_text(pieces);
        let parts = std::mem::take(&mut pieces.parts);
        match parts.as_slice() {
            [] => {}
            [part] if part["type"] == "text" => {
                self.draft.message(pieces.role, part["text"].clone());
            }
            _ => self.draft.message(pieces.role, Value::Array(parts)),
        }
    }

    fn media(&mut self, options: &str, span: Span, pieces: &mut Pieces) -> Result<(), Finding> {
        let option = |name: &str| {
            let start = options.find(&format!("{name}="))? + name.len() + 1;
            let rest = &options[start..];
            Some(
                match rest
                    .chars()
                    .next()
                    .filter(|quote| matches!(quote, '"' | '\''))
                {
                    Some(quote) => &rest[..rest[1..].find(quote).map_or(rest.len(), |at| at + 2)],
                    None => rest.split_whitespace().next().unwrap_or_default(),
                },
            )
        };
        let Some(url) = option("url") else {
            return Err(refused(
                Some(span),
                "`{{media}}` has no `url=`",
                "name the picture: `{{media url=photo}}`",
            ));
        };
        let kind = option("contentType").unwrap_or_default();
        let is_variable = !kind.is_empty() && !kind.starts_with(['"', '\'']);
        let kind = kind.trim_matches(['"', '\'']);
        if is_variable {
            self.draft.lose(
                code::SOURCE_CHANGED,
                Some(span),
                format!("callers say by `{kind}` what kind of file it is; here it is a picture"),
            );
        } else if !kind.is_empty() && !kind.starts_with("image/") {
            self.draft.lose(
                code::SOURCE_DROPPED,
                Some(span),
                format!("a part of the kind `{kind}` has no counterpart here: left out"),
            );
            return Ok(());
        }
        end_text(pieces);
        let url = match url.starts_with(['"', '\'']) {
            true => {
                let mut text = String::new();
                escape::put_text(url.trim_matches(['"', '\'']), &mut text);
                text
            }
            false => format!("{{{{{url}}}}}"),
        };
        pieces.parts.push(json!({ "type": "image", "url": url }));
        Ok(())
    }
}

impl Pieces {
    fn put(&mut self, text: &str) {
        self.is_seen |= !text.trim().is_empty();
        self.text.push_str(text);
    }
}

/// The text in quotes with which the values of a tag begin, and what follows.
fn first_text(values: &str) -> (&str, &str) {
    let quote = values.chars().next().filter(|it| matches!(it, '"' | '\''));
    let (text, more) = match quote {
        Some(quote) => values[1..].split_once(quote).unwrap_or((&values[1..], "")),
        None => values.split_once(' ').unwrap_or((values, "")),
    };
    (text, more.trim())
}

/// The first word of a tag.
fn word_of(inner: &str) -> &str {
    inner.split_whitespace().next().unwrap_or_default()
}

/// Ends a text; one of blanks and comments is none.
fn end_text(pieces: &mut Pieces) {
    let text = std::mem::take(&mut pieces.text);
    if std::mem::take(&mut pieces.is_seen) {
        pieces.parts.push(json!({ "type": "text", "text": text }));
    }
}

/// A tag as it is written here.
fn translated<'t>(
    tag: &Tag<'t>,
    text: &'t str,
    folder: &str,
    open: &mut Vec<&'t str>,
    span: Span,
    draft: &mut Draft,
    wanted: &mut Vec<(String, Span)>,
) -> Result<String, Finding> {
    let raw = &text[tag.at.clone()];
    let word = word_of(tag.inner);
    let own = |from: &str, to: &str| raw.replacen(from, to, 1);
    let mut written = match tag.sign {
        '!' | '^' | '&' => raw.to_owned(),
        '>' => {
            let name = word.trim_matches(['"', '\'']);
            if !wanted.iter().any(|(known, _)| known == name) {
                wanted.push((name.to_owned(), span));
            }
            own(word, &format!("{folder}{name}"))
        }
        '#' => {
            open.push(word);
            if word.ends_with("Equals") {
                let names = tag.inner[word.len()..].split_whitespace();
                let names = names.filter(|name| is_name(name)).map(str::to_owned);
                draft.compared.extend(names);
            }
            match word {
                "ifEquals" => compared(raw, tag.inner, "if", "eq"),
                "unlessEquals" => compared(raw, tag.inner, "if", "ne"),
                word if BLOCKS.contains(&word) => {
                    if values(&tag.inner[word.len()..]) != 1 {
                        return Err(refused(
                            Some(span),
                            format!(
                                "`{{{{#{}}}}}` is not Handlebars: a block takes one value",
                                tag.inner
                            ),
                            "compare with a helper: `{{#if (gte age 18)}}`",
                        ));
                    }
                    raw.to_owned()
                }
                other => return Err(unknown(other, span)),
            }
        }
        '/' => {
            open.pop();
            match word {
                "ifEquals" | "unlessEquals" => own(word, "if"),
                _ => raw.to_owned(),
            }
        }
        _ => {
            let has_values = tag.inner.len() > word.len();
            let is_known = HELPERS.iter().any(|helper| helper.name == word)
                || matches!(word, "else" | "lookup");
            if has_values && !is_known {
                return Err(unknown(word, span));
            }
            match tag.inner.strip_prefix("else ").map(str::trim) {
                Some(chain) if chain.starts_with("ifEquals") => {
                    compared(raw, tag.inner, "else if", "eq")
                }
                Some(chain) if chain.starts_with("unlessEquals") => {
                    compared(raw, tag.inner, "else if", "ne")
                }
                _ => raw.to_owned(),
            }
        }
    };
    if tag.sign != '!' {
        for name in ["auth", "state", "user", "metadata"] {
            if written.contains(&format!("@{name}")) {
                let is_printed = tag.sign == ' ' && tag.inner.starts_with('@');
                if is_printed && !tag.inner.contains(char::is_whitespace) {
                    // What the context lacks prints nothing there.
                    written = own(tag.inner, &format!("default {} \"\"", tag.inner));
                }
                written = written.replace(&format!("@{name}"), name);
                draft.note(
                    code::SOURCE_CHANGED,
                    Some(span),
                    format!("`@{name}` is the variable `{name}` here: callers give it"),
                );
            }
        }
    }
    Ok(written)
}

/// How many values stand in a tag, without options and block parameters.
fn values(text: &str) -> usize {
    let text = text.split(" as |").next().unwrap_or_default();
    let mut depth = 0usize;
    let mut count = 0;
    let mut is_inside = false;
    for letter in text.chars() {
        match letter {
            '(' => {
                count += usize::from(depth == 0);
                depth += 1;
            }
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if letter.is_whitespace() => is_inside = false,
            '=' if is_inside => count -= 1,
            _ if !is_inside => {
                is_inside = true;
                count += 1;
            }
            _ => {}
        }
    }
    count
}

fn unknown(word: &str, span: Span) -> Finding {
    refused(
        Some(span),
        format!("the helper `{word}` has no counterpart here"),
        "compute it in the program that fills the template; promptctl help templates lists the helpers",
    )
}

/// `{{#ifEquals a b}}` as `{{#if (eq a b)}}`.
fn compared(raw: &str, inner: &str, word: &str, helper: &str) -> String {
    let values = inner
        .split_once("Equals")
        .map_or("", |(_, values)| values.trim());
    let (before, after) = (raw.starts_with("{{~"), raw.ends_with("~}}"));
    let sign = if word == "if" { "#" } else { "" };
    format!(
        "{{{{{}{sign}{word} ({helper} {values}){}}}}}",
        if before { "~" } else { "" },
        if after { "~" } else { "" }
    )
}

/// The text of a partial, and what it includes.
fn partial(
    name: &str,
    span: Span,
    source: &Source<'_>,
    draft: &mut Draft,
) -> Result<(String, Vec<(String, Span)>), Finding> {
    let file = match name.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_{name}.prompt"),
        None => format!("_{name}.prompt"),
    };
    let text = (source.beside)(&file).map_err(|why| {
        let mut finding = Finding::error(
            code::MISSING_PARTIAL,
            format!("the partial `{name}` could not be read: {why}"),
        )
        .at(span);
        finding = finding.help(format!("it is the file {file} beside the prompt"));
        finding
    })?;
    let text = text.replace("\r\n", "\n");
    let front = Front::read(&text).map_err(|finding| {
        refused(
            Some(span),
            format!("{file}: {}", finding.message),
            "mend the partial",
        )
    })?;
    let body = trimmed(&front);
    let mut open = Vec::new();
    let mut wanted = Vec::new();
    let mut out = String::new();
    let mut from = body.start;
    let tags = tags(&text, body.clone()).map_err(|_| {
        refused(
            Some(span),
            format!("{file} has a tag that is never closed"),
            "close it",
        )
    })?;
    for tag in &tags {
        out.push_str(&text[from..tag.at.start]);
        from = tag.at.end;
        let word = word_of(tag.inner);
        if tag.sign == ' ' && matches!(word, "role" | "history" | "media") {
            return Err(refused(
                Some(span),
                format!(
                    "{file} holds `{{{{{word}}}}}`, and a partial here is a text of one message"
                ),
                "put the partial's text in its place",
            ));
        }
        // A licence at the top is a comment of the file.
        if tag.sign == '!' && out.trim().is_empty() {
            let rest = &text[from..body.end];
            from += rest.len() - rest.strip_prefix('\n').unwrap_or(rest).len();
            continue;
        }
        out.push_str(&translated(
            tag,
            &text,
            source.folder,
            &mut open,
            span,
            draft,
            &mut wanted,
        )?);
    }
    out.push_str(&text[from..body.end]);
    Ok((out, wanted))
}
