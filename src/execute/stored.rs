//! What is sent, and whether a stored prompt at OpenAI is called for it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Rendered;
use crate::error::Failure;
use crate::files::Loaded;
use crate::openai::echo;
use crate::openai::provider::{DEFAULT_PROVIDER, ModelId};
use crate::openai::request::{RequestOptions, StoredCall, body};
use crate::prompt::code;
use crate::prompt::document::{Document, StoredPrompt, StoredPromptVersion};
use crate::prompt::hint::Hint;
use crate::prompt::name::{Environment, PromptName};

/// Who renders the prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SourceChoice {
    /// OpenAI where a stored prompt is named, else promptctl.
    #[default]
    Auto,
    /// promptctl, from the version here.
    Local,
    /// OpenAI, from its stored prompt.
    Openai,
}

/// A stored prompt at OpenAI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredId {
    /// Such as `pmpt_123`.
    pub id: String,
    /// Such as `6`; OpenAI's current one when left out.
    pub version: Option<String>,
}

/// Where the id of a prompt's stored prompt is looked for.
pub struct Places<'a> {
    /// `OPENAI_PROMPT_ID_…` and `OPENAI_PROMPT_VERSION_…`.
    pub variables: &'a BTreeMap<String, String>,
    /// All environments of the repository.
    pub environments: &'a [Environment],
    /// All prompts of the repository; asked for only where a variable is set.
    pub names: &'a dyn Fn() -> Vec<PromptName>,
}

/// The stored prompt of a prompt: named by the environment of the process, else by the file; for
/// the environment that the prompt was asked for in, else for all.
///
/// # Errors
/// `P226`: the variable could mean two prompts.
pub fn stored_prompt(loaded: &Loaded, places: &Places<'_>) -> Result<Option<StoredId>, Failure> {
    stored_prompt_in(loaded, loaded.environment.as_ref(), places)
}

/// The same for a prompt in this environment.
///
/// # Errors
/// See [`stored_prompt`].
pub fn stored_prompt_in(
    loaded: &Loaded,
    environment: Option<&Environment>,
    places: &Places<'_>,
) -> Result<Option<StoredId>, Failure> {
    let mut keys = vec![variable_name(&loaded.name, None)];
    keys.extend(environment.map(|it| variable_name(&loaded.name, Some(it))));
    for key in keys.iter().rev() {
        let Some(id) = places.variables.get(&format!("OPENAI_PROMPT_ID_{key}")) else {
            continue;
        };
        refuse_shared(key, &loaded.name, places)?;
        let version = places
            .variables
            .get(&format!("OPENAI_PROMPT_VERSION_{key}"));
        return Ok(Some(StoredId {
            id: id.clone(),
            version: version.cloned(),
        }));
    }
    let stored = loaded.document.openai.as_ref();
    Ok(stored.and_then(|stored| id_in_file(stored, environment)))
}

fn id_in_file(stored: &StoredPrompt, environment: Option<&Environment>) -> Option<StoredId> {
    let special = environment.and_then(|it| stored.environments.get(it.as_str()));
    let outer = StoredPromptVersion {
        prompt_id: stored.prompt_id.clone(),
        prompt_version: stored.prompt_version.clone(),
    };
    let Some(special) = special else {
        let id = outer.prompt_id?;
        return Some(StoredId {
            id,
            version: outer.prompt_version,
        });
    };
    // The outer version belongs to the outer id.
    let version = special.prompt_version.clone();
    match &special.prompt_id {
        Some(id) => Some(StoredId {
            id: id.clone(),
            version,
        }),
        None => Some(StoredId {
            id: outer.prompt_id?,
            version: version.or(outer.prompt_version),
        }),
    }
}

/// `SUPPORT_TRIAGE` for `support/triage`, `SUPPORT_TRIAGE__STAGING` for it in `staging`.
fn variable_name(name: &PromptName, environment: Option<&Environment>) -> String {
    let upper = |text: &str| -> String {
        text.chars()
            .map(|letter| match letter {
                '/' | '-' | '.' => '_',
                letter => letter.to_ascii_uppercase(),
            })
            .collect()
    };
    match environment {
        Some(environment) => format!("{}__{}", upper(name.as_str()), upper(environment.as_str())),
        None => upper(name.as_str()),
    }
}

fn refuse_shared(key: &str, name: &PromptName, places: &Places<'_>) -> Result<(), Failure> {
    let means = |other: &PromptName| {
        let mut environments = places.environments.iter();
        variable_name(other, None) == key
            || environments.any(|it| variable_name(other, Some(it)) == key)
    };
    let names = (places.names)();
    match names.iter().find(|other| *other != name && means(other)) {
        Some(other) => Err(Failure::new(
            code::BAD_CONFIG,
            format!("OPENAI_PROMPT_ID_{key} could mean {name} and {other}"),
        )
        .hint("write the ids into the files, under `openai:`, and unset the variable")),
        None => Ok(()),
    }
}

/// What is sent for a prompt.
#[derive(Debug, Clone)]
pub struct Request {
    /// The body of the request.
    pub body: Value,
    /// The model asked; a stored prompt may have its own.
    pub model: Option<ModelId>,
    /// The stored prompt that the body names, if it does.
    pub stored: Option<StoredId>,
    /// What is sent instead when the stored prompt is gone.
    pub fallback: Option<Value>,
}

