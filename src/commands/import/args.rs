//! What `promptctl import` is given.

use super::super::common::FormatArg;
use crate::exchange::format::{FORMATS, Format};
use crate::execute::recover::VersionSelection;
use crate::prompt::name::{Environment, PromptName};

/// Bring prompts of other tools here, and stored prompts of OpenAI's
///
/// Files of other tools become prompt files, in one commit. What a template or a prompt file cannot
/// say is reported with its place, or refused. Imported again, what changed in the source is merged
/// into what changed here. No code of the source is run, and nothing is read from the environment.
///
/// OpenAI has no export of stored prompts. A call with a stored prompt is answered with the prompt's
/// messages, filled in. So each version is called once with a mark for every variable, and the
/// connection is closed at the first event, before the model has answered. The template that results
/// is rendered again and compared before anything is written. Each version becomes one commit, under
/// its number.
///
/// That costs one call for each version, one for each prompt and one for each model; calls that the
/// API refuses are free. --dry-run asks only what is free. Run again, it takes what is new, and what a
/// run that was killed did not get to.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if a prompt or a part of one did not come, or a limit was reached; 1 if none came.
More: promptctl help moving-in, stored-prompts

Examples:
  promptctl import genkit/prompts --into genkit  # a folder of Dotprompt files
  promptctl import chat.prompty --dry-run        # what would be written
  promptctl import pmpt_… --name support/reply   # one prompt
  promptctl import answer.json                   # a saved answer, offline
  promptctl scan --ids --format json | promptctl import - --publish production")]
pub(in crate::commands) struct Args {
    /// Files and folders of other tools; or ids (pmpt_…), saved answers (FILE.json), and what
    /// `scan --ids --format json` printed (FILE, or `-` for standard input)
    #[arg(value_name = "SOURCE", required = true, value_hint = clap::ValueHint::AnyPath)]
    pub(super) sources: Vec<String>,
    /// The format of the files; without it, what their names and forms say
    #[arg(long, value_name = "FORMAT", value_parser = FromArg::parser())]
    pub(super) from: Option<FromArg>,
    /// The role of a text that names none
    #[arg(long, value_name = "ROLE", default_value = "user", value_parser = ["system", "developer", "user"])]
    pub(super) role: String,
    /// Leave out what keeps blank lines of Jinja's and Nunjucks' blocks; says what changes by that
    #[arg(long)]
    pub(super) tidy: bool,
    /// Say with which commands the versions become live that labels and aliases name there; each label
    /// is the name of an environment, and nothing is published
    #[arg(long)]
    pub(super) labels_as_environments: bool,
    /// Take the source's text where the prompt was edited here, too
    #[arg(long)]
    pub(super) force: bool,
    /// The prompt's name here; without it, that of the file, scan's proposal or imported/…
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<PromptName>,
    /// Put new prompts below this folder of names
    #[arg(long, value_name = "DIR")]
    pub(super) into: Option<String>,
    /// Which versions: up to the current one and those that the code asks for, or `all`, `current`,
    /// `used` (current, and what the code asks for), or a number
    #[arg(long, value_name = "WHICH", value_parser = parse_which)]
    pub(super) version: Option<VersionSelection>,
    /// A variable that the prompt has; more than once for more
    #[arg(long, value_name = "NAME")]
    pub(super) var_name: Vec<String>,
    /// The variable of the environment that holds the key; more than once for the keys of several
    /// projects, tried in turn
    #[arg(long, value_name = "VARIABLE")]
    pub(super) key_env: Vec<String>,
    /// Make the current version live in this environment, and tag the others
    #[arg(long, value_name = "ENV", add = super::super::candidates::environments())]
    pub(super) publish: Option<Environment>,
    /// With --publish: make the environment, where it is a new one
    #[arg(long, requires = "publish")]
    pub(super) create_env: bool,
    /// With --publish: make the tags here and send them later with promptctl push
    #[arg(long, requires = "publish")]
    pub(super) no_push: bool,
    /// The model that answers for one that is gone
    #[arg(long, value_name = "MODEL", add = super::super::candidates::models())]
    pub(super) model: Option<String>,
    /// Write settings that equal the API's own, too
    #[arg(long)]
    pub(super) keep_defaults: bool,
    /// Stop before the calls could cost more, in US dollars, counted as if none was closed early;
    /// models whose price is not known are not counted, and 0 is no limit
    #[arg(long, value_name = "USD", default_value_t = 5.0)]
    pub(super) max_cost: f64,
    /// Ask what is free, say what would be called, and change nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// With --dry-run: ask nothing at all
    #[arg(long, requires = "dry_run")]
    pub(super) offline: bool,
    /// One more call a prompt, with awkward values: proves that OpenAI changes none
    #[arg(long)]
    pub(super) prove: bool,
    /// Write nothing unless every prompt comes whole
    #[arg(long)]
    pub(super) strict: bool,
    /// Write the last version of each into its file, and do not commit
    #[arg(long, conflicts_with = "publish")]
    pub(super) no_commit: bool,
    /// The message of the commits, and of the releases; without it, what was imported
    #[arg(short, long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) message: Option<String>,
    /// Do not ask before the calls that cost something
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Make the calls that show how the API behaves, with the first id, and write them to DIR,
    /// without secrets; nothing is imported
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, conflicts_with_all = ["publish", "dry_run"])]
    pub(super) record_calls: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub(super) format: FormatArg,
}

fn parse_which(text: &str) -> Result<VersionSelection, String> {
    match text {
        "all" => Ok(VersionSelection::All),
        "current" => Ok(VersionSelection::Current),
        "used" => Ok(VersionSelection::Used),
        number => match number.trim_start_matches('v').parse() {
            Ok(number) if number > 0 => Ok(VersionSelection::One(number)),
            _ => Err("write all, current, used or a number".to_owned()),
        },
    }
}

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FromArg {
    /// Stored prompts, by their ids or from saved answers.
    Openai,
    File(Format),
}

impl FromArg {
    pub(super) fn parser() -> impl clap::builder::TypedValueParser<Value = Self> {
        use clap::builder::TypedValueParser as _;
        let names = std::iter::once("openai").chain(FORMATS.iter().map(|row| row.name));
        let names: Vec<&'static str> = names.collect();
        clap::builder::PossibleValuesParser::new(names).try_map(|name| match name.as_str() {
            "openai" => Ok(Self::Openai),
            name => Format::find(name)
                .map(Self::File)
                .ok_or("no format has this name"),
        })
    }
}
