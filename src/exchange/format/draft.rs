//! A prompt file in the making, and what is lost on the way.

mod own;
mod settings;

pub(super) use settings::is_setting;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Foreign, Ours, Source};
use crate::exchange::dialect::{Dialect, Known, Mistake, MistakeKind};
use crate::exchange::yaml;
use crate::prompt::code::{self, Code};
use crate::prompt::document::{self, Document};
use crate::prompt::finding::{Finding, Severity, Span};
use crate::prompt::lint::check_text;
use crate::prompt::template::{Compiled, Partial, Partials};
use crate::prompt::visible;

/// The most messages, and parts of messages, of a prompt.
const MAX_PARTS: usize = 10_000;

/// A prompt file in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) model: Option<String>,
    pub(super) parameters: Map<String, Value>,
    /// The schema of the variables, without what is only inferred.
    pub(super) schema: Map<String, Value>,
    /// Whether the source says which variables must be given.
    pub(super) says_required: bool,
    pub(super) response_format: Option<&'static str>,
    pub(super) json_schema: Option<Value>,
    pub(super) messages: Vec<Value>,
    pub(super) test_data: Vec<Value>,
    pub(super) evaluators: Vec<Value>,
    pub(super) extra_body: Map<String, Value>,
    /// Keys of ours that a file of ours brought along.
    pub(super) own: Map<String, Value>,
    /// What stands under `promptctl`, which our own export wrote.
    pub(super) block: Map<String, Value>,
    /// Whether the schema is ours, and complete.
    pub(super) has_own_schema: bool,
    pub(super) partials: Vec<(String, String)>,
    /// Whether every variable is printed as text and nothing else.
    pub(super) is_text_only: bool,
    /// Whether templates are written without what keeps blank lines.
    pub(super) is_tidy: bool,
    /// The variables that are compared where null is a value.
    pub(super) compared: BTreeSet<String>,
    pub(super) lost: Vec<Finding>,
    /// The file that is read, where it is another than the source.
    pub(super) file: Option<String>,
    /// What was told, and how often: of the same only the first is.
    pub(super) told: BTreeMap<(Code, String), usize>,
}

impl Draft {
    /// A prompt file in the making, from this source.
    pub(super) fn new(source: &Source<'_>) -> Self {
        Self {
            is_tidy: source.is_tidy,
            ..Self::default()
        }
    }

    /// Labels say where a version is live there.
    pub(super) fn labels(&mut self, labels: &[String], word: &str, at: Option<Span>) {
        if !labels.is_empty() {
            let message = format!(
                "its {word} ({}) say where it is live there: left out, a release makes it live here",
                labels.join(", ")
            );
            self.note(code::SOURCE_DROPPED, at, message);
        }
    }

    /// Something is left out or changed, and the model may notice.
    pub(super) fn lose(&mut self, code: Code, at: Option<Span>, message: impl Into<String>) {
        self.report(code, Severity::Warning, at, message.into());
    }

    /// Something is left out or changed, and the model is given the same.
    pub(super) fn note(&mut self, code: Code, at: Option<Span>, message: impl Into<String>) {
        self.report(code, Severity::Note, at, message.into());
    }

    /// Names the keys of a map that have no counterpart here, `of` something. What only the other tool
    /// needs for itself is a note.
    pub(super) fn leave_out(
        &mut self,
        map: &Map<String, Value>,
        (known, noted): (&[&str], &[&str]),
        of: &str,
        place: impl Fn(&str) -> Option<Span>,
    ) {
        for (key, value) in map {
            if known.contains(&key.as_str()) || value.is_null() {
                continue;
            }
            let message = match of {
                "" => format!("the key `{key}` has no counterpart here: left out"),
                of => format!("`{key}` of {of} has no counterpart here: left out"),
            };
            match noted.contains(&key.as_str()) {
                true => self.note(code::SOURCE_DROPPED, place(key), message),
                false => self.lose(code::SOURCE_DROPPED, place(key), message),
            }
        }
    }

    /// The text of a key; what is none is named.
    pub(super) fn text(&mut self, key: &str, value: &Value, at: Option<Span>) -> Option<String> {
        match value {
            Value::String(text) => return Some(text.clone()),
            Value::Null => {}
            _ => self.lose(
                code::SOURCE_DROPPED,
                at,
                format!("`{key}` is no text: left out"),
            ),
        }
        None
    }

