//! `string:`, checks of the output as text.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::fill::{self, Fields};
use super::{Check, Finding, Object, Reason, Takes, Verdict, bad, count, cut, holds, rows, shown};

type Run = fn(&str, &Value, &str) -> Reason;

const fn check_of(name: &'static str, words: &'static str, takes: Takes, run: Run) -> Check<Run> {
    Check {
        name,
        words,
        takes,
        run,
    }
}

pub(super) static CHECKS: [Check<Run>; 11] = [
    check_of(
        "equals",
        "is this text, letter for letter",
        Takes::Text,
        equals,
    ),
    check_of(
        "contains",
        "holds this text, in upper or lower case",
        Takes::Text,
        |key, value, output| Ok(missing(&[part(key, value)?], output)),
    ),
    check_of(
        "startsWith",
        "begins with this text, in upper or lower case",
        Takes::Text,
        starts_with,
    ),
    check_of(
        "endsWith",
        "ends with this text, in upper or lower case",
        Takes::Text,
        ends_with,
    ),
    check_of(
        "containsAny",
        "holds one of these texts, in upper or lower case",
        Takes::Texts,
        |key, value, output| none_of(&parts(key, value)?, output),
    ),
    check_of(
        "containsAll",
        "holds all of these texts, in upper or lower case",
        Takes::Texts,
        |key, value, output| Ok(missing(&parts(key, value)?, output)),
    ),
    check_of(
        "notContains",
        "holds none of this text or these texts, in upper or lower case",
        Takes::TextOrTexts,
        |key, value, output| Ok(present(&one_or_more(key, value)?, output)),
    ),
    check_of(
        "matches",
        "matches this regular expression somewhere",
        Takes::Pattern,
        matches,
    ),
    check_of(
        "notMatches",
        "matches this regular expression nowhere",
        Takes::Pattern,
        not_matches,
    ),
    check_of(
        "minLength",
        "is at least so many characters long",
        Takes::Count,
        |key, value, output| Ok(length_reason(count(key, value)?, u64::ge, output)),
    ),
    check_of(
        "maxLength",
        "is at most so many characters long",
        Takes::Count,
        |key, value, output| Ok(length_reason(count(key, value)?, u64::le, output)),
    ),
];

/// Runs every check on the output, without the blanks around it.
pub(super) fn evaluate(checks: &Object, fields: Fields<'_>) -> Result<Verdict, Finding> {
    let output = fields.output.trim();
    for (check, value) in given(checks)? {
        let value = match (check.takes, value) {
            (Takes::Pattern, Value::String(pattern)) => {
                Value::from(fields.fill_text(pattern, regex::escape)?)
            }
            _ => fields.fill(value)?,
        };
        if let Some(reason) = (check.run)(check.name, &value, output)? {
            return Ok(Verdict::fail(format!("`{}`: {reason}", check.name)));
        }
    }
    Ok(Verdict::Pass)
}

/// Checks what can be known without a case.
pub(super) fn check(checks: &Object) -> Result<(), Finding> {
    for (check, value) in given(checks)? {
        fill::check(value)?;
        if !fill::is_open(value) {
            (check.run)(check.name, value, "")?;
        }
    }
    Ok(())
}

fn given(checks: &Object) -> Result<Vec<(&Check<Run>, &Value)>, Finding> {
    let mut given = rows("string", checks, &CHECKS)?;
    given.retain(|(check, value)| !(check.takes == Takes::Text && value.as_str() == Some("")));
    if given.is_empty() {
        return Err(bad("`string` has nothing to check")
            .help("Write a check such as `contains: \"{{expected}}\"`."));
    }
    Ok(given)
}

fn equals(key: &str, value: &Value, output: &str) -> Reason {
    let text = text(key, value)?;
    Ok((output != text).then(|| format!("the output is not {}", quoted(&text))))
}

