//! Releasing what was imported: a tag for each version, and the current one live.

use super::super::gate::Gate;
use super::super::publishing::publish as publish_content;
use super::super::rules::{branches_of, rules_of};
use super::super::session::Session;
use super::args::Args;
use super::save::ImportResult;
use crate::config::Config;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;
use crate::releases::{Options, PreviouslySeen, Store};

/// Tags all versions of a prompt and makes the current one live.
pub(super) fn publish(
    kept: &mut ImportResult,
    environment: &Environment,
    args: &Args,
    store: &Store,
    config: &Config,
    session: &mut Session,
) {
    let (Some(name), None) = (kept.name.clone(), &kept.failure) else {
        return;
    };
    match try_publish(kept, &name, environment, args, store, config, session) {
        Ok(published) => kept.published = published,
        Err(failure) => kept.failure = Some(failure),
    }
}

fn try_publish(
    kept: &ImportResult,
    name: &PromptName,
    environment: &Environment,
    args: &Args,
    store: &Store,
    config: &Config,
    session: &mut Session,
) -> Result<Option<Version>, Failure> {
    let versions: Vec<Loaded> = store
        .history(name)?
        .into_iter()
        .filter_map(|entry| entry.loaded.map(|loaded| *loaded))
        .filter(|loaded| {
            loaded
                .document
                .source
                .as_ref()
                .and_then(|source| source.stored_id())
                == Some(&kept.id)
        })
        .collect();
    let current = kept.current.map(|current| current.to_string());
    // A later edit keeps the key: the first version that holds it is the one that was imported.
    let is_current = |loaded: &&Loaded| {
        let source = loaded.document.source.as_ref();
        source.is_some_and(|source| {
            current
                .as_ref()
                .is_none_or(|current| source.versions.contains(current))
        })
    };
    let live = match &current {
        Some(_) => versions
            .iter()
            .filter(is_current)
            .min_by_key(|loaded| loaded.version()),
        None => versions.iter().max_by_key(|loaded| loaded.version()),
    };
    let Some(live) = live.cloned() else {
        return Err(Failure::new(
            code::NOT_RECOVERED,
            format!("{name}: OpenAI's current version is not here, so nothing was published"),
        )
        .hint("promptctl import ID --version current brings it"));
    };
    let push = !args.no_push;
    let others: Vec<Loaded> = versions
        .into_iter()
        .filter(|loaded| loaded.version() != live.version())
        .filter(|loaded| {
            loaded
                .document
                .source
                .as_ref()
                .and_then(|source| source.digest.as_deref())
                == Some(loaded.digest().short())
        })
        .collect();
    if push && store.has_remote() {
        store.fetch_all(&branches_of(store, config))?;
    }
    store.tag_versions(&others, push)?;
    let rules = rules_of(environment, store, config)?;
    let options = Options {
        environment: environment.clone(),
        message: args.message.clone(),
        push,
        before: PreviouslySeen::default(),
        allowed: Vec::new(),
        signing: rules.signing(),
        rules,
    };
    let version = live.version();
    // What was released here since is not undone.
    let highest = store.highest_released(name, environment)?;
    if highest.is_some_and(|highest| highest > version) {
        session.ui.warning(format!("{name}: a later version than {version} was released to {environment} already; left as it is"));
        return Ok(None);
    }
    let gate = Gate::new(config, session);
    let made = publish_content(store, live, &options, &gate, false, session)?;
    Ok(made.and_then(|made| made.to))
}
