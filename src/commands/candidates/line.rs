//! What is completed from the other words of the line: the prompt that they name says which versions,
//! variables and keys there are.

use std::ffi::OsStr;

use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCompleter;

use super::place::{beginning, store};
use crate::config::Environ;
use crate::files::Loaded;
use crate::openai::prices::listed;
use crate::openai::provider::DEFAULT_PROVIDER;
use crate::prompt::document::settable;
use crate::prompt::reference::Reference;
use crate::prompt::template::Outline;
use crate::releases::Store;

/// The prompts that the line names already.
fn named(store: &Store) -> Vec<Reference> {
    let words = Environ::arguments();
    // Before `--` stands the call of the shell's script.
    let words = words.split(|word| word == "--").next_back();
    let words = words.unwrap_or_default().iter().skip(1);
    let references = words.filter_map(|word| word.to_str()?.parse::<Reference>().ok());
    references.filter(|it| store.knows(&it.name)).collect()
}

fn loaded(store: &Store) -> Vec<Loaded> {
    let references = named(store);
    let loaded = references.iter().filter_map(|it| store.load(it).ok());
    loaded.collect()
}

fn completer(offers: impl Fn(&Store) -> Vec<String> + Send + Sync + 'static) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &OsStr| -> Vec<CompletionCandidate> {
        let offers = store().as_ref().map(&offers).unwrap_or_default();
        beginning(current, offers)
    })
}

/// Completes a version of the prompts that are named.
pub(in super::super) fn versions() -> ArgValueCompleter {
    completer(|store| {
        let numbers = named(store).into_iter();
        let numbers = numbers.filter_map(|it| store.numbers(&it.name).ok());
        let mut taken: Vec<_> = numbers.flat_map(|it| it.taken).collect();
        taken.sort_unstable();
        taken.dedup();
        taken.iter().map(ToString::to_string).collect()
    })
}

/// Completes a variable of the prompt that is named: `ticket=`.
pub(in super::super) fn variables() -> ArgValueCompleter {
    completer(|store| {
        let loaded = loaded(store);
        let outlines = loaded
            .iter()
            .filter_map(|it| Outline::new(&it.document, &it.partials).ok());
        let variables = outlines.flat_map(|outline| outline.variables().to_vec());
        variables.map(|it| format!("{}=", it.name)).collect()
    })
}

/// Completes a key that can be set: `modelParameters.maxTokens=`.
pub(in super::super) fn keys_to_set() -> ArgValueCompleter {
    completer(|store| {
        let keys = keys(store).into_iter();
        keys.map(|key| format!("{key}=")).collect()
    })
}

/// Completes a key that the prompt has.
pub(in super::super) fn keys_to_unset() -> ArgValueCompleter {
    completer(keys)
}

/// The keys of all prompts, and the messages of those that are named, by their roles.
fn keys(store: &Store) -> Vec<String> {
    let mut keys: Vec<String> = settable().collect();
    for prompt in loaded(store) {
        let mut roles: Vec<String> = prompt
            .document
            .own_messages()
            .map(|message| format!("messages.{}", message.role))
            .collect();
        let is_one = |role: &String, all: &[String]| all.iter().filter(|it| *it == role).count();
        let all = roles.clone();
        roles.retain(|role| is_one(role, &all) == 1);
        keys.extend(roles);
    }
    keys.dedup();
    keys
}

/// Completes a model: those of the prompts here, and those that promptctl knows.
pub(in super::super) fn models() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let store = store();
        let own = store.map(|store| store.load_all().0).unwrap_or_default();
        let own = own.into_iter().filter_map(|prompt| prompt.document.model);
        let known = listed(DEFAULT_PROVIDER).into_iter();
        let mut models: Vec<String> = own.chain(known).chain(["echo".to_owned()]).collect();
        models.sort_unstable();
        models.dedup();
        beginning(current, models)
    })
}

/// Completes a branch, of this clone or of a remote.
pub(in super::super) fn branches() -> ArgValueCompleter {
    completer(|store| store.branches())
}
