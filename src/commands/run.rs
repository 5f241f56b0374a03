//! `promptctl run`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Session;
use super::common::FormatArg;
use super::render::{Chosen, PromptArgs, pretty};
use crate::config::{Config, UserConfig};
use crate::error::{Exit, Failure};
use crate::execute::{Call, Executed, execute};
use crate::openai::client::Settings;
use crate::openai::echo;
use crate::openai::provider::{DEFAULT_PROVIDER, ModelId};
use crate::openai::request::{RequestOptions, body};
use crate::output::json;
use crate::prompt::code;
use crate::record::log::Log;
use crate::store::Store;

/// Call the model and record the execution
///
/// The key comes from OPENAI_API_KEY, the server from OPENAI_BASE_URL. `--model echo` answers
/// offline with the last user message.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    prompt: PromptArgs,
    /// Another model than the file's; `echo` answers offline
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Text added as a last user message
    #[arg(long, value_name = "TEXT")]
    user: Option<String>,
    /// Go on from an earlier answer
    #[arg(long, value_name = "ID")]
    previous_response_id: Option<String>,
    /// A label for the record, to find it by
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_label)]
    label: Vec<(String, String)>,
    /// Print the exact request and send nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Do not append to the execution log
    #[arg(long)]
    no_log: bool,
    #[command(flatten)]
    format: FormatArg,
}

fn parse_label(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "write KEY=VALUE".to_owned())
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.json(session);
    let (store, config) = session.store()?;
    let chosen = args.prompt.choose(&store, session)?;
    let model = model_of(args, &chosen)?;
    let is_echo = model.name == echo::MODEL;
    let request = body(
        &chosen.loaded.document,
        &chosen.rendered.messages,
        &RequestOptions {
            model: Some(model.to_string()),
            user: args.user.clone(),
            previous_response_id: args.previous_response_id.clone(),
            stored: None,
            stream: session.ui.out_is_terminal() && !json && !is_echo && !args.dry_run,
        },
    )?;
    if args.dry_run {
        session.ui.line(pretty(&request));
        return Ok(Exit::Done);
    }
    let settings = if is_echo {
        None
    } else {
        Some(settings(&model, session)?)
    };
    let mut printed = String::new();
    let executed = {
        let ui = &mut session.ui;
        let call = Call {
            loaded: &chosen.loaded,
            values: &chosen.rendered.values,
            body: &request,
            model: &model,
            settings,
            privacy: config.log,
            now: session.now,
        };
        execute(call, &mut |text| {
            if !json {
                ui.data(text);
                ui.flush();
                printed.push_str(text);
            }
        })
    };
    finish(
        args,
        Finished {
            chosen,
            model,
            executed,
            printed,
            json,
        },
        &store,
        &config,
        session,
    )
}

struct Finished {
    chosen: Chosen,
    model: ModelId,
    executed: Executed,
    printed: String,
    json: bool,
}

fn finish(
    args: &Args,
    done: Finished,
    store: &Store,
    _config: &Config,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let Finished {
        chosen,
        model,
        executed,
        printed,
        json,
    } = done;
    let mut record = executed.record;
    record.variant.clone_from(&chosen.variant);
    record.labels = args.label.iter().cloned().collect();
    if !args.no_log {
        // The answer is paid for: that it cannot be recorded must not keep it from the user.
        if let Err(failure) = log(store, session).append(&record) {
            session
                .ui
                .warning(format!("the execution was not recorded: {failure}"));
        }
    }
    let answer = executed.answer.unwrap_or_default();
    if json {
        session.ui.line(json::document(&json!({
            "id": record.id,
            "name": chosen.loaded.name,
            "version": chosen.loaded.version(),
            "source": record.source,
            "model": record.model,
            "output": answer.text,
            "parsed": serde_json::from_str::<Value>(&answer.text).ok(),
            "usage": record.usage,
            "cost_usd": record.cost_usd,
            "duration_ms": record.duration_ms,
            "attempts": record.attempts,
            "status": record.status,
            "response_id": record.response_id,
        })));
    } else {
        let rest = answer.text.strip_prefix(&printed).unwrap_or_default();
        session.ui.data(rest);
        if !answer.text.is_empty() && !answer.text.ends_with('\n') {
            session.ui.line("");
        }
    }
    if let Some(failure) = executed.failure {
        return Err(failure);
    }
    if record.cost_usd.is_none() {
        session.ui.warning(format!(
            "no price is known for {model}: the cost is recorded as unknown"
        ));
    }
    Ok(Exit::Done)
}

fn model_of(args: &Args, chosen: &Chosen) -> Result<ModelId, Failure> {
    let text = args
        .model
        .as_deref()
        .or(chosen.loaded.document.model.as_deref())
        .ok_or_else(|| {
            Failure::new(
                code::NO_MODEL,
                format!("{} names no model", chosen.loaded.name),
            )
            .at(chosen.loaded.path.clone())
            .hint("give one with --model, or write `model: openai/gpt-5-mini` in the file")
        })?;
    ModelId::parse(text)
}

/// Where the model is and with which key. None of it comes from the repository.
fn settings(model: &ModelId, session: &Session) -> Result<Settings, Failure> {
    let environ = &session.environ;
    let user = UserConfig::read(environ.user_config.as_deref())?;
    let (base_url, key) = match user.providers.get(&model.provider) {
        Some(provider) => (provider.base_url.clone(), provider.api_key.clone()),
        None if model.provider == DEFAULT_PROVIDER => {
            let base = environ.openai_base_url.clone();
            (
                base.unwrap_or_else(|| "https://api.openai.com/v1".to_owned()),
                environ.openai_api_key.clone(),
            )
        }
        None => return Err(unknown_provider(model, session)),
    };
    let own = model.provider == DEFAULT_PROVIDER;
    if key.is_none() && own {
        return Err(
            Failure::new(code::NO_KEY, "no API key: OPENAI_API_KEY is not set")
                .exit(Exit::Denied)
                .hint("export OPENAI_API_KEY=…")
                .hint("--model echo answers offline"),
        );
    }
    let mut settings = Settings::new(base_url);
    settings.key = key;
    settings.ssl_cert_file.clone_from(&environ.ssl_cert_file);
    if own {
        settings.organization.clone_from(&environ.openai_org_id);
        settings.project.clone_from(&environ.openai_project_id);
    }
    Ok(settings)
}

fn unknown_provider(model: &ModelId, session: &Session) -> Failure {
    let provider = &model.provider;
    let file = session.environ.user_config.as_ref().map_or_else(
        || "promptctl/config.yaml".to_owned(),
        |path| path.display().to_string(),
    );
    let variable = provider.to_uppercase().replace('-', "_");
    Failure::new(code::UNKNOWN_PROVIDER, format!("the provider {provider} is not configured"))
        .hint(format!("add to {file}: providers: {{{provider}: {{baseUrl: \"https://…/v1\", apiKeyVariable: {variable}_API_KEY}}}}"))
        .hint("the repository may not say where a key is sent, so this belongs to your own configuration")
}

/// The execution log of this repository.
pub(super) fn log(store: &Store, session: &Session) -> Log {
    let path: PathBuf = session
        .environ
        .log
        .clone()
        .unwrap_or_else(|| store.top().join(".promptctl/executions.jsonl"));
    Log::at(path)
}
