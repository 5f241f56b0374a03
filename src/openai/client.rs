//! One call over HTTP: sent, tried again where that may help, and read whole or in pieces.

use std::borrow::Cow;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{Either, select};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::address::host_of;
use super::api_error::ApiError;
use super::fault::{CallError, CallErrorKind};
use super::models::{self, Model};
use super::response::{Answer, RateLimit, Status};
use super::retry::{Advice, Pace, RealPace};
use super::stream::Assembly;
use super::transport;
use crate::error::{Exit, Failure};
use crate::prompt::code;

mod opening;
mod read;

pub use super::settings::{OVERALL, Settings};
pub use opening::{Opening, Recorded};

/// A client of one API. Cloning it shares its connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// The base URL without a `/` at its end.
    base: String,
    host: String,
    headers: HeaderMap,
    settings: Settings,
    pace: Arc<dyn Pace>,
}

/// What a call has come to: kept outside of the call, so that stopping it loses nothing.
struct Progress {
    started: Instant,
    attempts: u32,
    /// How many attempts may be billed without an answer.
    unsure: u32,
    request_id: Option<String>,
    rate_limit: RateLimit,
    assembly: Assembly,
}

impl Progress {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            attempts: 0,
            unsure: 0,
            request_id: None,
            rate_limit: RateLimit::default(),
            assembly: Assembly::default(),
        }
    }

    fn duration_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn complete(&self, mut answer: Answer) -> Answer {
        answer.attempts = self.attempts;
        answer.unsure = self.unsure;
        answer.duration_ms = self.duration_ms();
        answer.request_id.clone_from(&self.request_id);
        answer.rate_limit = self.rate_limit;
        answer
    }

    fn complete_error(&self, mut error: CallError) -> Box<CallError> {
        error.attempts = self.attempts;
        error.unsure = self.unsure;
        error.duration_ms = self.duration_ms();
        error.request_id.clone_from(&self.request_id);
        error.partial = error
            .partial
            .map(|partial| Box::new(self.complete(*partial)));
        // It is told once.
        if let Some(partial) = &mut error.partial {
            partial.unsure = 0;
        }
        Box::new(error)
    }
}

/// An attempt that failed, and what it says about another.
struct Fault {
    error: CallError,
    advice: Advice,
    /// Whether the server may have answered all the same, and bills it.
    may_be_billed: bool,
}

impl Fault {
    /// A failure that another attempt would meet again.
    fn lasting(error: CallError) -> Self {
        Self {
            error,
            advice: Advice::default(),
            may_be_billed: false,
        }
    }

    /// A failure of the connection.
    fn passing(error: CallError) -> Self {
        Self {
            error,
            advice: Advice::connection(),
            may_be_billed: true,
        }
    }
}

impl Client {
    /// A client with these settings. It connects when it is first used.
    ///
    /// # Errors
    /// - `P226`: the base URL is not one, or holds a password.
    /// - `P301`: a header that cannot be sent.
    /// - `P307`: the file of certificates cannot be used.
    pub fn new(settings: Settings) -> Result<Self, Failure> {
        let host = host_of(&settings.base_url)?;
        Ok(Self {
            http: transport::client(&settings)?,
            base: settings.base_url.trim().trim_end_matches('/').to_owned(),
            host,
            headers: headers_of(&settings)?,
            settings,
            pace: Arc::new(RealPace),
        })
    }

    /// The same client with another clock.
    #[must_use]
    pub fn with_pace(mut self, pace: Arc<dyn Pace>) -> Self {
        self.pace = pace;
        self
    }

