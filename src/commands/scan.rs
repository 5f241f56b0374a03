//! `promptctl scan`.

mod baseline;
mod elsewhere;
mod keys;
mod lift;
mod prompts;
mod replace;
mod second_look;
mod show;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::common::count;
use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::{annotations, sarif};
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::scan::entry::{Entry, join};
use crate::scan::found::{self, CodeLanguage, FoundPrompt, LANGUAGES, Unread};

use baseline::Baseline;
use keys::Keys;
use walk::WantedPrompts;

/// Find prompts and ids of stored prompts in source code
///
/// Reads every text file that git tracks or does not ignore. Python, JavaScript and TypeScript are
/// parsed: what calls send to a model is found with its roles, variables, model and settings, through
/// constants and functions of this and other files. In other languages messages are found by their
/// look, and marked `shallow`. Constants count too whose names say that they are prompts, or whose
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
pub(super) struct Args {
    /// Files and folders; without any, the current one
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Look for ids of OpenAI's stored prompts alone
    #[arg(long, conflicts_with_all = ["all", "tests", "lang", "lift"])]
    ids: bool,
    /// Take what is less surely a prompt by its name or its beginning, too
    #[arg(long)]
    all: bool,
    /// Look into tests, too
    #[arg(long)]
    tests: bool,
    /// Look for prompts in files of these languages alone, by their endings
    #[arg(long, value_name = "LANG", value_delimiter = ',', value_parser = language())]
    lang: Vec<&'static CodeLanguage>,
    /// Write the prompts as prompt files, and print the code that takes their place
    #[arg(long, conflicts_with_all = ["fail", "write_baseline", "format"])]
    lift: bool,
    /// With --lift: these alone, by the names that scan proposes; more than once for more
    #[arg(long, value_name = "NAME", requires = "lift")]
    only: Vec<PromptName>,
    /// With --lift: put new prompts below this folder of names
    #[arg(long, value_name = "DIR", requires = "lift")]
    into: Option<String>,
    /// With --lift: take the code's text where the prompt was edited here, too
    #[arg(long, requires = "lift")]
    force: bool,
    /// With --lift: write the files, and do not commit
    #[arg(long, requires = "lift")]
    no_commit: bool,
    /// With --lift: the message of the commit
    #[arg(short, long, value_name = "TEXT", requires = "lift", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    message: Option<String>,
    /// Exit with 3 if there is anything that neither a comment nor the baseline allows
    #[arg(long)]
    fail: bool,
    /// Write what is there today into the baseline
    #[arg(long, conflicts_with_all = ["fail", "lang"])]
    write_baseline: bool,
    /// With --lift or --write-baseline: say what would be written, and write nothing
    #[arg(short = 'n', long)]
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

/// What was read.
#[derive(Debug, Default)]
struct Scanned {
    files: usize,
    bytes: u64,
    /// How many have a syntax tree.
    parsed: usize,
}

/// All that was found.
struct All {
    entries: Vec<Entry>,
    prompts: Vec<(String, FoundPrompt)>,
    /// Calls of which a text could not be read.
    unread: Vec<(String, Unread)>,
    scanned: Scanned,
}

impl All {
    /// How many are neither allowed nor known: stored prompts, their places, and prompts in code.
    fn new_ones(&self) -> (usize, usize, usize) {
        let places = self.entries.iter().map(|entry| entry.new_spots().count());
        let new: Vec<usize> = places.filter(|&places| places > 0).collect();
        let prompts = self.prompts.iter().filter(|(_, prompt)| prompt.is_new());
        (new.len(), new.iter().sum(), prompts.count())
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    if args.dry_run && !args.lift && !args.write_baseline {
        return Err(
            Failure::usage("--dry-run goes with --lift or --write-baseline")
                .hint("scan itself writes nothing"),
        );
    }
    let baseline = Baseline::read(args.baseline.as_deref(), !args.write_baseline, session)?;
    let keys = Keys::of_repository(session);
    let mut all = look(args, &baseline, &keys, session)?;
    if args.lift {
        return lift::lift(all, args, &keys, session);
    }
    let lifted = lift::lifted(&all.prompts, &keys, session);
    baseline.mark(&mut all.entries);
    baseline.mark_prompts(&mut all.prompts, &lifted);
    let again = show::again(&args.paths);
    let imported = imported(&all.entries, session);
    if args.write_baseline {
        let prompts = (!args.ids).then_some(all.prompts.as_slice());
        let known = baseline.to_write(&all.entries, prompts, &args.paths);
        let (places, shown) = (count(known.len(), "place"), &baseline.shown);
        if args.dry_run {
            let line = format!("{places} would be written to {shown}");
            match args.format {
                Format::Text => session.ui.line(line),
                Format::Json | Format::Sarif | Format::Github => session.ui.status(line),
            }
        } else {
            baseline.write(&known)?;
            session.ui.status(format!(
                "{places} written to {shown}: commit it, and --fail finds what is new"
            ));
        }
        baseline.mark(&mut all.entries);
        baseline.mark_prompts(&mut all.prompts, &lifted);
    }
    let findings = |all: &All| {
        let mut findings = show::findings(&all.entries, &again, &imported);
        let paths = show::paths(&args.paths);
        findings.extend(prompts::findings(&all.prompts, &lifted, &paths));
        findings.extend(prompts::notes(&all.unread));
        findings
    };
    match args.format {
        Format::Json => session.ui.block(show::json(
            &all.entries,
            (&all.prompts, &all.unread),
            &all.scanned,
            (&imported, &lifted),
        )),
        Format::Github => session.ui.data(annotations::render(&findings(&all))),
        Format::Sarif => session
            .ui
            .data(sarif::render(&findings(&all), &BTreeMap::new())),
        Format::Text => {
            show::new_first(&mut all.entries);
            if !args.ids {
                prompts::text(&all.prompts, &lifted, args.fail, session);
                prompts::unread(&all.unread, session);
            }
            if args.ids || !all.entries.is_empty() {
                let known = (&*again, &imported);
                show::text(&all.entries, &all.scanned, known, args.fail, session);
            }
            if !args.ids {
                let paths = show::paths(&args.paths);
                prompts::summary(
                    (&all.prompts, &all.unread),
                    &all.scanned,
                    args.all,
                    &paths,
                    session,
                );
            }
        }
    }
    let new = all.new_ones();
    let is_changed = |prompt: &&(String, FoundPrompt)| prompts::has_changed(prompt, &lifted);
    let changed = all.prompts.iter().filter(is_changed).count();
    if !args.fail || (new.0, new.2, changed) == (0, 0, 0) {
        return Ok(Exit::Done);
    }
    if changed > 0 {
        session.ui.status(format!(
            "--fail: {} changed in the code since, so that file and code disagree",
            count(changed, "lifted prompt")
        ));
        session.ui.hint(format!(
            "promptctl scan{} --lift merges what changed into the files",
            show::paths(&args.paths)
        ));
    }
    if (new.0, new.2) == (0, 0) {
        return Ok(Exit::Verdict);
    }
    fail(new, args, &baseline, session);
    Ok(Exit::Verdict)
}

/// Says what `--fail` found, and how it can be let pass.
fn fail(
    (ids, places, prompts): (usize, usize, usize),
    args: &Args,
    baseline: &Baseline,
    session: &mut Session,
) {
    let mut found = Vec::new();
    if ids > 0 {
        found.push(format!(
            "{} in {}",
            count(ids, "stored prompt"),
            count(places, "place")
        ));
    }
    if prompts > 0 {
        found.push(format!("{} in code", count(prompts, "prompt")));
    }
    session.ui.status(format!(
        "--fail: {} that neither a comment nor {} allows",
        found.join(" and "),
        baseline.shown
    ));
    let option = if args.ids { " --ids" } else { "" };
    let allowed: Vec<String> = [(code::STORED_ID, ids), (code::PROMPT_IN_CODE, prompts)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(code, _)| format!("`promptctl: allow {code}`"))
        .collect();
    session.ui.hint(format!(
        "{} in a comment of the line allows one, promptctl scan{option}{} --write-baseline all of today",
        allowed.join(" or "),
        show::paths(&args.paths)
    ));
}

/// All that these paths hold.
fn look(
    args: &Args,
    baseline: &Baseline,
    keys: &Keys,
    session: &mut Session,
) -> Result<All, Failure> {
    let wanted = (!args.ids).then(|| WantedPrompts {
        all: args.all,
        tests: args.tests,
        languages: args.lang.clone(),
    });
    let files = walk::Files::new(&args.paths, baseline, wanted.as_ref(), session)?;
    let mut found = files.read_all();
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
        second_look::reads(&found.code, &variables, &numbers)
    };
    if let Some(wanted) = &wanted {
        elsewhere::call(&mut found, wanted, &args.paths, keys);
    }
    second_look::changed_imports(&mut found);
    elsewhere::fill_in(&mut found, keys);
    found::name_all(&mut found.prompts);
    Ok(All {
        entries: join(found.places, reads, &found.values),
        prompts: found.prompts,
        unread: found.unread,
        scanned: found.scanned,
    })
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
