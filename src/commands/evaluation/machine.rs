//! A run for build servers: JUnit, and annotations of GitHub Actions.

use super::report::Report;
use super::wording::{expected, reasons, title, worst_try};
use crate::experiment::result::{CaseResult, Status};
use crate::experiment::summary::Summary;
use crate::output::annotations::annotation;
use crate::output::junit::{self, Outcome, Test, TestSuite};
use crate::prompt::finding::Severity;
use crate::prompt::visible;

/// A suite for each prompt, a test for each case.
pub(in crate::commands) fn junit(report: &Report<'_>) -> String {
    let suites: Vec<TestSuite> = report.summaries.iter().map(suite).collect();
    junit::suites("promptctl eval", &suites)
}

fn suite(summary: &Summary<'_>) -> TestSuite {
    let results = summary.results;
    let answers = &results.answers;
    TestSuite {
        name: title(summary),
        properties: vec![
            ("model", results.subject.model.clone()),
            ("digest", results.subject.digest.clone()),
            ("suite", results.subject.suite.clone()),
            ("verdict", summary.judgement.verdict.as_str().to_owned()),
            ("cost_usd", format!("{:.6}", answers.spent)),
        ],
        tests: results.cases.iter().map(test).collect(),
    }
}

fn test(case: &CaseResult) -> Test {
    let (ref file, line, _) = case.place;
    let (short, long) = told(case);
    let properties = case.score().map(|score| ("score", format!("{score:.4}")));
    let flaky = match case.is_flaky() {
        true => case
            .tries
            .iter()
            .filter(|it| it.status == Status::Fail)
            .map(|it| reasons(it).join("; "))
            .collect(),
        false => Vec::new(),
    };
    Test {
        name: case.id.clone(),
        file: file.to_string(),
        line,
        milliseconds: None,
        outcome: match case.status() {
            Status::Pass => Outcome::Passed,
            Status::Fail => Outcome::Failed(short, long),
            Status::Error | Status::Undecided => Outcome::Errored(short, long),
            Status::Skipped => Outcome::Skipped(short),
        },
        properties: properties.into_iter().collect(),
        flaky_failures: flaky,
    }
}

/// Why a case did not pass: in a line, and in full.
fn told(case: &CaseResult) -> (String, String) {
    let Some(worst) = worst_try(case) else {
        return (case.status().as_str().to_owned(), String::new());
    };
    let reasons = reasons(worst);
    let mut long = reasons.join("\n");
    if let Some(expected) = expected(worst) {
        long.push_str(&format!("\nexpected: {expected}"));
    }
    let output = worst.detail.as_ref().and_then(|it| it.output.as_ref());
    if let Some(output) = output {
        long.push_str(&format!("\ngot: {output}"));
    }
    (
        reasons.join("; "),
        visible::without_commands(&long).into_owned(),
    )
}

/// An annotation at the line of each case that did not pass.
pub(in crate::commands) fn github(report: &Report<'_>) -> String {
    let mut out = String::new();
    for summary in &report.summaries {
        for case in summary.worst() {
            let severity = match case.status() {
                Status::Fail => Severity::Error,
                _ => Severity::Warning,
            };
            let (path, line, column) = &case.place;
            let (_, long) = told(case);
            out.push_str(&annotation(
                severity,
                (Some(path), Some((*line, *column))),
                &format!("{}: {} {}", title(summary), case.id, case.status().as_str()),
                &long,
            ));
        }
    }
    out
}
