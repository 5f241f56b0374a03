//! Calls: those with a prompt are rendered here, all others go through as they are.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures_util::stream::{self, StreamExt as _};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use hyper::{Request, Response, StatusCode};
use reqwest::Url;
use serde_json::Value;

use super::answer::problem_response;
use super::body::{
    self, Broken, GuardedBody, LARGEST, Masked, Outgoing, SILENCE, TimeoutBody, whole,
};
use super::call::Ready;
use super::count_guard::CountGuard;
use super::echo::{self, Echo};
use super::events::Events;
use super::finish::Finish;
use super::flow::Flow;
use super::offline;
use super::problem::Problem;
use super::request::PromptRequest;
use super::state::{Ended, ResolvedPrompt, State, locked};
use super::upstream;
use crate::prompt::document::Object;

/// From how many bytes on a body is worked on beside the others.
const LARGE: usize = 256 * 1024;
/// An answer, with what figures and logs say of it.
pub(super) struct CallResponse {
    pub(super) response: Response<Outgoing>,
    pub(super) prompt: String,
    pub(super) version: String,
    pub(super) execution: String,
    /// The name of the key that it was asked with.
    pub(super) caller: String,
}

impl CallResponse {
    /// The answer of the API without this gateway's own key, wherever it repeats it.
    pub(super) fn covered(mut self, state: &State) -> Self {
        let Some(mask) = state.mask() else {
            return self;
        };
        for value in self.response.headers_mut().values_mut() {
            let (mut own, is_secret) = (mask.clone(), value.is_sensitive());
            if let Some(mut covered) = own.take(value.as_bytes()) {
                covered.extend(own.finish());
                *value = HeaderValue::from_bytes(&covered).unwrap_or(HeaderValue::from_static(""));
                value.set_sensitive(is_secret);
            }
        }
        self.response = self
            .response
            .map(|body| Masked::new(body, mask).boxed_unsync());
        self
    }
}

impl From<Response<Outgoing>> for CallResponse {
    fn from(response: Response<Outgoing>) -> Self {
        Self {
            response,
            prompt: String::new(),
            version: String::new(),
            execution: String::new(),
            caller: String::new(),
        }
    }
}

/// The right to make one call more.
fn permit(state: &Arc<State>) -> Result<CountGuard, Problem> {
    if state.calls.load(Ordering::Relaxed) >= state.most_calls {
        return Err(Problem::new(
            503,
            Some("busy"),
            "The gateway makes as many calls as it can.",
        )
        .retry_after(1));
    }
    Ok(CountGuard::new(state, |state| &state.calls))
}

/// `POST /v1/responses`.
pub(super) async fn call(
    state: &Arc<State>,
    request: Request<Incoming>,
    key: Option<String>,
) -> Result<CallResponse, Problem> {
    let started = Instant::now();
    let permit = permit(state)?;
    let (head, incoming) = request.into_parts();
    let mut sent = body::read(state, &head.headers, incoming, LARGEST).await?;
    let address = state.addresses.of(&head.uri)?;
    let headers = upstream::to_api(&head.headers, state);
    let is_large = sent.bytes.len() > LARGE;
    let (bytes, held) = (Bytes::from(std::mem::take(&mut sent.bytes)), sent);
    let (packed, packed_by) = (bytes.clone(), head.headers);
    let read = off_thread(is_large, move || {
        let unpacked = body::unpacked(&packed_by, &packed, LARGEST)?;
        read(unpacked.as_deref().unwrap_or(&packed))
    });
    let wanted = match read.await?? {
        Some((caller, asked)) => (find_here(state, &asked).await?).map(|it| (caller, asked, it)),
        None => None,
    };
    let Some((caller, asked, found)) = wanted else {
        // What it means, the API says.
        let body = (bytes, held);
        return pass(state, &head.method, &address, headers, body, permit).await;
    };
    drop(bytes);
    let (prompt, environment) = (state.warm(&found.prompt).await?, found.environment.clone());
    let (shared, now) = (Arc::clone(state), state.now());
    let made = off_thread(is_large, move || {
        Ready::new((&prompt, &environment), &asked, &caller, &shared.terms, now)
    });
    let mut ready = made.await??;
    drop(held);
    if let Some(name) = key {
        ready.record.labels.insert("caller".to_owned(), name);
    }
    let notes: Vec<String> = found.note.into_iter().chain(ready.note.take()).collect();
    let execution = ready.record.id.clone();
    let (prompt, version) = (
        ready.record.prompt.clone(),
        found.prompt.loaded.version().number().to_string(),
    );
    let own_headers = [
        ("promptctl-prompt", prompt.clone()),
        ("promptctl-version", version.clone()),
        ("promptctl-environment", found.environment.to_string()),
        ("promptctl-execution-id", execution.clone()),
        ("promptctl-snapshot", found.snapshot),
        ("promptctl-note", notes.join("; ")),
    ];
    let made = make(state, ready, (&address, headers, is_large), started, permit).await;
    // A call that failed has a record too, and whoever reads the answer wants to find it.
    let mut response = made.unwrap_or_else(|problem| {
        locked(&state.metrics).count_rejected(problem.reason());
        problem_response(&problem)
    });
    for (name, value) in own_headers {
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::try_from(value)) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    Ok(CallResponse {
        response,
        prompt,
        version,
        execution,
        caller: String::new(),
    })
}

