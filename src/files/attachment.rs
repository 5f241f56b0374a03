//! The files that a prompt sends along.

use super::content::Files as _;
use super::load::{Loaded, Source};
use super::prompts::Prompts;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::hint::Hint;

/// The largest attachment, in bytes.
const MAX_ATTACHMENT: usize = 20 * 1024 * 1024;

impl Prompts {
    /// The bytes of an attachment named by a path relative to the prompt file's folder: a file of
    /// the commit, or one of the working copy that git tracks. What git ignores, such as a file of
    /// secrets, is never sent.
    ///
    /// # Errors
    /// It leads out of the repository, is a link, does not exist or is not tracked, or is larger
    /// than 20 MB.
    pub fn attachment(&self, loaded: &Loaded, path: &str) -> Result<Vec<u8>, Failure> {
        let folder = loaded
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let full = normal_path(folder, path).ok_or_else(|| {
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
