//! All rules over what is live in an environment.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::super::checking::check::sources;
use super::super::checking::contents::{Models, attachments, contents, finding_from_failure};
use super::super::checking::wanted::Wanted;
use super::super::session::Session;
use crate::error::Failure;
use crate::output::report::Report;
use crate::prompt::finding::Finding;
use crate::prompt::lint::Levels;
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
) -> Result<Report, Failure> {
    store.require_environment(environment)?;
    store.require_releases()?;
    let overview = store.overview()?;
    let is_live = |name: &PromptName| {
        let states = overview.states.get(name);
        matches!(
            states.and_then(|states| states.get(environment)),
            Some(State::Live(_))
        )
    };
    let wanted = Wanted::new(paths, is_live, store, session)?;
    // A name that is asked for is checked, or it is said why not.
    if let Some(name) = wanted.names().iter().find(|name| !is_live(name)) {
        store.load_active(name, environment)?;
    }
    let mut findings: Vec<Finding> = overview
        .failures
        .iter()
        .filter_map(finding_from_failure)
        .collect();
    let names: Vec<&PromptName> = overview
        .states
        .keys()
        .filter(|name| is_live(name))
        .collect();
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
            Err(failure) => findings.extend(
                finding_from_failure(&failure)
                    .map(|finding| finding.in_file(&store.path_for(name))),
            ),
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
    Ok(Report {
        sources: sources(&findings, &known, None),
        files: loaded.iter().map(|prompt| prompt.path.clone()).collect(),
        findings,
        ..Report::default()
    })
}
