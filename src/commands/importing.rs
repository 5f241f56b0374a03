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

use crate::files::PromptFile;
use crate::prompt::name::PromptName;
use crate::releases::Store;

/// The file of a prompt of this name, or of one that differs from it only in case.
pub(super) fn same_but_for_case(store: &Store, name: &PromptName) -> Option<PromptFile> {
    let files = store.list().files.into_iter();
    let is_same = |file: &PromptFile| file.name.as_str().eq_ignore_ascii_case(name.as_str());
    files.into_iter().find(is_same)
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
