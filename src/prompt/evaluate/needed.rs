//! What an evaluator asks of a case before there is an answer.

use serde_json::Value;

use super::Object;
use super::fill::names;

/// The fields of the case that an evaluator without a model asks for, each once.
pub fn asked_fields(evaluator: &Object) -> Vec<String> {
    let mut asked = Vec::new();
    // What a judge is told is checked with the judge.
    let own = evaluator
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "name" | "llm" | "uses" | "when"));
    for (_, value) in own {
        collect(value, &mut asked);
    }
    asked
}

fn collect(value: &Value, asked: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            for name in names(text) {
                if name != "completion" && !asked.iter().any(|known| known == name) {
                    asked.push(name.to_owned());
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, asked)),
        Value::Object(map) => map.values().for_each(|inner| collect(inner, asked)),
        _ => {}
    }
}

/// Whether an evaluator looks at a case with these tags: `when: {tags: […]}` names one of them, or
/// nothing is said.
pub fn applies(evaluator: &Object, tags: &[String]) -> bool {
    let when = evaluator.get("when").and_then(|when| when.get("tags"));
    let is_there = |wanted: &Value| {
        let wanted = wanted.as_str();
        wanted.is_some_and(|wanted| tags.iter().any(|tag| tag == wanted))
    };
    match when {
        None | Some(Value::Null) => true,
        Some(Value::Array(wanted)) => wanted.iter().any(is_there),
        Some(wanted) => is_there(wanted),
    }
}
