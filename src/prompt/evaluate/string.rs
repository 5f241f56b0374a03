//! `string:`, checks of the output as text.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::answer::Answer;
use super::table::{
    Given, MAX_PATTERN, Outcome, Row, Takes, Test, check, counted, expected, setting, unless,
};
use super::{Finding, bad, cut, quoted};

pub(super) static ROWS: [Row; 15] = [
    check(
        "equals",
        "is this text, letter for letter",
        Takes::GitHubsText,
        |given| {
            let text = given.text()?;
            Ok(Box::new(move |answer, _| {
                unless(answer.text == text, || {
                    expected(quoted(&text), quoted(answer.text))
                })
            }))
        },
    ),
    check(
        "notEquals",
        "is another text than this one; an empty one asks for an answer that is not empty",
        Takes::Text,
        |given| {
            let text = given.text()?;
            Ok(Box::new(move |answer, _| {
                unless(answer.text != text, || {
                    expected(format!("another text than {}", quoted(&text)), "it")
                })
            }))
        },
    ),
    check(
        "contains",
        "holds this text, in upper or lower case",
        Takes::GitHubsText,
        |given| all_of(vec![given.part()?], given),
    ),
    check(
        "startsWith",
        "begins with this text, in upper or lower case",
        Takes::GitHubsText,
        |given| {
            let (part, case) = (given.part()?, Case::of(given)?);
            let sought = case.of_part(&part).into_owned();
            Ok(Box::new(move |answer, _| {
                unless(case.of_answer(answer).starts_with(&sought), || {
                    expected(
                        format!("to begin with {}", quoted(&part)),
                        quoted(answer.text),
                    )
                })
            }))
        },
    ),
    check(
        "endsWith",
        "ends with this text, in upper or lower case",
        Takes::GitHubsText,
        |given| {
            let (part, case) = (given.part()?, Case::of(given)?);
            let sought = case.of_part(&part).into_owned();
            Ok(Box::new(move |answer, _| {
                unless(case.of_answer(answer).ends_with(&sought), || {
                    expected(
                        format!("to end with {}", quoted(&part)),
                        end_of(answer.text),
                    )
                })
            }))
        },
    ),
    check(
        "containsAny",
        "holds one of these texts, in upper or lower case",
        Takes::Texts,
        any_of,
    ),
    check(
        "containsAll",
        "holds all of these texts, in upper or lower case",
        Takes::Texts,
        |given| all_of(given.parts()?, given),
    ),
    check(
        "notContains",
        "holds none of this text or these texts, in upper or lower case",
        Takes::TextOrTexts,
        |given| {
            let (parts, case) = (
                sought(given.one_or_more()?, Case::of(given)?),
                Case::of(given)?,
            );
            Ok(Box::new(move |answer, _| {
                let text = case.of_answer(answer);
                let found = parts
                    .iter()
                    .find_map(|(part, sought)| Some((part, text.find(sought)?)));
                found.map_or(Outcome::Passes, |(part, at)| {
                    let wanted = format!("not to contain {}", quoted(part));
                    Outcome::Fails(expected(wanted, around(text, at)))
                })
            }))
        },
    ),
    check(
        "matches",
        "matches this regular expression somewhere",
        Takes::Pattern,
        |given| {
            let pattern = pattern(given)?;
            Ok(Box::new(move |answer, _| {
                unless(pattern.is_match(answer.text), || {
                    let wanted = format!("to match `{}`", cut(pattern.as_str()));
                    expected(wanted, quoted(answer.text))
                })
            }))
        },
    ),
    check(
        "notMatches",
        "matches this regular expression nowhere",
        Takes::Pattern,
        |given| {
            let pattern = pattern(given)?;
            Ok(Box::new(move |answer, _| {
                pattern.find(answer.text).map_or(Outcome::Passes, |found| {
                    let wanted = format!("not to match `{}`", cut(pattern.as_str()));
                    Outcome::Fails(expected(wanted, quoted(found.as_str())))
                })
            }))
        },
    ),
    check(
        "minLength",
        "is at least so many characters long",
        Takes::Count,
        |given| limit(given, "at least", u64::ge, "character", characters),
    ),
    check(
        "maxLength",
        "is at most so many characters long",
        Takes::Count,
        |given| limit(given, "at most", u64::le, "character", characters),
    ),
    check(
        "minWords",
        "has at least so many words, which are what stands between blanks",
        Takes::Count,
        |given| limit(given, "at least", u64::ge, "word", words),
    ),
    check(
        "maxWords",
        "has at most so many words, which are what stands between blanks",
        Takes::Count,
        |given| limit(given, "at most", u64::le, "word", words),
    ),
    setting(
        "caseSensitive",
        "`true`: upper and lower case differ for `contains`, `startsWith`, `endsWith`, `containsAny`, `containsAll` and `notContains`",
        Takes::Flag,
        |given| given.flag().map(drop),
    ),
];

