//! What changed since a commit, and what a number was published with.

use std::collections::HashMap;

use git2::Oid;

use super::Store;
use super::content::same_as_committed;
use super::load::Loaded;
use super::tag::TagName;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::digest::Digest;
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::prompt::quote::{shell_path, shell_word};
use crate::prompt::version::Version;

/// Where a branch began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The other branch, as it was asked for.
    pub revision: String,
    /// The commit at which HEAD parted from the other branch.
    pub commit: String,
    /// The commit that the other branch has now.
    pub tip: String,
}

/// The files of a commit.
#[derive(Debug, Default)]
pub struct Blobs(HashMap<String, Oid>);

impl Blobs {
    /// Whether the file at `path` differs from this text, or is not there.
    pub fn differ(&self, path: &str, text: &str) -> bool {
        !same_as_committed(self.0.get(path).copied(), None, text)
    }
}

/// The tags of versions: which object each names.
#[derive(Debug, Default)]
pub struct VersionTags(HashMap<(PromptName, Version), Oid>);

impl Store {
    /// Where HEAD parted from `revision`, such as `origin/main`.
    ///
    /// # Errors
    /// There is no such revision, or the clone is too shallow to hold where they parted.
    pub fn base(&self, revision: &str) -> Result<Base, Failure> {
        let tip = self.resolve_commit(revision)?;
        let head = self.head_commit().ok_or_else(|| {
            Failure::new(code::UNKNOWN_REVISION, "the repository has no commit yet")
                .hint("git commit")
        })?;
        let commit = self.parted(("HEAD", head), (revision, tip))?;
        Ok(Base {
            revision: revision.to_owned(),
            commit: commit.to_string(),
            tip: tip.to_string(),
        })
    }

    /// A commit that is known to be where the branch began, if this clone holds it. What the other
    /// branch has now is not known then.
    pub fn base_at(&self, commit: &str) -> Option<Base> {
        let id = Oid::from_str(commit).ok()?;
        let id = self.repo.find_commit(id).ok()?.id().to_string();
        Some(Base {
            revision: id.clone(),
            commit: id.clone(),
            tip: id,
        })
    }

    /// The commit at which two revisions parted.
    ///
    /// # Errors
    /// There is no such revision, or the clone is too shallow to hold it.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<String, Failure> {
        let (a_id, b_id) = (self.resolve_commit(a)?, self.resolve_commit(b)?);
        self.parted((a, a_id), (b, b_id)).map(|id| id.to_string())
    }

    fn parted(&self, one: (&str, Oid), other: (&str, Oid)) -> Result<Oid, Failure> {
        let ((a, a_id), (b, b_id)) = (one, other);
        self.repo.merge_base(a_id, b_id).map_err(|_| {
            let failure = Failure::new(
                code::SHALLOW,
                format!("this clone does not hold the commit at which {a} and {b} parted"),
            );
            if !self.is_shallow() {
                return failure.hint("the two have no history in common");
            }
            let is_remote = |name: &&str| self.remote_branch(name).is_some();
            let missing = [a, b].into_iter().find(is_remote).unwrap_or(b);
            failure.hint(self.deepen(missing))
        })
    }

    /// The commit that a revision names.
    ///
    /// # Errors
    /// There is no such revision; the command that brings it is named where there is one.
    pub(super) fn resolve_commit(&self, revision: &str) -> Result<Oid, Failure> {
        self.repo
            .revparse_single(revision)
            .and_then(|object| object.peel_to_commit())
            .map(|commit| commit.id())
            .map_err(|_| self.no_revision(revision))
    }

    fn no_revision(&self, revision: &str) -> Failure {
        let is_remote = self.remote_branch(revision).is_some();
        if is_remote {
            return Failure::new(
                code::SHALLOW,
                format!("this clone does not have {revision}"),
            )
            .hint(self.deepen(revision));
        }
        Failure::new(
            code::UNKNOWN_REVISION,
            format!("git knows no revision `{revision}`"),
        )
        .hint("name a branch, a tag or a commit, such as origin/main")
    }

    /// The remote and the branch that `revision` names, if it is written so.
    fn remote_branch<'a>(&self, revision: &'a str) -> Option<(&'a str, &'a str)> {
        let (remote, branch) = revision.split_once('/')?;
        self.repo.find_remote(remote).ok().map(|_| (remote, branch))
    }

    /// The command that brings the history of a branch.
    fn deepen(&self, revision: &str) -> String {
        let whole = if self.is_shallow() {
            " --unshallow"
        } else {
            ""
        };
        match self.remote_branch(revision) {
            Some((remote, branch)) => {
                format!(
                    "git fetch --no-tags{whole} {} {}",
                    shell_path(remote),
                    shell_word(&format!(
                        "+refs/heads/{branch}:refs/remotes/{remote}/{branch}"
                    ))
                )
            }
            None => format!("git fetch{whole}"),
        }
    }

    /// The files below the roots, as a commit holds them.
    pub fn blobs_at(&self, commit: &str) -> Blobs {
        let tree = Oid::from_str(commit)
            .ok()
            .and_then(|commit| self.commit_tree(commit));
        Blobs(tree.map_or_else(HashMap::new, |tree| self.blobs_below_roots(&tree)))
    }

    /// A prompt as a commit holds it; `None` if the commit does not.
    ///
    /// # Errors
    /// What keeps the file from being used.
    pub fn load_from(
        &self,
        commit: &str,
        name: &PromptName,
    ) -> Result<Option<Loaded>, Vec<Finding>> {
        match Oid::from_str(commit) {
            Ok(commit) => self.load_at(commit, name),
            Err(_) => Ok(None),
        }
    }

    /// The version tags of all prompts, from one pass over the references.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn version_tags(&self) -> Result<VersionTags, Failure> {
        let mut tags = HashMap::new();
        let (own, confirmed) = (self.local_space(), self.true_space());
        let spaces = if own == confirmed {
            vec![own]
        } else {
            // What the remote confirmed counts, so it comes last.
            vec![own, confirmed]
        };
        for space in spaces {
            for found in self.refs_below(&space.base)? {
                if let Some(TagName::Version { name, version }) = TagName::parse(&found.rest) {
                    tags.insert((name, version), found.id);
                }
            }
        }
        Ok(VersionTags(tags))
    }

    /// The digest that a version was published with, or is pending with; `None` where it has no tag.
    ///
    /// # Errors
    /// Its tag is not one that promptctl made.
    pub fn tagged_digest(
        &self,
        tags: &VersionTags,
        name: &PromptName,
        version: Version,
    ) -> Result<Option<Digest>, Failure> {
        let Some(object) = tags.0.get(&(name.clone(), version)) else {
            return Ok(None);
        };
        let tag = TagName::Version {
            name: name.clone(),
            version,
        };
        Ok(Some(self.tag_trailers(*object, &tag)?.digest))
    }
}
