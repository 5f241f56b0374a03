//! Dotprompt: Handlebars already, with roles, pictures and history as tags.

mod head;
mod tags;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Value, json};

use self::head::head;
pub(super) use self::tags::{Tag, tags};
use self::tags::{first_text, translated, want, word_of};
use super::draft::{Draft, refused};
use super::front::Front;
use super::{Foreign, Source};
use crate::exchange::escape;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};

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
    let mut includes = BTreeMap::new();
    let mut at = 0;
    while let Some((name, span)) = wanted.get(at).cloned() {
        at += 1;
        let (text, inner) = partial(&name, span, source, &mut draft)?;
        for (name, _) in &inner {
            want(name, span, &mut wanted)?;
        }
        let inner: Vec<String> = inner.into_iter().map(|(name, _)| name).collect();
        includes.insert(name.clone(), inner);
        draft
            .partials
            .push((format!("{}{name}", source.folder), text));
    }
    let name = match source.stem.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/{}", file.trim_start_matches('_')),
        None => source.stem.trim_start_matches('_').to_owned(),
    };
    draft.finish(name).map_err(|mut why| {
        let is_round = |(name, _): &&(String, Span)| includes_itself(name, &includes);
        why.span = why.span.or_else(|| Some(wanted.iter().find(is_round)?.1));
        why
    })
}

/// Whether a partial includes itself, also through others.
fn includes_itself(name: &str, includes: &BTreeMap<String, Vec<String>>) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![name];
    while let Some(one) = next.pop() {
        for inner in includes.get(one).into_iter().flatten() {
            if seen.insert(inner) {
                next.push(inner);
            }
        }
    }
    seen.iter().any(|inner| *inner == name)
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

/// A comment that takes the blanks around it away: what our own export puts between two messages.
const EMPTY: &str = "{{~! ~}}";

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
        pieces.parts.push(self.draft.picture(url, Some(span)));
        Ok(())
    }
}

impl Pieces {
    fn put(&mut self, text: &str) {
        self.is_seen |= !text.trim().is_empty();
        self.text.push_str(text);
    }
}

/// Ends a text; one of blanks and comments is none.
fn end_text(pieces: &mut Pieces) {
    let text = std::mem::take(&mut pieces.text);
    if std::mem::take(&mut pieces.is_seen) {
        pieces.parts.push(json!({ "type": "text", "text": text }));
    }
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
