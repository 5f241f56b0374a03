//! Evaluators that cannot work, and slips in others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finding, Subject};
use crate::prompt::code;
use crate::prompt::evaluate::{self, Evaluator, Memory};

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let document = subject.document;
    let mut names = BTreeSet::new();
    let mut memory = Memory::default();
    for (index, evaluator) in document.evaluators.iter().enumerate() {
        let place = document.span_of(&format!("evaluators[{index}]"));
        let name = evaluator.get("name").and_then(Value::as_str);
        if let Some(name) = name.filter(|name| !names.insert(*name)) {
            findings.push(
                Finding::new(
                    code::EVALUATOR_SLIP,
                    format!("two evaluators are called `{name}`"),
                )
                .at(place)
                .help("give each a name of its own, so that results can be told apart"),
            );
        }
        let own_schema = document.json_schema.is_some().then_some(&ANY);
        let asked = evaluate::with_judge(evaluator, document.eval.judge.as_deref());
        let made = Evaluator::new(&asked, own_schema);
        let made = made.and_then(|made| memory.take(&made).map(|()| made));
        match made {
            Err(finding) => {
                findings.push(finding.at(place));
                continue;
            }
            Ok(made) if made.passes_too_easily() => {
                findings.push(too_easy(&made).at(place));
            }
            Ok(_) => {}
        }
        for (key, meant) in evaluate::slips(evaluator) {
            let at = document.span_of(&format!("evaluators[{index}].{key}"));
            findings.push(slip(key, meant).at(at));
        }
    }
}

/// Stands for the prompt's own schema, which other rules look at.
static ANY: Value = Value::Bool(true);

/// An evaluator that a poor answer passes too.
fn too_easy(evaluator: &Evaluator) -> Finding {
    let message = format!(
        "evaluator `{}` passes with any score above 0",
        evaluator.name()
    );
    Finding::new(code::LENIENT_JUDGE, message).help(
        "write `atLeast: 0.75` beside it, so that 2 of 5 stars do not pass; without it GitHub's meaning holds",
    )
}

/// A key that nothing reads, and that looks like one that counts.
fn slip(key: &str, meant: &str) -> Finding {
    let key = short(key);
    Finding::new(
        code::EVALUATOR_SLIP,
        format!("`{key}` is no key of an evaluator; `{meant}` is meant"),
    )
    .help(format!("write `{meant}`; `{key}` is not looked at"))
}

/// The start of a key that may be long.
fn short(key: &str) -> String {
    key.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::found_after;

    #[test]
    fn evaluators_that_cannot_work_are_named() {
        insta::assert_snapshot!(
            found_after(
                "testData: [{expected: a}]
evaluators:
  - name: empty
  - name: slip
    string: {contain: a}
  - name: use
    uses: github/similarty
  - name: use
    string: {matches: '('}
"
            ),
            @"
    error P401 5:5 evaluator `empty`: it has nothing to check
    error P401 6:5 evaluator `slip`: `string.contain` is not a check; `contains` is meant
    error P401 8:5 evaluator `use`: there is no evaluator `github/similarty`; `github/similarity` is meant
    error P401 10:5 evaluator `use`: `matches` is not a regular expression: unclosed group
    warning P428 10:5 two evaluators are called `use`
    "
        );
    }

    #[test]
    fn sound_evaluators_pass() {
        assert_eq!(
            found_after(
                "testData: [{expected: a}]
evaluators:
  - name: a
    string: {contains: '{{expected}} in {{completion}}'}
  - name: b
    uses: github/similarity
    atLeast: 0.75
  - name: c
    uses: judges/tone@v3
    atLeast: 0.5
    weight: 2
    required: false
    when: {tags: [smoke]}
  - name: d
    llm: {modelId: openai/gpt-5-mini, prompt: '{{input}}', choices: [{choice: '1', score: 1}, {choice: '0', score: 0}]}
  - name: e
    number: {near: '{{expected}}'}
    type: acme
"
            ),
            ""
        );
    }

    #[test]
    fn a_judge_that_passes_with_any_score_is_pointed_out() {
        insta::assert_snapshot!(
            found_after(
                "evaluators:
  - name: stars
    llm: {modelId: m, prompt: '{{completion}}', choices: [{choice: bad, score: 0.25}, {choice: good, score: 1}]}
  - name: alike
    uses: github/similarity
  - name: tone
    uses: judges/tone
"
            ),
            @"
    warning P404 4:5 evaluator `stars` passes with any score above 0
    warning P404 6:5 evaluator `alike` passes with any score above 0
    warning P404 8:5 evaluator `tone` passes with any score above 0
    "
        );
    }

    #[test]
    fn a_key_that_nothing_reads_and_looks_like_one_that_counts_is_pointed_out() {
        insta::assert_snapshot!(
            found_after(
                "evaluators:
  - name: a
    string: {contains: a}
    requird: false
    wieght: 2
    atleast: 0.5
    test: mine
"
            ),
            @"
    warning P428 6:14 `requird` is no key of an evaluator; `required` is meant
    warning P428 7:13 `wieght` is no key of an evaluator; `weight` is meant
    warning P428 8:14 `atleast` is no key of an evaluator; `atLeast` is meant
    "
        );
    }

    #[test]
    fn the_prompts_own_schema_has_to_be_there() {
        insta::assert_snapshot!(
            found_after("evaluators: [{name: a, json: {schema: output}}]\n"),
            @"error P401 3:14 evaluator `a`: `schema: output` needs a schema, and the prompt has no `jsonSchema`"
        );
    }
}
