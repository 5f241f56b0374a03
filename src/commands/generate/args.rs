//! What `promptctl generate` is given.

use super::super::common::FormatArg;
use super::super::common::parse_dollars;
use super::super::release_args::YesArg;
use super::super::typed::Placed;
use crate::prompt::reference::Reference;
use std::str::FromStr;

/// Have version 1 of a prompt written by a model
///
/// A model writes messages, the schemas of variables and answer, checks, and six cases: two typical,
/// two edge, two hostile. What it wrote is checked as `validate` does, sent back twice at most to be
/// mended, shown, and committed once you agree. Its cases say `reviewed: false`: read them.
///
/// The writer is the bundled prompt promptctl/generate; a prompt of that name in the repository
/// takes its place (`promptctl seed promptctl` adds it). Files of --context are data for it: it follows
/// no instructions in them. A secret is neither sent nor committed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if a budget refuses, or a secret stands in it; 4 if the key is missing or refused.
More: promptctl help cases

Examples:
  promptctl generate support/refund \"Says whether a refund is due\" --dry-run
  promptctl generate support/refund \"Says whether a refund is due\" --context rules.txt --yes
  promptctl generate support/late \"Finds a late parcel\" --input 'mail: the e-mail' --yes
  promptctl generate support/returns \"Sorts returns\" --from support/triage --max-cost 0.05 --yes")]
pub(in crate::commands) struct Args {
    /// The prompt's name, such as support/refund, or the path of its file
    #[arg(value_parser = super::super::typed::placed)]
    pub(super) name: Placed,
    /// What it should do
    #[arg(value_name = "TASK")]
    pub(super) task: String,
    /// A variable that callers give, and what it holds: 'ticket: text of the e-mail'; may be given
    /// several times. Without any, the writer chooses
    #[arg(long, value_name = "NAME: ABOUT")]
    pub(super) input: Vec<InputArg>,
    /// A text that tells what the prompt will meet, such as rules or real inputs; may be given
    /// several times
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) context: Vec<String>,
    /// Another prompt whose manner is followed; its model is that of the new one
    #[arg(long, value_name = "REF", value_parser = super::super::typed::reference, add = super::super::candidates::references())]
    pub(super) from: Option<Reference>,
    /// The model that writes
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Send nothing back to be mended once the calls have cost so many US dollars
    #[arg(long, value_name = "USD", value_parser = parse_dollars)]
    pub(super) max_cost: Option<f64>,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    pub(super) message: Option<String>,
    /// Write the file and do not commit
    #[arg(long)]
    pub(super) no_commit: bool,
    /// Print the exact request and send nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) yes: YesArg,
    #[command(flatten)]
    pub(super) format: FormatArg,
}

/// `--input 'ticket: text of the e-mail'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputArg {
    pub(super) name: String,
    pub(super) about: String,
}

impl FromStr for InputArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, about) = text.split_once(':').unwrap_or((text, ""));
        let name = name.trim();
        let starts = name.starts_with(|first: char| first.is_ascii_lowercase());
        let is_name = name
            .bytes()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
        match starts && is_name {
            true => Ok(Self {
                name: name.to_owned(),
                about: about.trim().to_owned(),
            }),
            false => Err(
                "write NAME: ABOUT, such as 'ticket: text of the e-mail'; a name has small letters, digits and _"
                    .to_owned(),
            ),
        }
    }
}