    /// The same client that sends a request again so often.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.settings.retries = retries;
        self
    }

    /// Sends a request and returns the answer, also an incomplete one or a refusal.
    ///
    /// With `"stream": true` in the body the text is handed to `on_delta` as it comes; a server
    /// that answers whole all the same hands it over in one piece.
    ///
    /// # Errors
    /// Whatever keeps the answer from coming, with what had come of it.
    pub async fn create(
        &self,
        body: &Value,
        on_delta: &mut dyn FnMut(&str),
    ) -> Result<Answer, Box<CallError>> {
        self.create_until(body, on_delta, pending()).await
    }

    /// The same as [`create`](Self::create), stopped when `stop` ends: then what had come is in
    /// the error of the kind `Interrupted`.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    pub async fn create_until(
        &self,
        body: &Value,
        on_delta: &mut dyn FnMut(&str),
        stop: impl Future<Output = ()>,
    ) -> Result<Answer, Box<CallError>> {
        let mut progress = Progress::new();
        let outcome = {
            let call = self.call(body, &mut progress, on_delta);
            let call = pin!(tokio::time::timeout(self.settings.overall, call));
            match select(call, pin!(stop)).await {
                Either::Left((outcome, _)) => Some(outcome),
                Either::Right(_) => None,
            }
        };
        let mut error = match outcome {
            Some(Ok(Ok(answer))) => return Ok(self.without_key(progress.complete(answer))),
            Some(Ok(Err(error))) => error,
            Some(Err(_)) => {
                progress.unsure += 1;
                self.took_too_long(&progress)
            }
            None => {
                progress.unsure += 1;
                let mut error = CallError::new(CallErrorKind::Interrupted, "interrupted");
                error.partial = Some(Box::new(progress.assembly.partial()));
                error
            }
        };
        error.partial = error
            .partial
            .map(|partial| Box::new(self.without_key(*partial)));
        Err(progress.complete_error(error))
    }

    /// An answer without the key, also where it came in pieces.
    fn without_key(&self, mut answer: Answer) -> Answer {
        if let Some(key) = &self.settings.key {
            answer.redact(key);
        }
        answer
    }

    /// What the API offers.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    pub async fn models(&self) -> Result<Vec<Model>, Box<CallError>> {
        let mut progress = Progress::new();
        let listed = tokio::time::timeout(self.settings.overall, self.list_models(&mut progress));
        let outcome = match listed.await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.took_too_long(&progress)),
        };
        outcome.map_err(|error| progress.complete_error(error))
    }

    async fn list_models(&self, progress: &mut Progress) -> Result<Vec<Model>, CallError> {
        loop {
            progress.attempts += 1;
            let request = self
                .request(Method::GET, "models")
                .timeout(self.settings.timeout);
            match self.whole_json(request, progress).await {
                Ok(list) => {
                    return models::read(&list)
                        .ok_or_else(|| self.not_an_answer("a list of models"));
                }
                Err(fault) => self.wait_or_give_up(fault, progress.attempts).await?,
            }
        }
    }

    async fn call(
        &self,
        body: &Value,
        progress: &mut Progress,
        on_delta: &mut dyn FnMut(&str),
    ) -> Result<Answer, CallError> {
        let mut body = Cow::Borrowed(body);
        let mut refused_streams = 0;
        loop {
            progress.attempts += 1;
            progress.assembly = Assembly::default();
            let fault = match self.attempt(&body, progress, on_delta).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            progress.unsure += u32::from(fault.may_be_billed);
            // An organization that may not stream a model may still have its answer whole.
            if refused_streams == 0 && is_stream(&body) && fault.is_streaming_refused() {
                refused_streams = 1;
                body.to_mut()["stream"] = Value::Bool(false);
                continue;
            }
            self.wait_or_give_up(fault, progress.attempts - refused_streams)
                .await?;
        }
    }

    /// Waits as long as the fault asks, or returns its error where another attempt is not due.
    async fn wait_or_give_up(&self, fault: Fault, attempts: u32) -> Result<(), CallError> {
        let retry = attempts.saturating_sub(1);
        let delay = (retry < self.settings.retries)
            .then(|| fault.advice.delay(retry, self.pace.random()))
            .flatten();
        match delay {
            Some(delay) => {
                self.pace.sleep(delay).await;
                Ok(())
            }
            None => Err(fault.into_error()),
        }
    }

    async fn attempt(
        &self,
        body: &Value,
        progress: &mut Progress,
        on_delta: &mut dyn FnMut(&str),
    ) -> Result<Answer, Fault> {
        let streams = is_stream(body);
        let mut request = self
            .request(Method::POST, "responses")
            .header("content-type", "application/json")
            .body(body.to_string());
        if streams {
            request = request.header("accept", "text/event-stream");
        } else {
            request = request.timeout(self.settings.timeout);
        }
        let prompt_id = body.pointer("/prompt/id").and_then(Value::as_str);
        let response = self.send(request, progress, prompt_id).await?;
        let answer = if is_event_stream(response.headers()) {
            self.read_stream(response, progress, on_delta).await?
        } else {
            let answer = self.read_answer(response).await?;
            if streams && !answer.text.is_empty() {
                on_delta(&answer.text);
            }
            answer
        };
        if answer.status == Status::Failed {
            return Err(Fault::lasting(self.failed(answer, prompt_id)));
        }
        Ok(answer)
    }

    /// The error for an answer whose own status is a failure.
    fn failed(&self, answer: Answer, prompt_id: Option<&str>) -> CallError {
        let api = match answer.raw.get("error") {
            Some(error @ Value::Object(_)) => ApiError::from_error_object(error),
            _ => {
                let status = answer.raw.get("status").and_then(Value::as_str);
                let message = format!(
                    "the status of the answer is `{}`",
                    status.unwrap_or("failed")
                );
                ApiError::read(&serde_json::json!({ "error": message })).unwrap_or_default()
            }
        };
        let mut error = CallError::from_api(200, api.map(|text| self.clean(text)), prompt_id);
        error.partial = Some(Box::new(answer));
        error
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}/{path}", self.base))
            .headers(self.headers.clone())
    }

    /// A text of the server's without the key.
    fn clean(&self, text: &str) -> String {
        match &self.settings.key {
            Some(key) => key.redact(text),
            None => text.to_owned(),
        }
    }

    fn not_an_answer(&self, wanted: &str) -> CallError {
        CallError::new(
            CallErrorKind::ApiFailed,
            format!("{} answered with something that is not {wanted}", self.host),
        )
        .hint("check the base URL: the server must offer OpenAI's Responses API")
    }
}

