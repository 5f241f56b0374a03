//! Prompts of other places, and what becomes of each.

use crate::error::Failure;
use crate::exchange::format::{Foreign, Refused};
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::name::PromptName;
use crate::prompt::version::Version;

/// One prompt of another place, with where it came from.
pub(in crate::commands) struct Incoming {
    /// The file that it came from, as a person would write it.
    pub(in crate::commands) source: String,
    /// The name of its format.
    pub(in crate::commands) format: &'static str,
    /// Whether that was guessed.
    pub(in crate::commands) is_guessed: bool,
    /// The name that the file proposes.
    pub(in crate::commands) stem: String,
    /// The digest of the bytes that it was read from.
    pub(in crate::commands) digest: String,
    /// Where it stands in code.
    pub(in crate::commands) stands: Option<Stands>,
    pub(in crate::commands) prompt: Result<Foreign, Refused>,
}

/// Where a prompt stands in code.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Stands {
    /// What stays the same while lines move.
    pub(in crate::commands) mark: String,
    pub(in crate::commands) line: usize,
    /// What it was lifted as before.
    pub(in crate::commands) known: Option<PromptName>,
    /// The commit of the code, where it is in this repository.
    pub(in crate::commands) commit: Option<String>,
}

/// What is done with it.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct Options<'a> {
    pub(in crate::commands) name: Option<&'a PromptName>,
    pub(in crate::commands) into: Option<&'a str>,
    pub(in crate::commands) force: bool,
    pub(in crate::commands) no_commit: bool,
    pub(in crate::commands) dry_run: bool,
    pub(in crate::commands) message: Option<&'a str>,
}

/// What becomes of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Action {
    Created,
    Updated,
    Unchanged,
    Refused,
}

impl Action {
    pub(in crate::commands) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// What became of one version of one prompt.
#[derive(Debug)]
pub(in crate::commands) struct FileResult {
    /// The file that it came from.
    pub(in crate::commands) source: String,
    pub(in crate::commands) format: &'static str,
    pub(in crate::commands) is_guessed: bool,
    pub(in crate::commands) source_version: Option<u64>,
    /// The digest of the bytes that it was read from.
    pub(in crate::commands) source_digest: String,
    /// Where it stands in code.
    pub(in crate::commands) stands: Option<Stands>,
    pub(in crate::commands) name: String,
    pub(in crate::commands) path: Option<String>,
    pub(in crate::commands) action: Action,
    pub(in crate::commands) version: Option<Version>,
    /// Where it is live there.
    pub(in crate::commands) labels: Vec<String>,
    /// The text that is written.
    pub(in crate::commands) text: Option<String>,
    pub(in crate::commands) lost: Vec<Finding>,
    pub(in crate::commands) failure: Option<Failure>,
}

impl FileResult {
    /// Whether all of it came.
    pub(in crate::commands) fn is_whole(&self) -> bool {
        self.failure.is_none() && !self.is_lossy()
    }

    pub(in crate::commands) fn is_lossy(&self) -> bool {
        self.lost.iter().any(|lost| lost.severity != Severity::Note)
    }
}
