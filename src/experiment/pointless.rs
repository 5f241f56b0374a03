//! Suites that every answer passes.

use regex::Regex;
use serde_json::Value;

use super::case::Suite;
use super::found::Found;
use crate::prompt::code;
use crate::prompt::document::{Document, Object};
use crate::prompt::finding::Finding;

/// Texts that no useful pattern is all found in.
const ODD: [&str; 4] = ["", "a", "Z9 \n\"", "\u{1}é"];

/// Tells of what lets every answer pass.
pub(super) fn pointless(suite: &Suite, document: &Document, path: &str, found: &mut Found) {
    let mut tell = |place: &str, message: String, help: &str| {
        let finding = Finding::new(code::SHOWS_NOTHING, message).help(help);
        let finding = finding.in_file(path);
        found.push(match document.span_of(place) {
            Some(at) => finding.at(at),
            None => finding,
        });
    };
    if suite.min_pass_rate == Some(0.0) && !suite.cases.is_empty() {
        tell(
            "eval.minPassRate",
            "`minPassRate: 0` passes where no case does".to_owned(),
            "say which share has to pass, such as 0.95, or leave it out: then every case has to",
        );
    }
    let is_optional = |evaluator: &Object| evaluator.get("required") == Some(&Value::Bool(false));
    let mut own = suite.cases.iter().flat_map(|case| &case.evaluators);
    let all_optional = suite.evaluators.iter().all(is_optional);
    if !suite.evaluators.is_empty() && all_optional && own.all(is_optional) {
        tell(
            "evaluators",
            "all evaluators are `required: false`, so that every answer passes".to_owned(),
            "leave `required: false` out of what a good answer has to have",
        );
    }
    for (number, evaluator) in suite.evaluators.iter().enumerate() {
        if fails_nothing(evaluator) {
            let name = evaluator.get("name").and_then(Value::as_str);
            let name = name.unwrap_or("without a name");
            tell(
                &format!("evaluators[{number}]"),
                format!("evaluator `{name}` passes with every answer"),
                "ask for what a good answer has and a bad one lacks",
            );
        }
    }
}

/// Whether no answer can fail an evaluator. Of one that this cannot be seen of, it is not said.
fn fails_nothing(evaluator: &Object) -> bool {
    if let Some(least) = evaluator.get("atLeast").and_then(Value::as_f64)
        && least <= 0.0
    {
        return true;
    }
    let Some(checks) = evaluator.get("string").and_then(Value::as_object) else {
        return false;
    };
    let mut checks = checks
        .iter()
        .filter(|(key, value)| *key != "caseSensitive" && !value.is_null())
        .peekable();
    checks.peek().is_some() && checks.all(|(key, value)| lets_all_pass(key, value))
}

fn lets_all_pass(key: &str, value: &Value) -> bool {
    let is_any = |value: &Value| value.as_str().is_some_and(is_any_answer);
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    match key {
        "equals" => value.as_str().is_some_and(is_whole_answer),
        "contains" | "startsWith" | "endsWith" => is_any(value),
        "containsAny" => list.iter().any(is_any),
        "containsAll" => !list.is_empty() && list.iter().all(is_any),
        "minLength" | "minWords" => value.as_u64() == Some(0),
        "matches" => {
            let pattern = value.as_str().and_then(|text| Regex::new(text).ok());
            pattern.is_some_and(|pattern| ODD.iter().all(|text| pattern.is_match(text)))
        }
        _ => false,
    }
}

/// Whether every answer holds this text.
fn is_any_answer(text: &str) -> bool {
    text.is_empty() || is_whole_answer(text)
}

/// Whether the answer itself is put in place of this text.
fn is_whole_answer(text: &str) -> bool {
    let tight: String = text.chars().filter(|char| !char.is_whitespace()).collect();
    tight == "{{completion}}"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_no_answer_can_fail_is_seen_and_nothing_else() {
        let of = |value: Value| fails_nothing(value.as_object().unwrap());
        for nothing in [
            json!({"string": {"contains": ""}}),
            json!({"string": {"contains": "{{completion}}"}}),
            json!({"string": {"equals": "{{ completion }}"}}),
            json!({"string": {"matches": ".*"}}),
            json!({"string": {"matches": "(?s)^.*$"}}),
            json!({"string": {"containsAny": ["yes", ""]}}),
            json!({"string": {"minLength": 0, "caseSensitive": true}}),
            json!({"uses": "judges/tone", "atLeast": 0}),
        ] {
            assert!(of(nothing.clone()), "{nothing}");
        }
        for something in [
            json!({"string": {"contains": "{{expected}}"}}),
            json!({"string": {"contains": "", "maxLength": 5}}),
            json!({"string": {"matches": "^$"}}),
            json!({"string": {"matches": ".+"}}),
            json!({"string": {"notContains": "password"}}),
            json!({"string": {"maxLength": 0}}),
            json!({"string": {}}),
            json!({"uses": "judges/tone", "atLeast": 0.1}),
            json!({"json": {}}),
        ] {
            assert!(!of(something.clone()), "{something}");
        }
    }
}
