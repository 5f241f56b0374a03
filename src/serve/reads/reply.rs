//! What a read answers, with an ETag, packed where that is worth it.

use std::io::Write as _;

use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
    VARY,
};
use hyper::{Response, StatusCode};
use serde_json::Value;

use super::super::answer;
use super::super::body::{self, Outgoing};
use super::super::problem::Problem;

/// What a read answers.
pub(super) struct Read {
    pub(super) value: Value,
    /// What changes when the answer does; none where that is not known.
    pub(super) tag: Option<String>,
    pub(super) is_forever: bool,
}

impl Read {
    pub(super) fn new(value: Value, tag: impl Into<String>) -> Self {
        Self {
            value,
            tag: Some(tag.into()),
            is_forever: false,
        }
    }

    /// What changes with its tag: it is made for readers who do not have it.
    pub(super) fn tagged(
        headers: &HeaderMap,
        tag: impl Into<String>,
        make: impl FnOnce() -> Result<Value, Problem>,
    ) -> Result<Self, Problem> {
        let tag = tag.into();
        let value = match is_known(headers, header_of(&tag).as_ref()) {
            true => Value::Null,
            false => make()?,
        };
        Ok(Self::new(value, tag))
    }
}

/// A tag as the header writes it.
pub(super) fn header_of(tag: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{tag}\"")).ok()
}

/// Whether the reader says that it has what this tag stands for.
pub(super) fn is_known(headers: &HeaderMap, tag: Option<&HeaderValue>) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    let (Some(known), Some(tag)) = (known, tag) else {
        return false;
    };
    let tag = tag.to_str().unwrap_or_default();
    known
        .split(',')
        .map(|it| it.trim().trim_start_matches("W/"))
        .any(|it| it == tag || it == "*")
}

/// From how many bytes on an answer is packed.
const WORTH_PACKING: usize = 1024;

const FRESH: &str = "private, max-age=15, stale-while-revalidate=60, stale-if-error=86400";

const FOREVER: &str = "private, max-age=31536000, immutable";

pub(super) fn finish(headers: &HeaderMap, read: Read) -> Response<Outgoing> {
    let tag = read.tag.as_deref().and_then(header_of);
    let mut response = if is_known(headers, tag.as_ref()) {
        let mut response = Response::new(body::whole(Vec::new()));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        packed(headers, read.value.to_string())
    };
    let headers = response.headers_mut();
    let cache = match (&tag, read.is_forever) {
        (None, _) => "no-store",
        (_, true) => FOREVER,
        (_, false) => FRESH,
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
    response
}

pub(super) fn packed(headers: &HeaderMap, text: String) -> Response<Outgoing> {
    let accepted = headers
        .get(ACCEPT_ENCODING)
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    let takes_gzip = accepted.split(',').any(|it| {
        let mut parts = it.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|it| it == "q=0")
    });
    if takes_gzip && text.len() >= WORTH_PACKING {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        // Writing to memory does not fail.
        if gzip.write_all(text.as_bytes()).is_ok()
            && let Ok(bytes) = gzip.finish()
        {
            let mut response =
                answer::json(StatusCode::OK, String::new()).map(|_| body::whole(bytes));
            response
                .headers_mut()
                .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            return response;
        }
    }
    answer::json(StatusCode::OK, text)
}
