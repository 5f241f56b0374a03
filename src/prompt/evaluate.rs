//! Evaluators: checks of one output.
//!
//! An evaluator is an entry of a prompt's `evaluators:` with a `name` and one of the keys of the table in `kinds.rs`.
//! All but `llm` and `uses` are decided here, from the output and the case alone: no model is asked, and
//! the same output always gets the same verdict. Where an evaluator holds several checks, all of them
//! must pass. A new check is one row of the table of its kind: its name, its words and its function;
//! [`checks`], [`settings`] and [`properties`] list them for people and for editors.
//!
//! `equals`, `contains`, `startsWith` and `endsWith` of `string` are GitHub's, and mean here what
//! they mean there; an empty one counts as left out. `llm` and `uses` need a model: [`judge_case`] says
//! so, and whoever asked the model says the score with [`Judged::settle`].
//!
//! **Values are templates over the case.** `{{name}}` stands for that field of the case, and
//! `{{completion}}` for the output. A value that is nothing but `{{name}}` takes the field as it
//! is, so that `containsAll: "{{must_mention}}"` takes a list, `maxItems: "{{limit}}"` a number and
//! `enum: "{{labels}}"` inside `json.schema` a list. What a field holds is never expanded again,
//! and is plain text inside a regular expression. A field that the case lacks is an error, because
//! a check against nothing would pass or fail for no reason.
//!
//! An [`Evaluator`] is made once for all cases: the regular expressions and schemas that ask for no
//! field of a case are compiled then.

mod answer;
mod facts;
mod fill;
mod json;
mod judgement;
mod kinds;
mod metric;
mod model;
mod needed;
mod number;
mod string;
mod table;
mod text;

use serde_json::Value;

use super::code::BAD_EVALUATOR;
use super::document::Object;
use super::finding::Finding;
use super::name::nearest;
use answer::Answer;
use fill::Fields;
use kinds::Kind;
use table::Outcome;

pub use answer::{Ended, Output, ToolCall};
pub use judgement::{CaseJudgement, Judged, Verdict, judge_case};
pub use kinds::{checks, properties, settings, with_judge};
pub use model::{Choice, Llm, Model};
pub use needed::{applies, asked_fields};

/// The evaluators of GitHub's that `uses:` can name.
pub const BUILT_IN: [&str; 5] = [
    "github/similarity",
    "github/relevance",
    "github/groundedness",
    "github/fluency",
    "github/coherence",
];

/// An evaluator that is known to work, ready for any number of cases.
pub struct Evaluator {
    name: String,
    weight: f64,
    required: bool,
    /// The score from which it passes.
    at_least: Option<f64>,
    /// The case has to have one of these; none: every case is asked.
    tags: Option<Vec<String>>,
    kind: Kind,
}

/// Makes the evaluators of a prompt, or those of one case, ready. `schema` is the prompt's own
/// `jsonSchema.schema`, which `json: {schema: output}` asks for.
///
/// # Errors
/// The first that cannot work, as [`Evaluator::new`] says; `P401` where they take too much memory.
pub fn prepare(evaluators: &[Object], schema: Option<&Value>) -> Result<Vec<Evaluator>, Finding> {
    let mut memory = Memory::default();
    let mut prepared = Vec::with_capacity(evaluators.len());
    for evaluator in evaluators {
        let evaluator = Evaluator::new(evaluator, schema)?;
        memory.take(&evaluator)?;
        prepared.push(evaluator);
    }
    Ok(prepared)
}

/// Looks whether an evaluator can work at all, whatever schema the prompt has.
///
/// # Errors
/// As [`Evaluator::new`].
pub fn check(evaluator: &Object) -> Result<(), Finding> {
    Evaluator::new(evaluator, Some(&Value::Bool(true))).map(drop)
}

/// How many bytes the evaluators of one prompt take, about.
#[derive(Debug, Default)]
pub struct Memory(u64);

impl Memory {
    /// Counts an evaluator in.
    ///
    /// # Errors
    /// `P401` when all together are too large.
    pub fn take(&mut self, evaluator: &Evaluator) -> Result<(), Finding> {
        const MOST: u64 = 200_000_000;
        self.0 = self.0.saturating_add(evaluator.kind.memory());
        if self.0 <= MOST {
            return Ok(());
        }
        let what = "the regular expressions and schemas of this evaluator and those before it are too large together";
        let help =
            "Write repetitions such as `{1,999}` with smaller numbers, or take evaluators out.";
        Err(named(&evaluator.name, bad(what).help(help)))
    }
}

