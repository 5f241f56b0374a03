//! One evaluation, ready to be run.

use super::super::evaluation::address;
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::choose::Chosen;
use crate::error::Failure;
use crate::execute::{Expected, Renderer};
use crate::experiment::PromptFiles;
use crate::experiment::judge::Judges;
use crate::files::Loaded;
use crate::prompt::evaluate::{Evaluator, prepare};
use crate::prompt::finding::Finding;
use serde_json::Value;

/// What the cases of a prompt need.
pub(super) struct Prepared<'a> {
    pub(super) chosen: &'a Chosen,
    pub(super) renderer: Renderer<'a>,
    pub(super) expected: Expected,
    pub(super) evaluators: Vec<Evaluator>,
    pub(super) schema: Option<&'a Value>,
    pub(super) judges: Judges,
    pub(super) files: PromptFiles<'a>,
}

impl<'a> Prepared<'a> {
    /// `other` is the content whose schema of the answer counts where this one has none: that of the
    /// cases.
    pub(super) fn new(
        chosen: &'a Chosen,
        other: Option<&'a Loaded>,
        ground: &'a RunContext,
        session: &Session,
    ) -> Result<Self, Failure> {
        let other = other.and_then(|other| other.document.output_schema());
        let schema = chosen.loaded.document.output_schema().or(other);
        let evaluators = prepare(&chosen.suite.evaluators, schema)
            .map_err(|finding| Failure::from(at_evaluator(finding, chosen, schema)))?;
        let judges = judges(chosen, &evaluators, schema, ground, session)?;
        Ok(Self {
            chosen,
            judges,
            evaluators,
            schema,
            renderer: Renderer::new(&ground.store, &chosen.loaded)?,
            expected: Expected::of(&chosen.loaded.document)?,
            files: PromptFiles::of(&ground.store, &chosen.loaded),
        })
    }
}

/// What is wrong with an evaluator of a prompt, at its place in the file.
pub(super) fn at_evaluator(finding: Finding, chosen: &Chosen, schema: Option<&Value>) -> Finding {
    let mut evaluators = chosen.suite.evaluators.iter();
    let wrong = evaluators.position(|it| Evaluator::new(it, schema).is_err());
    let document = &chosen.loaded.document;
    let at = wrong.and_then(|index| document.span_of(&format!("evaluators[{index}]")));
    finding.in_file(&chosen.loaded.path).at(at)
}

/// The judges that the evaluators of a prompt and of its cases ask.
///
/// # Errors
/// An evaluator of a case cannot work, or the provider of a judge's model is not mapped.
pub(super) fn judges(
    chosen: &Chosen,
    evaluators: &[Evaluator],
    schema: Option<&Value>,
    ground: &RunContext,
    session: &Session,
) -> Result<Judges, Failure> {
    let mut own = Vec::new();
    for at in &chosen.cases {
        let case = &chosen.suite.cases[*at];
        let ready = prepare(&case.evaluators, schema)
            .map_err(|finding| Failure::from(case.place.mark(finding)))?;
        own.extend(ready.into_iter().filter(|it| it.model().is_some()));
    }
    let all = evaluators.iter().chain(&own);
    Judges::of(&chosen.suite, all, &|model| address(model, ground, session))
}
