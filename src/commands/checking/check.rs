//! All rules over all files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::contents::{
    Looks, Models, attachments, finding_from_failure, rules, suite_alone, suite_with_files,
};
use super::numbers::{self, Numbered};
use super::partials::Changes;
use super::wanted::Wanted;
use crate::error::Failure;
use crate::experiment::case::Suite;
use crate::files::{Base, Listing, Loaded, Staged};
use crate::output::diff_review::ChangedPartial;
use crate::output::report::Report;
use crate::output::snippet::Sources;
use crate::prompt::code;
use crate::prompt::diff::Status;
use crate::prompt::finding::{Finding, in_file};
use crate::prompt::lint::{Levels, PartialFile, check_partials, check_text, has_comments, settle};
use crate::releases::Store;

/// Adds what was found in the settings, which comes first.
pub(in crate::commands) fn add_settings(
    report: &mut Report,
    findings: Vec<Finding>,
    store: &Store,
) -> Result<(), Failure> {
    let shown = findings.iter().filter(|finding| finding.span.is_some());
    let shown: BTreeSet<&str> = shown.filter_map(|it| it.path.as_deref()).collect();
    for path in shown {
        let text = store.text_at(None, path)?.unwrap_or_default();
        report.sources.insert(path.to_owned(), text);
    }
    report.findings.splice(0..0, findings);
    Ok(())
}

/// What files are checked for, and which.
pub(in crate::commands) struct Rules<'r> {
    pub(in crate::commands) wanted: &'r Wanted,
    pub(in crate::commands) today: Date,
    pub(in crate::commands) levels: &'r Levels,
}

/// Checks these files of the working copy.
pub(in crate::commands) fn files(
    store: &Store,
    listing: Listing,
    base: Option<&Base>,
    rules: &Rules<'_>,
) -> Result<Report, Failure> {
    let wanted = rules.wanted;
    let mut findings = Vec::new();
    let partials = read_partials(store, &listing.partials, &mut findings);
    let changes = Changes::new(store, partials, base);
    let (seen, unreadable) = look(store, listing, base, rules, &changes);
    let all_read = !unreadable.iter().any(Finding::is_error);
    let is_wanted = |it: &Finding| it.path.as_ref().is_none_or(|path| wanted.path(path));
    let concerns = |it: &Finding| is_wanted(it) && changes.concern_unreadable(store, it);
    findings.extend(unreadable.into_iter().filter(concerns));
    let (secrets, mut allowed) = secrets_of_unreadable(store, &findings, rules.levels);
    findings.extend(secrets);

    let is_checked = |it: &&PartialFile| {
        wanted.path(&it.path) && (base.is_none() || changes.paths.contains(&it.path))
    };
    let texts: Vec<&PartialFile> = changes.partials.iter().filter(is_checked).collect();
    let broken = findings.iter().filter_map(|finding| finding.path.clone());
    let checked = seen.iter().filter(|seen| seen.found.is_some());
    let files: BTreeSet<String> = broken.chain(checked.map(|it| it.path.clone())).collect();

    findings.extend(of_partials(&changes.partials, &texts, &seen, all_read));
    findings.extend(of_prompts(store, &seen, base, Looks::Closely)?);

    let prompts = seen.iter();
    let prompts = prompts.filter_map(|seen| Some((seen.path.as_str(), seen.text.as_deref()?)));
    let of_texts = texts.into_iter().map(path_and_text);
    let (findings, allowed_there) = settle(findings, prompts.clone().chain(of_texts), rules.levels);
    allowed += allowed_there;
    let known = prompts
        .chain(changes.partials.iter().map(path_and_text))
        .collect();
    Ok(Report {
        sources: sources(&findings, &known, Some(store)),
        files: files.into_iter().collect(),
        findings,
        allowed,
        changed_partials: changed_partials(&changes, &seen),
        shows_all: false,
    })
}

fn path_and_text(partial: &PartialFile) -> (&str, &str) {
    (&partial.path, &partial.text)
}

/// Loads the prompts and applies the rules to those that are to be checked; and what is wrong with the
/// files that could not be loaded.
fn look(
    store: &Store,
    listing: Listing,
    base: Option<&Base>,
    settings: &Rules<'_>,
    changes: &Changes,
) -> (Vec<Seen>, Vec<Finding>) {
    let known = Models::default();
    let (seen, unreadable) = store.load_each(listing, |prompt| {
        let is_changed = changes.concern(&prompt);
        // Whether a file that it names changed is asked later, where git may be asked.
        let may_be_changed = is_changed || names_files(&prompt);
        let found = (settings.wanted.prompt(&prompt) && may_be_changed).then(|| {
            let mut found = rules(&prompt, &changes.paths, &known, settings.today);
            found.extend(suite_alone(&prompt, Looks::Closely));
            found
        });
        (Seen::new(prompt, found), is_changed)
    });
    let narrowed = |(seen, is_changed): (Seen, bool)| match (base, &seen.attaching) {
        (Some(base), Some(prompt)) if !is_changed && !attaches_other(store, prompt, base) => {
            match has_other_datasets(store, prompt, base) {
                true => seen.of_its_suite(),
                false => seen.unchecked(),
            }
        }
        _ => seen,
    };
    (seen.into_iter().map(narrowed).collect(), unreadable)
}

