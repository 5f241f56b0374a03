//! What can be wrong with a repository of prompts, and what puts it right.
//!
//! Each trouble names the command that makes it go away. `remote` compares with the remote, `place`
//! looks at the clone itself; what is wrong with versions and releases is found with them.

mod place;
mod remote;

use std::collections::BTreeSet;

use super::clone::Setup;
use crate::error::Failure;
use crate::releases::{Diagnostic, Repair};
use crate::repository::Git;

impl Setup<'_> {
    /// Looks for what is wrong with tags, the mirror, locks and the clone, without a network.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn troubles(&self) -> Result<Vec<Diagnostic>, Failure> {
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
                    .strip_prefix(&self.settings().prefix)
                    .and_then(|below| {
                        self.mirror_space()
                            .map(|space| format!("{}{below}", space.base))
                    })
                    .and_then(|name| self.ref_target(&name));
                let change = match theirs {
                    // The remote's tag takes the place of the one that lost.
                    Some(id) => format!("update refs/tags/{tag} {id}"),
                    // It followed one that lost.
                    None => format!("delete refs/tags/{tag}"),
                };
                Ok(self.update_refs(&[change])?)
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
        let is_missing = self.lacks_commit_graph();
        if is_missing {
            self.repair(&Repair::WriteCommitGraph)?;
        }
        Ok(is_missing)
    }

    /// Whether the history is long and has no commit-graph.
    pub fn lacks_commit_graph(&self) -> bool {
        let mut troubles = Vec::new();
        self.check_commit_graph(&mut troubles);
        !troubles.is_empty()
    }
}
