//! What git tracks, whatever ignore files say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::prompts::Prompts;
use super::work_tree::join_root;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::{SUFFIXES, partial_of_path};

impl Prompts {
    /// The files below a folder, or the file itself, that git tracks, as paths of the system.
    ///
    /// # Errors
    /// `P220`: the index cannot be read.
    pub fn tracked(&self, below: &Path) -> Result<Vec<PathBuf>, Failure> {
        self.tracked_below(below).map_err(|words| {
            Failure::new(
                code::UNSUPPORTED_REPOSITORY,
                format!("git's index could not be read: {words}"),
            )
        })
    }

    /// Whether what stands in a folder at the top may have come with the repository: git tracks
    /// something there, or another repository has its working tree there.
    pub fn is_brought(&self, folder: &str) -> bool {
        let here = self.top().join(folder);
        let below = here.read_dir().into_iter().flatten().flatten();
        let mut folders = below.map(|it| it.path()).chain([here]);
        // An index that cannot be read tells nothing.
        self.holds_below(folder).unwrap_or(true)
            || folders.any(|folder| folder.join(".git").symlink_metadata().is_ok())
    }

    /// Whether the index may hold this file or link, in whatever case of letters.
    pub fn is_tracked(&self, file: &Path) -> bool {
        let below = file.strip_prefix(self.top()).ok();
        let Some(path) = below.and_then(Path::to_str) else {
            return true;
        };
        let path = path.replace(std::path::MAIN_SEPARATOR, "/");
        // An index that cannot be read tells nothing.
        self.holds_below(&path).unwrap_or(true)
    }

    /// The paths of prompts and partials that the index or HEAD holds.
    pub(super) fn tracked_files(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        let head = self.head_commit();
        let head = head.and_then(|commit| self.commit_tree(commit));
        for root in &self.roots {
            self.index_below(root, |path| {
                if is_ours(&path) {
                    paths.insert(path);
                }
            });
            if let Some(head) = &head {
                head.walk(root, |file| {
                    if is_ours(file.name) {
                        let below = format!("{}{}", file.folder, file.name);
                        paths.insert(join_root(root, &below));
                    }
                });
            }
        }
        paths
    }
}

/// Whether a path is named like a prompt or a partial.
fn is_ours(path: &str) -> bool {
    SUFFIXES.iter().any(|suffix| path.ends_with(suffix)) || partial_of_path(path).is_some()
}
