//! What `promptctl run` is given.

use super::super::common::{FormatArg, parse_dollars};
use super::super::prompt_args::PromptArgs;
use crate::execute::SourceChoice;
use std::path::PathBuf;

/// Call the model and record the execution
///
/// The key comes from OPENAI_API_KEY, the server from OPENAI_BASE_URL; other providers from your
/// own configuration. `--model echo` answers offline with the last user message.
///
/// An answer that does not fit the prompt's `jsonSchema` ends with 3, as does a batch in which
/// some calls failed and a budget that refuses the call.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if the answer does not fit its schema, a budget refuses, or part of a batch failed; 4 if \
the key is missing or refused.
More: promptctl help log

Examples:
  promptctl run support/triage --var ticket=@ticket.txt
  promptctl run support/triage@production --var ticket=Hello --model echo   # offline
  promptctl run support/triage --var ticket=Hello --dry-run
  promptctl run support/triage --inputs cases.jsonl -o out.jsonl --max-cost 1")]
pub(in crate::commands) struct Args {
    #[command(flatten)]
    pub(super) prompt: PromptArgs,
    /// Another model than the file's; `echo` answers offline
    #[arg(long, value_name = "MODEL", add = super::super::candidates::models())]
    pub(super) model: Option<String>,
    /// Text added as a last user message
    #[arg(long, value_name = "TEXT")]
    pub(super) user: Option<String>,
    /// Go on from an earlier answer
    #[arg(long, value_name = "ID")]
    pub(super) previous_response_id: Option<String>,
    /// Who renders the prompt: `auto` calls the stored prompt at OpenAI where one is named
    #[arg(long, value_name = "SOURCE", default_value = "auto")]
    pub(super) source: SourceChoice,
    /// Fail when the stored prompt is gone, instead of sending the version here
    #[arg(long)]
    pub(super) no_fallback: bool,
    /// Ask again up to N times, with the errors, when the answer does not fit its JSON Schema
    #[arg(long, value_name = "N", default_value = "0")]
    pub(super) retry_invalid: u32,
    /// How long a call may take in all, attempts and waits included; 1800 seconds, or `timeout:` of
    /// your own configuration
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) timeout: Option<u64>,
    /// Show the answer as it comes, also in a pipe
    #[arg(long, conflicts_with = "inputs")]
    pub(super) stream: bool,
    /// A label for the record, to find it by
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_label)]
    pub(super) label: Vec<(String, String)>,
    /// Print the exact request and send nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Print the request as a curl command and send nothing; the key stays a variable
    #[arg(long)]
    pub(super) curl: bool,
    /// Do not append to the execution log
    #[arg(long)]
    pub(super) no_log: bool,
    #[command(flatten)]
    pub(super) many: BatchArgs,
    #[command(flatten)]
    pub(super) format: FormatArg,
}

/// Many calls at once.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Many calls")]
pub(super) struct BatchArgs {
    /// Call once for each line: a JSON object of variables, `id` names the case; `-` is standard
    /// input. Results are JSON lines in the order of the inputs
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with_all = ["dry_run", "curl"])]
    pub(super) inputs: Option<String>,
    /// How many calls are under way at once
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..=1000), requires = "inputs")]
    pub(super) concurrency: u16,
    /// Write the results to FILE; what was paid for survives a kill
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, requires = "inputs")]
    pub(super) output: Option<PathBuf>,
    /// Go on with FILE: inputs whose good answer it holds are not sent again
    #[arg(long, requires = "output")]
    pub(super) resume: bool,
    /// Spend at most so many US dollars: a call begins only if it fits at its worst
    #[arg(long, value_name = "USD", requires = "inputs", value_parser = parse_dollars)]
    pub(super) max_cost: Option<f64>,
    /// Begin no call after one has failed
    #[arg(long, requires = "inputs")]
    pub(super) fail_fast: bool,
}

fn parse_label(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "write KEY=VALUE".to_owned())
}
