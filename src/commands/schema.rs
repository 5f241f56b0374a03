//! `promptctl schema`.

use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::schema::prompt_schema;

/// Print the JSON Schema of the prompt file
///
/// Editors that know YAML check and complete prompt files with it: init writes it to
/// prompts/prompt.schema.json, and `# yaml-language-server: $schema=…` names it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl schema -o prompts/prompt.schema.json")]
pub(super) struct Args {
    #[command(flatten)]
    _out: OutArg,
}

pub(super) fn run(_args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    session.ui.data(prompt_schema());
    Ok(Exit::Done)
}