    /// What was said there of the change that made a version; nothing where it may not stand in a
    /// commit.
    pub(super) fn commit_message(
        &mut self,
        key: &str,
        value: &Value,
        at: Option<Span>,
    ) -> Option<String> {
        let text = self.text(key, value, at)?.replace("\r\n", "\n");
        let is_secret = |finding: &Finding| finding.code == code::SECRET;
        if check_text(&text).iter().any(is_secret) {
            self.lose(
                code::SECRET,
                at,
                format!("`{key}` holds a secret: left out"),
            );
            return None;
        }
        let text = visible::text(text.trim());
        (!text.is_empty()).then(|| text.into_owned())
    }

    /// Tags; what is none is named.
    pub(super) fn take_tags(&mut self, value: &Value, at: Option<Span>) {
        let items = match value {
            Value::Array(items) => items.as_slice(),
            Value::Null => &[],
            only => std::slice::from_ref(only),
        };
        for item in items {
            match item.as_str() {
                Some(tag) if !self.tags.iter().any(|known| known == tag) => {
                    self.tags.push(tag.to_owned());
                }
                Some(_) => {}
                None => self.lose(code::SOURCE_DROPPED, at, "a tag that is no text: left out"),
            }
        }
    }

    fn report(&mut self, code: Code, severity: Severity, at: Option<Span>, message: String) {
        let mut finding = Finding::error(code, message);
        finding.severity = severity;
        finding.span = at;
        finding.path.clone_from(&self.file);
        let count = self.told.entry((code, finding.message.clone()));
        let count = count.and_modify(|it| *it += 1).or_insert(1);
        self.lost.extend((*count == 1).then_some(finding));
    }

    /// Translates a template; `place` tells where a part of it stands.
    pub(super) fn template(
        &mut self,
        dialect: Dialect,
        text: &str,
        known: &Known,
        place: impl Fn(Span) -> Option<Span>,
    ) -> Result<String, Finding> {
        let text = text.replace("\r\n", "\n");
        let template = dialect
            .read(&text, known)
            .map_err(|mistake| refusal(&mistake, &text, &place))?;
        for note in &template.notes {
            let at = place(Span::from_range(&text, note.at.clone()));
            match note.decides {
                true => self.lose(code::SOURCE_CHANGED, at, note.message.as_str()),
                false => self.note(code::SOURCE_CHANGED, at, note.message.as_str()),
            }
        }
        if !self.is_tidy {
            return Ok(template.to_handlebars());
        }
        let (written, gone) = template.to_tidy_handlebars();
        if gone > 0 {
            let lines = if gone == 1 { "line" } else { "lines" };
            let message = format!(
                "{gone} {lines} of which a tag is all, and which print as blank lines there, are gone"
            );
            self.lose(code::SOURCE_CHANGED, place(Span::point(1, 1)), message);
        }
        Ok(written)
    }

    pub(super) fn message(&mut self, role: &str, content: impl Into<Value>) {
        self.messages
            .push(json!({ "role": role, "content": content.into() }));
    }

    /// A picture; one at an address that only a program on its own machine could read is named.
    pub(super) fn picture(&mut self, url: String, at: Option<Span>) -> Value {
        let lower = url.trim_start().to_ascii_lowercase();
        let known = ["http://", "https://", "data:", "{{"];
        if !known.iter().any(|start| lower.starts_with(start)) {
            let message = format!(
                "the picture `{}` is at no address that a model's provider can read: it is sent as it stands, and no file is read for it",
                visible::line(&url)
            );
            self.lose(code::SOURCE_CHANGED, at, message);
        }
        json!({ "type": "image", "url": url })
    }

    pub(super) fn placeholder(&mut self, name: &str) {
        self.messages.push(json!({ "placeholder": name }));
        let form = json!({
            "type": "array",
            "items": { "type": "object", "required": ["role", "content"], "properties": { "role": { "enum": ["user", "assistant"] } } },
        });
        let old = self.property(name);
        if !old.get("items").is_some_and(Value::is_object) {
            *old = form;
        }
    }

