//! The ignore files of a folder, looked at before something reads them: one that is a link or has no
//! end would be read for ever, and one of a stranger's says what to look at.

use std::fs;
use std::path::{Path, PathBuf};

/// The largest that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// The names of files that say what git ignores.
const NAMES: [&str; 2] = [".gitignore", ".ignore"];

/// Whether a file of this name says what is ignored.
pub(super) fn is_ignore_file(name: &str) -> bool {
    NAMES.contains(&name)
}

/// An ignore file of a folder that is not to be read, with the reason.
pub(crate) fn bad_ignore_file(folder: &Path) -> Option<(PathBuf, &'static str)> {
    NAMES.into_iter().find_map(|name| {
        let path = folder.join(name);
        let found = fs::symlink_metadata(&path).ok()?;
        let reason = if found.is_symlink() {
            "is a symbolic link, which git does not follow either"
        } else if !found.is_file() {
            "is not a regular file"
        } else if found.len() > LARGEST {
            "is larger than 1 MB"
        } else {
            return None;
        };
        Some((path, reason))
    })
}
