//! The options of `eval`.

use std::path::PathBuf;

use super::super::common::parse_dollars;
use super::super::evaluation::parse_share;
use crate::experiment::versus::FailOn;

/// Whether the run becomes evidence.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Evidence")]
pub(super) struct RecordArgs {
    /// Record what comes of it as a tag NAME/_eval/N, and send that to the remote; all cases are
    /// asked, and what the file says decides
    #[arg(long, conflicts_with_all = ["ids", "tags", "only", "file", "model", "answers", "scores", "min_pass_rate", "allow_undecided", "list", "show", "clear_cache"])]
    pub(super) record: bool,
    /// Why, for people who read the tag; has to be said where --fresh asks again
    #[arg(short, long, value_name = "TEXT", requires = "record")]
    pub(super) message: Option<String>,
    /// Make the tag here and send it later with promptctl push
    #[arg(long, requires = "record")]
    pub(super) no_push: bool,
}

/// Which cases.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cases")]
pub(super) struct CaseArgs {
    /// This case alone, by its id; may be given several times
    #[arg(long = "case", value_name = "ID")]
    pub(super) ids: Vec<String>,
    /// Cases with this tag alone
    #[arg(long = "tag", value_name = "TAG")]
    pub(super) tags: Vec<String>,
    /// Those that did not pass in the newest run that asked all cases
    #[arg(long, value_name = "WHICH")]
    pub(super) only: Option<Only>,
    /// The cases of FILE (.jsonl, .json, .yaml, .csv) instead of the prompt's own
    #[arg(long = "cases", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) file: Option<PathBuf>,
    /// How often each case is asked; a case passes if most of its answers do
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) repeat: Option<u32>,
}

/// `--only`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Only {
    /// What did not pass
    Failed,
}

/// Where answers come from.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Answers")]
pub(super) struct AnswerArgs {
    /// Another model than the file's; several are compared side by side; `echo` answers offline
    #[arg(long, value_name = "MODEL", add = super::super::candidates::models())]
    pub(super) model: Vec<String>,
    /// Spend at most so many US dollars: a call begins only if it fits at its worst (all tokens that it
    /// reads, and as many as `maxTokens` lets it write, or as earlier calls wrote) beside what was spent and
    /// what is under way; a first call that does not fit is not made either
    #[arg(long, value_name = "USD", value_parser = parse_dollars)]
    pub(super) max_cost: Option<f64>,
    /// Call no model: what the cache does not have is not asked
    #[arg(long)]
    pub(super) cached: bool,
    /// Ask again what the cache has
    #[arg(long, conflicts_with = "cached")]
    pub(super) fresh: bool,
    /// Judge the answers of FILE, JSON lines of {case, repeat, output}, and call no model; `-` is
    /// standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with_all = ["cached", "fresh", "max_cost"])]
    pub(super) answers: Option<PathBuf>,
    /// Scores that another program made, JSON lines of {case, repeat, evaluator, score, reason}
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) scores: Option<PathBuf>,
    /// How many calls are under way at once
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) concurrency: u16,
    /// Show what would be asked and what that may cost, and send nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
}

/// `--fail-on`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum FailOnArg {
    /// It is shown to be worse
    Worse,
    /// It is shown to be neither better nor not worse than the margin
    Unproven,
    /// A case that passed no longer does
    AnyFlip,
    /// Never
    Never,
}

impl From<FailOnArg> for FailOn {
    fn from(when: FailOnArg) -> Self {
        match when {
            FailOnArg::Worse => Self::Worse,
            FailOnArg::Unproven => Self::Unproven,
            FailOnArg::AnyFlip => Self::AnyFlip,
            FailOnArg::Never => Self::Never,
        }
    }
}

/// What prompts are compared with.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Comparison")]
pub(super) struct BaseArgs {
    /// Compare with BASE on the same cases, only the prompts that differ from it: a revision (where
    /// the branch began), `live` (`@staging`: what is live there), a version such as v3, or another
    /// prompt; may be given several times
    #[arg(long, value_name = "BASE")]
    pub(super) base: Vec<String>,
    /// When a comparison makes the run fail
    #[arg(long, value_name = "WHEN", default_value = "worse", requires = "base")]
    pub(super) fail_on: FailOnArg,
}

/// What has to pass.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Verdict")]
pub(super) struct RuleArgs {
    /// The share of cases that have to pass, such as 0.95 or 95%
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub(super) min_pass_rate: Option<f64>,
    /// The lower end of the interval has to reach the share
    #[arg(long)]
    pub(super) confident: bool,
    /// With more than N cases undecided or without an answer, the verdict is at best incomplete
    #[arg(long, value_name = "N", default_value = "0")]
    pub(super) allow_undecided: usize,
}

/// How the result is shown.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct ShownArgs {
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: EvalFormat,
    /// Write the result to FILE as well: .txt, .json, .jsonl (a line a case), .md or .xml (JUnit);
    /// may be given several times
    #[arg(short, long = "output", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) outputs: Vec<PathBuf>,
}

/// How a run is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum EvalFormat {
    /// For people
    Text,
    /// One JSON object for scripts
    Json,
    /// For a pull request
    Markdown,
    /// JUnit XML
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

/// Runs of before.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Runs of before")]
pub(super) struct EarlierArgs {
    /// List the runs that this clone keeps
    #[arg(long, conflicts_with = "references")]
    pub(super) list: bool,
    /// Show a run again, by the beginning of its id; `last` is the newest
    #[arg(long, value_name = "RUN", conflicts_with_all = ["references", "list"])]
    pub(super) show: Option<String>,
    /// Forget all answers that were kept
    #[arg(long, conflicts_with_all = ["references", "list", "show"])]
    pub(super) clear_cache: bool,
}
