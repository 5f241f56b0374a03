//! Reading prompts over HTTP: the shapes that the commands print, with an ETag.

mod query;
mod reply;

use std::process::{Command, Stdio};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderMap, ORIGIN};
use hyper::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use self::query::{Query, decoded};
use self::reply::{Read, finish};
use super::body::{self, LARGEST_OF_OURS, Outgoing};
use super::call::{CallSettings, Ready};
use super::catalog::PinPolicy;
use super::problem::Problem;
use super::request::PromptRequest;
use super::state::{ResolvedPrompt, State};
use super::variables;
use crate::execute::Prepared;
use crate::files::Loaded;
use crate::openai::request::{RequestOptions, body as request_body, request_hash};
use crate::prompt::document::{Object, Part};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::template::{Outline, is_plain_text};
use crate::prompt::version::Version;

/// Where a proxy of LiteLLM's asks for prompts.
pub(super) const LITELLM: &str = "/beta/litellm_prompt_management";

/// How many prompts one page lists.
const PAGE: usize = 1000;

/// Answers a read.
pub(super) async fn answer(
    state: &Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Outgoing>, Problem> {
    let (head, incoming) = request.into_parts();
    let query = Query::of(head.uri.query());
    let path = head.uri.path();
    let is_get = matches!(head.method, Method::GET | Method::HEAD);
    let below = path.strip_prefix("/v1/prompts/").map(decoded);
    let (name, what) = match below
        .as_deref()
        .map(|below| below.split_once("/-/").unwrap_or((below, "")))
    {
        Some((name, what)) => (Some(name), what),
        None => (None, ""),
    };
    let read = match (name, what) {
        (Some(name), "render") if head.method == Method::POST => {
            let sent = body::read(state, &head.headers, incoming, LARGEST_OF_OURS).await?;
            render(state, name, &sent.bytes).await?
        }
        _ if !is_get => {
            return Err(Problem::new(
                405,
                None,
                format!("{} is not allowed here.", head.method),
            ));
        }
        (None, _) => match path {
            "/v1/prompts" => list(state, &head.headers, &query)?,
            "/v1/snapshot" => snapshot(state, &head.headers, &query)?,
            LITELLM => litellm(state, &query).await?,
            _ => return Err(Problem::new(404, None, "Nothing is served here.")),
        },
        (Some(name), "") => one(state, &head.headers, name, query.get("version")).await?,
        (Some(name), "versions" | "releases" | "diff") => {
            command(state, name, what, &query).await?
        }
        _ => return Err(Problem::new(404, None, "Nothing is served here.")),
    };
    let mut response = finish(&head.headers, read);
    let origin = head.headers.get(ORIGIN);
    if let Some(origin) =
        origin.filter(|it| state.settings.origins.iter().any(|own| *it == own.as_str()))
    {
        response
            .headers_mut()
            .insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    Ok(response)
}

fn environment(state: &State, query: &Query) -> Result<Environment, Problem> {
    let Some(text) = query.get("env") else {
        return Ok(state.settings.environment.clone());
    };
    let known = state.snapshot();
    let environment = text
        .parse()
        .ok()
        .filter(|it| known.catalog.live(it).is_some());
    environment.ok_or_else(|| {
        Problem::new(
            404,
            None,
            format!("There is no environment {}.", text.escape_debug()),
        )
        .param("env")
    })
}

fn list(state: &State, headers: &HeaderMap, query: &Query) -> Result<Read, Problem> {
    let environment = environment(state, query)?;
    let snapshot = state.snapshot();
    let limit = query
        .get("limit")
        .and_then(|it| it.parse().ok())
        .unwrap_or(PAGE)
        .clamp(1, PAGE);
    let after = query.get("after").unwrap_or_default();
    let prefix = query.get("prefix").unwrap_or_default();
    let id = &snapshot.catalog.id;
    let tag = format!("{id}-{environment}-{after}-{prefix}-{limit}").replace(['"', '\\'], "_");
    Read::tagged(headers, tag, || {
        let live = snapshot
            .catalog
            .live(&environment)
            .into_iter()
            .flat_map(|live| &live.prompts);
        let mut wanted =
            live.filter(|(name, _)| name.as_str() > after && name.as_str().starts_with(prefix));
        let prompts: Vec<Value> = wanted
            .by_ref()
            .take(limit)
            .map(|(name, prompt)| {
                let document = &prompt.loaded.document;
                json!({
                    "name": name, "version": prompt.loaded.version(), "digest": prompt.loaded.digest(),
                    "model": document.model, "category": document.category, "tags": document.tags,
                })
            })
            .collect();
        let next = wanted
            .next()
            .and(prompts.last())
            .map(|last| last["name"].clone());
        Ok(
            json!({ "schema": 1, "snapshot": id, "environment": environment, "prompts": prompts, "next": next }),
        )
    })
}

/// A prompt as `get` prints it.
fn shape(state: &State, prompt: &Prepared, environment: &Environment) -> Result<Value, Problem> {
    let snapshot = state.snapshot();
    let loaded = whole(prompt)?;
    let variables = Outline::new(&loaded.document, &loaded.partials)
        .map(|outline| outline.variables().to_vec())
        .unwrap_or_default();
    let name = &loaded.name;
    let reference = match snapshot
        .catalog
        .live(environment)
        .and_then(|live| live.prompts.get(name))
    {
        Some(live) if live.loaded.version() == loaded.version() => format!("{name}@{environment}"),
        _ => format!("{name}@{}", loaded.version()),
    };
    let live = snapshot.catalog.environments(name);
    Ok((state.settings.shape)(reference, &loaded, variables, &live))
}

/// A prompt with all that its file says: that is large, read seldom, and not kept.
fn whole(prompt: &Prepared) -> Result<Loaded, Problem> {
    let again = |_| Problem::new(500, None, "The prompt could not be read again.");
    prompt.whole().map_err(again)
}

fn snapshot(state: &State, headers: &HeaderMap, query: &Query) -> Result<Read, Problem> {
    let environment = environment(state, query)?;
    let snapshot = state.snapshot();
    let tag = format!("{}-{environment}", snapshot.catalog.id);
    Read::tagged(headers, tag, || {
        let live = snapshot
            .catalog
            .live(&environment)
            .into_iter()
            .flat_map(|live| live.prompts.values());
        let prompts = live
            .map(|prompt| shape(state, prompt, &environment))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "schema": 1, "environment": environment, "prompts": prompts }))
    })
}

