//! A suite, and the cases in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::shelf::Values;
use crate::files::Loaded;
use crate::prompt::digest::digest_of;
use crate::prompt::document::Object;
use crate::prompt::evaluate::applies;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::visible;
use crate::record::privacy::is_sensitive;

/// The cases, evaluators and thresholds of one prompt, where its file and datasets were read.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The cases: those of `testData`, then those of each dataset, in their order.
    pub cases: Vec<Case>,
    /// The evaluators of the prompt, as they stand in its file.
    pub evaluators: Vec<Object>,
    /// How often each case is asked, unless it says so itself: `eval.repeat`, else 1.
    pub repeat: u32,
    /// `eval.minPassRate`, from 0 to 1; without it every case has to pass.
    pub min_pass_rate: Option<f64>,
    /// `eval.margin`, the loss that counts as none, else 0.05.
    pub margin: f64,
    /// `eval.judge`, the reference of the judge that is asked where an evaluator names none.
    pub judge: Option<String>,
    /// The judges that the evaluators name, by what stands behind `uses:`.
    pub judges: BTreeMap<String, SuiteJudge>,
    /// The defaults of the input schema, which an evaluator sees where the case leaves a field out.
    pub defaults: Object,
    /// SHA-256, as 64 hexadecimal digits, over all that decides: cases, evaluators, the contents of
    /// judges, repeats and thresholds. Their order counts, where they stand does not.
    pub digest: String,
}

impl Suite {
    /// What an evaluator sees as the case: all its fields but `case:`, with the defaults of the
    /// input schema. Files stay as they are written, `{file: PATH}`.
    pub fn fields(&self, case: &Case) -> Object {
        let mut fields = self.defaults.clone();
        let variables = case.variables.get();
        let written = variables.iter().chain(&case.others);
        fields.extend(written.map(|(name, value)| (name.clone(), value.clone())));
        if let Some(expected) = &case.expected {
            fields.insert("expected".to_owned(), expected.clone());
        }
        fields
    }

    /// Whether an evaluator finds a field of this name in the case.
    pub fn has_field(&self, case: &Case, name: &str) -> bool {
        (name == "expected" && case.expected.is_some())
            || case.variables.names().any(|it| it == name)
            || case.others.contains_key(name)
            || self.defaults.contains_key(name)
    }

    /// The evaluators that look at a case: the prompt's whose `when` lets them, then its own.
    pub fn judges_of<'s>(&'s self, case: &'s Case) -> impl Iterator<Item = &'s Object> {
        let all = self.evaluators.iter().chain(&case.evaluators);
        all.filter(|evaluator| applies(evaluator, &case.tags))
    }

    /// How often a case is asked.
    pub fn repeats(&self, case: &Case) -> u32 {
        case.repeat.unwrap_or(self.repeat)
    }
}

/// A judge that an evaluator of a suite names, where the suite was read.
#[derive(Debug, Clone)]
pub struct SuiteJudge {
    /// Its prompt.
    pub loaded: Arc<Loaded>,
    /// Whether labels of people have checked it as it is.
    pub is_calibrated: bool,
    /// Why the figures that are kept of it do not count.
    pub unsound: Option<String>,
}

/// One case: values for the prompt's variables, and what is expected of the answer.
#[derive(Debug, Clone)]
pub struct Case {
    /// `case.id`, else the first 12 digits of `digest`, or of [`content`](Self::content) where cases
    /// share their variables and differ in what is expected of them.
    pub id: String,
    /// SHA-256, as 64 hexadecimal digits, over the canonical variables and the hashes of their files.
    pub digest: String,
    /// The prompt's variables, as they are written: a file is `{file: PATH}` here.
    pub variables: Values,
    /// The other fields, which only evaluators see.
    pub others: Object,
    /// `expected`, any JSON.
    pub expected: Option<Value>,
    /// The files that stand for variables.
    pub files: Vec<CaseFile>,
    /// `case.tags`.
    pub tags: Vec<String>,
    /// `case.weight`, else 1.
    pub weight: f64,
    /// `case.group`: what belongs together, such as the turns of one conversation.
    pub group: Option<String>,
    /// `case.repeat`, how often this case is asked.
    pub repeat: Option<u32>,
    /// `case.required`: it has to pass, whatever the rate.
    pub required: bool,
    /// `case.evaluators`, added to the prompt's.
    pub evaluators: Vec<Object>,
    /// `case.skip`, why the case is not asked.
    pub skip: Option<String>,
    /// `case.rule`, what the case is there to try.
    pub rule: Option<String>,
    /// `case.source`.
    pub source: CaseSource,
    /// `case.reviewed`, whether a person has looked at it.
    pub reviewed: bool,
    /// `case.note`.
    pub note: Option<String>,
    /// Where the case stands.
    pub place: CasePlace,
}

impl Case {
    /// What the case gives the prompt, in short: a single text as it stands, several values with their
    /// names. A variable that the input schema marks `x-sensitive: true` shows nothing of its value.
    pub fn in_short(&self, schema: Option<&Value>) -> Option<String> {
        const MOST: usize = 200;
        let cut = |text: &str, most: usize| match text.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        };
        let shown = |name: &str, value: &Value| match value {
            _ if schema.is_some_and(|schema| is_sensitive(schema, name)) => {
                "(sensitive)".to_owned()
            }
            Value::String(text) => cut(text, MOST),
            // A list may be long, and so may what stands in it.
            other => cut(&other.to_string(), MOST),
        };
        let variables = self.variables.get();
        let mut values = variables.iter();
        let text = match (values.next()?, values.next()) {
            ((name, value), None) => shown(name, value),
            _ => {
                let each = variables.iter().take(MOST);
                let each = each.map(|(name, value)| format!("{name}: {}", shown(name, value)));
                each.collect::<Vec<_>>().join("; ")
            }
        };
        Some(cut(&visible::line(text.trim()), MOST))
    }

    /// SHA-256, as 64 hexadecimal digits, over what decides about one answer: the variables, what is
    /// expected, the other fields and the case's own evaluators. Two versions have a case in common
    /// if its id and this are the same.
    pub fn content(&self) -> String {
        let content = json!({
            "variables": self.digest,
            "expected": self.expected,
            "others": self.others,
            "evaluators": self.evaluators,
        });
        digest_of(content).to_string()
    }

    /// All of a case that decides about its result and its part in the rates, wherever it stands.
    pub(super) fn whole(&self) -> Value {
        json!({
            "id": self.id,
            "content": self.content(),
            "tags": self.tags,
            "weight": self.weight,
            "group": self.group,
            "repeat": self.repeat,
            "required": self.required,
            "skip": self.skip,
        })
    }
}

/// Where a case came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CaseSource {
    /// Somebody wrote it.
    #[default]
    Human,
    /// A model made it up.
    Generated,
    /// It was taken from the execution log.
    Log,
}

impl CaseSource {
    /// The source as files write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Generated => "generated",
            Self::Log => "log",
        }
    }
}

/// A file that stands for a variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    pub variable: String,
    /// The file, from the top of the repository.
    pub path: String,
    /// SHA-256 of its bytes, as 64 hexadecimal digits.
    pub sha256: String,
}

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasePlace {
    /// The file, from the top of the repository.
    pub path: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl CasePlace {
    /// The finding at this place, unless it has one of its own.
    pub fn mark(&self, finding: Finding) -> Finding {
        match finding.path {
            Some(_) => finding,
            None => Finding {
                span: None,
                ..finding
            }
            .in_file(&self.path)
            .at(Span::point(self.line, self.column)),
        }
    }
}
