//! The tests of a configuration as cases, with what all of them have.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::Source;
use super::super::draft::Draft;
use super::assertion::evaluator;
use super::options::Options;
use super::table;
use super::values::{Files, Other};
use crate::exchange::dialect::is_name;
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::Span;
use crate::prompt::json as strict;
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
    let place = |key: &str| located.place(&format!("defaultTest.{key}"));
    odd_forms(&default, place, draft);
    let options = Options::read(&default, &place, draft);
    for (index, assert) in list(default.get("assert")).into_iter().enumerate() {
        let at = located.place(&format!("defaultTest.assert[{index}]"));
        if let Some(evaluator) = evaluator(assert, at, options.judge.as_deref(), draft) {
            draft.evaluators.push(evaluator);
        }
    }
    if default.get("vars").is_some_and(Value::is_string) {
        let message = "`vars` of `defaultTest` in a file of their own: left out";
        draft.lose(code::SOURCE_DROPPED, place("vars"), message);
    }
    let known = ["vars", "assert", "metadata", own_options(&default)];
    draft.leave_out(&default, (&known, &[]), "a test", place);
    let mut cases = Cases {
        shared: map(default.get("vars")),
        metadata: map(default.get("metadata")),
        options,
        ids: BTreeSet::new(),
        files: Files::new(source),
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

/// The tests in the file of a name, or in those that a pattern stands for.
fn of_files(file: &str, source: &Source<'_>) -> Result<Vec<Value>, String> {
    let name = file.trim_start_matches("file://").trim_start_matches("./");
    if !name.contains(['*', '?']) {
        return tests_of(name, source);
    }
    let mut all = Vec::new();
    for name in (source.matching)(name)? {
        all.extend(tests_of(&name, source).map_err(|why| format!("{name}: {why}"))?);
    }
    Ok(all)
}

fn tests_of(name: &str, source: &Source<'_>) -> Result<Vec<Value>, String> {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "csv" => table::tests(&(source.beside)(name)?, MAX_CASES),
        "jsonl" => {
            let text = (source.beside)(name)?;
            let lines = text.lines().enumerate();
            let lines = lines.filter(|(_, line)| !line.trim().is_empty());
            let test = |(at, line): (usize, &str)| {
                strict::parse(line).map_err(|why| format!("line {}: {}", at + 1, why.reason))
            };
            lines.map(test).collect()
        }
        "yaml" | "yml" | "json" => match of_file(name, source)? {
            Value::Array(tests) => Ok(tests),
            Value::Object(test) => Ok(vec![Value::Object(test)]),
            _ => Ok(Vec::new()),
        },
        _ => Err("only YAML, JSON and CSV are read".to_owned()),
    }
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
            Value::String(file) => of_files(file, source).map(Value::Array),
            _ => Err("it is neither a test nor a file".to_owned()),
        };
        match read {
            Ok(Value::Null) => tests.push((test, path)),
            Ok(Value::Array(more)) if !more.is_empty() => {
                tests.extend(more.into_iter().map(|test| (test, path.clone())));
            }
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
    let message = format!("{what} were left out: {why}");
    draft.lose(code::SOURCE_DROPPED, at, message);
}

/// What the cases have in common, and the ids that are given.
struct Cases<'s> {
    shared: Map<String, Value>,
    metadata: Map<String, Value>,
    options: Options,
    ids: BTreeSet<String>,
    files: Files<'s>,
    source: &'s Source<'s>,
}

