//! A prompt file for one version, proven before it is written.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::Failure;
use crate::exchange::settings::{Control, Settings, settings};
use crate::exchange::stored::Echo;
use crate::exchange::template::{self, NoTemplate, Templates};
use crate::exchange::write::{Origin, file};
use crate::exchange::{Lost, prove};
use crate::execute::recover::Fetched;
use crate::prompt::digest::{Digest, digest};
use crate::prompt::template::{HELPERS, Partials};
use crate::prompt::{code, document};
use crate::scan::ValueKind;

/// One version, not yet numbered.
pub(super) struct Draft {
    /// The versions at OpenAI that have this content.
    pub(super) versions: Vec<String>,
    pub(super) digest: Digest,
    pub(super) lost: Vec<Lost>,
    /// Whether awkward values were tried at OpenAI.
    pub(super) is_proven: bool,
    model: Option<String>,
    templates: Templates,
    variables: BTreeMap<String, ValueKind>,
    settings: Settings,
    origin: Origin,
}

impl Draft {
    /// The file's text, without version and digest lines.
    pub(super) fn text(&self) -> String {
        let origin = Origin {
            versions: self.versions.clone(),
            digest: Some(self.digest.short().to_owned()),
            ..self.origin.clone()
        };
        file(
            self.model.as_deref(),
            &self.templates,
            &self.variables,
            &self.settings,
            &origin,
        )
    }
}

/// The draft of a version that the API was asked for.
pub(super) fn from_fetched(
    fetched: &Fetched,
    variables: &BTreeMap<String, ValueKind>,
    origin: Origin,
    keep_defaults: bool,
) -> Result<Draft, Failure> {
    let echo = &fetched.echo;
    let templates = template::from_sentinels(echo, &fetched.sentinels)
        .map_err(|why| no_template(&origin.id, Some(fetched.version), &why))?;
    let control = match fetched.control.as_object() {
        Some(control) => Control::Answer(control),
        None => Control::None,
    };
    let settings = settings(&echo.raw, control, keep_defaults, fetched.without_limit);
    let mut variables = variables.clone();
    // Found by the API alone, or not of this version.
    for (name, _) in fetched
        .sentinels
        .iter()
        .filter(|(name, _)| !fetched.unknown.contains(*name))
    {
        variables.entry(name.to_owned()).or_insert(ValueKind::Text);
    }
    variables.retain(|name, _| !fetched.unknown.contains(name));
    let model = fetched
        .stored_model
        .clone()
        .filter(|model| !model.is_empty())
        .or_else(|| echo.model.clone());
    let mut draft = make(echo, templates, settings, variables, model, origin)?;
    if fetched.without_limit {
        let message =
            "max_output_tokens is not known: the API does not say before its answer is complete";
        draft.lost.push(lost(message));
    }
    if let Some(model) = &fetched.stored_model {
        draft.lost.push(lost(&format!("its model is gone ({model}), and another answered for it: settings that depend on the model may be missing")));
    }
    draft.versions = vec![fetched.version.to_string()];
    if let Some(answer) = &fetched.proof {
        let document = document::parse(&draft.text()).ok();
        let proven = document.map_or(Err("the file cannot be read".to_owned()), |document| {
            prove::prove(&document, answer)
        });
        proven.map_err(|why| {
            Failure::new(
                code::NOT_RECOVERED,
                format!("{}, version {}: with awkward values OpenAI sends another text than the file: {why}", draft.origin.id, fetched.version),
            )
            .hint("nothing of it was written; without --prove the file is written, which is exact for plain values")
        })?;
        draft.is_proven = true;
    }
    Ok(draft)
}

fn lost(message: &str) -> Lost {
    Lost {
        code: code::SOURCE_DROPPED,
        message: message.to_owned(),
        is_note: false,
    }
}

