//! What the evaluators of a case say together.

use super::*;

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
