//! Executions as scripts read them, and lines that cannot be read.

use super::super::session::Session;
use crate::record::log::{BadLine, Execution};
use serde_json::{Value, json};

/// A record as scripts read it, with its outcomes.
pub(super) fn shape(execution: &Execution) -> Value {
    let mut value = serde_json::to_value(&execution.record).unwrap_or(Value::Null);
    if let Value::Object(map) = &mut value
        && !execution.outcomes.is_empty()
    {
        map.insert("outcomes".to_owned(), json!(execution.outcomes));
    }
    value
}

/// Warns of lines that are not records.
pub(super) fn warn_bad(bad: &[BadLine], session: &mut Session) {
    if let Some(first) = bad.first() {
        session.ui.warning(format!(
            "{} lines of the log are not records; the first is {}:{}",
            bad.len(),
            first.path.display(),
            first.line
        ));
    }
}

/// Says that what is shown is not all that the log says of these executions.
pub(super) fn say_differing(number: u64, session: &mut Session) {
    if number > 0 {
        let (others, say) = match number {
            1 => ("1 more record".to_owned(), "says"),
            more => (format!("{more} more records"), "say"),
        };
        session.ui.warning(format!(
            "{others} of the same id {say} something else; what stands first in the log is shown, and counts"
        ));
    }
}
