//! Commits: exactly the files named, as the user's own `git commit` would make them.

use std::fs::{File, TryLockError};
use std::time::Duration;

use super::handle::Repository;
use super::id::ObjectId;
use super::process::{Git, GitError, GitOutput, words_of, write_failure};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::quote::shell_path;

/// How long another process of this program that commits is waited for: its hooks may be slow.
const TURN_PATIENCE: Duration = Duration::from_secs(60);
const TURN_PAUSE: Duration = Duration::from_millis(5);

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The commit made; none if the files held all that already.
    pub commit: Option<ObjectId>,
}

impl Repository {
    /// Fails in a repository without a working tree.
    ///
    /// # Errors
    /// The repository is bare.
    pub fn require_working_copy(&self) -> Result<(), Failure> {
        if self.is_bare() {
            return Err(Failure::new(
                code::NO_REPOSITORY,
                "this repository is bare: it has no files to change",
            )
            .hint("make a clone, change the prompt there and push"));
        }
        Ok(())
    }

    /// Those of these files that git does not track.
    ///
    /// # Errors
    /// git cannot be asked.
    pub fn untracked(&self, paths: &[&str]) -> Result<Vec<String>, Failure> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let output = self
            .git()
            .args(["ls-files", "-z", "--others", "--exclude-standard"])
            .paths(paths)
            .read()?;
        Ok(output
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// Commits what these files hold now.
    ///
    /// # Errors
    /// git refuses the commit.
    pub fn commit_existing(&self, paths: &[String], message: &str) -> Result<Written, Failure> {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        self.commit_paths(&paths, message)
    }

    pub(crate) fn commit_paths(&self, paths: &[&str], message: &str) -> Result<Written, Failure> {
        let _turn = self.turn_to_commit()?;
        let changed = self
            .git()
            .args([
                "status",
                "--porcelain=v1",
                "-z",
                "--no-renames",
                "--untracked-files=all",
                "--ignored",
            ])
            .paths(paths)
            .read()?;
        let is_staged = |entry: &str| !entry.is_empty() && !entry.starts_with([' ', '?', '!']);
        let caught_up = if changed.split('\0').any(is_staged) {
            self.catch_up(paths)?
        } else {
            Vec::new()
        };
        let paths: Vec<&str> = paths
            .iter()
            .copied()
            .filter(|path| !caught_up.iter().any(|own| own == path))
            .collect();
        if changed.is_empty() || paths.is_empty() {
            return Ok(Written { commit: None });
        }
        if let Some(ignored) = changed
            .split('\0')
            .find_map(|entry| entry.strip_prefix("!! "))
        {
            return Err(
                Failure::new(code::GIT_IGNORES, format!("git ignores {ignored}")).hint(format!(
                    "git check-ignore -v {} shows the rule; remove it from the .gitignore",
                    shell_path(ignored)
                )),
            );
        }
        let untracked: Vec<&str> = changed
            .split('\0')
            .filter_map(|entry| entry.strip_prefix("?? "))
            .collect();
        if !untracked.is_empty() {
            // `git commit --only` wants to know the files; an intent to add stages no content.
            Git::read_when_unlocked(|| {
                self.git()
                    .args(["add", "--intent-to-add"])
                    .paths(&untracked)
            })?;
        }
        let output = Git::run_when_unlocked(|| {
            self.git_with_hooks()
                .args(["commit", "--quiet", "--only", "--cleanup=verbatim"])
                .args(["-F", "-"])
                .paths(&paths)
                .input(format!("{}\n", message.trim_end()))
        })?;
        if !output.ok {
            if !untracked.is_empty() {
                // The intent to add is taken back; if that fails the file is merely listed as new.
                drop(
                    self.git()
                        .args(["rm", "--cached", "--quiet", "--force"])
                        .paths(&untracked)
                        .run(),
                );
            }
            return Err(refused_commit(&output));
        }
        Ok(Written {
            commit: self.head_commit(),
        })
    }
}

impl Repository {
    /// Those of these files whose index is behind HEAD: they are as HEAD has them, and something
    /// else is staged. A commit that was killed before it wrote the index leaves that.
    pub(crate) fn behind_head(&self, paths: &[&str]) -> Result<Vec<String>, Failure> {
        if self.head_commit().is_none() || self.is_bare() {
            return Ok(Vec::new());
        }
        let differing = |from: &str| -> Result<Vec<String>, Failure> {
            let output = self
                .git()
                .args(["diff", from, "--name-only", "-z", "--no-renames"])
                .args(["--no-ext-diff", "--ignore-submodules"])
                .paths(paths)
                .read()?;
            let paths = output.split('\0').filter(|path| !path.is_empty());
            Ok(paths.map(str::to_owned).collect())
        };
        let staged = differing("--cached")?;
        if staged.is_empty() {
            return Ok(Vec::new());
        }
        let changed = differing("HEAD")?;
        Ok(staged
            .into_iter()
            .filter(|path| !changed.contains(path))
            .collect())
    }

    /// Brings the index of these files up to HEAD where it is behind. Returns which.
    pub(crate) fn catch_up(&self, paths: &[&str]) -> Result<Vec<String>, Failure> {
        let behind = self.behind_head(paths)?;
        if !behind.is_empty() {
            Git::read_when_unlocked(|| self.git().args(["reset", "--quiet"]).paths(&behind))?;
        }
        Ok(behind)
    }

    /// Waits until no other process of this program commits here; the turn ends when it is dropped.
    ///
    /// `git commit --only` reads the index before it locks it, so of two at once one may write the
    /// index back without what the other has just committed.
    fn turn_to_commit(&self) -> Result<Option<File>, Failure> {
        let path = self.scratch_folder()?.join("turn-to-commit");
        let file = File::create(&path).map_err(|error| write_failure(&path, error))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                // A disk without locks: git's own lock still keeps the index whole.
                Err(TryLockError::Error(_)) => return Ok(None),
                Err(TryLockError::WouldBlock) if waited < TURN_PATIENCE => {
                    std::thread::sleep(TURN_PAUSE);
                    waited += TURN_PAUSE;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::new(
                        code::LOCKED,
                        "another promptctl has been committing here for a minute",
                    )
                    .hint("wait until it ends, then run the same command again; a hook of git that it runs may be slow"));
                }
            }
        }
    }
}

fn refused_commit(output: &GitOutput) -> Failure {
    if output.met_a_merge() {
        return Failure::new(
            code::MERGE_IN_PROGRESS,
            "a merge or rebase is in progress, and git makes no commit of single files then",
        )
        .hint("finish it with git merge --continue (or --abort), then run the same command again");
    }
    let error = GitError::read(&output.err);
    if !matches!(error, GitError::Other { .. }) {
        return error.into();
    }
    let is_silent = output.err.trim().is_empty();
    let words = words_of(if is_silent { &output.out } else { &output.err });
    Failure::new(
        code::HOOK_REFUSED,
        format!("git refused the commit: {words}"),
    )
    .hint("the files are as they were before")
}
