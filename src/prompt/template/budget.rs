//! How much one rendering may make: a kilobyte of helpers inside helpers can ask for terabytes.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// The most that all texts of a prompt may make, what is thrown away again included, in bytes.
const MAX_MADE: usize = 40_000_000;

/// What is said of a rendering that makes more.
pub(super) const TOO_MUCH: &str = "the template makes more than 40 MB of text or 2 million pieces";

/// What is left of what a rendering may make. It is asked before anything is made.
#[derive(Debug)]
pub(super) struct Budget {
    left: Cell<usize>,
    is_spent: Cell<bool>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            left: Cell::new(MAX_MADE),
            is_spent: Cell::new(false),
        }
    }

    /// Takes so many bytes, or says that there are not so many left.
    pub(super) fn take(&self, bytes: usize) -> Result<(), String> {
        if let Some(left) = self.left.get().checked_sub(bytes) {
            self.left.set(left);
            return Ok(());
        }
        self.is_spent.set(true);
        Err(TOO_MUCH.to_owned())
    }

    /// Takes what it costs to copy a value, or to look through it.
    pub(super) fn take_value(&self, value: &Value) -> Result<(), String> {
        self.take(match value {
            Value::String(text) => text.len(),
            Value::Array(_) | Value::Object(_) => {
                crate::prompt::variables::weight(value, self.left.get())
            }
            _ => 1,
        })
    }

    /// Whether more was asked for than there was.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent.get()
    }

    /// A value as JSON.
    pub(super) fn json(&self, value: &Value, formatter: impl Formatter) -> Result<String, String> {
        let mut text = Vec::new();
        let writer = Taking {
            text: &mut text,
            budget: self,
        };
        value
            .serialize(&mut Serializer::with_formatter(writer, formatter))
            .map_err(|error| error.to_string())?;
        String::from_utf8(text).map_err(|error| error.to_string())
    }
}

/// Writes to a text as long as there is something left.
struct Taking<'b> {
    text: &'b mut Vec<u8>,
    budget: &'b Budget,
}

impl Write for Taking<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.budget.take(bytes.len()).map_err(io::Error::other)?;
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A value that was given, or one that a helper made, which is kept once however often it is used.
#[derive(Debug, Clone)]
pub(super) enum Held<'r> {
    Given(&'r Value),
    Made(Rc<Value>),
}

impl Held<'_> {
    pub(super) fn made(value: Value) -> Self {
        Self::Made(Rc::new(value))
    }
}

impl std::ops::Deref for Held<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Self::Given(value) => value,
            Self::Made(value) => value,
        }
    }
}
