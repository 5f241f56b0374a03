//! Findings as a Code Quality report of GitLab: a part of Code Climate's format.

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::snippet::Sources;
use super::words::words;
use crate::prompt::CONFIG_FILE;
use crate::prompt::finding::{Finding, Severity};

/// A list with one entry a finding.
pub fn render(findings: &[Finding], sources: &Sources) -> String {
    let marks = fingerprints(findings, sources);
    let issues: Vec<Value> = findings
        .iter()
        .zip(marks)
        .map(|(finding, mark)| issue(finding, &mark))
        .collect();
    let mut text = super::json::pretty(&issues);
    text.push('\n');
    text
}

fn issue(finding: &Finding, mark: &str) -> Value {
    let help = finding
        .help
        .as_ref()
        .map(|help| format!(" ({})", words(help)))
        .unwrap_or_default();
    json!({
        "type": "issue",
        "check_name": finding.code.as_str(),
        "description": format!("{}{help}", finding.message),
        "content": {"body": finding.code.explanation().text},
        "categories": ["Bug Risk"],
        "fingerprint": mark,
        "severity": match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        "location": {
            // The format wants a file and a line.
            "path": finding.path.as_deref().unwrap_or(CONFIG_FILE),
            "lines": {"begin": finding.span.map_or(1, |at| at.line)},
        },
    })
}

/// A text for each finding that stays the same when its line moves, and is never that of another.
pub(super) fn fingerprints(findings: &[Finding], sources: &Sources) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    findings
        .iter()
        .map(|finding| {
            let path = finding.path.as_deref().unwrap_or_default();
            let text = sources
                .get(path)
                .zip(finding.span)
                .and_then(|(text, at)| text.lines().nth(at.line - 1));
            let what = [
                finding.code.as_str(),
                path,
                &finding.message,
                text.unwrap_or_default().trim(),
            ]
            .join("\0");
            let count = seen.entry(what.clone()).or_default();
            *count += 1;
            let hash = Sha256::digest(format!("{what}\0{count}"));
            hash.iter()
                .take(20)
                .map(|byte| format!("{byte:02x}"))
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::code;
    use crate::prompt::finding::Span;

    fn at(line: usize) -> Finding {
        Finding::error(code::UNDECLARED_VARIABLE, "wrong")
            .in_file("a.yml")
            .at(Span::point(line, 1))
    }

    #[test]
    fn a_fingerprint_moves_with_its_line_and_is_unique() {
        let before = Sources::from([("a.yml".to_owned(), "x: 1\ny: 2\n".to_owned())]);
        let after = Sources::from([("a.yml".to_owned(), "new: 0\nx: 1\ny: 2\n".to_owned())]);
        assert_eq!(
            fingerprints(&[at(2)], &before),
            fingerprints(&[at(3)], &after)
        );
        let same = fingerprints(&[at(1), at(1), at(2)], &before);
        assert!(same[0] != same[1] && same[1] != same[2] && same[0] != same[2]);
    }
}
