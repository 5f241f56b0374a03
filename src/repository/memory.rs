//! What this clone remembers, in files below git's common directory.
//!
//! They are files and not references because git never transfers them: what says "we made it" or "we
//! saw it" cannot be planted from elsewhere. Worktrees share them, and a clone has none. Lines are only
//! ever added, whole and synced, under a lock; a last line that was torn by a kill is ignored.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::handle::Repository;
use super::process::write_failure;
use crate::error::Failure;

/// How long a lock is waited for, and how long between two looks at it.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(5);

impl Repository {
    /// The folder of what this clone remembers. It need not exist.
    pub(crate) fn memory(&self) -> PathBuf {
        self.repo.commondir().join("promptctl")
    }

    /// Adds lines to each of these files of the memory.
    ///
    /// # Errors
    /// The disk is full, or the repository cannot be written.
    pub(crate) fn remember(&self, lines: &[(PathBuf, String)]) -> Result<(), Failure> {
        let Some((first, _)) = lines.first() else {
            return Ok(());
        };
        let add = || -> io::Result<()> {
            fs::create_dir_all(self.memory())?;
            // One lock for all: it is held for the time of a few writes.
            let lock = File::create(self.memory().join("turn-to-remember"))?;
            wait_for(&lock)?;
            lines.iter().try_for_each(|(path, lines)| add(path, lines))
        };
        add().map_err(|error| write_failure(first, error))
    }
}

/// Waits for a lock that others hold for the time of a few writes.
fn wait_for(lock: &File) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            // A disk without locks: a line is still written in one go.
            Err(TryLockError::Error(_)) => return Ok(()),
            Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(TryLockError::WouldBlock) => {
                let message = "another promptctl has been writing it for seconds";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, message));
            }
        }
    }
}

/// Adds whole lines to a file.
fn add(path: &Path, lines: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        // A line that a kill tore goes, so that nothing makes it whole.
        let whole = self::lines(path)?.len();
        file.set_len(whole as u64)?;
    }
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}

/// The whole lines of a file of the memory; none where there is no file.
pub(crate) fn lines(path: &Path) -> io::Result<String> {
    let mut bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    bytes.truncate(end.map_or(0, |end| end + 1));
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_ignored_and_does_not_tear_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/made");
        add(&path, "one\ntwo\n").expect("written");
        assert_eq!(lines(&path).expect("read"), "one\ntwo\n");
        fs::write(&path, "one\ntwo\nthr").expect("torn");
        assert_eq!(lines(&path).expect("read"), "one\ntwo\n");
        add(&path, "four\n").expect("written");
        assert_eq!(lines(&path).expect("read"), "one\ntwo\nfour\n");
        assert_eq!(lines(&folder.path().join("none")).expect("read"), "");
    }
}
