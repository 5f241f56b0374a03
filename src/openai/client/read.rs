//! Sending one request, and reading what comes back.

use std::pin::Pin;

use futures_util::{Stream, StreamExt as _};
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use super::{Client, Fault, Progress, header};
use crate::openai::api_error::ApiError;
use crate::openai::events::{Events, NoEvent};
use crate::openai::fault::{CallError, CallErrorKind};
use crate::openai::key::{ApiKey, Redactor};
use crate::openai::response::{Answer, RateLimit};
use crate::openai::retry::Advice;
use crate::openai::stream::Step;
use crate::prompt::hint::Hint;

/// The largest answer that is read, in bytes.
pub(super) const LARGEST_ANSWER: usize = 64 << 20;

/// How much of the body of an error is read, in bytes.
const LARGEST_ERROR: usize = 1 << 20;

/// How much of a text that is not JSON is shown, in characters.
const EXCERPT: usize = 200;

/// Why the body of an answer could not be read.
pub(super) enum Broken {
    TooLarge,
    Transport(reqwest::Error),
}

impl Client {
    /// Sends a request; an answer that is not a success is an error.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        progress: &mut Progress,
        prompt_id: Option<&str>,
    ) -> Result<Response, Fault> {
        let response = request.send().await.map_err(|error| Fault {
            may_be_billed: !error.is_connect(),
            ..Fault::passing(self.unreachable(error))
        })?;
        progress.request_id = header(response.headers(), "x-request-id").map(|id| self.clean(id));
        progress.rate_limit = rate_limit(response.headers());
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refusal(response, prompt_id).await)
    }

    /// Sends a request whose answer is one JSON value.
    pub(super) async fn whole_json(
        &self,
        request: RequestBuilder,
        progress: &mut Progress,
    ) -> Result<Value, Fault> {
        let response = self.send(request, progress, None).await?;
        self.read_json(response).await
    }

    /// The fault behind an answer that is not a success.
    async fn refusal(&self, response: Response, prompt_id: Option<&str>) -> Fault {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        // What is missing of the body of an error is no reason to hide the error.
        let bytes = read_up_to(response, LARGEST_ERROR)
            .await
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let body: Option<Value> = serde_json::from_str(&text).ok();
        let api = body.as_ref().and_then(ApiError::read);
        let is_final = api.as_ref().is_some_and(ApiError::is_quota);
        let is_of_gateway =
            is_of_gateway(&headers) || body.is_some_and(|body| body.get("promptctl").is_some());
        let mut error = match api {
            Some(api) => CallError::from_api(status, api.map(|it| self.clean(it)), prompt_id),
            None if (300..400).contains(&status) => self.redirected(status, &headers),
            None => self.refused_without_words(status, &text),
        };
        error.is_of_gateway = is_of_gateway;
        Fault {
            may_be_billed: false,
            error,
            advice: Advice::answer(status, is_final, self.pace.now(), |name| {
                header(&headers, name)
            }),
        }
    }

    fn redirected(&self, status: u16, headers: &HeaderMap) -> CallError {
        let target = header(headers, "location")
            .and_then(|location| reqwest::Url::parse(location).ok())
            .and_then(|url| Some(format!(" to {}", self.clean(url.host_str()?))))
            .unwrap_or_default();
        let message = format!("{} redirects{target} ({status})", self.host);
        with_status(status, CallError::new(CallErrorKind::ApiFailed, message))
            .hint("redirects are not followed, because they could take the key elsewhere: set the base URL to where the API is")
    }

    fn refused_without_words(&self, status: u16, text: &str) -> CallError {
        let kind = match status {
            401 => CallErrorKind::KeyRefused,
            403 if !is_html(text) => CallErrorKind::KeyRefused,
            429 => CallErrorKind::RateLimited,
            _ => CallErrorKind::ApiFailed,
        };
        let mut error = self.not_json(text);
        error.kind = kind;
        error.message = format!("{} ({status})", error.message);
        with_status(status, error)
    }

    /// Reads an answer that comes whole.
    pub(super) async fn read_answer(&self, response: Response) -> Result<Answer, Fault> {
        let json = self.read_json(response).await?;
        let is_answer = json.get("output").is_some_and(Value::is_array)
            || json.get("output_text").is_some_and(Value::is_string)
            || json.get("status").is_some_and(Value::is_string)
            || json.get("error").is_some_and(|error| !error.is_null());
        if !is_answer {
            return Err(Fault::lasting(self.not_an_answer("an answer of a model")));
        }
        let answer = Answer::read(json);
        match answer.is_hollow() {
            true => Err(Fault::lasting(self.not_an_answer("an answer of a model"))),
            false => Ok(answer),
        }
    }

    pub(super) async fn read_json(&self, response: Response) -> Result<Value, Fault> {
        let bytes = match read_up_to(response, LARGEST_ANSWER).await {
            Ok(bytes) => bytes,
            Err(Broken::TooLarge) => return Err(Fault::lasting(self.too_large())),
            Err(Broken::Transport(error)) if error.is_timeout() => {
                return Err(Fault::passing(self.unreachable(error)));
            }
            Err(Broken::Transport(error)) => return Err(Fault::passing(self.cut(Some(error)))),
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut value =
            serde_json::from_str(&text).map_err(|_| Fault::lasting(self.not_json(&text)))?;
        // The key could be echoed by what answers; it must not get into the record.
        Redactor::value(self.settings.key.as_slice(), &mut value);
        Ok(value)
    }

    /// Reads an answer that comes in pieces.
    pub(super) async fn read_stream(
        &self,
        response: Response,
        progress: &mut Progress,
        on_delta: &mut dyn FnMut(&str),
    ) -> Result<Answer, Fault> {
        let mut flow = self.flow(response.bytes_stream());
        let error = loop {
            let data = match flow.next().await {
                Some(Ok(data)) => data,
                Some(Err(error)) => break error,
                None => break self.cut(None),
            };
            match progress.assembly.take(&data) {
                Ok(Step::Delta(text)) => on_delta(&text),
                Ok(Step::End(answer)) if answer.is_hollow() => {
                    break self.not_an_answer("an answer of a model");
                }
                Ok(Step::End(answer)) => return Ok(*answer),
                Ok(Step::Error(error)) => {
                    let error = error
                        .get("error")
                        .filter(|it| it.is_object())
                        .unwrap_or(&error);
                    let api = ApiError::from_error_object(error).map(|text| self.clean(text));
                    break CallError::from_api(200, api, None);
                }
                Ok(Step::Nothing) => {}
                Err(_) => break self.cut(None),
            }
        };
        let mut error = error;
        error.partial = Some(Box::new(progress.assembly.partial()));
        Err(Fault::lasting(error))
    }

    /// The events of a stream, as its pieces come.
    pub(super) fn flow<S>(&self, pieces: S) -> Flow<'_, S> {
        Flow {
            client: self,
            pieces: Box::pin(pieces),
            events: Events::default(),
            ended: Vec::new(),
            read: 0,
            is_over: false,
            broken: None,
        }
    }

    pub(super) fn cut(&self, error: Option<reqwest::Error>) -> CallError {
        let why = match error {
            Some(error) if error.is_timeout() => {
                format!(
                    ": nothing came for {} seconds",
                    self.settings.timeout.as_secs()
                )
            }
            Some(error) => format!(": {}", self.clean(&root_cause(error))),
            None => String::new(),
        };
        CallError::new(
            CallErrorKind::StreamCut,
            format!("the answer from {} broke off{why}", self.host),
        )
        .hint("the call may have been billed; run it again for a whole answer")
    }

    /// The error of a call that took longer than it may in all.
    pub(super) fn took_too_long(&self, progress: &Progress) -> CallError {
        let seconds = self.settings.overall.as_secs_f64();
        let partial = progress.assembly.partial();
        let kind = if partial.text.is_empty() {
            CallErrorKind::Unreachable
        } else {
            CallErrorKind::StreamCut
        };
        let message = format!(
            "no whole answer from {} within {seconds} seconds",
            self.host
        );
        let mut error = CallError::new(kind, message).hint(Hint::GiveTime);
        error.partial = Some(Box::new(partial));
        error
    }

    fn too_large(&self) -> CallError {
        let message = format!(
            "the answer from {} is larger than {} MB",
            self.host,
            LARGEST_ANSWER >> 20
        );
        CallError::new(CallErrorKind::ApiFailed, message).hint("lower `modelParameters.maxTokens`")
    }

    fn not_json(&self, text: &str) -> CallError {
        let error = |message: String| CallError::new(CallErrorKind::ApiFailed, message);
        if is_html(text) {
            let title = self.clean(title_of(text).unwrap_or_default());
            let title = match title.trim() {
                "" => String::new(),
                title => format!(" titled “{}”", excerpt(title)),
            };
            return error(format!("{} answered with a web page{title}", self.host)).hint(
                "a proxy, a gateway or a login page stands between: check the base URL and `HTTPS_PROXY`",
            );
        }
        let shown = self.clean(&excerpt(text.trim()));
        if shown.is_empty() {
            return error(format!("{} answered with nothing", self.host));
        }
        error(format!(
            "the answer from {} is not JSON: {shown}",
            self.host
        ))
        .hint("check the base URL: the server must offer OpenAI's Responses API")
    }

    fn unreachable(&self, error: reqwest::Error) -> CallError {
        let kind = CallErrorKind::Unreachable;
        if error.is_timeout() && !error.is_connect() {
            let seconds = self.settings.timeout.as_secs_f64();
            let message = format!("no answer from {} within {seconds} seconds", self.host);
            return CallError::new(kind, message)
                .hint("the call may have been billed all the same");
        }
        let timed_out = error.is_timeout();
        let cause = self.clean(&root_cause(error));
        let hint = if cause.contains("certificate") {
            "`SSL_CERT_FILE` names the certificates to trust, such as those of a company's proxy"
        } else {
            "check the network, the base URL and `HTTPS_PROXY`"
        };
        let why = if timed_out {
            "connecting took too long"
        } else {
            &cause
        };
        CallError::new(kind, format!("{} could not be reached: {why}", self.host)).hint(hint)
    }
}

