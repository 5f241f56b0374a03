//! All rules over what is live in an environment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::super::Session;
use super::check::{Checked, Models, attachments, in_file, of_failure, rules, sources};
use super::wanted::Wanted;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::lint::{Levels, check_text, settle};
use crate::prompt::name::{Environment, PromptName};
use crate::releases::{State, Store};

/// Checks what is live in an environment.
pub(super) fn check(
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
    let live = overview.states.iter().filter_map(|(name, states)| {
        matches!(states.get(environment), Some(State::Live(_))).then_some(name)
    });
    let names: Vec<&PromptName> = live.collect();
    let known_models = Models::default();
    let seen = store.each_live(&names, environment, &overview, |prompt| match prompt {
        Ok(prompt) if wanted.prompt(&prompt) => {
            let live = format!(
                " ({} {}, live in {environment})",
                prompt.name,
                prompt.version()
            );
            let mut found = contents(&prompt, &known_models, today, levels);
            for finding in &mut found {
                finding.message.push_str(&live);
            }
            Ok(Some((prompt, found)))
        }
        Ok(_) => Ok(None),
        Err(failure) => Err(failure),
    })?;
    let mut loaded = Vec::new();
    for (name, prompt) in names.into_iter().zip(seen) {
        match prompt {
            Ok(None) => {}
            Ok(Some((prompt, found))) => {
                findings.extend(attachments(store, &prompt));
                loaded.push(prompt);
                findings.extend(found);
            }
            Err(failure) => findings
                .extend(of_failure(&failure).map(|finding| finding.in_file(&store.path_for(name)))),
        }
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

/// What the rules find in one content and its partials.
fn contents(prompt: &Loaded, models: &Models, today: Date, levels: &Levels) -> Vec<Finding> {
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
