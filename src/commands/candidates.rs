//! What the shells complete from the repository.

mod line;

use std::ffi::OsStr;
use std::path::PathBuf;

use clap_complete::CompletionCandidate;
use clap_complete::engine::{ArgValueCompleter, PathCompleter, ValueCompleter};

pub(super) use self::line::{branches, keys_to_set, keys_to_unset, models, variables, versions};
use crate::config::{Config, Environ};
use crate::prompt::name::PromptName;
use crate::record::log::{Log, Order, Query};
use crate::releases::{Settings, Store};
use crate::repository::Start;

/// How many executions are offered.
const NEWEST: usize = 20;

/// The repository of the folder that the command would work in; none where there is none, since
/// nobody reads an error here.
pub(super) fn store() -> Option<Store> {
    let named = directory(Environ::arguments());
    let here = Environ::current_dir().ok()?;
    let store = Store::open(&Start {
        is_named: named.is_some(),
        directory: named.unwrap_or_else(|| here.clone()),
        here,
        variables: Environ::read().git,
    })
    .ok()?;
    let config = store
        .config_text()
        .ok()?
        .map_or_else(|| Some(Config::default()), |text| Config::parse(&text).ok())?;
    let settings = Settings {
        roots: config.roots,
        first_root: config.first_root,
        prefix: config.tag_prefix,
        remote: config.remote,
        environments: config
            .environments
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        ..Settings::default()
    };
    let store = store.with_settings(settings).ok()?;
    // Whoever presses the tab key changes nothing.
    store.write_nothing();
    Some(store)
}

/// What the last `-C DIR` among the words says.
fn directory(words: Vec<std::ffi::OsString>) -> Option<PathBuf> {
    let mut directory = None;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "-C" || text == "--directory" {
            directory = words.next().map(PathBuf::from).or(directory);
        } else if let Some(named) = text.strip_prefix("--directory=") {
            directory = Some(named.into());
        }
    }
    directory
}

/// Those of the texts that begin with what is typed already.
fn beginning(
    current: &OsStr,
    texts: impl IntoIterator<Item = impl ToString>,
) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    texts
        .into_iter()
        .map(|text| text.to_string())
        .filter(|text| text.starts_with(current.as_ref()))
        .map(CompletionCandidate::new)
        .collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_folder_named_is_the_one_to_work_in() {
        let directory = |line: &str| directory(line.split(' ').map(Into::into).collect());
        assert_eq!(directory("promptctl show"), None);
        assert_eq!(directory("promptctl -C a show"), Some("a".into()));
        assert_eq!(directory("promptctl -C a --directory=b"), Some("b".into()));
        assert_eq!(directory("promptctl show -C"), None);
    }
}
