//! What `promptctl bisect` is given.

use super::super::super::common::FormatArg;
use super::super::super::common::parse_dollars;
use super::super::super::plan::PlanArg;
use crate::prompt::name::PromptName;

/// The most often that a version is asked.
pub(super) const MOST_REPEATS: u32 = 100;

/// Find the version of a prompt that broke a case, or mended it
///
/// Asks every version, or halves where there are more than 16, the same case with the same checks, and
/// shows how often each passes. A version is named only where all its answers differ from those of the
/// one before, or more of them than chance explains (Fisher's exact test at 5 %). The case is that of the files here; one that is gone is taken from the
/// newest version that had it, its dataset as it was then. What was asked before comes from the cache.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if the limit on the cost ended it; 4 if a call is needed and the key is missing or refused.
More: promptctl help cases

Examples:
  promptctl bisect support/triage --case question --dry-run
  promptctl bisect support/triage --case question --max-cost 0.10
  promptctl bisect support/triage --case question --repeat 9 --format json")]
pub(in crate::commands) struct Args {
    /// The prompt
    #[arg(value_name = "NAME", value_parser = super::super::super::typed::name, add = super::super::super::candidates::names())]
    pub(super) name: PromptName,
    /// The case, by its id or a unique beginning of it
    #[arg(long, value_name = "ID")]
    pub(super) case: String,
    /// How often each version is asked; it passes if most of its answers do
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_REPEATS)))]
    pub(super) repeat: u32,
    /// Another model than that of each version; `echo` answers offline
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Spend at most so many US dollars: a call begins only if it fits at its worst
    #[arg(long, value_name = "USD", value_parser = parse_dollars)]
    pub(super) max_cost: Option<f64>,
    /// Call no model: what the cache does not have is not asked
    #[arg(long)]
    pub(super) cached: bool,
    #[command(flatten)]
    pub(super) plan: PlanArg,
    #[command(flatten)]
    pub(super) format: FormatArg,
}