/// What is wrong with the partials that are to be checked.
fn of_partials(
    partials: &[PartialFile],
    wanted: &[&PartialFile],
    prompts: &[Seen],
    all_read: bool,
) -> Vec<Finding> {
    let used = prompts.iter().flat_map(|seen| &seen.partials);
    let used: BTreeSet<&str> = used.map(String::as_str).collect();
    let mut found = check_partials(partials, &used, all_read);
    found.retain(|finding| {
        let mut wanted = wanted.iter();
        wanted.any(|partial| finding.path.as_ref() == Some(&partial.path))
    });
    let texts = wanted.iter();
    found.extend(texts.flat_map(|partial| in_file(check_text(&partial.text), &partial.path)));
    found
}

/// What is wrong with the prompts that were looked at, also in their numbers and the files they name.
fn of_prompts(
    store: &Store,
    prompts: &[Seen],
    base: Option<&Base>,
    looks: Looks,
) -> Result<Vec<Finding>, Failure> {
    let found = prompts.iter().flat_map(|seen| seen.found.iter().flatten());
    let mut found: Vec<Finding> = found.cloned().collect();
    found.extend(numbering(store, prompts, base)?);
    for prompt in prompts.iter().filter_map(|seen| seen.attaching.as_deref()) {
        found.extend(attachments(store, prompt));
        found.extend(suite_with_files(store, prompt, looks));
    }
    Ok(found)
}

/// The secrets in prompt files that cannot be used, whose other rules nobody can apply, and how many
/// of them comments allow.
fn secrets_of_unreadable(
    store: &Store,
    findings: &[Finding],
    levels: &Levels,
) -> (Vec<Finding>, usize) {
    let paths: BTreeSet<&str> = findings
        .iter()
        .filter_map(|finding| finding.path.as_deref())
        .collect();
    let (mut secrets, mut allowed) = (Vec::new(), 0);
    for path in paths {
        let Ok(Some(text)) = store.read_text(path) else {
            continue;
        };
        let mut found = in_file(check_text(&text), path);
        found.retain(|finding| finding.code == code::SECRET);
        let (mut found, of_comments) = settle(found, [(path, text.as_str())], levels);
        // Comments may allow what could not be looked for.
        found.retain(|finding| finding.code == code::SECRET);
        secrets.extend(found);
        allowed += of_comments;
    }
    (secrets, allowed)
}

/// Whether a file that a prompt attaches is another than where the branch began.
fn attaches_other(store: &Store, prompt: &Loaded, base: &Base) -> bool {
    store.attachments(prompt) != store.attachments_at(prompt, base.commit)
}

/// Whether a prompt names files that its own rules do not read.
fn names_files(prompt: &Loaded) -> bool {
    prompt.attached().next().is_some() || !Suite::stands_alone(&prompt.document)
}

/// Whether a dataset of a prompt is another than where the branch began.
fn has_other_datasets(store: &Store, prompt: &Loaded, base: &Base) -> bool {
    let mut datasets = prompt.document.datasets.iter();
    datasets.any(|path| !store.is_as_in(&path.value, base.commit))
}

/// What is kept of a prompt once its rules were applied.
struct Seen {
    name: String,
    path: String,
    /// The partials that it includes.
    partials: Vec<String>,
    /// What is wrong with it; none where it was not to be checked.
    found: Option<Vec<Finding>>,
    /// Its text, where it is asked for again: to be shown, or for its comments.
    text: Option<String>,
    numbered: Numbered,
    /// Itself, where it was to be checked and names other files.
    attaching: Option<Box<Loaded>>,
}

impl Seen {
    /// The same where it was not to be checked.
    fn unchecked(self) -> Self {
        Self {
            found: None,
            text: None,
            attaching: None,
            ..self
        }
    }

    /// The same where nothing but its datasets is to be checked.
    fn of_its_suite(self) -> Self {
        Self {
            found: Some(Vec::new()),
            ..self
        }
    }