impl Fault {
    fn is_streaming_refused(&self) -> bool {
        let (Some(status), Some(api)) = (self.error.status, &self.error.api) else {
            return false;
        };
        api.is_streaming_refused(status)
    }

    fn into_error(self) -> CallError {
        let mut error = self.error;
        if self.advice.asks_too_much() {
            let seconds = self.advice.after.unwrap_or_default().round();
            error.hint = Some(
                format!(
                    "the server asks for a wait of {seconds} seconds, longer than promptctl waits"
                )
                .into(),
            );
        }
        error
    }
}

fn is_stream(body: &Value) -> bool {
    body.get("stream") == Some(&Value::Bool(true))
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    header(headers, "content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn headers_of(settings: &Settings) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, text: &str, is_secret: bool| -> Result<(), Failure> {
        let mut value = HeaderValue::from_str(text).map_err(|_| {
            Failure::new(
                code::NO_KEY,
                format!(
                    "the header `{name}` cannot be sent: its value holds a line end or the like"
                ),
            )
            .exit(Exit::Denied)
        })?;
        value.set_sensitive(is_secret);
        headers.insert(name, value);
        Ok(())
    };
    if let Some(key) = &settings.key {
        put("authorization", &key.bearer(), true)?;
    }
    if let Some(organization) = &settings.organization {
        put("openai-organization", organization, false)?;
    }
    if let Some(project) = &settings.project {
        put("openai-project", project, false)?;
    }
    Ok(headers)
}

/// The HTTP client that calls of an API go through, for who hands requests and answers on as they
/// are. It adds no key.
///
/// # Errors
/// See [`Client::new`].
pub fn http(settings: &Settings) -> Result<reqwest::Client, Failure> {
    host_of(&settings.base_url)?;
    transport::client(settings)
}

/// Runs asynchronous work to its end, on this thread.
///
/// # Errors
/// `P307`: the system gives no means to wait for the network.
pub fn block_on<F: Future>(work: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(code::API_UNREACHABLE, "the network could not be started").caused_by(error)
        })?;
    Ok(runtime.block_on(work))
}

/// Ends after a while.
pub async fn sleep(duration: std::time::Duration) {
    tokio::time::sleep(duration).await;
}

/// Lets everything else go on once, such as the news that Ctrl-C was pressed.
pub async fn yield_now() {
    tokio::task::yield_now().await;
}

/// Ends when the user presses Ctrl-C. From its first use on, Ctrl-C no longer ends the process
/// by itself.
pub async fn interrupted() {
    // Where the signal cannot be caught it ends the process, as it would without this.
    if tokio::signal::ctrl_c().await.is_err() {
        pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;
