use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

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
fn upper_and_lower_case_differ_on_request() {
    let checks = json!({"contains": "BILL", "caseSensitive": true});
    assert_eq!(string(checks.clone(), "BILLING"), "pass");
    assert_snapshot!(string(checks, "billing"), @r#"fail: expected to contain "BILL", got "billing""#);
    for check in [
        "startsWith",
        "endsWith",
        "containsAny",
        "containsAll",
        "notContains",
    ] {
        let part = match check {
            "containsAny" | "containsAll" => json!(["Ab"]),
            _ => json!("Ab"),
        };
        let apart = string(json!({check: part, "caseSensitive": true}), "aB");
        let alike = string(json!({check: part, "caseSensitive": false}), "aB");
        assert_ne!(
            apart == "pass",
            alike == "pass",
            "{check}: {apart}, {alike}"
        );
    }
    let by_case = json!({"string": {"contains": "A", "caseSensitive": "{{strict}}"}});
    assert_eq!(says(by_case.clone(), json!({"strict": false}), "a"), "pass");
    assert!(says(by_case, json!({"strict": true}), "a").starts_with("fail"));
    assert_snapshot!(string(json!({"caseSensitive": true}), "a"), @r#"P401: evaluator `n`: `string` has nothing to check | Write a check such as `contains: "{{expected}}"`."#);
}

#[test]
fn words_and_what_a_text_is_not() {
    assert_eq!(
        string(json!({"minWords": 2, "maxWords": 2}), " two\n\twords "),
        "pass"
    );
    assert_snapshot!(string(json!({"maxWords": 1}), "two words"), @"fail: expected at most 1 word, got 2");
    assert_snapshot!(string(json!({"notEquals": "a"}), "a "), @r#"fail: expected another text than "a", got it"#);
    assert_snapshot!(string(json!({"notEquals": ""}), " "), @r#"fail: expected another text than "", got it"#);
    assert_eq!(string(json!({"notEquals": ""}), "a"), "pass");
}

#[test]
fn json_anywhere_in_a_text_is_the_first_that_fits() {
    let output = r#"See [1]. {"a": 1} or {"b": {"a": 2}}, not {"b": "#;
    let anywhere = |checks: Value| {
        let mut all = object(checks);
        all.insert("anywhere".to_owned(), json!(true));
        json_check(Value::Object(all), output)
    };
    assert_eq!(anywhere(json!({"equals": [1]})), "pass");
    let object = json!({"type": "object"});
    assert_eq!(
        anywhere(json!({"schema": object, "equals": {"a": 1}})),
        "pass"
    );
    let with_b = json!({"type": "object", "required": ["b"]});
    assert_eq!(
        anywhere(json!({"schema": with_b, "equals": {"b": {"a": 2}}})),
        "pass"
    );
    let number = json!({"type": "number"});
    assert_eq!(
        anywhere(json!({"path": "/b/a", "schema": number, "equals": 2})),
        "pass"
    );
    assert_snapshot!(anywhere(json!({"schema": {"required": ["c"], "type": "object"}})), @r#"fail: does not fit the schema: [1] is not of type "object""#);
    assert_snapshot!(anywhere(json!({"equals": 2})), @"fail: expected 2, got [1]");
    assert_snapshot!(json_check(json!({"anywhere": true}), "none { at all"), @r#"fail: expected a JSON object or list in the text, got "none { at all""#);
    assert_eq!(
        json_check(json!({"anywhere": true}), "```json\n{}\n```"),
        "pass"
    );
}

#[test]
fn numbers_near_others() {
    let near =
        |near: Value, output: &str| json_check(json!({"near": near, "tolerance": 0.1}), output);
    assert_eq!(
        near(json!(1.0), "1.1"),
        "pass",
        "not by how computers hold 0.1"
    );
    assert_eq!(near(json!("1"), "0.9"), "pass");
    assert_snapshot!(near(json!(1), "1.2"), @"fail: expected 1 within 0.1, got 1.2");
    assert_snapshot!(near(json!(1), "\"1\""), @r#"fail: expected 1 within 0.1, got "1""#);
    let part = json!({"path": "/total", "near": 200, "tolerance": "1%"});
    assert_eq!(json_check(part.clone(), r#"{"total": 198}"#), "pass");
    assert_snapshot!(json_check(part, r#"{"total": 197}"#), @"fail: at `/total`: expected 200 within 2, got 197");
    assert_eq!(
        json_check(json!({"near": 9007199254740992u64}), "9007199254740992"),
        "pass"
    );
}

#[test]
fn the_number_in_a_text() {
    let number = |checks: Value, output: &str| {
        says(
            json!({"number": checks}),
            json!({"expected": "$1,250.00"}),
            output,
        )
    };
    assert_eq!(number(json!({"near": 5}), "So the answer is 5."), "pass");
    assert_snapshot!(number(json!({"near": 5}), "It is 25"), @"fail: expected 5, got 25");
    assert_snapshot!(number(json!({"near": 5}), "It is five"), @r#"fail: expected 5, got no number in "It is five""#);
    assert_eq!(
        number(json!({"near": "{{expected}}"}), "You owe 1250 dollars"),
        "pass"
    );
    assert_eq!(
        number(json!({"near": -3, "tolerance": 0.5}), "−2.75 °C"),
        "pass"
    );
    assert_eq!(
        number(json!({"near": 1, "take": "first"}), "1 of 2"),
        "pass"
    );
    assert_snapshot!(number(json!({"near": 1}), "1 of 2"), @"fail: expected 1, got 2");
    assert_eq!(number(json!({"near": 1, "take": "any"}), "0, 1, 2"), "pass");
    assert_snapshot!(number(json!({"near": 9, "take": "any"}), "0, 1, 2"), @"fail: expected 9, got no such number");
    assert_snapshot!(number(json!({"near": 1, "take": "only"}), "1 of 2"), @"fail: expected 1 and no other number, got 2 numbers");
    assert_eq!(
        number(
            json!({"near": 2000, "tolerance": "1%", "take": "only"}),
            "2e3"
        ),
        "pass"
    );
    assert_snapshot!(number(json!({"near": 1, "take": "second"}), "1"), @r#"P401: evaluator without a name: `take` must be one of `last`, `first`, `any`, `only`, not "second" |"#);
    assert_snapshot!(number(json!({"near": "v5"}), "1"), @r#"P401: evaluator without a name: `near` must be a number, not "v5" | Write it as `near: 12.5`, or give the case a field that holds one number."#);
    assert_snapshot!(number(json!({"near": 1, "tolerance": -1}), "1"), @"P401: evaluator without a name: `tolerance` must be a number from 0, or a part such as `1%`, not -1 | Write `tolerance: 0.5`, or `tolerance: 1%` for a part of `near`.");
    assert_snapshot!(number(json!({"near": 1e300, "tolerance": "1e300%"}), "1"), @"P401: evaluator without a name: `tolerance` is so large that every number would pass |");
    assert_snapshot!(number(json!({"tolerance": 1}), "1"), @r#"P401: evaluator without a name: `number` has nothing to check | Write a check such as `near: "{{expected}}"`."#);
    assert!(number(json!({"near": 1}), &"9".repeat(400)).starts_with("fail"));
}

#[test]
fn how_alike_texts_are() {
    let text = |checks: Value, output: &str| {
        says(
            json!({"text": checks}),
            json!({"answers": ["blue", "navy blue"]}),
            output,
        )
    };
    assert_eq!(
        text(json!({"like": "kitten", "atLeast": 0.5}), "sitting"),
        "0.571 pass"
    );
    assert_snapshot!(text(json!({"like": "kitten", "atLeast": 0.8}), "sitting"), @r#"0.571 fail: expected at least 0.8 by `levenshtein` like "kitten", got 0.571 from "sitting""#);
    assert_eq!(
        text(json!({"like": "kitten", "maxDistance": 3}), "sitting"),
        "0.571 pass"
    );
    assert_snapshot!(text(json!({"like": "kitten", "maxDistance": 2}), "sitting"), @r#"0.571 fail: expected at most 2 edits away from "kitten", got 3 from "sitting""#);
    assert_eq!(
        text(
            json!({"like": "{{answers}}", "metric": "f1", "atLeast": 1}),
            "Navy blue."
        ),
        "pass"
    );
    assert_eq!(
        text(
            json!({"like": "我喜欢猫", "metric": "rougeL", "atLeast": 0.75}),
            "我喜欢狗"
        ),
        "0.750 pass"
    );
    assert_snapshot!(text(json!({"like": "a", "metric": "meteor", "atLeast": 1}), ""), @"P401: evaluator without a name: `metric: meteor` is not measured: it needs WordNet | Take one of `levenshtein`, `f1`, `rouge1`, `rougeL`, `bleu`.");
    assert_snapshot!(text(json!({"like": "a", "metric": "cosine", "atLeast": 1}), ""), @"P401: evaluator without a name: `metric: cosine` is not measured: it needs a model's embeddings | Take one of `levenshtein`, `f1`, `rouge1`, `rougeL`, `bleu`.");
    assert_snapshot!(text(json!({"like": "a", "metric": "rouge2", "atLeast": 1}), ""), @"P401: evaluator without a name: `metric: rouge2` is not measured | Take one of `levenshtein`, `f1`, `rouge1`, `rougeL`, `bleu`.");
    assert_snapshot!(text(json!({"like": "a"}), ""), @"P401: evaluator without a name: `text` does not say how much alike is enough | Write `atLeast: 0.8`, or `maxDistance: 3` for so many letters that may differ.");
    assert_snapshot!(text(json!({"like": "a", "metric": "f1", "maxDistance": 1}), ""), @"P401: evaluator without a name: `maxDistance` counts letters, which only `metric: levenshtein` does | Write `atLeast` for the other metrics, such as `atLeast: 0.8`.");
    assert_snapshot!(text(json!({"like": "a", "atLeast": 80}), ""), @"P401: evaluator without a name: `atLeast` must be a number from 0 to 1, not 80 |");
    assert_snapshot!(says(json!({"text": {"like": "a", "atLeast": 0.5}, "atLeast": 0.5}), json!({}), ""), @"P401: evaluator without a name: it says `atLeast` twice | Leave one of them out: the one below `text`, or the one beside it.");
    assert_eq!(
        says(
            json!({"text": {"like": "ab"}, "atLeast": 0.5}),
            json!({}),
            "a"
        ),
        "0.500 pass"
    );
}

#[test]
fn how_an_answer_came_about() {
    let tools = [
        ToolCall {
            name: "find".to_owned(),
            arguments: json!({"q": "a"}),
        },
        ToolCall {
            name: "send".to_owned(),
            arguments: json!("{\"to\":"),
        },
    ];
    let output = Output {
        status: Ended::Incomplete,
        latency_ms: Some(2_310),
        cost_usd: Some(0.003),
        output_tokens: Some(120),
        tools: &tools,
        ..Output::of("")
    };
    let with = |evaluator: Value| says_of(evaluator, json!({"budget": 0.003}), &output);
    let without = |evaluator: Value| says(evaluator, json!({}), "");
    assert_eq!(
        with(json!({"limits": {"latency": "2.31s", "cost": "{{budget}}", "outputTokens": 120}})),
        "pass"
    );
    assert_snapshot!(with(json!({"limits": {"latency": "2s"}})), @"fail: expected at most 2 s, got 2.31 s");
    assert_snapshot!(with(json!({"limits": {"cost": 0.002}})), @"fail: expected at most $0.002, got $0.003");
    assert_snapshot!(with(json!({"limits": {"outputTokens": 100}})), @"fail: expected at most 100 tokens, got 120");
    assert_snapshot!(without(json!({"limits": {"cost": 0.002}})), @"unknown: what the answer cost is not known");
    assert_snapshot!(without(json!({"limits": {"latency": 2}})), @"P401: evaluator without a name: `latency` must be a time, not 2 | Write it with its unit, such as `2s`, `1.5s` or `500ms`.");
    assert_snapshot!(without(json!({"limits": {}})), @"P401: evaluator without a name: `limits` has nothing to check | Write a check such as `latency: 2s`.");

    assert_eq!(with(json!({"answer": "incomplete"})), "pass");
    assert_eq!(without(json!({"answer": "completed"})), "pass");
    assert_snapshot!(with(json!({"answer": "refused"})), @"fail: expected a refused answer, got an incomplete answer");
    assert_snapshot!(with(json!({"answer": "cut off"})), @r#"P401: evaluator without a name: `answer` must be one of `completed`, `refused`, `incomplete`, not "cut off" |"#);

    assert_eq!(
        with(json!({"tools": {"called": ["find", "send"], "notCalled": "delete"}})),
        "pass"
    );
    assert_eq!(without(json!({"tools": {"called": []}})), "pass");
    assert_snapshot!(with(json!({"tools": {"called": []}})), @"fail: expected no call, got a call of `find`, `send`");
    assert_snapshot!(with(json!({"tools": {"called": ["find", "ask"]}})), @"fail: expected a call of `ask`, got `find`, `send`");
    assert_snapshot!(without(json!({"tools": {"called": "find"}})), @"fail: expected a call of `find`, got none");
    assert_snapshot!(with(json!({"tools": {"notCalled": ["delete", "send"]}})), @"fail: expected no call of `send`, got one");
    let schema = json!({"type": "object", "required": ["q"]});
    assert_eq!(
        with(json!({"tools": {"called": "find", "arguments": schema}})),
        "pass"
    );
    assert_snapshot!(with(json!({"tools": {"arguments": schema}})), @r#"fail: the call of `send` does not fit the schema: "{\"to\":" is not of type "object""#);
    assert_snapshot!(without(json!({"tools": {"arguments": schema}})), @"fail: expected a call with arguments, got none");
}

#[test]
fn one_of_several_checks() {
    let any =
        |items: Value, output: &str| says(json!({"any": items}), json!({"expected": "b"}), output);
    let items = json!([{"string": {"equals": "a"}}, {"string": {"equals": "{{expected}}"}}, {"text": {"like": "abcd", "atLeast": 0.5}}]);
    assert_eq!(any(items.clone(), "a"), "pass");
    assert_eq!(any(items.clone(), "b"), "pass");
    assert_eq!(any(items.clone(), "abc"), "0.750 pass");
    assert_snapshot!(any(items, "c"), @r#"0.250 fail: expected "a", got "c"; or expected "b", got "c"; or expected at least 0.5 by `levenshtein` like "abcd", got 0.250 from "c""#);
    assert_eq!(
        any(
            json!([{"limits": {"cost": 1}}, {"string": {"equals": "a"}}]),
            "a"
        ),
        "pass"
    );
    assert_snapshot!(any(json!([{"limits": {"cost": 1}}, {"string": {"equals": "a"}}]), "b"), @"unknown: what the answer cost is not known");
    assert_snapshot!(any(json!([]), ""), @r#"P401: evaluator without a name: `any` must be a list of checks, not [] | Write it as `any: [{string: {equals: "yes"}}, {number: {near: 1}}]`."#);
    assert_snapshot!(any(json!([{"uses": "github/fluency"}]), ""), @"P401: evaluator without a name: `any[0]`: `uses` cannot stand in `any` | It holds checks that are decided without a model, one deep.");
    assert_snapshot!(any(json!([{"any": [{"json": {}}]}]), ""), @"P401: evaluator without a name: `any[0]`: `any` cannot stand in `any` | It holds checks that are decided without a model, one deep.");
    assert_snapshot!(any(json!([{"string": {"equals": "a"}, "weight": 2}]), ""), @r#"P401: evaluator without a name: `any[0]`: `weight` is no check | Write it as `any: [{string: {equals: "yes"}}, {number: {near: 1}}]`."#);
    assert_snapshot!(any(json!([{"string": {"contain": "a"}}]), ""), @"P401: evaluator without a name: `any[0]`: `string.contain` is not a check; `contains` is meant | The checks of `string` are `equals`, `notEquals`, `contains`, `startsWith`, `endsWith`, `containsAny`, `containsAll`, `notContains`, `matches`, `notMatches`, `minLength`, `maxLength`, `minWords`, `maxWords`, `caseSensitive`.");
    assert_snapshot!(any(json!([{"string": {"equals": "{{absent}}"}}]), ""), @"P401: evaluator `any`: the case has no field `absent` | Give the case a value for `absent`, or take `{{absent}}` out of the evaluator.");
}

#[test]
fn a_judge_is_one_of_githubs_or_a_prompt_below_judges() {
    let uses = |name: &str| {
        let evaluator = Evaluator::new(&object(json!({"uses": name})), None);
        match evaluator {
            Ok(evaluator) => format!("{:?}", evaluator.model().unwrap()),
            Err(finding) => finding.message,
        }
    };
    assert_eq!(uses("github/fluency"), r#"BuiltIn("github/fluency")"#);
    assert!(uses("judges/tone").starts_with("Judge(Reference"));
    assert!(uses("judges/tone@v3").contains("Version("));
    assert_snapshot!(uses("github/similarty"), @"evaluator without a name: there is no evaluator `github/similarty`; `github/similarity` is meant");
    assert_snapshot!(uses("acme/own"), @"evaluator without a name: there is no evaluator `acme/own`");
    assert_snapshot!(uses("judges/tone@production"), @"evaluator without a name: `uses: judges/tone@production` is no judge");
    assert_snapshot!(uses("judges/../x"), @"evaluator without a name: `uses: judges/../x` is no judge");
}

#[test]
fn the_form_of_a_question_to_a_model_is_checked() {
    let llm = |changes: Value| {
        let mut llm = object(
            json!({"modelId": "openai/gpt-5-mini", "systemPrompt": "", "prompt": "{{completion}}?",
            "choices": [{"choice": "1", "score": 0}, {"choice": 5, "score": 1.0}]}),
        );
        llm.extend(object(changes));
        says(json!({"llm": llm}), json!({}), "")
    };
    assert_eq!(llm(json!({})), "model");
    assert_eq!(llm(json!({"atLeast": 0.5})), "model");
    assert_snapshot!(llm(json!({"choices": null})), @"P401: evaluator without a name: `llm` needs `choices` | `llm` has `modelId`, `prompt` and `choices`, such as `choices: [{choice: good, score: 1}, {choice: bad, score: 0}]`.");
    assert_snapshot!(llm(json!({"choices": []})), @"P401: evaluator without a name: `choices` must be a list of choices, not [] | Write each as `{choice: good, score: 1}`, with a score from 0 to 1.");
    assert_snapshot!(llm(json!({"choices": [{"choice": "1", "score": 5}]})), @r#"P401: evaluator without a name: `choices` has {"choice":"1","score":5} | Write each as `{choice: good, score: 1}`, with a score from 0 to 1."#);
    assert_snapshot!(llm(json!({"choices": [{"choice": "a", "score": 1}, {"choice": "A ", "score": 0}]})), @"P401: evaluator without a name: `choices` has `A` twice |");
    assert_snapshot!(llm(json!({"modelID": "x"})), @"P401: evaluator without a name: `llm.modelID` is not a check; `modelId` is meant | The checks of `llm` are `modelId`, `systemPrompt`, `prompt`, `choices`, `atLeast`.");
    assert_snapshot!(llm(json!({"prompt": ""})), @"P401: evaluator without a name: `prompt` looks for an empty text | Every output contains an empty text. Give the case a value to look for.");
}

#[test]
fn the_keys_of_any_evaluator_are_checked() {
    let with = |key: &str, value: Value| {
        says(json!({"name": "n", "json": {}, key: value}), json!({}), "1")
    };
    assert_eq!(with("weight", json!(0)), "pass");
    assert_eq!(with("required", json!(false)), "pass");
    assert_eq!(with("when", json!({"tags": ["a"]})), "not asked");
    assert_eq!(with("when", json!(null)), "pass");
    assert_snapshot!(with("weight", json!(-1)), @"P401: evaluator `n`: `weight` must be a number from 0 to 1000000, not -1 |");
    assert_snapshot!(with("weight", json!(1e308)), @"P401: evaluator `n`: `weight` must be a number from 0 to 1000000, not 1e+308 |");
    assert_snapshot!(with("required", json!("no")), @r#"P401: evaluator `n`: `required` must be true or false, not "no" |"#);
    assert_snapshot!(with("atLeast", json!(0.5)), @"P401: evaluator `n`: `atLeast` is for scores, and `json` has none | It passes or fails. `atLeast` is for `text`, `llm` and `uses`.");
    assert_snapshot!(with("when", json!({"tag": ["a"]})), @r#"P401: evaluator `n`: `when` must name tags, not {"tag":["a"]} | Write it as `when: {tags: [smoke]}`."#);
    assert_snapshot!(with("when", json!({"tags": []})), @r#"P401: evaluator `n`: `when` must name tags, not {"tags":[]} | Write it as `when: {tags: [smoke]}`."#);
}

fn evaluators(list: Value) -> Vec<Evaluator> {
    let list: Vec<Object> = list
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .map(object)
        .collect();
    prepare(&list, None).unwrap()
}

#[test]
fn a_case_passes_with_all_that_is_required_and_its_score_is_the_weighted_mean() {
    let all = evaluators(json!([
        {"name": "a", "string": {"contains": "a"}, "weight": 3},
        {"name": "b", "string": {"contains": "b"}, "required": false},
        {"name": "c", "string": {"contains": "c"}, "when": {"tags": ["smoke"]}},
    ]));
    let judge = |tags: &[&str], output: &str| {
        let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
        let judgement = judge_case(&all, &Object::new(), &tags, &Output::of(output));
        (judgement.passed(), judgement.score())
    };
    assert_eq!(judge(&[], "a"), (Some(true), Some(0.75)));
    assert_eq!(judge(&[], "ab"), (Some(true), Some(1.0)));
    assert_eq!(judge(&[], "b"), (Some(false), Some(0.25)));
    assert_eq!(judge(&["smoke"], "ab"), (Some(false), Some(0.8)));
    assert_eq!(judge(&["smoke", "x"], "abc"), (Some(true), Some(1.0)));
    let none = judge_case([], &Object::new(), &[], &Output::of(""));
    assert_eq!((none.passed(), none.score()), (None, None));
    let unasked = judge_case(&all[2..], &Object::new(), &[], &Output::of("c"));
    assert_eq!((unasked.passed(), unasked.score()), (None, None));
}

#[test]
fn a_case_is_undecided_until_the_model_has_answered() {
    let all = evaluators(json!([
        {"string": {"contains": "a"}},
        {"uses": "github/similarity", "atLeast": 0.75},
        {"uses": "github/fluency", "required": false},
    ]));
    let mut judgement = judge_case(&all, &Object::new(), &[], &Output::of("a"));
    assert_eq!(judgement.evaluators[1].verdict, Verdict::NeedsModel);
    assert_eq!(judgement.evaluators[1].name, "uses");
    assert_eq!((judgement.passed(), judgement.score()), (None, None));
    judgement.evaluators[1].settle(0.75, Some("close".to_owned()));
    assert_eq!((judgement.passed(), judgement.score()), (Some(true), None));
    judgement.evaluators[2].settle(0.25, None);
    assert_eq!(judgement.evaluators[2].verdict.passed(), Some(true));
    assert_eq!(
        (judgement.passed(), judgement.score()),
        (Some(true), Some(2.0 / 3.0))
    );
    judgement.evaluators[1].settle(0.5, None);
    assert_eq!(judgement.passed(), Some(false));
    judgement.evaluators[1].decide(true, None);
    assert_eq!(judgement.passed(), Some(true));
    let failed = judge_case(&all, &Object::new(), &[], &Output::of("b"));
    assert_eq!(
        failed.passed(),
        Some(false),
        "what the model says changes nothing"
    );
}

#[test]
fn a_case_is_checked_before_there_is_an_answer() {
    let check = |evaluator: Value, case: Value| {
        let evaluator = Evaluator::new(&object(evaluator), None).unwrap();
        let checked = evaluator.check_case(&object(case), &[]);
        checked.map_err(|finding| finding.message)
    };
    let limit = json!({"string": {"maxLength": "{{limit}}", "equals": "{{completion}}"}});
    assert_eq!(check(limit.clone(), json!({"limit": 3})), Ok(()));
    assert_snapshot!(check(limit, json!({"limit": "3"})).unwrap_err(), @r#"evaluator `string`: `maxLength` must be a whole number from 0, not "3""#);
    assert_snapshot!(check(json!({"any": [{"json": {"near": "{{a}}"}}]}), json!({})).unwrap_err(), @"evaluator `any`: the case has no field `a`");
    let elsewhere = json!({"string": {"equals": "{{a}}"}, "when": {"tags": ["b"]}});
    assert_eq!(check(elsewhere, json!({})), Ok(()));
}

#[test]
fn evaluators_too_large_together_are_refused() {
    let heavy = json!({"name": "n", "any": [{"string": {"matches": "[a-z]{500}"}}, {"json": {"schema": {"type": "object"}}}]});
    let heavy = Evaluator::new(&object(heavy), None).unwrap();
    assert_eq!(Memory::default().take(&heavy), Ok(()));
    let finding = Memory(199_950_000).take(&heavy).unwrap_err();
    assert_snapshot!(finding.message, @"evaluator `n`: the regular expressions and schemas of this evaluator and those before it are too large together");
}

#[test]
fn hostile_outputs_end_in_an_answer() {
    let long = format!("{}a", "a ".repeat(70_000));
    let text = |metric: &str, like: &str, output: &str| {
        let checks = json!({"like": like, "metric": metric, "atLeast": 0.5});
        says(json!({"text": checks}), json!({}), output)
    };
    let other = format!("{}b", "b ".repeat(70_000));
    assert_snapshot!(text("levenshtein", &long, &other), @"unknown: the texts are too long to compare by `levenshtein`: 1050002 and 1049999 characters");
    assert_snapshot!(text("rougeL", &long, &other), @"unknown: the texts are too long to compare by `rougeL`: 1050002 and 1050001 characters");
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
