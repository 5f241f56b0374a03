//! Answers of our own, whole.

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::body::{Outgoing, whole};

pub(super) fn json(status: StatusCode, text: String) -> Response<Outgoing> {
    of_kind(status, "application/json", text)
}

pub(super) fn of_kind(status: StatusCode, kind: &'static str, text: String) -> Response<Outgoing> {
    let mut response = Response::new(whole(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

pub(super) fn text(status: StatusCode, text: &str) -> Response<Outgoing> {
    of_kind(status, "text/plain; charset=utf-8", text.to_owned())
}
