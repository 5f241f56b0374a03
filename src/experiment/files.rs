//! Where the files of a suite are read from.

use std::io::BufRead;

use crate::error::Failure;
use crate::files::{Loaded, Prompts, Source};
use crate::prompt::code;
use crate::prompt::finding::Finding;

/// Where the files of a suite are read from.
pub trait CaseFiles {
    /// A dataset, by its path from the top of the repository; none if there is none.
    ///
    /// # Errors
    /// It is a link, leads out of the repository, or cannot be opened.
    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + '_>>, Finding>;

    /// A file to send, by its path from the folder of `asker`: its place in the repository and its
    /// bytes.
    ///
    /// # Errors
    /// It may not be sent, or cannot be read.
    fn beside(&self, asker: &str, path: &str) -> Result<(String, Vec<u8>), Finding>;

    /// Whether git ignores a file of the working copy, so that nobody else has it.
    fn is_ignored(&self, path: &str) -> bool;
}

/// The files of a repository where a prompt was read from: the working copy, or a commit.
pub struct PromptFiles<'a> {
    prompts: &'a Prompts,
    source: &'a Source,
}

impl<'a> PromptFiles<'a> {
    /// The files beside this prompt.
    pub fn of(prompts: &'a Prompts, loaded: &'a Loaded) -> Self {
        Self {
            prompts,
            source: &loaded.source,
        }
    }
}

impl CaseFiles for PromptFiles<'_> {
    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + '_>>, Finding> {
        let file = self.prompts.open_file(self.source, path)?;
        Ok(file.map(|file| file as Box<dyn BufRead>))
    }

    fn beside(&self, asker: &str, path: &str) -> Result<(String, Vec<u8>), Finding> {
        let found = self.prompts.file_beside(self.source, asker, path);
        found.map_err(|failure| finding_of(&failure, code::BAD_ATTACHMENT))
    }

    fn is_ignored(&self, path: &str) -> bool {
        let is_here = !self.prompts.is_bare() && !matches!(self.source, Source::Commit(_));
        is_here
            && self.prompts.is_ignored(path)
            // What git tracks is there for everybody, whatever the ignore files say.
            && !self.prompts.is_in_index(path).unwrap_or(true)
    }
}

/// A failure as a finding.
pub(super) fn finding_of(failure: &Failure, otherwise: code::Code) -> Finding {
    let code = failure.code.unwrap_or(otherwise);
    let finding = Finding::error(code, format!("{failure:#}"));
    match failure.hints.first() {
        Some(hint) => finding.help(hint.clone()),
        None => finding,
    }
}

/// No files at all, for suites that stand alone.
pub struct NoFiles;

impl CaseFiles for NoFiles {
    fn open(&self, _: &str) -> Result<Option<Box<dyn BufRead + '_>>, Finding> {
        Ok(None)
    }

    fn beside(&self, _: &str, path: &str) -> Result<(String, Vec<u8>), Finding> {
        let message = format!("there is no file {path} to attach");
        Err(Finding::error(code::BAD_ATTACHMENT, message))
    }

    fn is_ignored(&self, _: &str) -> bool {
        false
    }
}
