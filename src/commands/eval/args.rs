//! What `promptctl eval` is given.

use super::groups::{AnswerArgs, BaseArgs, CaseArgs, EarlierArgs, RecordArgs, RuleArgs, ShownArgs};
use crate::prompt::name::Environment;
use crate::prompt::reference::Reference;

/// Run the cases of prompts, and say whether they pass
///
/// The cases are those of `testData:` and `datasets:`, the checks those of `evaluators:`. Without a
/// name, all prompts with cases are evaluated. Everything is read, checked and rendered before the
/// first call. Answers are kept in .promptctl/cache, so that the same question is paid for once.
///
/// Every case has to pass, unless `eval: {minPassRate: …}` or --min-pass-rate says how many. A case
/// that is undecided, or that got no answer, counts as failed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if a prompt does not pass, or something that would decide is missing; 4 if a call is \
needed and the key is missing or refused.
More: promptctl help evaluation

Examples:
  promptctl eval support/triage
  promptctl eval support/triage --dry-run               # what it would ask, and cost
  promptctl eval support/triage --max-cost 0.50 -o report.md -o junit.xml
  promptctl eval support/triage --model echo            # offline
  promptctl eval support/triage --only failed
  promptctl eval --base origin/main                     # is what changed better, and how sure is it
  promptctl eval support/triage --record                # for requireEval; see help policy
  promptctl eval --list")]
pub(in crate::commands) struct Args {
    /// The prompts; all that have cases where none is named
    #[arg(value_name = "REF", value_parser = super::super::typed::reference, add = super::super::candidates::references())]
    pub(super) references: Vec<Reference>,
    /// What is live in ENV: `NAME --env staging` is `NAME@staging`
    #[arg(short, long, value_name = "ENV", requires = "references", add = super::super::candidates::environments())]
    pub(super) env: Option<Environment>,
    #[command(flatten)]
    pub(super) cases: CaseArgs,
    #[command(flatten)]
    pub(super) answers: AnswerArgs,
    #[command(flatten)]
    pub(super) base: BaseArgs,
    #[command(flatten)]
    pub(super) rule: RuleArgs,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
    #[command(flatten)]
    pub(super) record: RecordArgs,
    #[command(flatten)]
    pub(super) earlier: EarlierArgs,
}
