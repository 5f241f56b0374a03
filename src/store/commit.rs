//! Commits: exactly the files named, as the user's own `git commit` would make them.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Store;
use super::process::{Git, explain, words_of, write_failure};
use super::tagging::SCRATCH;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::quote::shell_path;

/// How long another process of this program that commits is waited for: its hooks may be slow.
const TURN_PATIENCE: Duration = Duration::from_secs(60);
const TURN_PAUSE: Duration = Duration::from_millis(5);

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file, relative to the top of the repository.
    pub path: String,
    /// What it shall hold.
    pub text: String,
}

/// A file that goes to another path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMove {
    /// Where it stands, relative to the top of the repository.
    pub from: String,
    /// Where it goes.
    pub to: String,
    /// What it holds.
    pub text: String,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The commit made; none if the files held all that already.
    pub commit: Option<String>,
}

impl Store {
    /// Writes files without a commit, each whole or not at all.
    ///
    /// # Errors
    /// A file cannot be written; those written before it are put back.
    pub fn write_files(&self, changes: &[FileChange]) -> Result<(), Failure> {
        self.require_working_copy()?;
        let mut done: Vec<Saved> = Vec::new();
        for change in changes {
            match self.replace(change) {
                Ok(saved) => done.push(saved),
                Err(failure) => {
                    put_back(&done);
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

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

    fn replace(&self, change: &FileChange) -> Result<Saved, Failure> {
        let path = self.top.join(&change.path);
        // A link or a folder in the way is refused, as it is on reading.
        let before = self.work_tree().read(&change.path)?;
        let folder = path.parent().unwrap_or(&self.top);
        fs::create_dir_all(folder).map_err(|error| write_failure(folder, &error))?;
        write_whole(&path, change.text.as_bytes(), &self.scratch_folder()?)?;
        Ok(Saved { path, before })
    }

    /// Writes files and commits exactly them on the current branch, whatever else is staged, with
    /// the user's identity, signing and hooks.
    ///
    /// # Errors
    /// A file cannot be written, or git refuses the commit. The files are then as they were.
    pub fn commit(&self, changes: &[FileChange], message: &str) -> Result<Written, Failure> {
        self.require_working_copy()?;
        if changes.is_empty() {
            return Ok(Written { commit: None });
        }
        let mut done = Vec::new();
        for change in changes {
            match self.replace(change) {
                Ok(saved) => done.push(saved),
                Err(failure) => {
                    put_back(&done);
                    return Err(failure);
                }
            }
        }
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        let committed = self.commit_paths(&paths, message);
        if committed.is_err() {
            put_back(&done);
        }
        committed
    }

    /// Moves files and commits exactly that. The new files stand before the old ones go, so that a
    /// kill loses nothing; what is there already of an earlier try is taken as it is.
    ///
    /// # Errors
    /// A file cannot be written, or git refuses the commit. The files are then as they were.
    pub fn commit_moves(&self, moves: &[FileMove], message: &str) -> Result<Written, Failure> {
        self.require_working_copy()?;
        let mut done = Vec::new();
        let mut put = || -> Result<(), Failure> {
            for one in moves {
                let (path, text) = (one.to.clone(), one.text.clone());
                done.push(self.replace(&FileChange { path, text })?);
            }
            for one in moves {
                done.extend(self.remove(&one.from)?);
            }
            Ok(())
        };
        let paths: Vec<&str> = moves
            .iter()
            .flat_map(|one| [one.from.as_str(), one.to.as_str()])
            .collect();
        let committed = put().and_then(|()| self.commit_paths(&paths, message));
        if committed.is_err() {
            put_back(&done);
            return committed;
        }
        for one in moves {
            self.remove_empty_folders(&one.from);
        }
        committed
    }

    fn remove(&self, path: &str) -> Result<Option<Saved>, Failure> {
        let Some(before) = self.work_tree().read(path)? else {
            return Ok(None);
        };
        let path = self.top.join(path);
        fs::remove_file(&path).map_err(|error| write_failure(&path, &error))?;
        let before = Some(before);
        Ok(Some(Saved { path, before }))
    }

    /// Removes the folders that a file left empty, below its root, as git does.
    fn remove_empty_folders(&self, path: &str) {
        let is_root = |folder: &str| self.settings.roots.iter().any(|root| root == folder);
        let mut folder = path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            folder = above;
            // A folder that holds something stays, and so do those above it.
            if is_root(folder) || fs::remove_dir(self.top.join(folder)).is_err() {
                return;
            }
        }
    }

    /// The text of a file of the working copy; `None` if there is none.
    ///
    /// # Errors
    /// It is not text, or not a regular file inside the repository.
    pub fn read_text(&self, path: &str) -> Result<Option<String>, Failure> {
        let bytes = self.work_tree().read(path)?;
        bytes
            .map(|bytes| {
                String::from_utf8(bytes).map_err(|_| {
                    Failure::new(code::NOT_UTF8, format!("{path} is not UTF-8 text")).at(path)
                })
            })
            .transpose()
    }

    /// Those of these files that git does not track.
    ///
    /// # Errors
    /// git cannot be asked.
    pub fn untracked(&self, paths: &[&str]) -> Result<Vec<String>, Failure> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let said = self
            .git()
            .args(["ls-files", "-z", "--others", "--exclude-standard"])
            .paths(paths)
            .read()?;
        Ok(said
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

    fn commit_paths(&self, paths: &[&str], message: &str) -> Result<Written, Failure> {
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
                Failure::new(code::HOOK_REFUSED, format!("git ignores {ignored}")).hint(format!(
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
        let said = Git::say_when_unlocked(|| {
            self.git_with_hooks()
                .args(["commit", "--quiet", "--only", "--cleanup=verbatim"])
                .args(["-F", "-"])
                .paths(&paths)
                .input(format!("{}\n", message.trim_end()))
        })?;
        if !said.ok {
            if !untracked.is_empty() {
                // The intent to add is taken back; if that fails the file is merely listed as new.
                drop(
                    self.git()
                        .args(["rm", "--cached", "--quiet", "--force"])
                        .paths(&untracked)
                        .say(),
                );
            }
            return Err(refused_commit(&said.err, &said.out));
        }
        Ok(Written {
            commit: self.head(),
        })
    }
}

impl Store {
    /// Those of these files whose index is behind HEAD: they are as HEAD has them, and something
    /// else is staged. A commit that was killed before it wrote the index leaves that.
    pub(super) fn behind_head(&self, paths: &[&str]) -> Result<Vec<String>, Failure> {
        if self.head_commit().is_none() || self.is_bare() {
            return Ok(Vec::new());
        }
        let differing = |from: &str| -> Result<Vec<String>, Failure> {
            let said = self
                .git()
                .args(["diff", from, "--name-only", "-z", "--no-renames"])
                .args(["--no-ext-diff", "--ignore-submodules"])
                .paths(paths)
                .read()?;
            let paths = said.split('\0').filter(|path| !path.is_empty());
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
    pub(super) fn catch_up(&self, paths: &[&str]) -> Result<Vec<String>, Failure> {
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
        let file = File::create(&path).map_err(|error| write_failure(&path, &error))?;
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

struct Saved {
    path: PathBuf,
    before: Option<Vec<u8>>,
}

fn put_back(done: &[Saved]) {
    for saved in done.iter().rev() {
        // The failure that led here is the one to report.
        drop(match &saved.before {
            Some(bytes) => fs::write(&saved.path, bytes),
            None => fs::remove_file(&saved.path),
        });
    }
}

/// Writes a file so that a reader, or a crash, sees the old content or the new, never half of it.
///
/// What is not finished stands in `scratch`, so that a killed process leaves nothing in the tree.
fn write_whole(path: &Path, bytes: &[u8], scratch: &Path) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let written = match write_through(scratch, path, bytes) {
        // The repository stands on another disk than its working tree.
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            write_through(folder, path, bytes)
        }
        written => written,
    };
    written.map_err(|error| write_failure(path, &error))
}

fn write_through(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(SCRATCH)
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    let permissions = match fs::metadata(path) {
        Ok(data) => Some(data.permissions()),
        Err(_) => new_file_permissions(),
    };
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_data()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// A temporary file is private; a prompt file is as readable as others in the tree.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps)]
fn new_file_permissions() -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn new_file_permissions() -> Option<fs::Permissions> {
    None
}

fn refused_commit(err: &str, out: &str) -> Failure {
    if err.contains("cannot do a partial commit during") {
        return Failure::new(
            code::HOOK_REFUSED,
            "a merge or rebase is in progress, and git makes no commit of single files then",
        )
        .hint("finish it with git merge --continue (or --abort), then run the same command again");
    }
    let explained = explain(err);
    if explained.code != Some(code::HOOK_REFUSED) {
        return explained;
    }
    let words = words_of(if err.trim().is_empty() { out } else { err });
    Failure::new(
        code::HOOK_REFUSED,
        format!("git refused the commit: {words}"),
    )
    .hint("the files are as they were before")
}
