//! Judges: prompts that say how good an answer is.
//!
//! A judge is a prompt file that answers with a reason and a choice. The choices stand in the `enum` of
//! its schema from the worst to the best, and their scores are spread evenly from 0 to 1. `uses:
//! github/NAME` is the judge `judges/NAME`, of the repository or else the bundled one; `llm:` is made
//! into a judge on the spot. What is judged is data, and stands between marks.

pub mod agreement;
pub mod calibration;
mod choice;
mod found;
pub mod labels;
mod marks;
pub mod panel;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::cache::{Cache, Key};
use super::case::{Suite, SuiteJudge};
use super::files::CaseFiles;
use crate::error::Failure;
use crate::execute::{CompiledPrompt, Expected, Prepared, Rendered, Request};
use crate::files::{Loaded, blob_of};
use crate::openai::provider::ModelId;
use crate::openai::request::RequestOptions;
use crate::prompt::code;
use crate::prompt::document::{Document, Object, Role, parse};
use crate::prompt::evaluate::{Choice, Evaluator, Llm, Model};
use crate::prompt::finding::Finding;
use crate::prompt::judged::Checked;
use crate::prompt::rendered::{MessageOrigin, RenderedMessage, RenderedPart};
use crate::prompt::template::Partials;
pub(super) use found::{Asker, judges_of};
pub use found::{choices_of, find, is_judge, reference_of, unsound};
use labels::Labelled;
use marks::Marks;

/// The folder below a root that holds judges.
pub const FOLDER: &str = "judges/";

/// What stands before the names of GitHub's judges.
const GITHUB: &str = "github/";

/// What a judge may be told, beside the fields of the case.
const COMPLETION: &str = "completion";
const INPUT: &str = "input";
const MESSAGES: &str = "messages";

/// The judges of a suite, ready.
#[derive(Default)]
pub struct Judges {
    judges: Vec<(Model, JudgePrompt)>,
}

/// One judge, ready to be asked.
pub struct JudgePrompt {
    /// What results call it: `judges/tone v2`, `openai/gpt-5` of an `llm:`.
    pub name: String,
    /// Whether labels of people have checked it as it is.
    pub is_calibrated: bool,
    /// What it may say, from the worst to the best.
    pub choices: Vec<Choice>,
    /// Its prompt, as records name it.
    pub loaded: Arc<Loaded>,
    /// The base URL of its server. None for the model `echo`.
    pub server: Option<String>,
    expected: Expected,
    options: RequestOptions,
    form: Form,
}

enum Form {
    Prompt(Arc<CompiledPrompt>),
    Llm(Llm),
}

/// What a judge is told of.
#[derive(Debug, Clone, Copy)]
pub struct JudgeInput<'a> {
    /// The fields of the case.
    pub fields: &'a Object,
    /// The answer.
    pub completion: &'a str,
    /// What the model was given; none where nobody knows it.
    pub messages: Option<&'a [RenderedMessage]>,
}

/// Gives the base URL at which a model is asked; none for the model `echo`.
pub type Address<'a> = dyn Fn(&ModelId) -> Result<Option<String>, Failure> + 'a;

impl Judges {
    /// The judges that evaluators of a suite ask, ready.
    ///
    /// # Errors
    /// The provider of a judge's model is not mapped, or its templates cannot be parsed.
    pub fn of<'e>(
        suite: &Suite,
        evaluators: impl IntoIterator<Item = &'e Evaluator>,
        address: &Address<'_>,
    ) -> Result<Self, Failure> {
        let mut ready = Self::default();
        for evaluator in evaluators {
            let Some(model) = evaluator.model() else {
                continue;
            };
            if ready.by(model).is_some() {
                continue;
            }
            let judge = match model {
                Model::Llm(llm) => JudgePrompt::of_llm(llm, address)?,
                Model::BuiltIn(name) => {
                    let Some(judge) = suite.judges.get(*name) else {
                        continue;
                    };
                    JudgePrompt::new(judge, address)?
                }
                Model::Judge(reference) => {
                    let Some(judge) = suite.judges.get(&reference.to_string()) else {
                        continue;
                    };
                    JudgePrompt::new(judge, address)?
                }
            };
            ready.judges.push((model.clone(), judge));
        }
        Ok(ready)
    }

    /// Whether no evaluator asks one.
    pub fn is_empty(&self) -> bool {
        self.judges.is_empty()
    }

    /// The judge that an evaluator asks.
    pub fn by(&self, model: &Model) -> Option<&JudgePrompt> {
        self.numbered(model).map(|(_, judge)| judge)
    }

    /// What labels of people have shown of the judge of this name, by what `files` has.
    pub fn checked(&self, name: &str, files: &dyn CaseFiles) -> Option<Checked> {
        let mut named = self.judges.iter().filter(|(_, judge)| judge.name == name);
        named.find_map(|(_, judge)| calibration::of(&judge.loaded, files)?.ok())
    }

    /// The same, with its number among them.
    pub fn numbered(&self, model: &Model) -> Option<(usize, &JudgePrompt)> {
        let mut all = self.judges.iter().enumerate();
        let found = all.find(|(_, (known, _))| known == model);
        found.map(|(number, (_, judge))| (number, judge))
    }
}

