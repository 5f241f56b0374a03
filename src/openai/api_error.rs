//! What the API says of an error, and what can be read in it: the one place that searches its words.

use serde_json::Value;

/// The API's own words about an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiError {
    /// What is wrong.
    pub message: String,
    /// Such as `invalid_request_error`.
    pub kind: Option<String>,
    /// The field that is wrong.
    pub param: Option<String>,
    /// Such as `model_not_found`.
    pub code: Option<String>,
}

impl ApiError {
    /// Reads the body of an error, in OpenAI's form (`{"error": {…}}`) or in those of compatible
    /// servers (`{"detail": …}`, `{"error": "…"}`, `{"message": …}`).
    pub fn read(body: &Value) -> Option<Self> {
        let object = body.as_object()?;
        match object.get("error") {
            Some(error @ Value::Object(_)) => return Some(Self::from_error_object(error)),
            Some(Value::String(message)) => return Some(Self::from_error_message(message)),
            _ => {}
        }
        match object.get("detail") {
            Some(Value::String(message)) => return Some(Self::from_error_message(message)),
            Some(Value::Null) | None => {}
            // FastAPI's list of what is wrong where.
            Some(other) => return Some(Self::from_error_message(&other.to_string())),
        }
        object.get("message")?.as_str()?;
        Some(Self::from_error_object(body))
    }

    /// Reads the error object itself.
    pub(super) fn from_error_object(error: &Value) -> Self {
        let text = |key: &str| match error.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        Self {
            message: text("message").unwrap_or_default(),
            kind: text("type"),
            param: text("param"),
            code: text("code"),
        }
    }

    fn from_error_message(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            ..Self::default()
        }
    }

    /// Every text with `clean` applied.
    pub(super) fn map(self, clean: impl Fn(&str) -> String) -> Self {
        Self {
            message: clean(&self.message),
            kind: self.kind.as_deref().map(&clean),
            param: self.param.as_deref().map(&clean),
            code: self.code.as_deref().map(&clean),
        }
    }

    pub(super) fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code) || self.kind.as_deref() == Some(code)
    }

    /// Whether the account has no credit left: trying again does not help.
    pub(super) fn is_quota(&self) -> bool {
        self.has_code("insufficient_quota")
    }

    /// Whether the model is what the API does not know.
    pub(super) fn is_unknown_model(&self) -> bool {
        if self.code.is_some() {
            return self.has_code("model_not_found");
        }
        let message = self.message.to_lowercase();
        let is_missing = ["does not exist", "not found", "unknown model", "not exist"]
            .iter()
            .any(|words| message.contains(words));
        is_missing && has_word(&message, "model")
    }

    /// Whether the organization may not stream this model.
    pub(super) fn is_streaming_refused(&self, status: u16) -> bool {
        status == 400 && self.param.as_deref() == Some("stream")
    }

    /// Whether it speaks of this: its code says so, or its words where the code says nothing.
    fn is_of(&self, subject: Subject) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        if let Some((_, said)) = CODES.iter().find(|(known, _)| *known == code) {
            return *said == subject;
        }
        let message = self.message.to_lowercase();
        WORDS.iter().any(|(of, word, wrong)| {
            *of == subject
                && message.contains(word)
                && wrong
                    .iter()
                    .any(|word| message.contains(word) || code.contains(word))
        })
    }

    /// The message without what differs from one call to the next: digits and ids are struck out.
    pub fn message_without_ids(&self) -> String {
        let mut words = String::new();
        for word in self.message.split_whitespace() {
            if word.contains("pmpt_") || word.contains("resp_") {
                words.push('#');
            } else {
                words.extend(word.chars().filter(|letter| !letter.is_ascii_digit()));
            }
            words.push(' ');
        }
        words
    }

    /// Whether it is the previous response that is missing.
    pub fn is_previous_response(&self) -> bool {
        self.is_of(Subject::PreviousResponse)
            || self.param.as_deref() == Some("previous_response_id")
    }

    /// Whether the model of a stored prompt is gone.
    pub fn is_model_gone(&self) -> bool {
        self.is_of(Subject::ModelGone)
    }

    /// Whether variables of a stored prompt are missing, named or not.
    pub fn is_of_missing_variables(&self) -> bool {
        self.is_of(Subject::VariableMissing)
    }

    /// The model that the words name; OpenAI says it nowhere else.
    pub fn model(&self) -> Option<&str> {
        quoted(&self.message).into_iter().next()
    }

    /// Those of the variables sent that the stored prompt does not have.
    pub fn unknown_variables<'a>(&self, sent: impl Iterator<Item = &'a str>) -> Vec<String> {
        if !self.is_of(Subject::VariableUnknown) {
            return Vec::new();
        }
        let named = self.named_variable();
        sent.filter(|name| named == Some(*name) || words(&self.message).any(|word| word == *name))
            .map(str::to_owned)
            .collect()
    }

    /// What is named as missing, where variables of a stored prompt are.
    pub fn missing_variables(&self) -> Vec<&str> {
        if !self.is_of_missing_variables() {
            return Vec::new();
        }
        if let Some(name) = self.named_variable() {
            return vec![name];
        }
        let quoted = quoted(&self.message);
        if !quoted.is_empty() {
            return quoted;
        }
        // "Missing prompt variables: a, b"
        let list = self.message.rsplit_once(':').map_or("", |(_, list)| list);
        list.split(',')
            .map(|word| word.trim().trim_end_matches('.'))
            .collect()
    }

    fn named_variable(&self) -> Option<&str> {
        self.param.as_deref()?.strip_prefix("prompt.variables.")
    }
}

