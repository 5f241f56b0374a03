//! What is wrong with a prompt, as a fact: a code, a place, and what to do.

use std::fmt;

use super::code::{Code, Standing};
use super::hint::Hint;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Position {
    /// The place `offset` bytes into `text`.
    pub fn of_offset(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset.min(text.len()))];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// Whether a finding stops the prompt from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The prompt cannot be used.
    Error,
    /// The prompt works, and something about it looks wrong.
    Warning,
    /// Something that may be meant as it is, and is told only where it is asked for.
    Note,
}

impl Severity {
    /// The severity as text and JSON write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that is wrong with a prompt or a partial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing it is.
    pub code: Code,
    /// Whether it stops the prompt from being used.
    pub severity: Severity,
    /// The file, relative to the top of the repository, where it is known.
    pub path: Option<String>,
    /// The place in the file, where it is known.
    pub position: Option<Position>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<Box<Hint>>,
    /// The name of what it is about, such as a variable's, for who does more with it than print it.
    pub subject: Option<String>,
}

impl Finding {
    /// A finding of a rule, as severe as the table of codes says.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let severity = match code.standing() {
            Standing::Warning => Severity::Warning,
            Standing::Error | Standing::Fixed | Standing::Varies => Severity::Error,
        };
        Self::with(code, severity, message)
    }

    /// A finding that stops the prompt from being used.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        debug_assert_ne!(code.standing(), Standing::Warning, "{code}");
        Self::with(code, Severity::Error, message)
    }

    /// A finding that only warns.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        debug_assert_ne!(code.standing(), Standing::Error, "{code}");
        Self::with(code, Severity::Warning, message)
    }

    fn with(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            path: None,
            position: None,
            message: message.into(),
            help: None,
            subject: None,
        }
    }

    /// The same finding at a place, unless it has one already.
    #[must_use]
    pub fn at(mut self, position: impl Into<Option<Position>>) -> Self {
        self.position = self.position.or(position.into());
        self
    }

    /// The same finding in a file, unless it names one already.
    #[must_use]
    pub fn in_file(mut self, path: &str) -> Self {
        self.path.get_or_insert_with(|| path.to_owned());
        self
    }

    /// The same finding with words on what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<Hint>) -> Self {
        self.help = Some(Box::new(help.into()));
        self
    }

    /// The same finding about something that has this name.
    #[must_use]
    pub fn about(mut self, name: &str) -> Self {
        self.subject = Some(name.to_owned());
        self
    }

    /// Whether this finding stops the prompt from being used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether this finding is told only where it is asked for.
    pub fn is_note(&self) -> bool {
        self.severity == Severity::Note
    }

    /// `path:line:column`, as far as it is known.
    pub fn location(&self) -> Option<String> {
        match (&self.path, self.position) {
            (Some(path), Some(at)) => Some(format!("{path}:{}:{}", at.line, at.column)),
            (Some(path), None) => Some(path.clone()),
            (None, Some(at)) => Some(format!("{}:{}", at.line, at.column)),
            (None, None) => None,
        }
    }
}

/// The same findings in a file, where they name none.
pub fn in_file(findings: Vec<Finding>, path: &str) -> Vec<Finding> {
    let placed = findings.into_iter().map(|finding| finding.in_file(path));
    placed.collect()
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Finding {}
