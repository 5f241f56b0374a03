//! How a call ended: its record, whatever became of it.

use std::sync::Arc;
use std::time::Instant;

use hyper::StatusCode;
use hyper::header::HeaderMap;
use serde_json::Value;

use super::problem::Problem;
use super::state::{Ended, State, locked};
use crate::openai::api_error::ApiError;
use crate::openai::response::Answer;
use crate::prompt::code;
use crate::record::entry::{ErrorNote, Status};

/// Keeps the record of a call, however it ends: a call that is dropped was interrupted.
pub(super) struct Finish {
    state: Arc<State>,
    ended: Option<Ended>,
    started: Instant,
}

impl Finish {
    pub(super) fn new(state: &Arc<State>, ended: Ended) -> Self {
        Self {
            state: Arc::clone(state),
            ended: Some(ended),
            started: Instant::now(),
        }
    }

    pub(super) fn request_id(&mut self, headers: &HeaderMap) {
        let id = headers.get("x-request-id").and_then(|it| it.to_str().ok());
        if let Some(ended) = &mut self.ended {
            ended.record.request_id = id.map(str::to_owned);
        }
    }

    fn end(&mut self, status: Status, error: Option<ErrorNote>, answer: Option<Answer>) {
        let Some(mut ended) = self.ended.take() else {
            return;
        };
        let whole = self.started.elapsed();
        ended.record.duration_ms = Some(u64::try_from(whole.as_millis()).unwrap_or(u64::MAX));
        ended.record.status = status;
        ended.record.error = error;
        locked(&self.state.metrics).time_upstream(whole);
        self.state.end(ended, answer);
    }

    pub(super) fn done(&mut self, answer: Option<Value>) {
        let answer = answer.map(Answer::read);
        let failure = answer.as_ref().and_then(Answer::verdict);
        let note = failure.map(|failure| ErrorNote {
            code: failure.code.map(|code| code.as_str().to_owned()),
            message: failure.message,
            reason: answer.as_ref().and_then(|it| it.incomplete_reason.clone()),
        });
        let status = if note.is_some() {
            Status::Error
        } else {
            Status::Ok
        };
        self.end(status, note, answer);
    }

    pub(super) fn stream_done(&mut self, last: Option<&Value>) {
        let Some(last) = last else {
            let note = note(
                code::STREAM_CUT,
                "the stream ended before the API said that the answer was complete",
            );
            return self.end(Status::Error, Some(note), None);
        };
        let kind = last["type"].as_str().unwrap_or_default();
        if let "error" | "response.failed" = kind {
            let error = last.pointer("/response/error").unwrap_or(last);
            let message = error["message"].as_str().unwrap_or("the API failed");
            let note = note(code::API_FAILED, &self.state.without_keys(message));
            let answer = last.get("response").cloned().map(Answer::read);
            return self.end(Status::Error, Some(note), answer);
        }
        self.done(last.get("response").cloned());
    }

    pub(super) fn refused(&mut self, status: StatusCode, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let said = ApiError::read(&body).unwrap_or_default();
        let message = format!("{status}: {}", self.state.without_keys(&said.message));
        self.end(Status::Error, Some(note(code::BAD_REQUEST, &message)), None);
    }

    pub(super) fn fail(&mut self, problem: &Problem) {
        let status = if problem.code == Some("draining") {
            Status::Interrupted
        } else {
            Status::Error
        };
        self.end(
            status,
            Some(note(code::API_UNREACHABLE, problem.message())),
            None,
        );
    }

    pub(super) fn interrupted(&mut self) {
        self.end(Status::Interrupted, None, None);
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        // The caller went away.
        self.interrupted();
    }
}

fn note(code: code::Code, message: &str) -> ErrorNote {
    let message: String = message
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect();
    ErrorNote {
        code: Some(code.as_str().to_owned()),
        message,
        reason: None,
    }
}
