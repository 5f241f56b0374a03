//! A case more, in the text of a file: every line that was there stays as it was.

use serde_json::Value;

use super::dataset::{Format, header_of};
use super::entry::CaseContext;
use crate::prompt::code;
use crate::prompt::document::{Object, parse, parse_value};
use crate::prompt::edit::{self, Step};
use crate::prompt::finding::Finding;
use crate::prompt::hint::Hint;
use crate::prompt::name::nearest;
use crate::prompt::quote::csv_cell;
use crate::prompt::rendered::Variable;

/// The key of what a case says of itself, where the prompt has these variables.
pub fn key_of_case(variables: &[Variable]) -> &'static str {
    CaseContext::new(variables).meta
}

/// The text of a prompt file with a case more at the end of its `testData`, which is made where it
/// is missing.
///
/// # Errors
/// The text is no prompt, or a rare style of YAML keeps it from being changed in this place alone.
pub fn to_prompt(text: &str, case: &Object) -> Result<String, Finding> {
    let document = parse(text).map_err(first)?;
    let path = [
        Step::Key("testData".to_owned()),
        Step::Index(document.test_data.len()),
    ];
    edit::set(text, &path, &Value::Object(case.clone())).map_err(edit::EditError::finding)
}

fn first(findings: Vec<Finding>) -> Finding {
    let none = || Finding::error(code::WRONG_TYPE, "the file is no prompt");
    let error = findings.into_iter().find(Finding::is_error);
    error.unwrap_or_else(none)
}

/// The text of a dataset with a case more at its end. `path` says the format.
///
/// # Errors
/// The text is not what its format wants, or has no place for a field of the case.
pub fn to_dataset(path: &str, text: &str, case: &Object) -> Result<String, Finding> {
    let appended = match Format::of(path) {
        Some(Format::JsonLines) => Ok(to_lines(text, case)),
        Some(Format::Json) => to_list(text, case),
        Some(Format::Yaml) => to_yaml(text, case),
        Some(Format::Csv) => to_table(text, case),
        None => Err(Finding::error(
            code::BAD_DATASET,
            format!("{path} is in no format of datasets"),
        )
        .help("datasets end in .jsonl, .json, .yaml, .yml or .csv")),
    };
    appended.map_err(|finding| finding.in_file(path))
}

/// How the lines of a text end.
fn line_end(text: &str) -> &'static str {
    match text.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    }
}

/// The text with a line end at its end, unless it is empty.
fn closed(text: &str) -> String {
    let is_closed = text.trim_start_matches('\u{feff}').is_empty() || text.ends_with('\n');
    let end = if is_closed { "" } else { line_end(text) };
    format!("{text}{end}")
}

fn to_lines(text: &str, case: &Object) -> String {
    let line = Value::Object(case.clone());
    format!("{}{line}{}", closed(text), line_end(text))
}

fn to_list(text: &str, case: &Object) -> Result<String, Finding> {
    let bad = |message: String| {
        Finding::error(code::BAD_DATASET, message).help("a `.json` dataset is one list: [{…}, {…}]")
    };
    let plain = text.trim_start_matches('\u{feff}');
    let end = line_end(text);
    if plain.trim().is_empty() {
        return Ok(format!(
            "{text}[{end}  {}{end}]{end}",
            Value::from(case.clone())
        ));
    }
    let items: Vec<Value> = serde_json::from_str(plain)
        .map_err(|error| bad(format!("the dataset is no list of JSON: {error}")))?;
    // Behind the last bracket there is nothing but blanks.
    let (before, after) = text.split_at(text.rfind(']').unwrap_or_default());
    let body = before.trim_end();
    let is_long = before.contains('\n');
    let indent = match items.is_empty() {
        true => "  ",
        false => indent_of(before),
    };
    let added = match is_long && plain.contains("\n    ") || is_spread(before, indent) {
        true => spread(case, indent, end),
        false => Value::from(case.clone()).to_string(),
    };
    let comma = if items.is_empty() { "" } else { "," };
    let appended = match is_long {
        true => format!("{body}{comma}{end}{indent}{added}{end}{after}"),
        false if items.is_empty() => format!("{body}{added}{after}"),
        false => format!("{body}{comma} {added}{after}"),
    };
    let mut expected = items;
    expected.push(Value::from(case.clone()));
    let read: Option<Vec<Value>> =
        serde_json::from_str(appended.trim_start_matches('\u{feff}')).ok();
    match read == Some(expected) {
        true => Ok(appended),
        false => Err(bad("the list cannot be added to".to_owned())),
    }
}

