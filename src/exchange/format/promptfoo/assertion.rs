//! Assertions of promptfoo as evaluators.

use serde_json::{Map, Value, json};

use super::super::draft::Draft;
use crate::exchange::dialect::{Dialect, Known};
use crate::prompt::code;
use crate::prompt::document::parse_located;
use crate::prompt::finding::Span;

/// An assertion as an evaluator.
pub(super) fn evaluator(assert: &Value, at: Option<Span>, draft: &mut Draft) -> Option<Value> {
    let kind = assert.get("type").and_then(Value::as_str)?;
    let value = assert.get("value");
    let drop = |draft: &mut Draft, why: &str| {
        draft.lose(
            code::SOURCE_DROPPED,
            at,
            format!("the assertion `{kind}` {why}: left out"),
        );
        None
    };
    if assert.get("transform").is_some() {
        return drop(draft, "has a `transform`, which is a program");
    }
    let text = |value: &Value, draft: &mut Draft| -> Option<Value> {
        match value {
            Value::String(text) => draft
                .template(Dialect::Nunjucks, text, &Known::default(), |_| at)
                .ok()
                .map(Value::String),
            Value::Array(items) => {
                let all: Option<Vec<Value>> = items
                    .iter()
                    .map(|item| match item {
                        Value::String(text) => draft
                            .template(Dialect::Nunjucks, text, &Known::default(), |_| at)
                            .ok()
                            .map(Value::String),
                        Value::Number(number) => Some(json!(number.to_string())),
                        _ => None,
                    })
                    .collect();
                all.map(Value::Array)
            }
            Value::Number(number) => Some(json!(number.to_string())),
            _ => None,
        }
    };
    // What reads files or runs programs is neither read nor run.
    if value
        .and_then(Value::as_str)
        .is_some_and(|text| text.starts_with("file://"))
    {
        return drop(draft, "reads a file");
    }
    let (key, is_exact) = match kind {
        "equals" => ("equals", false),
        "not-equals" => ("notEquals", false),
        "contains" => ("contains", true),
        "icontains" => ("contains", false),
        "not-contains" => ("notContains", true),
        "not-icontains" => ("notContains", false),
        "contains-any" => ("containsAny", true),
        "icontains-any" => ("containsAny", false),
        "contains-all" => ("containsAll", true),
        "icontains-all" => ("containsAll", false),
        "starts-with" => ("startsWith", true),
        "regex" => ("matches", false),
        "not-regex" => ("notMatches", false),
        _ => ("", false),
    };
    let mut evaluator = if key.is_empty() {
        match kind {
            "is-json" | "contains-json" | "json-schema-valid" => {
                let schema = match value {
                    Some(Value::String(text)) => {
                        parse_located(text).ok().map(|located| located.value)
                    }
                    other => other.cloned(),
                };
                let mut check = match schema {
                    Some(schema @ Value::Object(_)) => json!({ "schema": schema }),
                    _ => json!({}),
                };
                if kind == "contains-json" {
                    check["anywhere"] = json!(true);
                }
                json!({ "name": kind, "json": check })
            }
            "latency" => match assert.get("threshold").and_then(Value::as_u64) {
                Some(limit) => {
                    json!({ "name": kind, "limits": { "latency": format!("{limit}ms") } })
                }
                None => return drop(draft, "has no threshold"),
            },
            "cost" => match assert.get("threshold").and_then(Value::as_f64) {
                Some(limit) => json!({ "name": kind, "limits": { "cost": limit } }),
                None => return drop(draft, "has no threshold"),
            },
            "llm-rubric" | "g-eval" | "model-graded-closedqa" => {
                match value.and_then(|value| text(value, draft)) {
                    Some(Value::String(rubric)) => {
                        let model = draft
                            .model
                            .clone()
                            .unwrap_or_else(|| "openai/gpt-5-mini".to_owned());
                        draft.note(code::SOURCE_CHANGED, at, format!("promptfoo's own judge decides `{kind}` there; here {model} is asked"));
                        json!({
                            "name": kind,
                            "llm": {
                                "modelId": model,
                                "systemPrompt": "You judge the answer of a model. Answer with one word: yes or no.",
                                "prompt": format!("Criterion:\n{rubric}\n\nAnswer:\n{{{{completion}}}}\n\nDoes the answer meet the criterion?"),
                                "choices": [{ "choice": "yes", "score": 1 }, { "choice": "no", "score": 0 }],
                                "atLeast": 1,
                            },
                        })
                    }
                    _ => return drop(draft, "has no text"),
                }
            }
            _ => return drop(draft, "has no counterpart here"),
        }
    } else {
        let value = value.map(|value| text(value, draft));
        let Some(Some(value)) = value else {
            return drop(draft, "has a value that is no text");
        };
        let is_fitting = match key {
            "containsAny" | "containsAll" => true,
            _ => value.is_string(),
        };
        if !is_fitting {
            return drop(draft, "has a value that is no text");
        }
        let value = match (key, value) {
            ("containsAny" | "containsAll", Value::String(text)) => text
                .split(',')
                .map(|part| Value::from(part.trim()))
                .collect(),
            (_, value) => value,
        };
        let mut check = Map::new();
        check.insert(key.to_owned(), value);
        if is_exact {
            check.insert("caseSensitive".to_owned(), json!(true));
        }
        json!({ "name": kind, "string": check })
    };
    if let Some(weight) = assert
        .get("weight")
        .filter(|it| it.as_f64().is_some_and(|weight| weight > 0.0))
    {
        evaluator["weight"] = weight.clone();
    }
    Some(evaluator)
}
