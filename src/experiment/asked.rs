//! What the evaluators of a suite ask of its cases.

use serde_json::Value;

use super::case::{Case, Suite};
use super::found::Found;
use crate::prompt::code;
use crate::prompt::document::{Document, Object};
use crate::prompt::evaluate::{applies, asked_fields};
use crate::prompt::finding::{Finding, Severity};
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

/// What the evaluators of a suite ask of each case.
pub(super) struct Asked<'s> {
    suite: &'s Suite,
    common: Vec<Question<'s>>,
    /// Whether all cases stand in the prompt's own file.
    pub(super) is_of_one_file: bool,
}

/// An evaluator's name, and the fields that it asks for.
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
}

impl<'s> Asked<'s> {
    pub(super) fn by(suite: &'s Suite) -> Self {
        Self {
            suite,
            common: suite.evaluators.iter().map(Question::of).collect(),
            is_of_one_file: false,
        }
    }

    /// Tells of the fields that some of these cases lack: for each question the first case, and how
    /// many others.
    pub(super) fn of<'c>(
        &self,
        cases: impl IntoIterator<Item = &'c Case>,
        severity: Severity,
        found: &mut Found,
    ) {
        let mut lacking: Vec<Option<(Finding, usize)>> = self.common.iter().map(|_| None).collect();
        let mut seen = 0;
        for case in cases {
            seen += 1;
            let own = case.evaluators.iter().map(Question::of);
            for question in own {
                let finding = self.missing(&question, case, severity);
                found.extend(finding.map(|finding| case.place.mark(finding)));
            }
            for (question, lacking) in self.common.iter().zip(&mut lacking) {
                match (lacking, self.missing(question, case, severity)) {
                    (Some((_, count)), Some(_)) => *count += 1,
                    (lacking, Some(finding)) => *lacking = Some((case.place.mark(finding), 1)),
                    (_, None) => {}
                }
            }
        }
        for (mut finding, count) in lacking.into_iter().flatten() {
            // What no case of the file has is told of the evaluator.
            if severity == Severity::Warning && self.is_of_one_file && count == seen {
                continue;
            }
            match count {
                1 => {}
                2 => finding.message.push_str(", and another case too"),
                more => finding
                    .message
                    .push_str(&format!(", and {} others too", more - 1)),
            }
            found.push(finding);
        }
    }

    fn missing(&self, question: &Question<'_>, case: &Case, severity: Severity) -> Option<Finding> {
        if !applies(question.evaluator, &case.tags) || case.skip.is_some() {
            return None;
        }
        let mut fields = question.fields.iter();
        let missing = fields.find(|field| !self.suite.has_field(case, field))?;
        let message = format!(
            "evaluator `{}` asks for `{missing}`, which the case `{}` lacks",
            question.name, case.id
        );
        let known = case.variables.keys().chain(case.others.keys());
        let help = match nearest(missing, known.map(String::as_str)) {
            Some(near) => format!("the case has `{near}`: is `{missing}` meant?"),
            None => format!("give the case a `{missing}`"),
        };
        let mut finding = Finding::error(code::BAD_EVALUATOR, message).help(help);
        finding.severity = severity;
        Some(finding)
    }
}
