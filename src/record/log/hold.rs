//! Holding the log: one writer at a time, and a moment of quiet for readers.
//!
//! The lock stands on a file beside the log, `executions.jsonl.lock`, that nobody reads: on Windows
//! a lock keeps others from reading, too. Elsewhere the log itself is locked as well, after the
//! file beside it, so that writers that know only the log's own lock wait for each other and for
//! these. The file is empty and stays: taking it away would part those that wait for it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The log, open for appending. Others wait until it is closed.
#[derive(Debug)]
pub(in crate::record) struct Held {
    pub(in crate::record) file: File,
    turn: Turn,
}

impl Held {
    pub(super) fn new(file: File, turn: Turn) -> Self {
        Self { file, turn }
    }

    /// The turn alone, for one who opens the file anew.
    pub(super) fn into_turn(self) -> Turn {
        self.turn
    }

    /// The same for one who puts another file in its place: Windows replaces none that is open.
    pub(in crate::record) fn into_swap(self) -> (Turn, Option<File>) {
        (self.turn, Some(self.file).filter(|_| !cfg!(windows)))
    }
}

/// The right to change a file, or to see it while nobody changes it, as long as it lives.
#[derive(Debug)]
pub(in crate::record) struct Turn {
    /// Closing it lets go of the lock; nobody needs to know whether that went well.
    _beside: Option<File>,
}

impl Turn {
    /// Waits until nobody else holds this file. In a folder that cannot be written to, and beside
    /// what is no file, there is nothing to hold.
    pub(in crate::record) fn wait(path: &Path) -> io::Result<Self> {
        if !may_have_lock(path) {
            return Ok(Self { _beside: None });
        }
        let lock_file = lock_path(path);
        if lock_file.is_symlink() {
            return Err(io::Error::other(format!(
                "{} is a symbolic link",
                lock_file.display()
            )));
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let beside = match options.open(lock_file) {
            Err(error) if is_read_only(&error) => None,
            opened => Some(opened?),
        };
        beside.iter().try_for_each(lock)?;
        Ok(Self { _beside: beside })
    }

    /// Waits until nobody writes this file. Without locks, a last line may look torn for a moment;
    /// that is all.
    pub(in crate::record) fn to_look(path: &Path) -> Self {
        let beside = match may_have_lock(path) {
            true => File::open(lock_path(path)).ok(),
            false => None,
        };
        Self {
            _beside: beside.filter(|file| file.lock_shared().is_ok()),
        }
    }
}

/// `executions.jsonl.lock` for `executions.jsonl`.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn may_have_lock(path: &Path) -> bool {
    path.metadata().map_or(true, |data| data.is_file())
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}

/// Locks the log itself, where that keeps nobody from reading it.
pub(in crate::record) fn lock_itself(file: &File) -> io::Result<()> {
    match cfg!(windows) {
        true => Ok(()),
        false => lock(file),
    }
}

/// The length of the log itself at a moment when nobody writes.
pub(super) fn quiet_length(file: &File) -> io::Result<u64> {
    let is_locked = !cfg!(windows) && file.lock_shared().is_ok();
    let length = file.metadata()?.len();
    if is_locked {
        // What could not be unlocked now is when the file is closed.
        drop(file.unlock());
    }
    Ok(length)
}

/// Waits for the lock. A file system without locks is written all the same: one write to a file
/// opened for appending is the next best thing.
fn lock(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
            outcome => return outcome,
        }
    }
}
