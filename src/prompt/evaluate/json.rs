//! `json:`, checks of the output as JSON.

use serde_json::Value;

use super::fill::{self, Fields};
use super::{Finding, Object, Verdict, bad, count, cut, holds, only_known, shown};
use crate::prompt::validator::{Judged, Validator};

const CHECKS: [&str; 8] = [
    "schema", "path", "equals", "oneOf", "contains", "minItems", "maxItems", "fenced",
];

/// Runs every check on the output.
pub(super) fn evaluate(
    checks: &Object,
    fields: Fields<'_>,
    schema: Option<&Value>,
) -> Result<Verdict, Finding> {
    only_known("json", checks, &CHECKS)?;
    let checks = fill_all(checks, fields)?;
    let value = match parse(fields.output, fenced(&checks)?) {
        Ok(value) => value,
        Err(reason) => return Ok(Verdict::fail(reason)),
    };
    if asks_for_output_schema(&checks)
        && let Some(reason) = misfit(&own_schema(schema)?, &value)?
    {
        return Ok(Verdict::fail(reason));
    }
    let path = path(&checks)?;
    let Some(target) = value.pointer(path) else {
        return Ok(Verdict::fail(format!("the output has no `{path}`")));
    };
    for (key, wanted) in &checks {
        if let Some(reason) = run(key, wanted, target)? {
            let place = if path.is_empty() { "the output" } else { path };
            return Ok(Verdict::fail(format!("`{key}`: {place} {reason}")));
        }
    }
    Ok(Verdict::Pass)
}

/// Checks what can be known without a case.
pub(super) fn check(checks: &Object) -> Result<(), Finding> {
    only_known("json", checks, &CHECKS)?;
    let mut known = Object::new();
    for (key, value) in checks {
        fill::check(value)?;
        if !fill::is_open(value) {
            known.insert(key.clone(), value.clone());
        }
    }
    fenced(&known)?;
    path(&known)?;
    for (key, wanted) in &known {
        run(key, wanted, &Value::Null)?;
    }
    Ok(())
}

fn fill_all(checks: &Object, fields: Fields<'_>) -> Result<Object, Finding> {
    checks
        .iter()
        .map(|(key, value)| Ok((key.clone(), fields.fill(value)?)))
        .collect()
}

fn fenced(checks: &Object) -> Result<bool, Finding> {
    match checks.get("fenced") {
        None => Ok(false),
        Some(Value::Bool(fenced)) => Ok(*fenced),
        Some(other) => Err(bad(format!(
            "`fenced` must be true or false, not {}",
            shown(other)
        ))),
    }
}

fn path(checks: &Object) -> Result<&str, Finding> {
    match checks.get("path") {
        None => Ok(""),
        Some(Value::String(path)) if path.is_empty() || path.starts_with('/') => Ok(path),
        Some(other) => Err(bad(format!(
            "`path` must be a JSON pointer, not {}",
            shown(other)
        ))
        .help("A JSON pointer begins with `/`, such as `/issues/0/title`.")),
    }
}

/// The output as JSON, or why it is none.
fn parse(output: &str, fenced: bool) -> Result<Value, String> {
    let text = output.trim();
    let inner = unfence(text);
    let text = match inner {
        Some(inner) if fenced => inner,
        Some(_) => {
            return Err("the output is not JSON: it is wrapped in a code fence".to_owned());
        }
        None => text,
    };
    serde_json::from_str(text).map_err(|error| format!("the output is not JSON: {error}"))
}

/// What stands inside the one code fence that the text is.
fn unfence(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("```")?.strip_suffix("```")?;
    let (language, inner) = inner.split_once('\n')?;
    matches!(language.trim(), "" | "json" | "JSON").then_some(inner)
}

fn asks_for_output_schema(checks: &Object) -> bool {
    checks.get("schema").and_then(Value::as_str) == Some("output")
}

fn own_schema(schema: Option<&Value>) -> Result<Validator, Finding> {
    let schema = schema.ok_or_else(|| {
        bad("`schema: output` needs a schema, and the prompt has no `jsonSchema`")
            .help("Give the prompt a `jsonSchema`, or write the schema out in the evaluator.")
    })?;
    Validator::new(schema).map_err(|mut finding| {
        finding.message = format!("`jsonSchema.schema`: {}", finding.message);
        finding
    })
}

/// Why the value does not fit, with the places of the first few misfits.
fn misfit(validator: &Validator, value: &Value) -> Result<Option<String>, Finding> {
    let errors = match validator.judge(value)? {
        Judged::Fits => return Ok(None),
        Judged::Misfits(errors) => errors,
        Judged::Misfit => return Ok(Some("does not fit the schema".to_owned())),
    };
    let reasons: Vec<_> = errors
        .iter()
        .take(3)
        .map(|error| match error.instance_path().as_str() {
            "" => cut(&error.to_string()),
            place => format!("`{place}`: {}", cut(&error.to_string())),
        })
        .collect();
    Ok(Some(format!(
        "does not fit the schema: {}",
        reasons.join("; ")
    )))
}

/// Why the value fails one check, if it does.
fn run(key: &str, wanted: &Value, value: &Value) -> Result<Option<String>, Finding> {
    let reason = match (key, wanted) {
        ("schema", Value::String(text)) if text == "output" => None,
        ("schema", Value::Object(_) | Value::Bool(_)) => {
            let validator = Validator::new(wanted)
                .map_err(|finding| bad(format!("`schema`: {}", finding.message)))?;
            misfit(&validator, value)?
        }
        ("schema", other) => {
            return Err(bad(format!(
                "`schema` must be `output` or a JSON Schema, not {}",
                shown(other)
            )));
        }
        ("equals", _) => {
            (!same(wanted, value)).then(|| format!("is {}, not {}", shown(value), shown(wanted)))
        }
        ("oneOf", Value::Array(choices)) if !choices.is_empty() => {
            let found = choices.iter().any(|choice| same(choice, value));
            (!found).then(|| format!("is {}, none of {}", shown(value), shown(wanted)))
        }
        ("oneOf", other) => {
            return Err(bad(format!(
                "`oneOf` must be a list of values, not {}",
                shown(other)
            )));
        }
        ("contains", _) => (!contains(value, wanted)?)
            .then(|| format!("is {}, without {}", shown(value), shown(wanted))),
        ("minItems" | "maxItems", _) => items_reason(key, count(key, wanted)?, value),
        _ => None,
    };
    Ok(reason)
}

fn contains(value: &Value, wanted: &Value) -> Result<bool, Finding> {
    if wanted.as_str() == Some("") {
        return Err(bad("`contains` looks for an empty text")
            .help("Every text contains an empty text. Give the case a value to look for."));
    }
    Ok(match (value, wanted) {
        (Value::String(text), Value::String(part)) => holds(text, part),
        (Value::Array(items), item) => items.iter().any(|one| same(one, item)),
        _ => false,
    })
}

fn items_reason(key: &str, limit: u64, value: &Value) -> Option<String> {
    let Value::Array(items) = value else {
        return Some(format!("is {}, not a list", shown(value)));
    };
    let length = items.len() as u64;
    let fits = if key == "minItems" {
        length >= limit
    } else {
        length <= limit
    };
    (!fits).then(|| format!("has {length} items, the limit is {limit}"))
}

/// Whether two values are equal, numbers by value: `1` is `1.0`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) if x.is_f64() || y.is_f64() => {
            x.as_f64() == y.as_f64()
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter()
                    .all(|(key, value)| y.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}
