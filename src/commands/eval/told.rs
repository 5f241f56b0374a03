//! What every way of showing a run says in the same words.

use serde_json::Value;

use crate::experiment::result::{CaseResult, Try};
use crate::experiment::summary::{Figure, Summary};
use crate::experiment::verdict::{Counts, percent};
use crate::prompt::visible;

/// `support/triage v3`
pub(super) fn title(summary: &Summary<'_>) -> String {
    let subject = &summary.results.subject;
    match subject.version {
        Some(version) => format!("{} v{version}", subject.prompt),
        None => subject.prompt.clone(),
    }
}

/// `$0.0450`
pub(super) fn dollars(amount: f64) -> String {
    format!("${amount:.4}")
}

/// `47 of 50, 2 undecided, 1 without an answer`
pub(super) fn counted(counts: &Counts) -> String {
    let mut words = format!("{} of {}", counts.passed, counts.cases());
    for (count, what) in [
        (counts.undecided, "undecided"),
        (counts.errors, "without an answer"),
        (counts.missing, "not asked"),
        (counts.skipped, "skipped"),
    ] {
        if count > 0 {
            words.push_str(&format!(", {count} {what}"));
        }
    }
    words
}

/// The answer of a case that tells most about why it did not pass.
pub(super) fn worst_try(case: &CaseResult) -> Option<&Try> {
    let status = case.status();
    let mut tries = case.tries.iter();
    let of_status = tries.find(|it| it.status == status && it.detail.is_some());
    of_status.or_else(|| case.tries.iter().find(|it| it.detail.is_some()))
}

/// Why an answer did not pass, each in a line: the evaluator, and what it said.
pub(super) fn reasons(of: &Try) -> Vec<String> {
    let Some(detail) = &of.detail else {
        return Vec::new();
    };
    let marks = detail.marks.iter().map(|mark| {
        let said = mark.reason.as_deref().unwrap_or(match mark.passed {
            Some(_) => "failed",
            None => "could not decide",
        });
        let optional = if mark.required { "" } else { " (not required)" };
        format!("{}{optional}: {said}", mark.name)
    });
    let error = detail.error.iter().map(|error| match &error.code {
        Some(code) => format!("no answer came: {} [{code}]", error.message),
        None => format!("no answer came: {}", error.message),
    });
    let reason = detail.reason.iter().cloned();
    error.chain(reason).chain(marks).collect()
}

/// What was expected, in a line, unless a reason says it already.
pub(super) fn expected(of: &Try) -> Option<String> {
    let expected = of.detail.as_ref()?.expected.as_ref()?;
    Some(match expected {
        Value::String(text) => visible::line(text).into_owned(),
        other => visible::line(&other.to_string()).into_owned(),
    })
}

/// `94.0 % (83.8 to 97.9)`; below five cases the counts alone are shown.
pub(super) fn shown_rate(rate: &Figure) -> String {
    match rate.interval {
        Some(it) => format!(
            "{} ({:.1} to {:.1})",
            percent(rate.value),
            it.low * 100.0,
            it.high * 100.0
        ),
        None => percent(rate.value),
    }
}

/// `0.81 s`
pub(super) fn seconds(milliseconds: f64) -> String {
    format!("{:.2} s", milliseconds / 1e3)
}
