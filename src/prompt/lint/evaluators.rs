//! Evaluators that cannot work.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finding, Subject};
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::evaluate::{self, BUILT_IN};
use crate::prompt::name::nearest;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let document = subject.document;
    let known = fields(subject);
    let mut names = BTreeSet::new();
    for (index, evaluator) in document.evaluators.iter().enumerate() {
        let place = document.span_of(&format!("evaluators[{index}]"));
        let name = evaluator.get("name").and_then(Value::as_str);
        if let Some(name) = name.filter(|name| !names.insert(*name)) {
            findings.push(
                Finding::warning(
                    code::BAD_EVALUATOR,
                    format!("two evaluators are called `{name}`"),
                )
                .at(place)
                .help("give each a name of its own, so that results can be told apart"),
            );
        }
        if let Err(finding) = evaluate::check(evaluator) {
            findings.push(finding.at(place));
            continue;
        }
        findings.extend(unknown_use(evaluator).map(|finding| finding.at(place)));
        findings.extend(missing_field(evaluator, &known, subject).map(|finding| finding.at(place)));
    }
}

/// `uses:` with a slip in one of the names that are known.
fn unknown_use(evaluator: &Object) -> Option<Finding> {
    let uses = evaluator.get("uses")?.as_str()?;
    if BUILT_IN.contains(&uses) {
        return None;
    }
    let near = nearest(uses, BUILT_IN)?;
    let message = format!("there is no evaluator `{uses}`; `{near}` is meant");
    Some(
        Finding::error(code::BAD_EVALUATOR, message)
            .help(format!("the built-in ones are {}", BUILT_IN.join(", "))),
    )
}

/// The fields that some case has, defaults of the input schema among them.
fn fields<'a>(subject: &Subject<'a>) -> BTreeSet<&'a str> {
    let document = subject.document;
    let declared = document
        .input_schema
        .as_ref()
        .and_then(|schema| schema.get("properties")?.as_object());
    let declared = declared
        .into_iter()
        .flat_map(Object::keys)
        .map(String::as_str);
    let given = document
        .test_data
        .iter()
        .flat_map(Object::keys)
        .map(String::as_str);
    given.chain(declared).collect()
}

/// A field that an evaluator without a model asks for and that no case has.
fn missing_field(
    evaluator: &Object,
    known: &BTreeSet<&str>,
    subject: &Subject<'_>,
) -> Option<Finding> {
    // What stands in datasets is read elsewhere.
    if subject.document.test_data.is_empty() || !subject.document.datasets.is_empty() {
        return None;
    }
    let asked = evaluate::asked_fields(evaluator);
    let missing = asked.iter().find(|name| !known.contains(name.as_str()))?;
    let label = evaluator
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or("without a name");
    let message = format!("evaluator `{label}`: no case of `testData` has a field `{missing}`");
    let help = match nearest(missing, known.iter().copied()) {
        Some(near) => format!("`{near}` exists"),
        None => format!(
            "give every case a `{missing}`, or take `{{{{{missing}}}}}` out of the evaluator"
        ),
    };
    Some(Finding::error(code::BAD_EVALUATOR, message).help(help))
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
  - name: field
    string: {contains: '{{expectd}}'}
  - name: use
    uses: github/similarty
  - name: use
    string: {matches: '('}
"
            ),
            @r"
        error P401 5:5 evaluator `empty`: it has nothing to check
        error P401 6:5 evaluator `slip`: `string.contain` is not a check; `contains` is meant
        error P401 8:5 evaluator `field`: no case of `testData` has a field `expectd`
        error P401 10:5 there is no evaluator `github/similarty`; `github/similarity` is meant
        warning P401 12:5 two evaluators are called `use`
        error P401 12:5 evaluator `use`: `matches` is not a regular expression: unclosed group
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
  - name: c
    uses: acme/own
  - name: d
    llm: {modelId: openai/gpt-5-mini, prompt: '{{input}}', choices: [{choice: '1', score: 1}]}
"
            ),
            ""
        );
    }
}
