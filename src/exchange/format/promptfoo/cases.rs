//! The tests of a configuration as cases, with what all of them have.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::Source;
use super::super::draft::Draft;
use super::assertion::evaluator;
use crate::exchange::dialect::is_name;
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::Span;
use crate::prompt::visible;

/// The most cases that lists of values may make.
const MAX_CASES: usize = 1_000;
/// The longest id of a case, in characters.
const MAX_ID: usize = 200;

/// The tests, with what all of them have.
pub(super) fn tests(
    config: &Map<String, Value>,
    located: &Located,
    source: &Source<'_>,
    draft: &mut Draft,
) {
    let default = default_test(config, located, source, draft);
    for (index, assert) in list(default.get("assert")).into_iter().enumerate() {
        let at = located.place(&format!("defaultTest.assert[{index}]"));
        if let Some(evaluator) = evaluator(assert, at, draft) {
            draft.evaluators.push(evaluator);
        }
    }
    let place = |key: &str| located.place(&format!("defaultTest.{key}"));
    let known = ["vars", "assert", "metadata"];
    draft.leave_out(&default, (&known, &[]), "a test", place);
    let mut cases = Cases {
        shared: map(default.get("vars")),
        metadata: map(default.get("metadata")),
        ids: BTreeSet::new(),
        source,
    };
    for (test, path) in all(config, &default, located, source, draft) {
        cases.add(&test, &path, located, draft);
    }
    // The same test for each value is the same case only once.
    let mut seen: BTreeSet<String> = BTreeSet::new();
    draft.test_data.retain(|row| seen.insert(row.to_string()));
}

/// What all tests have; it may stand in a file of its own.
fn default_test(
    config: &Map<String, Value>,
    located: &Located,
    source: &Source<'_>,
    draft: &mut Draft,
) -> Map<String, Value> {
    let read = match config.get("defaultTest") {
        Some(Value::String(file)) => of_file(file, source),
        Some(value) => Ok(value.clone()),
        None => return Map::new(),
    };
    match read {
        Ok(Value::Object(map)) => map,
        Ok(_) => left_out("it is no map", located.place("defaultTest"), draft),
        Err(why) => left_out(&why, located.place("defaultTest"), draft),
    }
}

fn left_out(why: &str, at: Option<Span>, draft: &mut Draft) -> Map<String, Value> {
    let message = format!("`defaultTest` was left out: {why}");
    draft.lose(code::SOURCE_DROPPED, at, message);
    Map::new()
}

/// The value in a YAML or JSON file beside the configuration.
fn of_file(file: &str, source: &Source<'_>) -> Result<Value, String> {
    let name = file.trim_start_matches("file://");
    if ![".yaml", ".yml", ".json"]
        .iter()
        .any(|it| name.ends_with(it))
    {
        return Err("only YAML and JSON are read".to_owned());
    }
    let text = (source.beside)(name)?;
    let located = parse_located(&text).map_err(|why| why.message)?;
    Ok(located.value)
}

/// The tests with their places, those of files too.
fn all(
    config: &Map<String, Value>,
    default: &Map<String, Value>,
    located: &Located,
    source: &Source<'_>,
    draft: &mut Draft,
) -> Vec<(Value, String)> {
    let listed: Vec<(Value, String)> = match config.get("tests") {
        Some(Value::Array(tests)) => tests
            .iter()
            .enumerate()
            .map(|(index, test)| (test.clone(), format!("tests[{index}]")))
            .collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(other) => vec![(other.clone(), "tests".to_owned())],
    };
    // A configuration without tests runs once, with what all have.
    if listed.is_empty() && default.contains_key("vars") {
        return vec![(json!({}), "defaultTest".to_owned())];
    }
    let mut tests = Vec::new();
    for (test, path) in listed {
        let at = located.place(&path);
        let read = match &test {
            Value::Object(map) if map.contains_key("path") => {
                Err("they are made by a program".to_owned())
            }
            Value::Object(_) => Ok(Value::Null),
            Value::String(file) => of_file(file, source),
            _ => Err("it is neither a test nor a file".to_owned()),
        };
        match read {
            Ok(Value::Null) => tests.push((test, path)),
            Ok(Value::Array(more)) => {
                tests.extend(more.into_iter().map(|test| (test, path.clone())));
            }
            Ok(one @ Value::Object(_)) => tests.push((one, path)),
            Ok(_) => lose_tests(&test, "it holds no tests", at, draft),
            Err(why) => lose_tests(&test, &why, at, draft),
        }
    }
    tests
}

