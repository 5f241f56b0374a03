//! `promptctl export`.

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use super::common::{FormatArg, all_or_why_not, count};
use super::load_at::load_at;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::exchange::format::export::{Exported, Outgoing, TARGETS, Target, write};
use crate::files::Loaded;
use crate::output::json::{self, FailureJson, FindingJson};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::name::Environment;
use crate::prompt::quote::shell_path;
use crate::prompt::reference::{Reference, Selector};
use crate::releases::Store;

/// Write prompts as files of other tools
///
/// One prompt goes to standard output, where it is one file; several go below --out. What the other
/// format cannot say is refused with its place, and with --lossy left out and listed. What it has no
/// key for, such as cases, stands under a key `promptctl`: imported again, it is the same prompt.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if some could not be exported, or with --lossy something was left out; 1 if none could.
More: promptctl help moving-in

Examples:
  promptctl export support/triage --to dotprompt
  promptctl export support/triage@production --to langfuse --out langfuse
  promptctl export --all --env production --to json --out backup")]
pub(super) struct Args {
    /// The prompts: name, name@v3, name@production or name@<git revision>
    #[arg(value_name = "REF", required_unless_present = "all", value_parser = super::typed::reference, add = super::candidates::references())]
    references: Vec<Reference>,
    /// All prompts of the working copy, or with --env all that are live there
    #[arg(long, conflicts_with = "references")]
    all: bool,
    /// With --all, those that are live in this environment
    #[arg(short, long, value_name = "ENV", requires = "all", add = super::candidates::environments())]
    env: Option<Environment>,
    /// The format
    #[arg(long, value_name = "FORMAT", value_parser = target_parser())]
    to: Target,
    /// The folder that the files go to, made where there is none
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// Leave out what the format cannot say, and list it
    #[arg(long)]
    lossy: bool,
    /// Write over files that hold something else
    #[arg(long)]
    force: bool,
    /// Say what would be written, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    format: FormatArg,
}

fn target_parser() -> impl clap::builder::TypedValueParser<Value = Target> {
    use clap::builder::TypedValueParser as _;
    let names: Vec<&'static str> = TARGETS.iter().map(|row| row.name).collect();
    clap::builder::PossibleValuesParser::new(names)
        .try_map(|name| Target::find(&name).ok_or("no format has this name"))
}

/// What became of one prompt.
struct Export {
    name: String,
    files: Vec<(String, String)>,
    lost: Vec<Finding>,
    failure: Option<Failure>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, _) = session.store()?;
    if args.dry_run {
        store.write_nothing();
    }
    let mut loaded = Vec::new();
    for reference in references(args, &store)? {
        loaded.push(load_at(&store, &reference, None, session));
    }
    let loaded = all_or_why_not(loaded, session)?;
    let exports: Vec<Export> = loaded.iter().map(|loaded| one(loaded, args)).collect();
    let files: Vec<&(String, String)> = exports.iter().flat_map(|export| &export.files).collect();
    match &args.out {
        Some(folder) => {
            let top = session.directory.join(folder);
            place(&top, &files, args)?;
        }
        None if args.format.is_json() => {}
        None if files.len() > 1 => {
            return Err(Failure::usage(format!(
                "these are {}, and standard output takes one",
                count(files.len(), "file")
            ))
            .hint("--out DIR puts them below a folder"));
        }
        None => {
            for (_, text) in files {
                session.ui.data(text);
            }
        }
    }
    Ok(tell(&exports, args, session))
}

/// The prompts that are meant.
fn references(args: &Args, store: &Store) -> Result<Vec<Reference>, Failure> {
    if !args.all {
        return Ok(args.references.clone());
    }
    let Some(environment) = &args.env else {
        let names = store
            .list()
            .files
            .iter()
            .map(|file| file.name.clone())
            .collect::<Vec<_>>();
        return Ok(names.into_iter().map(Reference::working_copy).collect());
    };
    store.require_environment(environment)?;
    let mut overview = store.overview()?;
    if let Some(failure) = overview.failures.drain(..).next() {
        return Err(failure);
    }
    let mut all = Vec::new();
    for name in overview.states.keys() {
        if overview.live(name).any(|(live, _)| live == environment) {
            all.push(Reference {
                name: name.clone(),
                selector: Selector::Named(environment.to_string()),
            });
        }
    }
    Ok(all)
}

