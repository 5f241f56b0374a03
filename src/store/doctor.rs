//! What can be wrong with a repository of prompts, and what puts it right.
//!
//! Each trouble names the command that makes it go away. `tags` looks at versions and releases,
//! `lost` finds the tags that git still has, `remote` compares with the remote, `place` looks at
//! the clone itself.

mod lost;
mod place;
mod remote;
mod tags;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Store;
use super::process::Git;
use crate::error::Failure;
use crate::prompt::code::{self, Code};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of thing it is.
    pub code: Code,
    /// Whether something does not work because of it.
    pub is_error: bool,
    /// What is wrong.
    pub message: String,
    /// The tag or file.
    pub place: Option<String>,
    /// The command that puts it right.
    pub fix: String,
    /// What `doctor --fix` does about it; none where that takes a decision.
    pub repair: Option<Repair>,
}

impl Trouble {
    pub(super) fn error(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            code,
            is_error: true,
            message: message.into(),
            place: None,
            fix: fix.into(),
            repair: None,
        }
    }

    pub(super) fn warning(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            is_error: false,
            ..Self::error(code, message, fix)
        }
    }

    fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    fn repaired_by(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }

    /// A failure with the command that puts it right.
    pub(super) fn of(failure: &Failure, fix: impl Into<String>) -> Self {
        Self {
            place: failure.location.clone(),
            ..Self::error(
                failure.code.unwrap_or(code::BAD_TAG),
                failure.message.clone(),
                fix,
            )
        }
    }
}

/// What `doctor --fix` can do by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Set the clone up to mirror the remote's tags.
    ConfigureMirror,
    /// Discard a tag of this clone that lost against another of the same name.
    DiscardTag(String),
    /// Write the commit-graph that makes history fast.
    WriteCommitGraph,
    /// Remove a lock that a run of this program left which was killed.
    RemoveLock(PathBuf),
    /// Bring the index of a file up to HEAD.
    CatchUp(String),
}

impl Store {
    /// Looks for what is wrong with tags, the mirror, locks and the clone, without a network.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn troubles(&self) -> Result<Vec<Trouble>, Failure> {
        let mut troubles = self.troubles_of_tags()?;
        troubles.extend(self.troubles_of_remote(&troubles)?);
        troubles.extend(self.troubles_of_place()?);
        let mut seen = BTreeSet::new();
        troubles.retain(|trouble| seen.insert(trouble.message.clone()));
        Ok(troubles)
    }

    /// Puts one thing right.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn repair(&self, repair: &Repair) -> Result<(), Failure> {
        match repair {
            Repair::ConfigureMirror => self.configure_mirror().map(drop),
            Repair::DiscardTag(tag) => {
                let theirs = tag
                    .strip_prefix(&self.settings.prefix)
                    .and_then(|below| {
                        self.mirror_space()
                            .map(|space| format!("{}{below}", space.base))
                    })
                    .and_then(|name| self.ref_target(&name));
                match theirs {
                    // The remote's tag takes the place of the one that lost.
                    Some(id) => self.update_refs(&[format!("update refs/tags/{tag} {id}")]),
                    // It followed one that lost.
                    None => self.update_refs(&[format!("delete refs/tags/{tag}")]),
                }
            }
            Repair::RemoveLock(lock) => self.remove_lock(lock),
            Repair::CatchUp(path) => self.catch_up(&[path]).map(drop),
            Repair::WriteCommitGraph => Git::read_when_unlocked(|| {
                self.git()
                    .args(["commit-graph", "write", "--reachable", "--changed-paths"])
            })
            .map(drop),
        }
    }

    /// Writes the commit-graph where the history is long and has none. Returns whether it did.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn write_missing_commit_graph(&self) -> Result<bool, Failure> {
        let mut troubles = Vec::new();
        self.check_commit_graph(&mut troubles);
        if troubles.is_empty() {
            return Ok(false);
        }
        self.repair(&Repair::WriteCommitGraph)?;
        Ok(true)
    }
}
