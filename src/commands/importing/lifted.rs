//! Prompts here that stood in code before.

use std::collections::BTreeMap;

use crate::prompt::name::PromptName;
use crate::releases::Store;

/// A prompt that stood in code.
pub(in crate::commands) struct LiftedPrompt {
    pub(in crate::commands) name: PromptName,
    /// The digest of what the code said then.
    pub(in crate::commands) digest: Option<String>,
}

/// The prompts here that stood in code, by their files and places.
pub(in crate::commands) fn lifted(store: &Store) -> BTreeMap<(String, String), LiftedPrompt> {
    let (all, _) = store.load_all();
    all.into_iter()
        .filter_map(|loaded| {
            let source = loaded.document.source.as_ref()?;
            let key = (source.path.clone()?, source.place.clone()?);
            let known = LiftedPrompt {
                name: loaded.name.clone(),
                digest: source.digest.clone(),
            };
            Some((key, known))
        })
        .collect()
}
