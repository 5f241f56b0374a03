//! `--record-calls`: how the API behaves, written down as long as it answers.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::common::count;
use super::super::session::Session;
use super::args::Args;
use super::inputs::Wanted;
use super::stored::{wait, without_key};
use crate::config::UserConfig;
use crate::error::{Exit, Failure};
use crate::exchange::request::{NO_VERSION, probe, request, whole};
use crate::exchange::sentinel::{Nonce, Sentinels};
use crate::execute::Caller;
use crate::openai::client::{Client, Recorded};
use crate::openai::fault::{CallError, CallErrorKind};
use crate::openai::provider::DEFAULT_PROVIDER;
use crate::prompt::code;

/// Keys whose values are nobody's business.
const SECRET: &[&str] = &[
    "value",
    "client_secret",
    "authorization",
    "headers",
    "api_key",
    "safety_identifier",
    "prompt_cache_key",
    "user",
];

/// How many calls are closed at once, so that the usage page shows what such a call costs.
const CANCELLED: usize = 10;

/// What is done with one question.
enum RecordStep {
    /// One call to this path, closed at the first event where it streams.
    Call(&'static str, Value),
    /// The same call so often; only what it was and when is kept.
    Often(usize, Value),
    /// A call that is stored, and one that goes on from it: both answers whole.
    Chain(Value),
    /// The same call with the key of another project.
    OtherKey(Value),
}

/// A question, the file of its answer, and what is done.
struct Check {
    name: &'static str,
    act: RecordStep,
}

/// All questions: first what is refused or runs no model, then what is closed at its first event,
/// then what is answered whole. Their numbers are those of the list in the topic.
fn checks(id: &str, version: Option<&str>, sentinels: &Sentinels) -> Vec<Check> {
    let none = Default::default();
    let base = request(id, version, sentinels, &none);
    let with = |key: &str, value: Value| {
        let mut body = base.clone();
        body[key] = value;
        body
    };
    let first = sentinels.iter().next().map(|(name, _)| name.to_owned());
    let without_first = first.iter().cloned().collect();
    let mut numeric = base.clone();
    if let Some(name) = &first {
        numeric["prompt"]["variables"][name] = json!(30);
    }
    let mut unknown = base.clone();
    unknown["prompt"]["variables"]["promptctl_no_such_variable"] = json!("x");
    let mut small = base.clone();
    small["reasoning"] = json!({});
    small["tools"] = json!([]);
    small["input"] = json!([]);
    let made_up = request(
        "pmpt_00000000000000000000000000000000000000000000000f",
        None,
        &Sentinels::default(),
        &none,
    );
    let responses = |name: &'static str, body: Value| Check {
        name,
        act: RecordStep::Call("responses", body),
    };
    vec![
        // Refused, or without a model.
        responses("03-probe-made-up", probe(made_up)),
        responses(
            "03-probe-no-version",
            probe(request(id, Some(NO_VERSION), sentinels, &none)),
        ),
        responses("03-probe-known", probe(request(id, None, sentinels, &none))),
        responses(
            "04-probe-missing-variable",
            probe(request(id, version, sentinels, &without_first)),
        ),
        Check {
            name: "14-other-project",
            act: RecordStep::OtherKey(probe(request(id, None, sentinels, &none))),
        },
        Check {
            name: "15-realtime-secret",
            act: RecordStep::Call(
                "realtime/client_secrets",
                json!({ "session": { "type": "realtime", "prompt": base["prompt"] } }),
            ),
        },
        responses("12-unknown-variable", unknown),
        responses(
            "05-no-version",
            request(id, Some(NO_VERSION), sentinels, &none),
        ),
        responses("12-numeric-variable", numeric),
        responses(
            "04-missing-variable",
            request(id, version, sentinels, &without_first),
        ),
        // Closed at the first event.
        responses("01-created", base.clone()),
        responses(
            "06-07-08-current-version",
            request(id, None, sentinels, &none),
        ),
        responses(
            "09-instructions-beside",
            with("instructions", json!("Answer in one word.")),
        ),
        responses(
            "10-verbosity-alone",
            with("text", json!({ "verbosity": "low" })),
        ),
        responses("11-empty-keys", small),
        Check {
            name: "02-cancelled",
            act: RecordStep::Often(CANCELLED, base.clone()),
        },
        // Answered whole, in 16 tokens.
        responses("06-07-08-whole", whole(base.clone())),
        Check {
            name: "13-previous-response",
            act: RecordStep::Chain(whole(base)),
        },
    ]
}

