//! Assertions of promptfoo as evaluators.

use serde_json::{Map, Value, json};

use super::super::draft::Draft;
use super::options::{has_settings, judge as judge_of, lose_settings};
use super::rubric;
use crate::exchange::dialect::{Dialect, Known};
use crate::prompt::code;
use crate::prompt::document::parse_located;
use crate::prompt::evaluate;
use crate::prompt::finding::Span;

/// How many letters may differ where an assertion of promptfoo does not say.
const DISTANCE: u64 = 5;

/// An assertion as an evaluator; `judge` is the model that decides where it names none itself.
pub(super) fn evaluator(
    assert: &Value,
    at: Option<Span>,
    judge: Option<&str>,
    draft: &mut Draft,
) -> Option<Value> {
    let Some(kind) = assert.get("type").and_then(Value::as_str) else {
        let message = match assert.get("$ref").and_then(Value::as_str) {
            Some(elsewhere) => format!("the assertion at {elsewhere} could not be found: left out"),
            None => "an assertion without a `type`: left out".to_owned(),
        };
        draft.lose(code::SOURCE_DROPPED, at, message);
        return None;
    };
    let own = assert.get("provider").map(judge_of);
    let reader = Reader {
        kind,
        assert,
        at,
        judge: match &own {
            Some(own) => own.as_deref(),
            None => judge,
        },
    };
    let checked = reader.check(draft).and_then(|evaluator| {
        let map = evaluator.as_object().cloned().unwrap_or_default();
        match evaluate::check(&map) {
            Ok(()) => Ok(evaluator),
            Err(finding) => Err(format!("cannot work here: {}", finding.message)),
        }
    });
    match checked {
        Ok(mut evaluator) => {
            reader.about(&mut evaluator, draft);
            Some(evaluator)
        }
        Err(why) => {
            let message = format!("the assertion `{kind}` {why}: left out");
            draft.lose(code::SOURCE_DROPPED, at, message);
            None
        }
    }
}

/// Checks of texts, by the assertion: the check, and whether case matters.
const TEXTS: [(&str, &str, bool); 15] = [
    ("equals", "equals", false),
    ("not-equals", "notEquals", false),
    ("contains", "contains", true),
    ("icontains", "contains", false),
    ("not-contains", "notContains", true),
    ("not-icontains", "notContains", false),
    ("not-contains-any", "notContains", true),
    ("not-icontains-any", "notContains", false),
    ("contains-any", "containsAny", true),
    ("icontains-any", "containsAny", false),
    ("contains-all", "containsAll", true),
    ("icontains-all", "containsAll", false),
    ("starts-with", "startsWith", true),
    ("regex", "matches", false),
    ("not-regex", "notMatches", false),
];

/// An assertion that is read.
struct Reader<'a> {
    kind: &'a str,
    assert: &'a Value,
    at: Option<Span>,
    /// The model that is asked there, where the file says which.
    judge: Option<&'a str>,
}

