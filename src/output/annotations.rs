//! Findings as annotations of GitHub Actions: `::error file=…,line=…::message`.

use super::words::words;
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::visible;

/// One line a finding. GitHub shows ten errors and ten warnings of a step at their lines, and the
/// others in its log.
pub fn render(findings: &[Finding]) -> String {
    findings.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let place = finding.span.map(|at| (at.line, at.column));
    let help = finding
        .help
        .as_ref()
        .map(|help| format!("\nhelp: {}", words(help)))
        .unwrap_or_default();
    annotation(
        finding.severity,
        (finding.path.as_deref(), place),
        finding.code.as_str(),
        &format!("{}{help}", finding.message),
    )
}

/// One annotation at a place, if it has one: a path, and a line and a column counted from 1.
pub fn annotation(
    severity: Severity,
    (path, place): (Option<&str>, Option<(usize, usize)>),
    title: &str,
    message: &str,
) -> String {
    let word = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(path) = path {
        properties.push(format!("file={}", property(path)));
    }
    if let Some((line, column)) = place {
        properties.push(format!("line={line},col={column}"));
    }
    properties.push(format!("title={}", property(title)));
    format!("::{word} {}::{}\n", properties.join(","), data(message))
}

/// A message, as the runner wants it escaped.
fn data(text: &str) -> String {
    visible::without_commands(&visible::text(text))
        .replace('%', "%25")
        .replace('\n', "%0A")
}

/// A value, in which the signs between values are escaped too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::code;
    use crate::prompt::finding::Span;

    #[test]
    fn nothing_in_a_finding_can_start_another_command() {
        let findings = [
            Finding::error(code::UNDECLARED_VARIABLE, "100% wrong\n::stop-commands::x")
                .in_file("a,b:c.yml")
                .at(Span::point(2, 3))
                .help("do"),
            Finding::warning(code::UNUSED_PARTIAL, "plain"),
        ];
        insta::assert_snapshot!(render(&findings), @r"
        ::error file=a%2Cb%3Ac.yml,line=2,col=3,title=P104::100%25 wrong%0A\::stop-commands::x%0Ahelp: do
        ::warning title=P115::plain
        ");
    }
}
