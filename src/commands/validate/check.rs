//! All rules over all files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::contents::{
    Looks, Models, attachments, finding_from_failure, rules, suite_alone, suite_with_files,
};
use super::numbers::{self, Numbered};
use super::partials::{changed_paths, lost_partials};
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
use crate::prompt::template::inclusions;
use crate::releases::Store;

/// Adds what was found in the settings, which comes first.
pub(super) fn add_settings(
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
pub(super) struct Rules<'r> {
    pub(super) wanted: &'r Wanted,
    pub(super) today: Date,
    pub(super) levels: &'r Levels,
}

/// Checks these files of the working copy.
pub(super) fn files(
    store: &Store,
    listing: Listing,
    base: Option<&Base>,
    settings: &Rules<'_>,
) -> Result<Report, Failure> {
    let &Rules {
        wanted,
        today,
        levels,
    } = settings;
    let mut findings = Vec::new();
    let partials = read_partials(store, &listing.partials, &mut findings);
    let before = base.map(|base| store.blobs_of(base));
    let is_new = |path: &str, text: &str| {
        before
            .as_ref()
            .is_none_or(|before| before.differ(path, text))
    };
    let changed_paths = changed_paths(store, &partials, before.as_ref());
    let lost = lost_partials(store, &partials, before.as_ref());
    let known = Models::default();
    let (seen, unreadable) = store.load_each(listing, |prompt| {
        let includes_lost = || {
            inclusions(&prompt.text)
                .iter()
                .any(|it| lost.contains(&it.name))
        };
        let is_changed = is_new(&prompt.path, &prompt.text)
            || prompt
                .partials
                .values()
                .any(|partial| changed_paths.contains(&partial.path))
            || (!lost.is_empty() && includes_lost());
        // Whether a file that it names changed is asked later, where git may be asked.
        let may_be_changed = is_changed || names_files(&prompt);
        let found = (wanted.prompt(&prompt) && may_be_changed).then(|| {
            let mut found = rules(&prompt, &changed_paths, &known, today);
            found.extend(suite_alone(&prompt, Looks::Closely));
            found
        });
        let seen = Seen::new(prompt, found);
        (seen, is_changed)
    });
    let is_seen = |(seen, is_changed): (Seen, bool)| match (base, &seen.attaching) {
        (Some(base), Some(prompt)) if !is_changed && !attaches_other(store, prompt, base) => {
            match has_other_datasets(store, prompt, base) {
                true => seen.of_its_suite(),
                false => seen.unchecked(),
            }
        }
        _ => seen,
    };
    let seen: Vec<Seen> = seen.into_iter().map(is_seen).collect();
    let all_read = !unreadable.iter().any(Finding::is_error);
    findings.extend(unreadable.into_iter().filter(|finding| {
        let Some(path) = &finding.path else {
            return true;
        };
        let is_changed = |path: &str| {
            store
                .read_text(path)
                .map_or(true, |text| is_new(path, &text.unwrap_or_default()))
        };
        // Where two files clash, the one that came may be the first of them.
        let is_clash = finding.code == code::NAME_CLASH;
        let other = finding.subject.as_deref().filter(|_| is_clash);
        let is_lost = finding.code == code::MISSING_PARTIAL && !lost.is_empty();
        wanted.path(path) && (is_lost || is_changed(path) || other.is_some_and(is_changed))
    }));
    let (secrets, mut allowed) = secrets_of_unreadable(store, &findings, levels);
    findings.extend(secrets);

    let texts: Vec<&PartialFile> = partials
        .iter()
        .filter(|partial| {
            wanted.path(&partial.path) && (base.is_none() || changed_paths.contains(&partial.path))
        })
        .collect();
    let mut files: BTreeSet<String> = findings
        .iter()
        .filter_map(|finding| finding.path.clone())
        .collect();
    files.extend(
        seen.iter()
            .filter(|seen| seen.found.is_some())
            .map(|seen| seen.path.clone()),
    );

    let used: BTreeSet<&str> = seen
        .iter()
        .flat_map(|seen| &seen.partials)
        .map(String::as_str)
        .collect();
    let of_partials = check_partials(&partials, &used, all_read);
    let is_shown = |finding: &Finding| {
        texts
            .iter()
            .any(|partial| finding.path.as_ref() == Some(&partial.path))
    };
    findings.extend(of_partials.into_iter().filter(is_shown));
    findings.extend(
        texts
            .iter()
            .flat_map(|partial| in_file(check_text(&partial.text), &partial.path)),
    );
    findings.extend(
        seen.iter()
            .flat_map(|seen| seen.found.iter().flatten().cloned()),
    );
    findings.extend(numbering(store, &seen, base)?);
    let attaching = seen.iter().filter_map(|seen| seen.attaching.as_deref());
    findings.extend(attaching.flat_map(|prompt| {
        let mut found = attachments(store, prompt);
        found.extend(suite_with_files(store, prompt, Looks::Closely));
        found
    }));

    let prompts = seen
        .iter()
        .filter_map(|seen| Some((seen.path.as_str(), seen.text.as_deref()?)));
    let of_texts = texts
        .iter()
        .map(|partial| (partial.path.as_str(), partial.text.as_str()));
    let (findings, allowed_there) = settle(findings, prompts.clone().chain(of_texts), levels);
    allowed += allowed_there;
    let all_texts = partials
        .iter()
        .map(|partial| (partial.path.as_str(), partial.text.as_str()));
    let known: BTreeMap<&str, &str> = prompts.chain(all_texts).collect();
    Ok(Report {
        sources: sources(&findings, &known, Some(store)),
        files: files.into_iter().collect(),
        findings,
        allowed,
        changed_partials: changed_partials(&partials, &changed_paths, &seen),
        shows_all: false,
    })
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
    findings.extend(
        seen.iter()
            .flat_map(|seen| seen.found.iter().flatten().cloned()),
    );
    findings.extend(numbering(store, &seen, None)?);
    let attaching = seen.iter().filter_map(|seen| seen.attaching.as_deref());
    findings.extend(attaching.flat_map(|prompt| {
        let mut found = attachments(store, prompt);
        found.extend(suite_with_files(store, prompt, Looks::Once));
        found
    }));
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

fn changed_partials(
    partials: &[PartialFile],
    changed: &BTreeSet<String>,
    prompts: &[Seen],
) -> Vec<ChangedPartial> {
    partials
        .iter()
        .filter(|partial| changed.contains(&partial.path))
        .map(|partial| ChangedPartial {
            path: partial.path.clone(),
            status: Status::Changed,
            words: None,
            used_by: prompts
                .iter()
                .filter(|prompt| prompt.partials.contains(&partial.name))
                .map(|prompt| prompt.name.clone())
                .collect(),
        })
        .collect()
}

/// The texts of the files that have findings; one that is no prompt is read now.
pub(super) fn sources(
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
