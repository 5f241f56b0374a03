//! What is here already, and the names that prompts get.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::super::gate::Gate;
use super::super::importing::names::same_but_for_case;
use super::args::Args;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::releases::Store;

/// The imported prompts that are here, by their ids at OpenAI.
pub(super) struct ImportedPrompts {
    by_id: BTreeMap<String, Vec<Imported>>,
    /// All names that are here.
    names: BTreeSet<String>,
    /// All ids that are asked for.
    asked: BTreeSet<String>,
    pub(super) gate: Gate,
}

pub(super) struct Imported {
    name: PromptName,
    /// The versions at OpenAI that are committed.
    versions: BTreeSet<u64>,
    /// Whether the file was edited since.
    pub(super) is_edited: bool,
}

impl ImportedPrompts {
    pub(super) fn read(
        store: &Store,
        asked: BTreeSet<String>,
        gate: Gate,
    ) -> Result<Self, Failure> {
        let names = store
            .list()
            .files
            .iter()
            .map(|file| file.name.to_string())
            .collect();
        let (all, _) = store.load_all();
        let mut by_id = BTreeMap::new();
        for loaded in all {
            let Some(source) = &loaded.document.source else {
                continue;
            };
            let Some(id) = source.stored_id() else {
                continue;
            };
            let mut versions = BTreeSet::new();
            for entry in store.history(&loaded.name)? {
                let of_entry = entry
                    .loaded
                    .as_ref()
                    .and_then(|loaded| loaded.document.source.as_ref());
                let of_id = of_entry.filter(|source| source.stored_id() == Some(id));
                versions.extend(
                    of_id
                        .iter()
                        .flat_map(|source| &source.versions)
                        .filter_map(|version| version.parse::<u64>().ok()),
                );
            }
            let is_edited = source.digest.as_deref() != Some(loaded.digest().short());
            let imported: &mut Vec<Imported> = by_id.entry(id.to_owned()).or_default();
            imported.push(Imported {
                name: loaded.name.clone(),
                versions,
                is_edited,
            });
        }
        Ok(Self {
            by_id,
            names,
            asked,
            gate,
        })
    }

    /// What is here of an id: under the name that was asked for, else under any.
    pub(super) fn imported(&self, id: &str, name: Option<&PromptName>) -> Option<&Imported> {
        let all = self.by_id.get(id)?;
        match name {
            Some(name) => all.iter().find(|imported| imported.name == *name),
            None => all.first(),
        }
    }

    pub(super) fn versions_of(&self, id: &str, name: Option<&PromptName>) -> BTreeSet<u64> {
        self.imported(id, name)
            .map(|imported| imported.versions.clone())
            .unwrap_or_default()
    }

    /// Another prompt that has this id, too.
    pub(super) fn other(&self, id: &str, name: &PromptName) -> Option<&PromptName> {
        let mut all = self.by_id.get(id)?.iter().map(|imported| &imported.name);
        all.find(|other| *other != name)
    }

    /// A name of the first digits of an id, of more where another prompt has them.
    fn free_name(&self, id: &str) -> String {
        let digits = id.trim_start_matches("pmpt_");
        let named = |length: usize| {
            let part: String = digits.chars().take(length).collect();
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            format!("imported/{}{part}", if is_number { "p" } else { "" })
        };
        let others = self.asked.iter().filter(|other| *other != id);
        let is_taken = |name: &String| {
            let part = name.trim_start_matches("imported/").trim_start_matches('p');
            self.names.contains(name)
                || others
                    .clone()
                    .any(|other| other.trim_start_matches("pmpt_").starts_with(part))
        };
        [8, 16, 24]
            .into_iter()
            .map(named)
            .find(|name| !is_taken(name))
            .unwrap_or_else(|| named(usize::MAX))
    }

    /// The name that a prompt has or gets.
    pub(super) fn name_for(
        &self,
        id: &str,
        proposed: Option<&str>,
        args: &Args,
    ) -> Result<PromptName, Failure> {
        if let Some(name) = &args.name {
            return Ok(name.clone());
        }
        if let Some(imported) = self.imported(id, None) {
            return Ok(imported.name.clone());
        }
        let own = proposed.map_or_else(|| self.free_name(id), str::to_owned);
        let name = match &args.into {
            Some(folder) => format!(
                "{}/{}",
                folder.trim_matches('/'),
                own.trim_start_matches("imported/")
            ),
            None => own,
        };
        PromptName::from_str(&name).map_err(|error| {
            Failure::new(
                code::NEEDS_NAME,
                format!("{id} cannot be named {name}: {error}"),
            )
            .hint("--name NAME names the prompt")
        })
    }
}

/// Whether another prompt has the name: not what a killed run of this command left uncommitted.
pub(super) fn is_in_the_way(store: &Store, name: &PromptName, id: &str) -> bool {
    let reference = crate::prompt::reference::Reference::working_copy(name.clone());
    match store.load(&reference) {
        Ok(loaded) => {
            loaded
                .document
                .source
                .as_ref()
                .and_then(|source| source.stored_id())
                != Some(id)
        }
        Err(_) => same_but_for_case(store, name).is_some(),
    }
}

/// What to do about another prompt of that name.
pub(super) fn in_the_way(name: &PromptName, id: &str) -> Failure {
    Failure::new(
        code::EXISTS,
        format!("a prompt named {name} exists, and it is not {id}"),
    )
    .hint(format!(
        "promptctl import {id} --name NAME gives it another name"
    ))
}

/// The names that were given out, each with its id.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Fails, before anything is paid for, where the prompt could not be written.
    pub(super) fn take(
        &mut self,
        id: &str,
        proposed: Option<&str>,
        args: &Args,
        here: &ImportedPrompts,
        store: &Store,
    ) -> Result<(), Failure> {
        let name = here.name_for(id, proposed, args)?;
        if let Some(other) = self.0.insert(name.as_str().to_lowercase(), id.to_owned()) {
            return Err(Failure::new(
                code::EXISTS,
                format!("{id} would be named {name}, as {other} is"),
            )
            .hint(format!(
                "promptctl import {id} --name NAME gives it another name"
            )));
        }
        if here.imported(id, Some(&name)).is_some() {
            return Ok(());
        }
        if is_in_the_way(store, &name, id) {
            return Err(in_the_way(&name, id));
        }
        let path = store.path_for(&name);
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        for folder in folders {
            let whole = store.top().join(folder);
            let Ok(data) = std::fs::metadata(&whole) else {
                break;
            };
            if !data.is_dir() {
                return Err(Failure::new(
                    code::WRITE_FAILED,
                    format!("{folder} is a file, and {name} needs a folder of that name"),
                )
                .at(folder)
                .hint(format!(
                    "promptctl import {id} --name NAME gives it another name"
                )));
            }
        }
        Ok(())
    }
}
