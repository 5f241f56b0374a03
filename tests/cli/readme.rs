//! The reference tables of the help topics, which are made from the source; and a test for every code.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use promptctl::exchange::format::FORMATS;
use promptctl::exchange::format::export::TARGETS;
use promptctl::prompt::code::{DefaultLevel, EXPLANATIONS};
use promptctl::prompt::diff::RULES;
use promptctl::prompt::evaluate::{checks, settings};
use promptctl::prompt::template::{EXAMPLE_VALUES, HELPERS};
use serde_json::{Map, Value};

use super::architecture::tests_and_sources;
use crate::env::{of_this_process, top};

/// What the first digit of a code says.
const GROUPS: [(&str, &str); 6] = [
    ("P0", "the file"),
    ("P1", "templates and variables"),
    ("P2", "versions, releases and git"),
    ("P3", "models, the API, the log and settings"),
    ("P4", "evaluators"),
    ("P5", "moving in and out"),
];

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Every code, by group.
fn codes() -> String {
    let mut text = String::new();
    for (start, about) in GROUPS {
        let codes = EXPLANATIONS
            .iter()
            .filter(|entry| entry.code.as_str().starts_with(start));
        let mut rows = String::new();
        for entry in codes {
            let level = match entry.level {
                DefaultLevel::Fixed => "",
                DefaultLevel::Error => "error",
                DefaultLevel::Warning => "warning",
                DefaultLevel::Varies => "either",
            };
            let (code, title) = (entry.code, cell(entry.title));
            writeln!(rows, "| {code} | {title} | {level} |").unwrap();
        }
        let count = rows.lines().count();
        writeln!(
            text,
            "## {start}xx: {about} ({count})\n\n\
             | code | what | `lint:` |\n|---|---|---|\n{rows}"
        )
        .unwrap();
    }
    text.trim_end().to_owned()
}

/// Every helper of the templates, each with an example that a test runs.
fn helpers() -> String {
    let values: Map<String, Value> = serde_json::from_str(EXAMPLE_VALUES).unwrap();
    let values = values
        .iter()
        .map(|(name, value)| format!("`{name}` is `{value}`"));
    let values = values.collect::<Vec<_>>().join(", ");
    let mut text =
        format!("In the examples, {values}.\n\n| helper | gives | such as |\n|---|---|---|\n");
    for helper in HELPERS {
        let (name, doc, example) = (helper.name, cell(helper.doc), cell(helper.example));
        let result = cell(helper.result);
        writeln!(text, "| `{name}` | {doc} | `{example}` is `{result}` |").unwrap();
    }
    text.trim_end().to_owned()
}

/// Every check of an evaluator.
fn evaluators() -> String {
    let mut text =
        "| check | passes when the output, without the blanks around it, … |\n|---|---|\n"
            .to_owned();
    for (name, words) in checks() {
        writeln!(text, "| `{name}` | {} |", cell(words)).unwrap();
    }
    text.trim_end().to_owned()
}

/// Every setting of an evaluator.
fn evaluator_settings() -> String {
    let mut text = "| setting | what it does |\n|---|---|\n".to_owned();
    for (name, words) in settings() {
        writeln!(text, "| `{name}` | {} |", cell(words)).unwrap();
    }
    text.trim_end().to_owned()
}

/// Every rule of `diff`.
fn rules() -> String {
    let mut text = "| impact | when | such as | rule |\n|---|---|---|---|\n".to_owned();
    for rule in RULES {
        let (when, example) = (cell(rule.when), cell(rule.example));
        let (impact, id) = (rule.impact, rule.id);
        writeln!(text, "| {impact} | {when} | {example} | `{id}` |").unwrap();
    }
    text.trim_end().to_owned()
}

/// Every topic, with its file.
fn topics() -> String {
    let mut text = "| topic | about |\n|---|---|\n".to_owned();
    for topic in promptctl::help::TOPICS {
        let (name, about) = (topic.name, cell(topic.about));
        writeln!(text, "| [{name}](src/help/{name}.md) | {about} |").unwrap();
    }
    text.trim_end().to_owned()
}

