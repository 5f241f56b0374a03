//! JUnit XML, which most CI systems show as tests: findings, of which a file is a test and an error a
//! failure, and the cases of an evaluation.

use std::collections::BTreeMap;

use super::snippet::{Sources, render as snippet};
use crate::prompt::CONFIG_FILE;
use crate::prompt::finding::Finding;
use crate::prompt::visible;

#[derive(Debug)]
pub struct TestSuite {
    pub name: String,
    /// What is told of the whole.
    pub properties: Vec<(&'static str, String)>,
    pub tests: Vec<Test>,
}

/// One test.
#[derive(Debug)]
pub struct Test {
    pub name: String,
    /// The file that it stands in.
    pub file: String,
    /// The line there.
    pub line: usize,
    /// How long it took, in milliseconds.
    pub milliseconds: Option<u64>,
    /// What became of it.
    pub outcome: Outcome,
    /// What is told of it.
    pub properties: Vec<(&'static str, String)>,
    /// Why attempts failed of one that passed all the same.
    pub flaky_failures: Vec<String>,
}

/// What became of a test.
#[derive(Debug)]
pub enum Outcome {
    Passed,
    /// It failed: why, in a line, and in full.
    Failed(String, String),
    /// It could not be decided: why, in a line, and in full.
    Errored(String, String),
    /// It was left out: why.
    Skipped(String),
}

/// Suites of tests, one for each prompt that was evaluated.
pub fn suites(name: &str, suites: &[TestSuite]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = || suites.iter().flat_map(|suite| &suite.tests);
    out.push_str(&format!(
        "<testsuites name=\"{}\" {}>\n",
        attribute(name),
        counts(all())
    ));
    for suite in suites {
        let skipped = suite
            .tests
            .iter()
            .filter(|it| matches!(it.outcome, Outcome::Skipped(_)));
        out.push_str(&format!(
            "  <testsuite name=\"{}\" {} skipped=\"{}\">\n",
            attribute(&suite.name),
            counts(suite.tests.iter()),
            skipped.count()
        ));
        properties(&suite.properties, "    ", &mut out);
        for test in &suite.tests {
            one_test(test, &suite.name, &mut out);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts<'t>(tests: impl Iterator<Item = &'t Test>) -> String {
    let (mut all, mut failures, mut errors) = (0, 0, 0);
    for test in tests {
        all += 1;
        failures += usize::from(matches!(test.outcome, Outcome::Failed(..)));
        errors += usize::from(matches!(test.outcome, Outcome::Errored(..)));
    }
    format!("tests=\"{all}\" failures=\"{failures}\" errors=\"{errors}\"")
}

fn properties(properties: &[(&str, String)], indent: &str, out: &mut String) {
    if properties.is_empty() {
        return;
    }
    out.push_str(&format!("{indent}<properties>\n"));
    for (name, value) in properties {
        out.push_str(&format!(
            "{indent}  <property name=\"{}\" value=\"{}\"/>\n",
            attribute(name),
            attribute(value)
        ));
    }
    out.push_str(&format!("{indent}</properties>\n"));
}

fn one_test(test: &Test, suite: &str, out: &mut String) {
    let time = test
        .milliseconds
        .map(|ms| format!(" time=\"{:.3}\"", ms as f64 / 1e3))
        .unwrap_or_default();
    out.push_str(&format!(
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\"{time}>\n",
        attribute(suite),
        attribute(&test.name),
        attribute(&test.file),
        test.line
    ));
    properties(&test.properties, "      ", out);
    let element = |word: &str, message: &str, text: &str| {
        format!(
            "      <{word} message=\"{}\">{}</{word}>\n",
            attribute(message),
            escaped(text)
        )
    };
    match &test.outcome {
        Outcome::Passed => {}
        Outcome::Failed(message, text) => out.push_str(&element("failure", message, text)),
        Outcome::Errored(message, text) => out.push_str(&element("error", message, text)),
        Outcome::Skipped(message) => {
            out.push_str(&format!(
                "      <skipped message=\"{}\"/>\n",
                attribute(message)
            ));
        }
    }
    let word = match test.outcome {
        Outcome::Passed => "flakyFailure",
        _ => "rerunFailure",
    };
    for failure in &test.flaky_failures {
        out.push_str(&element(word, failure, ""));
    }
    out.push_str("    </testcase>\n");
}

/// One suite with a test for each file in `files` and each other file that has a finding.
/// Warnings are the test's output.
pub fn render(findings: &[Finding], files: &[String], sources: &Sources) -> String {
    let mut tests: BTreeMap<&str, Vec<&Finding>> = files
        .iter()
        .map(|file| (file.as_str(), Vec::new()))
        .collect();
    for finding in findings {
        tests
            .entry(finding.path.as_deref().unwrap_or(CONFIG_FILE))
            .or_default()
            .push(finding);
    }
    let failed = tests
        .values()
        .filter(|found| found.iter().any(|finding| finding.is_error()))
        .count();
    let counts = format!(
        "tests=\"{}\" failures=\"{failed}\" errors=\"0\"",
        tests.len()
    );
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!(
        "<testsuites name=\"promptctl validate\" {counts}>\n"
    ));
    out.push_str(&format!(
        "  <testsuite name=\"promptctl validate\" {counts} skipped=\"0\">\n"
    ));
    for (file, found) in &tests {
        test(file, found, sources, &mut out);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn test(file: &str, found: &[&Finding], sources: &Sources, out: &mut String) {
    let file = attribute(file);
    let open = format!("    <testcase classname=\"promptctl\" name=\"{file}\" file=\"{file}\"");
    if found.is_empty() {
        out.push_str(&format!("{open}/>\n"));
        return;
    }
    out.push_str(&format!("{open}>\n"));
    // Readers of this format take one failure a test.
    let errors: Vec<&&Finding> = found.iter().filter(|finding| finding.is_error()).collect();
    if let Some(first) = errors.first() {
        let more = if errors.len() > 1 {
            format!(" (and {} more)", errors.len() - 1)
        } else {
            String::new()
        };
        let message = attribute(&format!("{}{more}", first.message));
        let text: String = errors
            .iter()
            .map(|finding| snippet(finding, sources, false))
            .collect();
        out.push_str(&format!(
            "      <failure type=\"{}\" message=\"{message}\">{}</failure>\n",
            first.code,
            escaped(&text)
        ));
    }
    let warnings: String = found
        .iter()
        .filter(|finding| !finding.is_error())
        .map(|finding| snippet(finding, sources, false))
        .collect();
    if !warnings.is_empty() {
        out.push_str(&format!(
            "      <system-out>{}</system-out>\n",
            escaped(&warnings)
        ));
    }
    out.push_str("    </testcase>\n");
}

/// Text for an attribute, on one line and without a command of a build server.
fn attribute(text: &str) -> String {
    escaped(text).replace('\n', "&#10;").replace('[', "&#91;")
}

/// Text for an element, without what XML 1.0 cannot hold.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for each in visible::text(text).chars() {
        match each {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(each),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            each => out.push(each),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::code;

    #[test]
    fn a_file_is_a_test_and_its_errors_one_failure() {
        let findings = [
            Finding::error(code::UNDECLARED_VARIABLE, "`a` & <b>").in_file("a.yml"),
            Finding::error(code::SECRET, "again \u{1}").in_file("a.yml"),
            Finding::warning(code::UNUSED_PARTIAL, "unused").in_file("b.hbs"),
        ];
        insta::assert_snapshot!(render(&findings, &["a.yml".to_owned(), "c.yml".to_owned()], &Sources::new()), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="promptctl validate" tests="3" failures="1" errors="0">
          <testsuite name="promptctl validate" tests="3" failures="1" errors="0" skipped="0">
            <testcase classname="promptctl" name="a.yml" file="a.yml">
              <failure type="P104" message="`a` &amp; &lt;b&gt; (and 1 more)">error[P104]: `a` &amp; &lt;b&gt;
         --&gt; a.yml

        error[P026]: again \u{1}
         --&gt; a.yml

        </failure>
            </testcase>
            <testcase classname="promptctl" name="b.hbs" file="b.hbs">
              <system-out>warning[P115]: unused
         --&gt; b.hbs

        </system-out>
            </testcase>
            <testcase classname="promptctl" name="c.yml" file="c.yml"/>
          </testsuite>
        </testsuites>
        "#);
    }
}
