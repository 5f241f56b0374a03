//! The prompts of a repository, and the folders that hold them.

use std::ops::Deref;

use crate::error::Failure;
use crate::prompt::{CONFIG_FILE, code};
use crate::repository::Repository;

use super::content::Files as _;

/// The prompts of a repository.
pub struct Prompts {
    pub(super) repository: Repository,
    /// The folders that hold them, relative to the top of the repository, without a trailing `/`.
    pub(super) roots: Vec<String>,
    /// The one of them that new files go to.
    pub(super) first_root: String,
}

/// Whoever has the prompts can ask the repository.
impl Deref for Prompts {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        &self.repository
    }
}

impl Prompts {
    /// The prompts below `roots`.
    pub(crate) fn new(repository: Repository, roots: Vec<String>, first_root: String) -> Self {
        Self {
            repository,
            roots,
            first_root,
        }
    }

    /// The repository, to open it in another way.
    pub(crate) fn into_repository(self) -> Repository {
        self.repository
    }

    /// The text of `promptctl.yaml`: of the working copy, or of HEAD in a repository without one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn config_text(&self) -> Result<Option<String>, Failure> {
        let bytes = if self.is_bare() {
            let tree = self
                .head_commit()
                .and_then(|commit| self.commit_tree(commit));
            tree.map_or(Ok(None), |tree| tree.read_file(CONFIG_FILE))
        } else {
            self.work_tree().read(CONFIG_FILE)
        }?;
        bytes
            .map(|bytes| {
                String::from_utf8(bytes).map_err(|_| {
                    Failure::new(code::BAD_CONFIG, format!("{CONFIG_FILE} is not UTF-8 text"))
                        .at(CONFIG_FILE)
                })
            })
            .transpose()
    }
}
