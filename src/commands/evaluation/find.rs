//! A run of before, by the beginning of its id.

use std::path::PathBuf;

use super::super::common::count;
use crate::error::Failure;

/// The file of a run, by the beginning of its id.
///
/// # Errors
/// There is none, or there are several.
pub(in crate::commands) fn find(wanted: &str, all: &[PathBuf]) -> Result<PathBuf, Failure> {
    let missing = |message: String| {
        Failure::usage(message).hint("promptctl eval --list shows the runs that are kept here")
    };
    if wanted == "last" {
        let newest = all.last().cloned();
        return newest.ok_or_else(|| missing("no run is kept here".to_owned()));
    }
    let is_it = |path: &&PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        !wanted.is_empty() && name.starts_with(wanted)
    };
    let found: Vec<&PathBuf> = all.iter().filter(is_it).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(missing(format!("there is no run {wanted}"))),
        several => Err(missing(format!(
            "{} begin with {wanted}",
            count(several.len(), "run")
        ))),
    }
}
