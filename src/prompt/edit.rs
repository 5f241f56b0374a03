//! Surgical edits of prompt files: one value changes, and every other line stays as it was.
//!
//! `yaml-edit` does the work and is not believed: each result is read again by the strict parser,
//! and refused unless it says exactly what is meant and leaves all other lines alone.

mod apply;
mod insert;
mod kind;
mod meant;
mod number;
mod path;
mod render;

use std::ops::RangeInclusive;

use serde_json::Value;

use super::code::{self, Code};
use super::document::node::Node;
use super::document::yaml::parse_tree;
use super::finding::Finding;
use super::hint::Hint;

pub use kind::is_text;
pub use meant::{messages_by_role, place_of_key};
pub use number::set_version;
pub use path::{Step, parse_path, show as show_path};
pub use render::{block, fits_block, is_printable, list_of};

/// Sets the value at `path`, and makes the maps on the way to it. A list grows by one item at
/// most. Texts of several lines are written as block scalars. A key that the file spells otherwise,
/// such as `max_tokens`, keeps its spelling.
///
/// # Errors
/// The text is not YAML, the path does not fit it, or the edit would touch other lines.
pub fn set(text: &str, path: &[Step], value: &Value) -> Result<String, EditError> {
    let source = Source::read(text)?;
    let path = source.spelt(path);
    let mut expected = source.value.clone();
    path::put(&mut expected, &path, value)?;
    if expected == source.value {
        return Ok(text.to_owned());
    }
    let accepts = |edited: &String| source.allows(edited, &expected, &path);
    apply::set(&source, &path, value, accepts)?.ok_or_else(|| EditError::refused(&path))
}

/// Removes the value at `path`, its key included.
///
/// # Errors
/// The text is not YAML, it has no such value, or the edit would touch other lines.
pub fn remove(text: &str, path: &[Step]) -> Result<String, EditError> {
    let source = Source::read(text)?;
    let path = source.spelt(path);
    let mut expected = source.value.clone();
    let is_only = path::take(&mut expected, &path)?;
    // Without its only entry a map becomes `{}`, which changes the line above.
    let touched = &path[..path.len() - usize::from(is_only)];
    let accepts = |edited: &String| source.allows(edited, &expected, touched);
    apply::remove(&source, &path, accepts)?.ok_or_else(|| EditError::refused(&path))
}

/// The lines of the value at `path`, from 1, its key included; none where the file has no such value
/// or holds it on the lines of another.
pub(in crate::prompt) fn touched_lines(
    text: &str,
    path: &[Step],
) -> Result<Option<RangeInclusive<usize>>, EditError> {
    let source = Source::read(text)?;
    let path = source.spelt(path);
    let mut node = &source.root;
    for step in &path {
        match path::child(node, step) {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(path::lines(&source, &path))
}

/// A text that is edited, and what it says.
struct Source<'a> {
    text: &'a str,
    root: Node,
    value: Value,
}

impl<'a> Source<'a> {
    fn read(text: &'a str) -> Result<Self, EditError> {
        let root = parse_tree(text).map_err(EditError::Unreadable)?.root;
        let value = root.to_value();
        Ok(Self { text, root, value })
    }

    /// Whether `edited` says what is expected and differs only where `path` stands.
    fn allows(&self, edited: &str, expected: &Value, path: &[Step]) -> bool {
        let says = parse_tree(edited).is_ok_and(|tree| tree.root.to_value() == *expected);
        says && path::is_local(self.text, edited, path::lines(self, path).as_ref())
    }
}

/// An edit that was not made. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text cannot be read, so that it cannot be edited.
    #[error("{0}")]
    Unreadable(Finding),
    /// The path is not one, as the reason says.
    #[error("`{path}` is not a path: {reason}")]
    BadPath {
        /// The text given.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no value at the path.
    #[error("the file has no `{path}`")]
    Missing { path: String },
    /// More than one message has the role that a path names.
    #[error("the file has {} messages of the role {role}: {}", paths.len(), paths.join(" and "))]
    SeveralMessages {
        role: String,
        /// The paths of their contents.
        paths: Vec<String>,
    },
    /// The path leads through a value that holds no others.
    #[error("{path} is not {wants}")]
    WrongKind {
        /// The path so far in backquotes, or the words "the file".
        path: String,
        /// What the next step wants.
        wants: &'static str,
    },
    /// The edit would have touched other lines, or would have come out wrong.
    #[error("`{path}` cannot be changed without touching the rest of the file")]
    Refused { path: String },
}

impl EditError {
    fn refused(path: &[Step]) -> Self {
        Self::Refused {
            path: path::show(path),
        }
    }

    /// The code of this error.
    pub fn code(&self) -> Code {
        match self {
            Self::Unreadable(finding) => finding.code,
            Self::BadPath { .. }
            | Self::Missing { .. }
            | Self::SeveralMessages { .. }
            | Self::WrongKind { .. } => code::WRONG_TYPE,
            Self::Refused { .. } => code::YAML_SYNTAX,
        }
    }

    /// This error as a finding, with words on what to do about it.
    pub fn finding(self) -> Finding {
        let code = self.code();
        let message = self.to_string();
        let help = match self {
            Self::Unreadable(finding) => return finding,
            Self::BadPath { .. } => {
                "write a path such as modelParameters.maxTokens or messages[0].content"
            }
            Self::Missing { .. } => return Finding::error(code, message).help(Hint::ShowDocument),
            Self::SeveralMessages { .. } => "name one of them by its path",
            Self::WrongKind { .. } => "name the value itself, or change the value above it",
            Self::Refused { .. } => {
                "change the line in an editor: it uses an alias, an anchor or a rare style"
            }
        };
        Finding::error(code, message).help(help)
    }
}

#[cfg(test)]
mod tests;
