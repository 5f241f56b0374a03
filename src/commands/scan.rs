//! `promptctl scan`.

mod show;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Session;
use super::common::count;
use crate::error::{Exit, Failure};
use crate::scan::entry::{Entry, join};

/// Find the ids of stored prompts in source code and settings
///
/// Reads every text file that git tracks or does not ignore, and `.env` files also where it does;
/// outside of a repository, what the ignore rules leave. For each id: its places, the versions and
/// the names of the variables that the calls there send, through constants of the same file and
/// variables of the environment. Of values nothing is read or shown.
///
///   promptctl scan --ids src/
///   promptctl scan --ids --format json | promptctl import - --publish production
///
/// Of files above 2 MB only the ids are read. `promptctl: allow P510` in a comment allows the id
/// on that line.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Files and folders; without any, the current one
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Look for ids of OpenAI's stored prompts
    #[arg(long, required = true)]
    ids: bool,
    /// Exit with 3 if there are ids that no line allows
    #[arg(long)]
    fail: bool,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object for scripts, which `import -` reads
    Json,
    /// Annotations of GitHub Actions
    Github,
}

/// What was read.
#[derive(Debug, Default)]
struct Scanned {
    files: usize,
    bytes: u64,
    parsed: usize,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    session.ui.json = args.format == Format::Json;
    let (entries, scanned) = entries(&args.paths, session)?;
    match args.format {
        Format::Json => session.ui.line(show::json(&entries, &scanned)),
        Format::Github => session.ui.data(show::annotations(&entries)),
        Format::Text => show::text(&entries, &scanned, session),
    }
    let is_found = entries
        .iter()
        .any(|entry| !entry.is_placeholder && !entry.is_allowed());
    if args.fail && is_found {
        let real = entries.iter().filter(|entry| !entry.is_placeholder).count();
        session
            .ui
            .status(format!("{} in use: --fail", count(real, "stored prompt")));
        return Ok(Exit::Verdict);
    }
    Ok(Exit::Done)
}

/// All entries of some paths.
fn entries(paths: &[PathBuf], session: &mut Session) -> Result<(Vec<Entry>, Scanned), Failure> {
    let files = walk::Files::new(paths, session)?;
    let found = files.read_all();
    for problem in &found.problems {
        session.ui.warning(problem);
    }
    let variables: BTreeSet<String> = found
        .places
        .iter()
        .filter_map(|(_, place)| place.variable.clone())
        .collect();
    let values: BTreeMap<String, String> = found.values.into_iter().collect();
    let reads = if variables.is_empty() {
        Vec::new()
    } else {
        walk::reads(&found.code, &variables, &values)
    };
    Ok((join(found.places, reads), found.scanned))
}
