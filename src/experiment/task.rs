//! A prompt with a model, and the cases that it is tried on.

use serde_json::Value;

use super::case::{Case, Suite};
use super::files::CaseFiles;
use super::judge::Judges;
use super::ready::values;
use super::result::Subject;
use crate::error::Failure;
use crate::execute::{Expected, Rendered, Renderer, Request};
use crate::files::Loaded;
use crate::openai::request::RequestOptions;
use crate::prompt::document::Object;
use crate::prompt::evaluate::Evaluator;

/// A prompt with a model, and the cases that it is tried on.
#[derive(Clone)]
pub struct Task<'a> {
    /// What results call it.
    pub subject: Subject,
    /// The prompt.
    pub loaded: &'a Loaded,
    /// Its cases and evaluators.
    pub suite: &'a Suite,
    /// Which of the cases.
    pub cases: Vec<usize>,
    /// Whether a case is asked that no evaluator looks at.
    pub asks_unjudged: bool,
    /// How often each is asked, where the command line says so.
    pub repeat: Option<u32>,
    /// The evaluators of the prompt, ready.
    pub evaluators: &'a [Evaluator],
    /// The schema that `json: {schema: output}` means, for the evaluators of cases.
    pub schema: Option<&'a Value>,
    /// The judges that evaluators ask, ready.
    pub judges: &'a Judges,
    /// The prompt's templates.
    pub renderer: &'a Renderer<'a>,
    /// Where files that cases send along are read.
    pub files: &'a dyn CaseFiles,
    /// The form that answers must have.
    pub expected: &'a Expected,
    /// The model, where it is not the file's.
    pub options: RequestOptions,
    /// The base URL of the server. None for the model `echo`, whose answers are not kept.
    pub server: Option<String>,
}

impl Task<'_> {
    /// The case of this number, among those that are meant.
    pub fn case(&self, at: usize) -> &Case {
        &self.suite.cases[self.cases[at]]
    }

    /// How often a case is asked.
    pub fn repeats(&self, case: &Case) -> u32 {
        self.repeat.unwrap_or_else(|| self.suite.repeats(case))
    }

    /// What is sent for the case of this number, among those that are meant.
    ///
    /// # Errors
    /// The case lacks a variable or has one that does not fit; or no request can be made of it.
    pub fn request(&self, at: usize) -> Result<(Rendered, Request), Failure> {
        let values = values(self.case(at), self.files).map_err(Failure::from)?;
        self.request_of(values)
    }

    /// The same for the values of a case, its files read.
    ///
    /// # Errors
    /// See [`request`](Self::request).
    pub fn request_of(&self, values: Object) -> Result<(Rendered, Request), Failure> {
        let rendered = self.renderer.render(values)?;
        let document = &self.loaded.document;
        let request = Request::new(document, &rendered, &self.options, None)?;
        Ok((rendered, request))
    }
}
