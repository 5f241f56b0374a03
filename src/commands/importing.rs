//! Writing prompts that come from elsewhere, as `import` and `scan --lift` do.

pub(super) mod incoming;
mod lifted;
pub(super) mod names;
pub(super) mod number;
pub(super) mod plan;
mod planner;
pub(super) mod show;

pub(super) use lifted::{LiftedPrompt, lifted};

use sha2::{Digest as _, Sha256};

/// The first twelve digits, as prompt files write digests.
pub(super) fn short_digest(bytes: Sha256) -> String {
    let digits = bytes.finalize();
    digits
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
