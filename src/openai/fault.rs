//! What went wrong with a call.

use std::fmt;

use super::api_error::{ApiError, is_stored_prompt_gone};
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

#[cfg(test)]
mod tests {
    use super::super::api_error::testing::api;
    use super::*;

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
    fn a_failure_says_how_it_ends() {
        let refused = CallError::from_api(401, api(None, None, "wrong key"), None);
        let failure = Failure::from(refused);
        assert_eq!(failure.exit, Exit::Denied);
        assert_eq!(failure.code, Some(code::KEY_REFUSED));
        let stopped = CallError::new(CallErrorKind::Interrupted, "interrupted");
        assert_eq!(Failure::from(stopped).exit, Exit::Interrupted);
    }
}