impl Cases<'_> {
    /// Adds the cases of one test.
    fn add(&mut self, test: &Value, path: &str, located: &Located, draft: &mut Draft) {
        let at = located.place(path);
        let Some(test) = test.as_object() else {
            return lose_tests(test, "it is no map", at, draft);
        };
        let vars = self.vars(test, at, draft);
        let mut said = Map::new();
        let mut metadata = self.metadata.clone();
        metadata.extend(map(test.get("metadata")));
        let tags = tags(&metadata, at, draft);
        if !tags.is_empty() {
            said.insert("tags".to_owned(), json!(tags));
        }
        let place = |key: &str| located.place(&format!("{path}.{key}"));
        odd_forms(test, place, draft);
        let options = Options::read(test, &place, draft);
        let judge = options.judge.as_ref().or(self.options.judge.as_ref());
        let mut evaluators = Vec::new();
        for (nth, assert) in list(test.get("assert")).into_iter().enumerate() {
            let at = located.place(&format!("{path}.assert[{nth}]"));
            evaluators.extend(evaluator(assert, at, judge.map(String::as_str), draft));
        }
        if !evaluators.is_empty() {
            said.insert("evaluators".to_owned(), json!(evaluators));
        }
        let own = own_options(test);
        let known = ["vars", "assert", "description", "metadata", own];
        draft.leave_out(test, (&known, &[]), "a test", place);
        let about = test.get("description");
        let about = about.and_then(|about| draft.text("description", about, at));
        let rows = match options.is_whole.or(self.options.is_whole) {
            Some(true) => vec![vars],
            _ => expanded(vars, at, draft),
        };
        for vars in rows {
            let has_none = vars.is_empty();
            let mut row = self.row(vars, at, draft);
            let mut said = said.clone();
            if let Some(about) = &about {
                self.describe(about, &mut said, at, draft);
            }
            // A prompt without variables has cases, too: what is expected of each.
            if row.is_empty() && !(has_none && said.contains_key("evaluators")) {
                if !test.is_empty() {
                    let message =
                        "a test without variables and assertions is no case here: left out";
                    draft.lose(code::SOURCE_DROPPED, at, message);
                }
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

    /// The variables of a test, as they are written.
    fn vars(
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
        vars
    }

    /// The values of a case.
    fn row(
        &mut self,
        vars: Map<String, Value>,
        at: Option<Span>,
        draft: &mut Draft,
    ) -> Map<String, Value> {
        let (mut row, others) = self.files.given(vars);
        for (name, why) in others {
            let name = visible::line(&name);
            let (code, message) = match why {
                Other::File(file) => (
                    code::SOURCE_DROPPED,
                    format!(
                        "the value {} of `{name}` was left out",
                        visible::line(&file)
                    ),
                ),
                Other::Program => (
                    code::SOURCE_DROPPED,
                    format!("the value of `{name}` is made by a program: left out"),
                ),
                Other::Environment => (
                    code::SOURCE_DROPPED,
                    format!(
                        "the value of `{name}` comes from the environment, which is never read: left out"
                    ),
                ),
                Other::Circle => (
                    code::SOURCE_DROPPED,
                    format!("the value of `{name}` names itself, maybe by way of others: left out"),
                ),
                Other::TooLarge => (
                    code::SOURCE_DROPPED,
                    format!(
                        "the value of `{name}` is too large once all names in it are filled in: left out"
                    ),
                ),
                Other::Template => (
                    code::SOURCE_CHANGED,
                    format!(
                        "the value of `{name}` is a template itself, which promptfoo fills in once more where the prompt is a text: here it stays as it is"
                    ),
                ),
            };
            draft.lose(code, at, message);
        }
        row.retain(|name, _| {
            if !is_name(name) {
                let message = format!("a variable cannot be named `{name}` here: left out");
                draft.lose(code::NEEDS_NAME, at, message);
            }
            is_name(name)
        });
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

/// Names what of a test has not the form that its key wants.
fn odd_forms(test: &Map<String, Value>, place: impl Fn(&str) -> Option<Span>, draft: &mut Draft) {
    for (key, form) in [("assert", "list"), ("metadata", "map"), ("vars", "map")] {
        let is_it = |it: &Value| match key {
            "assert" => it.is_array(),
            "metadata" => it.is_object(),
            _ => it.is_object() || it.is_array() || it.is_string(),
        };
        if test.get(key).is_some_and(|it| !it.is_null() && !is_it(it)) {
            let message = format!("`{key}` of a test is no {form}: left out");
            draft.lose(code::SOURCE_DROPPED, place(key), message);
        }
    }
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

/// The key of options that are named one by one.
fn own_options(test: &Map<String, Value>) -> &'static str {
    match test.get("options") {
        Some(Value::Object(_)) => "options",
        _ => "",
    }
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
