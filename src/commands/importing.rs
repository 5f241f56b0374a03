//! Writing prompts that come from elsewhere, as `import` and `scan --lift` do.

pub(super) mod incoming;
mod lifted;
mod names;
pub(super) mod number;
pub(super) mod plan;
mod planner;
pub(super) mod show;

pub(super) use lifted::lifted;

use sha2::{Digest as _, Sha256};

use crate::prompt::name::PromptName;
use crate::releases::Store;

/// Whether the store has a prompt of this name.
pub(super) fn has_prompt(store: &Store, name: &PromptName) -> bool {
    store
        .list()
        .files
        .iter()
        .any(|file| file.name.as_str().eq_ignore_ascii_case(name.as_str()))
}

/// The first twelve digits, as prompt files write digests.
pub(super) fn short_digest(bytes: Sha256) -> String {
    let digits = bytes.finalize();
    digits
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
