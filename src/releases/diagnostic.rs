//! What can be wrong with a repository of prompts, as facts with the command that puts it right.

use std::path::PathBuf;

use crate::error::Failure;
use crate::prompt::code::{self, Code};
use crate::prompt::hint::Hint;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of thing it is.
    pub code: Code,
    /// Whether something does not work because of it.
    pub is_error: bool,
    /// What is wrong.
    pub message: String,
    /// The tag or file.
    pub place: Option<String>,
    /// The command that puts it right.
    pub fix: Hint,
    /// What `doctor --fix` does about it; none where that takes a decision.
    pub repair: Option<Repair>,
}

impl Diagnostic {
    pub(crate) fn error(code: Code, message: impl Into<String>, fix: impl Into<Hint>) -> Self {
        Self {
            code,
            is_error: true,
            message: message.into(),
            place: None,
            fix: fix.into(),
            repair: None,
        }
    }

    pub(crate) fn warning(code: Code, message: impl Into<String>, fix: impl Into<Hint>) -> Self {
        Self {
            is_error: false,
            ..Self::error(code, message, fix)
        }
    }

    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(crate) fn repaired_by(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }

    /// A failure with the command that puts it right.
    pub(crate) fn of(failure: &Failure, fix: impl Into<Hint>) -> Self {
        Self {
            place: failure.location.clone(),
            ..Self::error(
                failure.code.unwrap_or(code::BAD_TAG),
                format!("{failure:#}"),
                fix,
            )
        }
    }
}

/// What `doctor --fix` can do by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Set the clone up to mirror the remote's tags.
    ConfigureMirror,
    /// Discard a tag of this clone that lost against another of the same name.
    DiscardTag(String),
    /// Write the commit-graph that makes history fast.
    WriteCommitGraph,
    /// Remove a lock that a run of this program left which was killed.
    RemoveLock(PathBuf),
    /// Bring the index of a file up to HEAD.
    CatchUp(String),
}
