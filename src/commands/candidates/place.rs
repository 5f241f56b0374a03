//! Where candidates are looked for, and what of a word is there.

use crate::config::{Config, Environ};
use crate::releases::{Settings, Store};
use crate::repository::Start;
use clap_complete::CompletionCandidate;
use std::ffi::OsStr;
use std::path::PathBuf;

/// The repository of the folder that the command would work in; none where there is none, since
/// nobody reads an error here.
pub(in crate::commands) fn store() -> Option<Store> {
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
pub(super) fn directory(words: Vec<std::ffi::OsString>) -> Option<PathBuf> {
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
pub(super) fn beginning(
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