async fn find(
    state: &Arc<State>,
    name: &str,
    version: Option<&str>,
) -> Result<ResolvedPrompt, Problem> {
    let asked = PromptRequest {
        id: name.to_owned(),
        version: version.map(|it| {
            it.strip_prefix('v')
                .filter(|it| it.parse::<u32>().is_ok())
                .unwrap_or(it)
                .to_owned()
        }),
        variables: Object::new(),
    };
    state.find(&asked).await
}

async fn one(
    state: &Arc<State>,
    headers: &HeaderMap,
    name: &str,
    version: Option<&str>,
) -> Result<Read, Problem> {
    let found = find(state, name, version).await?;
    let is_number = version.is_some_and(|it| it.trim_start_matches('v').parse::<u32>().is_ok());
    let is_forever = is_number && state.pinned() == PinPolicy::Exact;
    let loaded = &found.prompt.loaded;
    // What is no content, and where it is live, stands in the answer too.
    let live = state.snapshot().catalog.environments(&loaded.name);
    let live: Vec<String> = (live.iter().filter(|_| !is_forever))
        .map(|(environment, version)| format!("{environment}.{version}"))
        .collect();
    let tag = format!("{}-{}-{}", loaded.digest(), loaded.blob, live.join("_"));
    let read = Read::tagged(headers, tag, || {
        let mut value = json!({ "schema": 1 });
        if let (Value::Object(all), Value::Object(fields)) =
            (&mut value, shape(state, &found.prompt, &found.environment)?)
        {
            all.extend(fields);
        }
        if is_forever {
            // A copy that is kept for a year must not say where it is live today.
            value["environments"] = json!({});
        }
        Ok(value)
    })?;
    Ok(Read { is_forever, ..read })
}

/// What a call would see, and with `request` what would be sent: nothing is.
async fn render(state: &Arc<State>, name: &str, bytes: &[u8]) -> Result<Read, Problem> {
    let wrong = || {
        Problem::new(
            400,
            None,
            "The body is a JSON object with `variables`, and maybe `version` and `request`.",
        )
    };
    let Ok(Value::Object(given)) = serde_json::from_slice::<Value>(bytes) else {
        return Err(wrong());
    };
    let asked = json!({ "prompt": { "id": name, "version": given.get("version"), "variables": given.get("variables") } });
    let asked = PromptRequest::of(asked.as_object().unwrap_or(&Map::new()))?.ok_or_else(wrong)?;
    let found = find(state, name, asked.version.as_deref()).await?;
    let prompt = state.warm(&found.prompt).await?;
    let loaded = &prompt.loaded;
    let value = match given.get("request") {
        Some(Value::Object(caller)) => {
            let ready = Ready::new(
                (&prompt, &found.environment),
                &asked,
                caller,
                // The answer names the request's hash, whether calls are kept or not.
                &CallSettings {
                    keeps_calls: true,
                    ..state.terms.clone()
                },
                Timestamp::UNIX_EPOCH,
            )?;
            json!({ "schema": 1, "name": loaded.name, "version": loaded.version(), "request": ready.body, "request_hash": ready.own.as_ref().map(request_hash) })
        }
        Some(other) if !other.is_null() => {
            return Err(Problem::wrong_type("request", "an object", other));
        }
        _ => {
            let given = variables::read(prompt.variables(), &asked.variables)?;
            let rendered = prompt.render(given.values).map_err(|failure| {
                Problem::from_failure(400, Some("invalid_value"), &failure).param("variables")
            })?;
            let request = request_body(
                &loaded.document,
                &rendered.messages,
                &RequestOptions::default(),
            )
            .ok();
            let messages: Vec<Value> = rendered.messages.iter().map(|it| it.to_json()).collect();
            json!({
                "schema": 1, "name": loaded.name, "version": loaded.version(), "model": loaded.document.model,
                "messages": messages, "parameters": loaded.document.parameters, "variables": rendered.values,
                "request_hash": request.as_ref().map(request_hash),
            })
        }
    };
    Ok(Read {
        value,
        tag: None,
        is_forever: false,
    })
}