/// Whether `promptctl serve` made the answer.
pub(super) fn is_of_gateway(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| name.as_str().starts_with("promptctl-"))
}

fn with_status(status: u16, mut error: CallError) -> CallError {
    error.status = Some(status);
    error
}

async fn read_up_to(mut response: Response, limit: usize) -> Result<Vec<u8>, Broken> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Broken::Transport)? {
        if bytes.len() + chunk.len() > limit {
            return Err(Broken::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The innermost cause: the outer ones only say that a request was sent.
fn root_cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn rate_limit(headers: &HeaderMap) -> RateLimit {
    let count = |name: &str| header(headers, name)?.trim().parse().ok();
    RateLimit {
        remaining_requests: count("x-ratelimit-remaining-requests"),
        remaining_tokens: count("x-ratelimit-remaining-tokens"),
    }
}

fn is_html(text: &str) -> bool {
    text.trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<')
}

fn title_of(html: &str) -> Option<&str> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(&html[start..end])
}

fn excerpt(text: &str) -> String {
    let mut shown: String = text.chars().take(EXCERPT).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// The events of a stream, without the key.
pub(super) struct Flow<'c, S> {
    client: &'c Client,
    pieces: Pin<Box<S>>,
    events: Events,
    /// The events that have come, the last first.
    ended: Vec<String>,
    read: usize,
    is_over: bool,
    /// What is wrong with what follows the events that have come.
    broken: Option<CallError>,
}

impl<S, B> Flow<'_, S>
where
    S: Stream<Item = reqwest::Result<B>>,
    B: AsRef<[u8]>,
{
    /// The data of the next event; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Option<Result<String, CallError>> {
        let client = self.client;
        loop {
            if let Some(data) = self.ended.pop() {
                let clean = |key: &ApiKey| key.redact(&data);
                return Some(Ok(client.settings.key.as_ref().map_or(data.clone(), clean)));
            }
            if self.is_over {
                return self.broken.take().map(Err);
            }
            let taken = match self.pieces.next().await {
                Some(Err(error)) => return Some(Err(client.cut(Some(error)))),
                Some(Ok(piece)) => {
                    self.read += piece.as_ref().len();
                    if self.read > LARGEST_ANSWER {
                        return Some(Err(client.too_large()));
                    }
                    self.events.take(piece.as_ref(), &mut self.ended)
                }
                None => {
                    self.is_over = true;
                    // The empty line that some servers leave out after their last event.
                    self.events.take(b"\n\n", &mut self.ended)
                }
            };
            self.ended.reverse();
            if let Err(error) = taken {
                // What came whole before is handed over first.
                self.is_over = true;
                self.broken = Some(match error {
                    NoEvent::TooLarge => client.too_large(),
                    NoEvent::NotText => client.not_an_answer("a stream of events"),
                });
            }
        }
    }
}
