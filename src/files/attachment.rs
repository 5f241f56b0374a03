//! The files that a prompt sends along.

use sha2::{Digest as _, Sha256};

use super::content::Files as _;
use super::load::{Loaded, Source};
use super::prompts::Prompts;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::diff::Attachments;
use crate::prompt::document::{Attachment, Part, Text};
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
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        normal_path(folder, path)
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

    /// The bytes of an attachment named by a path relative to the prompt file's folder: a file of
    /// the commit, or one of the working copy that git tracks. What git ignores, such as a file of
    /// secrets, is never sent.
    ///
    /// # Errors
    /// It leads out of the repository, is a link, does not exist or is not tracked, or is larger
    /// than 20 MB.
    pub fn attachment(&self, loaded: &Loaded, path: &str) -> Result<Vec<u8>, Failure> {
        let full = loaded.repository_path(path).ok_or_else(|| {
            Failure::new(
                code::OUTSIDE_ROOT,
                format!("the attachment {path} leads out of the repository"),
            )
            .at(loaded.path.clone())
            .hint(Hint::GiveOutsideFile)
        })?;
        let bytes = match &loaded.source {
            Source::Clean(_) | Source::Changed if !self.is_bare() => {
                let bytes = self.work_tree().read(&full)?;
                if bytes.is_some() {
                    self.require_tracked(&full, loaded)?;
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
            .at(loaded.path.clone())
        })?;
        if bytes.len() > MAX_ATTACHMENT {
            return Err(Failure::new(
                code::BAD_ATTACHMENT,
                format!(
                    "{full} has {} bytes; an attachment may have {MAX_ATTACHMENT}",
                    bytes.len()
                ),
            )
            .at(loaded.path.clone()));
        }
        Ok(bytes)
    }

    /// Refuses a file of the working copy that git's index does not hold.
    fn require_tracked(&self, path: &str, loaded: &Loaded) -> Result<(), Failure> {
        let is_tracked = self.is_in_index(path).map_err(|words| {
            Failure::new(
                code::BAD_ATTACHMENT,
                format!("git's index could not be read: {words}"),
            )
            .at(loaded.path.clone())
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
        .at(loaded.path.clone())
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
