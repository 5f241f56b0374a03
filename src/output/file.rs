//! Output into a file that a person names: whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that stands under its name once everything is in it.
pub struct FileOut {
    path: PathBuf,
    fresh: Option<NamedTempFile>,
}

impl FileOut {
    /// Begins the file, and what writes into it. What is no plain file, such as a device, is written
    /// as it stands.
    ///
    /// # Errors
    /// The folder is not there or cannot be written into, or a folder stands in its place.
    pub fn create(path: &Path) -> io::Result<(Self, File)> {
        // A link goes on being one.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_special = fs::metadata(&path).is_ok_and(|it| !it.is_file() && !it.is_dir());
        if is_special {
            let file = OpenOptions::new().write(true).open(&path)?;
            return Ok((Self { path, fresh: None }, file));
        }
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let fresh = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        let file = fresh.reopen()?;
        let fresh = Some(fresh);
        Ok((Self { path, fresh }, file))
    }

    /// Puts it under its name.
    ///
    /// # Errors
    /// What stands there cannot be replaced.
    pub fn keep(self) -> io::Result<()> {
        let Some(fresh) = self.fresh else {
            return Ok(());
        };
        allow_reading(fresh.path(), &self.path)?;
        fresh
            .persist(&self.path)
            .map(drop)
            .map_err(|error| error.error)
    }
}

/// A temporary file is private; this one is as the one that it replaces, or as others are.
#[cfg(unix)]
fn allow_reading(fresh: &Path, old: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let own = fs::metadata(old).map(|old| old.permissions());
    fs::set_permissions(
        fresh,
        own.unwrap_or_else(|_| fs::Permissions::from_mode(0o644)),
    )
}

#[cfg(not(unix))]
fn allow_reading(_fresh: &Path, _old: &Path) -> io::Result<()> {
    Ok(())
}
