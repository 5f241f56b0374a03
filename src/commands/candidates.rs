//! What the shells complete from the repository.

mod line;
mod place;

use std::ffi::OsStr;

use clap_complete::engine::{ArgValueCompleter, PathCompleter, ValueCompleter};

pub(super) use self::line::{branches, keys_to_set, keys_to_unset, models, variables, versions};
use crate::config::Environ;
use crate::prompt::name::PromptName;
use crate::record::log::{Log, Order, Query};
use crate::releases::Store;
use place::beginning;
pub(super) use place::store;

/// How many executions are offered.
const NEWEST: usize = 20;

fn names_in(store: &Store) -> Vec<PromptName> {
    store
        .list()
        .files
        .into_iter()
        .map(|file| file.name)
        .collect()
}

/// Completes one of a few texts.
pub(super) fn one_of<T: ToString>(texts: impl IntoIterator<Item = T>) -> ArgValueCompleter {
    let texts: Vec<String> = texts.into_iter().map(|text| text.to_string()).collect();
    ArgValueCompleter::new(move |current: &OsStr| beginning(current, &texts))
}

/// Completes the name of a prompt.
pub(super) fn names() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        beginning(current, store().as_ref().map(names_in).unwrap_or_default())
    })
}

/// Completes the name of a prompt, and paths.
pub(super) fn names_and_paths() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let names = store().as_ref().map(names_in).unwrap_or_default();
        let mut candidates = beginning(current, names);
        candidates.extend(PathCompleter::any().complete(current));
        candidates
    })
}

/// Completes a reference: a name, and after `@` its versions and environments.
pub(super) fn references() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let Some(store) = store() else {
            return Vec::new();
        };
        match current.to_string_lossy().split_once('@') {
            Some((name, _)) => beginning(current, pinned(&store, name)),
            None => beginning(current, names_in(&store)),
        }
    })
}

/// A name with each of its environments and versions.
fn pinned(store: &Store, name: &str) -> Vec<String> {
    let Ok(name) = name.parse::<PromptName>() else {
        return Vec::new();
    };
    let environments = store.environments_of(&name).unwrap_or_default();
    let versions = store
        .numbers(&name)
        .map(|numbers| numbers.taken)
        .unwrap_or_default();
    environments
        .into_iter()
        .map(|environment| format!("{name}@{environment}"))
        .chain(
            versions
                .into_iter()
                .map(|version| format!("{name}@{version}")),
        )
        .collect()
}

/// Completes a reference, or a branch.
pub(super) fn references_and_branches() -> ArgValueCompleter {
    let (references, branches) = (references(), branches());
    ArgValueCompleter::new(move |current: &OsStr| {
        let mut candidates = references.complete(current);
        candidates.extend(branches.complete(current));
        candidates
    })
}

/// Completes the id of one of the newest executions.
pub(super) fn executions() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let Some(store) = store() else {
            return Vec::new();
        };
        let path = Environ::read().log_below(store.top());
        let newest = Query {
            order: Order::NewestFirst,
            limit: Some(NEWEST),
            is_short: true,
            ..Query::default()
        };
        let listing = Log::at(path).list(&newest).unwrap_or_default();
        beginning(
            current,
            listing.executions.into_iter().map(|it| it.record.id),
        )
    })
}

/// Completes the name of an environment.
pub(super) fn environments() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let Some(store) = store() else {
            return Vec::new();
        };
        beginning(current, store.environments())
    })
}