/// The blanks before the first item.
fn indent_of(list: &str) -> &str {
    let mut lines = list.lines().skip(1).filter(|line| !line.trim().is_empty());
    let line = lines.next().unwrap_or_default();
    &line[..line.len() - line.trim_start().len()]
}

/// Whether each field of an item has a line of its own.
fn is_spread(list: &str, indent: &str) -> bool {
    let opens = format!("\n{indent}{{");
    list.replace('\r', "").contains(&format!("{opens}\n"))
}

/// A case with a line for each field.
fn spread(case: &Object, indent: &str, end: &str) -> String {
    // Writing a value as text cannot fail.
    let text = serde_json::to_string_pretty(case).unwrap_or_default();
    text.replace('\n', &format!("{end}{indent}"))
}

fn to_yaml(text: &str, case: &Object) -> Result<String, Finding> {
    let case = Value::Object(case.clone());
    let items = match parse_value(text)? {
        Value::Null => {
            let one = edit::list_of(std::slice::from_ref(&case));
            return Ok(format!(
                "{}{}",
                closed(text),
                one.replace('\n', line_end(text))
            ));
        }
        Value::Array(items) => items.len(),
        _ => {
            let finding = Finding::error(code::BAD_DATASET, "the dataset is no list of cases");
            return Err(finding.help("begin each case with `- `"));
        }
    };
    edit::set(text, &[Step::Index(items)], &case).map_err(edit::EditError::finding)
}

fn to_table(text: &str, case: &Object) -> Result<String, Finding> {
    let end = line_end(text);
    let flat = flat(case);
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        let names: Vec<String> = flat.iter().map(|(name, _)| csv_cell(name)).collect();
        let cells: Vec<String> = flat.iter().map(|(_, value)| csv_cell(value)).collect();
        return Ok(format!(
            "{text}{}{end}{}{end}",
            names.join(","),
            cells.join(",")
        ));
    }
    let header = header_of(text)?;
    if let Some((name, _)) = flat.iter().find(|(name, _)| !header.contains(name)) {
        let message = format!("the table has no column `{name}`");
        let finding = Finding::error(code::BAD_DATASET, message);
        let near = nearest(name, header.iter().map(String::as_str));
        let near = near.map_or_else(String::new, |near| {
            format!("the table has `{near}`: is `{name}` meant? ")
        });
        return Err(finding.help(Hint::AddColumn {
            near,
            columns: header.join(", "),
        }));
    }
    let value = |name: &String| {
        let found = flat.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| csv_cell(value)).unwrap_or_default()
    };
    let cells: Vec<String> = header.iter().map(value).collect();
    // A row of one empty cell would be a blank line.
    let row = match cells.join(",") {
        row if row.is_empty() => "\"\"".to_owned(),
        row => row,
    };
    Ok(format!("{}{row}{end}", closed(text)))
}

