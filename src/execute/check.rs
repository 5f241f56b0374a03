//! Whether an answer has the form that the prompt asks for.

use serde_json::Value;

use crate::error::{Exit, Failure};
use crate::prompt::code;
use crate::prompt::document::{Document, ResponseFormat};
use crate::prompt::validator::{Validator, Validity};

/// How many mismatches are reported.
const MOST_MISMATCHES: usize = 20;

/// The longest value shown in a mismatch, in characters.
const LONGEST_VALUE: usize = 60;

/// The form that an answer must have.
pub struct Expected {
    is_json: bool,
    validator: Option<Validator>,
}

impl Expected {
    /// What the prompt's `responseFormat:` and `jsonSchema:` ask for.
    ///
    /// # Errors
    /// `P014`: the schema is not valid.
    pub fn of(document: &Document) -> Result<Self, Failure> {
        let format = document.response_format;
        let has_schema = document.json_schema.is_some();
        let is_schema =
            matches!(format, Some(ResponseFormat::JsonSchema)) || format.is_none() && has_schema;
        let schema = document
            .json_schema
            .as_ref()
            .filter(|_| is_schema)
            .and_then(|outer| outer.get("schema"));
        Ok(Self {
            is_json: is_schema || format == Some(ResponseFormat::JsonObject),
            validator: schema
                .map(Validator::new)
                .transpose()
                .map_err(Failure::from)?,
        })
    }

    /// The JSON of an answer; `None` where any text will do.
    ///
    /// # Errors
    /// Each mismatch, with its JSON pointer.
    pub fn check(&self, text: &str) -> Result<Option<Value>, Vec<String>> {
        if !self.is_json {
            return Ok(None);
        }
        let value: Value = serde_json::from_str(text.trim())
            .map_err(|error| vec![format!("the answer is not JSON: {error}")])?;
        let Some(validator) = &self.validator else {
            return match value {
                Value::Object(_) => Ok(Some(value)),
                other => Err(vec![format!(
                    "the answer is not an object: {}",
                    short(&other)
                )]),
            };
        };
        let errors = match validator.judge(&value) {
            Ok(Validity::Fits) => Vec::new(),
            Ok(Validity::Misfits(errors)) => errors,
            Ok(Validity::Misfit) => {
                let reason = "the answer does not fit, and is too large to say where";
                return Err(vec![reason.to_owned()]);
            }
            Err(finding) => return Err(vec![finding.message]),
        };
        let mismatches: Vec<String> = errors
            .iter()
            .take(MOST_MISMATCHES)
            .map(|error| {
                let pointer = error.instance_path().to_string();
                let place = if pointer.is_empty() {
                    "the answer".to_owned()
                } else {
                    pointer
                };
                let reason = error.masked_with(short(error.instance())).to_string();
                format!("{place}: {}", cut(&reason))
            })
            .collect();
        drop(errors);
        if mismatches.is_empty() {
            Ok(Some(value))
        } else {
            Err(mismatches)
        }
    }
}

/// A reason in so many characters: a schema may list any number of values.
fn cut(reason: &str) -> String {
    const LONGEST: usize = 400;
    match reason.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &reason[..at]),
        None => reason.to_owned(),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST_VALUE {
        return text;
    }
    let start: String = text.chars().take(LONGEST_VALUE).collect();
    format!("{start}…")
}

/// The failure for an answer with these mismatches: it ran, and the verdict is no.
pub(super) fn invalid(mismatches: Vec<String>) -> Failure {
    let failure = Failure::new(
        code::INVALID_OUTPUT,
        "the answer does not fit what the prompt asks for",
    );
    mismatches
        .into_iter()
        .fold(failure, Failure::hint)
        .exit(Exit::Verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::document::parse;

    fn expected(rest: &str) -> Expected {
        let text = format!("model: m\nmessages: [{{role: user, content: x}}]\n{rest}");
        Expected::of(&parse(&text).unwrap()).unwrap_or_else(|failure| panic!("{failure}"))
    }

    #[test]
    fn each_mismatch_has_its_place() {
        let expected = expected(
            "responseFormat: json_schema\njsonSchema: {name: a, schema: {type: object, required: [queue], properties: {queue: {enum: [billing, tech]}, tags: {items: {type: string}}}, additionalProperties: false}}\n",
        );
        let value = expected.check(" {\"queue\": \"tech\"}\n").unwrap();
        assert_eq!(value, Some(serde_json::json!({"queue": "tech"})));
        insta::assert_debug_snapshot!(expected.check(r#"{"queue": "sales", "tags": ["a", 2], "more": 1}"#).unwrap_err(), @r#"
        [
            "/queue: \"sales\" is not one of \"billing\" or \"tech\"",
            "/tags/1: 2 is not of type \"string\"",
            "the answer: Additional properties are not allowed ('more' was unexpected)",
        ]
        "#);
        assert!(expected.check("```json\n{}\n```").unwrap_err()[0].contains("not JSON"));
    }

    #[test]
    fn any_text_will_do_where_nothing_is_asked_for() {
        assert_eq!(expected("").check("{"), Ok(None));
        let object = expected("responseFormat: json_object\n");
        assert!(object.check("{}").is_ok());
        assert!(object.check("[]").is_err());
        let text =
            expected("responseFormat: text\njsonSchema: {name: a, schema: {type: object}}\n");
        assert_eq!(text.check("x"), Ok(None));
    }
}