/// What an error speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    ModelGone,
    PreviousResponse,
    VariableMissing,
    VariableUnknown,
    VariableType,
}

/// The codes that say what an error speaks of.
const CODES: [(&str, Subject); 5] = [
    ("model_not_found", Subject::ModelGone),
    ("previous_response_not_found", Subject::PreviousResponse),
    ("prompt_variable_missing", Subject::VariableMissing),
    ("prompt_variable_unknown", Subject::VariableUnknown),
    ("invalid_type", Subject::VariableType),
];

/// What OpenAI writes where it gives no such code: what it speaks of, the word for that, and one of
/// the words for what is wrong with it.
const WORDS: [(Subject, &str, &[&str]); 2] = [
    (
        Subject::ModelGone,
        "model",
        &[
            "deprecated",
            "does not exist",
            "no longer",
            "shut down",
            "retired",
        ],
    ),
    (
        Subject::VariableMissing,
        "variable",
        &["missing", "required", "must be provided", "not provided"],
    ),
];

/// Whether a stored prompt was called and the API says that it, or its version, is no more:
/// then the local version answers.
///
/// That is so when a prompt id was sent, and
/// - the status is 404 or 410, the code is not `model_not_found`, and the message speaks of a
///   prompt; or
/// - the status is 400, and either the parameter named is `prompt` or begins with `prompt.id`
///   and its code is `unknown_parameter` or `unsupported_parameter`, or the message says that
///   prompts are deprecated or shut down.
///
/// It is never so for unknown variables, a wrong key, a wrong model, a rate limit or a network
/// fault.
pub fn is_stored_prompt_gone(status: u16, error: &ApiError, sent_prompt_id: Option<&str>) -> bool {
    if sent_prompt_id.is_none() {
        return false;
    }
    let message = error.message.to_lowercase();
    let speaks_of_prompt =
        has_word(&message, "prompt") || has_word(&message, "prompts") || message.contains("pmpt_");
    match status {
        404 | 410 => speaks_of_prompt && error.code.as_deref() != Some("model_not_found"),
        400 => {
            let param = error.param.as_deref();
            let about_prompt =
                param.is_some_and(|it| it == "prompt" || it.starts_with("prompt.id"));
            let not_taken = matches!(
                error.code.as_deref(),
                Some("unknown_parameter" | "unsupported_parameter")
            );
            let may_be_prompt = param.is_none() || about_prompt;
            (about_prompt && not_taken)
                || (may_be_prompt && speaks_of_prompt && speaks_of_an_end(&message))
        }
        _ => false,
    }
}

fn speaks_of_an_end(message: &str) -> bool {
    [
        "deprecated",
        "shut down",
        "shutdown",
        "shutting down",
        "sunset",
        "retired",
        "discontinued",
        "no longer supported",
        "no longer available",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// Whether `word` stands in `text` by itself, not as part of a name such as `prompt_cache_key`.
fn has_word(text: &str, word: &str) -> bool {
    let joins = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(joins) && !text[at + word.len()..].starts_with(joins))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '-'))
        .filter(|word| !word.is_empty())
}

fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for quote in ['\'', '"', '`'] {
        found.extend(
            text.split(quote)
                .skip(1)
                .step_by(2)
                .filter(|part| !part.contains(' ')),
        );
    }
    found
}

#[cfg(test)]
pub(super) mod testing {
    use super::ApiError;

