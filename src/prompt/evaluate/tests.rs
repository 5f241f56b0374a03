use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

mod of_cases;
mod of_kinds;

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

/// What the only evaluator says about an output.
fn judged(evaluator: Value, case: Value, output: &Output<'_>) -> Result<Verdict, Finding> {
    let evaluator = Evaluator::new(&object(evaluator), None)?;
    evaluator.check_case(&object(case.clone()), &[])?;
    let judgement = judge_case([&evaluator], &object(case), &[], output);
    Ok(judgement.evaluators[0].verdict.clone())
}

/// `pass`, `fail: …`, `0.50 pass` where there is a score, `unknown: …`, `model` or `P401: …` with its
/// help.
fn says(evaluator: Value, case: Value, output: &str) -> String {
    says_of(evaluator, case, &Output::of(output))
}

fn says_of(evaluator: Value, case: Value, output: &Output<'_>) -> String {
    let verdict = match judged(evaluator, case, output) {
        Ok(verdict) => verdict,
        Err(finding) => {
            let help = crate::output::words::words(&finding.help.unwrap_or_default());
            return format!("{}: {} | {help}", finding.code, finding.message);
        }
    };
    match verdict {
        Verdict::Decided {
            passed,
            score,
            reason,
        } => {
            let score = match score {
                0.0 | 1.0 => String::new(),
                score => format!("{score:.3} "),
            };
            let verdict = if passed { "pass" } else { "fail" };
            let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
            format!("{score}{verdict}{reason}")
        }
        Verdict::Undecided { reason } => format!("unknown: {reason}"),
        Verdict::NeedsModel => "model".to_owned(),
        Verdict::NotAsked => "not asked".to_owned(),
    }
}

fn string(checks: Value, output: &str) -> String {
    says(json!({"name": "n", "string": checks}), json!({}), output)
}

fn json_check(checks: Value, output: &str) -> String {
    says(json!({"name": "n", "json": checks}), json!({}), output)
}

