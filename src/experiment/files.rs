//! Where the files of a suite are read from.

use std::io::BufRead;

use crate::error::Failure;
use crate::files::{Loaded, Source};
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::reference::{Reference, Selector};
use crate::releases::Store;

/// Whether git has a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracking {
    /// It is tracked, or staged.
    Tracked,
    /// Nobody has added it.
    Untracked,
    /// It is left out on purpose.
    Ignored,
}

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

    /// Whether git has a file of the working copy, so that others have it too.
    fn tracking(&self, path: &str) -> Tracking;

    /// The prompt that an evaluator names as its judge; none if there is none.
    ///
    /// # Errors
    /// It cannot be read.
    fn judge(&self, reference: &Reference) -> Result<Option<Loaded>, Failure>;
}

/// The files of a repository where a prompt was read from: the working copy, or a commit.
pub struct PromptFiles<'a> {
    store: &'a Store,
    source: &'a Source,
    /// Whether a dataset is read that nobody has added to git yet.
    with_untracked: bool,
}

impl<'a> PromptFiles<'a> {
    /// The files beside this prompt.
    pub fn of(store: &'a Store, loaded: &'a Loaded) -> Self {
        Self {
            store,
            source: &loaded.source,
            with_untracked: false,
        }
    }

    /// The same for who works on cases and sends nothing: what nobody has added to git yet is there too.
    pub fn with_untracked(store: &'a Store, loaded: &'a Loaded) -> Self {
        Self {
            with_untracked: true,
            ..Self::of(store, loaded)
        }
    }
}

impl<'a> PromptFiles<'a> {
    /// The files of the working copy.
    pub fn of_working_copy(store: &'a Store) -> Self {
        static HERE: Source = Source::Changed;
        Self {
            store,
            source: &HERE,
            with_untracked: false,
        }
    }
}

impl CaseFiles for PromptFiles<'_> {
    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + '_>>, Finding> {
        let file = self.store.open_file(self.source, path)?;
        Ok(file.map(|file| file as Box<dyn BufRead>))
    }

    fn beside(&self, asker: &str, path: &str) -> Result<(String, Vec<u8>), Finding> {
        let found = self.store.file_beside(self.source, asker, path);
        found.map_err(|failure| finding_of(&failure, code::BAD_ATTACHMENT))
    }

    fn tracking(&self, path: &str) -> Tracking {
        let is_here = !self.store.is_bare() && !matches!(self.source, Source::Commit(_));
        // What git tracks is there for everybody, whatever the ignore files say.
        match !is_here || self.store.tracks(path) {
            true => Tracking::Tracked,
            false if self.store.is_ignored(path) => Tracking::Ignored,
            false if self.with_untracked => Tracking::Tracked,
            false => Tracking::Untracked,
        }
    }

    fn judge(&self, reference: &Reference) -> Result<Option<Loaded>, Failure> {
        match (&reference.selector, self.source) {
            // A judge without a version is the one that stands beside the prompt.
            (Selector::WorkingCopy, Source::Commit(commit)) => self
                .store
                .load_at(*commit, &reference.name)
                .map_err(Failure::from),
            _ => match self.store.load(reference) {
                Err(failure) if failure.code == Some(code::UNKNOWN_PROMPT) => Ok(None),
                found => found.map(Some),
            },
        }
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

    fn tracking(&self, _: &str) -> Tracking {
        Tracking::Tracked
    }

    fn judge(&self, _: &Reference) -> Result<Option<Loaded>, Failure> {
        Ok(None)
    }
}
