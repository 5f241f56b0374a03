//! `json:`, checks of the output as JSON.

use serde_json::Value;

use super::fill::{self, Fields};
use super::{Check, Finding, Object, Reason, Takes, Verdict, bad, count, cut, holds, rows, shown};
use crate::prompt::validator::{Validator, Validity};

type Run = fn(&Value, &Value) -> Reason;

const fn check_of(name: &'static str, words: &'static str, takes: Takes, run: Run) -> Check<Run> {
    Check {
        name,
        words,
        takes,
        run,
    }
}

pub(super) static CHECKS: [Check<Run>; 8] = [
    check_of(
        "schema",
        "fits: `output` is the prompt's own `jsonSchema` for the whole output, a schema written out is for the value at `path`",
        Takes::Schema,
        schema,
    ),
    check_of(
        "path",
        "has a value at this JSON pointer, such as `/issues/0/title`; the other checks look at it",
        Takes::Pointer,
        // Where to look is known before anything is looked at.
        |_, _| Ok(None),
    ),
    check_of(
        "equals",
        "is this value; `1` and `1.0` are the same",
        Takes::Value,
        equals,
    ),
    check_of(
        "oneOf",
        "is one of these values; `1` and `1.0` are the same",
        Takes::Values,
        one_of,
    ),
    check_of(
        "contains",
        "is a text that holds this text, in upper or lower case, or a list with this item",
        Takes::Value,
        contains,
    ),
    check_of(
        "minItems",
        "is a list of at least so many items",
        Takes::Count,
        |limit, value| Ok(items_reason(count("minItems", limit)?, u64::ge, value)),
    ),
    check_of(
        "maxItems",
        "is a list of at most so many items",
        Takes::Count,
        |limit, value| Ok(items_reason(count("maxItems", limit)?, u64::le, value)),
    ),
    check_of(
        "fenced",
        "is JSON inside one Markdown code fence, or JSON: `true` takes both",
        Takes::Flag,
        // How the output is read is known before anything is looked at.
        |_, _| Ok(None),
    ),
];

/// Runs every check on the output.
pub(super) fn evaluate(
    checks: &Object,
    fields: Fields<'_>,
    schema: Option<&Value>,
) -> Result<Verdict, Finding> {
    rows("json", checks, &CHECKS)?;
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
    for (check, wanted) in rows("json", &checks, &CHECKS)? {
        if let Some(reason) = (check.run)(wanted, target)? {
            let place = if path.is_empty() { "the output" } else { path };
            return Ok(Verdict::fail(format!("`{}`: {place} {reason}", check.name)));
        }
    }
    Ok(Verdict::Pass)
}

/// Checks what can be known without a case.
pub(super) fn check(checks: &Object) -> Result<(), Finding> {
    rows("json", checks, &CHECKS)?;
    let mut known = Object::new();
    for (key, value) in checks {
        fill::check(value)?;
        if !fill::is_open(value) {
            known.insert(key.clone(), value.clone());
        }
    }
    fenced(&known)?;
    path(&known)?;
    for (check, wanted) in rows("json", &known, &CHECKS)? {
        (check.run)(wanted, &Value::Null)?;
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
        Validity::Fits => return Ok(None),
        Validity::Misfits(errors) => errors,
        Validity::Misfit => return Ok(Some("does not fit the schema".to_owned())),
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

fn schema(wanted: &Value, value: &Value) -> Reason {
    match wanted {
        Value::String(text) if text == "output" => Ok(None),
        Value::Object(_) | Value::Bool(_) => {
            let validator = Validator::new(wanted)
                .map_err(|finding| bad(format!("`schema`: {}", finding.message)))?;
            misfit(&validator, value)
        }
        other => Err(bad(format!(
            "`schema` must be `output` or a JSON Schema, not {}",
            shown(other)
        ))),
    }
}

fn equals(wanted: &Value, value: &Value) -> Reason {
    let differs = !same(wanted, value);
    Ok(differs.then(|| format!("is {}, not {}", shown(value), shown(wanted))))
}

fn one_of(wanted: &Value, value: &Value) -> Reason {
    match wanted {
        Value::Array(choices) if !choices.is_empty() => {
            let found = choices.iter().any(|choice| same(choice, value));
            Ok((!found).then(|| format!("is {}, none of {}", shown(value), shown(wanted))))
        }
        other => Err(bad(format!(
            "`oneOf` must be a list of values, not {}",
            shown(other)
        ))),
    }
}

fn contains(wanted: &Value, value: &Value) -> Reason {
    if wanted.as_str() == Some("") {
        return Err(bad("`contains` looks for an empty text")
            .help("Every text contains an empty text. Give the case a value to look for."));
    }
    let found = match (value, wanted) {
        (Value::String(text), Value::String(part)) => holds(text, part),
        (Value::Array(items), item) => items.iter().any(|one| same(one, item)),
        _ => false,
    };
    Ok((!found).then(|| format!("is {}, without {}", shown(value), shown(wanted))))
}

fn items_reason(limit: u64, fits: fn(&u64, &u64) -> bool, value: &Value) -> Option<String> {
    let Value::Array(items) = value else {
        return Some(format!("is {}, not a list", shown(value)));
    };
    let length = items.len() as u64;
    (!fits(&length, &limit)).then(|| format!("has {length} items, the limit is {limit}"))
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
