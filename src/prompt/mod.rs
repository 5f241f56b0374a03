//! The core: what a prompt is. Pure: no files, no git, no network, no clock, no environment.

pub mod answer;
pub mod code;
pub mod diff;
pub mod digest;
pub mod document;
pub mod edit;
pub mod evaluate;
pub mod evidence;
pub mod finding;
pub mod hint;
pub mod json;
pub mod judged;
pub mod lint;
pub mod merge;
pub mod name;
pub mod next;
pub mod parameters;
pub mod pattern;
pub mod placeholder;
pub mod quote;
pub mod reference;
pub mod remote;
pub mod rendered;
pub mod schema;
pub mod secrets;
pub mod size;

pub mod template;
pub mod validator;
pub mod variables;
pub mod version;
pub mod visible;
pub(crate) mod weight;

/// The file of settings, at the top of the repository.
pub const CONFIG_FILE: &str = "promptctl.yaml";
