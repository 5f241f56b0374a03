//! `promptctl diff`.

mod pair;
mod review;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use self::pair::{Pair, with_renames};
use super::checking::roots::{changed, roots_at, settings_between};
use super::common::warn_all;
use super::evaluation::comment::{Changed, evaluation};
use super::out::OutArg;
use super::session::Session;
use super::typed::NotOne;
use crate::config::CONFIG_FILE;
use crate::error::{Exit, Failure};
use crate::files::{Between, Loaded, PartialChange};
use crate::output::diff_json::DiffReportJson;
use crate::output::diff_review::{Allowed, ChangedPartial, ReviewInfo, is_of_settings};
use crate::output::diff_text::TextOptions;
use crate::output::{diff_markdown, diff_text, json};
use crate::prompt::code;
use crate::prompt::diff::{Impact, PromptDiff, Status};
use crate::prompt::finding::Finding;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::quote::shell_word;
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::visible;
use crate::releases::Store;

/// Show what changed, and what it means for callers
///
/// Two references compare two contents. One reference is compared with what is live in production, and
/// what is live there with HEAD; where nothing is live, HEAD with the reference. Two revisions, or A...B, compare all prompts between two commits.
/// Nothing compares the working copy with HEAD.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 with --exit-code or --fail-on, if there is such a difference.
More: promptctl help rules

Examples:
  promptctl diff                  # the working copy with HEAD
  promptctl diff support/triage   # with what is live in production; --env says where else
  promptctl diff support/triage@v1 support/triage@v3
  promptctl diff main~1...HEAD --format markdown --fail-on breaking")]
pub(super) struct Args {
    /// name@v1, name@production, a git revision, or A...B
    #[arg(value_name = "A", add = super::candidates::references_and_branches())]
    from: Option<String>,
    /// The other side
    #[arg(value_name = "B", add = super::candidates::references_and_branches())]
    to: Option<String>,
    /// Compare the one prompt that is named with what is live in ENV
    #[arg(short, long, value_name = "ENV", conflicts_with = "to", requires = "from", add = super::candidates::environments())]
    env: Option<Environment>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: DiffFormat,
    #[command(flatten)]
    _out: OutArg,
    /// Exit with 3 if there is a difference
    #[arg(long)]
    exit_code: bool,
    /// Exit with 3 if a change has this impact or a worse one
    #[arg(long, value_name = "IMPACT")]
    fail_on: Option<FailOn>,
    /// With --format markdown, show what this run of `eval` found too, by the beginning of its id;
    /// `last` is the newest
    #[arg(long, value_name = "RUN")]
    eval: Option<String>,
    /// Show the size of each prompt in tokens, what that costs, and what it does to the cache
    #[arg(long)]
    cost: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// Words that a model reads changed
    Wording,
    /// The model may answer otherwise
    Behavior,
    /// Callers may have to change
    Breaking,
}

impl From<FailOn> for Impact {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Wording => Self::Wording,
            FailOn::Behavior => Self::Behavior,
            FailOn::Breaking => Self::Breaking,
        }
    }
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