    /// The schema of a variable.
    pub(super) fn property(&mut self, name: &str) -> &mut Value {
        let properties = self.schema.entry("properties").or_insert_with(|| json!({}));
        if !properties.is_object() {
            *properties = json!({});
        }
        &mut properties[name]
    }

    /// The prompt, checked; where our own export wrote it, also with what that wrote down.
    pub(super) fn finish(mut self, name: String) -> Result<Foreign, Finding> {
        let parts = |message: &Value| message["content"].as_array().map_or(1, Vec::len);
        if self.messages.iter().map(parts).sum::<usize>() > MAX_PARTS {
            let message = format!("it has more than {MAX_PARTS} messages and parts of messages");
            return Err(refused(None, message, "make several prompts of it"));
        }
        let block = std::mem::take(&mut self.block);
        if block.is_empty() {
            return self.complete(name);
        }
        let mut with = self.clone();
        with.take_own(&block);
        let with = with.complete(name.clone())?;
        Ok(Foreign {
            ours: Some(Box::new(Ours { block, with })),
            ..self.complete(name)?
        })
    }

    /// The prompt, checked: its templates are read once more, as a prompt file's.
    fn complete(mut self, name: String) -> Result<Foreign, Finding> {
        // What holds for all variables: none must be given.
        let declared = self.declared();
        let is_declared: BTreeSet<&String> = declared.iter().collect();
        let loose: Map<String, Value> = declared
            .iter()
            .map(|name| (name.clone(), json!({})))
            .collect();
        let partials = partials(&self.partials);
        let mut open = self.file();
        open.insert(
            "input".to_owned(),
            json!({ "schema": { "type": "object", "properties": loose } }),
        );
        let uses = uses(&open, &partials)?;
        let mut names: Vec<String> = Vec::new();
        let mut needed: BTreeMap<String, bool> = BTreeMap::new();
        for (name, is_guarded) in uses {
            if !needed.contains_key(&name) {
                names.push(name.clone());
            }
            *needed.entry(name).or_default() |= !is_guarded;
        }
        // A variable that is only a condition may be left out once it is declared.
        if names.iter().any(|name| !is_declared.contains(name)) {
            let all: Map<String, Value> = names
                .iter()
                .chain(&declared)
                .map(|name| (name.clone(), json!({})))
                .collect();
            open.insert(
                "input".to_owned(),
                json!({ "schema": { "type": "object", "properties": all } }),
            );
            needed.clear();
            for (name, is_guarded) in self::uses(&open, &partials)? {
                *needed.entry(name).or_default() |= !is_guarded;
            }
        }
        if !self.has_own_schema {
            self.complete_schema(&names, &needed);
        }
        let file = self.file();
        document_of(&file)?;
        self.test_data
            .retain(|row| row.as_object().is_some_and(|row| !row.is_empty()));
        let file = Map::from_iter(self.file());
        Ok(Foreign {
            name,
            file,
            partials: self.partials,
            lost: self.lost,
            ..Foreign::default()
        })
    }

    fn declared(&self) -> Vec<String> {
        let properties = self.schema.get("properties").and_then(Value::as_object);
        properties
            .map(|map| map.keys().cloned().collect())
            .unwrap_or_default()
    }

    fn complete_schema(&mut self, names: &[String], needed: &BTreeMap<String, bool>) {
        let is_text = |name: &str, rows: &[Value]| {
            let mut given = rows.iter().filter_map(|row| row.get(name));
            given.all(Value::is_string)
        };
        for name in names {
            let is_new = self
                .schema
                .get("properties")
                .and_then(|all| all.get(name))
                .is_none();
            if is_new {
                let kind = if self.is_text_only && is_text(name, &self.test_data) {
                    json!({ "type": "string" })
                } else if self.compared.contains(name) {
                    json!({ "type": ["string", "number", "boolean", "null"] })
                } else {
                    json!({})
                };
                *self.property(name) = kind;
            }
        }
        if self.schema.get("properties").is_none() {
            self.schema.remove("required");
            return;
        }
        let mut required: BTreeSet<String> = self
            .schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let mut strict = Vec::new();
        for name in names {
            let has_default = self.property(name).get("default").is_some();
            let is_needed = needed.get(name).copied().unwrap_or_default() && !has_default;
            if is_needed && required.insert(name.clone()) && self.says_required {
                strict.push(format!("`{name}`"));
            }
        }
        if !strict.is_empty() {
            self.note(
                code::SOURCE_CHANGED,
                None,
                format!("what is left out prints nothing there, and here is an error; must be given: {}", strict.join(", ")),
            );
        }
        let in_order: Vec<Value> = self
            .declared()
            .into_iter()
            .filter(|name| required.contains(name))
            .map(Value::String)
            .collect();
        let properties = self.schema.remove("properties").unwrap_or_default();
        self.schema.remove("required");
        self.schema.remove("type");
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        if !in_order.is_empty() {
            schema.insert("required".to_owned(), Value::Array(in_order));
        }
        schema.insert("properties".to_owned(), properties);
        schema.append(&mut self.schema);
        self.schema = schema;
    }

