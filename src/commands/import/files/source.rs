//! A file that is to be imported, and what it names beside it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::exchange::format::Format;
use crate::prompt::finding::Finding;
use crate::prompt::pattern::Pattern;

/// The largest file that is read.
pub(super) const MAX_BYTES: u64 = 10 * 1024 * 1024;
/// How deep folders may nest.
pub(super) const MAX_DEPTH: usize = 40;
/// The most entries that are looked at for a pattern.
const MAX_MATCHED: usize = 20_000;

/// A file that is to be imported.
pub(in super::super) struct SourceFile {
    /// As the person named it, or as it is found below the folder that the person named.
    pub(in super::super) shown: String,
    /// The name that it proposes.
    pub(super) stem: String,
    /// The folder that files beside it must lie in.
    pub(super) base: PathBuf,
    /// The folder of the file.
    pub(super) folder: PathBuf,
    /// Whether the format was guessed.
    pub(super) is_guessed: bool,
    /// Its format and its text; or why it cannot be read.
    pub(super) content: Result<(Format, String), Finding>,
}

impl SourceFile {
    /// A file named in this one, by a path from its folder or from the folder that was named. It
    /// must lie below the folder, whatever links there are.
    pub(super) fn beside(&self, path: &str) -> Result<String, String> {
        let fits = |folder: &Path| self.inside(&folder.join(path));
        let whole = fits(&self.folder).or_else(|why| fits(&self.base).map_err(|_| why))?;
        let bytes = read_bytes(&whole)?;
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text")?;
        Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        })
    }

    /// The place itself of a file or folder below the folder that is imported.
    fn inside(&self, path: &Path) -> Result<PathBuf, String> {
        let real = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
        let whole = real(path)?;
        match whole.starts_with(real(&self.base)?) {
            true => Ok(whole),
            false => Err("it lies outside of the folder that is imported".to_owned()),
        }
    }

    /// The files that a pattern in this one stands for, by their paths from its folder, sorted. Links
    /// are not followed, and what begins with a dot is left out.
    pub(super) fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        if pattern.contains(['[', ']', '{', '}']) {
            return Err("patterns know `*`, `**` and `?` here".to_owned());
        }
        let fixed = pattern.split(['*', '?']).next().unwrap_or_default();
        let top = fixed.rsplit_once('/').map_or("", |(folder, _)| folder);
        let pattern = Pattern::new(pattern);
        let mut found = Vec::new();
        let mut entries = 0;
        let mut folders = match self.folder.join(top) {
            folder if folder.is_dir() => vec![(self.inside(&folder)?, top.to_owned(), 0)],
            _ => Vec::new(),
        };
        while let Some((folder, path, depth)) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| error.to_string())? {
                let entry = entry.map_err(|error| error.to_string())?;
                entries += 1;
                let name = entry.file_name().to_string_lossy().into_owned();
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                if entries > MAX_MATCHED {
                    return Err(format!(
                        "{MAX_MATCHED} files are looked at, and it has more"
                    ));
                }
                if name.starts_with('.') {
                    continue;
                }
                let path = match path.as_str() {
                    "" => name,
                    path => format!("{path}/{name}"),
                };
                if kind.is_dir() && depth < MAX_DEPTH {
                    folders.push((entry.path(), path, depth + 1));
                } else if kind.is_file() && pattern.fits_text(&path) {
                    found.push(path);
                }
            }
        }
        match found.is_empty() {
            true => Err("no file fits".to_owned()),
            false => {
                found.sort();
                Ok(found)
            }
        }
    }
}

pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let data = fs::metadata(path).map_err(|error| error.to_string())?;
    if !data.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if data.len() > MAX_BYTES {
        return Err(format!(
            "it has {} MB, and 10 MB are read",
            data.len().div_ceil(1024 * 1024)
        ));
    }
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let bytes = at_most(file).map_err(|error| error.to_string())?;
    bytes.ok_or_else(|| "it has more than 10 MB, and 10 MB are read".to_owned())
}

/// All that can be read, if that is not too much: what says how large it is need not be right.
pub(super) fn at_most(from: impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_BYTES).then_some(bytes))
}
