//! What scripts read: JSON with a shape of its own, versioned, to which fields are only added.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::words::{all_words, words};
use crate::error::Failure;
use crate::prompt::finding::Finding;
use crate::prompt::visible;

/// The version of every shape below.
pub const SCHEMA: u32 = 1;

/// The JSON text of a value with `"schema": 1` first.
pub fn document(value: &impl Serialize) -> String {
    let body = serde_json::to_value(value).unwrap_or(Value::Null);
    let mut object = serde_json::Map::new();
    object.insert("schema".to_owned(), json!(SCHEMA));
    if let Value::Object(fields) = body {
        object.extend(fields);
    }
    pretty(&Value::Object(object))
}

/// The JSON text of a value for people to read.
pub fn pretty(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    visible::json(&text).into_owned()
}

/// The JSON text of a value in one line.
pub fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    visible::json(&text).into_owned()
}

/// An error as scripts read it, in one line.
pub fn failure(failure: &Failure) -> String {
    line(&json!({ "schema": SCHEMA, "error": FailureJson::from(failure) }))
}

/// A time as scripts read it: RFC 3339 in UTC.
pub fn time(time: Timestamp) -> String {
    time.to_string()
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct FindingJson {
    code: &'static str,
    severity: &'static str,
    path: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    help: Option<String>,
}

impl From<&Finding> for FindingJson {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.as_str(),
            severity: finding.severity.as_str(),
            path: finding.path.clone(),
            line: finding.span.map(|at| at.line),
            column: finding.span.map(|at| at.column),
            message: finding.message.clone(),
            help: finding.help.as_deref().map(words),
        }
    }
}

/// What went wrong.
#[derive(Debug, Serialize)]
pub struct FailureJson {
    code: Option<&'static str>,
    message: String,
    location: Option<String>,
    hints: Vec<String>,
    causes: Vec<String>,
}

impl From<&Failure> for FailureJson {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code.map(|code| code.as_str()),
            message: failure.message.clone(),
            location: failure.location.clone(),
            hints: all_words(&failure.hints),
            causes: failure.causes(),
        }
    }
}

/// One partial.
#[derive(Debug, Serialize)]
pub struct PartialJson {
    /// Its name, as in `{{> name}}`.
    pub name: String,
    pub text: String,
}
