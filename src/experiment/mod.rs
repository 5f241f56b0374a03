//! Suites of cases: read from prompt files and datasets, run, and judged.

pub mod answer;
pub mod append;
mod bundled;
pub mod cache;
pub mod case;
mod dataset;
mod doubles;
mod entry;
pub mod evidence;
mod family;
mod files;
mod found;
pub mod given;
pub mod judge;
mod near;
mod needed_fields;
mod outside;
mod pointless;
mod ready;
mod rebased;
pub mod result;
pub mod run;
pub mod runs;
pub mod score;
mod select;
pub mod shelf;
mod suite;
pub mod summary;
pub mod task;
pub mod verdict;
pub mod versus;

pub use bundled::bundled;
pub use files::{CaseFiles, NoFiles, PromptFiles, Tracking};
pub use near::{near_contradictions, near_duplicates};
pub use needed_fields::asks_for_expected;
pub use outside::{enums, outside_enum};
pub use ready::{ready, values};
pub use select::{NoSuchCase, Selection};
pub use suite::{Reading, misfits_of_own};

#[cfg(test)]
mod tests;
