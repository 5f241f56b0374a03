//! What the evaluators of a suite ask of its cases.

use serde_json::Value;

use super::case::{Case, Suite};
use super::found::Found;
use crate::prompt::code;
use crate::prompt::document::{Document, Object};
use crate::prompt::evaluate::{applies, asked_fields};
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::hint::Hint;
use crate::prompt::name::nearest;

/// Tells of cases that no evaluator looks at.
pub(super) fn unjudged(suite: &Suite, document: &Document, path: &str, found: &mut Found) {
    let has_own = |case: &Case| !case.evaluators.is_empty();
    if suite.evaluators.is_empty() && !suite.cases.iter().any(has_own) {
        if let Some(first) = suite.cases.first() {
            let mut finding = Finding::warning(
                code::CASE_UNJUDGED,
                "the prompt has cases and no evaluators: no answer can pass or fail",
            )
            .help("write `evaluators:`, such as `- {name: right queue, string: {contains: \"{{expected}}\"}}`");
            // Many keep their examples so. Who says how they are to be run means to run them.
            if document.eval == Default::default() {
                finding.severity = Severity::Note;
            }
            let at = document.span_of("testData");
            found.push(match at {
                Some(at) => finding.in_file(path).at(at),
                None => first.place.mark(finding),
            });
        }
        return;
    }
    for case in &suite.cases {
        let is_judged = suite.judges_of(case).next().is_some();
        if !is_judged && case.skip.is_none() {
            let finding = Finding::warning(
                code::CASE_UNJUDGED,
                format!("no evaluator looks at the case `{}`", case.id),
            )
            .help("give it `case.evaluators`, or a tag that an evaluator's `when` names");
            found.push(case.place.mark(finding));
        }
    }
}

/// An evaluator of all cases or of one, its name, and the fields that it asks for.
struct Question<'s> {
    evaluator: &'s Object,
    name: &'s str,
    fields: Vec<String>,
}

impl<'s> Question<'s> {
    fn of(evaluator: &'s Object) -> Self {
        let name = evaluator.get("name").and_then(Value::as_str);
        Self {
            evaluator,
            name: name.unwrap_or("without a name"),
            fields: asked_fields(evaluator),
        }
    }

    /// The field that a case lacks.
    fn missing(&self, suite: &Suite, case: &Case) -> Option<&str> {
        if !applies(self.evaluator, &case.tags) || case.skip.is_some() {
            return None;
        }
        let mut fields = self.fields.iter().map(String::as_str);
        fields.find(|field| !suite.has_field(case, field))
    }

    /// Where no case has the field.
    fn of_no_case(&self, missing: &str, suite: &Suite) -> Finding {
        let message = format!(
            "evaluator `{}`: no case of `testData` has a field `{missing}`",
            self.name
        );
        let has_expected = suite.cases.iter().any(|case| case.expected.is_some());
        let known = suite
            .cases
            .iter()
            .flat_map(names)
            .chain(has_expected.then_some("expected"));
        let help = match nearest(missing, known) {
            Some(near) => format!("`{near}` exists"),
            None => format!(
                "give every case a `{missing}`, or take `{{{{{missing}}}}}` out of the evaluator"
            ),
        };
        Finding::error(code::BAD_EVALUATOR, message).help(help)
    }

    fn finding(&self, missing: &str, case: &Case) -> Finding {
        let message = format!(
            "evaluator `{}` asks for `{missing}`, which the case `{}` lacks",
            self.name, case.id
        );
        Finding::error(code::BAD_EVALUATOR, message).help(Hint::GiveCaseField {
            field: missing.to_owned(),
            near: nearest(missing, names(case)).map(ToString::to_string),
        })
    }
}

/// The names of a case's fields but `expected`.
fn names(case: &Case) -> impl Iterator<Item = &str> {
    let others = case.others.keys().map(String::as_str);
    case.variables.names().chain(others)
}

/// Tells of the fields that some cases lack: for each evaluator the first case, and how many others;
/// of the evaluator itself where no case of the prompt's own file has the field.
pub(super) fn lacking(suite: &Suite, document: &Document, path: &str, found: &mut Found) {
    for (index, evaluator) in suite.evaluators.iter().enumerate() {
        let question = Question::of(evaluator);
        let mut lacking = suite
            .cases
            .iter()
            .filter_map(|case| Some((question.missing(suite, case)?, case)));
        let Some((missing, case)) = lacking.next() else {
            continue;
        };
        let others = lacking.count();
        let is_own = |case: &Case| *case.place.path == *path;
        if others + 1 == suite.cases.len() && suite.cases.iter().all(is_own) {
            let at = document.span_of(&format!("evaluators[{index}]"));
            found.push(question.of_no_case(missing, suite).in_file(path).at(at));
            continue;
        }
        let mut finding = question.finding(missing, case);
        match others {
            0 => {}
            1 => finding.message.push_str(", and another case too"),
            more => finding
                .message
                .push_str(&format!(", and {more} others too")),
        }
        found.push(case.place.mark(finding));
    }
    for case in &suite.cases {
        for question in case.evaluators.iter().map(Question::of) {
            if let Some(missing) = question.missing(suite, case) {
                found.push(case.place.mark(question.finding(missing, case)));
            }
        }
    }
}

/// Whether the evaluators of a suite ask for `expected` of a case without tags.
pub fn asks_for_expected(suite: &Suite) -> bool {
    let evaluators = suite.evaluators.iter();
    let mut meant = evaluators.filter(|evaluator| applies(evaluator, &[]));
    meant.any(|evaluator| asked_fields(evaluator).iter().any(|it| it == "expected"))
}
