//! Files that can be read to their end.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Opens a file to read it. A pipe would keep us waiting, and a device may never end.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    require_regular(path)?;
    File::open(path)
}

/// Refuses what is there and not a regular file, or a link to one.
pub(super) fn require_regular(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        return Ok(());
    }
    let message = format!("{} is not a regular file", path.display());
    Err(io::Error::new(ErrorKind::InvalidInput, message))
}
