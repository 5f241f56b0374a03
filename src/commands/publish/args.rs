//! What `promptctl publish` is given.

use super::super::common::EnvArg;
use super::super::gate::parse_allowed;
use super::super::release_args::{ReleaseArgs, YesArg};
use super::super::typed::Typed;
use crate::prompt::code::Code;

/// Make a version live in an environment
///
/// Makes the annotated tags PROMPT/vN and PROMPT/ENV/N, and sends them to the remote where there
/// is one. Only committed content without errors is published: what validate calls an error stops
/// it, unless this very content was released there before. Without @vN, the version of the working
/// copy is meant. On a terminal it asks before it publishes a folder or a pattern; Enter is no.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if the file has errors, a rule of the environment refuses, or part of --all failed; \
4 if the remote refuses the tags.
More: promptctl help releases

Examples:
  promptctl publish support/triage -m \"Approved by support\"
  promptctl publish support/triage@v2 --env staging
  promptctl publish support/
  promptctl publish --all --dry-run
  promptctl publish support/triage --env canary --create-env")]
pub(in crate::commands) struct Args {
    /// The prompts: name, name@v3, name@<git revision>, a file, a folder/ or a pattern
    #[arg(value_name = "REF", required_unless_present = "all", value_parser = super::super::typed::several, add = super::super::candidates::references())]
    pub(super) references: Vec<Typed>,
    /// Every prompt whose version is higher than any that was ever released in the environment
    #[arg(long, conflicts_with = "references")]
    pub(super) all: bool,
    /// Let through errors with this code, such as P025; the release says so
    #[arg(long, value_name = "CODE", value_parser = parse_allowed)]
    pub(super) allow: Vec<Code>,
    /// Make the environment, where it is a new one; its name is permanent
    #[arg(long)]
    pub(super) create_env: bool,
    #[command(flatten)]
    pub(super) yes: YesArg,
    #[command(flatten)]
    pub(super) env: EnvArg,
    #[command(flatten)]
    pub(super) release: ReleaseArgs,
}
