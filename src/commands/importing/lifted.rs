//! Prompts here that stood in code before.

use crate::prompt::name::PromptName;
use crate::releases::Store;

/// A prompt that stood in code.
pub(in crate::commands) struct LiftedPrompt {
    pub(in crate::commands) name: PromptName,
    /// The file of the code.
    pub(in crate::commands) path: String,
    pub(in crate::commands) place: String,
    /// The digest of what the code said then.
    pub(in crate::commands) digest: Option<String>,
}

/// The prompts here that stood in code.
pub(in crate::commands) fn lifted(store: &Store) -> Vec<LiftedPrompt> {
    let (all, _) = store.load_all();
    let known = all.into_iter().filter_map(|loaded| {
        let source = loaded.document.source.as_ref()?;
        Some(LiftedPrompt {
            name: loaded.name.clone(),
            path: source.path.clone()?,
            place: source.place.clone()?,
            digest: source.digest.clone(),
        })
    });
    known.collect()
}
