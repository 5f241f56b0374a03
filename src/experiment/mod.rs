//! Suites of cases: read from prompt files and datasets, run, and judged.

pub mod answer;
pub mod cache;
pub mod case;
