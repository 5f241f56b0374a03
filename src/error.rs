//! What went wrong, what to do next, and the exit code.

use std::fmt;
use std::io::{self, ErrorKind};

use crate::prompt::code::{self, Code};
use crate::prompt::finding::Finding;
use crate::prompt::hint::Hint;

/// How a command ends, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    Failed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// It ran, and the verdict is no.
    Verdict = 3,
    /// It was not allowed: no key, a key refused, a tag refused by the remote.
    Denied = 4,
    /// It was interrupted.
    Interrupted = 130,
}

/// An error that a user can cause: what happened, where, and what to do next.
#[derive(Debug)]
pub struct Failure {
    /// The code, where the error has one.
    pub code: Option<Code>,
    /// How the command ends.
    pub exit: Exit,
    /// What happened.
    pub message: String,
    /// The file, line and column, or another place.
    pub location: Option<String>,
    /// What to do next.
    pub hints: Vec<Hint>,
    /// What nobody expected, such as what the system says, with its causes.
    pub cause: Option<anyhow::Error>,
}

impl Failure {
    /// A failure with this code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            exit: Exit::Failed,
            message: message.into(),
            location: None,
            hints: Vec::new(),
            cause: None,
        }
    }

    /// What the system did not do. What a person sees to have mistaken, such as the name of a file,
    /// ends the sentence; all else nobody expected, and it is the cause.
    pub fn from_io(code: Code, message: impl Into<String>, error: io::Error) -> Self {
        let message = message.into();
        match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::AlreadyExists
            | ErrorKind::AddrInUse
            | ErrorKind::AddrNotAvailable => Self::new(code, format!("{message}: {error}")),
            _ => Self::new(code, message).caused_by(error),
        }
    }

    /// What stands behind the message, the nearest first.
    pub fn causes(&self) -> Vec<String> {
        let chain = self.cause.iter().flat_map(anyhow::Error::chain);
        chain.map(ToString::to_string).collect()
    }

    /// A wrong command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            code: None,
            exit: Exit::Usage,
            message: message.into(),
            location: None,
            hints: Vec::new(),
            cause: None,
        }
    }

    /// The same failure with one more thing to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same failure at a place.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// The same failure with another exit code.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same failure with its cause.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

/// The message; `{:#}` adds the causes.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if f.alternate() {
            for cause in self.causes() {
                write!(f, ": {cause}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause
            .as_ref()
            .map(|cause| -> &(dyn std::error::Error + 'static) { cause.as_ref() })
    }
}

/// How many findings are printed beside the first.
pub const MOST_TOLD: usize = 8;

/// The first of several findings as a failure that tells the others.
impl From<Vec<Finding>> for Failure {
    fn from(findings: Vec<Finding>) -> Self {
        let more = findings.len().saturating_sub(1 + MOST_TOLD);
        let mut findings = findings.into_iter();
        let Some(first) = findings.next() else {
            return Self::new(code::INVALID_PROMPT, "the prompt is not valid");
        };
        let mut failure = Self::from(first);
        for other in findings.take(MOST_TOLD) {
            let place = other.location().map(|place| format!("{place}: "));
            let place = place.unwrap_or_default();
            failure = failure.hint(format!("also {place}{}", other.message));
        }
        match more {
            0 => failure,
            more => failure.hint(Hint::ShowMore(more)),
        }
    }
}

impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        let location = finding.location();
        Self {
            code: Some(finding.code),
            exit: Exit::Failed,
            message: finding.message,
            location,
            hints: finding.help.into_iter().map(|help| *help).collect(),
            cause: None,
        }
    }
}
