//! The reference tables of the README, which are made from the source; and a test for every code.

use std::fmt::Write as _;
use std::fs;

use promptctl::prompt::code::{EXPLANATIONS, Standing};
use promptctl::prompt::diff::RULES;
use promptctl::prompt::evaluate::checks;
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
            let level = match entry.standing {
                Standing::Fixed => "",
                Standing::Error => "error",
                Standing::Warning => "warning",
                Standing::Varies => "either",
            };
            let (code, title) = (entry.code, cell(entry.title));
            writeln!(rows, "| {code} | {title} | {level} |").unwrap();
        }
        let count = rows.lines().count();
        writeln!(
            text,
            "<details>\n<summary>{start}xx: {about} ({count})</summary>\n\n\
             | code | what | `lint:` |\n|---|---|---|\n{rows}\n</details>\n"
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

/// Every rule of `diff`.
fn rules() -> String {
    let mut text = format!(
        "<details>\n<summary>The {} rules</summary>\n\n| impact | when | such as | rule |\n|---|---|---|---|\n",
        RULES.len()
    );
    for rule in RULES {
        let (when, example) = (cell(rule.when), cell(rule.example));
        let (impact, id) = (rule.impact, rule.id);
        writeln!(text, "| {impact} | {when} | {example} | `{id}` |").unwrap();
    }
    text + "\n</details>"
}

/// The README with a table in the place that its marks name.
fn with_table(readme: &str, name: &str, table: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = readme.split_once(&open).expect("the mark that opens");
    let (_, after) = rest.split_once(&close).expect("the mark that closes");
    format!("{before}{open}\n{table}\n{close}{after}")
}

#[test]
fn the_tables_of_the_readme_are_those_of_the_source() {
    let path = top().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let current = with_table(&readme, "codes", &codes());
    let current = with_table(&current, "rules", &rules());
    let current = with_table(&current, "helpers", &helpers());
    let current = with_table(&current, "checks", &evaluators());
    if of_this_process("UPDATE_README").is_some() {
        fs::write(path, current).unwrap();
        return;
    }
    assert!(
        readme == current,
        "README.md differs from the source: UPDATE_README=1 cargo test --test cli readme writes it"
    );
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