/// Whether upper and lower case differ.
#[derive(Clone, Copy)]
enum Case {
    Differs,
    Alike,
}

impl Case {
    fn of(given: &Given<'_>) -> Result<Self, Finding> {
        let is_sensitive = given.beside("caseSensitive");
        Ok(match is_sensitive.map(|given| given.flag()).transpose()? {
            Some(true) => Self::Differs,
            _ => Self::Alike,
        })
    }

    fn of_part(self, part: &str) -> Cow<'_, str> {
        match self {
            Self::Differs => Cow::Borrowed(part),
            Self::Alike => Cow::Owned(part.to_lowercase()),
        }
    }

    fn of_answer<'a>(self, answer: &'a Answer<'_>) -> &'a str {
        match self {
            Self::Differs => answer.text,
            Self::Alike => answer.lower(),
        }
    }
}

/// Each text as it is written, and as it is looked for.
fn sought(parts: Vec<String>, case: Case) -> Vec<(String, String)> {
    let pair = |part: String| {
        let sought = case.of_part(&part).into_owned();
        (part, sought)
    };
    parts.into_iter().map(pair).collect()
}

fn all_of(parts: Vec<String>, given: &Given<'_>) -> Result<Test, Finding> {
    let case = Case::of(given)?;
    let parts = sought(parts, case);
    Ok(Box::new(move |answer, _| {
        let text = case.of_answer(answer);
        let missing = parts.iter().find(|(_, sought)| !text.contains(sought));
        missing.map_or(Outcome::Passes, |(part, _)| {
            let wanted = format!("to contain {}", quoted(part));
            Outcome::Fails(expected(wanted, quoted(answer.text)))
        })
    }))
}

fn any_of(given: &Given<'_>) -> Result<Test, Finding> {
    let case = Case::of(given)?;
    let parts = sought(given.parts()?, case);
    if parts.is_empty() {
        return Err(bad("`containsAny` of no texts can never pass")
            .help("Give it at least one text, or use `containsAll`, which an empty list passes."));
    }
    Ok(Box::new(move |answer, _| {
        let text = case.of_answer(answer);
        unless(
            parts.iter().any(|(_, sought)| text.contains(sought)),
            || {
                let names: Vec<_> = parts.iter().map(|(part, _)| quoted(part)).collect();
                let wanted = format!("to contain one of {}", cut(&names.join(", ")));
                expected(wanted, quoted(answer.text))
            },
        )
    }))
}

fn limit(
    given: &Given<'_>,
    how: &'static str,
    fits: fn(&u64, &u64) -> bool,
    what: &'static str,
    measure: fn(&str) -> u64,
) -> Result<Test, Finding> {
    let limit = given.count()?;
    Ok(Box::new(move |answer, _| {
        let measured = measure(answer.text);
        unless(fits(&measured, &limit), || {
            expected(format!("{how} {}", counted(limit, what)), measured)
        })
    }))
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

fn pattern(given: &Given<'_>) -> Result<Regex, Finding> {
    let Value::String(pattern) = given.value else {
        return Err(given.wrong(
            "a regular expression",
            "Write it in single quotes, such as '^\\d+$', so that YAML leaves its backslashes alone.",
        ));
    };
    compile(given.key, pattern)
}

fn compile(key: &str, pattern: &str) -> Result<Regex, Finding> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN)
        .build()
        .map_err(|error| {
            let last_line = error.to_string();
            let cause = last_line.lines().last().unwrap_or_default().trim();
            bad(format!(
                "`{key}` is not a regular expression: {}",
                cause.trim_start_matches("error: ")
            ))
            .help("The syntax is that of Rust's `regex`, which has no look-around and no backreferences.")
        })
}

/// The end of a text that may be long.
fn end_of(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().rev().nth(LONGEST) {
        Some((at, first)) => quoted(&format!("…{}", &text[at + first.len_utf8()..])),
        None => quoted(text),
    }
}

/// What stands around a place of a text.
fn around(text: &str, at: usize) -> String {
    const BEFORE: usize = 30;
    let start = text[..at].char_indices().rev().nth(BEFORE);
    match start {
        Some((start, first)) => quoted(&format!("…{}", &text[start + first.len_utf8()..])),
        None => quoted(text),
    }
}