pub(super) fn run(
    wanted: &Wanted,
    args: &Args,
    folder: &Path,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let client = client(args.key_env.first(), session)?;
    let other = match args.key_env.get(1) {
        Some(variable) => Some(client_of(variable, session)?),
        None => None,
    };
    let folder = session.directory.join(folder);
    let failed = |path: &Path, error: std::io::Error| {
        Failure::from_io(
            code::WRITE_FAILED,
            format!("{} could not be written", path.display()),
            error,
        )
        .at(path.display().to_string())
        .hint("name a folder that can be written: --record-calls DIR")
    };
    wait(client.refuse_gateway())??;
    if fs::symlink_metadata(&folder).is_ok_and(|found| found.is_symlink()) {
        let link = std::io::Error::other("it is a link that leads elsewhere");
        return Err(failed(&folder, link));
    }
    // Before anything is asked, so that nothing is paid for that cannot be kept.
    let is_new = !folder.exists();
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    drop(tempfile::NamedTempFile::new_in(&folder).map_err(|error| failed(&folder, error))?);
    let sentinels = Sentinels::new(
        &Nonce::new(0),
        wanted.wish.variables.keys().map(String::as_str),
    );
    let version = wanted.wish.pinned.last().map(ToString::to_string);
    let checks = checks(&wanted.wish.id, version.as_deref(), &sentinels);
    if !args.yes && session.ui.can_ask() {
        let question = format!(
            "{} to OpenAI, of which about 20 are billed, most of them closed at once. Go on?",
            count(checks.len() + CANCELLED, "call")
        );
        if !session.ui.confirm(&question) {
            return Ok(Exit::Failed);
        }
    }
    let mut broken = 0;
    let mut written = 0;
    for Check { name, act } in checks {
        let record = match act {
            RecordStep::Call(path, body) if written == 0 => {
                let first = first(&client, path, &body);
                if first.is_err() && is_new {
                    // It is empty, and of no use.
                    drop(fs::remove_dir(&folder));
                }
                first?
            }
            RecordStep::Call(path, body) => one(&client, path, &body)?,
            RecordStep::Often(times, body) => often(&client, times, &body)?,
            RecordStep::Chain(body) => chain(&client, body)?,
            RecordStep::OtherKey(body) => match &other {
                Some(other) => one(other, "responses", &body)?,
                None => {
                    session.ui.status(format!(
                        "{name}: left out; a second --key-env VARIABLE names the key of another project"
                    ));
                    continue;
                }
            },
        };
        broken += usize::from(record.get("error").is_some());
        let file = folder.join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&record).unwrap_or_default() + "\n";
        // A link that stands there is replaced, and not followed.
        let written_to = tempfile::NamedTempFile::new_in(&folder)
            .and_then(|mut new| new.write_all(text.as_bytes()).map(|()| new));
        let written_to = written_to.map_err(|error| failed(&file, error))?;
        let kept = written_to.persist(&file);
        kept.map_err(|error| failed(&file, error.error))?;
        written += 1;
        let status = record["status"].as_u64();
        session.ui.status(format!(
            "{name}: {}",
            status.map_or_else(|| "no answer".to_owned(), |status| status.to_string())
        ));
    }
    session.ui.status(format!(
        "{} written to {}",
        count(written, "answer"),
        folder.display()
    ));
    session
        .ui
        .hint("the prompt's own text stands in the answers: look before you hand them on");
    session.ui.hint(format!(
        "look at the usage page in an hour: what do the {CANCELLED} closed calls of 02-cancelled.json cost?"
    ));
    Ok(if broken == written {
        Exit::Failed
    } else {
        Exit::Done
    })
}

fn client(variable: Option<&String>, session: &Session) -> Result<Client, Failure> {
    if let Some(variable) = variable {
        return client_of(variable, session);
    }
    let user = UserConfig::read(session.environ.user_config.as_deref())?;
    let api = user
        .api(DEFAULT_PROVIDER, &session.environ)
        .map_err(without_key)?;
    made(&api)
}

fn client_of(variable: &str, session: &Session) -> Result<Client, Failure> {
    let user = UserConfig::read(session.environ.user_config.as_deref())?;
    made(&user.api_with_key(DEFAULT_PROVIDER, variable, &session.environ)?)
}

fn made(api: &crate::config::Api) -> Result<Client, Failure> {
    Caller::new(api, None)?
        .client()
        .ok_or_else(|| Failure::new(code::UNKNOWN_PROVIDER, "this provider has no API to call"))
}

