//! Findings as SARIF 2.1.0, which code scanning of hosts reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::gitlab::fingerprints;
use super::snippet::Sources;
use super::words::words;
use crate::prompt::code::Code;
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::secrets::blot;

/// One SARIF log with one run. Columns count Unicode code points.
pub fn render(findings: &[Finding], sources: &Sources) -> String {
    let mut codes: BTreeMap<Code, Severity> = BTreeMap::new();
    for finding in findings {
        codes.entry(finding.code).or_insert(finding.severity);
    }
    let rules: Vec<Value> = codes
        .iter()
        .map(|(code, severity)| rule(*code, *severity))
        .collect();
    let marks = fingerprints(findings, sources);
    let results: Vec<Value> = findings
        .iter()
        .zip(marks)
        .map(|(finding, mark)| {
            let index = codes.keys().position(|code| *code == finding.code);
            result(finding, index.unwrap_or_default(), &mark, sources)
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "promptctl",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the top of the repository"}}},
            "results": results,
        }],
    });
    let mut text = super::json::pretty(&log);
    text.push('\n');
    text
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn rule(code: Code, severity: Severity) -> Value {
    let explanation = code.explanation();
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": explanation.title},
        "fullDescription": {"text": explanation.text},
        "help": {"text": explanation.text},
        "defaultConfiguration": {"level": level(severity)},
    })
}

fn result(finding: &Finding, index: usize, mark: &str, sources: &Sources) -> Value {
    let message = match &finding.help {
        Some(help) => format!("{}\nhelp: {}", finding.message, words(help)),
        None => finding.message.clone(),
    };
    let mut result = json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": {"text": message},
        "partialFingerprints": {"promptctl/v1": mark},
    });
    if let Some(path) = &finding.path {
        let mut place = json!({"artifactLocation": {"uri": uri(path), "uriBaseId": "SRCROOT"}});
        if let Some(at) = finding.span {
            place["region"] = json!({"startLine": at.line, "startColumn": at.column});
            if let Some(line) = sources
                .get(path)
                .and_then(|text| text.lines().nth(at.line - 1))
            {
                place["region"]["snippet"] = json!({"text": blot(line)});
            }
        }
        result["locations"] = json!([{"physicalLocation": place}]);
    }
    result
}

/// A path as a relative reference of RFC 3986.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(
            uri("prompts/a b/ü#1.prompt.yml"),
            "prompts/a%20b/%C3%BC%231.prompt.yml"
        );
    }
}