impl JudgePrompt {
    /// A judge whose prompt is a file.
    ///
    /// # Errors
    /// The provider of its model is not mapped, or its templates cannot be parsed.
    pub fn new(judge: &SuiteJudge, address: &Address<'_>) -> Result<Self, Failure> {
        let loaded = &judge.loaded;
        let choices = choices_of(&loaded.document)
            .map_err(|finding| Failure::from(finding.in_file(&loaded.path)))?;
        let prepared = Prepared::with_attachments((**loaded).clone(), BTreeMap::new())?;
        Ok(Self {
            name: format!("{} v{}", loaded.name, loaded.version().number()),
            is_calibrated: judge.is_calibrated,
            choices,
            loaded: Arc::clone(loaded),
            server: server_of(&loaded.document, address)?,
            expected: Expected::of(&loaded.document)?,
            options: RequestOptions::default(),
            form: Form::Prompt(prepared.warm()?),
        })
    }

    /// The question of an evaluator, as a judge.
    fn of_llm(llm: &Llm, address: &Address<'_>) -> Result<Self, Failure> {
        let choices: Vec<&str> = llm.choices.iter().map(|it| it.choice.as_str()).collect();
        let mut messages = Vec::new();
        if let Some(system) = &llm.system_prompt {
            messages.push(json!({"role": "system", "content": system}));
        }
        messages.push(json!({"role": "user", "content": llm.prompt}));
        let text = json!({
            "model": llm.model_id,
            "messages": messages,
            "responseFormat": "json_schema",
            "jsonSchema": {"name": "verdict", "strict": true, "schema": {
                "type": "object",
                "properties": {"reason": {"type": "string"}, "choice": {"type": "string", "enum": choices}},
                "required": ["reason", "choice"],
                "additionalProperties": false,
            }},
        })
        .to_string();
        let document = parse(&text).map_err(Failure::from)?;
        let name = format!("{FOLDER}llm").parse();
        let name = name.map_err(|_| Failure::usage("the name of a judge"))?;
        let loaded = Loaded::from_snapshot(
            name,
            String::new(),
            (None, blob_of(&text)),
            text,
            (document, Partials::new()),
        );
        Ok(Self {
            name: llm.model_id.clone(),
            is_calibrated: false,
            choices: llm.choices.clone(),
            server: server_of(&loaded.document, address)?,
            expected: Expected::of(&loaded.document)?,
            loaded: Arc::new(loaded),
            options: RequestOptions::default(),
            form: Form::Llm(llm.clone()),
        })
    }

    /// Looks whether a judge has what it needs to judge the answers to a case.
    ///
    /// # Errors
    /// `P401`: it asks for something that the case does not have.
    pub fn check(&self, fields: &Object, has_messages: bool) -> Result<(), Finding> {
        let Form::Prompt(prompt) = &self.form else {
            // What an `llm:` asks for is checked with the evaluator.
            return Ok(());
        };
        let is_known = |name: &str| match name {
            COMPLETION => true,
            INPUT | MESSAGES if has_messages => true,
            name => fields.get(name).is_some_and(|value| !value.is_null()),
        };
        let mut needed = prompt.variables().iter().filter(|it| it.required);
        let Some(missing) = needed.find(|it| !is_known(&it.name)) else {
            return Ok(());
        };
        let message = format!(
            "the judge {} asks for `{}`, which the case lacks",
            self.loaded.name, missing.name
        );
        let help = format!("give the case `{}`, or take another judge", missing.name);
        Err(Finding::error(code::BAD_EVALUATOR, message).help(help))
    }

    /// What is sent to have an answer judged.
    ///
    /// # Errors
    /// A variable is missing or does not fit, or no request can be made of it.
    pub fn request(&self, input: &JudgeInput<'_>) -> Result<(Rendered, Request), Failure> {
        let draft = self.request_between(input, &Marks::default())?;
        let values: Vec<String> = self.values(input).into_iter().map(|(_, it)| it).collect();
        let marks = Marks::of(&draft.1.body, &values);
        self.request_between(input, &marks)
    }

