//! An open repository, and what it says of itself.

use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::id::ObjectId;
use super::open::{GitEnvironment, Start};
use super::process::{Git, GitTarget, Hooks};
use super::running::{OtherRuns, RunMarker};
use super::started::Early;
use crate::error::Failure;

/// A git repository.
pub struct Repository {
    pub(super) repo: git2::Repository,
    pub(super) refs: gix_ref::file::Store,
    pub(super) top: PathBuf,
    pub(super) unattended: bool,
    pub(super) surroundings: GitEnvironment,
    pub(super) early: RefCell<Option<Early>>,
    has_own_ssh: OnceCell<bool>,
    /// What says that this run writes here; after `early`, whose calls end first.
    pub(super) note: Arc<RunMarker>,
    /// The folder of a dry run, which is removed at its end.
    pub(super) scratch: Option<tempfile::TempDir>,
}

/// What opens the same repository once more, in another thread: git2's handle cannot be shared.
#[derive(Debug, Clone)]
pub(crate) struct Reopen {
    pub(super) git_dir: PathBuf,
    pub(super) surroundings: GitEnvironment,
    pub(super) unattended: bool,
}

impl Reopen {
    /// Opens it.
    ///
    /// # Errors
    /// It is gone, or can no longer be read.
    pub(crate) fn open(&self) -> Result<Repository, Failure> {
        let repo = self.surroundings.open_again(&self.git_dir)?;
        let mut repository = Repository::of(repo, self.surroundings.clone());
        repository.unattended = self.unattended;
        Ok(repository)
    }
}

impl Repository {
    /// Opens the repository that is meant.
    ///
    /// # Errors
    /// There is none, or it is in a format or of an owner that is refused.
    pub fn open(start: &Start) -> Result<Self, Failure> {
        // As git reads: its checksums of packed data are looked at, and the content of a version is
        // compared with its digest in any case.
        git2::opts::strict_hash_verification(false);
        let (repo, surroundings) = start.open()?;
        Ok(Self::of(repo, surroundings))
    }

    fn of(repo: git2::Repository, surroundings: GitEnvironment) -> Self {
        let top = repo.workdir().unwrap_or_else(|| repo.path()).to_path_buf();
        // The references of all worktrees stand in the common directory.
        let refs = gix_ref::file::Store::at(repo.commondir().to_path_buf(), gix_hash::Kind::Sha1);
        let note = Arc::new(RunMarker::new(repo.commondir()));
        Self {
            repo,
            refs,
            top,
            unattended: true,
            surroundings,
            early: RefCell::new(None),
            has_own_ssh: OnceCell::new(),
            note,
            scratch: None,
        }
    }

    /// What opens this repository once more.
    pub(crate) fn again(&self) -> Reopen {
        Reopen {
            git_dir: self.repo.path().to_path_buf(),
            surroundings: self.surroundings.clone(),
            unattended: self.unattended,
        }
    }

    /// Says whether git must not ask, because nobody can answer.
    pub(crate) fn set_unattended(&mut self, unattended: bool) {
        self.unattended = unattended;
    }

    /// The top of the working tree, or the repository itself where it has none.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The folder of what all working trees share.
    pub(crate) fn common_dir(&self) -> &Path {
        self.repo.commondir()
    }

    /// The folder of what this working tree alone has.
    pub(crate) fn git_dir(&self) -> &Path {
        self.repo.path()
    }

    /// Whether this is a further working tree of a repository.
    pub(crate) fn is_worktree(&self) -> bool {
        self.repo.is_worktree()
    }

    /// Whether the repository has no working tree.
    pub fn is_bare(&self) -> bool {
        self.repo.workdir().is_none()
    }

    /// Whether the clone's history was cut off.
    pub fn is_shallow(&self) -> bool {
        self.repo.is_shallow()
    }