/// Every format that `import` reads.
fn formats() -> String {
    let mut text =
        "| format | known by | comes | is reported, and left out | refuses a prompt |\n|---|---|---|---|---|\n"
            .to_owned();
    for row in FORMATS {
        let (files, keeps) = (cell(row.files), cell(row.keeps));
        let (loses, refuses) = (cell(row.loses), cell(row.refuses));
        writeln!(
            text,
            "| `{}`: {} | {files} | {keeps} | {loses} | {refuses} |",
            row.name, row.title
        )
        .unwrap();
    }
    text.trim_end().to_owned()
}

/// Every format that `export` writes.
fn targets() -> String {
    let mut text =
        "| format | files | refused, or with `--lossy` left out |\n|---|---|---|\n".to_owned();
    for row in TARGETS {
        let (files, refuses) = (cell(row.files), cell(row.refuses));
        writeln!(text, "| `{}` | {files} | {refuses} |", row.name).unwrap();
    }
    text.trim_end().to_owned()
}

/// Makes a table.
type Make = fn() -> String;

/// What stands between two marks of its name, in any of the documents.
const MADE: [(&str, Make); 8] = [
    ("topics", topics),
    ("codes", codes),
    ("rules", rules),
    ("helpers", helpers),
    ("checks", evaluators),
    ("settings-of-evaluators", evaluator_settings),
    ("formats", formats),
    ("targets", targets),
];

/// The README and the topics, by their paths.
pub(crate) fn documents() -> Vec<PathBuf> {
    let mut paths = vec![top().join("README.md")];
    for entry in fs::read_dir(top().join("src/help")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
}

/// A document with what is made between its marks.
fn made(document: &str) -> String {
    let mut text = document.to_owned();
    for (name, make) in MADE {
        let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
        if let Some((before, rest)) = text.split_once(&open) {
            let (_, after) = rest.split_once(&close).expect("the mark that closes");
            text = format!("{before}{open}\n{}\n{close}{after}", make());
        }
    }
    text
}

/// Writes a file that is made from the source, or fails where it differs from it.
#[track_caller]
pub(crate) fn is_made(path: &Path, current: &str) {
    if of_this_process("UPDATE_README").is_some() {
        return fs::write(path, current).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept.replace("\r\n", "\n") == current,
        "{} differs from the source: UPDATE_README=1 cargo test --test cli readme writes it",
        path.display()
    );
}

#[test]
fn the_tables_of_the_readme_and_the_topics_are_those_of_the_source() {
    let mut all = String::new();
    for path in documents() {
        let document = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        is_made(&path, &made(&document));
        all.push_str(&document);
    }
    for (name, _) in MADE {
        assert!(
            all.contains(&format!("<!-- {name} -->")),
            "{name} is nowhere"
        );
    }
}

#[test]
fn every_code_is_in_a_group_and_comes_in_order() {
    let codes: Vec<&str> = EXPLANATIONS
        .iter()
        .map(|entry| entry.code.as_str())
        .collect();
    assert!(codes.is_sorted());
    for code in codes {
        assert!(
            GROUPS.iter().any(|(start, _)| code.starts_with(start)),
            "{code} is in no group"
        );
    }
}

/// A code that no test names may have stopped being found by anyone.
#[test]
fn every_code_has_a_test() {
    let (tests, source) = tests_and_sources();
    for entry in EXPLANATIONS {
        let code = entry.code.as_str();
        // `NAME = "P104"` in the table, `code::NAME` in a test of the source.
        let name = source
            .split_once(&format!(" = \"{code}\","))
            .and_then(|(before, _)| before.split_whitespace().last())
            .unwrap();
        assert!(
            tests.contains(code) || tests.contains(&format!("code::{name}")),
            "no test names {code}, {}",
            entry.title
        );
    }
}

#[test]
fn the_readme_says_where_the_project_is_cloned_from() {
    let home = env!("CARGO_PKG_REPOSITORY");
    let name = home.rsplit('/').next().unwrap();
    let readme = fs::read_to_string(top().join("README.md")).unwrap();
    let line = format!("git clone {home} && cd {name}\n");
    assert!(readme.contains(&line), "{line}");
}
