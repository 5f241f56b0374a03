//! `string:`, checks of the output as text.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::fill::{self, Fields};
use super::{Finding, Object, Verdict, bad, count, cut, holds, only_known, shown};

const CHECKS: [&str; 11] = [
    "equals",
    "contains",
    "startsWith",
    "endsWith",
    "containsAny",
    "containsAll",
    "notContains",
    "matches",
    "notMatches",
    "minLength",
    "maxLength",
];

/// GitHub reads an empty one of these as left out.
const GITHUB: [&str; 4] = ["equals", "contains", "startsWith", "endsWith"];

/// Runs every check on the output, without the blanks around it.
pub(super) fn evaluate(checks: &Object, fields: Fields<'_>) -> Result<Verdict, Finding> {
    let output = fields.output.trim();
    for (key, value) in given(checks)? {
        let failed = match (key, value) {
            ("matches" | "notMatches", Value::String(pattern)) => {
                let pattern = compile(key, &fields.fill_text(pattern, regex::escape)?)?;
                pattern_reason(key, &pattern, output)
            }
            _ => run(key, &fields.fill(value)?, output)?,
        };
        if let Some(reason) = failed {
            return Ok(Verdict::fail(format!("`{key}`: {reason}")));
        }
    }
    Ok(Verdict::Pass)
}

/// Checks what can be known without a case.
pub(super) fn check(checks: &Object) -> Result<(), Finding> {
    for (key, value) in given(checks)? {
        fill::check(value)?;
        match (key, value) {
            (_, value) if fill::is_open(value) => {}
            ("matches" | "notMatches", Value::String(pattern)) => {
                compile(key, pattern)?;
            }
            _ => {
                run(key, value, "")?;
            }
        }
    }
    Ok(())
}

fn given(checks: &Object) -> Result<Vec<(&str, &Value)>, Finding> {
    only_known("string", checks, &CHECKS)?;
    let given: Vec<_> = checks
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .filter(|(key, value)| !(GITHUB.contains(key) && value.as_str() == Some("")))
        .collect();
    if given.is_empty() {
        return Err(bad("`string` has nothing to check")
            .help("Write a check such as `contains: \"{{expected}}\"`."));
    }
    Ok(given)
}

/// Why the output fails one check, if it does.
fn run(key: &str, value: &Value, output: &str) -> Result<Option<String>, Finding> {
    let reason = match key {
        "equals" => {
            let text = text(key, value)?;
            (output != text).then(|| format!("the output is not {}", quoted(&text)))
        }
        "contains" => missing(&[part(key, value)?], output),
        "startsWith" => {
            let part = part(key, value)?;
            let begins = output.to_lowercase().starts_with(&part.to_lowercase());
            (!begins).then(|| format!("the output does not begin with {}", quoted(&part)))
        }
        "endsWith" => {
            let part = part(key, value)?;
            let ends = output.to_lowercase().ends_with(&part.to_lowercase());
            (!ends).then(|| format!("the output does not end with {}", quoted(&part)))
        }
        "containsAll" => missing(&parts(key, value)?, output),
        "containsAny" => none_of(&parts(key, value)?, output)?,
        "notContains" => present(&one_or_more(key, value)?, output),
        "minLength" | "maxLength" => length_reason(key, count(key, value)?, output),
        _ => {
            return Err(
                bad(format!("`{key}` must be a regular expression, not {}", shown(value)))
                    .help("Write it in single quotes, such as '^\\d+$', so that YAML leaves its backslashes alone."),
            );
        }
    };
    Ok(reason)
}

fn missing(parts: &[String], output: &str) -> Option<String> {
    let part = parts.iter().find(|part| !holds(output, part))?;
    Some(format!("the output does not contain {}", quoted(part)))
}

fn present(parts: &[String], output: &str) -> Option<String> {
    let part = parts.iter().find(|part| holds(output, part))?;
    Some(format!("the output contains {}", quoted(part)))
}

fn none_of(parts: &[String], output: &str) -> Result<Option<String>, Finding> {
    if parts.is_empty() {
        return Err(bad("`containsAny` of no texts can never pass")
            .help("Give it at least one text, or use `containsAll`, which an empty list passes."));
    }
    let found = parts.iter().any(|part| holds(output, part));
    let names: Vec<_> = parts.iter().map(|part| quoted(part)).collect();
    Ok((!found).then(|| format!("the output contains none of {}", cut(&names.join(", ")))))
}

fn length_reason(key: &str, limit: u64, output: &str) -> Option<String> {
    let length = output.chars().count() as u64;
    let fits = if key == "minLength" {
        length >= limit
    } else {
        length <= limit
    };
    (!fits).then(|| format!("the output is {length} characters long, the limit is {limit}"))
}

fn pattern_reason(key: &str, pattern: &Regex, output: &str) -> Option<String> {
    match (key, pattern.find(output)) {
        ("matches", None) => Some(format!("the output does not match `{pattern}`")),
        ("notMatches", Some(found)) => Some(format!(
            "the output matches `{pattern}` at {}",
            quoted(found.as_str())
        )),
        _ => None,
    }
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
