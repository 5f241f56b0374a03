//! The head of a request: one that two servers could read in two ways is refused.

use std::borrow::Cow;

use hyper::header::{HOST, TRANSFER_ENCODING};
use hyper::{Method, Request};

use super::problem::Problem;

/// How many times a path is decoded at most: each server on the way may do it once.
const MOST_DECODED: usize = 4;

/// Checks what the head says about itself.
///
/// # Errors
/// A method that is for proxies, a body where there is none, one that is packed for the way, no host or two, and a path that
/// leads elsewhere once it is decoded.
pub(super) fn check<B>(request: &Request<B>, has_body: bool) -> Result<(), Problem> {
    let headers = request.headers();
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Problem::new(
            405,
            Some("method_not_allowed"),
            format!("{} is not answered here.", request.method()),
        )
        .hint("the gateway is no proxy: it is the base URL, http://HOST:PORT/v1"));
    }
    // What reads no body of these would take it for the next request of whoever is next on the
    // connection to the API.
    let has_no_body = matches!(*request.method(), Method::GET | Method::HEAD);
    if has_no_body && has_body {
        let message = format!("A {} has no body here.", request.method());
        return Err(Problem::new(400, Some("unexpected_body"), message));
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return Err(Problem::new(
            501,
            Some("unsupported_encoding"),
            "A Transfer-Encoding besides chunked is not known here.",
        )
        .hint("pack the body by Content-Encoding: gzip"));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let Some(host) = hosts.next() else {
        // A balancer's check of health has no name for it.
        return match is_health(request.uri().path()) {
            true => Ok(()),
            false => Err(bad_host("The request names no host.")),
        };
    };
    if hosts.next().is_some() {
        return Err(bad_host("The request names two hosts."));
    }
    let authority = request.uri().authority();
    if authority.is_some_and(|it| !it.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes())) {
        return Err(bad_host(
            "The request names one host in its first line and another below.",
        ));
    }
    match is_plain(request.uri().path()) {
        true => Ok(()),
        false => Err(Problem::new(
            400,
            Some("bad_path"),
            "The path holds a segment that leads elsewhere.",
        )
        .hint("send it without `..`, `//` and control characters, encoded or not")),
    }
}

fn is_health(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

fn bad_host(message: &str) -> Problem {
    Problem::new(400, Some("bad_host"), message)
}

/// Whether a path leads where it says: what a caller may is decided by it as it stands, so that no
/// segment may mean another one further on.
fn is_plain(path: &str) -> bool {
    if path.contains("//") {
        return false;
    }
    let mut decoded = Cow::Borrowed(path);
    if !path.contains('%') {
        return is_straight(path);
    }
    for _ in 0..MOST_DECODED {
        if !is_straight(&decoded) {
            return false;
        }
        // What is no text has more than one reading.
        let Ok(next) = String::from_utf8(unescaped(&decoded)) else {
            return false;
        };
        if next == decoded {
            return true;
        }
        decoded = Cow::Owned(next);
    }
    // So deep nobody encodes a name.
    false
}

fn is_straight(path: &str) -> bool {
    let mut segments = path.split(['/', '\\']);
    !path.contains(char::is_control)
        // Some servers read `..;x` as `..`.
        && !segments.any(|it| matches!(it.split(';').next(), Some("." | "..")))
}

/// A part of an address, its `%` escapes decoded once.
pub(super) fn unescaped(path: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let code = match (first, after) {
            (b'%', [high, low, ..]) => digit(high).zip(digit(low)),
            _ => None,
        };
        match code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_past_what_a_key_may() {
        for path in [
            "/v1/responses",
            "/v1/prompts/support/triage",
            "/v1/models/gpt-5.2",
            "/v1/a..b",
            "/v1/models/ft%3Agpt%2F1",
            "/v1/models/100%",
            "/v1/models/gr%C3%BC%C3%9Fe;v=1",
            "/v1/x/%252Fa",
        ] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "/v1/models/../files/a",
            "/v1/models/%2e%2e/files/a",
            "/v1/models/.%2E/files",
            "/v1/models/..%2ffiles",
            "/v1/models/%252e%252e/files",
            "/v1/models/%25252e%25252e/files",
            "/v1/models/%25252525252e%25252525252e/files",
            "/v1/models/../../admin",
            "/v1/..//127.0.0.1:1/x",
            "/v1/models/..\\files",
            "/v1/models/..%5cfiles",
            "/v1/./files",
            "/v1/models/..;/files",
            "/v1/models/%2e%2e%3bx/files",
            "/v1/models/%c0%ae%c0%ae/files",
            "/v1/models/%00",
            "/v1/models/%0d%0aX-Evil:1",
            "/v1/models/%250a",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn a_head_with_two_readings_is_refused() {
        let status = |line: (&str, &str), headers: &[(&str, &str)]| {
            let mut request = Request::builder().method(line.0).uri(line.1);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            check(&request.body(()).unwrap(), false).map_or_else(|problem| problem.status, |()| 200)
        };
        let host = ("host", "localhost");
        let models = ("GET", "/v1/models");
        assert_eq!(status(models, &[host]), 200);
        assert_eq!(status(models, &[host, host]), 400);
        assert_eq!(status(models, &[]), 400);
        assert_eq!(status(("GET", "/readyz"), &[]), 200);
        assert_eq!(status(("GET", "http://LOCALHOST/v1/models"), &[host]), 200);
        assert_eq!(
            status(("GET", "http://evil.example/v1/models"), &[host]),
            400
        );
        assert_eq!(status(("TRACE", "/v1/models"), &[host]), 405);
        assert_eq!(status(("CONNECT", "localhost:443"), &[host]), 405);
        for (coding, expected) in [("chunked", 200), ("Chunked", 200), ("gzip, chunked", 501)] {
            assert_eq!(
                status(models, &[host, ("transfer-encoding", coding)]),
                expected
            );
        }
    }
}
