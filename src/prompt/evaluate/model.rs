//! `llm:` and `uses:`, evaluators that ask a model. Here only their form is read.

use serde_json::Value;

use super::fill::Fields;
use super::table::{Given, Role, Row, Takes, setting};
use super::{BUILT_IN, Finding, Object, bad, cut, shown};
use crate::prompt::name::nearest;
use crate::prompt::reference::{Reference, Selector};

/// Who judges, and by what.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// `llm:`, a question written out in the evaluator.
    Llm(Llm),
    /// `uses: github/…`, one of [`BUILT_IN`].
    BuiltIn(&'static str),
    /// `uses: judges/NAME` or `judges/NAME@v3`, a prompt file.
    Judge(Reference),
}

/// A question to a model about an answer, as GitHub writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Llm {
    /// The model that is asked.
    pub model_id: String,
    /// What it is told; no template.
    pub system_prompt: Option<String>,
    /// What it is asked: a template over the case and `{{completion}}`.
    pub prompt: String,
    /// What it may answer; at least one, each once.
    pub choices: Vec<Choice>,
}

impl Llm {
    /// The question about an answer to a case. `write` says how a value stands in it.
    ///
    /// # Errors
    /// `P401`: it asks for a field that the case lacks.
    pub fn question(
        &self,
        fields: &Object,
        completion: &str,
        write: impl Fn(&str) -> String,
    ) -> Result<String, Finding> {
        let fields = Fields {
            case: fields,
            output: Some(completion),
        };
        fields.fill_text(&self.prompt, write)
    }
}

/// What a model may answer, and what that is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The answer.
    pub choice: String,
    /// From 0 to 1.
    pub score: f64,
}

pub(super) static LLM: [Row; 5] = [
    setting("modelId", "the model that is asked", Takes::Text, |given| {
        non_empty_text(given).map(drop)
    }),
    setting(
        "systemPrompt",
        "what the model is told",
        Takes::Text,
        |given| given.text().map(drop),
    ),
    setting(
        "prompt",
        "what the model is asked, a template over the case and `{{completion}}`",
        Takes::Text,
        |given| non_empty_text(given).map(drop),
    ),
    setting(
        "choices",
        "what the model may answer, and the score of each, from 0 to 1",
        Takes::Choices,
        |given| choices(given).map(drop),
    ),
    setting(
        "atLeast",
        "the score from which the answer passes; without it every score above 0 does, as at GitHub",
        Takes::Share,
        |given| given.share().map(drop),
    ),
];

/// What stands below `llm:`.
pub(super) fn llm(given: &Object) -> Result<Model, Finding> {
    for key in given.keys() {
        super::table::find("llm", key, &LLM)?;
    }
    let value = |key: &'static str| {
        let value = given.get(key).filter(|value| !value.is_null())?;
        Some(Given {
            key,
            value,
            settings: given,
        })
    };
    for row in &LLM {
        if let (Role::Setting(look), Some(given)) = (&row.role, value(row.name)) {
            look(&given)?;
        }
    }
    let needed = |key: &'static str| {
        value(key).ok_or_else(|| {
            bad(format!("`llm` needs `{key}`")).help(
                "`llm` has `modelId`, `prompt` and `choices`, such as `choices: [{choice: good, score: 1}, {choice: bad, score: 0}]`.",
            )
        })
    };
    Ok(Model::Llm(Llm {
        model_id: non_empty_text(&needed("modelId")?)?,
        system_prompt: value("systemPrompt")
            .map(|given| given.text())
            .transpose()?,
        prompt: non_empty_text(&needed("prompt")?)?,
        choices: choices(&needed("choices")?)?,
    }))
}

/// A text with something in it.
fn non_empty_text(given: &Given<'_>) -> Result<String, Finding> {
    let text = given.text()?;
    if text.trim().is_empty() {
        return Err(bad(format!("`{}` of `llm` is empty", given.key)));
    }
    Ok(text)
}

fn choices(given: &Given<'_>) -> Result<Vec<Choice>, Finding> {
    const HELP: &str = "Write each as `{choice: good, score: 1}`, with a score from 0 to 1.";
    let Some(items) = given.value.as_array().filter(|items| !items.is_empty()) else {
        return Err(given.wrong("a list of choices", HELP));
    };
    let mut choices: Vec<Choice> = Vec::new();
    for item in items {
        let choice = match item.get("choice") {
            Some(Value::String(text)) => Some(text.trim().to_owned()),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
            _ => None,
        };
        let score = item.get("score").and_then(Value::as_f64);
        let score = score.filter(|score| (0.0..=1.0).contains(score));
        let (Some(choice), Some(score)) = (choice.filter(|text| !text.is_empty()), score) else {
            return Err(bad(format!("`choices` has {}", shown(item))).help(HELP));
        };
        if choices
            .iter()
            .any(|known| known.choice.eq_ignore_ascii_case(&choice))
        {
            return Err(bad(format!("`choices` has `{}` twice", cut(&choice))));
        }
        choices.push(Choice { choice, score });
    }
    Ok(choices)
}

/// What `uses:` names.
pub(super) fn uses(value: &Value) -> Result<Model, Finding> {
    let Some(name) = value.as_str() else {
        return Err(bad("`uses` must be the name of an evaluator")
            .help("Write it as `uses: github/similarity`."));
    };
    if let Some(known) = BUILT_IN.into_iter().find(|known| *known == name) {
        return Ok(Model::BuiltIn(known));
    }
    if name.starts_with("judges/") {
        let judge = name.parse::<Reference>().ok();
        let judge = judge.filter(|judge| !matches!(judge.selector, Selector::Named(_)));
        return judge.map(Model::Judge).ok_or_else(|| {
            bad(format!("`uses: {}` is no judge", cut(name)))
                .help("A judge is a prompt below `judges/`, such as `judges/tone` or, in one version, `judges/tone@v3`.")
        });
    }
    let message = match nearest(name, BUILT_IN) {
        Some(near) => format!("there is no evaluator `{}`; `{near}` is meant", cut(name)),
        None => format!("there is no evaluator `{}`", cut(name)),
    };
    let names = BUILT_IN.join(", ");
    Err(bad(message).help(format!(
        "The built-in ones are {names}. A judge of your own is a prompt below `judges/`, such as `uses: judges/tone`."
    )))
}