    fn request_between(
        &self,
        input: &JudgeInput<'_>,
        marks: &Marks,
    ) -> Result<(Rendered, Request), Failure> {
        let mut rendered = match &self.form {
            Form::Prompt(prompt) => {
                let values = self.values(input).into_iter();
                let between = values.map(|(name, text)| (name, marks.around(&text).into()));
                prompt.render(between.collect())?
            }
            Form::Llm(llm) => rendered_llm(llm, input, marks).map_err(Failure::from)?,
        };
        let leading = rendered.messages.iter().take_while(|message| {
            matches!(message.role, Role::System | Role::Developer)
                && message.stands != MessageOrigin::Given
        });
        let leading = leading.count();
        let notice = message(Role::System, marks.notice());
        rendered.messages.insert(leading, notice);
        let document = &self.loaded.document;
        let mut request = Request::new(document, &rendered, &self.options, None)?;
        if let Some(body) = request.body.as_object_mut()
            && !body.contains_key("store")
        {
            body.insert("store".to_owned(), json!(false));
        }
        rendered.values = self
            .values(input)
            .into_iter()
            .map(|(name, text)| (name, text.into()))
            .collect();
        Ok((rendered, request))
    }

    /// What the judge is told, by variable: texts as they are, other values as JSON.
    fn values(&self, input: &JudgeInput<'_>) -> Vec<(String, String)> {
        let names: Vec<&str> = match &self.form {
            Form::Prompt(prompt) => prompt
                .variables()
                .iter()
                .map(|it| it.name.as_str())
                .collect(),
            Form::Llm(_) => input
                .fields
                .keys()
                .map(String::as_str)
                .chain([COMPLETION])
                .collect(),
        };
        let mut values: Vec<(String, String)> = Vec::new();
        for name in names {
            if let Some(text) = input.value(name) {
                values.push((name.to_owned(), text));
            }
        }
        values
    }

    /// A request without a body, to learn from who is asked.
    ///
    /// # Errors
    /// The name of its model is none.
    pub fn asked(&self) -> Result<Request, Failure> {
        let model = self.loaded.document.model.as_ref();
        Ok(Request {
            body: Value::Null,
            model: model.map(|text| ModelId::parse(text)).transpose()?,
            stored: None,
            fallback: None,
        })
    }

    /// Whether the answer to a question is kept.
    pub fn is_kept(&self, input: &JudgeInput<'_>, cache: &Cache) -> bool {
        let key = self.request(input).ok().and_then(|(_, request)| {
            let server = self.server.as_deref()?;
            Some(Key::new(server, &request.body, 1))
        });
        key.is_some_and(|key| cache.has(&key))
    }

    /// What it is compared with labels as.
    pub fn labelled(&self) -> Labelled<'_> {
        Labelled {
            name: self.loaded.name.as_str(),
            choices: &self.choices,
            variables: match &self.form {
                Form::Prompt(prompt) => prompt.variables(),
                Form::Llm(_) => &[],
            },
        }
    }

    /// What a choice is worth.
    pub fn score(&self, choice: usize) -> f64 {
        self.choices[choice].score
    }
}

impl JudgeInput<'_> {
    fn value(&self, name: &str) -> Option<String> {
        if name == COMPLETION {
            return Some(self.completion.to_owned());
        }
        match self.fields.get(name).filter(|value| !value.is_null()) {
            Some(Value::String(text)) => return Some(text.clone()),
            Some(other) if name != MESSAGES => return Some(other.to_string()),
            _ => {}
        }
        let messages = self.messages?;
        match name {
            MESSAGES => {
                let said = messages
                    .iter()
                    .map(|it| format!("{}: {}", it.role.as_str(), it.text()));
                Some(said.collect::<Vec<_>>().join("\n\n"))
            }
            INPUT => {
                let mut from_last = messages.iter().rev();
                let last = from_last.find(|it| it.role == Role::User);
                last.or(messages.last()).map(RenderedMessage::text)
            }
            _ => None,
        }
    }
}

fn rendered_llm(llm: &Llm, input: &JudgeInput<'_>, marks: &Marks) -> Result<Rendered, Finding> {
    let question = llm.question(input.fields, input.completion, |text| marks.around(text))?;
    let system = llm.system_prompt.clone();
    let system = system.map(|text| message(Role::System, text));
    let user = message(Role::User, question);
    Ok(Rendered {
        messages: system.into_iter().chain([user]).collect(),
        values: Object::new(),
        warnings: Vec::new(),
    })
}

fn message(role: Role, text: String) -> RenderedMessage {
    RenderedMessage {
        role,
        parts: vec![RenderedPart::Text(text)],
        is_plain: true,
        stands: MessageOrigin::Filled,
    }
}

fn server_of(document: &Document, address: &Address<'_>) -> Result<Option<String>, Failure> {
    match &document.model {
        Some(model) => address(&ModelId::parse(model)?),
        None => Ok(None),
    }
}
