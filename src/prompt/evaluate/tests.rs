use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

fn judge(evaluator: Value, case: Value, output: &str) -> Result<Verdict, Finding> {
    evaluate(&object(evaluator), &object(case), output, None)
}

/// `pass`, `fail: …`, `model` or `P401: …` with its help.
fn says(evaluator: Value, case: Value, output: &str) -> String {
    match judge(evaluator, case, output) {
        Ok(Verdict::Pass) => "pass".to_owned(),
        Ok(Verdict::Fail { reason }) => format!("fail: {reason}"),
        Ok(Verdict::NeedsModel) => "model".to_owned(),
        Err(finding) => format!(
            "{}: {} | {}",
            finding.code,
            finding.message,
            crate::output::words::words(&finding.help.unwrap_or_default())
        ),
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
    assert_snapshot!(string(json!({"equals": "Yes"}), "yes"), @r#"fail: `equals`: the output is not "Yes""#);
    assert_eq!(string(json!({"contains": "BILLING"}), "to billing"), "pass");
    assert_eq!(string(json!({"startsWith": "hel"}), "\nHello"), "pass");
    assert_eq!(string(json!({"endsWith": "LO"}), "Hello\n"), "pass");
    assert_snapshot!(string(json!({"endsWith": "hel"}), "Hello"), @r#"fail: `endsWith`: the output does not end with "hel""#);
    assert_eq!(string(json!({"equals": "", "contains": "a"}), "a"), "pass");
}

#[test]
fn every_check_of_an_evaluator_must_pass() {
    let checks = json!({"contains": "a", "notContains": "b", "minLength": 2, "maxLength": 3});
    assert_eq!(string(checks.clone(), "aé"), "pass");
    assert_snapshot!(string(checks.clone(), "ab"), @r#"fail: `notContains`: the output contains "b""#);
    assert_snapshot!(string(checks.clone(), "a"), @"fail: `minLength`: the output is 1 characters long, the limit is 2");
    assert_snapshot!(string(checks, "aééé"), @"fail: `maxLength`: the output is 4 characters long, the limit is 3");
}

#[test]
fn lists_of_texts() {
    assert_eq!(string(json!({"containsAny": ["x", "A"]}), "a"), "pass");
    assert_snapshot!(string(json!({"containsAny": ["x", "y"]}), "a"), @r#"fail: `containsAny`: the output contains none of "x", "y""#);
    assert_eq!(string(json!({"containsAll": ["a", "b"]}), "AB"), "pass");
    assert_snapshot!(string(json!({"containsAll": ["a", "c"]}), "ab"), @r#"fail: `containsAll`: the output does not contain "c""#);
    assert_snapshot!(string(json!({"notContains": ["c", "B"]}), "ab"), @r#"fail: `notContains`: the output contains "B""#);
}

#[test]
fn regular_expressions_look_anywhere_and_take_fields_as_plain_text() {
    assert_eq!(string(json!({"matches": r"\d{2}"}), "in 42 days"), "pass");
    assert_snapshot!(string(json!({"notMatches": r"\d+"}), "in 42 days"), @r#"fail: `notMatches`: the output matches `\d+` at "42""#);
    let evaluator = json!({"string": {"matches": "^{{price}}$"}});
    assert_eq!(
        says(evaluator.clone(), json!({"price": "1.5"}), "1.5"),
        "pass"
    );
    assert_snapshot!(says(evaluator, json!({"price": "1.5"}), "1x5"), @r"fail: `matches`: the output does not match `^1\.5$`");
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
    assert_snapshot!(json_check(json!({}), "a: 1"), @"fail: the output is not JSON: expected value at line 1 column 1");
    let fenced = "```json\n{\"a\": 1}\n```";
    assert_snapshot!(json_check(json!({}), fenced), @"fail: the output is not JSON: it is wrapped in a code fence");
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
    assert_snapshot!(json_check(json!({"path": "/labels", "contains": "u"}), output), @r#"fail: `contains`: /labels is ["bug","ui"], without "u""#);
    assert_snapshot!(json_check(json!({"path": "/labels", "maxItems": 1}), output), @"fail: `maxItems`: /labels has 2 items, the limit is 1");
    assert_snapshot!(json_check(json!({"path": "/queue", "minItems": 1}), output), @r#"fail: `minItems`: /queue is "Tech support", not a list"#);
    assert_snapshot!(json_check(json!({"path": "/score", "oneOf": [1, 3]}), output), @"fail: `oneOf`: /score is 2, none of [1,3]");
    assert_snapshot!(json_check(json!({"path": "/absent"}), output), @"fail: the output has no `/absent`");
}

#[test]
fn the_prompts_own_schema_and_one_written_out() {
    let own = json!({"type": "object", "required": ["queue"], "additionalProperties": false,
        "properties": {"queue": {"enum": ["billing", "tech"]}}});
    let run = |output: &str| {
        let evaluator = object(json!({"name": "n", "json": {"schema": "output"}}));
        evaluate(&evaluator, &Object::new(), output, Some(&own))
    };
    assert_eq!(run(r#"{"queue": "tech"}"#), Ok(Verdict::Pass));
    assert_snapshot!(format!("{:?}", run(r#"{"queue": "x"}"#).unwrap()), @r#"Fail { reason: "does not fit the schema: `/queue`: \"x\" is not one of \"billing\" or \"tech\"" }"#);

    let evaluator =
        json!({"json": {"path": "/labels", "schema": {"items": {"enum": "{{labels}}"}}}});
    let case = json!({"labels": ["bug"]});
    assert_eq!(
        says(evaluator.clone(), case.clone(), r#"{"labels": ["bug"]}"#),
        "pass"
    );
    assert_snapshot!(says(evaluator, case, r#"{"labels": ["p0"]}"#), @r#"fail: `schema`: /labels does not fit the schema: `/0`: "p0" is not one of "bug""#);
}

#[test]
fn what_needs_a_model_says_so() {
    assert_eq!(
        says(json!({"uses": "github/similarity"}), json!({}), ""),
        "model"
    );
    assert_eq!(
        says(json!({"llm": {"prompt": "{{completion}}"}}), json!({}), ""),
        "model"
    );
}

#[test]
fn an_evaluator_that_cannot_work_says_why() {
    assert_snapshot!(says(json!({"name": "n"}), json!({}), ""), @r#"P401: evaluator `n`: it has nothing to check | Give it one of `string`, `json`, `llm` and `uses`, such as `string: {contains: "{{expected}}"}`."#);
    assert_snapshot!(says(json!({"string": {"contains": "a"}, "json": {}}), json!({}), ""), @"P401: evaluator without a name: it has both `string` and `json` | Make two evaluators of it, each with its own name.");
    assert_snapshot!(says(json!({"name": "n", "string": "a"}), json!({}), ""), @"P401: evaluator `n`: `string` must be a map of checks | Write the checks below `string:`, one a line.");
    assert_snapshot!(string(json!({"contain": "a"}), ""), @"P401: evaluator `n`: `string.contain` is not a check; `contains` is meant | The checks of `string` are `equals`, `contains`, `startsWith`, `endsWith`, `containsAny`, `containsAll`, `notContains`, `matches`, `notMatches`, `minLength`, `maxLength`.");
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
fn hostile_values_end_in_an_answer() {
    assert!(string(json!({"matches": "(a{1000}){1000}"}), "a").starts_with("P401"));
    let recursive = json!({"schema": {"$ref": "#"}});
    assert_eq!(json_check(recursive, "{}").split(':').next(), Some("pass"));
    let circle = json!({"schema": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}});
    assert!(!json_check(circle, "{}").is_empty());
    let remote = json!({"schema": {"$ref": "https://example.com/schema.json"}});
    assert!(json_check(remote, "{}").starts_with("P401"));
    let deep = "[".repeat(100_000);
    assert!(json_check(json!({}), &deep).starts_with("fail: the output is not JSON"));
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
        json!(null),
    ];
    for (kind, properties) in [("string", string_properties()), ("json", json_properties())] {
        for (name, schema) in properties {
            let validator = jsonschema::draft202012::new(&schema).expect("a schema");
            let takes = |value: &Value| check(&object(json!({kind: {&name: value}}))).is_ok();
            let mut taken = samples.iter().filter(|value| takes(value)).peekable();
            assert!(taken.peek().is_some(), "{kind}.{name} takes nothing");
            for value in taken {
                assert!(validator.is_valid(value), "{kind}.{name}: {value}");
            }
        }
    }
}

#[test]
fn every_check_is_listed_once_with_what_it_passes_for() {
    let mut names: Vec<String> = checks().into_iter().map(|(name, _)| name).collect();
    assert!(checks().iter().all(|(_, words)| words.len() > 10));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), checks().len());
}
