//! The JSON that commands print about what the repository holds. Fields are only ever added.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::output::json::{FindingJson, PartialJson, time};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::rendered::Variable;
use crate::prompt::template::{Partials, inlined};
use crate::prompt::version::Version;
use crate::{files, releases};

/// One prompt with its content: what `show` and `get` print.
#[derive(Debug, Serialize)]
pub(super) struct PromptJson {
    /// The prompt's name.
    pub(super) name: PromptName,
    /// The reference that was asked for.
    pub(super) reference: String,
    pub(super) version: Version,
    /// The whole digest.
    pub(super) digest: String,
    /// The commit that holds it; null for a working copy with changes.
    pub(super) commit: Option<String>,
    /// The file's blob.
    pub(super) blob: String,
    /// Whether the working copy differs from HEAD.
    pub(super) dirty: bool,
    /// The file.
    pub(super) path: String,
    /// The file as JSON.
    pub(super) document: Value,
    /// What the templates ask for.
    pub(super) variables: Vec<Variable>,
    /// What the templates include.
    pub(super) partials: Vec<PartialJson>,
    /// The messages with partials in place; only where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) messages: Option<Value>,
    /// The live version by environment.
    pub(super) environments: serde_json::Map<String, Value>,
    /// What people must know about the releases that say that this is live; left out where there is
    /// nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<FindingJson>,
    /// The files that the prompt attaches, as data URLs by their paths; only in a snapshot that
    /// serves without the repository.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) attachments: BTreeMap<String, String>,
    /// Whether the messages hold nothing but text and `{{name}}`; only in such a snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plain: Option<bool>,
}

/// More than one prompt, or what a pattern stands for.
#[derive(Serialize)]
pub(super) struct Several {
    pub(super) prompts: Vec<PromptJson>,
}

impl PromptJson {
    /// The shape of a loaded prompt.
    pub(super) fn new(
        reference: String,
        loaded: &files::Loaded,
        variables: Vec<Variable>,
        live: &[(Environment, Version)],
    ) -> Self {
        Self {
            name: loaded.name.clone(),
            reference,
            version: loaded.version(),
            digest: loaded.digest().to_string(),
            commit: loaded.commit().map(|commit| commit.to_string()),
            blob: loaded.blob.clone(),
            dirty: loaded.is_dirty(),
            path: loaded.path.clone(),
            document: Value::Object(loaded.document.written.raw().clone()),
            variables,
            partials: loaded
                .partials
                .iter()
                .map(|(name, partial)| PartialJson {
                    name: name.clone(),
                    text: partial.text.clone(),
                })
                .collect(),
            messages: None,
            environments: environments(live),
            warnings: loaded.notices.iter().map(FindingJson::from).collect(),
            attachments: BTreeMap::new(),
            plain: None,
        }
    }
}

/// The messages as the file writes them, with every partial in place that changes nothing there.
pub(super) fn inlined_messages(loaded: &files::Loaded) -> Value {
    let mut messages = loaded.document.written.raw()["messages"].clone();
    let entries = messages.as_array_mut().into_iter().flatten();
    for content in entries.filter_map(|entry| entry.get_mut("content")) {
        inline(content, &loaded.partials);
    }
    messages
}

fn inline(value: &mut Value, partials: &Partials) {
    match value {
        Value::String(text) => *text = inlined(text, partials),
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, partials)),
        Value::Object(map) => map.values_mut().for_each(|value| inline(value, partials)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The live versions by environment, as an object.
pub(super) fn environments(live: &[(Environment, Version)]) -> serde_json::Map<String, Value> {
    live.iter()
        .map(|(environment, version)| (environment.to_string(), json!(version.number())))
        .collect()
}

/// A change of what is live.
#[derive(Debug, Serialize)]
pub(super) struct ChangeJson {
    name: PromptName,
    environment: Environment,
    action: &'static str,
    from: Option<Version>,
    to: Option<Version>,
    tags: Vec<String>,
    pushed: bool,
}

impl From<&releases::Change> for ChangeJson {
    fn from(change: &releases::Change) -> Self {
        Self {
            name: change.name.clone(),
            environment: change.environment.clone(),
            action: change.action.as_str(),
            from: change.from,
            to: change.to,
            tags: change.tags.iter().map(ToString::to_string).collect(),
            pushed: change.pushed,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ReleaseJson {
    number: u64,
    name: PromptName,
    environment: Environment,
    version: Version,
    action: &'static str,
    under: Option<u64>,
    commit: String,
    by: String,
    time: String,
    message: String,
    active: bool,
    pending: bool,
}

impl ReleaseJson {
    /// The shape of a release, with whether it is what is live now.
    pub(super) fn new(release: &releases::Release, active: bool) -> Self {
        Self {
            number: release.number,
            name: release.name.clone(),
            environment: release.environment.clone(),
            version: release.version,
            action: release.action.as_str(),
            under: release.under,
            commit: release.commit.to_string(),
            by: release.by.clone(),
            time: time(release.time),
            message: release.message.clone(),
            active,
            pending: release.pending,
        }
    }
}