#[test]
fn githubs_checks_mean_what_they_mean_at_github() {
    assert_eq!(string(json!({"equals": "Yes"}), " Yes\n"), "pass");
    assert_snapshot!(string(json!({"equals": "Yes"}), "yes"), @r#"fail: expected "Yes", got "yes""#);
    assert_eq!(string(json!({"contains": "BILLING"}), "to billing"), "pass");
    assert_eq!(string(json!({"startsWith": "hel"}), "\nHello"), "pass");
    assert_eq!(string(json!({"endsWith": "LO"}), "Hello\n"), "pass");
    assert_snapshot!(string(json!({"endsWith": "hel"}), "Hello"), @r#"fail: expected to end with "hel", got "Hello""#);
    assert_eq!(string(json!({"equals": "", "contains": "a"}), "a"), "pass");
}

#[test]
fn every_check_of_an_evaluator_must_pass() {
    let checks = json!({"contains": "a", "notContains": "b", "minLength": 2, "maxLength": 3});
    assert_eq!(string(checks.clone(), "aé"), "pass");
    assert_snapshot!(string(checks.clone(), "ab"), @r#"fail: expected not to contain "b", got "ab""#);
    assert_snapshot!(string(checks.clone(), "a"), @"fail: expected at least 2 characters, got 1");
    assert_snapshot!(string(checks, "aééé"), @"fail: expected at most 3 characters, got 4");
}

#[test]
fn lists_of_texts() {
    assert_eq!(string(json!({"containsAny": ["x", "A"]}), "a"), "pass");
    assert_snapshot!(string(json!({"containsAny": ["x", "y"]}), "a"), @r#"fail: expected to contain one of "x", "y", got "a""#);
    assert_eq!(string(json!({"containsAll": ["a", "b"]}), "AB"), "pass");
    assert_snapshot!(string(json!({"containsAll": ["a", "c"]}), "ab"), @r#"fail: expected to contain "c", got "ab""#);
    assert_snapshot!(string(json!({"notContains": ["c", "B"]}), "ab"), @r#"fail: expected not to contain "B", got "ab""#);
}

#[test]
fn regular_expressions_look_anywhere_and_take_fields_as_plain_text() {
    assert_eq!(string(json!({"matches": r"\d{2}"}), "in 42 days"), "pass");
    assert_snapshot!(string(json!({"notMatches": r"\d+"}), "in 42 days"), @r#"fail: expected not to match `\d+`, got "42""#);
    let evaluator = json!({"string": {"matches": "^{{price}}$"}});
    assert_eq!(
        says(evaluator.clone(), json!({"price": "1.5"}), "1.5"),
        "pass"
    );
    assert_snapshot!(says(evaluator, json!({"price": "1.5"}), "1x5"), @r#"fail: expected to match `^1\.5$`, got "1x5""#);
}

#[test]
fn values_are_templates_over_the_case() {
    let case =
        json!({"expected": "billing", "words": ["a", "b"], "limit": 3, "trap": "{{expected}}"});
    let run = |checks: Value, output: &str| {
        says(json!({"name": "n", "string": checks}), case.clone(), output)
    };
    assert_eq!(
        run(json!({"equals": "queue: {{ expected }}"}), "queue: billing"),
        "pass"
    );
    assert_eq!(
        run(
            json!({"containsAll": "{{words}}", "maxLength": "{{limit}}"}),
            "a b"
        ),
        "pass"
    );
    assert_eq!(
        run(json!({"equals": "{{trap}}"}), "{{expected}}"),
        "pass",
        "a value is never expanded again"
    );
    assert_eq!(run(json!({"equals": "{{completion}}"}), "anything"), "pass");
    assert_eq!(run(json!({"notContains": "{{"}), "no braces"), "pass");
}

#[test]
fn a_field_that_the_case_lacks_is_an_error() {
    assert_snapshot!(
        says(json!({"name": "right queue", "string": {"contains": "{{expected}}"}}), json!({"ticket": "x"}), "x"),
        @"P401: evaluator `right queue`: the case has no field `expected` | Give the case a value for `expected`, or take `{{expected}}` out of the evaluator."
    );
}

#[test]
fn json_is_parsed_and_a_fence_only_tolerated_on_request() {
    assert_eq!(json_check(json!({}), " {\"a\": 1} "), "pass");
    assert_snapshot!(json_check(json!({}), "a: 1"), @r#"fail: expected JSON, got "a: 1" (expected value at line 1 column 1)"#);
    let fenced = "```json\n{\"a\": 1}\n```";
    assert_snapshot!(json_check(json!({}), fenced), @"fail: expected JSON alone, got JSON in a code fence; `fenced: true` takes it");
    assert_eq!(
        json_check(json!({"fenced": true, "path": "/a", "equals": 1.0}), fenced),
        "pass"
    );
    assert_eq!(json_check(json!({"fenced": true}), "{}"), "pass");
}

#[test]
fn json_values_at_a_pointer() {
    let output = r#"{"queue": "Tech support", "labels": ["bug", "ui"], "score": 2}"#;
    assert_eq!(
        json_check(json!({"path": "/labels/0", "equals": "bug"}), output),
        "pass"
    );
    assert_eq!(
        json_check(json!({"path": "/score", "oneOf": [1, 2.0]}), output),
        "pass"
    );
    assert_eq!(
        json_check(json!({"path": "/queue", "contains": "tech"}), output),
        "pass"
    );
    assert_eq!(
        json_check(
            json!({"path": "/labels", "contains": "ui", "minItems": 1, "maxItems": 2}),
            output
        ),
        "pass"
    );
    assert_snapshot!(json_check(json!({"path": "/labels", "contains": "u"}), output), @r#"fail: at `/labels`: expected to contain "u", got ["bug","ui"]"#);
    assert_snapshot!(json_check(json!({"path": "/labels", "maxItems": 1}), output), @"fail: at `/labels`: expected at most 1 item, got 2");
    assert_snapshot!(json_check(json!({"path": "/queue", "minItems": 1}), output), @r#"fail: at `/queue`: expected a list, got "Tech support""#);
    assert_snapshot!(json_check(json!({"path": "/score", "oneOf": [1, 3]}), output), @"fail: at `/score`: expected one of [1,3], got 2");
    assert_snapshot!(json_check(json!({"path": "/absent"}), output), @"fail: expected a value at `/absent`, got none");
}

#[test]
fn the_prompts_own_schema_and_one_written_out() {
    let own = json!({"type": "object", "required": ["queue"], "additionalProperties": false,
        "properties": {"queue": {"enum": ["billing", "tech"]}}});
    let evaluator = object(json!({"name": "n", "json": {"schema": "output"}}));
    let evaluator = Evaluator::new(&evaluator, Some(&own)).unwrap();
    let run = |output: &str| {
        let judgement = judge_case([&evaluator], &Object::new(), &[], &Output::of(output));
        judgement.evaluators[0].verdict.clone()
    };
    assert_eq!(run(r#"{"queue": "tech"}"#).passed(), Some(true));
    assert_snapshot!(run(r#"{"queue": "x"}"#).reason().unwrap(), @r#"does not fit the schema: `/queue`: "x" is not one of "billing" or "tech""#);

    let evaluator =
        json!({"json": {"path": "/labels", "schema": {"items": {"enum": "{{labels}}"}}}});
    let case = json!({"labels": ["bug"]});
    assert_eq!(
        says(evaluator.clone(), case.clone(), r#"{"labels": ["bug"]}"#),
        "pass"
    );
    assert_snapshot!(says(evaluator, case, r#"{"labels": ["p0"]}"#), @r#"fail: at `/labels`: does not fit the schema: `/0`: "p0" is not one of "bug""#);
}

#[test]
fn what_needs_a_model_says_so() {
    assert_eq!(
        says(json!({"uses": "github/similarity"}), json!({}), ""),
        "model"
    );
    assert_eq!(
        says(
            json!({"llm": {"modelId": "openai/gpt-5-mini", "prompt": "{{completion}}", "choices": [{"choice": "good", "score": 1}]}}),
            json!({}),
            ""
        ),
        "model"
    );
}

#[test]
fn an_evaluator_that_cannot_work_says_why() {
    assert_snapshot!(says(json!({"name": "n"}), json!({}), ""), @r#"P401: evaluator `n`: it has nothing to check | Give it one of `string`, `json`, `number`, `text`, `limits`, `answer`, `tools`, `any`, `llm`, `uses`, such as `string: {contains: "{{expected}}"}`."#);
    assert_snapshot!(says(json!({"string": {"contains": "a"}, "json": {}}), json!({}), ""), @"P401: evaluator without a name: it has both `string` and `json` | Make two evaluators of it, each with its own name.");
    assert_snapshot!(says(json!({"name": "n", "string": "a"}), json!({}), ""), @"P401: evaluator `n`: `string` must be a map of checks | Write the checks below `string:`, one a line.");
    assert_snapshot!(string(json!({"contain": "a"}), ""), @"P401: evaluator `n`: `string.contain` is not a check; `contains` is meant | The checks of `string` are `equals`, `notEquals`, `contains`, `startsWith`, `endsWith`, `containsAny`, `containsAll`, `notContains`, `matches`, `notMatches`, `minLength`, `maxLength`, `minWords`, `maxWords`, `caseSensitive`.");
    assert_snapshot!(string(json!({"equals": ""}), ""), @r#"P401: evaluator `n`: `string` has nothing to check | Write a check such as `contains: "{{expected}}"`."#);
    assert_snapshot!(string(json!({"matches": "("}), ""), @"P401: evaluator `n`: `matches` is not a regular expression: unclosed group | The syntax is that of Rust's `regex`, which has no look-around and no backreferences.");
    assert_snapshot!(string(json!({"containsAny": "a"}), ""), @r#"P401: evaluator `n`: `containsAny` must be a list of texts, not "a" | Write it as `containsAny: [one, two]`."#);
    assert_snapshot!(string(json!({"maxLength": -1}), ""), @"P401: evaluator `n`: `maxLength` must be a whole number from 0, not -1 | ");
    assert_snapshot!(string(json!({"contains": "{{#if a}}"}), ""), @"P401: evaluator `n`: `{{#if a}}` is not the name of a field | Evaluators know `{{name}}` for a field of the case and `{{completion}}` for the output, and no helpers or blocks.");
    assert_snapshot!(json_check(json!({"path": "a.b"}), "{}"), @r#"P401: evaluator `n`: `path` must be a JSON pointer, not "a.b" | A JSON pointer begins with `/`, such as `/issues/0/title`."#);
    assert_snapshot!(json_check(json!({"schema": "output"}), "{}"), @"P401: evaluator `n`: `schema: output` needs a schema, and the prompt has no `jsonSchema` | Give the prompt a `jsonSchema`, or write the schema out in the evaluator.");
    assert_snapshot!(json_check(json!({"schema": {"type": "strnig"}}), "{}"), @r#"P401: evaluator `n`: `schema`: the schema is not valid at `/type`: "strnig" is not a type; types are string, number, integer, boolean, array, object and null | "#);
}

#[test]
fn an_evaluator_is_checked_without_an_output() {
    let check = |evaluator: Value| check(&object(evaluator));
    assert_eq!(
        check(
            json!({"string": {"containsAll": "{{words}}", "maxLength": 5, "matches": "^{{a}}("}})
        ),
        Ok(())
    );
    assert_eq!(
        check(json!({"json": {"path": "/a", "schema": {"enum": "{{labels}}"}, "equals": "x"}})),
        Ok(())
    );
    assert_eq!(check(json!({"json": {"schema": "output"}})), Ok(()));
    for broken in [
        json!({"string": {"matches": "("}}),
        json!({"string": {"contains": ["a"]}}),
        json!({"string": {"contains": "{{a b}}"}}),
        json!({"json": {"schema": {"type": 1}}}),
        json!({"json": {"minItems": "3"}}),
        json!({"json": {"fenced": "yes"}}),
        json!({"uses": 1}),
    ] {
        assert!(check(broken.clone()).is_err(), "{broken}");
    }
}

#[test]
fn hostile_outputs_end_in_an_answer() {
    let long = format!("{}a", "a ".repeat(70_000));
    let text = |metric: &str, like: &str, output: &str| {
        let checks = json!({"like": like, "metric": metric, "atLeast": 0.5});
        says(json!({"text": checks}), json!({}), output)
    };
    let other = format!("{}b", "b ".repeat(70_000));
    assert_snapshot!(text("levenshtein", &long, &other), @"unknown: the texts are too long to compare by `levenshtein`: 140001 and 140001 characters");
    assert_snapshot!(text("rougeL", &long, &other), @"unknown: the texts are too long to compare by `rougeL`: 140001 and 140001 characters");
    for metric in ["levenshtein", "f1", "rouge1", "rougeL", "bleu"] {
        assert_eq!(
            text(metric, &long, &long),
            "pass",
            "{metric}: what is the same takes no time"
        );
        assert!(
            text(metric, "short one", &long).contains("fail"),
            "{metric}"
        );
    }
    for open in ["[", "{\"a\":", "[1,", "[\"", "{\"[\\\""] {
        let anywhere = json_check(
            json!({"anywhere": true, "schema": {"type": "object"}}),
            &open.repeat(2_000),
        );
        assert!(anywhere.starts_with("fail"), "{anywhere}");
    }
    // A million of them are given up, and what stands behind a few is found.
    let endless = "[".repeat(1_000_000) + "{}";
    let given_up = json_check(json!({"anywhere": true}), &endless);
    assert!(given_up.starts_with("fail"), "{given_up}");
    let behind = "[".repeat(1_000) + "{}";
    assert!(json_check(json!({"anywhere": true}), &behind).starts_with("pass"));
    let many = json_check(
        json!({"anywhere": true, "schema": {"type": "object"}}),
        &"[] ".repeat(100_000),
    );
    assert!(many.starts_with("fail"), "{many}");
    assert!(json_check(json!({"near": 1}), "1e999").starts_with("fail: expected JSON"));
}

#[test]
fn hostile_values_end_in_an_answer() {
    assert!(string(json!({"matches": "(a{1000}){1000}"}), "a").starts_with("P401"));
    let recursive = json!({"schema": {"$ref": "#"}});
    assert_eq!(json_check(recursive, "{}").split(':').next(), Some("pass"));
    let circle = json!({"schema": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}});
    assert!(!json_check(circle, "{}").is_empty());
    let remote = json!({"schema": {"$ref": "https://example.com/schema.json"}});
    assert!(json_check(remote, "{}").starts_with("P401"));
    let deep = "[".repeat(100_000);
    assert!(json_check(json!({}), &deep).starts_with("fail: expected JSON, got"));
    assert!(json_check(json!({}), "```").starts_with("fail"));
}

proptest! {
    #[test]
    fn no_text_breaks_a_template(text in r"[{}a é]{0,12}", output in ".{0,20}") {
        let _ = string(json!({"contains": text, "notContains": [text]}), &output);
        let _ = json_check(json!({"fenced": true, "path": text, "equals": text}), &output);
    }

    #[test]
    fn contains_and_not_contains_are_opposites(part in "[a-cA-C]{1,3}", output in "[a-cA-C ]{0,12}") {
        let contains = string(json!({"contains": part}), &output) == "pass";
        let lacks = string(json!({"notContains": part}), &output) == "pass";
        prop_assert_ne!(contains, lacks);
    }
}

/// The schema is for editors: it may take what a check refuses, and refuses nothing that a check takes.
#[test]
fn the_schema_takes_whatever_a_check_takes() {
    let samples = [
        json!("a"),
        json!("/a"),
        json!("output"),
        json!(3),
        json!(0.5),
        json!(true),
        json!(["a", 1]),
        json!({"type": "object"}),
        json!("{{expected}}"),
        json!("1%"),
        json!("2s"),
        json!("first"),
        json!("bleu"),
        json!("refused"),
        json!("github/fluency"),
        json!("judges/tone@v3"),
        json!({"tags": ["a"]}),
        json!([{"choice": "a", "score": 0.5}]),
        json!(null),
    ];
    for (kind, schema) in properties() {
        if kind == "any" {
            continue;
        }
        let validator = jsonschema::draft202012::new(&schema).expect("a schema");
        let takes = |value: &Value| {
            let above = match kind.as_str() {
                "weight" | "required" | "when" | "atLeast" => {
                    json!({"uses": "github/fluency", &kind: value})
                }
                _ => json!({&kind: value}),
            };
            check(&object(above)).is_ok()
        };
        let Some(below) = schema.get("properties").filter(|_| kind != "when") else {
            assert!(samples.iter().any(takes), "{kind} takes nothing");
            for value in samples.iter().filter(|it| takes(it) && !it.is_null()) {
                assert!(validator.is_valid(value), "{kind}: {value}");
            }
            continue;
        };
        // What a key needs beside it.
        let beside = match kind.as_str() {
            "string" => json!({"equals": "a"}),
            "number" => json!({"near": 1}),
            "text" => json!({"like": "a", "atLeast": 0.5}),
            "llm" => {
                json!({"modelId": "m", "prompt": "p", "choices": [{"choice": "a", "score": 1}]})
            }
            _ => json!({}),
        };
        for name in below.as_object().unwrap().keys() {
            let whole = |value: &Value| {
                let mut whole = object(beside.clone());
                whole.insert(name.clone(), value.clone());
                Value::Object(whole)
            };
            let mut taken = samples.iter().map(whole).filter(|it| takes(it)).peekable();
            assert!(taken.peek().is_some(), "{kind}.{name} takes nothing");
            for value in taken.filter(|value| !value[name].is_null()) {
                assert!(validator.is_valid(&value), "{kind}.{name}: {value}");
            }
        }
    }
}

#[test]
fn every_check_and_setting_is_listed_once_with_what_it_does() {
    let listed = || checks().into_iter().chain(settings());
    assert!(listed().all(|(_, words)| words.len() > 10));
    let mut names: Vec<String> = listed().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), listed().count());
}