/// What is compared: the names of the sides, the prompts that differ, and the partials.
struct Compared {
    from: String,
    to: String,
    pairs: Vec<Pair>,
    diffs: Vec<(PromptName, PromptDiff)>,
    partials: Vec<ChangedPartial>,
    /// Of these, the ones that no prompt includes.
    lone: Vec<PartialChange>,
    /// Whether all prompts of two revisions are compared.
    is_of_all: bool,
    /// What keeps prompts of the new side from being compared.
    findings: Vec<Finding>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    if args.eval.is_some() && args.format != DiffFormat::Markdown {
        return Err(
            Failure::usage("--eval is for the comment on a pull request")
                .hint("promptctl diff A...B --format markdown --eval last"),
        );
    }
    let (store, config) = session.store()?;
    let mut compared = compared(args, &store)?;
    // A comment changes nothing else of a prompt.
    let allowed = review::allowed(&compared.pairs, &compared.lone);
    let is_shown = |diff: &PromptDiff| diff.status != Status::Unchanged || !diff.changes.is_empty();
    let mut kept = compared.diffs.iter().map(|(_, diff)| is_shown(diff));
    compared.pairs.retain(|_| kept.next().unwrap_or_default());
    drop(kept);
    compared.diffs.retain(|(_, diff)| is_shown(diff));
    let is_unread = compared.findings.iter().any(Finding::is_error);
    let has_changes_alone = compared.has_changes_beside();
    let mut review = ReviewInfo {
        partials: std::mem::take(&mut compared.partials),
        allowed,
        ..ReviewInfo::default()
    };
    if args.cost || args.format == DiffFormat::Markdown {
        review.sizes = review::sizes(&compared.pairs, session)?;
    }
    if args.format == DiffFormat::Markdown || args.format == DiffFormat::Json && compared.is_of_all
    {
        review.raises = review::raises(&compared.pairs, &store)?;
    }
    if args.format == DiffFormat::Markdown {
        let lone = std::mem::take(&mut compared.lone);
        let found = review::findings(&compared.pairs, lone, &store, &config, session)?;
        review.releases = review::releases(&compared.pairs, &found, &store, &config)?;
        review.own_changes = review::own_changes(&compared.pairs, &review.partials);
        review.unreadable = unreadable(&compared.findings).map(str::to_owned).collect();
        review.findings = std::mem::take(&mut compared.findings);
        review.findings.extend(found);
        if let Some(run) = &args.eval {
            let changed: Vec<Changed<'_>> = compared.pairs.iter().filter_map(changed_of).collect();
            review.evaluation = evaluation(run, &store, &changed)?;
        }
    }
    warn_all(session, &compared.findings);
    print(args, &compared, &review, session);
    let worst = compared.diffs.iter().map(|(_, diff)| diff.impact).max();
    // What cannot be read cannot be judged, so it counts as the worst.
    let is_too_bad = args
        .fail_on
        .is_some_and(|limit| is_unread || worst >= Some(limit.into()));
    let differs = worst.is_some() || is_unread || has_changes_alone || !review.allowed.is_empty();
    Ok(if is_too_bad || args.exit_code && differs {
        Exit::Verdict
    } else {
        Exit::Done
    })
}

/// What an evaluation has to be of.
fn changed_of(pair: &Pair) -> Option<Changed<'_>> {
    let loaded = pair.after.as_ref()?;
    let before = pair.before.as_ref().map(Loaded::digest);
    Some(Changed {
        loaded,
        is_new_content: before != Some(loaded.digest()),
    })
}

/// The files of the new side that cannot be compared.
fn unreadable(findings: &[Finding]) -> impl Iterator<Item = &str> {
    let errors = findings.iter().filter(|finding| finding.is_error());
    let paths = errors.filter_map(|finding| finding.path.as_deref());
    let paths: BTreeSet<&str> = paths.filter(|path| *path != CONFIG_FILE).collect();
    paths.into_iter()
}

fn print(args: &Args, compared: &Compared, review: &ReviewInfo, session: &mut Session) {
    let Compared {
        from, to, diffs, ..
    } = compared;
    match args.format {
        DiffFormat::Json => {
            let report = DiffReportJson::new(from, to, diffs, review, &compared.findings);
            session.ui.block(json::document(&report));
        }
        DiffFormat::Markdown => {
            let text = diff_markdown::render(diffs, review, diff_markdown::LIMIT);
            session.ui.data(text);
        }
        DiffFormat::Text if diffs.is_empty() => {
            let is_unread = compared.findings.iter().any(Finding::is_error);
            if review.allowed.is_empty() && !is_unread && !compared.has_changes_beside() {
                session.ui.status(format!("{from} and {to} do not differ"));
            }
        }
        DiffFormat::Text => {
            let options = TextOptions {
                color: session.ui.colors_out(),
                width: session.ui.width().unwrap_or(100),
            };
            session.ui.styled(diff_text::render(diffs, review, options));
        }
    }
    if args.format == DiffFormat::Text {
        for path in unreadable(&compared.findings) {
            let path = visible::line(path);
            session.ui.line(format!("{path}  cannot be read"));
        }
        for Allowed { place, code } in &review.allowed {
            let title = code.explanation().title;
            session.ui.line(format!("{place}  allows {code}, {title}"));
        }
        for partial in &review.partials {
            session.ui.status(partial.words());
        }
    }
}

