//! Answers of our own, whole.

use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::body::{Outgoing, whole};
use super::problem::Problem;

pub(super) fn json(status: StatusCode, text: String) -> Response<Outgoing> {
    error_response(status, "application/json", text)
}

pub(super) fn error_response(
    status: StatusCode,
    kind: &'static str,
    text: String,
) -> Response<Outgoing> {
    let mut response = Response::new(whole(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

pub(super) fn text(status: StatusCode, text: &str) -> Response<Outgoing> {
    error_response(status, "text/plain; charset=utf-8", text.to_owned())
}

pub(super) fn problem_response(problem: &Problem) -> Response<Outgoing> {
    let mut response = json(
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST),
        problem.to_json().to_string(),
    );
    if let Some(seconds) = problem.retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
