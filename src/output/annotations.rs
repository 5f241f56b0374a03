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
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(path) = &finding.path {
        properties.push(format!("file={}", property(path)));
    }
    if let Some(at) = finding.span {
        properties.push(format!("line={},col={}", at.line, at.column));
    }
    properties.push(format!("title={}", finding.code));
    let help = finding
        .help
        .as_ref()
        .map(|help| format!("\nhelp: {}", words(help)))
        .unwrap_or_default();
    format!(
        "::{word} {}::{}\n",
        properties.join(","),
        data(&format!("{}{help}", finding.message))
    )
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