    pub(crate) fn api(param: Option<&str>, code: Option<&str>, message: &str) -> ApiError {
        ApiError {
            message: message.to_owned(),
            kind: Some("invalid_request_error".to_owned()),
            param: param.map(str::to_owned),
            code: code.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::api;
    use super::*;
    use serde_json::json;

    #[test]
    fn the_rule_of_the_fallback() {
        let not_found = "Prompt with id 'pmpt_x' not found.";
        #[rustfmt::skip]
        let table = [
            (true, 404, None, None, not_found),
            (true, 410, None, None, "This prompt is gone."),
            (true, 404, None, Some("prompt_not_found"), "Version 9 of pmpt_x does not exist"),
            (true, 400, Some("prompt"), Some("unknown_parameter"), "Unknown parameter: 'prompt'."),
            (true, 400, Some("prompt"), Some("unsupported_parameter"), ""),
            (true, 400, Some("prompt.id"), Some("unknown_parameter"), "Unknown parameter"),
            (true, 400, None, None, "Stored prompts have been shut down."),
            (true, 400, Some("prompt"), None, "Reusable prompts are deprecated."),
            // Never on these.
            (false, 404, None, Some("model_not_found"), "The model of this prompt does not exist"),
            (false, 404, None, None, "The model 'gpt-x' does not exist"),
            (false, 404, None, None, "Not Found"),
            (false, 404, None, None, "Unknown key prompt_cache_key"),
            (false, 400, Some("prompt.variables"), Some("unknown_parameter"), "Unknown prompt variables: a"),
            (false, 400, Some("prompt.variables.a"), None, "This prompt variable is deprecated"),
            (false, 400, Some("prompt"), Some("invalid_type"), "Invalid type for 'prompt'"),
            (false, 400, Some("temperature"), Some("unsupported_parameter"), "Unsupported parameter: 'temperature'"),
            (false, 400, Some("user"), None, "`user` is deprecated, this prompt must not use it"),
            (false, 400, None, None, "Missing prompt variables: ticket"),
            (false, 400, None, None, "This model is deprecated"),
            (false, 401, None, None, not_found),
            (false, 403, None, None, not_found),
            (false, 429, None, None, not_found),
            (false, 500, None, None, not_found),
            (false, 200, None, None, not_found),
        ];
        for (expected, status, param, code, message) in table {
            let error = api(param, code, message);
            assert_eq!(
                is_stored_prompt_gone(status, &error, Some("pmpt_x")),
                expected,
                "{status} {error:?}"
            );
            assert!(
                !is_stored_prompt_gone(status, &error, None),
                "no prompt was sent"
            );
        }
    }

    #[test]
    fn errors_of_compatible_servers_are_read() {
        for (body, message) in [
            (
                json!({"error": {"message": "m", "param": null, "code": null}}),
                "m",
            ),
            (json!({"error": "m"}), "m"),
            (json!({"detail": "m"}), "m"),
            (
                json!({"detail": [{"loc": ["body"], "msg": "x"}]}),
                r#"[{"loc":["body"],"msg":"x"}]"#,
            ),
            (json!({"object": "error", "message": "m", "code": 404}), "m"),
        ] {
            assert_eq!(ApiError::read(&body).unwrap().message, message, "{body}");
        }
        for body in [json!({}), json!([]), json!("x"), json!({"error": null})] {
            assert_eq!(ApiError::read(&body), None, "{body}");
        }
    }

    #[test]
    fn variables_are_read_from_what_the_api_says() {
        let sent = ["a", "b", "word"];
        let unknown = api(
            Some("prompt.variables.a"),
            Some("prompt_variable_unknown"),
            "Unknown prompt variables: a, b",
        );
        assert_eq!(unknown.unknown_variables(sent.into_iter()), ["a", "b"]);
        assert!(unknown.missing_variables().is_empty());
        for (param, message) in [
            (Some("prompt.variables.city"), "Missing prompt variables"),
            (None, "Missing prompt variables: city"),
            (None, "The variable 'city' is required."),
        ] {
            let missing = api(param, None, message);
            assert_eq!(missing.missing_variables(), ["city"], "{message}");
        }
        assert!(
            api(None, None, "Missing required parameter: 'x'")
                .missing_variables()
                .is_empty()
        );
    }

    #[test]
    fn a_code_counts_before_the_words() {
        let of = |code: &str, message: &str| api(None, Some(code), message);
        let words = "The variable 'a' is required, and the model is deprecated.";
        for (code, is_missing, is_gone) in [
            ("prompt_variable_missing", true, false),
            ("model_not_found", false, true),
            ("invalid_type", false, false),
            ("prompt_variable_unknown", false, false),
            ("invalid_request_error", true, true),
        ] {
            let error = of(code, words);
            assert_eq!(error.is_of_missing_variables(), is_missing, "{code}");
            assert_eq!(error.is_model_gone(), is_gone, "{code}");
        }
        let named = api(
            Some("prompt.variables.city"),
            Some("prompt_variable_missing"),
            "No.",
        );
        assert_eq!(named.missing_variables(), ["city"]);
        assert!(of("missing_required_parameter", "variables").is_of_missing_variables());
        let gone = of("model_not_found", "The model `gpt-4` does not exist");
        assert_eq!(gone.model(), Some("gpt-4"));
    }
}
