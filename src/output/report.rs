//! A report of findings, in each of its formats.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::diff_review::ChangedPartial;
use super::json::{self, FindingJson};
use super::snippet::Sources;
use super::words::words;
use super::{annotations, gitlab, junit, sarif, snippet};
use crate::prompt::finding::{Finding, Severity};

/// So many findings that are alike are shown one by one.
const MAX_ALIKE: usize = 5;

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// For people
    Text,
    /// One JSON object for scripts
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0
    Sarif,
    /// JUnit XML
    Junit,
    /// A Code Quality report of GitLab
    Gitlab,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// The files that were looked at.
    pub files: Vec<String>,
    /// What is wrong, in the order of the files.
    pub findings: Vec<Finding>,
    /// Whether findings that are alike are shown one by one.
    pub shows_all: bool,
    /// How many findings comments allow.
    pub allowed: usize,
    /// The texts of the files that have findings.
    pub sources: Sources,
    /// The partials that were changed.
    pub changed_partials: Vec<ChangedPartial>,
}

impl Report {
    /// How many findings are errors.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many findings are warnings.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// The same with what was found in other files.
    pub fn add(&mut self, other: Self) {
        self.files.extend(other.files);
        self.findings.extend(other.findings);
        self.allowed += other.allowed;
        self.sources.extend(other.sources);
        self.changed_partials.extend(other.changed_partials);
    }
}

/// The whole report in a format. Foreign text in it neither starts a line nor has control characters
/// that a terminal obeys, and what looks like a secret in the lines shown is blotted out.
pub fn render(format: ReportFormat, report: &Report, colors: bool) -> String {
    let (findings, sources) = (&report.findings, &report.sources);
    match format {
        ReportFormat::Text => text(report, colors),
        ReportFormat::Json => json::document(&shape(report)) + "\n",
        ReportFormat::Github => annotations::render(findings),
        ReportFormat::Sarif => sarif::render(findings, sources),
        ReportFormat::Junit => junit::render(findings, &report.files, sources),
        ReportFormat::Gitlab => gitlab::render(findings, sources),
    }
}

/// The findings for people. Many of one code that want the same done are told once, with their
/// places, unless all are wanted.
fn text(report: &Report, colors: bool) -> String {
    let key = |finding: &Finding| {
        let help = finding.help.as_deref().map(words);
        (finding.code, finding.severity, help)
    };
    let mut alike: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        alike.entry(key(finding)).or_default().push(finding);
    }
    let mut text = String::new();
    for finding in &report.findings {
        let group = alike.get(&key(finding)).map_or(&[][..], Vec::as_slice);
        if report.shows_all || group.len() <= MAX_ALIKE {
            text.push_str(&snippet::render(finding, &report.sources, colors));
        } else if group
            .first()
            .is_some_and(|first| std::ptr::eq(*first, finding))
        {
            text.push_str(&snippet::render_first(
                finding,
                &group[1..],
                &report.sources,
                colors,
            ));
        }
    }
    text
}

fn shape(report: &Report) -> Value {
    let findings: Vec<FindingJson> = report.findings.iter().map(FindingJson::from).collect();
    json!({
        "checked": report.files.len(),
        "errors": report.errors(),
        "warnings": report.warnings(),
        "allowed": report.allowed,
        "findings": findings,
        "changed_partials": report.changed_partials,
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::prompt::code;
    use crate::prompt::finding::Span;

    /// A report in which every foreign text tries to be more than text.
    fn hostile(key: &str) -> Report {
        let foreign = "x\u{1b}[31m\u{202e}\r\n::stop-commands::x\n##vso[task]\n</failure>]]>&\"'<!--\u{0}\u{7f}";
        let path = format!("a{foreign}.yml");
        let found = Finding::error(code::UNDECLARED_VARIABLE, foreign)
            .in_file(&path)
            .at(Span::point(2, 1))
            .help(foreign);
        let secret = Finding::error(code::SECRET, "a key stands in the text")
            .in_file(&path)
            .at(Span::point(3, 6));
        let without_place = Finding::warning(code::UNUSED_PARTIAL, foreign);
        let source = format!("one\n{}\nkey: {key}\n", foreign.replace('\n', " "));
        Report {
            files: vec![path.clone(), format!("sound{foreign}")],
            findings: vec![found, secret, without_place],
            allowed: 1,
            shows_all: false,
            sources: Sources::from([(path, source)]),
            changed_partials: Vec::new(),
        }
    }

    #[test]
    fn many_findings_that_are_alike_are_one_with_a_count() {
        let finding = |at: usize| {
            Finding::new(code::UNUSED_VARIABLE, format!("`v{at}` is used nowhere"))
                .in_file(&format!("prompts/p{at}.prompt.yml"))
                .at(Span::point(at + 1, 1))
                .help("remove it")
        };
        let mut report = Report {
            findings: (0..62).map(finding).collect(),
            ..Report::default()
        };
        report
            .findings
            .push(Finding::new(code::UNUSED_PARTIAL, "another"));
        insta::assert_snapshot!(render(ReportFormat::Text, &report, false), @"
    warning[P105]: `v0` is used nowhere
     --> prompts/p0.prompt.yml:1:1
      = help: remove it
      = and 61 more like it: prompts/p1.prompt.yml:2:1, prompts/p2.prompt.yml:3:1, prompts/p3.prompt.yml:4:1, prompts/p4.prompt.yml:5:1, prompts/p5.prompt.yml:6:1, … (--verbose shows each)

    warning[P115]: another
    ");
        report.shows_all = true;
        let all = render(ReportFormat::Text, &report, false);
        assert_eq!(all.matches("is used nowhere").count(), 62);
        report.shows_all = false;
        report.findings.truncate(MAX_ALIKE);
        assert!(!render(ReportFormat::Text, &report, false).contains("more like it"));
    }

    #[test]
    fn no_format_lets_foreign_text_be_more_than_text() {
        let report = hostile("none");
        for format in ReportFormat::value_variants() {
            let text = render(*format, &report, false);
            let is_control = |each: &char| each.is_control() && *each != '\n';
            let found: Vec<char> = text.chars().filter(is_control).collect();
            assert_eq!(found, [' '; 0], "{format:?}: {text}");
            assert!(!text.contains('\u{202e}'), "{format:?}: {text}");
            for line in text.lines() {
                let start = line.trim_start();
                let is_own = *format == ReportFormat::Github
                    && ["::error ", "::warning "]
                        .iter()
                        .any(|own| line.starts_with(own));
                assert!(is_own || !start.starts_with("::"), "{format:?}: {line}");
                assert!(!start.starts_with("##"), "{format:?}: {line}");
            }
        }
    }

    #[test]
    fn no_format_shows_a_secret() {
        let key = format!("AKIA{}", "Q7RK2MWZ3XBT4VNC");
        let report = hostile(&key);
        for format in ReportFormat::value_variants() {
            let text = render(*format, &report, false);
            assert!(text.contains("P026"), "{format:?}: {text}");
            assert!(!text.contains(&key), "{format:?}: {text}");
        }
    }

    #[test]
    fn every_format_shows_every_finding_and_none_where_there_is_none() {
        let report = hostile("none");
        for format in ReportFormat::value_variants() {
            let text = render(*format, &report, false);
            for code in ["P104", "P026", "P115"] {
                // A test of JUnit has one failure, whose text has the others.
                assert!(text.contains(code), "{format:?} lacks {code}: {text}");
            }
            let empty = render(*format, &Report::default(), false);
            assert!(!empty.contains("P104"), "{format:?}: {empty}");
        }
    }
}
