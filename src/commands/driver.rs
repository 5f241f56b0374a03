//! `promptctl driver`: what git calls to compare and to merge prompt files.

use std::fs;
use std::path::Path;

use super::common::variables_of_text;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::MergeRequest;
use crate::output::diff_review::ReviewInfo;
use crate::output::diff_text::TextOptions;
use crate::output::{diff_plain, diff_text, prompt_text};
use crate::prompt::code;
use crate::prompt::diff::{Side, Status, compare};
use crate::prompt::document::{Document, parse};
use crate::prompt::finding::Finding;
use crate::prompt::merge::{Marks, Merged, Sides, merge};
use crate::prompt::name::PromptName;
use crate::prompt::quote::shell_path;
use crate::prompt::template::Partials;
use crate::prompt::visible;
use crate::releases::Store;

/// Compare and merge prompt files, for git
///
/// Git calls these where promptctl init --diff-driver has set it up; nobody needs to type them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help merge

Examples:
  promptctl driver textconv prompts/support/triage.prompt.yml")]
pub(super) struct Args {
    #[command(subcommand)]
    driver: Driver,
}

#[derive(Debug, clap::Subcommand)]
enum Driver {
    /// Show what changed in a prompt file, for git diff and git difftool
    Diff(DiffArgs),
    /// Print a prompt file as plain lines, for git log -p and git show
    Textconv(TextconvArgs),
    /// Compare two files, for git difftool -t promptctl
    Tool(ToolArgs),
    /// Merge a prompt file by its fields, for git merge, rebase and cherry-pick
    Merge(MergeArgs),
}

#[derive(Debug, clap::Args)]
struct DiffArgs {
    /// The file, as the repository names it
    path: String,
    /// The old file, its id and mode, the new file, its id and mode; of a file that was renamed,
    /// its new name and how alike they are
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    sides: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct TextconvArgs {
    /// The file
    file: String,
}

#[derive(Debug, clap::Args)]
struct ToolArgs {
    /// The old file
    old: String,
    /// The new file
    new: String,
    /// The file, as the repository names it
    path: String,
}

#[derive(Debug, clap::Args)]
struct MergeArgs {
    /// What both sides began with
    base: String,
    /// Our side; the merged file takes its place
    ours: String,
    /// Their side
    theirs: String,
    /// How many signs a conflict marker has
    size: usize,
    /// The file, as the repository names it
    path: String,
    /// What git calls the three
    #[arg(value_name = "LABEL")]
    labels: Vec<String>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    match &args.driver {
        Driver::Diff(args) => diff(args, session),
        Driver::Textconv(args) => textconv(args, session),
        Driver::Tool(args) => tool(args, session),
        Driver::Merge(args) => merge_files(args, session),
    }
}

/// Git stops at a comparison that fails, so this one falls back on lines.
fn diff(args: &DiffArgs, session: &mut Session) -> Result<Exit, Failure> {
    let [old, _, _, new, _, _, renamed @ ..] = args.sides.as_slice() else {
        // A file with conflicts has no two sides.
        session
            .ui
            .line(format!("* {} is not merged yet", args.path));
        return Ok(Exit::Done);
    };
    let path = renamed.first().unwrap_or(&args.path);
    if path != &args.path {
        session.ui.line(format!("{} renamed to {path}", args.path));
    }
    let (old, new) = (read(old, session)?, read(new, session)?);
    show(path, old.as_deref(), new.as_deref(), session);
    Ok(Exit::Done)
}

fn tool(args: &ToolArgs, session: &mut Session) -> Result<Exit, Failure> {
    for side in [&args.old, &args.new] {
        if session.directory.join(side).is_dir() {
            return Err(Failure::usage("promptctl compares file by file")
                .hint("leave --dir-diff out: git difftool -t promptctl"));
        }
    }
    let (old, new) = (read(&args.old, session)?, read(&args.new, session)?);
    show(&args.path, old.as_deref(), new.as_deref(), session);
    Ok(Exit::Done)
}

fn textconv(args: &TextconvArgs, session: &mut Session) -> Result<Exit, Failure> {
    let text = read(&args.file, session)?.unwrap_or_default();
    let lines = prompt_text::render(&text);
    session
        .ui
        .styled(lines.unwrap_or_else(|| visible::text(&text).into_owned()));
    Ok(Exit::Done)
}

/// The text of a file that git names; none for the file that stands for no file.
fn read(file: &str, session: &Session) -> Result<Option<String>, Failure> {
    if matches!(file, "/dev/null" | "nul" | "NUL") {
        return Ok(None);
    }
    let path = session.directory.join(file);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) => {
            Err(
                Failure::from_io(code::NOT_A_FILE, format!("{file} could not be read"), error)
                    .at(file),
            )
        }
    }
}