/// The first call: where it gets nowhere, no other would.
fn first(client: &Client, path: &str, body: &Value) -> Result<Value, Failure> {
    let sent = wait(client.recorded(path, body))?;
    if let Err(error) = &sent
        && matches!(
            error.kind,
            CallErrorKind::Unreachable | CallErrorKind::KeyRefused
        )
    {
        return Err(error.clone().into());
    }
    let record = kept(path, body, sent)?;
    if matches!(record["status"].as_u64(), Some(401 | 403)) {
        let said = record.pointer("/response/error/message");
        let said = said.and_then(Value::as_str).unwrap_or("it says no more");
        return Err(Failure::new(
            code::KEY_REFUSED,
            format!("the API refused the key: {said}"),
        )
        .exit(Exit::Denied)
        .hint("check the key, its project and what it is allowed to do"));
    }
    Ok(record)
}

/// One call, as it is kept.
fn one(client: &Client, path: &str, body: &Value) -> Result<Value, Failure> {
    kept(path, body, wait(client.recorded(path, body))?)
}

fn kept(
    path: &str,
    body: &Value,
    sent: Result<Recorded, Box<CallError>>,
) -> Result<Value, Failure> {
    let mut record = match sent {
        Ok(Recorded {
            status,
            body: answer,
        }) => json!({ "request": body, "path": path, "status": status, "response": answer }),
        Err(error) if error.kind == CallErrorKind::Gateway => return Err(error.into()),
        Err(error) => {
            json!({ "request": body, "path": path, "status": error.status, "error": error.message })
        }
    };
    clean(&mut record["response"]);
    Ok(record)
}

/// The same call often: the ids of what began, to be found on the usage page.
fn often(client: &Client, times: usize, body: &Value) -> Result<Value, Failure> {
    let mut ids = Vec::new();
    let mut last = Value::Null;
    for _ in 0..times {
        last = one(client, "responses", body)?;
        let response = &last["response"];
        let id = response.pointer("/response/id").or(response.get("id"));
        ids.push(id.cloned().unwrap_or(Value::Null));
        // What fails once would fail ten times.
        if last["status"] != 200 {
            break;
        }
    }
    last["ids"] = json!(ids);
    Ok(last)
}

/// A stored call and one that goes on from it: what the second counts as its input.
fn chain(client: &Client, mut body: Value) -> Result<Value, Failure> {
    body["store"] = json!(true);
    let first = one(client, "responses", &body)?;
    let Some(id) = first.pointer("/response/id").and_then(Value::as_str) else {
        return Ok(first);
    };
    body["previous_response_id"] = json!(id);
    let mut second = one(client, "responses", &body)?;
    second["first"] = first;
    Ok(second)
}

/// Takes secrets out of an answer.
fn clean(value: &mut Value) {
    match value {
        Value::Object(map) => clean_map(map),
        Value::Array(items) => items.iter_mut().for_each(clean),
        _ => {}
    }
}

fn clean_map(map: &mut Map<String, Value>) {
    for (key, value) in map.iter_mut() {
        if SECRET.contains(&key.as_str()) && !value.is_null() {
            *value = json!("[taken out]");
        } else {
            clean(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_wherever_they_stand() {
        let mut answer = json!({ "value": "ek_1", "tools": [{ "type": "mcp", "headers": { "Authorization": "x" }, "authorization": "y" }], "user": null, "model": "m" });
        clean(&mut answer);
        assert_eq!(
            answer,
            json!({ "value": "[taken out]", "tools": [{ "type": "mcp", "headers": "[taken out]", "authorization": "[taken out]" }], "user": null, "model": "m" })
        );
    }

    #[test]
    fn every_question_of_the_list_has_its_calls() {
        let sentinels = Sentinels::new(&Nonce::new(0), ["word"]);
        let all = checks("pmpt_1", Some("3"), &sentinels);
        let mut numbers: Vec<u32> = all
            .iter()
            .flat_map(|check| check.name.split('-').map_while(|part| part.parse().ok()))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers, (1..=15).collect::<Vec<_>>());
        // What costs nothing comes first, what is answered whole last.
        let cost = |check: &Check| match &check.act {
            RecordStep::OtherKey(_) => 0,
            RecordStep::Call(path, _) if *path != "responses" => 0,
            RecordStep::Call(_, body) if body.get("previous_response_id").is_some() => 0,
            RecordStep::Call(_, body) if body["stream"] == true => 1,
            RecordStep::Often(..) => 1,
            RecordStep::Call(..) | RecordStep::Chain(_) => 2,
        };
        assert!(all.is_sorted_by_key(cost));
    }
}