fn starts_with(key: &str, value: &Value, output: &str) -> Reason {
    let part = part(key, value)?;
    let begins = output.to_lowercase().starts_with(&part.to_lowercase());
    Ok((!begins).then(|| format!("the output does not begin with {}", quoted(&part))))
}

fn ends_with(key: &str, value: &Value, output: &str) -> Reason {
    let part = part(key, value)?;
    let ends = output.to_lowercase().ends_with(&part.to_lowercase());
    Ok((!ends).then(|| format!("the output does not end with {}", quoted(&part))))
}

fn matches(key: &str, value: &Value, output: &str) -> Reason {
    let pattern = pattern(key, value)?;
    let found = pattern.is_match(output);
    Ok((!found).then(|| format!("the output does not match `{pattern}`")))
}

fn not_matches(key: &str, value: &Value, output: &str) -> Reason {
    let pattern = pattern(key, value)?;
    Ok(pattern.find(output).map(|found| {
        let found = quoted(found.as_str());
        format!("the output matches `{pattern}` at {found}")
    }))
}

fn missing(parts: &[String], output: &str) -> Option<String> {
    let part = parts.iter().find(|part| !holds(output, part))?;
    Some(format!("the output does not contain {}", quoted(part)))
}

fn present(parts: &[String], output: &str) -> Option<String> {
    let part = parts.iter().find(|part| holds(output, part))?;
    Some(format!("the output contains {}", quoted(part)))
}

fn none_of(parts: &[String], output: &str) -> Reason {
    if parts.is_empty() {
        return Err(bad("`containsAny` of no texts can never pass")
            .help("Give it at least one text, or use `containsAll`, which an empty list passes."));
    }
    let found = parts.iter().any(|part| holds(output, part));
    let names: Vec<_> = parts.iter().map(|part| quoted(part)).collect();
    Ok((!found).then(|| format!("the output contains none of {}", cut(&names.join(", ")))))
}

fn length_reason(limit: u64, fits: fn(&u64, &u64) -> bool, output: &str) -> Option<String> {
    let length = output.chars().count() as u64;
    (!fits(&length, &limit))
        .then(|| format!("the output is {length} characters long, the limit is {limit}"))
}

fn pattern(key: &str, value: &Value) -> Result<Regex, Finding> {
    let pattern = value.as_str().ok_or_else(|| {
        bad(format!("`{key}` must be a regular expression, not {}", shown(value)))
            .help("Write it in single quotes, such as '^\\d+$', so that YAML leaves its backslashes alone.")
    })?;
    compile(key, pattern)
}

/// The expression, with a limit on its size, so that a hostile file cannot eat the memory.
fn compile(key: &str, pattern: &str) -> Result<Regex, Finding> {
    RegexBuilder::new(pattern)
        .size_limit(1 << 20)
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

fn text(key: &str, value: &Value) -> Result<String, Finding> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(bad(format!("`{key}` must be a text, not {}", shown(other)))),
    }
}

/// A text to look for, which must not be empty: every output contains an empty text.
fn part(key: &str, value: &Value) -> Result<String, Finding> {
    let text = text(key, value)?;
    if text.is_empty() {
        return Err(bad(format!("`{key}` looks for an empty text"))
            .help("Every output contains an empty text. Give the case a value to look for."));
    }
    Ok(text)
}

fn parts(key: &str, value: &Value) -> Result<Vec<String>, Finding> {
    let Value::Array(items) = value else {
        return Err(bad(format!(
            "`{key}` must be a list of texts, not {}",
            shown(value)
        ))
        .help(format!("Write it as `{key}: [one, two]`.")));
    };
    items.iter().map(|item| part(key, item)).collect()
}

fn one_or_more(key: &str, value: &Value) -> Result<Vec<String>, Finding> {
    match value {
        Value::Array(_) => parts(key, value),
        one => part(key, one).map(|part| vec![part]),
    }
}

fn quoted(text: &str) -> String {
    shown(&Value::from(text))
}
