//! The files that git's index knows.

use std::path::{Path, PathBuf};

use super::Store;
use crate::error::Failure;
use crate::prompt::code;

/// A file of the index whose mode says so: no link, no other repository.
const IS_FILE: u32 = 0o100_000;
const KIND: u32 = 0o170_000;

impl Store {
    /// The files below a folder, or the file itself, that git tracks, as paths of the system.
    ///
    /// # Errors
    /// `P220`: the index cannot be read.
    pub fn tracked(&self, below: &Path) -> Result<Vec<PathBuf>, Failure> {
        let index = self.repo.index().map_err(|error| {
            Failure::new(
                code::UNSUPPORTED_REPOSITORY,
                format!("git's index could not be read: {}", error.message()),
            )
        })?;
        Ok(index
            .iter()
            .filter(|entry| entry.mode & KIND == IS_FILE)
            .filter_map(|entry| {
                let path = self.top.join(String::from_utf8(entry.path).ok()?);
                path.starts_with(below).then_some(path)
            })
            .collect())
    }
}
