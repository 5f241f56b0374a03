//! `promptctl cases`.

mod add;
mod check;
mod from_log;
mod list;
mod show;
mod target;

use clap::Subcommand;

use super::session::Session;
use crate::error::{Exit, Failure};

/// Keep the cases that prompts are tried with
///
/// Cases stand below `testData:` of a prompt file, or in the files that `datasets:` names.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help cases

Examples:
  promptctl cases add support/triage --var ticket='It burns' --expected technical --tag edge
  promptctl cases list support/triage
  promptctl cases show support/triage question
  promptctl cases check
  promptctl cases from-log support/triage --since yesterday --dry-run")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Args),
    List(list::Args),
    Show(show::Args),
    Check(check::Args),
    FromLog(from_log::Args),
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    match &args.command {
        Command::Add(args) => add::run(args, session),
        Command::List(args) => list::run(args, session),
        Command::Show(args) => show::run(args, session),
        Command::Check(args) => check::run(args, session),
        Command::FromLog(args) => from_log::run(args, session),
    }
}
