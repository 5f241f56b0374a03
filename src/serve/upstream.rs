//! Asking the API: headers that go on and those that do not, and one more try where nothing was sent.

use std::time::{Duration, Instant};

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{
    self, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap,
    HeaderName, HeaderValue,
};
use reqwest::Url;

use super::auth::Auth;
use super::problem::Problem;
use super::state::State;
use crate::prompt::code;

/// Headers of one connection, which say nothing about the next.
const HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that tell of the caller's own house.
const PRIVATE: [&str; 4] = ["cookie", "forwarded", "x-real-ip", "via"];

/// Whether a header goes on, in either direction.
fn goes_on(name: &HeaderName, listed: &[String]) -> bool {
    let name = name.as_str();
    !HOP.contains(&name)
        && !PRIVATE.contains(&name)
        && name != "set-cookie"
        && !name.starts_with("x-forwarded-")
        && !listed.iter().any(|it| it == name)
}

/// What `Connection` lists.
fn listed(headers: &HeaderMap) -> Vec<String> {
    let values = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|it| it.to_str().ok());
    values
        .flat_map(|it| it.split(','))
        .map(|it| it.trim().to_ascii_lowercase())
        .collect()
}

/// The headers of a request as they go on.
pub(super) fn to_api(headers: &HeaderMap, state: &State) -> HeaderMap {
    let listed = listed(headers);
    let mut on = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if goes_on(name, &listed)
            && name != header::HOST
            && name != header::EXPECT
            && name != header::ORIGIN
        {
            on.append(name, value.clone());
        }
    }
    if let Auth::Keys(_) = state.settings.auth {
        // The caller's key is for this gateway alone.
        on.remove(AUTHORIZATION);
        for name in ["x-api-key", "openai-organization", "openai-project"] {
            on.remove(name);
        }
        // In a packed answer the key of this machine could not be found and covered.
        on.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        on.extend(
            state
                .settings
                .own_headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    on
}

/// The headers of a request whose body was made here.
pub(super) fn with_own_body(mut headers: HeaderMap) -> HeaderMap {
    for name in [CONTENT_LENGTH, CONTENT_ENCODING, ACCEPT_ENCODING] {
        headers.remove(name);
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    // Neither echo nor usage can be read in a packed answer.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

/// The headers of an answer as they go on.
pub(super) fn to_caller(headers: &HeaderMap) -> HeaderMap {
    let listed = listed(headers);
    let goes_on = headers.iter().filter(|(name, _)| goes_on(name, &listed));
    let mut on = HeaderMap::with_capacity(headers.len() + 8);
    for (name, value) in goes_on {
        on.append(name, value.clone());
    }
    on
}

/// Sends a request whose body is known. Where no connection came about, it is tried once more: then
/// nothing was sent, and nothing can be billed twice.
pub(super) async fn send(
    state: &State,
    method: &Method,
    address: &Url,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(reqwest::Response, Duration), Problem> {
    let started = Instant::now();
    let attempt = |body: Bytes| {
        state
            .http
            .request(method.clone(), address.clone())
            .headers(headers.clone())
            .body(body)
            .send()
    };
    let sent = match attempt(body.clone()).await {
        Err(error) if error.is_connect() && !error.is_timeout() => attempt(body).await,
        sent => sent,
    };
    let response = sent.map_err(|error| unreachable(state, &error))?;
    Ok((answered(state, response)?, started.elapsed()))
}

/// An answer, unless it says that something else than HTTP follows: nobody asked for that.
pub(super) fn answered(
    state: &State,
    response: reqwest::Response,
) -> Result<reqwest::Response, Problem> {
    match response.status().is_informational() {
        true => Err(no_answer(
            state,
            &format!("its status is {}", response.status()),
        )),
        false => Ok(response),
    }
}

fn no_answer(state: &State, why: &str) -> Problem {
    let host = state.settings.upstream_host();
    Problem::new(
        502,
        Some("upstream_unreachable"),
        format!("{host} gave no whole answer: {why}"),
    )
    .own(code::API_UNREACHABLE)
    .hint("whoever runs this gateway can check `--upstream` and the network")
}

/// Why there is no answer.
pub(super) fn unreachable(state: &State, error: &reqwest::Error) -> Problem {
    let host = state.settings.upstream_host();
    if error.is_timeout() && !error.is_connect() {
        return Problem::new(
            504,
            Some("upstream_timeout"),
            format!("{host} did not answer in time."),
        )
        .own(code::API_UNREACHABLE);
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if !error.is_connect() {
        return no_answer(state, &cause.to_string());
    }
    Problem::new(
        502,
        Some("upstream_unreachable"),
        format!("{host} could not be reached: {cause}"),
    )
    .own(code::API_UNREACHABLE)
    .hint("whoever runs this gateway can check `--upstream` and the network")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_one_connection_or_one_house_does_not_go_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Mine"),
            ("x-mine", "1"),
            ("cookie", "a=b"),
            ("set-cookie", "a=b"),
            ("x-forwarded-for", "10.0.0.1"),
            ("transfer-encoding", "chunked"),
            ("x-request-id", "req_1"),
            ("retry-after-ms", "5"),
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let names: Vec<String> = to_caller(&headers)
            .keys()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["x-request-id", "retry-after-ms"]);
    }
}
