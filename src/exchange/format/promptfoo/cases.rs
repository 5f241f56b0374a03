//! The tests of a configuration as cases, with what all of them have.

use serde_json::{Map, Value, json};

use super::super::Source;
use super::super::draft::Draft;
use super::assertion::evaluator;
use crate::exchange::dialect::is_name;
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};

/// The most cases that lists of values may make.
const MAX_CASES: usize = 1_000;

/// The tests, with what all of them have.
pub(super) fn tests(
    config: &Map<String, Value>,
    located: &Located,
    source: &Source<'_>,
    draft: &mut Draft,
) {
    let empty = Map::new();
    let default = config
        .get("defaultTest")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    for (index, assert) in list(default.get("assert")).into_iter().enumerate() {
        let at = located.place(&format!("defaultTest.assert[{index}]"));
        if let Some(evaluator) = evaluator(assert, at, draft) {
            draft.evaluators.push(evaluator);
        }
    }
    let tests = match config.get("tests") {
        Some(Value::Array(tests)) => tests.clone(),
        Some(Value::String(file)) => {
            let at = located.place("tests");
            let name = file.trim_start_matches("file://");
            let text = match name.ends_with(".yaml")
                || name.ends_with(".yml")
                || name.ends_with(".json")
            {
                true => (source.beside)(name),
                false => Err("only YAML and JSON are read".to_owned()),
            };
            match text.and_then(|text| parse_located(&text).map_err(|why| why.message)) {
                Ok(located) => located.value.as_array().cloned().unwrap_or_default(),
                Err(why) => {
                    draft.lose(code::SOURCE_DROPPED, at, format!("the tests of {file} were left out: {why}; a CSV file can stand under `datasets:`"));
                    Vec::new()
                }
            }
        }
        Some(_) => Vec::new(),
        // A configuration without tests runs once, with what all have.
        None if default.contains_key("vars") => vec![json!({})],
        None => Vec::new(),
    };
    let shared = default
        .get("vars")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (index, test) in tests.iter().enumerate() {
        let path = format!("tests[{index}]");
        let at = located.place(&path);
        let own = test
            .get("vars")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let mut vars = shared.clone();
        vars.extend(own);
        let mut row = Map::new();
        for (name, value) in vars {
            let value = match value.as_str().and_then(|text| text.strip_prefix("file://")) {
                None => value,
                Some(file) => match (source.beside)(file)
                    .ok()
                    .filter(|_| [".txt", ".md", ".json"].iter().any(|it| file.ends_with(it)))
                {
                    Some(text) => json!(text.trim_end_matches('\n')),
                    None => {
                        draft.lose(
                            code::SOURCE_DROPPED,
                            at,
                            format!("the value file://{file} of `{name}` was left out"),
                        );
                        continue;
                    }
                },
            };
            if is_name(&name) {
                row.insert(name, value);
            } else {
                draft.lose(
                    code::NEEDS_NAME,
                    at,
                    format!("a variable cannot be named `{name}` here: left out"),
                );
            }
        }
        let mut evaluators = Vec::new();
        for (nth, assert) in list(test.get("assert")).into_iter().enumerate() {
            let at = located.place(&format!("{path}.assert[{nth}]"));
            evaluators.extend(evaluator(assert, at, draft));
        }
        for key in [
            "transform",
            "provider",
            "options",
            "threshold",
            "assertScoringFunction",
        ] {
            if test.get(key).is_some() {
                draft.lose(
                    code::SOURCE_DROPPED,
                    located.place(&format!("{path}.{key}")),
                    format!("`{key}` of a test has no counterpart here: left out"),
                );
            }
        }
        for mut row in expanded(row) {
            if !evaluators.is_empty() {
                row.insert("case".to_owned(), json!({ "evaluators": evaluators }));
            }
            if draft.test_data.len() < MAX_CASES && !row.is_empty() {
                draft.test_data.push(Value::Object(row));
            }
        }
    }
    // The same test for each value is the same case only once.
    let mut seen: Vec<Value> = Vec::new();
    draft.test_data.retain(|row| {
        let is_new = !seen.contains(row);
        if is_new {
            seen.push(row.clone());
        }
        is_new
    });
}

fn list(value: Option<&Value>) -> Vec<&Value> {
    value
        .and_then(Value::as_array)
        .map(|items| items.iter().collect())
        .unwrap_or_default()
}

/// A value that is a list of texts or numbers stands for a test each.
fn expanded(row: Map<String, Value>) -> Vec<Map<String, Value>> {
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
