//! What git tracks, whatever ignore files say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::{ObjectType, TreeWalkMode, TreeWalkResult};

use super::Store;
use super::files::join_root;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::{SUFFIXES, partial_of_path};

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

    /// The paths of prompts and partials that the index or HEAD holds.
    pub(super) fn tracked_files(&self) -> BTreeSet<String> {
        let mut paths = self.in_index().unwrap_or_default();
        let tree = self
            .head_commit()
            .and_then(|commit| self.repo.find_commit(commit).ok()?.tree().ok());
        for (root, tree) in tree.iter().flat_map(|tree| self.root_trees(tree)) {
            // A walk stops only when its callback says so.
            drop(tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
                if entry.kind() == Some(ObjectType::Blob)
                    && let Ok(file) = entry.name()
                    && is_ours(file)
                {
                    paths.insert(join_root(root, &format!("{folder}{file}")));
                }
                TreeWalkResult::Ok
            }));
        }
        paths
    }

    /// Those of the index; an index that cannot be read leaves HEAD.
    fn in_index(&self) -> Option<BTreeSet<String>> {
        let mut index = self.repo.index().ok()?;
        index.read(false).ok()?;
        let mut paths = BTreeSet::new();
        for root in &self.settings.roots {
            let prefix = match root.as_str() {
                "." | "" => String::new(),
                root => format!("{root}/"),
            };
            // The index is in the order of its paths.
            let first = if prefix.is_empty() {
                0
            } else {
                index.find_prefix(&prefix).unwrap_or(index.len())
            };
            let entries = (first..index.len()).map_while(|at| index.get(at));
            let below = entries.take_while(|entry| entry.path.starts_with(prefix.as_bytes()));
            let named = below.filter_map(|entry| String::from_utf8(entry.path).ok());
            paths.extend(named.filter(|path| is_ours(path)));
        }
        Some(paths)
    }
}

/// Whether a path is named like a prompt or a partial.
fn is_ours(path: &str) -> bool {
    SUFFIXES.iter().any(|suffix| path.ends_with(suffix)) || partial_of_path(path).is_some()
}