    fn file(&self) -> Map<String, Value> {
        let mut file = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                file.insert(key.to_owned(), value);
            }
        };
        let map = |map: &Map<String, Value>| (!map.is_empty()).then(|| Value::Object(map.clone()));
        let list = |list: &[Value]| (!list.is_empty()).then(|| json!(list));
        put("name", self.title.as_ref().map(|it| json!(it)));
        put("description", self.description.as_ref().map(|it| json!(it)));
        put(
            "tags",
            (!self.tags.is_empty() && !self.own.contains_key("tags")).then(|| json!(self.tags)),
        );
        put("model", self.model.as_ref().map(|it| json!(it)));
        put("modelParameters", map(&self.parameters));
        put(
            "input",
            map(&self.schema).map(|schema| json!({ "schema": schema })),
        );
        put("responseFormat", self.response_format.map(|it| json!(it)));
        put("jsonSchema", self.json_schema.clone());
        put("messages", Some(Value::Array(self.messages.clone())));
        put("testData", list(&self.test_data));
        put("evaluators", list(&self.evaluators));
        put("extraBody", map(&self.extra_body));
        for (key, value) in &self.own {
            put(key, Some(value.clone()));
        }
        file
    }
}

fn refusal(mistake: &Mistake, text: &str, place: impl Fn(Span) -> Option<Span>) -> Finding {
    let code = match mistake.kind {
        MistakeKind::Name => code::NEEDS_NAME,
        MistakeKind::Beyond | MistakeKind::Unbalanced => code::NOT_TRANSLATABLE,
    };
    let part = Span::from_range(text, mistake.at.clone());
    let mut finding = Finding::error(code, mistake.message.clone()).help(mistake.help);
    finding.span = place(part);
    finding
}

/// What keeps a prompt out, with its place.
pub(super) fn refused(at: Option<Span>, message: impl Into<String>, help: &'static str) -> Finding {
    let mut finding = Finding::error(code::NOT_TRANSLATABLE, message.into()).help(help);
    finding.span = at;
    finding
}

/// Partials by their names.
pub(super) fn partials(texts: &[(String, String)]) -> Partials {
    let partial = |(name, text): &(String, String)| {
        let partial = Partial {
            text: text.clone(),
            path: name.clone(),
        };
        (name.clone(), partial)
    };
    texts.iter().map(partial).collect()
}

/// Whether a prompt file of these keys can be read and rendered.
pub(super) fn is_prompt(file: &Map<String, Value>, texts: &[(String, String)]) -> bool {
    uses(file, &partials(texts)).is_ok()
}

fn document_of(file: &Map<String, Value>) -> Result<Document, Finding> {
    let mut text = String::new();
    yaml::entries(file, 0, &mut text);
    document::parse(&text).map_err(not_a_prompt)
}

fn not_a_prompt(findings: Vec<Finding>) -> Finding {
    let first = findings.into_iter().find(Finding::is_error);
    let message = first.map_or_else(String::new, |finding| finding.message);
    refused(
        None,
        format!("no prompt file can be made of it: {message}"),
        "change it in the source",
    )
}

/// The variables that the templates of a file use, and whether rendering gets past without each.
fn uses(file: &Map<String, Value>, partials: &Partials) -> Result<Vec<(String, bool)>, Finding> {
    let document = document_of(file)?;
    let compiled = Compiled::new(&document, partials).map_err(not_a_prompt)?;
    let uses = compiled.uses().iter();
    Ok(uses
        .map(|one| (one.name.clone(), one.is_guarded || one.is_placeholder))
        .collect())
}
