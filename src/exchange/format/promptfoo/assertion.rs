//! Assertions of promptfoo as evaluators.

use serde_json::{Map, Value, json};

use super::super::draft::Draft;
use crate::exchange::dialect::{Dialect, Known};
use crate::prompt::code;
use crate::prompt::document::parse_located;
use crate::prompt::evaluate;
use crate::prompt::finding::Span;

/// How many letters may differ where an assertion of promptfoo does not say.
const DISTANCE: u64 = 5;

/// An assertion as an evaluator.
pub(super) fn evaluator(assert: &Value, at: Option<Span>, draft: &mut Draft) -> Option<Value> {
    let Some(kind) = assert.get("type").and_then(Value::as_str) else {
        let message = "an assertion without a `type`: left out";
        draft.lose(code::SOURCE_DROPPED, at, message);
        return None;
    };
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
        "not-contains-any" => ("notContains", true),
        "not-icontains-any" => ("notContains", false),
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
            "levenshtein" => match value.and_then(|value| text(value, draft)) {
                Some(Value::String(like)) => {
                    let most = assert.get("threshold").and_then(Value::as_u64);
                    let most = most.unwrap_or(DISTANCE);
                    json!({ "name": kind, "text": { "like": like, "metric": "levenshtein", "maxDistance": most } })
                }
                _ => return drop(draft, "has a value that is no text"),
            },
            "word-count" => match words(value) {
                Some(check) => json!({ "name": kind, "string": check }),
                None => return drop(draft, "has a value that is no count of words"),
            },
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
        let is_list = kind.ends_with("-any") || kind.ends_with("-all");
        let is_fitting = is_list || value.is_string();
        if !is_fitting {
            return drop(draft, "has a value that is no text");
        }
        let value = match value {
            Value::String(text) if is_list => parts(&text).into_iter().map(Value::from).collect(),
            Value::String(text) if key.ends_with("atches") => Value::from(of_ascii(&text)),
            value => value,
        };
        let mut check = Map::new();
        check.insert(key.to_owned(), value);
        if is_exact {
            check.insert("caseSensitive".to_owned(), json!(true));
        }
        json!({ "name": kind, "string": check })
    };
    if let Some(evaluator) = evaluator.as_object()
        && let Err(finding) = evaluate::check(evaluator)
    {
        return drop(draft, &format!("cannot work here: {}", finding.message));
    }
    if assert.get("weight").and_then(Value::as_f64) == Some(0.0) {
        // There it is a figure beside the others, which decides nothing.
        evaluator["required"] = json!(false);
    }
    if let Some(weight) = assert
        .get("weight")
        .filter(|it| it.as_f64().is_some_and(|weight| weight > 0.0))
    {
        evaluator["weight"] = weight.clone();
    }
    let metric = assert.get("metric").and_then(Value::as_str);
    let metric = metric.filter(|name| !name.trim().is_empty() && !name.contains("{{"));
    if let Some(metric) = metric {
        evaluator["name"] = json!(metric);
    }
    for key in assert.as_object().into_iter().flatten().map(|(key, _)| key) {
        let is_taken = match key.as_str() {
            "type" | "value" | "weight" => true,
            "threshold" => matches!(kind, "latency" | "cost" | "levenshtein"),
            "metric" => metric.is_some(),
            _ => false,
        };
        if !is_taken {
            let message =
                format!("`{key}` of the assertion `{kind}` has no counterpart here: left out");
            draft.lose(code::SOURCE_DROPPED, at, message);
        }
    }
    Some(evaluator)
}

/// How many words `3` and `{min: 2, max: 4}` ask for.
fn words(value: Option<&Value>) -> Option<Value> {
    let count = |value: &Value| match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    };
    let (min, max) = match value? {
        Value::Object(limits) => (limits.get("min"), limits.get("max")),
        value => (Some(value), Some(value)),
    };
    let mut check = Map::new();
    for (key, limit) in [("minWords", min), ("maxWords", max)] {
        if let Some(limit) = limit {
            check.insert(key.to_owned(), count(limit)?.into());
        }
    }
    (!check.is_empty()).then_some(Value::Object(check))
}

/// The parts of a text between its commas; one in quotation marks may have commas itself.
fn parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|letter: char| letter == ',' || letter.is_whitespace());
        if rest.is_empty() {
            return parts;
        }
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (part, behind) = match quoted {
            Some((part, behind)) => (part, behind),
            None => {
                let (part, behind) = rest.split_once(',').unwrap_or((rest, ""));
                (part.trim_end(), behind)
            }
        };
        parts.push(part.to_owned());
        rest = behind;
    }
}

/// A pattern of JavaScript as it is written here: there `\d`, `\w` and `\b` mean ASCII alone, and a `[`
/// inside of brackets is that letter.
fn of_ascii(pattern: &str) -> String {
    const WORD: &str = "0-9A-Za-z_";
    let mut out = String::with_capacity(pattern.len());
    let mut is_inside = false;
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('d') if is_inside => out.push_str("0-9"),
                Some('d') => out.push_str("[0-9]"),
                Some('D') => out.push_str("[^0-9]"),
                Some('w') if is_inside => out.push_str(WORD),
                Some('w') => out.push_str(&format!("[{WORD}]")),
                Some('W') => out.push_str(&format!("[^{WORD}]")),
                Some('b') if !is_inside => out.push_str(r"(?-u:\b)"),
                other => {
                    out.push('\\');
                    out.extend(other);
                }
            },
            '[' if is_inside => out.push_str(r"\["),
            letter => {
                is_inside = match letter {
                    '[' => true,
                    ']' => false,
                    _ => is_inside,
                };
                out.push(letter);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_it_means_in_javascript() {
        for (pattern, here) in [
            (r"^\d{4}$", r"^[0-9]{4}$"),
            (r"[\d.]+\D", r"[0-9.]+[^0-9]"),
            (r"\b\w+\b", r"(?-u:\b)[0-9A-Za-z_]+(?-u:\b)"),
            (r"[^\w[]\W", r"[^0-9A-Za-z_\[][^0-9A-Za-z_]"),
            (r"\\d\.\[a]", r"\\d\.\[a]"),
            (r"[\b]é", r"[\b]é"),
            ("a\\", "a\\"),
        ] {
            assert_eq!(of_ascii(pattern), here);
        }
    }

    #[test]
    fn a_part_in_quotation_marks_keeps_its_commas() {
        assert_eq!(parts("a, b,c "), ["a", "b", "c"]);
        assert_eq!(parts(r#""x, y", z"#), ["x, y", "z"]);
        assert_eq!(parts(r#"a "x, y" b,, c"#), [r#"a "x"#, r#"y" b"#, "c"]);
        assert_eq!(parts(" , "), [""; 0]);
    }

    #[test]
    fn a_count_of_words_is_one_number_or_two() {
        let of = |value: Value| words(Some(&value)).map(|it| it.to_string());
        let both = Some(r#"{"minWords":3,"maxWords":3}"#.to_owned());
        assert_eq!(of(json!(3)), both);
        assert_eq!(of(json!("3")), both);
        assert_eq!(of(json!({"max": 4})), Some(r#"{"maxWords":4}"#.to_owned()));
        assert_eq!(of(json!({"most": 4})), None);
        assert_eq!(of(json!(1.5)), None);
        assert_eq!(words(None), None);
    }
}
