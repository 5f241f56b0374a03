//! What every way of showing a run says in the same words.

use std::collections::HashMap;

use serde_json::Value;

use crate::experiment::result::{Answers, CaseResult, Status, Try};
use crate::experiment::summary::{Figure, Summary};
use crate::experiment::verdict::{Counts, percent};
use crate::prompt::visible;

/// `support/triage v3`
pub(in crate::commands) fn title(summary: &Summary<'_>) -> String {
    let subject = &summary.results.subject;
    match subject.version {
        Some(version) => format!("{} v{version}", subject.prompt),
        None => subject.prompt.clone(),
    }
}

/// `47 of 50, 2 undecided, 1 without an answer`
pub(in crate::commands) fn counted(counts: &Counts) -> String {
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
pub(in crate::commands) fn worst_try(case: &CaseResult) -> Option<&Try> {
    let status = case.status();
    let mut tries = case.tries.iter();
    let of_status = tries.find(|it| it.status == status && it.detail.is_some());
    of_status.or_else(|| case.tries.iter().find(|it| it.detail.is_some()))
}

/// Why an answer did not pass, each in a line: the evaluator, and what it said.
pub(in crate::commands) fn reasons(of: &Try) -> Vec<String> {
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

/// Cases that did not pass, those together that got no answer for one and the same reason.
pub(in crate::commands) fn alike<'a>(worst: &[&'a CaseResult]) -> Vec<Vec<&'a CaseResult>> {
    let mut groups: Vec<Vec<&CaseResult>> = Vec::new();
    let mut known: HashMap<Vec<String>, usize> = HashMap::new();
    for case in worst {
        if case.status() != Status::Error {
            groups.push(vec![case]);
            continue;
        }
        let why = worst_try(case).map(reasons).unwrap_or_default();
        match known.get(&why) {
            Some(at) => groups[*at].push(case),
            None => {
                known.insert(why, groups.len());
                groups.push(vec![case]);
            }
        }
    }
    groups
}

/// Cases by their ids: `c0, c1, c2 and 13 more`.
pub(in crate::commands) fn named(cases: &[&CaseResult]) -> String {
    const MOST: usize = 10;
    let ids: Vec<&str> = cases.iter().take(MOST).map(|it| it.id.as_str()).collect();
    match cases.len().saturating_sub(MOST) {
        0 => ids.join(", "),
        more => format!("{} and {more} more", ids.join(", ")),
    }
}

/// How answers ended that were no whole ones: `2 refused, 1 stopped early`.
pub(in crate::commands) fn ends(answers: &Answers) -> Option<String> {
    let counts = [
        (answers.refused, "refused"),
        (answers.incomplete, "stopped before the end"),
    ];
    let told = counts.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// What was expected, in a line, unless a reason says it already.
pub(in crate::commands) fn expected(of: &Try) -> Option<String> {
    let expected = of.detail.as_ref()?.expected.as_ref()?;
    Some(match expected {
        Value::String(text) => visible::line(text).into_owned(),
        other => visible::line(&other.to_string()).into_owned(),
    })
}

/// `94.0 % (83.8 to 97.9)`; below five cases the counts alone are shown.
pub(in crate::commands) fn shown_rate(rate: &Figure) -> String {
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
pub(in crate::commands) fn seconds(milliseconds: f64) -> String {
    format!("{:.2} s", milliseconds / 1e3)
}