/// The version that is asked for; none where the API may know it.
async fn find_here(
    state: &Arc<State>,
    asked: &PromptRequest,
) -> Result<Option<ResolvedPrompt>, Problem> {
    match state.find(asked).await {
        Err(problem) if problem.may_be_known_to_openai(&asked.id) && state.forwards_unknown() => {
            state.tell_forwarded(asked);
            Ok(None)
        }
        found => found.map(Some),
    }
}

/// Work on a body: a large one beside the others, which would wait for it.
async fn off_thread<T: Send + 'static>(
    is_large: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    if !is_large {
        return Ok(work());
    }
    let failed = |_| Problem::new(500, None, "The request could not be read.");
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

/// The request and what it asks for, if it asks for a prompt.
fn read(bytes: &[u8]) -> Result<Option<(Object, PromptRequest)>, Problem> {
    // Without the word there is none, and the body need not be taken apart.
    if memchr::memmem::find(bytes, b"prompt").is_none() && memchr::memchr(b'\\', bytes).is_none() {
        return Ok(None);
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(caller)) => Ok(PromptRequest::of(&caller)?.map(|asked| (caller, asked))),
        // The API would be asked for a prompt that it does not have.
        Err(error) if echo::names(bytes, "prompt") => Err(Problem::new(
            400,
            Some("invalid_json"),
            format!("The body of the request asks for a prompt and cannot be read as JSON: {error}."),
        )
        .hint("half of a surrogate pair, NaN, and more than 127 levels are what writers of JSON let through")),
        // What it means, the API says.
        _ => Ok(None),
    }
}

/// Sends a call that is ready, and keeps its record when its answer has ended.
async fn make(
    state: &Arc<State>,
    ready: Ready,
    (address, headers, is_large): (&Url, HeaderMap, bool),
    started: Instant,
    permit: CountGuard,
) -> Result<Response<Outgoing>, Problem> {
    let Ready {
        body,
        own,
        echo,
        record,
        is_stream,
        ..
    } = ready;
    let is_offline = offline::is_ours(&body);
    let written = off_thread(is_large, move || {
        let answer = is_offline.then(|| offline::answer(&body, record.time));
        (Bytes::from(body.to_string()), answer, body, record)
    });
    let (bytes, answered_here, body, record) = written.await?;
    let ended = Ended {
        sent: (!record.sent.is_empty()).then_some(body),
        record,
        own,
    };
    let mut finish = Finish::new(state, ended);
    if let Some(answer) = answered_here {
        let answer = off_thread(is_large, move || {
            offline_answer(&answer, echo.as_ref(), is_stream, finish)
        });
        return answer.await;
    }
    let overhead = started.elapsed();
    let mut cut = state.cut.subscribe();
    let headers = upstream::with_own_body(headers);
    let method = hyper::Method::POST;
    let sent = tokio::select! {
        sent = upstream::send(state, &method, address, &headers, bytes) => sent,
        _ = cut.wait_for(|is_cut| *is_cut) => Err(ending()),
    };
    let (response, first_byte) = match sent {
        Ok(sent) => sent,
        Err(problem) => {
            finish.fail(&problem);
            return Err(problem);
        }
    };
    locked(&state.metrics).time(overhead, first_byte);
    finish.request_id(response.headers());
    let (status, mut headers) = (response.status(), upstream::to_caller(response.headers()));
    headers.remove(CONTENT_LENGTH);
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    if status.is_success() && kind.starts_with("text/event-stream") {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        );
        let flow = Flow {
            response,
            events: Events::new(echo).hiding_keys(state.hides_keys()),
            finish,
            cut,
            is_over: false,
            _counted: [permit, CountGuard::new(state, |state| &state.streams)],
        };
        return Ok(answered(status, headers, flow.into_body()));
    }
    let read = tokio::select! {
        read = read_answer(response) => read.map_err(|error| upstream::unreachable(state, &error)),
        _ = cut.wait_for(|is_cut| *is_cut) => Err(ending()),
    };
    let body = match read {
        Err(problem) => {
            finish.fail(&problem);
            return Err(problem);
        }
        Ok((bytes, Some(rest))) => large(status, bytes, rest, finish, permit),
        Ok((bytes, None)) if status.is_success() => {
            let bytes = off_thread(bytes.len() > LARGE, move || {
                finish.done(serde_json::from_slice(&bytes).ok());
                echo.and_then(|echo| echo.in_answer(&bytes))
                    .unwrap_or(bytes)
            });
            whole(bytes.await?)
        }
        Ok((bytes, None)) => {
            finish.refused(status, &bytes);
            whole(match state.hides_keys() {
                true => (state.without_keys(&String::from_utf8_lossy(&bytes))).into_bytes(),
                false => bytes,
            })
        }
    };
    Ok(answered(status, headers, body))
}

