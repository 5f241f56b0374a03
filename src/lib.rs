//! Prompts for language models as versioned YAML files in a git repository.

pub mod error;
pub mod openai;
pub mod output;
pub mod prompt;
pub mod record;