impl Request {
    /// Makes the request for a rendered prompt: by the stored prompt, if one is given.
    ///
    /// # Errors
    /// See [`body`].
    pub fn new(
        document: &Document,
        rendered: &Rendered,
        options: &RequestOptions,
        stored: Option<StoredId>,
    ) -> Result<Self, Failure> {
        let named = options.model.as_ref().or(document.model.as_ref());
        let model = named.map(|text| ModelId::parse(text)).transpose()?;
        let local = body(document, &rendered.messages, options);
        let Some(stored) = stored else {
            let body = local?;
            return Ok(Self {
                model: sent(&body, model),
                body,
                stored: None,
                fallback: None,
            });
        };
        let options = RequestOptions {
            stored: Some(StoredCall {
                id: stored.id.clone(),
                version: stored.version.clone(),
                variables: rendered.values.clone(),
            }),
            ..options.clone()
        };
        let body = body(document, &rendered.messages, &options)?;
        Ok(Self {
            // The fallback goes to OpenAI too, so it must be a model of OpenAI's.
            fallback: local.ok().filter(|_| {
                let is_openai =
                    |it: &ModelId| it.provider == DEFAULT_PROVIDER && it.name != echo::MODEL;
                model.as_ref().is_some_and(is_openai)
            }),
            model: sent(&body, model),
            body,
            stored: Some(stored),
        })
    }

    /// The provider that is asked.
    pub fn provider(&self) -> &str {
        match (&self.stored, &self.model) {
            (None, Some(model)) => &model.provider,
            _ => DEFAULT_PROVIDER,
        }
    }
}

/// The model that a body asks: `extraBody` may name another than the file does.
fn sent(body: &Value, named: Option<ModelId>) -> Option<ModelId> {
    let written = body.get("model").and_then(Value::as_str);
    match (named, written) {
        (Some(named), Some(written))
            if named.name != echo::MODEL && written != echo::MODEL && named.name != written =>
        {
            Some(ModelId {
                name: written.to_owned(),
                ..named
            })
        }
        (named, _) => named,
    }
}

impl SourceChoice {
    /// The stored prompt that is called, if one is, for a prompt with this stored prompt when the
    /// caller names this model.
    ///
    /// # Errors
    /// A stored prompt is demanded, and there is none or the model is not OpenAI's.
    pub fn decide(
        self,
        stored: Option<StoredId>,
        named_model: Option<&str>,
        name: &PromptName,
    ) -> Result<Option<StoredId>, Failure> {
        let named = named_model.map(ModelId::parse).transpose()?;
        let is_foreign = named
            .as_ref()
            .is_some_and(|it| it.provider != DEFAULT_PROVIDER || it.name == echo::MODEL);
        match (self, stored) {
            (Self::Local, _) => Ok(None),
            (Self::Auto, stored) => Ok(stored.filter(|_| !is_foreign)),
            (Self::Openai, _) if is_foreign => Err(Failure::usage(
                "a stored prompt is answered by OpenAI's models only",
            )
            .hint(Hint::LeaveModelOut)),
            (Self::Openai, Some(stored)) => Ok(Some(stored)),
            (Self::Openai, None) => Err(Failure::usage(format!(
                "{name} names no stored prompt"
            ))
            .hint(format!(
                "write `openai: {{promptId: pmpt_…}}` into the file, or export OPENAI_PROMPT_ID_{}=pmpt_…",
                variable_name(name, None)
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PromptName {
        text.parse().unwrap()
    }

    #[test]
    fn variables_are_named_after_the_prompt() {
        let staging: Environment = "staging-eu".parse().unwrap();
        assert_eq!(
            variable_name(&name("support/tri-age.fr"), None),
            "SUPPORT_TRI_AGE_FR"
        );
        assert_eq!(
            variable_name(&name("triage"), Some(&staging)),
            "TRIAGE__STAGING_EU"
        );
    }

    #[test]
    fn a_variable_that_could_mean_two_prompts_is_refused() {
        let environments = ["staging".parse().unwrap()];
        let variables = BTreeMap::new();
        for (key, own, other) in [
            ("SUPPORT_TRIAGE", "support/triage", "support-triage"),
            ("A__STAGING", "a--staging", "a"),
        ] {
            let names = || vec![name(own), name(other)];
            let places = Places {
                variables: &variables,
                environments: &environments,
                names: &names,
            };
            let failure = refuse_shared(key, &name(own), &places).unwrap_err();
            assert!(failure.message.ends_with(other), "{}", failure.message);
            let alone = || vec![name(own), name("b")];
            let places = Places {
                names: &alone,
                ..places
            };
            assert!(refuse_shared(key, &name(own), &places).is_ok());
        }
    }

    #[test]
    fn the_file_names_ids_by_environment() {
        let document = crate::prompt::document::parse(
            "messages: [{role: user, content: x}]\nopenai: {promptId: p1, promptVersion: '6', environments: {staging: {promptId: p2}, test: {promptVersion: '7'}}}\n",
        )
        .unwrap();
        let stored = document.openai.unwrap();
        let of = |environment: Option<&str>| {
            let environment = environment.map(|it| it.parse::<Environment>().unwrap());
            let found = id_in_file(&stored, environment.as_ref()).unwrap();
            (found.id, found.version)
        };
        assert_eq!(of(None), ("p1".to_owned(), Some("6".to_owned())));
        assert_eq!(of(Some("production")), of(None));
        assert_eq!(of(Some("staging")), ("p2".to_owned(), None));
        assert_eq!(of(Some("test")), ("p1".to_owned(), Some("7".to_owned())));
    }
}