    /// The name of the current branch; `None` where HEAD is detached.
    pub fn branch(&self) -> Option<String> {
        let target = self.symbolic("HEAD")?;
        target.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// The reference that a symbolic one names.
    pub(crate) fn symbolic(&self, name: &str) -> Option<String> {
        let found = self.repo.find_reference(name).ok()?;
        found.symbolic_target().ok().flatten().map(str::to_owned)
    }

    /// Whether there is a reference of this name, symbolic or not.
    pub(crate) fn has_ref(&self, name: &str) -> bool {
        self.repo.find_reference(name).is_ok()
    }

    /// The commit that a reference leads to, with the name of the last reference on the way.
    pub(crate) fn ref_commit(&self, name: &str) -> Option<(String, ObjectId)> {
        let found = self.repo.find_reference(name).ok()?;
        let commit = found.peel_to_commit().ok()?.id();
        let last = found.symbolic_target().ok().flatten().unwrap_or(name);
        Some((last.to_owned(), ObjectId(commit)))
    }

    /// The commit that HEAD names; `None` where there is none yet.
    pub fn head_commit(&self) -> Option<ObjectId> {
        let commit = self.repo.head().ok()?.peel_to_commit().ok()?;
        Some(ObjectId(commit.id()))
    }

    /// The remotes of this clone.
    pub(crate) fn remote_names(&self) -> Vec<String> {
        let names = self.repo.remotes().ok();
        names
            .iter()
            .flat_map(|names| names.iter())
            .filter_map(|name| Some(name.ok().flatten()?.to_owned()))
            .collect()
    }

    /// A call of git that runs no hooks.
    pub(crate) fn git(&self) -> Git {
        Git::new(&self.pinned(), Hooks::Silent)
    }

    /// A commit or a push, which the person's hooks may stop.
    pub(crate) fn git_with_hooks(&self) -> Git {
        Git::new(&self.pinned(), Hooks::Run)
    }

    /// The repository as it is named to git, so that it works on the one that was opened.
    fn pinned(&self) -> GitTarget<'_> {
        let own_ssh =
            || self.surroundings.has_ssh || self.config_value("core.sshCommand").is_some();
        GitTarget {
            top: &self.top,
            git_dir: Some(without_slash(self.repo.path())),
            work_tree: self.repo.workdir().map(without_slash),
            is_elsewhere: self.surroundings.is_elsewhere,
            no_config: self.surroundings.no_config.as_deref(),
            unattended: self.unattended,
            note: Some(&self.note),
            has_own_ssh: *self.has_own_ssh.get_or_init(own_ssh),
        }
    }

    /// Whether git would colour a comparison that goes where standard output goes.
    pub fn wants_color(&self, is_terminal: bool) -> bool {
        let terminal = if is_terminal { "true" } else { "false" };
        let output = self
            .git()
            .args(["config", "--get-colorbool", "color.diff", terminal])
            .run();
        output.is_ok_and(|output| output.out.trim() == "true")
    }

    /// Whether git's configuration names an editor.
    pub fn has_own_editor(&self) -> bool {
        self.config_value("core.editor").is_some()
    }

    /// The editor that git opens here; `None` where it would open none.
    ///
    /// # Errors
    /// git cannot be started.
    pub fn editor(&self) -> Result<Option<String>, Failure> {
        let output = self.git().args(["var", "GIT_EDITOR"]).run()?;
        let editor = output.out.trim();
        Ok((output.ok && !editor.is_empty()).then(|| editor.to_owned()))
    }

    /// A path as a person reads it: relative to the top, where it is below.
    pub fn shown(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.top).unwrap_or(path);
        below.display().to_string().replace('\\', "/")
    }

    /// All values of a key of git's own configuration.
    pub(crate) fn config_values(&self, key: &str) -> Vec<String> {
        let mut values = Vec::new();
        if let Ok(config) = self.repo.config()
            && let Ok(entries) = config.multivar(key, None)
        {
            // What cannot be read is as if it were not set.
            drop(entries.for_each(|entry| {
                values.extend(entry.value().ok().map(str::to_owned));
            }));
        }
        values
    }

    /// A value of git's own configuration, such as `user.name`.
    pub(crate) fn config_value(&self, key: &str) -> Option<String> {
        self.repo.config().ok()?.get_string(key).ok()
    }

    /// The other runs of this program that wrote notes here.
    pub(crate) fn other_runs(&self) -> OtherRuns {
        OtherRuns::of(&self.note)
    }
}

/// A folder without the slash that libgit2 ends it with, which would stand in git's messages.
fn without_slash(folder: &Path) -> &Path {
    folder.components().as_path()
}
