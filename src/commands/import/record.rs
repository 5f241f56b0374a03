//! `--record-calls`: how the API behaves, written down as long as it answers.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::Session;
use super::super::common::count;
use super::inputs::Wanted;
use super::{Args, wait};
use crate::config::UserConfig;
use crate::error::{Exit, Failure};
use crate::exchange::ask::{NO_VERSION, probe, request, whole};
use crate::exchange::sentinel::{Nonce, Sentinels};
use crate::execute::Caller;
use crate::openai::client::{Client, Recorded};
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
    "user",
];

/// The calls: a name, the path, the body.
fn calls(
    id: &str,
    version: Option<&str>,
    sentinels: &Sentinels,
) -> Vec<(&'static str, &'static str, Value)> {
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
    vec![
        ("01-created", "responses", base.clone()),
        ("02-whole", "responses", whole(base.clone())),
        (
            "03-probe-made-up",
            "responses",
            probe(request(
                "pmpt_00000000000000000000000000000000000000000000000f",
                None,
                &Sentinels::default(),
                &none,
            )),
        ),
        (
            "04-probe-no-version",
            "responses",
            probe(request(id, Some(NO_VERSION), sentinels, &none)),
        ),
        (
            "05-probe-known",
            "responses",
            probe(request(id, None, sentinels, &none)),
        ),
        (
            "06-missing-variable",
            "responses",
            request(id, version, sentinels, &without_first),
        ),
        (
            "07-probe-missing-variable",
            "responses",
            probe(request(id, version, sentinels, &without_first)),
        ),
        ("08-unknown-variable", "responses", unknown),
        (
            "09-no-version",
            "responses",
            request(id, Some(NO_VERSION), sentinels, &none),
        ),
        (
            "10-current-version",
            "responses",
            request(id, None, sentinels, &none),
        ),
        ("11-numeric-variable", "responses", numeric),
        (
            "12-instructions-beside",
            "responses",
            with("instructions", json!("Answer in one word.")),
        ),
        (
            "13-verbosity-alone",
            "responses",
            with("text", json!({ "verbosity": "low" })),
        ),
        ("14-empty-keys", "responses", small),
        (
            "15-realtime-secret",
            "realtime/client_secrets",
            json!({ "session": { "type": "realtime", "prompt": base["prompt"] } }),
        ),
    ]
}

pub(super) fn run(
    wanted: &Wanted,
    args: &Args,
    folder: &Path,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let user = UserConfig::read(session.environ.user_config.as_deref())?;
    let api = match args.key_env.first() {
        Some(variable) => user.api_with_key(DEFAULT_PROVIDER, variable, &session.environ)?,
        None => user.api(DEFAULT_PROVIDER, &session.environ)?,
    };
    let client: Client = Caller::new(&api, None)?
        .client()
        .ok_or_else(|| Failure::new(code::UNKNOWN_PROVIDER, "this provider has no API to call"))?;
    let folder = session.directory.join(folder);
    let failed = |path: &Path, error: std::io::Error| {
        Failure::new(
            code::WRITE_FAILED,
            format!("{} could not be written: {error}", path.display()),
        )
    };
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    let sentinels = Sentinels::new(
        &Nonce::new(0),
        wanted.wish.variables.keys().map(String::as_str),
    );
    let version = wanted.wish.pinned.last().map(ToString::to_string);
    let calls = calls(&wanted.wish.id, version.as_deref(), &sentinels);
    let total = calls.len();
    if !args.yes && session.ui.can_ask() {
        let question = format!(
            "{} to OpenAI, of which up to ten are billed. Go on?",
            count(total, "call")
        );
        if !session.ui.confirm(&question) {
            return Ok(Exit::Failed);
        }
    }
    let mut broken = 0;
    for (name, path, body) in calls {
        let told = wait(client.recorded(path, &body))?;
        let mut record = match told {
            Ok(Recorded {
                status,
                body: answer,
            }) => json!({ "request": body, "path": path, "status": status, "response": answer }),
            Err(error) => {
                broken += 1;
                json!({ "request": body, "path": path, "status": error.status, "error": error.message })
            }
        };
        clean(&mut record["response"]);
        let file = folder.join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&record).unwrap_or_default() + "\n";
        fs::write(&file, text).map_err(|error| failed(&file, error))?;
        session.ui.status(format!("{name}: {}", record["status"]));
    }
    session.ui.status(format!(
        "{} written to {}",
        count(total, "answer"),
        folder.display()
    ));
    session
        .ui
        .hint("the prompt's own text stands in the answers: look before you hand them on");
    Ok(if broken == total {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Takes secrets out of an answer, and what a model said.
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
}
