//! What went wrong with a call.

use std::fmt;

use serde_json::Value;

use super::response::Answer;
use crate::error::{Exit, Failure};
use crate::prompt::code::{self, Code};
use crate::prompt::hint::Hint;

/// What kind of thing went wrong, named for what a caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallErrorKind {
    /// The key is wrong or not allowed to do this.
    KeyRefused,
    /// The API does not know the model.
    UnknownModel,
    /// The stored prompt, or its version, is gone: the local version can answer.
    StoredPromptGone,
    /// The request is wrong.
    BadRequest,
    /// The rate limit, still after the retries.
    RateLimited,
    /// The account has no credit left.
    Quota,
    /// No connection, or no answer in time.
    Unreachable,
    /// The API failed, or what answered is not the API.
    ApiFailed,
    /// The answer broke off.
    StreamCut,
    /// OpenAI was asked, and a gateway of promptctl's answers in its place.
    Gateway,
    /// The caller stopped the call.
    Interrupted,
}

impl CallErrorKind {
    /// The code of this kind; an interruption has none.
    pub fn code(self) -> Option<Code> {
        Some(match self {
            Self::KeyRefused => code::KEY_REFUSED,
            Self::UnknownModel => code::UNKNOWN_MODEL,
            Self::StoredPromptGone => code::STORED_PROMPT_GONE,
            Self::BadRequest => code::BAD_REQUEST,
            Self::RateLimited => code::RATE_LIMITED,
            Self::Quota => code::QUOTA,
            Self::Unreachable => code::API_UNREACHABLE,
            Self::ApiFailed => code::API_FAILED,
            Self::StreamCut => code::STREAM_CUT,
            Self::Gateway => code::GATEWAY_ASKED,
            Self::Interrupted => return None,
        })
    }
}

/// A call that brought no whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct CallError {
    /// What kind of thing went wrong.
    pub kind: CallErrorKind,
    /// What happened, without the key.
    pub message: String,
    /// What to do next.
    pub hint: Option<Hint>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What the API said, where it said something.
    pub api: Option<ApiError>,
    /// The id of the request, which OpenAI's support asks for.
    pub request_id: Option<String>,
    /// How many requests were sent. More than one may have been billed.
    pub attempts: u32,
    /// How many of them brought no answer and may be billed all the same: they were sent, and broke off or
    /// took too long.
    pub unsure: u32,
    /// From the first request to the failure, in milliseconds.
    pub duration_ms: u64,
    /// What had come of the answer.
    pub partial: Option<Box<Answer>>,
    /// Whether a gateway of promptctl's says this, and not the API behind it.
    pub is_of_gateway: bool,
}

impl CallError {
    /// An error of this kind; the rest is filled in by the client.
    pub(super) fn new(kind: CallErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            status: None,
            api: None,
            request_id: None,
            attempts: 0,
            unsure: 0,
            duration_ms: 0,
            partial: None,
            is_of_gateway: false,
        }
    }

    /// The same error with words on what to do next.
    pub(super) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error for an answer with this status that carries an error of the API.
    pub(super) fn from_api(status: u16, api: ApiError, sent_prompt_id: Option<&str>) -> Self {
        let kind = classify(status, &api, sent_prompt_id);
        let mut message = match kind {
            CallErrorKind::KeyRefused => "the API refused the key".to_owned(),
            CallErrorKind::UnknownModel => "the API does not know the model".to_owned(),
            CallErrorKind::StoredPromptGone => "the stored prompt is gone".to_owned(),
            CallErrorKind::RateLimited => "the API's rate limit is reached".to_owned(),
            CallErrorKind::Quota => "the quota is used up".to_owned(),
            CallErrorKind::BadRequest => format!("the API refused the request ({status})"),
            _ => format!("the API failed ({status})"),
        };
        if !api.message.is_empty() {
            message = format!("{message}: {}", api.message);
        }
        Self {
            status: Some(status),
            hint: advice(kind, status, &api),
            api: Some(api),
            ..Self::new(kind, message)
        }
    }
}

fn advice(kind: CallErrorKind, status: u16, api: &ApiError) -> Option<Hint> {
    let text = match kind {
        CallErrorKind::KeyRefused => "check the key, its project and what it is allowed to do",
        CallErrorKind::UnknownModel => return Some(Hint::ListModels),
        CallErrorKind::StoredPromptGone => return Some(Hint::RenderHere),
        CallErrorKind::RateLimited => return Some(Hint::AskLess),
        CallErrorKind::Quota => "add credit at the provider, or use another key",
        CallErrorKind::BadRequest if status == 404 => {
            "the server may not offer `/responses`: check the base URL"
        }
        CallErrorKind::BadRequest => {
            return api
                .param
                .as_ref()
                .map(|param| format!("the API names `{param}`").into());
        }
        _ => return None,
    };
    Some(text.into())
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CallError {}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let exit = match error.kind {
            CallErrorKind::KeyRefused => Exit::Denied,
            CallErrorKind::Interrupted => Exit::Interrupted,
            _ => Exit::Failed,
        };
        let mut hints: Vec<Hint> = error.hint.into_iter().collect();
        if error.attempts > 1 && error.kind != CallErrorKind::Interrupted {
            hints.push(format!("tried {} times", error.attempts).into());
        }
        if let Some(id) = error.request_id {
            hints.push(format!("the request's id is {id}").into());
        }
        Self {
            code: error.kind.code(),
            exit,
            message: error.message,
            location: None,
            hints,
            cause: None,
        }
    }
}