fn compared(args: &Args, store: &Store) -> Result<Compared, Failure> {
    match (&args.from, &args.to) {
        (None, _) => revisions(store, "HEAD", None),
        (Some(range), None) if range.contains("...") && args.env.is_none() => {
            let (from, to) = range.split_once("...").unwrap_or((range, ""));
            let to = if to.is_empty() { "HEAD" } else { to };
            let from = if from.is_empty() { "HEAD" } else { from };
            let base = store.merge_base(from, to)?;
            let mut compared = revisions(store, &base.to_string(), Some(to))?;
            compared.from = from.to_owned();
            Ok(compared)
        }
        (Some(range), None)
            if range.contains("..") && !range.contains('@') && args.env.is_none() =>
        {
            let (from, to) = range.split_once("..").unwrap_or((range, "HEAD"));
            revisions(store, from, Some(if to.is_empty() { "HEAD" } else { to }))
        }
        (Some(one), None) => match as_prompt(one, store)? {
            Some(reference) => one_prompt(store, &reference, args.env.as_ref()),
            None if args.env.is_some() => Err(Failure::usage(format!(
                "{one} is no prompt, and --env says with what a prompt is compared"
            ))
            .hint("name one prompt, or leave --env out")),
            None => revisions(store, one, None),
        },
        (Some(from), Some(to)) => match (as_prompt(from, store)?, as_prompt(to, store)?) {
            (Some(from), Some(to)) => two_prompts(store, &from, &to),
            (None, None) => revisions(store, from, Some(to)),
            (Some(_), None) => Err(mixed(from, to)),
            (None, Some(_)) => Err(mixed(to, from)),
        },
    }
}

fn mixed(prompt: &str, revision: &str) -> Failure {
    let name = prompt.split('@').next().unwrap_or(prompt);
    Failure::usage(format!("{prompt} is a prompt and {revision} is not")).hint(format!(
        "to compare one prompt at a revision: {}",
        shell_word(&format!("{name}@{revision}"))
    ))
}

/// A reference to a prompt; a plain word that is no prompt is a revision.
///
/// # Errors
/// It is a pattern, which no revision can be.
fn as_prompt(text: &str, store: &Store) -> Result<Option<Reference>, Failure> {
    let reference = match super::typed::reference(text) {
        Ok(reference) => reference,
        Err(error @ NotOne::Several(_)) => return Err(Failure::usage(format!("{text}: {error}"))),
        Err(NotOne::Name(_) | NotOne::Reference(_)) => return Ok(None),
    };
    let is_revision = reference.selector == Selector::WorkingCopy
        && store
            .load(&reference)
            .is_err_and(|failure| failure.code == Some(crate::prompt::code::UNKNOWN_PROMPT))
        && store.is_revision(text);
    Ok((!is_revision).then_some(reference))
}

fn two_prompts(store: &Store, from: &Reference, to: &Reference) -> Result<Compared, Failure> {
    let (before, after) = (store.load(from)?, store.load(to)?);
    let mut pair = Pair {
        before: Some(before),
        after: Some(after),
        ..Pair::default()
    };
    pair.add_attachments(store, store);
    Ok(Compared::new(
        from.to_string(),
        to.to_string(),
        vec![pair],
        Vec::new(),
    ))
}

