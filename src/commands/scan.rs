//! `promptctl scan`.

mod baseline;
mod show;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::common::count;
use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::name::PromptName;
use crate::scan::entry::{Entry, join};

use baseline::Baseline;

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
/// Of files above 2 MB only the ids are read.
///
/// For CI: --fail exits with 3 while ids are in use. `promptctl: allow P510` in a comment allows the
/// id on that line. --write-baseline lists the ids that are in use today, with their files, in
/// .promptctl-baseline at the top of the repository: commit it, and --fail finds only what is new.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(after_long_help = "\
Exit codes: 3 with --fail, if there is an id that is not allowed.
More: promptctl help stored-prompts

Examples:
  promptctl scan --ids src/
  promptctl scan --ids --format json | promptctl import - --dry-run
  promptctl scan --ids --write-baseline
  promptctl scan --ids --fail   # in CI")]
pub(super) struct Args {
    /// Files and folders; without any, the current one
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Look for ids of OpenAI's stored prompts
    #[arg(long, required = true)]
    ids: bool,
    /// Exit with 3 if there are ids that neither a comment nor the baseline allows
    #[arg(long)]
    fail: bool,
    /// Write the ids that are in use into the baseline
    #[arg(long, conflicts_with = "fail")]
    write_baseline: bool,
    /// With --write-baseline: say how many there would be, and write nothing
    #[arg(short = 'n', long, requires = "write_baseline")]
    dry_run: bool,
    /// The baseline; without it, .promptctl-baseline at the top of the repository
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    baseline: Option<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    _out: OutArg,
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
    let baseline = Baseline::read(args.baseline.as_deref(), !args.write_baseline, session)?;
    let (mut entries, scanned) = entries(&args.paths, &baseline, session)?;
    baseline.mark(&mut entries);
    let again = show::again(&args.paths);
    let imported = imported(&entries, session);
    if args.write_baseline {
        let known = baseline.to_write(&entries, &args.paths);
        let (places, shown) = (count(known.len(), "place"), &baseline.shown);
        if args.dry_run {
            let line = format!("{places} would be written to {shown}");
            match args.format {
                Format::Text => session.ui.line(line),
                Format::Json | Format::Github => session.ui.status(line),
            }
        } else {
            baseline.write(&known)?;
            session.ui.status(format!(
                "{places} written to {shown}: commit it, and --fail finds what is new"
            ));
        }
        baseline.mark(&mut entries);
    }
    match args.format {
        Format::Json => session.ui.line(show::json(&entries, &scanned, &imported)),
        Format::Github => {
            let text = show::annotations(&entries, &again, &imported);
            session.ui.data(text);
        }
        Format::Text => {
            show::new_first(&mut entries);
            show::text(&entries, &scanned, &again, &imported, session);
        }
    }
    let new: Vec<usize> = entries
        .iter()
        .map(|entry| entry.new_spots().count())
        .filter(|&places| places > 0)
        .collect();
    if !args.fail || new.is_empty() {
        return Ok(Exit::Done);
    }
    session.ui.status(format!(
        "--fail: {} in {} that neither a comment nor {} allows",
        count(new.len(), "stored prompt"),
        count(new.iter().sum(), "place"),
        baseline.shown
    ));
    session.ui.hint(format!(
        "`promptctl: allow P510` in a comment of the line allows one, promptctl scan --ids{} --write-baseline all of today",
        show::paths(&args.paths)
    ));
    Ok(Exit::Verdict)
}

/// All entries of some paths.
fn entries(
    paths: &[PathBuf],
    baseline: &Baseline,
    session: &mut Session,
) -> Result<(Vec<Entry>, Scanned), Failure> {
    let files = walk::Files::new(paths, baseline, session)?;
    let found = files.read_all();
    for problem in &found.problems {
        session.ui.warning(problem);
    }
    let variables: BTreeSet<String> = found
        .places
        .iter()
        .filter_map(|(_, place)| place.variable.clone())
        .collect();
    let numbers: BTreeSet<String> = found
        .values
        .keys()
        .map(|(_, variable)| variable.clone())
        .collect();
    let reads = if variables.is_empty() {
        Vec::new()
    } else {
        walk::reads(&found.code, &variables, &numbers)
    };
    Ok((join(found.places, reads, &found.values), found.scanned))
}

/// The prompts that were imported into the repository here, by their ids.
fn imported(entries: &[Entry], session: &Session) -> BTreeMap<String, PromptName> {
    if entries.iter().all(|entry| entry.is_placeholder) {
        return BTreeMap::new();
    }
    let Ok((store, _)) = session.store() else {
        return BTreeMap::new();
    };
    let (all, _) = store.load_all();
    all.into_iter()
        .filter_map(|loaded| {
            let source = loaded.document.source.as_ref()?;
            Some((source.stored_id()?.to_owned(), loaded.name.clone()))
        })
        .collect()
}