fn one(loaded: &Loaded, args: &Args) -> Export {
    let name = loaded.name.to_string();
    let outgoing = Outgoing {
        name: &name,
        document: &loaded.document,
        partials: &loaded.partials,
    };
    let written = write(args.to, &outgoing);
    let Exported { files, mut lost } = match written {
        Ok(exported) => exported,
        Err(why) => {
            return Export {
                files: Vec::new(),
                lost: Vec::new(),
                failure: Some(Failure::from(why.in_file(&loaded.path))),
                name,
            };
        }
    };
    for finding in &mut lost {
        finding.path = Some(loaded.path.clone());
    }
    let refusals: Vec<Finding> = lost.iter().filter(|it| it.is_error()).cloned().collect();
    if !refusals.is_empty() && !args.lossy {
        let format = args.to.row().name;
        let mut failure = Failure::from(refusals);
        failure.message = format!("{name} cannot be said in {format}: {}", failure.message);
        return Export {
            files: Vec::new(),
            lost: Vec::new(),
            failure: Some(failure.hint("--lossy leaves it out and lists it; --to dotprompt keeps Handlebars, --to json everything")),
            name,
        };
    }
    for finding in &mut lost {
        if finding.is_error() {
            finding.severity = Severity::Warning;
            finding.message.push_str(": left out");
        }
    }
    Export {
        name,
        files,
        lost,
        failure: None,
    }
}

/// Writes the files below a folder; none over one that holds something else.
fn place(top: &Path, files: &[&(String, String)], args: &Args) -> Result<(), Failure> {
    for (path, text) in files {
        let whole = top.join(path);
        let is_inside = Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let is_link = fs::symlink_metadata(&whole).is_ok_and(|data| !data.is_file());
        if !is_inside || is_link {
            return Err(
                Failure::new(code::WRITE_FAILED, format!("{path} is no file to write"))
                    .at(path.clone())
                    .hint("--out DIR names another folder"),
            );
        }
        let there = fs::read(&whole).ok();
        if there.is_some_and(|there| there != text.as_bytes()) && !args.force {
            return Err(Failure::new(
                code::EXISTS,
                format!("{} exists, and holds something else", whole.display()),
            )
            .at(path.clone())
            .hint("--force writes over it; nothing was written"));
        }
    }
    if args.dry_run {
        return Ok(());
    }
    for (path, text) in files {
        let whole = top.join(path);
        let folder = whole.parent().unwrap_or(top);
        let done = fs::create_dir_all(folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(folder))
            .and_then(|mut fresh| {
                std::io::Write::write_all(&mut fresh, text.as_bytes())?;
                fresh.persist(&whole).map(drop).map_err(|error| error.error)
            });
        done.map_err(|error| {
            Failure::from_io(
                code::WRITE_FAILED,
                format!("{} could not be written", whole.display()),
                error,
            )
        })?;
    }
    Ok(())
}

fn tell(exports: &[Export], args: &Args, session: &mut Session) -> Exit {
    let shown = |path: &str| match &args.out {
        Some(folder) => folder.join(path).to_string_lossy().into_owned(),
        None => path.to_owned(),
    };
    if args.format.is_json() {
        let files: Vec<Value> = exports
            .iter()
            .map(|export| {
                let lost: Vec<FindingJson> = export.lost.iter().map(FindingJson::from).collect();
                json!({
                    "name": export.name,
                    "path": export.files.first().map(|(path, _)| shown(path)),
                    "paths": export.files.iter().map(|(path, _)| shown(path)).collect::<Vec<_>>(),
                    "text": args.out.is_none().then(|| export.files.first().map(|(_, text)| text)),
                    "lost": lost,
                    "error": export.failure.as_ref().map(FailureJson::from),
                })
            })
            .collect();
        session.ui.block(json::document(
            &json!({ "to": args.to.row().name, "dry_run": args.dry_run, "files": files }),
        ));
    }
    for export in exports.iter().filter(|_| !args.format.is_json()) {
        if let Some(failure) = &export.failure {
            session.ui.failure(failure);
        }
        if args.out.is_some() {
            for (path, _) in &export.files {
                let path = shown(path);
                let path = shell_path(&path);
                match args.dry_run {
                    true => session
                        .ui
                        .line(format!("{} would be written to {path}", export.name)),
                    false => session
                        .ui
                        .status(format!("{} written to {path}", export.name)),
                }
            }
        }
        for lost in &export.lost {
            session.ui.finding(lost);
        }
    }
    let failed = exports
        .iter()
        .filter(|export| export.failure.is_some())
        .count();
    let is_lossy = exports
        .iter()
        .flat_map(|export| &export.lost)
        .any(|lost| lost.severity == Severity::Warning);
    match (failed, is_lossy) {
        (0, false) => Exit::Done,
        (failed, _) if failed > 0 && failed == exports.len() => Exit::Failed,
        _ => Exit::Verdict,
    }
}
