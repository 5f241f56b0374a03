//! Folders for what is needed for a moment, which nobody else on the machine may look into.

use std::io;
use std::path::Path;

use tempfile::TempDir;

/// A new folder among the temporary ones of the system, or below `folder`, that is gone when it is dropped.
/// What stands in it may be a prompt that nobody else is to read yet.
///
/// # Errors
/// It cannot be made.
pub(crate) fn private_folder(prefix: &str, folder: Option<&Path>) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    match folder {
        Some(folder) => builder.tempdir_in(folder),
        None => builder.tempdir(),
    }
}
