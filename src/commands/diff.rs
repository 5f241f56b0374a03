//! `promptctl diff`.

use std::collections::BTreeMap;

use super::Session;
use super::common::variables_of;
use crate::error::{Exit, Failure};
use crate::output::diff_json::DiffReportJson;
use crate::output::diff_text::TextOptions;
use crate::output::{diff_markdown, diff_text, json};
use crate::prompt::diff::{PromptDiff, Side, Status, compare};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::rendered::Variable;
use crate::store::{Loaded, Store};

/// Show what changed, and what it means for callers
///
/// Two references compare two contents. One reference compares it with what is live in production,
/// or with HEAD where nothing is. Two revisions, or A...B, compare all prompts between two commits.
/// Nothing compares the working copy with HEAD.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// name@v1, name@production, a git revision, or A...B
    #[arg(value_name = "A", add = super::completions::references())]
    from: Option<String>,
    /// The other side
    #[arg(value_name = "B", add = super::completions::references())]
    to: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: DiffFormat,
    /// Exit with 3 if there is a difference
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DiffFormat {
    /// For people
    Text,
    /// One JSON object for scripts
    Json,
    /// For the comment on a pull request
    Markdown,
}

/// What is compared: the names of the sides, and the diffs.
struct Compared {
    from: String,
    to: String,
    diffs: Vec<(PromptName, PromptDiff)>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    session.ui.json = args.format == DiffFormat::Json;
    let (store, _) = session.store()?;
    let mut compared = compared(args, &store)?;
    compared
        .diffs
        .retain(|(_, diff)| diff.status != Status::Unchanged || !diff.changes.is_empty());
    let is_different = !compared.diffs.is_empty();
    print(args, &compared, session);
    Ok(if args.exit_code && is_different {
        Exit::Verdict
    } else {
        Exit::Done
    })
}

fn print(args: &Args, compared: &Compared, session: &mut Session) {
    let Compared { from, to, diffs } = compared;
    match args.format {
        DiffFormat::Json => {
            let report = DiffReportJson::new(from, to, diffs);
            session.ui.line(json::document(&report));
        }
        DiffFormat::Markdown => session
            .ui
            .data(diff_markdown::render(diffs, diff_markdown::LIMIT)),
        DiffFormat::Text if diffs.is_empty() => {
            session.ui.status(format!("{from} and {to} do not differ"));
        }
        DiffFormat::Text => {
            let options = TextOptions {
                color: session.ui.colors_out(),
                width: session.ui.width().unwrap_or(100),
            };
            session.ui.data(diff_text::render(diffs, options));
        }
    }
}

fn compared(args: &Args, store: &Store) -> Result<Compared, Failure> {
    match (&args.from, &args.to) {
        (None, _) => revisions(store, "HEAD", None),
        (Some(range), None) if range.contains("...") => {
            let (from, to) = range.split_once("...").unwrap_or((range, ""));
            let to = if to.is_empty() { "HEAD" } else { to };
            let from = if from.is_empty() { "HEAD" } else { from };
            let base = store.merge_base(from, to)?;
            let mut compared = revisions(store, &base, Some(to))?;
            compared.from = from.to_owned();
            Ok(compared)
        }
        (Some(range), None) if range.contains("..") && !range.contains('@') => {
            let (from, to) = range.split_once("..").unwrap_or((range, "HEAD"));
            revisions(store, from, Some(if to.is_empty() { "HEAD" } else { to }))
        }
        (Some(one), None) => match as_prompt(one, store) {
            Some(reference) => one_prompt(store, &reference),
            None => revisions(store, one, None),
        },
        (Some(from), Some(to)) => match (as_prompt(from, store), as_prompt(to, store)) {
            (Some(from), Some(to)) => two_prompts(store, &from, &to),
            (None, None) => revisions(store, from, Some(to)),
            (Some(_), None) => Err(mixed(from, to)),
            (None, Some(_)) => Err(mixed(to, from)),
        },
    }
}

fn mixed(prompt: &str, revision: &str) -> Failure {
    Failure::usage(format!("{prompt} is a prompt and {revision} is not")).hint(format!(
        "to compare one prompt at a revision: {}@{revision}",
        prompt.split('@').next().unwrap_or(prompt)
    ))
}

/// A reference to a prompt; a plain word that is no prompt is a revision.
fn as_prompt(text: &str, store: &Store) -> Option<Reference> {
    let reference: Reference = text.parse().ok()?;
    let is_revision = reference.selector == Selector::WorkingCopy
        && store
            .load(&reference)
            .is_err_and(|failure| failure.code == Some(crate::prompt::code::UNKNOWN_PROMPT))
        && store.is_revision(text);
    (!is_revision).then_some(reference)
}

fn two_prompts(store: &Store, from: &Reference, to: &Reference) -> Result<Compared, Failure> {
    let (before, after) = (store.load(from)?, store.load(to)?);
    Ok(Compared {
        from: from.to_string(),
        to: to.to_string(),
        diffs: vec![(after.name.clone(), diff_of(Some(&before), Some(&after)))],
    })
}

/// A prompt against what is live in production, or against HEAD.
fn one_prompt(store: &Store, reference: &Reference) -> Result<Compared, Failure> {
    let after = store.load(reference)?;
    let production = Environment::production();
    let (from, before) = match store.load_active(&reference.name, &production) {
        Ok(live) if reference.selector == Selector::WorkingCopy => {
            (format!("{}@{production}", reference.name), Some(live))
        }
        _ => (
            format!("{}@HEAD", reference.name),
            store.committed(&reference.name)?,
        ),
    };
    Ok(Compared {
        from,
        to: reference.to_string(),
        diffs: vec![(after.name.clone(), diff_of(before.as_ref(), Some(&after)))],
    })
}

/// All prompts between two commits, or a commit and the working copy.
fn revisions(store: &Store, from: &str, to: Option<&str>) -> Result<Compared, Failure> {
    let before = store.prompts_at(from)?;
    let after = match to {
        Some(to) => store.prompts_at(to)?,
        None => store.load_all().0,
    };
    let mut sides: BTreeMap<PromptName, (Option<Loaded>, Option<Loaded>)> = BTreeMap::new();
    for prompt in before {
        let side = sides.entry(prompt.name.clone()).or_default();
        side.0 = Some(prompt);
    }
    for prompt in after {
        let side = sides.entry(prompt.name.clone()).or_default();
        side.1 = Some(prompt);
    }
    let diffs = sides
        .into_iter()
        .filter(|(_, (before, after))| !is_same(before.as_ref(), after.as_ref()))
        .map(|(name, (before, after))| (name, diff_of(before.as_ref(), after.as_ref())))
        .collect();
    Ok(Compared {
        from: from.to_owned(),
        to: to.unwrap_or("the working copy").to_owned(),
        diffs,
    })
}

fn is_same(before: Option<&Loaded>, after: Option<&Loaded>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => before.blob == after.blob && before.digest == after.digest,
        _ => false,
    }
}

fn diff_of(before: Option<&Loaded>, after: Option<&Loaded>) -> PromptDiff {
    let [old, new] = [before, after].map(|side| side.map(variables_of).unwrap_or_default());
    compare(
        before.map(|loaded| side(loaded, &old)),
        after.map(|loaded| side(loaded, &new)),
    )
}

fn side<'a>(loaded: &'a Loaded, variables: &'a [Variable]) -> Side<'a> {
    Side {
        document: &loaded.document,
        partials: &loaded.partials,
        variables: Some(variables),
    }
}
