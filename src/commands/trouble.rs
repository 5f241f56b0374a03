//! What is wrong with the store, and failures, as findings.

use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::hint::Hint;
use crate::releases::Diagnostic;

/// What is wrong with the store, as a finding.
pub(super) fn finding_of(trouble: &Diagnostic) -> Finding {
    let mut finding = Finding::error(trouble.code, trouble.message.clone());
    finding.help = (trouble.fix != Hint::default()).then(|| Box::new(trouble.fix.clone()));
    if !trouble.is_error {
        finding.severity = Severity::Warning;
    }
    finding.path.clone_from(&trouble.place);
    finding
}

/// A failure as a finding: its first hint is the help.
pub(super) fn finding_of_failure(failure: &Failure) -> Finding {
    let code = failure.code.unwrap_or(code::BAD_CONFIG);
    let mut finding = Finding::error(code, format!("{failure:#}"));
    finding.path.clone_from(&failure.location);
    finding.help = failure.hints.first().cloned().map(Box::new);
    finding
}
