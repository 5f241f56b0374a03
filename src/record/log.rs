//! The file of the log: appending under a lock, and reading.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use hold::{Held, Turn, lock_itself};

use crate::error::Failure;
use crate::prompt::code;

mod collect;
pub(super) mod hold;
pub(super) mod lines;
pub(super) mod newest;
pub(super) mod parse;
pub(super) mod read;
mod since;

pub use read::{BadLine, Execution, Item, Listing, Order, Query, Tail};
pub use since::Since;

/// The folder whose content git shall ignore.
pub const OWN_FOLDER: &str = ".promptctl";

/// How often the file is opened anew when it was swapped while we waited for its lock.
pub(super) const MOST_SWAPS: usize = 1000;

/// An execution log.
#[derive(Debug, Clone)]
pub struct Log {
    path: PathBuf,
    rotate_at: Option<u64>,
}

/// Refuses what keeps a writer waiting, or forgets what is written.
fn refuse_pipe(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Ok(data) = std::fs::metadata(path) {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = data.file_type();
        if kind.is_fifo() || kind.is_socket() {
            let message = format!("{} is not a regular file", path.display());
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

impl Log {
    /// The log in this file, which need not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            rotate_at: None,
        }
    }

    /// The same log, set aside as a numbered, compressed archive before it would grow beyond this
    /// many bytes. Reading reads the archives too.
    #[must_use]
    pub fn rotated_at(mut self, bytes: u64) -> Self {
        self.rotate_at = Some(bytes);
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one line, a [`Record`](super::entry::Record) or an
    /// [`Outcome`](super::entry::Outcome): whole or not at all, and in one write under a lock.
    /// Creates the file and its folders. A torn last line is ended first, so that it stands
    /// alone; readers report it.
    ///
    /// # Errors
    /// `P223`: the file cannot be written. Nothing of the line is left in it.
    pub fn append<T: Serialize>(&self, line: &T) -> Result<(), Failure> {
        self.append_all(std::slice::from_ref(line))
    }

    /// Appends several lines under one lock: all or none.
    ///
    /// # Errors
    /// See [`append`](Self::append).
    pub fn append_all<T: Serialize>(&self, lines: &[T]) -> Result<(), Failure> {
        match lines.is_empty() {
            true => Ok(()),
            false => self.append_held(self.open_locked()?, lines),
        }
    }

    /// The same for one who holds the log already, and lets go of it.
    pub(super) fn append_held<T: Serialize>(
        &self,
        mut held: Held,
        lines: &[T],
    ) -> Result<(), Failure> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)
                .map_err(|error| self.unwritable("the record is not JSON").caused_by(error))?;
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        let is_rotated = self.is_full(&held.file, text.len()) && self.set_aside().is_ok();
        if is_rotated {
            // Nobody else has a turn in between.
            let turn = held.into_turn();
            held = self.open_in(turn)?;
        }
        self.append_text(&mut held.file, text)
            .map_err(|error| self.write_failed(error))?;
        // Closing the files lets go of the locks.
        drop(held);
        if is_rotated {
            // The record is safe; what is not compressed now is compressed next time.
            drop(self.pack_archives());
        }
        Ok(())
    }

    fn is_full(&self, file: &File, more: usize) -> bool {
        let length = file.metadata().map_or(0, |it| it.len());
        let limit = self.rotate_at.unwrap_or(u64::MAX);
        length > 0 && length.saturating_add(more as u64) > limit
    }

    fn append_text(&self, file: &mut File, text: Vec<u8>) -> io::Result<()> {
        let length = file.metadata()?.len();
        let text = if ends_torn(file, length)? {
            [b"\n".as_slice(), &text].concat()
        } else {
            text
        };
        let written = file.write_all(&text);
        if written.is_err() {
            // A half record is worse than none. Where even this fails, the next append sets the
            // half apart.
            drop(self.cut_back(file, length));
        }
        written
    }

    /// Shortens the file again. A handle that only appends may not do that on every system.
    fn cut_back(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length).or_else(|_| {
            OpenOptions::new()
                .write(true)
                .open(&self.path)?
                .set_len(length)
        })
    }

    /// Fails where a line could not be appended.
    ///
    /// # Errors
    /// See [`append`](Self::append).
    pub fn require_writable(&self) -> Result<(), Failure> {
        self.open_locked().map(drop)
    }

    /// Waits for the turn to write, and opens the file for appending.
    pub(super) fn open_locked(&self) -> Result<Held, Failure> {
        self.refuse_link()?;
        let failed = |error: io::Error| self.write_failed(error);
        self.make_folder()
            .context("making the log's folder")
            .map_err(|error| self.write_failed(error))?;
        let turn = Turn::wait(&self.path).map_err(failed)?;
        self.open_in(turn)
    }

    fn open_in(&self, turn: Turn) -> Result<Held, Failure> {
        let failed = |error: io::Error| self.write_failed(error);
        for _ in 0..MOST_SWAPS {
            let file = self.open_or_create().map_err(failed)?;
            lock_itself(&file).map_err(failed)?;
            // Only a writer that does not know the lock beside the log can have swapped it.
            if is_same(&file, &self.path) {
                return Ok(Held::new(file, turn));
            }
        }
        Err(self.swapped_over_and_over())
    }

    pub(super) fn swapped_over_and_over(&self) -> Failure {
        self.unwritable("the execution log is being swapped over and over")
    }

    fn open_or_create(&self) -> io::Result<File> {
        refuse_pipe(&self.path)?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        options.open(&self.path)
    }

    fn make_folder(&self) -> io::Result<()> {
        let Some(folder) = self.path.parent().filter(|it| !it.as_os_str().is_empty()) else {
            return Ok(());
        };
        if self.path.exists() {
            return Ok(());
        }
        make_ignored(folder)
    }

    /// A link in a repository could lead the log into any file of the user's.
    fn refuse_link(&self) -> Result<(), Failure> {
        let folder = self.path.parent().filter(|it| it.ends_with(OWN_FOLDER));
        let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|it| it.is_symlink());
        if is_link(&self.path) || folder.is_some_and(is_link) {
            return Err(self
                .unwritable("the execution log is a symbolic link")
                .hint("remove the link, or name the file itself in your own configuration"));
        }
        Ok(())
    }

    pub(super) fn write_failed(&self, error: impl Into<anyhow::Error>) -> Failure {
        let error = error.into();
        let from_io = error.downcast_ref::<io::Error>();
        let message = match from_io.map_or(ErrorKind::Other, io::Error::kind) {
            ErrorKind::StorageFull => "the disk is full: the execution log was not written",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "the execution log is not writable"
            }
            _ => "the execution log could not be written",
        };
        self.unwritable(message)
            .hint("make room, or name another file for the log")
            .caused_by(error)
    }

    fn unwritable(&self, message: &str) -> Failure {
        Failure::new(code::WRITE_FAILED, message).at(self.path.display().to_string())
    }

    pub(super) fn read_failed(&self, error: io::Error) -> Failure {
        Failure {
            // No code speaks of reading.
            code: None,
            ..self.unwritable("the execution log could not be read")
        }
        .caused_by(error)
    }
}

/// Makes a folder; where it is `.promptctl`, git ignores what it holds.
///
/// # Errors
/// It cannot be made.
pub fn make_ignored(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    if folder.file_name().is_some_and(|name| name == OWN_FOLDER) {
        let ignore = folder.join(".gitignore");
        match OpenOptions::new().write(true).create_new(true).open(ignore) {
            Ok(mut file) => file.write_all(b"*\n")?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether `path` still leads to `file`: another process may have swapped it meanwhile.
pub(super) fn is_same(file: &File, path: &Path) -> bool {
    let open = file.try_clone().and_then(same_file::Handle::from_file);
    let there = same_file::Handle::from_path(path);
    matches!((open, there), (Ok(open), Ok(there)) if open == there)
}

/// Whether the last line has no end: its writer was killed.
fn ends_torn(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests;
