//! The words and signs of a tag of Jinja's.

use std::ops::Range;

use serde_json::Number;

use super::{Mistake, beyond};

/// A word or sign.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(Number),
    Text(String),
    Sign(&'static str),
}

/// Longer signs first.
const SIGNS: [&str; 30] = [
    "===", "!==", "==", "!=", "<=", ">=", "//", "**", "&&", "||", "(", ")", "[", "]", "{", "}",
    ".", ",", ":", "|", "~", "<", ">", "+", "-", "*", "/", "%", "=", "?",
];

pub(super) fn tokens(text: &str, offset: usize) -> Result<Vec<(Token, Range<usize>)>, Mistake> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = offset + at;
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if first.is_alphabetic() || first == '_' {
            let is_inner = |letter: char| letter.is_alphanumeric() || letter == '_';
            let end = rest.find(|letter| !is_inner(letter)).unwrap_or(rest.len());
            all.push((Token::Name(rest[..end].to_owned()), start..start + end));
            at += end;
            continue;
        }
        if first.is_ascii_digit() {
            let end = number_end(rest);
            let number: Result<Number, _> = serde_json::from_str(&rest[..end]);
            // A whole number that is too large would be rounded.
            let is_exact = |number: &Number| !number.is_f64() || rest[..end].contains('.');
            let number = number.ok().filter(is_exact);
            let number = number.ok_or_else(|| beyond(start..start + end, "this number"))?;
            all.push((Token::Number(number), start..start + end));
            at += end;
            continue;
        }
        if first == '"' || first == '\'' {
            let (value, end) = quoted(rest, first, start)?;
            all.push((Token::Text(value), start..start + end));
            at += end;
            continue;
        }
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        let Some(sign) = sign else {
            return Err(Mistake::new(
                start..start + first.len_utf8(),
                format!("`{}` has no meaning here", first.escape_default()),
                "the template's own language refuses this, too",
            ));
        };
        all.push((Token::Sign(sign), start..start + sign.len()));
        at += sign.len();
    }
    Ok(all)
}

/// Where a number ends; `1.` before a name is a number and a dot.
fn number_end(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = &text.as_bytes()[from..];
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let whole = digits(0);
    match text[whole..].strip_prefix('.') {
        Some(after) if after.starts_with(|next: char| next.is_ascii_digit()) => digits(whole + 1),
        _ => whole,
    }
}

/// The text in quotes with which `text` begins, and where it ends.
fn quoted(text: &str, quote: char, start: usize) -> Result<(String, usize), Mistake> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, same @ ('\\' | '\'' | '"'))) => value.push(same),
                _ => return Err(beyond(start + at..start + at + 1, "this escape")),
            },
            letter if letter == quote => return Ok((value, at + 1)),
            letter => value.push(letter),
        }
    }
    Err(Mistake::new(
        start..start + 1,
        "a quote that is never closed",
        "the template's own language refuses this, too",
    ))
}
