//! The files that a prompt sends along.

use std::io::{BufRead, BufReader, Cursor};

use sha2::{Digest as _, Sha256};

use super::content::Files as _;
use super::load::{Loaded, Source};
use super::prompts::Prompts;
use super::unusable::{not_regular, outside};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::diff::Attachments;
use crate::prompt::document::{Attachment, Part, Text};
use crate::prompt::finding::Finding;
use crate::prompt::hint::Hint;
use crate::repository::ObjectId;

/// The largest attachment, in bytes.
const MAX_ATTACHMENT: usize = 20 * 1024 * 1024;

impl Loaded {
    /// The paths of the files that it attaches, as it writes them; those that are templates are left
    /// out.
    pub fn attached(&self) -> impl Iterator<Item = &Text> {
        let messages = self.document.own_messages();
        let parts = messages.flat_map(|message| &message.parts);
        parts.filter_map(|part| match part {
            Part::Image { source, .. } | Part::File { source, .. } => match source {
                Attachment::Path(text) if !text.value.contains("{{") => Some(text),
                _ => None,
            },
            Part::Text(_) => None,
        })
    }

    /// An attachment's place in the repository; none if it leads out of it.
    fn repository_path(&self, path: &str) -> Option<String> {
        normal_path(folder_of(&self.path), path)
    }
}

impl Prompts {
    /// The files that a prompt attaches, where the prompt was read from.
    pub fn attachments(&self, loaded: &Loaded) -> Attachments {
        match &loaded.source {
            Source::Clean(_) | Source::Changed | Source::Snapshot => {
                let tree = self.work_tree();
                attachments(loaded, |path| tree.read(path).ok()?)
            }
            Source::Commit(commit) => self.attachments_at(loaded, *commit),
        }
    }

    /// The files at the paths that a prompt attaches, as a commit holds them.
    pub fn attachments_at(&self, loaded: &Loaded, commit: ObjectId) -> Attachments {
        let tree = self.commit_tree(commit);
        attachments(loaded, |path| tree.as_ref()?.read_file(path).ok()?)
    }

    /// The bytes of an attachment named by a path relative to the prompt file's folder: see
    /// [`file_beside`](Self::file_beside).
    ///
    /// # Errors
    /// As there.
    pub fn attachment(&self, loaded: &Loaded, path: &str) -> Result<Vec<u8>, Failure> {
        let found = self.file_beside(&loaded.source, &loaded.path, path);
        found.map(|(_, bytes)| bytes)
    }

    /// The place in the repository and the bytes of a file to send, named by a path relative to the
    /// folder of `asker`: a file of the commit, or one of the working copy that git tracks. What git
    /// ignores, such as a file of secrets, is never sent.
    ///
    /// # Errors
    /// It leads out of the repository, is a link, does not exist or is not tracked, or is larger
    /// than 20 MB.
    pub fn file_beside(
        &self,
        source: &Source,
        asker: &str,
        path: &str,
    ) -> Result<(String, Vec<u8>), Failure> {
        let full = normal_path(folder_of(asker), path).ok_or_else(|| {
            Failure::new(
                code::OUTSIDE_ROOT,
                format!("the attachment {path} leads out of the repository"),
            )
            .at(asker)
            .hint(Hint::GiveOutsideFile)
        })?;
        let bytes = match source {
            Source::Clean(_) | Source::Changed if !self.is_bare() => {
                let bytes = self.work_tree().read(&full)?;
                if bytes.is_some() {
                    self.require_tracked(&full, asker)?;
                }
                Ok(bytes)
            }
            Source::Clean(_) | Source::Changed | Source::Snapshot => Ok(None),
            Source::Commit(commit) => self
                .commit_tree(*commit)
                .map_or(Ok(None), |tree| tree.read_file(&full)),
        }?;
        let bytes = bytes.ok_or_else(|| {
            Failure::new(
                code::BAD_ATTACHMENT,
                format!("there is no file {full} to attach"),
            )
            .at(asker)
        })?;
        if bytes.len() > MAX_ATTACHMENT {
            return Err(Failure::new(
                code::BAD_ATTACHMENT,
                format!(
                    "{full} has {} bytes; an attachment may have {MAX_ATTACHMENT}",
                    bytes.len()
                ),
            )
            .at(asker));
        }
        Ok((full, bytes))
    }