    fn new(prompt: Loaded, found: Option<Vec<Finding>>) -> Self {
        let is_asked = found
            .as_ref()
            .is_some_and(|found| !found.is_empty() || has_comments(&prompt.text));
        let is_attaching = found.is_some() && names_files(&prompt);
        Self {
            attaching: is_attaching.then(|| Box::new(prompt.clone())),
            numbered: Numbered::of(&prompt),
            name: prompt.name.to_string(),
            path: prompt.path,
            partials: prompt.partials.into_keys().collect(),
            found,
            text: is_asked.then_some(prompt.text),
        }
    }
}

/// Checks prompts and partials that were loaded, such as those that are staged.
pub(in crate::commands) fn loaded(
    store: &Store,
    staged: Staged,
    today: Date,
    levels: &Levels,
) -> Result<Report, Failure> {
    let models = Models::default();
    let Staged {
        prompts,
        mut findings,
        mut partials,
    } = staged;
    let included = prompts.iter().flat_map(|prompt| prompt.partials.values());
    partials.extend(included.map(|partial| (partial.path.clone(), partial.text.clone())));
    let texts: BTreeMap<String, String> = prompts
        .iter()
        .map(|prompt| (prompt.path.clone(), prompt.text.clone()))
        .collect();
    let seen: Vec<Seen> = prompts
        .into_iter()
        .map(|prompt| {
            let mut found = rules(&prompt, &BTreeSet::new(), &models, today);
            found.extend(suite_alone(&prompt, Looks::Once));
            Seen::new(prompt, Some(found))
        })
        .collect();
    findings.extend(
        partials
            .iter()
            .flat_map(|(path, text)| in_file(check_text(text), path)),
    );
    findings.extend(of_prompts(store, &seen, None, Looks::Once)?);
    let known: BTreeMap<&str, &str> = texts
        .iter()
        .chain(&partials)
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let (findings, allowed) = settle(findings, known.clone(), levels);
    let unreadable = findings.iter().filter_map(|finding| finding.path.clone());
    let files: BTreeSet<String> = texts.keys().cloned().chain(unreadable).collect();
    Ok(Report {
        sources: sources(&findings, &known, Some(store)),
        files: files.into_iter().collect(),
        findings,
        allowed,
        ..Report::default()
    })
}

/// What git says about the numbers of the prompts that were checked.
fn numbering(
    store: &Store,
    prompts: &[Seen],
    base: Option<&Base>,
) -> Result<Vec<Finding>, Failure> {
    let tags = store.version_tags()?;
    let mut findings = Vec::new();
    for prompt in prompts.iter().filter(|prompt| prompt.found.is_some()) {
        let found = numbers::check(store, &tags, &prompt.numbered, base);
        // A tag that is not sound concerns this prompt alone.
        let found = found.unwrap_or_else(|failure| finding_from_failure(&failure));
        findings.extend(found.map(|finding| finding.in_file(&prompt.path)));
        findings.extend(numbers::leap(store, &tags, &prompt.numbered, base));
    }
    Ok(findings)
}

fn read_partials(
    store: &Store,
    paths: &BTreeMap<String, String>,
    findings: &mut Vec<Finding>,
) -> Vec<PartialFile> {
    let mut partials = Vec::new();
    for (name, path) in paths {
        match store.read_text(path) {
            Ok(Some(text)) => partials.push(PartialFile {
                name: name.clone(),
                path: path.clone(),
                text,
            }),
            Ok(None) => {}
            Err(failure) => {
                findings
                    .extend(finding_from_failure(&failure).map(|finding| finding.in_file(path)));
            }
        }
    }
    partials
}

fn changed_partials(changes: &Changes, prompts: &[Seen]) -> Vec<ChangedPartial> {
    let users = |partial: &PartialFile| {
        let users = prompts.iter();
        let users = users.filter(|prompt| prompt.partials.contains(&partial.name));
        users.map(|prompt| prompt.name.clone()).collect()
    };
    let changed = changes.partials.iter();
    let changed = changed.filter(|partial| changes.paths.contains(&partial.path));
    let shown = changed.map(|partial| ChangedPartial {
        path: partial.path.clone(),
        status: Status::Changed,
        words: None,
        used_by: users(partial),
    });
    shown.collect()
}

/// The texts of the files that have findings; one that is no prompt is read now.
pub(in crate::commands) fn sources(
    findings: &[Finding],
    known: &BTreeMap<&str, &str>,
    store: Option<&Store>,
) -> Sources {
    let mut sources = Sources::new();
    for finding in findings {
        let Some(path) = finding.path.as_deref().filter(|_| finding.span.is_some()) else {
            continue;
        };
        if sources.contains_key(path) {
            continue;
        }
        let text = match known.get(path) {
            Some(text) => Some((*text).to_owned()),
            None => store.and_then(|store| store.read_text(path).ok().flatten()),
        };
        sources.extend(text.map(|text| (path.to_owned(), text)));
    }
    sources
}
