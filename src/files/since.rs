//! What changed since a commit, and what a number was published with.

use std::collections::HashMap;

use super::content::{Files, same_as_committed};
use super::everything::blobs_below;
use super::load::Loaded;
use super::prompts::Prompts;
use crate::error::Failure;
use crate::prompt::CONFIG_FILE;
use crate::prompt::code;
use crate::prompt::name::{PromptName, nearest};
use crate::prompt::quote::{shell_path, shell_word};
use crate::repository::ObjectId;

/// Where a branch began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The other branch, as it was asked for.
    pub revision: String,
    /// The commit at which HEAD parted from the other branch.
    pub commit: ObjectId,
    /// The commit that the other branch has now.
    pub tip: ObjectId,
    /// The folders that held prompts where the branch began.
    pub roots: Vec<String>,
}

/// What the branch is called that others begin at.
const MAIN: [&str; 3] = ["main", "master", "trunk"];

/// The name of a branch without its remote.
fn own_name(branch: &str) -> &str {
    branch.rsplit_once('/').map_or(branch, |(_, own)| own)
}

/// The branch that was meant: one that is written nearly so, or the main one where it is called otherwise.
fn near<'b>(revision: &str, branches: &'b [String]) -> Option<&'b str> {
    let is_main = |branch: &str| MAIN.contains(&own_name(branch));
    let branches = || branches.iter().map(String::as_str);
    let main = || branches().find(|branch| is_main(branch));
    nearest(revision, branches()).or_else(|| is_main(revision).then(main)?)
}

/// The files of a commit.
#[derive(Debug, Default)]
pub struct Blobs(HashMap<String, ObjectId>);

impl Blobs {
    /// The paths of all of them.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether the file at `path` differs from this text, or is not there.
    pub fn differ(&self, path: &str, text: &str) -> bool {
        !same_as_committed(self.0.get(path).copied(), None, text)
    }
}

impl Prompts {
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
            commit,
            tip,
            roots: self.roots.clone(),
        })
    }

    /// A commit that is known to be where the branch began, if this clone holds it. What the other
    /// branch has now is not known then.
    pub fn base_at(&self, commit: &str) -> Option<Base> {
        let id = ObjectId::parse(commit).filter(|id| self.has_commit(*id))?;
        Some(Base {
            revision: id.to_string(),
            commit: id,
            tip: id,
            roots: self.roots.clone(),
        })
    }

    /// The commit at which two revisions parted.
    ///
    /// # Errors
    /// There is no such revision, or the clone is too shallow to hold it.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<ObjectId, Failure> {
        let (a_id, b_id) = (self.resolve_commit(a)?, self.resolve_commit(b)?);
        self.parted((a, a_id), (b, b_id))
    }

    fn parted(&self, one: (&str, ObjectId), other: (&str, ObjectId)) -> Result<ObjectId, Failure> {
        let ((a, a_id), (b, b_id)) = (one, other);
        self.parting(a_id, b_id).ok_or_else(|| {
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
    pub(crate) fn resolve_commit(&self, revision: &str) -> Result<ObjectId, Failure> {
        self.revision(revision)
            .ok_or_else(|| self.no_revision(revision))
    }

    fn no_revision(&self, revision: &str) -> Failure {
        let branches = self.branches();
        let is_remote = self.remote_branch(revision).is_some();
        let near = near(revision, &branches)
            // A branch of this clone is not that of the remote.
            .filter(|near| !is_remote || own_name(near) != own_name(revision))
            .map(|near| format!("did you mean `{near}`?"));
        if is_remote {
            let failure = Failure::new(
                code::SHALLOW,
                format!("this clone does not have {revision}"),
            )
            .hint(self.deepen(revision));
            return near.into_iter().fold(failure, Failure::hint);
        }
        let usual = || "name a branch, a tag or a commit, such as origin/main".to_owned();
        Failure::new(
            code::UNKNOWN_REVISION,
            format!("git knows no revision `{revision}`"),
        )
        .hint(near.unwrap_or_else(usual))
    }

    /// The remote and the branch that `revision` names, if it is written so.
    fn remote_branch<'a>(&self, revision: &'a str) -> Option<(&'a str, &'a str)> {
        let (remote, branch) = revision.split_once('/')?;
        let is_remote = self.remote_names().iter().any(|name| name == remote);
        is_remote.then_some((remote, branch))
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
    pub fn blobs_at(&self, commit: ObjectId) -> Blobs {
        let tree = self.commit_tree(commit);
        Blobs(tree.map_or_else(HashMap::new, |tree| self.blobs_below_roots(&tree)))
    }

    /// The files below the folders that held prompts where the branch began, as they were there.
    pub fn blobs_of(&self, base: &Base) -> Blobs {
        let tree = self.commit_tree(base.commit);
        Blobs(tree.map_or_else(HashMap::new, |tree| blobs_below(&base.roots, &tree)))
    }

    /// A prompt as it was where the branch began; `None` if there was none.
    pub fn load_before(&self, base: &Base, name: &PromptName) -> Option<Loaded> {
        self.load_below(&base.roots, base.commit, name)
            .ok()
            .flatten()
    }

    /// A prompt as the other branch holds it now; `None` if it does not.
    pub fn load_tip(&self, base: &Base, name: &PromptName) -> Option<Loaded> {
        let mut roots = base.roots.clone();
        let own = self.roots.iter();
        roots.extend(own.filter(|root| !base.roots.contains(root)).cloned());
        self.load_below(&roots, base.tip, name).ok().flatten()
    }

    /// The text of `promptctl.yaml` in a commit; `None` if the commit holds none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn config_text_at(&self, revision: &str) -> Result<Option<String>, Failure> {
        self.text_at(Some(revision), CONFIG_FILE)
    }

    /// The text of a file: in a commit, or else of the working copy, which in a repository without
    /// one is HEAD; `None` if there is none. What is no text in it is replaced.
    ///
    /// # Errors
    /// There is no such revision, or the file cannot be read.
    pub fn text_at(&self, revision: Option<&str>, path: &str) -> Result<Option<String>, Failure> {
        let commit = match revision {
            Some(revision) => Some(self.resolve_commit(revision)?),
            None if self.is_bare() => self.head_commit(),
            None => None,
        };
        let bytes = match commit.map(|commit| self.commit_tree(commit)) {
            Some(Some(tree)) => tree.read_file(path)?,
            None if !self.is_bare() => self.work_tree().read(path)?,
            _ => None,
        };
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Whether a path stands in one of the folders that hold prompts.
    pub fn is_below_roots(&self, path: &str) -> bool {
        self.below_roots(path).is_some()
    }

    /// Whether this repository was set up to hold prompts: it has a configuration, or one of the
    /// folders that hold prompts.
    pub fn is_set_up(&self) -> bool {
        let head = self
            .head_commit()
            .and_then(|commit| self.commit_tree(commit));
        let in_head = head.is_some_and(|head| {
            head.blob_id(CONFIG_FILE).is_some()
                || self.roots.iter().any(|root| head.has_folder(root))
        });
        let is_there = |path: &str| !self.is_bare() && self.top().join(path).exists();
        let roots = &self.roots;
        in_head || is_there(CONFIG_FILE) || roots.iter().any(|root| root != "." && is_there(root))
    }
}
