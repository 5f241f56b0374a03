//! Prompts of other places, to and from prompt files. Pure: no files, no git, no network.
//!
//! [`stored`] reads what the API answers about a stored prompt of OpenAI's, [`template`] makes a
//! template of it, `write` a prompt file, and [`prove`] renders that file again and compares.
//! [`request`] makes the requests.
//! [`format`](mod@format) reads and writes files of other tools, [`dialect`] their template languages.

pub mod dialect;
pub mod escape;
pub mod format;
mod places;
pub mod prove;
pub mod request;
pub mod sentinel;
pub mod settings;
pub mod stored;
pub mod template;
pub mod write;
pub mod written;
mod yaml;

use crate::prompt::code::Code;

/// Something of a prompt that a prompt file cannot hold as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// What kind of loss it is.
    pub code: Code,
    /// What it was and what was done.
    pub message: String,
    /// Whether the model is given the same all the same.
    pub is_note: bool,
}

impl Lost {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_note: false,
        }
    }

    fn note(code: Code, message: impl Into<String>) -> Self {
        Self {
            is_note: true,
            ..Self::new(code, message)
        }
    }
}