fn lose_tests(test: &Value, why: &str, at: Option<Span>, draft: &mut Draft) {
    let what = match test {
        Value::String(file) => format!("the tests of {file}"),
        _ => "an entry of `tests`".to_owned(),
    };
    let message = format!("{what} were left out: {why}; a CSV file can stand under `datasets:`");
    draft.lose(code::SOURCE_DROPPED, at, message);
}

/// What the cases have in common, and the ids that are given.
struct Cases<'s> {
    shared: Map<String, Value>,
    metadata: Map<String, Value>,
    ids: BTreeSet<String>,
    source: &'s Source<'s>,
}

impl Cases<'_> {
    /// Adds the cases of one test.
    fn add(&mut self, test: &Value, path: &str, located: &Located, draft: &mut Draft) {
        let at = located.place(path);
        let Some(test) = test.as_object() else {
            return lose_tests(test, "it is no map", at, draft);
        };
        let row = self.row(test, at, draft);
        let mut said = Map::new();
        let mut metadata = self.metadata.clone();
        metadata.extend(map(test.get("metadata")));
        let tags = tags(&metadata, at, draft);
        if !tags.is_empty() {
            said.insert("tags".to_owned(), json!(tags));
        }
        let mut evaluators = Vec::new();
        for (nth, assert) in list(test.get("assert")).into_iter().enumerate() {
            let at = located.place(&format!("{path}.assert[{nth}]"));
            evaluators.extend(evaluator(assert, at, draft));
        }
        if !evaluators.is_empty() {
            said.insert("evaluators".to_owned(), json!(evaluators));
        }
        let place = |key: &str| located.place(&format!("{path}.{key}"));
        let known = ["vars", "assert", "description", "metadata"];
        draft.leave_out(test, (&known, &[]), "a test", place);
        let about = test.get("description").and_then(Value::as_str);
        for mut row in expanded(row, at, draft) {
            let mut said = said.clone();
            if let Some(about) = about {
                self.describe(about, &mut said, at, draft);
            }
            if row.is_empty() && !test.is_empty() {
                let message = "a test without variables is no case here: left out";
                draft.lose(code::SOURCE_DROPPED, at, message);
            }
            if row.is_empty() {
                continue;
            }
            if draft.test_data.len() == MAX_CASES {
                let message = format!("only the first {MAX_CASES} cases are taken");
                return draft.lose(code::SOURCE_DROPPED, at, message);
            }
            if !said.is_empty() {
                let key = if row.contains_key("case") {
                    "$case"
                } else {
                    "case"
                };
                row.insert(key.to_owned(), Value::Object(said));
            }
            draft.test_data.push(Value::Object(row));
        }
    }

    /// The variables of a test.
    fn row(
        &self,
        test: &Map<String, Value>,
        at: Option<Span>,
        draft: &mut Draft,
    ) -> Map<String, Value> {
        let mut vars = self.shared.clone();
        match test.get("vars") {
            Some(Value::Object(own)) => vars.extend(own.clone()),
            Some(Value::String(file)) => match of_file(file, self.source) {
                Ok(Value::Object(own)) => vars.extend(own),
                _ => draft.lose(
                    code::SOURCE_DROPPED,
                    at,
                    format!("the variables of {file} were left out"),
                ),
            },
            None | Some(Value::Null) => {}
            Some(_) => draft.lose(
                code::SOURCE_DROPPED,
                at,
                "`vars` of a test is no map: left out",
            ),
        }
        let mut row = Map::new();
        for (name, value) in vars {
            let value = match value.as_str().and_then(|text| text.strip_prefix("file://")) {
                None => value,
                Some(file) => match (self.source.beside)(file)
                    .ok()
                    .filter(|_| [".txt", ".md", ".json"].iter().any(|it| file.ends_with(it)))
                {
                    Some(text) => json!(text.trim_end_matches('\n')),
                    None => {
                        let message = format!("the value file://{file} of `{name}` was left out");
                        draft.lose(code::SOURCE_DROPPED, at, message);
                        continue;
                    }
                },
            };
            if is_name(&name) {
                row.insert(name, value);
            } else {
                let message = format!("a variable cannot be named `{name}` here: left out");
                draft.lose(code::NEEDS_NAME, at, message);
            }
        }
        row
    }

    /// Says what a case is about: as its id, where that fits and is free.
    fn describe(
        &mut self,
        about: &str,
        said: &mut Map<String, Value>,
        at: Option<Span>,
        draft: &mut Draft,
    ) {
        let is_id = about.trim() == about
            && !about.is_empty()
            && !about.chars().any(char::is_control)
            && about.chars().count() <= MAX_ID
            && self.ids.insert(about.to_owned());
        if !is_id {
            let shown = visible::line(about);
            let message = format!(
                "the description `{shown}` is no id for the case, or names another one: it is the case's `note`"
            );
            draft.note(code::SOURCE_CHANGED, at, message);
        }
        let key = if is_id { "id" } else { "note" };
        said.insert(key.to_owned(), json!(about));
    }
}

