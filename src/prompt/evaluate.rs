//! Evaluators: checks of one output.
//!
//! An evaluator is an entry of a prompt's `evaluators:` with a `name` and one of `string`, `json`,
//! `llm` and `uses`. The first two are decided here, from the output and the case alone: no model
//! is asked, and the same output always gets the same verdict. Where an evaluator holds several
//! checks, all of them must pass.
//!
//! | check | passes when the output, without the blanks around it, … |
//! |---|---|
//! | `string.equals` | is this text, letter for letter |
//! | `string.contains` | holds this text, in upper or lower case |
//! | `string.startsWith`, `string.endsWith` | begins or ends with it, in upper or lower case |
//! | `string.containsAny`, `string.containsAll` | holds one, or all, of these texts, in upper or lower case |
//! | `string.notContains` | holds none of this text or these texts, in upper or lower case |
//! | `string.matches`, `string.notMatches` | matches this regular expression somewhere, or nowhere |
//! | `string.minLength`, `string.maxLength` | is at least, or at most, so many characters long |
//! | `json` | is JSON; `json: {}` checks only that |
//! | `json.fenced` | `true` also takes JSON inside one Markdown code fence |
//! | `json.schema` | fits: `output` is the prompt's own `jsonSchema` for the whole output, a schema written out is for the value at `path` |
//! | `json.path` | has a value at this JSON pointer, such as `/issues/0/title`; the checks below look at it |
//! | `json.equals`, `json.oneOf` | is this value, or one of these; `1` and `1.0` are the same |
//! | `json.contains` | is a text that holds this text, in upper or lower case, or a list with this item |
//! | `json.minItems`, `json.maxItems` | is a list of at least, or at most, so many items |
//!
//! `equals`, `contains`, `startsWith` and `endsWith` of `string` are GitHub's, and mean here what
//! they mean there; an empty one counts as left out. `llm` and `uses` need a model.
//!
//! **Values are templates over the case.** `{{name}}` stands for that field of the case, and
//! `{{completion}}` for the output. A value that is nothing but `{{name}}` takes the field as it
//! is, so that `containsAll: "{{must_mention}}"` takes a list, `maxItems: "{{limit}}"` a number and
//! `enum: "{{labels}}"` inside `json.schema` a list. What a field holds is never expanded again,
//! and is plain text inside a regular expression. A field that the case lacks is an error, because
//! a check against nothing would pass or fail for no reason.

mod fill;
mod json;
mod string;

use serde_json::Value;

use super::code::BAD_EVALUATOR;
use super::document::Object;
use super::finding::Finding;
use fill::Fields;

/// What an evaluator says about an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every check passed.
    Pass,
    /// A check failed.
    Fail {
        /// Which one, and why.
        reason: String,
    },
    /// The evaluator asks a model, so it cannot be decided here.
    NeedsModel,
}

impl Verdict {
    fn fail(reason: impl Into<String>) -> Self {
        Self::Fail {
            reason: reason.into(),
        }
    }
}

/// Judges `output` as the answer to `case`, the fields of one entry of `testData:` or one case of a
/// dataset, with the defaults of the input schema filled in. `schema` is the prompt's own
/// `jsonSchema.schema`, which `json: {schema: output}` asks for.
///
/// # Errors
/// `P401` when the evaluator cannot work: no check, an unknown one, a value of the wrong type, or a
/// field that the case lacks. `P014` when the schema is not valid. An output that is merely wrong is
/// a [`Verdict::Fail`].
pub fn evaluate(
    evaluator: &Object,
    case: &Object,
    output: &str,
    schema: Option<&Value>,
) -> Result<Verdict, Finding> {
    let fields = Fields { case, output };
    let verdict = match kind(evaluator) {
        Ok(Kind::Model) => return Ok(Verdict::NeedsModel),
        Ok(Kind::String(checks)) => string::evaluate(checks, fields),
        Ok(Kind::Json(checks)) => json::evaluate(checks, fields, schema),
        Err(finding) => Err(finding),
    };
    verdict.map_err(|finding| named(evaluator, finding))
}

/// Checks an evaluator without an output: its keys, the types of its values, and the regular
/// expressions and schemas that ask for no field of a case.
///
/// # Errors
/// `P401` when the evaluator cannot work with any output.
pub fn check(evaluator: &Object) -> Result<(), Finding> {
    let result = match kind(evaluator) {
        Ok(Kind::Model) => Ok(()),
        Ok(Kind::String(checks)) => string::check(checks),
        Ok(Kind::Json(checks)) => json::check(checks),
        Err(finding) => Err(finding),
    };
    result.map_err(|finding| named(evaluator, finding))
}

enum Kind<'a> {
    String(&'a Object),
    Json(&'a Object),
    Model,
}

fn kind(evaluator: &Object) -> Result<Kind<'_>, Finding> {
    let given: Vec<&str> = ["string", "json", "llm", "uses"]
        .into_iter()
        .filter(|key| evaluator.get(*key).is_some_and(|value| !value.is_null()))
        .collect();
    if let [first, second, ..] = given.as_slice() {
        return Err(bad(format!("it has both `{first}` and `{second}`"))
            .help("Make two evaluators of it, each with its own name."));
    }
    match given.first() {
        Some(&"string") => Ok(Kind::String(checks_of(evaluator, "string")?)),
        Some(&"json") => Ok(Kind::Json(checks_of(evaluator, "json")?)),
        Some(&"llm") => checks_of(evaluator, "llm").map(|_| Kind::Model),
        Some(_) if evaluator["uses"].is_string() => Ok(Kind::Model),
        Some(_) => Err(bad("`uses` must be the name of an evaluator")
            .help("Write it as `uses: github/similarity`.")),
        None => Err(bad("it has nothing to check").help(
            "Give it one of `string`, `json`, `llm` and `uses`, such as `string: {contains: \"{{expected}}\"}`.",
        )),
    }
}

fn checks_of<'a>(evaluator: &'a Object, key: &str) -> Result<&'a Object, Finding> {
    evaluator[key].as_object().ok_or_else(|| {
        bad(format!("`{key}` must be a map of checks"))
            .help(format!("Write the checks below `{key}:`, one a line."))
    })
}

/// A finding about an evaluator that cannot work; [`named`] puts the evaluator's name before it.
fn bad(message: impl Into<String>) -> Finding {
    Finding::error(BAD_EVALUATOR, message)
}

fn named(evaluator: &Object, mut finding: Finding) -> Finding {
    let name = match evaluator.get("name").and_then(Value::as_str) {
        Some(name) => format!("evaluator `{name}`"),
        None => "evaluator without a name".to_owned(),
    };
    finding.message = format!("{name}: {}", finding.message);
    finding
}

/// Refuses keys that are not in `known`, and names the key that was probably meant.
fn only_known(kind: &str, checks: &Object, known: &[&str]) -> Result<(), Finding> {
    let Some(key) = checks.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let nearest = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(key, name), name))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let message = match nearest {
        Some((_, name)) => format!("`{kind}.{key}` is not a check; `{name}` is meant"),
        None => format!("`{kind}.{key}` is not a check"),
    };
    Err(bad(message).help(format!(
        "The checks of `{kind}` are {}.",
        known
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    )))
}

/// A whole number from 0, for `minLength` and its like.
fn count(key: &str, value: &Value) -> Result<u64, Finding> {
    value.as_u64().ok_or_else(|| {
        bad(format!(
            "`{key}` must be a whole number from 0, not {}",
            shown(value)
        ))
    })
}

/// Whether `text` holds `part` when upper and lower case count as one, as GitHub compares.
fn holds(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// A value for a message, as JSON, cut where it is long.
fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
