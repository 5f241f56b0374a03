//! Suites of cases: read from prompt files and datasets, run, and judged.

pub mod answer;
mod asked;
pub mod cache;
pub mod case;
mod dataset;
mod doubles;
mod entry;
mod files;
mod found;
mod near;
mod ready;
mod select;
mod suite;

pub use files::{CaseFiles, NoFiles, PromptFiles};
pub use near::near_duplicates;
pub use ready::{ready, values};
pub use select::{NoSuchCase, Selection};
pub use suite::Reading;

#[cfg(test)]
mod tests;
