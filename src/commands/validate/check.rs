//! All rules over all files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rayon::prelude::*;

use super::super::Session;
use super::numbers;
use super::wanted::Wanted;
use crate::error::Failure;
use crate::openai::models::facts;
use crate::output::snippet::Sources;
use crate::prompt::finding::Finding;
use crate::prompt::lint::{
    self, Levels, ModelFacts, PartialFile, Subject, check_partials, check_text, settle,
};
use crate::prompt::name::Environment;
use crate::store::{Base, Loaded, State, Store};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// The files that were looked at.
    pub(super) files: Vec<String>,
    /// What is wrong, in the order of the files.
    pub(super) findings: Vec<Finding>,
    /// How many findings comments allow.
    pub(super) allowed: usize,
    /// The texts of the files that have findings.
    pub(super) sources: Sources,
    /// The partials that were changed.
    pub(super) changed_partials: Vec<ChangedPartial>,
}

/// A partial that was changed, and the prompts that it is part of.
#[derive(Debug)]
pub(super) struct ChangedPartial {
    pub(super) path: String,
    pub(super) used_by: Vec<String>,
}

impl Checked {
    /// How many findings are errors.
    pub(super) fn errors(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.is_error())
            .count()
    }
}

/// Checks files of the working copy.
pub(super) fn files(
    store: &Store,
    paths: &[String],
    base: Option<&Base>,
    today: Date,
    levels: &Levels,
    session: &Session,
) -> Result<Checked, Failure> {
    let wanted = Wanted::new(paths, store, session)?;
    let listing = store.list();
    let mut findings = Vec::new();
    let partials = read_partials(store, &listing.partials, &mut findings);
    let (loaded, unreadable) = store.load_listed(listing);
    let all_read = !unreadable.iter().any(Finding::is_error);
    let is_new =
        |path: &str, text: &str| base.is_none_or(|base| store.differs(&base.commit, path, text));
    findings.extend(unreadable.into_iter().filter(|finding| {
        let Some(path) = &finding.path else {
            return true;
        };
        wanted.path(path)
            && store
                .read_text(path)
                .map_or(true, |text| is_new(path, &text.unwrap_or_default()))
    }));

    let changed = changed_partials(store, &partials, &loaded, base);
    let changed_paths: BTreeSet<String> =
        changed.iter().map(|partial| partial.path.clone()).collect();
    let chosen: Vec<&Loaded> = loaded
        .iter()
        .filter(|prompt| wanted.prompt(prompt))
        .filter(|prompt| {
            is_new(&prompt.path, &prompt.text)
                || prompt
                    .partials
                    .values()
                    .any(|partial| changed_paths.contains(&partial.path))
        })
        .collect();
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
    files.extend(chosen.iter().map(|prompt| prompt.path.clone()));
    wanted.used(files.len() + texts.len())?;

    findings.extend(rules(&chosen, &changed_paths, today));
    findings.extend(
        texts
            .par_iter()
            .flat_map_iter(|partial| in_file(check_text(&partial.text), &partial.path))
            .collect::<Vec<_>>(),
    );
    let used: BTreeSet<&str> = loaded
        .iter()
        .flat_map(|prompt| prompt.partials.keys())
        .map(String::as_str)
        .collect();
    let of_partials = check_partials(&partials, &used, all_read);
    let is_shown = |finding: &Finding| {
        texts
            .iter()
            .any(|partial| finding.path.as_ref() == Some(&partial.path))
    };
    findings.extend(of_partials.into_iter().filter(is_shown));
    findings.extend(numbering(store, &chosen, base)?);

    let all = loaded
        .iter()
        .map(|prompt| (prompt.path.as_str(), prompt.text.as_str()));
    let all = all.filter(|(path, _)| files.contains(*path));
    let all = all.chain(
        texts
            .iter()
            .map(|partial| (partial.path.as_str(), partial.text.as_str())),
    );
    let (findings, allowed) = settle(findings, all, levels);
    let known: BTreeMap<&str, &str> = loaded
        .iter()
        .map(|prompt| (prompt.path.as_str(), prompt.text.as_str()))
        .chain(
            partials
                .iter()
                .map(|partial| (partial.path.as_str(), partial.text.as_str())),
        )
        .collect();
    Ok(Checked {
        sources: sources(&findings, &known, Some(store)),
        files: files.into_iter().collect(),
        findings,
        allowed,
        changed_partials: changed,
    })
}