/// What the command of that name prints, from the repository.
async fn command(
    state: &Arc<State>,
    name: &str,
    what: &str,
    query: &Query,
) -> Result<Read, Problem> {
    let name: PromptName = name
        .parse()
        .map_err(|_| Problem::unknown_prompt(name, false))?;
    let Some((program, first)) = state
        .settings
        .program
        .as_deref()
        .and_then(<[_]>::split_first)
    else {
        return Err(Problem::new(
            404,
            None,
            "This gateway serves a snapshot, which has no history.",
        )
        .hint("one that serves a repository answers this"));
    };
    let mut command = Command::new(program);
    command.args(first).stdin(Stdio::null());
    match what {
        "diff" => {
            let version = |key: &str| {
                let text = query.get(key).ok_or_else(|| {
                    Problem::new(
                        400,
                        Some("missing_required_parameter"),
                        format!("Missing required parameter: '{key}'."),
                    )
                    .param(key)
                })?;
                let number = text.trim_start_matches('v').parse().ok();
                let version = number.and_then(Version::new).ok_or_else(|| {
                    Problem::new(
                        400,
                        Some("invalid_value"),
                        format!("'{key}' is not a version."),
                    )
                    .param(key)
                })?;
                // What was never published is nobody's to read here.
                if !state.snapshot().catalog.is_published(&name, version) {
                    let message = format!("{version} of {name} is not published.");
                    return Err(Problem::new(404, None, message).param(key));
                }
                Ok(format!("{name}@{version}"))
            };
            command.args(["diff", &version("from")?, &version("to")?]);
        }
        "versions" => drop(command.args(["history", name.as_str()])),
        _ => drop(command.args(["releases", name.as_str()])),
    }
    command.args(["--format", "json"]);
    let _turn = state
        .readers
        .acquire()
        .await
        .map_err(|_| Problem::new(503, Some("draining"), "The gateway ends."))?;
    let done = tokio::task::spawn_blocking(move || command.output()).await;
    let Ok(Ok(output)) = done else {
        return Err(Problem::new(500, None, "The repository could not be read."));
    };
    if let Ok(mut value) = serde_json::from_slice::<Value>(&output.stdout) {
        if let Some(versions) = value.get_mut("versions").and_then(Value::as_array_mut) {
            versions.retain(|version| version["published"] == true);
        }
        return Ok(Read {
            value,
            tag: None,
            is_forever: false,
        });
    }
    let said: Value = serde_json::from_slice(&output.stderr).unwrap_or_default();
    let message = said.pointer("/error/message").and_then(Value::as_str);
    let is_unknown = matches!(
        said.pointer("/error/code").and_then(Value::as_str),
        Some("P201" | "P202")
    );
    let status = if is_unknown { 404 } else { 500 };
    Err(Problem::new(
        status,
        None,
        message.unwrap_or("The repository could not be read."),
    ))
}

/// A prompt as a proxy of LiteLLM's wants it.
async fn litellm(state: &Arc<State>, query: &Query) -> Result<Read, Problem> {
    let id = query.get("prompt_id").ok_or_else(|| {
        Problem::new(
            400,
            Some("missing_required_parameter"),
            "Missing required parameter: 'prompt_id'.",
        )
        .param("prompt_id")
    })?;
    let found = find(state, id, query.get("version")).await?;
    let loaded = &whole(&found.prompt)?;
    let mut template = Vec::new();
    let not_plain = || {
        let what = format!("{} holds more than plain variables.", loaded.name);
        Problem::new(422, Some("not_a_plain_template"), what).hint(
            "call it through this gateway: it renders helpers, blocks, placeholders, pictures and files",
        )
    };
    for entry in &loaded.document.messages {
        let message = entry.message().ok_or_else(not_plain)?;
        let mut content = String::new();
        for part in &message.parts {
            match part {
                Part::Text(text) if is_plain_text(&text.value) => content.push_str(&text.value),
                _ => return Err(not_plain()),
            }
        }
        template.push(json!({ "role": message.role.as_str(), "content": content }));
    }
    let value = json!({
        "prompt_id": id,
        "prompt_template": template,
        "prompt_template_model": loaded.document.model,
        "prompt_template_optional_params": loaded.document.parameters,
    });
    Ok(Read::new(value, loaded.digest().as_str()))
}

#[cfg(test)]
mod tests;
