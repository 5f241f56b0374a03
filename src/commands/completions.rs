//! `promptctl completions`, and what the shells complete from the repository.

use std::ffi::OsStr;
use std::path::Path;

use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCompleter;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::Session;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::store::{Settings, Store};

/// Print the completions for a shell
///
/// Names of prompts, versions and environments are completed from the repository. Load them with,
/// for example: source <(promptctl completions bash)
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let shell: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
        Shell::Elvish => &Elvish,
    };
    let mut script = Vec::new();
    shell
        .write_registration(
            "COMPLETE",
            "promptctl",
            "promptctl",
            "promptctl",
            &mut script,
        )
        .map_err(|error| Failure::new(code::WRITE_FAILED, error.to_string()))?;
    session.ui.data(String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

/// The repository of the current folder; none where there is none, since nobody reads an error here.
fn store() -> Option<Store> {
    let store = Store::open(Path::new(".")).ok()?;
    let config = store
        .config_text()
        .ok()?
        .map_or_else(|| Some(Config::default()), |text| Config::parse(&text).ok())?;
    let settings = Settings {
        roots: config.roots,
        prefix: config.tag_prefix,
        remote: config.remote,
        environments: config
            .environments
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        unattended: true,
    };
    Some(store.with_settings(settings))
}

/// Completes the name of a prompt.
pub(super) fn names() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy().into_owned();
        let Some(store) = store() else {
            return Vec::new();
        };
        store
            .list()
            .files
            .into_iter()
            .filter(|file| file.name.as_str().starts_with(&current))
            .map(|file| CompletionCandidate::new(file.name.to_string()))
            .collect()
    })
}

/// Completes a reference: a name, and after `@` its versions and environments.
pub(super) fn references() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy().into_owned();
        let Some(store) = store() else {
            return Vec::new();
        };
        match current.split_once('@') {
            Some((name, selector)) => selectors(&store, name, selector),
            None => store
                .list()
                .files
                .into_iter()
                .filter(|file| file.name.as_str().starts_with(&current))
                .map(|file| CompletionCandidate::new(file.name.to_string()))
                .collect(),
        }
    })
}

fn selectors(store: &Store, name: &str, selector: &str) -> Vec<CompletionCandidate> {
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
        .map(|environment| environment.to_string())
        .chain(versions.into_iter().map(|version| version.to_string()))
        .filter(|candidate| candidate.starts_with(selector))
        .map(|candidate| CompletionCandidate::new(format!("{name}@{candidate}")))
        .collect()
}

/// Completes the name of an environment.
pub(super) fn environments() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy().into_owned();
        let Some(store) = store() else {
            return Vec::new();
        };
        let mut environments = store.settings().environments.clone();
        for states in store
            .overview()
            .map(|overview| overview.states)
            .unwrap_or_default()
            .into_values()
        {
            environments.extend(states.into_keys());
        }
        environments.sort();
        environments.dedup();
        environments
            .into_iter()
            .filter(|environment| environment.as_str().starts_with(&current))
            .map(|environment| CompletionCandidate::new(environment.to_string()))
            .collect()
    })
}