    /// A file of the repository where a prompt was read from, to be read piece by piece; `None` if
    /// there is none.
    ///
    /// # Errors
    /// The path is a link or leads out of the repository, or the file cannot be read.
    pub fn open_file(
        &self,
        source: &Source,
        path: &str,
    ) -> Result<Option<Box<dyn BufRead>>, Finding> {
        let path = &normal_path("", path).ok_or_else(|| outside(path))?;
        let commit = match source {
            Source::Clean(_) | Source::Changed if !self.is_bare() => {
                let file = self.work_tree().open(path)?;
                return Ok(file.map(|file| Box::new(BufReader::new(file)) as Box<dyn BufRead>));
            }
            Source::Clean(commit) | Source::Commit(commit) => Some(*commit),
            Source::Changed => self.head_commit(),
            Source::Snapshot => None,
        };
        let Some(tree) = commit.and_then(|commit| self.commit_tree(commit)) else {
            return Ok(None);
        };
        if tree.is_link(path) {
            return Err(not_regular(path, true));
        }
        let bytes = tree.read_file(path)?;
        Ok(bytes.map(|bytes| Box::new(Cursor::new(bytes)) as Box<dyn BufRead>))
    }

    /// Whether a file of the working copy, or its absence, is what a commit has there, as far as
    /// git tells texts apart.
    pub fn is_as_in(&self, path: &str, commit: ObjectId) -> bool {
        let here = self.work_tree().read(path).ok().flatten();
        let tree = self.commit_tree(commit);
        let there = tree.and_then(|tree| tree.read_file(path).ok()?);
        here.map(identity) == there.map(identity)
    }

    /// Whether git's index holds a file, named by its path from the top of the repository.
    pub fn tracks(&self, path: &str) -> bool {
        let path = normal_path("", path);
        path.is_some_and(|path| self.is_in_index(&path).unwrap_or(false))
    }

    /// What tells the contents of these files from others, by their paths from the top of the
    /// repository, where a prompt was read from.
    pub fn contents_of<'p>(
        &self,
        loaded: &Loaded,
        paths: impl IntoIterator<Item = &'p str>,
    ) -> Attachments {
        let tree = match loaded.source {
            Source::Commit(commit) => self.commit_tree(commit),
            Source::Clean(_) | Source::Changed | Source::Snapshot => None,
        };
        let is_of_commit = matches!(loaded.source, Source::Commit(_));
        let read = |place: &str| match is_of_commit {
            true => tree.as_ref()?.read_file(place).ok()?,
            false => self.work_tree().read(place).ok()?,
        };
        let contents = paths.into_iter().filter_map(|path| {
            let bytes = read(&normal_path("", path)?);
            Some((path.to_owned(), bytes.map(identity)))
        });
        contents.collect()
    }

    /// Refuses a file of the working copy that git's index does not hold.
    fn require_tracked(&self, path: &str, asker: &str) -> Result<(), Failure> {
        let is_tracked = self.is_in_index(path).map_err(|words| {
            Failure::new(
                code::BAD_ATTACHMENT,
                format!("git's index could not be read: {words}"),
            )
            .at(asker)
        })?;
        if is_tracked {
            return Ok(());
        }
        let tracks = if self.is_ignored(path) {
            Hint::GiveIgnoredFile
        } else {
            "git add it, so that a reviewer sees what is sent".into()
        };
        Err(Failure::new(
            code::BAD_ATTACHMENT,
            format!("{path} is not tracked by git, so it is not attached"),
        )
        .at(asker)
        .hint(tracks))
    }
}

fn attachments(loaded: &Loaded, read: impl Fn(&str) -> Option<Vec<u8>>) -> Attachments {
    let places = loaded.attached();
    let places = places.filter_map(|text| loaded.repository_path(&text.value));
    places
        .map(|place| {
            let bytes = read(&place);
            (place, bytes.map(identity))
        })
        .collect()
}

/// What tells these bytes from others. What git stores in another form than the working copy has it
/// is the same: a text with other line ends, and a file of git LFS, of which git holds the hash.
fn identity(bytes: Vec<u8>) -> String {
    const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
    const SHOWN: usize = 12;
    if bytes.starts_with(POINTER)
        && let Some((_, hash)) = String::from_utf8_lossy(&bytes).split_once("oid sha256:")
    {
        let hash = hash.chars().take_while(char::is_ascii_hexdigit);
        return format!("sha256 {}", hash.take(SHOWN).collect::<String>());
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => text.replace("\r\n", "\n").into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .take(SHOWN / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256 {hash}")
}

/// The folder of a file, from the top of the repository.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `path` seen from `folder`, without `.` and `..`; `None` if it leads out of the repository.
fn normal_path(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\\', '\0', ':']) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part if part.eq_ignore_ascii_case(".git") => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