/// Checks what is live in an environment.
pub(super) fn live(
    store: &Store,
    environment: &Environment,
    paths: &[String],
    today: Date,
    levels: &Levels,
    session: &Session,
) -> Result<Checked, Failure> {
    store.require_releases()?;
    let wanted = Wanted::new(paths, store, session)?;
    let overview = store.overview()?;
    let mut findings: Vec<Finding> = overview.failures.iter().filter_map(of_failure).collect();
    let mut loaded = Vec::new();
    for (name, states) in &overview.states {
        if !matches!(states.get(environment), Some(State::Live(_))) {
            continue;
        }
        match store.load_active(name, environment) {
            Ok(prompt) if wanted.prompt(&prompt) => loaded.push(prompt),
            Ok(_) => {}
            Err(failure) => findings
                .extend(of_failure(&failure).map(|finding| finding.in_file(&store.path_for(name)))),
        }
    }
    let chosen: Vec<&Loaded> = loaded.iter().collect();
    for prompt in &chosen {
        let mut found = rules(&[prompt], &BTreeSet::new(), today);
        for partial in prompt.partials.values() {
            found.extend(in_file(check_text(&partial.text), &partial.path));
        }
        let texts = prompt
            .partials
            .values()
            .map(|partial| (partial.path.as_str(), partial.text.as_str()));
        let texts: Vec<_> = texts
            .chain([(prompt.path.as_str(), prompt.text.as_str())])
            .collect();
        // A comment that allows nothing is for the next version to remove.
        let (found, _) = settle(found, texts, levels);
        findings.extend(
            found
                .into_iter()
                .filter(|finding| finding.code != crate::prompt::code::UNUSED_ALLOW)
                .map(|mut finding| {
                    finding.message = format!(
                        "{} ({} {}, live in {environment})",
                        finding.message,
                        prompt.name,
                        prompt.version()
                    );
                    finding
                }),
        );
    }
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for prompt in &loaded {
        known.insert(&prompt.path, &prompt.text);
        known.extend(
            prompt
                .partials
                .values()
                .map(|partial| (partial.path.as_str(), partial.text.as_str())),
        );
    }
    Ok(Checked {
        sources: sources(&findings, &known, None),
        files: loaded.iter().map(|prompt| prompt.path.clone()).collect(),
        findings,
        ..Checked::default()
    })
}

fn of_failure(failure: &Failure) -> Option<Finding> {
    let finding = Finding::error(failure.code?, failure.message.clone());
    Some(match failure.hints.first() {
        Some(hint) => finding.help(hint.clone()),
        None => finding,
    })
}

/// The rules for each prompt by itself, on all cores.
fn rules(prompts: &[&Loaded], changed_partials: &BTreeSet<String>, today: Date) -> Vec<Finding> {
    let mut models: BTreeMap<&str, ModelFacts> = BTreeMap::new();
    for model in prompts
        .iter()
        .filter_map(|prompt| prompt.document.model.as_deref())
    {
        models.entry(model).or_insert_with(|| facts(model));
    }
    prompts
        .par_iter()
        .flat_map_iter(|prompt| {
            let mut found = lint::check(&Subject {
                name: prompt.name.as_str(),
                text: &prompt.text,
                document: &prompt.document,
                partials: &prompt.partials,
                digest: &prompt.digest,
                changed_partials,
                model: prompt
                    .document
                    .model
                    .as_deref()
                    .and_then(|model| models.get(model)),
                today,
            });
            found.extend(check_text(&prompt.text));
            in_file(found, &prompt.path)
        })
        .collect()
}

fn in_file(findings: Vec<Finding>, path: &str) -> Vec<Finding> {
    findings
        .into_iter()
        .map(|finding| finding.in_file(path))
        .collect()
}

/// What git says about the numbers. Most prompts are as committed, with a digest that fits, and
/// are not asked about.
fn numbering(
    store: &Store,
    prompts: &[&Loaded],
    base: Option<&Base>,
) -> Result<Vec<Finding>, Failure> {
    let tags = store.version_tags()?;
    let mut findings = Vec::new();
    for prompt in prompts {
        let found = numbers::check(store, &tags, prompt, base);
        // A tag that is not sound concerns this prompt alone.
        let found = found.unwrap_or_else(|failure| of_failure(&failure));
        findings.extend(found.map(|finding| finding.in_file(&prompt.path)));
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
                findings.extend(of_failure(&failure).map(|finding| finding.in_file(path)));
            }
        }
    }
    partials
}

/// The partials that differ from where the branch began, or from HEAD.
fn changed_partials(
    store: &Store,
    partials: &[PartialFile],
    loaded: &[Loaded],
    base: Option<&Base>,
) -> Vec<ChangedPartial> {
    let Some(commit) = base
        .map(|base| base.commit.clone())
        .or_else(|| store.head())
    else {
        return Vec::new();
    };
    partials
        .iter()
        .filter(|partial| store.differs(&commit, &partial.path, &partial.text))
        .map(|partial| ChangedPartial {
            path: partial.path.clone(),
            used_by: loaded
                .iter()
                .filter(|prompt| prompt.partials.contains_key(&partial.name))
                .map(|prompt| prompt.name.to_string())
                .collect(),
        })
        .collect()
}

/// The texts of the files that have findings; one that is no prompt is read now.
fn sources(findings: &[Finding], known: &BTreeMap<&str, &str>, store: Option<&Store>) -> Sources {
    let mut sources = Sources::new();
    for finding in findings {
        let Some(path) = finding
            .path
            .as_deref()
            .filter(|_| finding.position.is_some())
        else {
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
