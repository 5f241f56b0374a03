//! Each kind of evaluator, by what it says of outputs.

use super::*;

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
    assert_snapshot!(llm(json!({"modelID": "x"})), @"P401: evaluator without a name: `llm.modelID` is not a key; `modelId` is meant | The keys of `llm` are `modelId`, `systemPrompt`, `prompt`, `choices`, `atLeast`.");
    assert_snapshot!(llm(json!({"prompt": ""})), @"P401: evaluator without a name: `prompt` of `llm` is empty |");
}