/// An answer larger than anything that is held: it goes on as it is, from what was read of it.
fn large(
    status: StatusCode,
    first: Vec<u8>,
    rest: reqwest::Response,
    mut finish: Finish,
    permit: CountGuard,
) -> Outgoing {
    match status.is_success() {
        true => finish.done(None),
        false => finish.refused(status, &[]),
    }
    let first = stream::once(async { Ok::<Bytes, Broken>(Bytes::from(first)) });
    let all = first.chain(rest.bytes_stream().map(|it| it.map_err(Into::into)));
    let body = StreamBody::new(all.map(|it| it.map(Frame::data))).boxed_unsync();
    GuardedBody::new(body, permit).boxed_unsync()
}

fn answered(status: StatusCode, headers: HeaderMap, body: Outgoing) -> Response<Outgoing> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn ending() -> Problem {
    Problem::new(
        503,
        Some("draining"),
        "The gateway ends, and the call with it.",
    )
    .retry_after(1)
}

/// Reads an answer whole; what comes after the limit is left in the response.
async fn read_answer(
    mut response: reqwest::Response,
) -> Result<(Vec<u8>, Option<reqwest::Response>), reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            return Ok((bytes, Some(response)));
        }
    }
    Ok((bytes, None))
}

fn offline_answer(
    answer: &Value,
    echo: Option<&Echo>,
    is_stream: bool,
    mut finish: Finish,
) -> Response<Outgoing> {
    let mut headers = HeaderMap::new();
    let (kind, bytes) = match is_stream {
        true => {
            let mut events = Events::new(echo.cloned());
            ("text/event-stream", events.take(&offline::events(answer)))
        }
        false => {
            // Indented, as the API writes its own.
            let text = format!("{answer:#}\n").into_bytes();
            (
                "application/json",
                echo.and_then(|echo| echo.in_answer(&text)).unwrap_or(text),
            )
        }
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    finish.done(Some(answer.clone()));
    answered(StatusCode::OK, headers, whole(bytes))
}

/// Passes on a request that was read, as it came.
async fn pass(
    state: &Arc<State>,
    method: &hyper::Method,
    address: &Url,
    mut headers: HeaderMap,
    (bytes, _held): (Bytes, body::FullBody),
    permit: CountGuard,
) -> Result<CallResponse, Problem> {
    headers.remove(CONTENT_LENGTH);
    let (response, _) = upstream::send(state, method, address, &headers, bytes).await?;
    Ok(handed_on(response, permit).into())
}

/// Everything else below `/v1/`: passed on, byte for byte, in both directions.
pub(super) async fn forward(
    state: &Arc<State>,
    request: Request<Incoming>,
) -> Result<CallResponse, Problem> {
    use hyper::body::Body as _;
    let permit = permit(state)?;
    let (head, incoming) = request.into_parts();
    let address = state.addresses.of(&head.uri)?;
    let headers = upstream::to_api(&head.headers, state);
    let mut asked = state.http.request(head.method, address).headers(headers);
    if !incoming.is_end_stream() {
        asked = asked.body(reqwest::Body::wrap(TimeoutBody::new(incoming, SILENCE)));
    }
    let response = asked
        .send()
        .await
        .map_err(|error| upstream::unreachable(state, &error))?;
    let response = upstream::answered(state, response)?;
    Ok(handed_on(response, permit).into())
}

fn handed_on(response: reqwest::Response, permit: CountGuard) -> Response<Outgoing> {
    let (status, headers) = (response.status(), upstream::to_caller(response.headers()));
    let body = hyper::http::Response::<reqwest::Body>::from(response).into_body();
    let body = body.map_err(Broken::from).boxed_unsync();
    answered(
        status,
        headers,
        GuardedBody::new(body, permit).boxed_unsync(),
    )
}