impl Evaluator {
    /// Reads an evaluator: its keys, the types of its values, and the regular expressions and schemas
    /// that ask for no field of a case.
    ///
    /// # Errors
    /// `P401` when it cannot work with any output: no check, an unknown one, or a value of the wrong
    /// type. The code of the fault when the prompt's own schema, which it asks for, is not valid.
    pub fn new(evaluator: &Object, schema: Option<&Value>) -> Result<Self, Finding> {
        Self::read(evaluator, schema).map_err(|finding| named(&name_of(evaluator), finding))
    }

    fn read(evaluator: &Object, schema: Option<&Value>) -> Result<Self, Finding> {
        let options = kinds::Options::of(evaluator)?;
        let (kind, at_least) = Kind::of(evaluator, options.at_least, schema)?;
        let mut name = name_of(evaluator);
        if name.is_empty() {
            name.push_str(kinds::name_of_kind(evaluator).unwrap_or_default());
        }
        Ok(Self {
            name,
            weight: options.weight,
            required: options.required,
            at_least,
            tags: options.tags,
            kind,
        })
    }

    /// Its name; that of its kind, where it has none of its own.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which model it asks, and what.
    pub fn model(&self) -> Option<&Model> {
        match &self.kind {
            Kind::Model(model) => Some(model),
            _ => None,
        }
    }

    /// Whether it passes with any score above 0 although some of its scores lie between 0 and 1, because
    /// nothing says how much is enough.
    pub fn passes_too_easily(&self) -> bool {
        let between = |choice: &Choice| choice.score > 0.0 && choice.score < 1.0;
        self.at_least.is_none()
            && match self.model() {
                Some(Model::Llm(llm)) => llm.choices.iter().any(between),
                Some(Model::BuiltIn(_) | Model::Judge(_)) => true,
                None => false,
            }
    }

    /// Whether a case with these tags is asked.
    pub fn asks(&self, tags: &[String]) -> bool {
        let wanted = self.tags.as_ref();
        wanted.is_none_or(|wanted| wanted.iter().any(|tag| tags.contains(tag)))
    }

    /// Looks whether it can work with a case, before there is an output.
    ///
    /// # Errors
    /// `P401` when the case lacks a field that it asks for, or has one of the wrong type.
    pub fn check_case(&self, fields: &Object, tags: &[String]) -> Result<(), Finding> {
        if !self.asks(tags) {
            return Ok(());
        }
        let fields = Fields {
            case: fields,
            output: None,
        };
        let checked = self.kind.check(fields);
        checked.map_err(|finding| named(&self.name, finding))
    }

    fn judge(&self, fields: &Object, tags: &[String], answer: &Answer<'_>) -> Verdict {
        if !self.asks(tags) {
            return Verdict::NotAsked;
        }
        let fields = Fields {
            case: fields,
            output: Some(answer.output.text),
        };
        match self.kind.run(fields, answer) {
            Ok(None) => Verdict::NeedsModel,
            Ok(Some(Outcome::Passes)) => Verdict::decided(true, 1.0, None),
            Ok(Some(Outcome::Fails(reason))) => Verdict::decided(false, 0.0, Some(reason)),
            Ok(Some(Outcome::Scores(score, fails))) => {
                Verdict::decided(fails.is_none(), score, fails)
            }
            Ok(Some(Outcome::Unknown(reason))) => Verdict::Undecided { reason },
            Err(finding) => Verdict::Undecided {
                reason: finding.message,
            },
        }
    }
}

/// A key of an evaluator that is none and looks like one, with the one that is probably meant.
pub fn slips(evaluator: &Object) -> impl Iterator<Item = (&str, &'static str)> {
    let keys = evaluator.keys().map(String::as_str);
    let unknown = keys.filter(|key| kinds::keys().all(|known| known != *key));
    unknown.filter_map(|key| Some((key, nearest(key, kinds::keys().filter(|it| it.len() > 4))?)))
}

/// A finding about an evaluator that cannot work; [`named`] puts the evaluator's name before it.
fn bad(message: impl Into<String>) -> Finding {
    Finding::error(BAD_EVALUATOR, message)
}

fn name_of(evaluator: &Object) -> String {
    match evaluator.get("name") {
        Some(Value::String(name)) => name.clone(),
        Some(name @ (Value::Number(_) | Value::Bool(_))) => name.to_string(),
        _ => String::new(),
    }
}

fn named(name: &str, mut finding: Finding) -> Finding {
    let name = match name {
        "" => "evaluator without a name".to_owned(),
        name => format!("evaluator `{}`", cut(name)),
    };
    finding.message = format!("{name}: {}", finding.message);
    finding
}

/// A value for a message, as JSON, cut where it is long.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => cut(&super::validator::short(other)),
    }
}

/// A text for a message, as JSON, cut where it is long.
fn quoted(text: &str) -> String {
    Value::from(cut(text)).to_string()
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
