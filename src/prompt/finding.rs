//! Diagnostics: what is wrong with a prompt, as a fact with a code, a span, and what to do.

use std::fmt;
use std::ops::Range;

use super::code::{Code, DefaultLevel};
use super::hint::Hint;

/// A part of a line of a file: what is meant, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters where the part begins, counted from 1.
    pub column: usize,
    /// How many characters it has, at least one.
    pub length: usize,
}

impl Span {
    /// A place of which nothing more is known than where it is.
    pub fn point(line: usize, column: usize) -> Self {
        Self {
            line,
            column,
            length: 1,
        }
    }

    /// The same place of a text that begins at `start` in a larger one.
    #[must_use]
    pub fn below(self, start: Self) -> Self {
        Self {
            line: self.line + start.line - 1,
            column: match self.line {
                1 => self.column + start.column - 1,
                _ => self.column,
            },
            ..self
        }
    }

    /// The part of a text that these bytes are; of several lines, the first.
    pub fn from_range(text: &str, range: Range<usize>) -> Self {
        let before = &text[..text.floor_char_boundary(range.start.min(text.len()))];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            length: length(text, range),
        }
    }

    /// A whole line of a text.
    pub fn whole_line(text: &str, line: usize) -> Self {
        let whole = text.split('\n').nth(line.saturating_sub(1));
        Self {
            line,
            column: 1,
            length: whole.map_or(1, |whole| length(whole, 0..whole.len())),
        }
    }
}

/// How many characters a part of a text has in its first line, at least one.
pub fn length(text: &str, range: Range<usize>) -> usize {
    let part = text.get(range).unwrap_or_default();
    let end = memchr::memchr(b'\n', part.as_bytes()).unwrap_or(part.len());
    part[..end].trim_end().chars().count().max(1)
}

/// Whether a finding stops the prompt from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The prompt cannot be used.
    Error,
    /// The prompt works, and something about it looks wrong.
    Warning,
    /// Something that may be intended; reported only on request.
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
    /// The place in the file and what is meant there, where it is known.
    pub span: Option<Span>,
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
        let severity = match code.default_level() {
            DefaultLevel::Warning => Severity::Warning,
            DefaultLevel::Error | DefaultLevel::Fixed | DefaultLevel::Varies => Severity::Error,
        };
        Self::with(code, severity, message)
    }

    /// A finding that stops the prompt from being used.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        debug_assert_ne!(code.default_level(), DefaultLevel::Warning, "{code}");
        Self::with(code, Severity::Error, message)
    }

    /// A finding that only warns.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        debug_assert_ne!(code.default_level(), DefaultLevel::Error, "{code}");
        Self::with(code, Severity::Warning, message)
    }

    /// A finding that is reported and changes nothing.
    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::with(code, Severity::Note, message)
    }

    fn with(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            path: None,
            span: None,
            message: message.into(),
            help: None,
            subject: None,
        }
    }

    /// The same finding at a place, unless it has one already.
    #[must_use]
    pub fn at(mut self, span: impl Into<Option<Span>>) -> Self {
        self.span = self.span.or(span.into());
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

    /// Whether this finding is reported only on request.
    pub fn is_note(&self) -> bool {
        self.severity == Severity::Note
    }

    /// `path:line:column`, as far as it is known.
    pub fn location(&self) -> Option<String> {
        match (&self.path, self.span) {
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