fn show(path: &str, old: Option<&str>, new: Option<&str>, session: &mut Session) {
    let store = session.store().ok().map(|(store, _)| store);
    let is_terminal = session.ui.out_is_terminal();
    let by_git = store
        .as_ref()
        .is_some_and(|store| store.wants_color(is_terminal));
    // A pager shows colours that standard output, a pipe, is not known to.
    let color = session.ui.colors_out() || by_git && !session.environ.no_color;
    let options = TextOptions {
        color,
        width: session
            .ui
            .width()
            .or(session.environ.columns)
            .unwrap_or(100),
    };
    let text = store
        .and_then(|store| by_field(&store, path, old, new, options))
        .unwrap_or_else(|| diff_plain::render(path, old, new, color));
    session.ui.styled(text);
}

/// What changed by field; `None` where a side is no prompt, or only its comments or layout changed.
fn by_field(
    store: &Store,
    path: &str,
    old: Option<&str>,
    new: Option<&str>,
    options: TextOptions,
) -> Option<String> {
    let name = store.name_of_path(path)?;
    let side = |text: Option<&str>| text.map(|text| read_side(store, path, text)).transpose();
    let (old, new) = (side(old).ok()?, side(new).ok()?);
    let [before, after] = [&old, &new].map(|side| {
        side.as_ref().map(|side| Side {
            document: &side.document,
            partials: &side.partials,
            variables: Some(&side.variables),
        })
    });
    let diff = compare(before, after);
    if diff.status == Status::Unchanged && diff.changes.is_empty() {
        return None;
    }
    Some(diff_text::render(
        &[(name, diff)],
        &ReviewInfo::default(),
        options,
    ))
}

struct ReadSide {
    document: Document,
    partials: Partials,
    variables: Vec<crate::prompt::rendered::Variable>,
}

/// A side of a comparison with the partials of the working copy.
///
/// # Errors
/// It is no prompt.
fn read_side(store: &Store, path: &str, text: &str) -> Result<ReadSide, Vec<Finding>> {
    let document = parse(text)?;
    let partials = store.partials_of(path, &document);
    let variables = variables_of_text(&document, &partials);
    Ok(ReadSide {
        document,
        partials,
        variables,
    })
}

/// Exits with 0 if all was merged, with 1 if conflicts are marked, and with more where git has to
/// merge by line.
fn merge_files(args: &MergeArgs, session: &mut Session) -> Result<Exit, Failure> {
    let no_text = |file: &String| read(file, session).map(Option::unwrap_or_default);
    let (base, ours, theirs) = (
        no_text(&args.base)?,
        no_text(&args.ours)?,
        no_text(&args.theirs)?,
    );
    let (store, _) = session.store()?;
    let label = |at: usize, placeholder: &str| {
        let said = args.labels.get(at).map(String::as_str).unwrap_or_default();
        if said == placeholder { "" } else { said }
    };
    let (base_label, our_label, their_label) = (label(0, "%S"), label(1, "%X"), label(2, "%Y"));
    let both = store.both_sides(MergeRequest {
        path: &args.path,
        base: base_label,
        ours: our_label,
        theirs: their_label,
        our_text: &ours,
        their_text: &theirs,
    });
    let name = store.name_of_path(&args.path);
    let published = name.as_ref().and_then(|name| store.highest_published(name));
    let or = |label: &'static str, said: &str| {
        if said.is_empty() {
            label.to_owned()
        } else {
            said.to_owned()
        }
    };
    let (our_label, their_label) = (or("ours", our_label), or("theirs", their_label));
    let merged = merge(
        Sides {
            base: &base,
            ours: &ours,
            theirs: &theirs,
        },
        published,
        Marks {
            size: args.size,
            ours: &our_label,
            theirs: &their_label,
        },
        &|whose, document| both.digest(whose, document),
    );
    let Ok(merged) = merged else {
        session.ui.warning(format!(
            "{} is merged by line: promptctl cannot read it as a prompt on every side",
            args.path
        ));
        return Ok(Exit::Verdict);
    };
    write(&session.directory.join(&args.ours), &merged.text)?;
    Ok(report(&merged, &args.path, name.as_ref(), session))
}

fn report(merged: &Merged, path: &str, name: Option<&PromptName>, session: &mut Session) -> Exit {
    if merged.conflicts.is_empty() {
        return Exit::Done;
    }
    session.ui.warning(format!(
        "{path}: both sides changed {}",
        merged.conflicts.join(", ")
    ));
    if let (Some(name), Some(_)) = (name, merged.version) {
        session.ui.hint(format!(
            "resolve what is marked, then: promptctl bump {name} && git add {}",
            shell_path(path)
        ));
    }
    Exit::Failed
}

/// Git made the file for this answer, so a write that breaks off harms nothing: the exit code tells.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| {
        Failure::from_io(
            code::WRITE_FAILED,
            format!("{} could not be written", path.display()),
            error,
        )
        .exit(Exit::Verdict)
    })
}
