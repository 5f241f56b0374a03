//! Writing files of the working copy, each whole or not at all, and committing exactly them.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::prompts::Prompts;
use crate::error::Failure;
use crate::prompt::code;
use crate::repository::{SCRATCH, Written, require_identity, write_failure};

/// What is done to a file. Paths are relative to the top of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChange {
    /// It is written, and made where there is none.
    Write {
        /// The file.
        path: String,
        /// What it shall hold.
        text: String,
    },
    /// The same of a file that is no text.
    WriteBytes {
        /// The file.
        path: String,
        /// What it shall hold.
        bytes: Vec<u8>,
    },
    /// It goes to another path.
    Rename {
        /// Where it stands.
        from: String,
        /// Where it goes.
        to: String,
        /// What it shall hold there.
        text: String,
    },
}

impl FileChange {
    /// Where the file stands afterwards.
    pub fn path(&self) -> &str {
        self.written().0
    }

    /// The file that is written, with what it shall hold.
    fn written(&self) -> (&str, &[u8]) {
        match self {
            Self::Write { path, text } | Self::Rename { to: path, text, .. } => {
                (path, text.as_bytes())
            }
            Self::WriteBytes { path, bytes } => (path, bytes),
        }
    }

    /// The file that goes.
    fn removed(&self) -> Option<&str> {
        match self {
            Self::Write { .. } | Self::WriteBytes { .. } => None,
            Self::Rename { from, .. } => Some(from),
        }
    }
}

impl Prompts {
    /// Changes files without a commit, each whole or not at all.
    ///
    /// # Errors
    /// A file cannot be written; those written before it are put back.
    pub fn write_files(&self, changes: &[FileChange]) -> Result<(), Failure> {
        self.require_working_copy()?;
        self.apply(changes, || Ok(()))
    }

    /// Makes sure that git knows who commits, before anything is done that would have to be committed.
    ///
    /// # Errors
    /// `P222`: it does not.
    pub fn require_identity(&self) -> Result<(), Failure> {
        require_identity(|| self.git())
    }

    /// Changes files and commits exactly them on the current branch, whatever else is staged, with
    /// the user's identity, signing and hooks.
    ///
    /// # Errors
    /// A file cannot be written, or git refuses the commit. The files are then as they were.
    pub fn commit(&self, changes: &[FileChange], message: &str) -> Result<Written, Failure> {
        self.require_working_copy()?;
        if changes.is_empty() {
            return Ok(Written { commit: None });
        }
        let paths: Vec<&str> = changes
            .iter()
            .flat_map(|change| change.removed().into_iter().chain([change.written().0]))
            .collect();
        self.apply(changes, || self.commit_paths(&paths, message))
    }

    /// Changes the files and does what follows from it; if either fails, the files are as they were.
    /// The new files stand before the old ones go, so that a kill loses nothing; what is there
    /// already of an earlier try is taken as it is.
    fn apply<T>(
        &self,
        changes: &[FileChange],
        then: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut done = Vec::new();
        let mut change_all = || -> Result<(), Failure> {
            for change in changes {
                let (path, bytes) = change.written();
                done.push(self.replace(path, bytes)?);
            }
            for path in changes.iter().filter_map(FileChange::removed) {
                done.extend(self.remove(path)?);
            }
            Ok(())
        };
        let ended = change_all().and_then(|()| then());
        match &ended {
            Ok(_) => changes
                .iter()
                .filter_map(FileChange::removed)
                .for_each(|path| self.remove_empty_folders(path)),
            Err(_) => {
                put_back(&done);
                // The folders that were made for the new files.
                let is_new = |(_, saved): &(_, &Backup)| saved.before.is_none();
                let new = changes.iter().zip(&done).filter(is_new);
                new.for_each(|(change, _)| self.remove_empty_folders(change.path()));
            }
        }
        ended
    }

    fn replace(&self, path: &str, bytes: &[u8]) -> Result<Backup, Failure> {
        // A link or a folder in the way is refused, as it is on reading.
        let before = self.work_tree().read(path)?;
        let path = self.top().join(path);
        let folder = path.parent().unwrap_or(self.top());
        self.refuse_links(folder)?;
        fs::create_dir_all(folder).map_err(|error| write_failure(folder, error))?;
        write_whole(&path, bytes, &self.scratch_folder()?)?;
        Ok(Backup { path, before })
    }

    /// Fails where a folder on the way is a link: git keeps nothing below one.
    fn refuse_links(&self, folder: &Path) -> Result<(), Failure> {
        let ways = folder.ancestors().take_while(|it| *it != self.top());
        for way in ways {
            if way.symlink_metadata().is_ok_and(|it| it.is_symlink()) {
                let way = way.strip_prefix(self.top()).unwrap_or(way);
                let way = way.display().to_string();
                let message = format!("{way} is a link, and git keeps nothing below a link");
                return Err(Failure::new(code::OUTSIDE_ROOT, message)
                    .at(way)
                    .hint("take the link away, or use the folder that it leads to"));
            }
        }
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<Option<Backup>, Failure> {
        let Some(before) = self.work_tree().read(path)? else {
            return Ok(None);
        };
        let path = self.top().join(path);
        fs::remove_file(&path).map_err(|error| write_failure(&path, error))?;
        let before = Some(before);
        Ok(Some(Backup { path, before }))
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
        self.read_bytes(path)?
            .map(|bytes| {
                String::from_utf8(bytes).map_err(|_| {
                    Failure::new(code::NOT_UTF8, format!("{path} is not UTF-8 text")).at(path)
                })
            })
            .transpose()
    }

    /// What a file of the working copy holds; `None` if there is none.
    ///
    /// # Errors
    /// It is not a regular file inside the repository, or cannot be read.
    pub fn read_bytes(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.work_tree().read(path)?)
    }
}

struct Backup {
    path: PathBuf,
    before: Option<Vec<u8>>,
}

fn put_back(done: &[Backup]) {
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
    written.map_err(|error| write_failure(path, error))
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
