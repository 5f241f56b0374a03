//! Evaluators: checks of one output.
//!
//! An evaluator is an entry of a prompt's `evaluators:` with a `name` and one of `string`, `json`,
//! `llm` and `uses`. The first two are decided here, from the output and the case alone: no model
//! is asked, and the same output always gets the same verdict. Where an evaluator holds several
//! checks, all of them must pass.
//!
//! [`checks`] lists the keys below `string:` and `json:`, each a row of one of two tables.
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

mod asked;
mod fill;
mod json;
mod string;

use serde_json::{Value, json};

use super::code::BAD_EVALUATOR;
use super::document::Object;
use super::finding::Finding;
use fill::Fields;

pub use asked::{applies, asked_fields};

/// The evaluators of GitHub's that `uses:` can name.
pub const BUILT_IN: [&str; 5] = [
    "github/similarity",
    "github/relevance",
    "github/groundedness",
    "github/fluency",
    "github/coherence",
];

/// A check: a key below `string:` or `json:`, and the function that runs it.
struct Check<Run> {
    name: &'static str,
    /// It passes when the output, without the blanks around it, ….
    words: &'static str,
    takes: Takes,
    run: Run,
}

/// What a check takes. Each can also be a template over the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// A text that GitHub reads as left out where it is empty.
    Text,
    Texts,
    TextOrTexts,
    /// A regular expression, in which a field of the case is plain text.
    Pattern,
    Count,
    Flag,
    Pointer,
    Schema,
    Value,
    Values,
}

impl Takes {
    /// The JSON Schema of it, for editors.
    fn schema(self) -> Object {
        let text = json!({ "type": ["string", "number", "boolean"] });
        let schema = match self {
            Self::Text => text,
            Self::Texts => json!({ "type": ["array", "string"], "items": text }),
            Self::TextOrTexts => {
                json!({ "type": ["array", "string", "number", "boolean"], "items": text })
            }
            Self::Pattern | Self::Pointer => json!({ "type": "string" }),
            Self::Count => json!({ "type": ["integer", "string"], "minimum": 0 }),
            Self::Flag => json!({ "type": ["boolean", "string"] }),
            Self::Schema => json!({ "type": ["object", "boolean", "string"] }),
            Self::Value => json!({}),
            Self::Values => json!({ "type": ["array", "string"], "minItems": 1 }),
        };
        schema.as_object().cloned().unwrap_or_default()
    }
}

/// Why the output fails a check, if it does.
type Reason = Result<Option<String>, Finding>;

/// Each check as the reference lists it, such as `string.equals`, with what it passes for.
pub fn checks() -> Vec<(String, &'static str)> {
    let mut list = listed("string", &string::CHECKS);
    list.push(("json".to_owned(), "is JSON; `json: {}` checks only that"));
    list.extend(listed("json", &json::CHECKS));
    list
}

fn listed<Run>(kind: &str, checks: &[Check<Run>]) -> Vec<(String, &'static str)> {
    let listed = checks.iter();
    listed
        .map(|check| (format!("{kind}.{}", check.name), check.words))
        .collect()
}

/// The JSON Schema of the checks below `string:` or `json:`, by their names.
pub fn string_properties() -> Object {
    properties(&string::CHECKS)
}

/// As [`string_properties`], for `json:`.
pub fn json_properties() -> Object {
    properties(&json::CHECKS)
}

fn properties<Run>(checks: &[Check<Run>]) -> Object {
    let property = |check: &Check<Run>| {
        let mut schema = Object::new();
        let description = format!("Passes when the answer {}.", check.words);
        schema.insert("description".to_owned(), Value::from(description));
        schema.extend(check.takes.schema());
        (check.name.to_owned(), Value::Object(schema))
    };
    checks.iter().map(property).collect()
}

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

/// The rows of the checks that are given, in the order in which they stand; a key that is no check is
/// refused with the key that was probably meant.
fn rows<'a, Run>(
    kind: &str,
    given: &'a Object,
    known: &'static [Check<Run>],
) -> Result<Vec<(&'static Check<Run>, &'a Value)>, Finding> {
    let row = |key: &str| known.iter().find(|check| check.name == key);
    given
        .iter()
        .map(|(key, value)| Ok((row(key).ok_or_else(|| unknown(kind, key, known))?, value)))
        .collect()
}

fn unknown<Run>(kind: &str, key: &str, known: &[Check<Run>]) -> Finding {
    let names = || known.iter().map(|check| check.name);
    let nearest = names()
        .map(|name| (strsim::damerau_levenshtein(key, name), name))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let message = match nearest {
        Some((_, name)) => format!("`{kind}.{key}` is not a check; `{name}` is meant"),
        None => format!("`{kind}.{key}` is not a check"),
    };
    let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
    bad(message).help(format!("The checks of `{kind}` are {}.", names.join(", ")))
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
