//! Prompts that were one stored prompt: who calls by its id would not know which is meant.

use std::collections::{BTreeMap, BTreeSet};

use super::release::State;
use super::store::Store;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::Next;

/// The id of the stored prompt that a prompt was imported from.
fn stored_id(loaded: &Loaded) -> Option<&str> {
    loaded.document.source.as_ref()?.stored_id()
}

impl Store {
    /// What is wrong with making a content live beside another prompt that was the same stored
    /// prompt. Only files that name the id are looked at.
    ///
    /// # Errors
    /// What is live cannot be read.
    pub fn shared_id(
        &self,
        loaded: &Loaded,
        environment: &Environment,
    ) -> Result<Option<Finding>, Failure> {
        let Some(id) = stored_id(loaded) else {
            return Ok(None);
        };
        for name in self.names_naming(id) {
            if name == loaded.name || !matches!(self.state(&name, environment)?, State::Live(_)) {
                continue;
            }
            let other = self.load_active(&name, environment)?;
            if stored_id(&other) == Some(id) {
                return Ok(Some(
                    shared(&loaded.name, &other.name, environment, id)
                        .in_file(&loaded.path)
                        .at(loaded.document.span_of("source")),
                ));
            }
        }
        Ok(None)
    }

    /// The prompts with one id that are live beside each other.
    ///
    /// # Errors
    /// The tags cannot be read.
    pub fn shared_ids(&self) -> Result<Vec<Finding>, Failure> {
        let overview = self.overview()?;
        let mut owners: BTreeMap<(Environment, String), PromptName> = BTreeMap::new();
        let mut found = Vec::new();
        let environments: BTreeSet<&Environment> =
            overview.states.values().flat_map(BTreeMap::keys).collect();
        for environment in environments {
            let is_live = |(_, states): &(&PromptName, &BTreeMap<Environment, State>)| {
                matches!(states.get(environment), Some(State::Live(_)))
            };
            let live = overview.states.iter().filter(is_live);
            let names: Vec<&PromptName> = live.map(|(name, _)| name).collect();
            let ids = self.each_live(&names, environment, &overview, |loaded| {
                // What cannot be read is reported elsewhere.
                loaded.ok().and_then(|it| stored_id(&it).map(str::to_owned))
            })?;
            for (name, id) in names.into_iter().zip(ids) {
                let Some(id) = id else { continue };
                let key = (environment.clone(), id);
                match owners.get(&key) {
                    Some(other) => found.push(shared(name, other, environment, &key.1)),
                    None => drop(owners.insert(key, name.clone())),
                }
            }
        }
        Ok(found)
    }
}

/// That two prompts with one id are, or would be, live in an environment.
pub fn shared(
    name: &PromptName,
    other: &PromptName,
    environment: &Environment,
    id: &str,
) -> Finding {
    Finding::error(
        code::SHARED_ID,
        format!("{name} and {other} both answer for {id} in {environment}, and a gateway would have to guess"),
    )
    .help(
        Next::unpublish(other, environment)
            .that("takes the other one out; or remove `source:` from one of the files"),
    )
}