/// The cells of a case by their columns.
fn flat(case: &Object) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    for (name, value) in case {
        match value {
            Value::Object(meta) if matches!(name.as_str(), "case" | "$case") => {
                for (key, value) in meta {
                    let text = match value {
                        Value::Array(words) if key == "tags" => {
                            let words = words.iter().map(text_of);
                            words.collect::<Vec<_>>().join("; ")
                        }
                        value => text_of(value),
                    };
                    flat.push((format!("{name}.{key}"), text));
                }
            }
            value => flat.push((name.clone(), text_of(value))),
        }
    }
    flat
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn ada() -> Object {
        case(
            json!({"ticket": "a, \"b\"", "expected": "x", "case": {"id": "ada", "tags": ["s", "t"]}}),
        )
    }

    #[test]
    fn a_case_goes_to_the_end_of_the_test_data() {
        let before = "version: 1 # one\nmessages: [{role: user, content: '{{ticket}}'}]\n";
        let with = format!(
            "{before}testData:\n  # the first\n  - ticket: one\n    expected: x\n\n# checks\nevaluators: []\n"
        );
        insta::assert_snapshot!(to_prompt(&with, &ada()).unwrap(), @r#"
    version: 1 # one
    messages: [{role: user, content: '{{ticket}}'}]
    testData:
      # the first
      - ticket: one
        expected: x
      - ticket: "a, \"b\""
        expected: x
        case:
          id: ada
          tags:
            - s
            - t

    # checks
    evaluators: []
    "#);
        insta::assert_snapshot!(to_prompt(before, &ada()).unwrap(), @r#"
    version: 1 # one
    messages: [{role: user, content: '{{ticket}}'}]
    testData:
      - ticket: "a, \"b\""
        expected: x
        case:
          id: ada
          tags:
            - s
            - t
    "#);
        let short = format!("{before}testData: [{{ticket: one}}]\n");
        insta::assert_snapshot!(to_prompt(&short, &case(json!({"ticket": "two"}))).unwrap(), @"
    version: 1 # one
    messages: [{role: user, content: '{{ticket}}'}]
    testData: [{ticket: one}, {ticket: two}]
    ");
        assert!(to_prompt("messages: 1\n", &ada()).is_err());
    }

    #[test]
    fn a_case_goes_to_the_end_of_a_dataset() {
        for (path, text, expected) in [
            ("d.jsonl", "", "{\"ticket\":\"t\"}\n"),
            (
                "d.jsonl",
                "{\"ticket\": \"a\"}",
                "{\"ticket\": \"a\"}\n{\"ticket\":\"t\"}\n",
            ),
            (
                "d.jsonl",
                "{\"ticket\": \"a\"}\r\n",
                "{\"ticket\": \"a\"}\r\n{\"ticket\":\"t\"}\r\n",
            ),
            ("d.json", "", "[\n  {\"ticket\":\"t\"}\n]\n"),
            ("d.json", "[]", "[{\"ticket\":\"t\"}]"),
            ("d.json", "[\n]\n", "[\n  {\"ticket\":\"t\"}\n]\n"),
            (
                "d.json",
                "[{\"ticket\": \"a\"}]\n",
                "[{\"ticket\": \"a\"}, {\"ticket\":\"t\"}]\n",
            ),
            (
                "d.json",
                "[\n {\"ticket\": \"a\"}\n]\n",
                "[\n {\"ticket\": \"a\"},\n {\"ticket\":\"t\"}\n]\n",
            ),
            (
                "d.json",
                "[\r\n  {\r\n    \"ticket\": \"a\"\r\n  }\r\n]",
                "[\r\n  {\r\n    \"ticket\": \"a\"\r\n  },\r\n  {\r\n    \"ticket\": \"t\"\r\n  }\r\n]",
            ),
            ("d.yaml", "# cases\n", "# cases\n- ticket: t\n"),
            (
                "d.yml",
                "- ticket: a # one\n",
                "- ticket: a # one\n- ticket: t\n",
            ),
            ("d.csv", "", "ticket\nt\n"),
            (
                "d.csv",
                "expected,ticket,case.id",
                "expected,ticket,case.id\n,t,\n",
            ),
        ] {
            let appended = to_dataset(path, text, &case(json!({"ticket": "t"}))).unwrap();
            assert_eq!(appended, expected, "{path} {text:?}");
        }
        let table = "\u{feff}ticket,expected,case.tags,case.id\r\na,b,,\r\n";
        assert_eq!(
            to_dataset("d.csv", table, &ada()).unwrap(),
            format!("{table}\"a, \"\"b\"\"\",x,\"s; t\",ada\r\n")
        );
        let refused =
            |path: &str, text: &str| to_dataset(path, text, &ada()).unwrap_err().to_string();
        assert_eq!(
            refused("d.csv", "ticket,case.id,case.tags\n"),
            "the table has no column `expected`"
        );
        assert!(refused("d.json", "{}").starts_with("the dataset is no list of JSON"));
        assert_eq!(
            refused("d.yaml", "a: b\n"),
            "the dataset is no list of cases"
        );
        assert_eq!(refused("d.txt", ""), "d.txt is in no format of datasets");
    }
}
