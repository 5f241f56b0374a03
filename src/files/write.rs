//! Writing files of the working copy, each whole or not at all, and committing exactly them.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::prompts::Prompts;
use crate::error::Failure;
use crate::prompt::code;
use crate::repository::{SCRATCH, Written, write_failure};

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

impl Prompts {
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

    fn replace(&self, change: &FileChange) -> Result<Saved, Failure> {
        let path = self.top().join(&change.path);
        // A link or a folder in the way is refused, as it is on reading.
        let before = self.work_tree().read(&change.path)?;
        let folder = path.parent().unwrap_or(self.top());
        fs::create_dir_all(folder).map_err(|error| write_failure(folder, &error))?;
        write_whole(&path, change.text.as_bytes(), &self.scratch_folder()?)?;
        Ok(Saved { path, before })
    }

    /// Makes sure that git knows who commits, before anything is done that would have to be committed.
    ///
    /// # Errors
    /// `P222`: it does not.
    pub fn require_identity(&self) -> Result<(), Failure> {
        for who in ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"] {
            self.git().args(["var", who]).read()?;
        }
        Ok(())
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
        let path = self.top().join(path);
        fs::remove_file(&path).map_err(|error| write_failure(&path, &error))?;
        let before = Some(before);
        Ok(Some(Saved { path, before }))
    }

    /// Removes the folders that a file left empty, below its root, as git does.
    fn remove_empty_folders(&self, path: &str) {
        let is_root = |folder: &str| self.roots.iter().any(|root| root == folder);
        let mut folder = path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            folder = above;
            // A folder that holds something stays, and so do those above it.
            if is_root(folder) || fs::remove_dir(self.top().join(folder)).is_err() {
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
