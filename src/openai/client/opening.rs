//! The beginning of an answer: what the API says about a request before the model has answered.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::read::is_of_gateway;
use super::{Client, Fault, Progress, header, is_event_stream, is_stream};
use crate::openai::api_error::ApiError;
use crate::openai::fault::{CallError, CallErrorKind};
use crate::openai::key::Redactor;
use crate::prompt::hint::Hint;

/// Where OpenAI's API is.
const OPENAI: &str = "api.openai.com";

/// How long a server may take to show that it is a gateway, when it is asked for nothing else.
const FOR_A_GATEWAY: Duration = Duration::from_secs(10);

/// The beginning of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The object of the answer, as the first event that says its instructions has it.
    pub response: Value,
    /// The project that answered.
    pub project: Option<String>,
}

/// One call as it went, for a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub status: u16,
    /// The whole answer, or the first event of a stream.
    pub body: Value,
}

impl Client {
    /// Sends a request and reads as far as the answer says what its instructions were. A stream is
    /// closed there, which stops the model.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    pub async fn opening(&self, body: &Value) -> Result<Opening, Box<CallError>> {
        let mut progress = Progress::new();
        let outcome = self.open(body, &mut progress).await;
        outcome.map_err(|error| progress.complete_error(error))
    }

    async fn open(&self, body: &Value, progress: &mut Progress) -> Result<Opening, CallError> {
        loop {
            progress.attempts += 1;
            match self.try_open(body, progress).await {
                Ok(opening) => return Ok(opening),
                Err(fault) => self.wait_or_give_up(fault, progress.attempts).await?,
            }
        }
    }

    async fn try_open(&self, body: &Value, progress: &mut Progress) -> Result<Opening, Fault> {
        let request = self.post("responses", body);
        let prompt_id = body.pointer("/prompt/id").and_then(Value::as_str);
        let response = self.send_to_openai(request, progress, prompt_id).await?;
        let project =
            header(response.headers(), "openai-project").map(|project| self.clean(project));
        let response = if is_event_stream(response.headers()) {
            self.first_response(response, body).await?
        } else {
            self.read_json(response).await?
        };
        Ok(Opening { response, project })
    }

    /// Makes sure that no gateway of promptctl's stands in the place of OpenAI, as far as can be
    /// known without asking for an answer.
    ///
    /// # Errors
    /// The base URL is that of a gateway.
    pub async fn refuse_gateway(&self) -> Result<(), Box<CallError>> {
        if self.host == OPENAI {
            return Ok(());
        }
        // A gateway serves nothing there, and says so in its own words.
        let root = self.base.strip_suffix("/v1").unwrap_or(&self.base);
        let request = self.http.get(format!("{root}/")).timeout(FOR_A_GATEWAY);
        let mut progress = Progress::new();
        progress.attempts = 1;
        match self.send_to_openai(request, &mut progress, None).await {
            Err(fault) if fault.error.kind == CallErrorKind::Gateway => {
                Err(progress.complete_error(fault.into_error()))
            }
            // Whatever else is wrong, the first call says.
            _ => Ok(()),
        }
    }

    /// Sends a request that only OpenAI itself can answer.
    async fn send_to_openai(
        &self,
        request: RequestBuilder,
        progress: &mut Progress,
        prompt_id: Option<&str>,
    ) -> Result<Response, Fault> {
        match self.send(request, progress, prompt_id).await {
            Ok(response) if is_of_gateway(response.headers()) => Err(self.refusal_by_gateway()),
            Err(fault) if fault.error.is_of_gateway => Err(self.refusal_by_gateway()),
            sent => sent,
        }
    }

    fn refusal_by_gateway(&self) -> Fault {
        let message = format!(
            "{} is a gateway of promptctl's: it answers from prompts that were imported, and OpenAI itself is to be asked",
            self.host
        );
        Fault::lasting(CallError::new(CallErrorKind::Gateway, message).hint(Hint::AskOpenAi))
    }

    fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(body.to_string());
        match is_stream(body) {
            true => request.header("accept", "text/event-stream"),
            false => request.timeout(self.settings.timeout),
        }
    }

    /// The first object of an answer that holds its instructions, else the last before the model
    /// begins to speak.
    async fn first_response(&self, response: Response, body: &Value) -> Result<Value, Fault> {
        // A call without a prompt has no instructions to wait for.
        let has_prompt = body.get("prompt").is_some();
        let mut flow = self.flow(response.bytes_stream());
        let mut last = None;
        let mut is_broken = false;
        loop {
            let data = match flow.next().await {
                Some(Ok(data)) => data,
                Some(Err(error)) => return Err(Fault::passing(error)),
                // The model has not spoken yet: more was to come.
                None => {
                    is_broken = true;
                    break;
                }
            };
            let Ok(mut event) = serde_json::from_str::<Value>(&data) else {
                is_broken = true;
                break;
            };
            let kind = event
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if kind == "error"
                || (kind.is_empty() && event.get("error").is_some_and(Value::is_object))
            {
                let error = event
                    .get("error")
                    .filter(|it| it.is_object())
                    .unwrap_or(&event);
                let api = ApiError::from_error_object(error).map(|text| self.clean(text));
                let error = CallError::from_api(200, api, None);
                // What fails in a stream passes as what fails before it.
                return Err(match error.kind {
                    CallErrorKind::RateLimited | CallErrorKind::ApiFailed => Fault::passing(error),
                    _ => Fault::lasting(error),
                });
            }
            let has_response = event.get("response").is_some_and(Value::is_object);
            let is_early = matches!(
                kind.as_str(),
                "response.created" | "response.in_progress" | "response.queued"
            );
            if has_response {
                let response = event["response"].take();
                let is_told =
                    !has_prompt || response.get("instructions").is_some_and(|it| !it.is_null());
                last = Some(response);
                if is_told {
                    break;
                }
            }
            if !is_early {
                break;
            }
        }
        // A call without a prompt has nothing more to tell.
        last.filter(|_| !is_broken || !has_prompt)
            .ok_or_else(|| Fault::passing(self.cut(None)))
    }

    /// Sends one request to a path of the API, once, and returns what came, whatever it is.
    ///
    /// # Errors
    /// No connection, or something that is no JSON.
    pub async fn recorded(&self, path: &str, body: &Value) -> Result<Recorded, Box<CallError>> {
        let mut progress = Progress::new();
        let sent = self
            .send_to_openai(self.post(path, body), &mut progress, None)
            .await;
        let outcome = match sent {
            Ok(response) if is_event_stream(response.headers()) => self
                .first_response(response, body)
                .await
                .map(|response| json!({ "response": response })),
            Ok(response) => self.read_json(response).await,
            Err(fault) => match (fault.error.status, &fault.error.api) {
                (Some(status), Some(api)) => {
                    let error = json!({ "message": api.message, "type": api.kind, "param": api.param, "code": api.code });
                    return Ok(Recorded {
                        status,
                        body: json!({ "error": error }),
                    });
                }
                _ => Err(fault),
            },
        };
        match outcome {
            Ok(mut body) => {
                Redactor::value(self.settings.key.as_slice(), &mut body);
                Ok(Recorded { status: 200, body })
            }
            Err(fault) => Err(progress.complete_error(fault.into_error())),
        }
    }
}
