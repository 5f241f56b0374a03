//! The rules over one prompt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use jiff::civil::Date;

use crate::error::Failure;
use crate::experiment::case::Suite;
use crate::experiment::{
    CaseFiles, NoFiles, PromptFiles, Reading, near_contradictions, near_duplicates, outside_enum,
};
use crate::files::Loaded;
use crate::openai::models::facts;
use crate::prompt::code;
use crate::prompt::document::Text;
use crate::prompt::finding::{Finding, in_file};
use crate::prompt::lint::{self, Levels, ModelFacts, Subject, check_text, settle};
use crate::prompt::template::Outline;
use crate::releases::Store;

/// How closely cases are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Looks {
    /// Whether they can be run.
    Once,
    /// Whether they are worth it, too.
    Closely,
}

/// What is wrong with the cases of a prompt, where they stand in its own file.
pub(in crate::commands) fn suite_alone(prompt: &Loaded, looks: Looks) -> Vec<Finding> {
    match Suite::stands_alone(&prompt.document) {
        true => suite(prompt, &NoFiles, looks),
        false => Vec::new(),
    }
}

/// What is wrong with the cases of a prompt that other files hold.
pub(in crate::commands) fn suite_with_files(
    store: &Store,
    prompt: &Loaded,
    looks: Looks,
) -> Vec<Finding> {
    match Suite::stands_alone(&prompt.document) {
        true => Vec::new(),
        false => suite(prompt, &PromptFiles::of(store, prompt), looks),
    }
}

fn suite(prompt: &Loaded, files: &dyn CaseFiles, looks: Looks) -> Vec<Finding> {
    // What is wrong with the templates is found by their own rules.
    let has_suite = Suite::is_kept_by(&prompt.document)
        && Outline::new(&prompt.document, &prompt.partials).is_ok();
    if !has_suite {
        return Vec::new();
    }
    let Reading {
        suite,
        mut findings,
    } = Suite::read(prompt, files);
    if looks == Looks::Closely {
        findings.extend(near_contradictions(&suite));
        findings.extend(outside_enum(&suite, &prompt.document));
        findings.extend(near_duplicates(&suite));
    }
    findings
}

/// What is known of each model, looked up once.
#[derive(Default)]
pub(in crate::commands) struct Models(RwLock<BTreeMap<String, ModelFacts>>);

impl Models {
    fn facts(&self, model: &str) -> ModelFacts {
        // A thread that panicked holds no half-written facts.
        let known = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(model)
            .copied();
        known.unwrap_or_else(|| {
            let facts = facts(model);
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            *all.entry(model.to_owned()).or_insert(facts)
        })
    }
}

/// What `render` would refuse of the files that a prompt attaches.
pub(in crate::commands) fn attachments(store: &Store, prompt: &Loaded) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let paths = prompt
        .attached()
        .filter(|text| seen.insert(text.value.as_str()));
    let refused = |text: &Text| {
        let failure = store.attachment(prompt, &text.value).err()?;
        let finding = finding_from_failure(&failure)?;
        Some(finding.in_file(&prompt.path).at(text.origin.start))
    };
    paths
        .filter_map(refused)
        .map(|mut finding| {
            // The line that names the file is where it is to be mended.
            finding.path = Some(prompt.path.clone());
            finding
        })
        .collect()
}

pub(in crate::commands) fn finding_from_failure(failure: &Failure) -> Option<Finding> {
    let finding = Finding::error(failure.code?, format!("{failure:#}"));
    Some(match failure.hints.first() {
        Some(hint) => finding.help(hint.clone()),
        None => finding,
    })
}

/// The rules for one prompt by itself.
pub(in crate::commands) fn rules(
    prompt: &Loaded,
    changed_partials: &BTreeSet<String>,
    models: &Models,
    today: Date,
) -> Vec<Finding> {
    let model = prompt
        .document
        .model
        .as_deref()
        .map(|model| models.facts(model));
    let mut found = lint::check(&Subject {
        name: prompt.name.as_str(),
        text: &prompt.text,
        document: &prompt.document,
        partials: &prompt.partials,
        digest: prompt.digest(),
        changed_partials,
        model: model.as_ref(),
        today,
    });
    found.extend(check_text(&prompt.text));
    in_file(found, &prompt.path)
}

/// What the rules find in one content and its partials.
pub(in crate::commands) fn contents(
    prompt: &Loaded,
    models: &Models,
    today: Date,
    levels: &Levels,
) -> Vec<Finding> {
    let mut found = rules(prompt, &BTreeSet::new(), models, today);
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
    let (mut found, _) = settle(found, texts, levels);
    found.retain(|finding| finding.code != code::UNUSED_ALLOW);
    found
}

/// The same with the files that it attaches: all that can be said of a content by itself.
pub(in crate::commands) fn check_content(
    store: &Store,
    prompt: &Loaded,
    today: Date,
    levels: &Levels,
) -> Vec<Finding> {
    let mut found = contents(prompt, &Models::default(), today, levels);
    found.extend(attachments(store, prompt));
    found.extend(suite_alone(prompt, Looks::Once));
    found.extend(suite_with_files(store, prompt, Looks::Once));
    found
}