/// Metadata as tags, written as promptfoo's own filter writes them: `key=value`.
fn tags(metadata: &Map<String, Value>, at: Option<Span>, draft: &mut Draft) -> Vec<String> {
    let mut tags = Vec::new();
    for (key, value) in metadata {
        let values = match value {
            Value::Array(items) => items.iter().collect(),
            only => vec![only],
        };
        for value in values {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => {
                    let message = format!("the metadata `{key}` is no text: left out");
                    draft.lose(code::SOURCE_DROPPED, at, message);
                    continue;
                }
            };
            let tag = format!("{key}={value}");
            if tag.chars().any(char::is_control)
                || tag.trim() != tag
                || tag.chars().count() > MAX_ID
            {
                let message = format!("the metadata `{key}` is too long for a tag: left out");
                draft.lose(code::SOURCE_DROPPED, at, message);
            } else {
                tags.push(tag);
            }
        }
    }
    tags
}

fn map(value: Option<&Value>) -> Map<String, Value> {
    value
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

fn list(value: Option<&Value>) -> Vec<&Value> {
    value
        .and_then(Value::as_array)
        .map(|items| items.iter().collect())
        .unwrap_or_default()
}

/// A value that is a list of texts or numbers stands for a test each.
fn expanded(
    row: Map<String, Value>,
    at: Option<Span>,
    draft: &mut Draft,
) -> Vec<Map<String, Value>> {
    let mut all = vec![Map::new()];
    for (name, value) in row {
        let values = match &value {
            Value::Array(items)
                if !items.is_empty()
                    && items
                        .iter()
                        .all(|item| !item.is_array() && !item.is_object()) =>
            {
                items.clone()
            }
            _ => vec![value],
        };
        if all.len() * values.len() > MAX_CASES {
            let message = format!(
                "the values of `{name}` make more than {MAX_CASES} cases of one test: left out"
            );
            draft.lose(code::SOURCE_DROPPED, at, message);
            continue;
        }
        let mut more = Vec::new();
        for row in &all {
            for value in &values {
                let mut row = row.clone();
                row.insert(name.clone(), value.clone());
                more.push(row);
            }
        }
        all = more;
    }
    all
}
