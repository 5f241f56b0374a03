//! `promptctl render`.

use serde_json::Value;

use super::messages::print;
use super::out::OutArg;
use super::prompt_args::PromptArgs;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::openai::request::{RequestOptions, body, request_hash};
use crate::output::json;

/// Print the messages that a model would see
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help templates

Examples:
  promptctl render support/triage --var ticket=@ticket.txt
  promptctl render support/triage@production --vars values.json --format json
  promptctl render support/triage@v2 --var ticket=Hello --format request")]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) prompt: PromptArgs,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: RenderFormat,
    #[command(flatten)]
    _out: OutArg,
}

/// How messages are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RenderFormat {
    /// The messages, each under its role
    Text,
    /// One JSON object for scripts
    Json,
    /// The body of the API request
    Request,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, _) = session.store()?;
    let chosen = args.prompt.choose(&store, session)?;
    match args.format {
        RenderFormat::Text => print(&chosen.rendered.messages, session),
        RenderFormat::Request => {
            let request = body(
                &chosen.loaded.document,
                &chosen.rendered.messages,
                &RequestOptions::default(),
            )?;
            session.ui.block(json::pretty(&request));
        }
        RenderFormat::Json => {
            let loaded = &chosen.loaded;
            // A prompt that leaves the model to its caller has no request yet.
            let request = body(
                &loaded.document,
                &chosen.rendered.messages,
                &RequestOptions::default(),
            )
            .ok();
            let messages: Vec<Value> = chosen
                .rendered
                .messages
                .iter()
                .map(|message| message.to_json())
                .collect();
            session.ui.block(json::document(&serde_json::json!({
                "name": loaded.name,
                "version": loaded.version(),
                "model": loaded.document.model,
                "messages": messages,
                "parameters": loaded.document.parameters,
                "variables": chosen.rendered.values,
                "request_hash": request.as_ref().map(request_hash),
            })));
        }
    }
    Ok(Exit::Done)
}
