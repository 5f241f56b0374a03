//! What `promptctl scan` is given.

use super::super::out::OutArg;
use crate::prompt::name::PromptName;
use crate::scan::found::{CodeLanguage, LANGUAGES};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

/// Find prompts and ids of stored prompts in source code
///
/// Reads every text file that git tracks or does not ignore. Python, JavaScript and TypeScript are
/// parsed, in notebooks too: what calls send to a model is found with its roles, variables, model and
/// settings, through constants, functions and methods of this and other files. In other languages
/// messages are found by their look, and marked `shallow`. Constants count too whose names say that they are prompts, or whose
/// texts begin as prompts do (`You are a …`). Tests are left out without --tests.
///
/// --lift writes each prompt as a prompt file, in one commit, and prints the code that takes its
/// place; source code is never changed. What cannot be lifted for sure is refused with its line
/// (P524). Lifted again, what changed in the code is merged into what changed here.
///
/// --fail is for CI: it exits with 3 while there is a prompt that neither a comment (`promptctl: allow
/// P514`) nor the baseline allows, or one that was lifted and has changed in the code since (P526). A
/// call that sends what cannot be read is a note (P525) and never fails.
///
/// --ids looks for ids of OpenAI's stored prompts alone: their places, and the versions and names of
/// variables that the calls there send. No value is read or shown.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 with --fail, if there is something not allowed; with --lift, if not all came whole.
More: promptctl help moving-in, stored-prompts

Examples:
  promptctl scan src/
  promptctl scan src/ --all                # what may be a prompt by its name, too
  promptctl scan src/ --lift --dry-run     # the files that would be written
  promptctl scan --write-baseline          # what is there today is known
  promptctl scan --fail --format sarif     # in CI
  promptctl scan --ids --format json | promptctl import - --dry-run")]
pub(in crate::commands) struct Args {
    /// Files and folders; without any, the current one
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    /// Look for ids of OpenAI's stored prompts alone
    #[arg(long, conflicts_with_all = ["all", "tests", "lang", "lift"])]
    pub(super) ids: bool,
    /// Take what is less surely a prompt by its name or its beginning, too
    #[arg(long)]
    pub(super) all: bool,
    /// Look into tests, too
    #[arg(long)]
    pub(super) tests: bool,
    /// Look for prompts in files of these languages alone, by their endings
    #[arg(long, value_name = "LANG", value_delimiter = ',', value_parser = language())]
    pub(super) lang: Vec<&'static CodeLanguage>,
    /// Write the prompts as prompt files, and print the code that takes their place
    #[arg(long, conflicts_with_all = ["fail", "write_baseline", "format"])]
    pub(super) lift: bool,
    /// With --lift: these alone, by the names that scan proposes; more than once for more
    #[arg(long, value_name = "NAME", requires = "lift")]
    pub(super) only: Vec<PromptName>,
    /// With --lift: put new prompts below this folder of names
    #[arg(long, value_name = "DIR", requires = "lift")]
    pub(super) into: Option<String>,
    /// With --lift: take the code's text where the prompt was edited here, too
    #[arg(long, requires = "lift")]
    pub(super) force: bool,
    /// With --lift: write the files, and do not commit
    #[arg(long, requires = "lift")]
    pub(super) no_commit: bool,
    /// With --lift: the message of the commit
    #[arg(short, long, value_name = "TEXT", requires = "lift", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) message: Option<String>,
    /// Exit with 3 if there is anything that neither a comment nor the baseline allows
    #[arg(long)]
    pub(super) fail: bool,
    /// Write what is there today into the baseline
    #[arg(long, conflicts_with_all = ["fail", "lang"])]
    pub(super) write_baseline: bool,
    /// With --lift or --write-baseline: say what would be written, and write nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// The baseline; without it, .promptctl-baseline at the top of the repository
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) baseline: Option<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) _out: OutArg,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One JSON object for scripts, which `import -` reads
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// Reads the name of a language.
fn language() -> impl TypedValueParser<Value = &'static CodeLanguage> {
    let names = LANGUAGES
        .iter()
        .map(|it| PossibleValue::new(it.name).help(it.title));
    PossibleValuesParser::new(names)
        .try_map(|name| CodeLanguage::named(&name).ok_or("is no language that is read"))
}