/// The draft of a saved answer.
pub(super) fn from_saved(
    echo: &Echo,
    origin: Origin,
    keep_defaults: bool,
) -> Result<Draft, Failure> {
    let version = echo
        .version
        .as_deref()
        .and_then(|version| version.parse().ok());
    let (templates, _) =
        template::from_saved(echo).map_err(|why| no_template(&origin.id, version, &why))?;
    let settings = settings(&echo.raw, Control::None, keep_defaults, false);
    let mut variables = BTreeMap::new();
    for (name, value) in &echo.variables {
        let kind = match value.get("type").and_then(Value::as_str) {
            Some("input_image") => ValueKind::Image,
            Some("input_file") => ValueKind::File,
            _ => ValueKind::Text,
        };
        variables.insert(name.clone(), kind);
    }
    let versions: Vec<String> = echo.version.iter().cloned().collect();
    let mut draft = make(
        echo,
        templates,
        settings,
        variables,
        echo.model.clone(),
        origin,
    )?;
    draft.versions = versions;
    Ok(draft)
}

fn make(
    echo: &Echo,
    templates: Templates,
    settings: Settings,
    variables: BTreeMap<String, ValueKind>,
    model: Option<String>,
    origin: Origin,
) -> Result<Draft, Failure> {
    let id = origin.id.clone();
    let text = file(model.as_deref(), &templates, &variables, &settings, &origin);
    let not_written = |why: &str| {
        Failure::new(
            code::NOT_TRANSLATABLE,
            format!("{id}, version {}: the file would not say what was stored: {why}", echo.version.as_deref().unwrap_or("-")),
        )
        .hint("nothing was written for it; please report the text of the prompt, as far as it may be shown")
    };
    // A name that means something else in a template prints that, or nothing.
    let own_word = templates
        .used
        .iter()
        .find(|name| is_word_of_templates(name));
    if let Some(name) = own_word {
        let version = echo.version.as_deref().and_then(|it| it.parse().ok());
        return Err(no_template(
            &id,
            version,
            &NoTemplate::BadName(name.clone()),
        ));
    }
    let document = document::parse(&text).map_err(|findings| {
        not_written(
            findings
                .first()
                .map_or("it is no prompt file", |finding| finding.message.as_str()),
        )
    })?;
    prove::prove(&document, echo).map_err(|why| not_written(&why))?;
    let mut lost = templates.lost.clone();
    for name in variables
        .keys()
        .filter(|name| !templates.used.contains(*name))
    {
        lost.push(Lost {
            code: code::SOURCE_CHANGED,
            message: format!(
                "the variable {name} is sent and stands in no message: declared, not required"
            ),
            is_note: true,
        });
    }
    for (key, value) in &settings.extra_body {
        if !crate::exchange::sentinel::find(&value.to_string()).is_empty() {
            lost.push(Lost {
                code: code::NOT_TRANSLATABLE,
                message: format!("a variable stands in `{key}`, where a prompt file expands none: its mark was kept"),
                is_note: false,
            });
        }
    }
    Ok(Draft {
        versions: Vec::new(),
        digest: digest(&document, &Partials::new()),
        lost,
        is_proven: false,
        model,
        templates,
        variables,
        settings,
        origin,
    })
}

fn no_template(id: &str, version: Option<u64>, why: &NoTemplate) -> Failure {
    let which = version.map_or_else(String::new, |version| format!(", version {version}"));
    match why {
        NoTemplate::BadName(name) => Failure::new(
            code::NEEDS_NAME,
            format!("{id}{which}: the variable `{name}` has a name that no template can hold"),
        )
        .hint("names are letters, digits and `_`; rename the variable in a new version at OpenAI, and where it is sent"),
        NoTemplate::Ambiguous(name) => Failure::new(
            code::NOT_RECOVERED,
            format!("{id}{which}: it cannot be told for certain where the value of `{name}` stands"),
        )
        .hint("import the id itself while OpenAI answers: promptctl import pmpt_…; or save an answer to a call whose variables are marks, as `promptctl help stored-prompts` shows"),
        NoTemplate::Leftover => Failure::new(
            code::NOT_RECOVERED,
            format!("{id}{which}: the text holds a mark that belongs to no variable"),
        )
        .hint("save the whole answer, with its `prompt.variables`"),
    }
}

/// Whether a name is one of a helper or a word of the language.
fn is_word_of_templates(name: &str) -> bool {
    let words = [
        "else",
        "this",
        "true",
        "false",
        "null",
        "undefined",
        "if",
        "unless",
        "each",
        "with",
        "lookup",
        "log",
        "raw",
    ];
    words.contains(&name) || HELPERS.iter().any(|helper| helper.name == name)
}
