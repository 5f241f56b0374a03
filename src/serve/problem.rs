//! The error response when a call cannot be made: OpenAI's own shape, and what to do about it.

use serde_json::{Value, json};

use crate::error::Failure;
use crate::output::words::all_words;
use crate::prompt::code::{self, Code};

/// The longest message, hint or place. What a caller sent may stand in each of them.
const LONGEST: usize = 1000;

/// An error for a caller.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    /// The status of the answer.
    pub(super) status: u16,
    /// `error.type`.
    kind: &'static str,
    /// `error.code`, which OpenAI leaves empty for some.
    pub(super) code: Option<&'static str>,
    /// Our own code.
    own: Option<Code>,
    words: Box<Words>,
    /// After how many seconds another try may help.
    pub(super) retry_after: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Words {
    /// `error.param`.
    param: Option<String>,
    message: String,
    hints: Vec<String>,
}

impl Problem {
    pub(super) fn new(status: u16, code: Option<&'static str>, message: impl Into<String>) -> Self {
        let kind = match status {
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        Self {
            status,
            kind,
            code,
            own: None,
            words: Box::new(Words {
                message: clipped(message.into()),
                ..Words::default()
            }),
            retry_after: None,
        }
    }

    #[must_use]
    pub(super) fn param(mut self, param: impl Into<String>) -> Self {
        self.words.param = Some(clipped(param.into()));
        self
    }

    #[must_use]
    pub(super) fn own(mut self, code: Code) -> Self {
        self.own = Some(code);
        self
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.words.hints.push(clipped(hint.into()));
        self
    }

    #[must_use]
    pub(super) fn only_hint(mut self, hint: &str) -> Self {
        self.words.hints = vec![hint.to_owned()];
        self
    }

    #[must_use]
    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The body of the answer.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "error": {
                "message": self.words.message,
                "type": self.kind,
                "param": self.words.param,
                "code": self.code,
            },
            "promptctl": {
                "code": self.own.map(|code| code.as_str()),
                "hints": self.words.hints,
            },
        })
    }

    /// A value of another type than the API takes, in OpenAI's words.
    pub(super) fn wrong_type(param: &str, wanted: &str, given: &Value) -> Self {
        let given = match given {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(number) if number.is_f64() => "a decimal",
            Value::Number(_) => "an integer",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        let message =
            format!("Invalid type for '{param}': expected {wanted}, but got {given} instead.");
        Self::new(400, Some("invalid_type"), message).param(param)
    }

    /// An id that names no prompt.
    pub(super) fn unknown_prompt(id: &str, is_served: bool) -> Self {
        let problem = Self::new(404, None, format!("Prompt with id '{id}' not found."))
            .own(code::UNKNOWN_PROMPT);
        let problem = match id.starts_with("pmpt_") {
            true => problem.hint(format!(
                "`promptctl import {id} --publish production` brings it into the repository while OpenAI still has it"
            )),
            false => problem.hint("an id is that of a prompt at OpenAI that was imported, or the name of a prompt"),
        };
        match is_served {
            true => problem.hint("`--unknown-prompts forward` sends calls of unknown ids on to the API, until the last prompt is imported"),
            false => problem,
        }
    }

    /// A failure of our own while a call was made.
    pub(super) fn from_failure(status: u16, code: Option<&'static str>, failure: &Failure) -> Self {
        let message = match &failure.location {
            Some(place) => format!("{place}: {}", failure.message),
            None => failure.message.clone(),
        };
        let mut problem = Self::new(status, code, message);
        problem.own = failure.code;
        problem.words.hints = all_words(&failure.hints).into_iter().map(clipped).collect();
        problem
    }

    /// Whether no prompt has the id that was asked for.
    /// Whether OpenAI may know what is not known here: the id, or the version of an id of its own.
    pub(super) fn may_be_known_to_openai(&self, id: &str) -> bool {
        let is_version = self.own == Some(code::UNKNOWN_VERSION) && id.starts_with("pmpt_");
        is_version || self.own == Some(code::UNKNOWN_PROMPT)
    }

    /// What the log says of it.
    pub(super) fn message(&self) -> &str {
        &self.words.message
    }

    /// Our own code, or the API's.
    pub(super) fn reason(&self) -> &'static str {
        self.code.unwrap_or(match self.status {
            404 => "not_found",
            _ => "error",
        })
    }
}

/// A text as far as it is said.
fn clipped(text: String) -> String {
    clipped_to(text, LONGEST)
}

/// A text as far as it is said, with a limit of its own.
pub(super) fn clipped_to(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
    }
    text
}

/// A list of names, as far as it is said.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const MOST: usize = 20;
    let mut names = names.into_iter();
    let first: Vec<&str> = names.by_ref().take(MOST).collect();
    let text = first.join(", ");
    match names.count() {
        0 => text,
        more => format!("{} and {more} more", clipped_to(text, LONGEST / 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_does_not_grow_with_the_request() {
        let long = "é".repeat(1_000_000);
        let problem = Problem::unknown_prompt(&long, true)
            .param(&*long)
            .hint(&*long);
        assert!(problem.to_json().to_string().len() < 10 * LONGEST);
        let names: Vec<String> = (0..300_000).map(|at| format!("variable_{at}")).collect();
        let text = listed(names.iter().map(String::as_str));
        assert!(text.ends_with("variable_19 and 299980 more"), "{text}");
        assert_eq!(listed(["a", "b"]), "a, b");
    }

    #[test]
    fn an_unknown_prompt_is_told_as_openai_tells_it() {
        let problem = Problem::unknown_prompt("pmpt_x", false);
        assert_eq!(problem.status, 404);
        assert_eq!(
            problem.to_json()["error"],
            json!({"message": "Prompt with id 'pmpt_x' not found.", "type": "invalid_request_error", "param": null, "code": null})
        );
        let own = &problem.to_json()["promptctl"];
        assert_eq!(own["code"], "P201");
        assert!(
            own["hints"][0]
                .as_str()
                .unwrap()
                .contains("promptctl import pmpt_x")
        );
    }

    #[test]
    fn a_wrong_type_is_told_as_openai_tells_it() {
        let problem = Problem::wrong_type("prompt", "an object", &json!("x"));
        assert_eq!(
            problem.to_json()["error"],
            json!({"message": "Invalid type for 'prompt': expected an object, but got a string instead.",
                "type": "invalid_request_error", "param": "prompt", "code": "invalid_type"})
        );
    }
}