impl From<Box<CallError>> for Failure {
    fn from(error: Box<CallError>) -> Self {
        (*error).into()
    }
}

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

    fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code) || self.kind.as_deref() == Some(code)
    }

    /// Whether the account has no credit left: trying again does not help.
    pub(super) fn is_quota(&self) -> bool {
        self.has_code("insufficient_quota")
    }

    /// Whether the model is what the API does not know.
    fn is_unknown_model(&self) -> bool {
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
}

/// The kind of an error of the API. A status of 200 stands for an error after it.
pub(super) fn classify(status: u16, api: &ApiError, sent_prompt_id: Option<&str>) -> CallErrorKind {
    if is_stored_prompt_gone(status, api, sent_prompt_id) {
        return CallErrorKind::StoredPromptGone;
    }
    if api.is_quota() {
        return CallErrorKind::Quota;
    }
    match status {
        401 | 403 => CallErrorKind::KeyRefused,
        402 => CallErrorKind::Quota,
        429 => CallErrorKind::RateLimited,
        400 | 404 if api.is_unknown_model() => CallErrorKind::UnknownModel,
        408 | 409 => CallErrorKind::ApiFailed,
        400..=499 => CallErrorKind::BadRequest,
        200..=299 if api.has_code("rate_limit_exceeded") => CallErrorKind::RateLimited,
        200..=299 if api.has_code("model_not_found") => CallErrorKind::UnknownModel,
        200..=299
            if api
                .code
                .as_deref()
                .is_some_and(|it| it.starts_with("invalid_")) =>
        {
            CallErrorKind::BadRequest
        }
        _ => CallErrorKind::ApiFailed,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn api(param: Option<&str>, code: Option<&str>, message: &str) -> ApiError {
        ApiError {
            message: message.to_owned(),
            kind: Some("invalid_request_error".to_owned()),
            param: param.map(str::to_owned),
            code: code.map(str::to_owned),
        }
    }

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
    fn every_row_of_the_error_table_has_its_kind() {
        use CallErrorKind::*;
        #[rustfmt::skip]
        let table = [
            (400, Some("model"), Some("model_not_found"), "The requested model 'x' does not exist.", UnknownModel),
            (404, None, Some("model_not_found"), "The model `x` does not exist or you do not have access to it.", UnknownModel),
            (404, None, None, "The model `x` does not exist.", UnknownModel),
            (400, Some("previous_response_id"), Some("previous_response_not_found"), "Previous response with id 'resp_x' not found.", BadRequest),
            (400, Some("temperature"), Some("invalid_type"), "Invalid type for 'temperature'", BadRequest),
            (400, Some("foo"), Some("unknown_parameter"), "Unknown parameter: 'foo'.", BadRequest),
            (400, Some("temperature"), None, "Unsupported parameter: 'temperature' is not supported with this model.", BadRequest),
            (429, None, Some("insufficient_quota"), "You exceeded your current quota", Quota),
            (429, None, Some("rate_limit_exceeded"), "Rate limit reached", RateLimited),
            (401, None, Some("invalid_api_key"), "Incorrect API key provided", KeyRefused),
            (403, None, None, "Country not supported", KeyRefused),
            (404, None, None, "Not Found", BadRequest),
            (422, None, None, "bad", BadRequest),
            (408, None, None, "timeout", ApiFailed),
            (500, None, Some("server_error"), "The server had an error", ApiFailed),
            (503, None, None, "overloaded", ApiFailed),
            (200, None, Some("server_error"), "The server had an error", ApiFailed),
            (200, None, Some("rate_limit_exceeded"), "Rate limit reached", RateLimited),
            (200, None, Some("invalid_prompt"), "Invalid prompt", BadRequest),
        ];
        for (status, param, code, message, expected) in table {
            let error = api(param, code, message);
            assert_eq!(
                classify(status, &error, None),
                expected,
                "{status} {error:?}"
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
    fn a_failure_says_how_it_ends() {
        let refused = CallError::from_api(401, api(None, None, "wrong key"), None);
        let failure = Failure::from(refused);
        assert_eq!(failure.exit, Exit::Denied);
        assert_eq!(failure.code, Some(code::KEY_REFUSED));
        let stopped = CallError::new(CallErrorKind::Interrupted, "interrupted");
        assert_eq!(Failure::from(stopped).exit, Exit::Interrupted);
    }
}
