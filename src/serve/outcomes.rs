//! `POST /v1/outcomes`: what became of executions.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::answer;
use super::body::{self, LARGEST_OF_OURS, Outgoing};
use super::problem::Problem;
use super::state::{GatewayEvent, State};
use crate::error::Failure;
use crate::prompt::code;
use crate::record::entry::Outcome;
use crate::record::possible::can_be_added;

/// Checks all outcomes, then keeps them.
pub(super) async fn take(
    state: &Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Outgoing>, Problem> {
    let (head, incoming) = request.into_parts();
    let sent = body::read(state, &head.headers, incoming, LARGEST_OF_OURS).await?;
    let given: Value = serde_json::from_slice(&sent.bytes)
        .map_err(|error| Problem::new(400, None, format!("The body is not JSON: {error}")))?;
    let list = match given {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut told = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        told.push(outcome(state, value, at).await?);
    }
    let accepted = told.len();
    if accepted > 0 {
        state.say(GatewayEvent::Outcomes(told));
    }
    Ok(answer::json(
        StatusCode::ACCEPTED,
        json!({ "accepted": accepted }).to_string(),
    ))
}

/// What a score or a metric is.
const A_FIGURE: &str = "is a number up to 1e15";

/// A figure that can be added up with others.
fn figure(value: &Value) -> Option<f64> {
    value.as_f64().filter(|figure| can_be_added(*figure))
}

async fn outcome(state: &Arc<State>, value: &Value, at: usize) -> Result<Outcome, Problem> {
    let wrong = |key: &str, what: &str| {
        Problem::new(400, Some("invalid_value"), format!("'{key}' {what}."))
            .param(format!("[{at}].{key}"))
    };
    let Value::Object(given) = value else {
        return Err(Problem::wrong_type(&format!("[{at}]"), "an object", value));
    };
    const KNOWN: [&str; 6] = ["id", "response_id", "score", "label", "metrics", "note"];
    if let Some(unknown) = given.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(wrong(
            unknown,
            "is not known: id, response_id, score, label, metrics and note are",
        ));
    }
    let text = |key: &str| match given.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(key, "is a text")),
    };
    let id = text("id")?
        .or(text("response_id")?)
        .ok_or_else(|| wrong("id", "is missing"))?;
    let mut outcome = Outcome::new(execution(state, &id).await?, state.now());
    outcome.score = match given.get("score") {
        None | Some(Value::Null) => None,
        Some(score) => Some(figure(score).ok_or_else(|| wrong("score", A_FIGURE))?),
    };
    outcome.label = text("label")?;
    outcome.note = text("note")?;
    if let Some(metrics) = given.get("metrics").filter(|it| !it.is_null()) {
        let Value::Object(metrics) = metrics else {
            return Err(wrong("metrics", "is a map of numbers"));
        };
        for (name, value) in metrics {
            let key = format!("metrics.{name}");
            let figure = figure(value).ok_or_else(|| wrong(&key, A_FIGURE))?;
            outcome.metrics.insert(name.clone(), figure);
        }
    }
    let is_empty = outcome.score.is_none()
        && outcome.label.is_none()
        && outcome.note.is_none()
        && outcome.metrics.is_empty();
    match is_empty {
        true => Err(wrong(
            "score",
            "is missing, as are label, metrics and note: there is nothing to record",
        )),
        false => Ok(outcome),
    }
}

/// The execution that an outcome is about: one of this process, else one of the log.
async fn execution(state: &Arc<State>, id: &str) -> Result<String, Problem> {
    if let Some(found) = state.execution(id) {
        return Ok(found);
    }
    let unknown =
        |failure: &Failure| Problem::from_failure(404, Some("execution_not_found"), failure);
    let Some(log) = state.settings.log.clone() else {
        let failure = Failure::new(
            code::UNKNOWN_EXECUTION,
            "no execution has that id since the gateway was started",
        );
        return Err(unknown(&failure));
    };
    let wanted = id.to_owned();
    let found = tokio::task::spawn_blocking(move || log.find_id(&wanted)).await;
    match found {
        Ok(Ok(found)) if found == id => Ok(found),
        Ok(Err(failure)) => Err(unknown(&failure)),
        _ => Err(unknown(&Failure::new(
            code::UNKNOWN_EXECUTION,
            "ids must be whole here",
        ))),
    }
}