impl Reader<'_> {
    /// The check alone; the error says why there is none here.
    fn check(&self, draft: &mut Draft) -> Result<Value, String> {
        let (kind, value) = (self.kind, self.assert.get("value"));
        if self.assert.get("transform").is_some() {
            return Err("has a `transform`, which is a program".to_owned());
        }
        // What reads files or runs programs is neither read nor run.
        let text = value.and_then(Value::as_str);
        if text.is_some_and(|text| text.starts_with("file://")) {
            return Err("reads a file".to_owned());
        }
        if let Some((_, key, is_exact)) = TEXTS.iter().find(|(name, ..)| *name == kind) {
            return self.of_text(key, *is_exact, draft);
        }
        let threshold = self.assert.get("threshold");
        let no_threshold = || "has no threshold".to_owned();
        match kind {
            "is-json" | "contains-json" | "json-schema-valid" => Ok(self.json()),
            "levenshtein" => match self.templates(draft)? {
                Value::String(like) => {
                    let most = threshold.and_then(Value::as_u64).unwrap_or(DISTANCE);
                    Ok(
                        json!({ "name": kind, "text": { "like": like, "metric": "levenshtein", "maxDistance": most } }),
                    )
                }
                _ => Err("has a value that is no text".to_owned()),
            },
            "word-count" => words(value)
                .map(|check| json!({ "name": kind, "string": check }))
                .ok_or_else(|| "has a value that is no count of words".to_owned()),
            "latency" => threshold
                .and_then(Value::as_u64)
                .map(|limit| json!({ "name": kind, "limits": { "latency": format!("{limit}ms") } }))
                .ok_or_else(no_threshold),
            "cost" => threshold
                .and_then(Value::as_f64)
                .map(|limit| json!({ "name": kind, "limits": { "cost": limit } }))
                .ok_or_else(no_threshold),
            kind if rubric::KINDS.contains(&kind) => self.rubric(draft),
            _ => Err("has no counterpart here".to_owned()),
        }
    }

    /// A check of the answer's text.
    fn of_text(&self, key: &str, is_exact: bool, draft: &mut Draft) -> Result<Value, String> {
        let is_list = self.kind.ends_with("-any") || self.kind.ends_with("-all");
        let value = match self.templates(draft)? {
            Value::String(text) if is_list => parts(&text).into_iter().map(Value::from).collect(),
            Value::String(text) if key.ends_with("atches") => Value::from(of_ascii(&text)),
            value if is_list || value.is_string() => value,
            _ => return Err("has a value that is no text".to_owned()),
        };
        let mut check = Map::new();
        check.insert(key.to_owned(), value);
        if is_exact {
            check.insert("caseSensitive".to_owned(), json!(true));
        }
        Ok(json!({ "name": self.kind, "string": check }))
    }

    fn json(&self) -> Value {
        let schema = match self.assert.get("value") {
            Some(Value::String(text)) => parse_located(text).ok().map(|located| located.value),
            other => other.cloned(),
        };
        let mut check = match schema {
            Some(schema @ Value::Object(_)) => json!({ "schema": schema }),
            _ => json!({}),
        };
        if self.kind == "contains-json" {
            check["anywhere"] = json!(true);
        }
        json!({ "name": self.kind, "json": check })
    }

    fn rubric(&self, draft: &mut Draft) -> Result<Value, String> {
        let kind = self.kind;
        let text = match self.templates(draft)? {
            Value::String(text) => text,
            // All of several criteria are asked for at once.
            Value::Array(all) if all.iter().all(Value::is_string) && !all.is_empty() => {
                let all: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
                all.join("\n")
            }
            _ => return Err("has no text".to_owned()),
        };
        if let Some(model) = self.judge {
            return Ok(rubric::evaluator(kind, model, &text));
        }
        let model = draft.model.clone();
        let model = model.unwrap_or_else(|| "openai/gpt-5-mini".to_owned());
        let message =
            format!("promptfoo's own judge decides `{kind}` there; here {model} is asked");
        draft.note(code::SOURCE_CHANGED, self.at, message);
        Ok(rubric::evaluator(kind, &model, &text))
    }

    /// The value, which is a template over the case, or a list of them.
    fn templates(&self, draft: &mut Draft) -> Result<Value, String> {
        let known = Known {
            has_environment: true,
            ..Known::default()
        };
        let mut one = |value: &Value| match value {
            Value::String(text) => draft
                .template(Dialect::Nunjucks, text, &known, |_| self.at)
                .map(Value::String)
                .map_err(|why| format!("has a value that cannot be said here: {}", why.message)),
            Value::Number(number) => Ok(json!(number.to_string())),
            _ => Err("has a value that is no text".to_owned()),
        };
        match self.assert.get("value") {
            Some(Value::Array(items)) => items.iter().map(one).collect(),
            Some(value) => one(value),
            None => Err("has a value that is no text".to_owned()),
        }
    }

    /// Weight and name, and what else stands beside the check.
    fn about(&self, evaluator: &mut Value, draft: &mut Draft) {
        let (kind, assert) = (self.kind, self.assert);
        let weight = assert.get("weight");
        match weight.and_then(Value::as_f64) {
            // There it is a figure beside the others, which decides nothing.
            Some(0.0) => evaluator["required"] = json!(false),
            Some(number) if number > 0.0 => evaluator["weight"] = json!(weight),
            _ => {}
        }
        let is_weight = weight.and_then(Value::as_f64).is_some_and(|it| it >= 0.0);
        let metric = assert.get("metric").and_then(Value::as_str);
        let metric = metric.filter(|name| !name.trim().is_empty() && !name.contains("{{"));
        if let Some(metric) = metric {
            evaluator["name"] = json!(metric);
        }
        let has_schema = evaluator["json"].get("schema").is_some();
        for (key, value) in assert.as_object().into_iter().flatten() {
            let is_taken = match key.as_str() {
                "type" => true,
                "value" => match kind {
                    "latency" | "cost" => value.is_null(),
                    "is-json" | "contains-json" | "json-schema-valid" => {
                        has_schema || value.is_null()
                    }
                    _ => true,
                },
                "weight" => is_weight,
                "threshold" => match kind {
                    "levenshtein" => value.is_u64(),
                    _ => matches!(kind, "latency" | "cost"),
                },
                "metric" => metric.is_some(),
                "provider" if evaluator.get("llm").is_some() && judge_of(value).is_some() => {
                    if has_settings(value) {
                        lose_settings(value, self.at, draft);
                    }
                    true
                }
                _ => false,
            };
            if !is_taken {
                let message =
                    format!("`{key}` of the assertion `{kind}` has no counterpart here: left out");
                draft.lose(code::SOURCE_DROPPED, self.at, message);
            }
        }
    }
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