/// What is live in an environment against a prompt. Where no environment is named it is production, or
/// HEAD where nothing is live; what is live in production itself is compared with HEAD.
fn one_prompt(
    store: &Store,
    reference: &Reference,
    environment: Option<&Environment>,
) -> Result<Compared, Failure> {
    let after = store.load(reference)?;
    let clash = match reference.selector {
        Selector::WorkingCopy => store.clash(&reference.name),
        Selector::Version(_) | Selector::Named(_) => None,
    };
    if let Some(environment) = environment {
        store.require_environment(environment)?;
        let live = Reference {
            name: reference.name.clone(),
            selector: Selector::Named(environment.to_string()),
        };
        return two_prompts(store, &live, reference);
    }
    let production = Environment::production();
    let head = Reference {
        name: reference.name.clone(),
        selector: Selector::Named("HEAD".to_owned()),
    };
    if reference.selector == Selector::Named(production.to_string()) {
        return two_prompts(store, reference, &head);
    }
    let (from, before) = match store.load_active(&reference.name, &production) {
        Ok(live) => (format!("{}@{production}", reference.name), Some(live)),
        _ => (
            format!("{}@HEAD", reference.name),
            store.committed(&reference.name)?,
        ),
    };
    let mut pair = Pair {
        before,
        after: Some(after),
        ..Pair::default()
    };
    if pair.before.is_none() && reference.selector == Selector::WorkingCopy {
        pair = renamed_since_head(store, &reference.name)?.unwrap_or(pair);
    }
    pair.add_attachments(store, store);
    let from = match pair.renamed_from() {
        Some(old) => format!("{old}@HEAD"),
        None => from,
    };
    Ok(Compared {
        findings: clash.into_iter().collect(),
        ..Compared::new(from, reference.to_string(), vec![pair], Vec::new())
    })
}

/// A prompt of the working copy that HEAD has under another name.
fn renamed_since_head(store: &Store, name: &PromptName) -> Result<Option<Pair>, Failure> {
    if store.head_commit().is_none() {
        return Ok(None);
    }
    let all = revisions(store, "HEAD", None)?.pairs;
    let is_it = |pair: &Pair| pair.is_rename && pair.any().is_some_and(|it| it.name == *name);
    Ok(all.into_iter().find(is_it))
}

/// All prompts between two commits, or a commit and the working copy.
fn revisions(store: &Store, from: &str, to: Option<&str>) -> Result<Compared, Failure> {
    let own = &store.settings().roots;
    let old_roots = roots_at(store, from)?.unwrap_or_else(|| own.clone());
    let new_roots = to.map(|to| roots_at(store, to)).transpose()?.flatten();
    let new_roots = new_roots.unwrap_or_else(|| own.clone());
    let moved = (old_roots != new_roots).then(|| changed(&old_roots, &new_roots));
    let (old, new) = (store.with_roots(old_roots)?, store.with_roots(new_roots)?);
    let Between {
        before,
        after,
        partials: partials_between,
        mut findings,
    } = new.between(&old, from, to)?;
    findings.extend(moved);
    findings.extend(settings_between(store, from, to)?);
    let mut partials = review::changed_partials(&before, &after);
    let lone = review::lone_partials(partials_between, &before, &after);
    partials.extend(lone.iter().map(review::changed_alone));
    let mut pairs: BTreeMap<PromptName, Pair> = BTreeMap::new();
    for prompt in before {
        let pair = pairs.entry(prompt.name.clone()).or_default();
        pair.before = Some(prompt);
    }
    for prompt in after {
        let pair = pairs.entry(prompt.name.clone()).or_default();
        pair.after = Some(prompt);
    }
    let mut pairs = with_renames(pairs);
    for pair in pairs.values_mut() {
        pair.add_attachments(&old, &new);
    }
    let pairs = pairs.into_values().filter(|pair| !pair.is_same()).collect();
    let to = to.unwrap_or("the working copy").to_owned();
    Ok(Compared {
        findings,
        is_of_all: true,
        lone,
        ..Compared::new(from.to_owned(), to, pairs, partials)
    })
}

impl Compared {
    /// Whether something differs that is part of no prompt.
    fn has_changes_beside(&self) -> bool {
        let is_change = |finding: &Finding| {
            // Of one prompt, a second file of its name is told though nothing need have changed.
            is_of_settings(finding) || self.is_of_all && finding.code == code::NAME_CLASH
        };
        !self.lone.is_empty() || self.findings.iter().any(is_change)
    }

    fn new(from: String, to: String, pairs: Vec<Pair>, partials: Vec<ChangedPartial>) -> Self {
        let diffs = pairs
            .par_iter()
            .filter_map(|pair| Some((pair.any()?.name.clone(), pair.diff())))
            .collect();
        Self {
            from,
            to,
            pairs,
            diffs,
            partials,
            is_of_all: false,
            lone: Vec::new(),
            findings: Vec::new(),
        }
    }
}
