//! The tags of Dotprompt's Handlebars, and how each is written here.

use std::ops::Range;

use super::super::draft::{Draft, refused};
use crate::exchange::dialect::is_name;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::template::HELPERS;

/// The most partials that a prompt may include, with those that they include.
const MAX_PARTIALS: usize = 200;

/// The blocks that are the same here.
const BLOCKS: [&str; 4] = ["if", "unless", "each", "with"];

/// A tag of Handlebars.
pub(in super::super) struct Tag<'t> {
    pub(in super::super) at: Range<usize>,
    /// What stands between the braces and signs.
    pub(in super::super) inner: &'t str,
    /// `#`, `/`, `>`, `!`, `^` or a blank.
    pub(in super::super) sign: char,
}

/// The tags of a text; escaped ones are none.
pub(in super::super) fn tags(
    text: &str,
    range: Range<usize>,
) -> Result<Vec<Tag<'_>>, Range<usize>> {
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
        let found = match close {
            "--}}" => comment_end(&rest[braces..]),
            close => rest[braces..].find(close),
        };
        let Some(length) = found else {
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

/// Where the dashes stand that end a comment: before `}}` or `~}}`.
fn comment_end(text: &str) -> Option<usize> {
    text.match_indices("}}").find_map(|(at, _)| {
        let before = text[..at].strip_suffix('~').unwrap_or(&text[..at]);
        before.strip_suffix("--").map(str::len)
    })
}

/// The text in quotes with which the values of a tag begin, and what follows.
pub(super) fn first_text(values: &str) -> (&str, &str) {
    let quote = values.chars().next().filter(|it| matches!(it, '"' | '\''));
    let (text, more) = match quote {
        Some(quote) => values[1..].split_once(quote).unwrap_or((&values[1..], "")),
        None => values.split_once(' ').unwrap_or((values, "")),
    };
    (text, more.trim())
}

/// The first word of a tag.
pub(super) fn word_of(inner: &str) -> &str {
    inner.split_whitespace().next().unwrap_or_default()
}

/// A tag as it is written here.
pub(super) fn translated<'t>(
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
            want(name, span, wanted)?;
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

/// Notes a partial that is included.
pub(super) fn want(
    name: &str,
    span: Span,
    wanted: &mut Vec<(String, Span)>,
) -> Result<(), Finding> {
    if wanted.iter().any(|(known, _)| known == name) {
        return Ok(());
    }
    if wanted.len() == MAX_PARTIALS {
        return Err(refused(
            Some(span),
            format!("it includes more than {MAX_PARTIALS} partials"),
            "put their texts in their places",
        ));
    }
    wanted.push((name.to_owned(), span));
    Ok(())
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
        "compute it in the program that fills the template; the topic `templates` lists the helpers",
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
