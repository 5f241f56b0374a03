//! Folders that many tests begin with, made once by the commands that make them and written out
//! again for each test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::env::TestEnv;

/// What a folder held.
pub(crate) struct Template(OnceLock<Vec<Entry>>);

struct Entry {
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    Folder,
    /// Its parts, between which the path of the root stands, and its permissions.
    File(Vec<Vec<u8>>, fs::Permissions),
}

impl Template {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Writes what `make` leaves below a root. It is made once, below a root of its own.
    pub(crate) fn write(&self, root: &Path, make: impl FnOnce() -> TestEnv) {
        let entries = self.0.get_or_init(|| {
            let made = make();
            let top = made.root().dir;
            let mut entries = Vec::new();
            read(&top, &top, &mut entries);
            entries
        });
        for entry in entries {
            let path = root.join(&entry.path);
            match &entry.kind {
                Kind::Folder => fs::create_dir_all(&path).unwrap(),
                Kind::File(parts, permissions) => {
                    let bytes = parts.join(root.as_os_str().as_encoded_bytes());
                    fs::write(&path, bytes).unwrap();
                    fs::set_permissions(&path, permissions.clone()).unwrap();
                }
            }
        }
    }
}

/// Reads what stands in a folder, folders before what is in them.
fn read(top: &Path, folder: &Path, entries: &mut Vec<Entry>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(top).unwrap().to_owned();
        if path.is_dir() {
            entries.push(Entry {
                path: name,
                kind: Kind::Folder,
            });
            read(top, &path, entries);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let top = top.as_os_str().as_encoded_bytes();
        let mut parts = vec![Vec::new()];
        let mut rest = bytes.as_slice();
        while let Some(at) = rest.windows(top.len()).position(|part| part == top) {
            parts.last_mut().unwrap().extend_from_slice(&rest[..at]);
            parts.push(Vec::new());
            rest = &rest[at + top.len()..];
        }
        parts.last_mut().unwrap().extend_from_slice(rest);
        let permissions = fs::metadata(&path).unwrap().permissions();
        entries.push(Entry {
            path: name,
            kind: Kind::File(parts, permissions),
        });
    }
}
