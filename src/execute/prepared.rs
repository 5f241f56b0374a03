//! A prompt that is ready for many calls, and needs its repository no more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;

use super::{Rendered, data_url, fill};
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::document::{Attachment, Document, Object, Part, Role, Written, parse};
use crate::prompt::finding::in_file;
use crate::prompt::rendered::Variable;
use crate::prompt::template::{Compiled, Outline, Partials};
use crate::prompt::variables::Check;
use crate::releases::Store;

/// A prompt that is ready for many calls: its text, and what is asked of it without a call. What a
/// call needs takes ten times the room, and is made from the text when one comes: [`CompiledPrompt`].
#[derive(Debug)]
pub struct Prepared {
    /// The prompt. What its text tells again is left out: messages, schemas, parameters, cases.
    pub loaded: Loaded,
    /// Where it was imported from, as its file says.
    pub origin: Option<Origin>,
    /// Whether it brings turns of the assistant.
    pub has_turns: bool,
    attachments: Arc<BTreeMap<String, String>>,
    warm: Mutex<Weak<CompiledPrompt>>,
}

/// What a call needs of a prompt: its templates parsed, and what is sent beside them.
#[derive(Debug)]
pub struct CompiledPrompt {
    /// The prompt; its text, partials, messages, cases and evaluators are left out.
    pub loaded: Loaded,
    /// Where it was imported from, as its file says.
    pub origin: Option<Origin>,
    compiled: Compiled,
    check: Check,
    /// The attachments as data URLs, by the paths that the file writes.
    attachments: Arc<BTreeMap<String, String>>,
}

/// The stored prompt at OpenAI that a prompt was imported from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Such as `pmpt_123`.
    pub id: String,
    /// The versions there whose content this is.
    pub versions: Vec<u32>,
}

impl Origin {
    /// What `source:` of a prompt file says.
    fn of(file: &Object) -> Option<Self> {
        let source = file.get("source")?;
        if source.get("format")?.as_str()? != "openai" {
            return None;
        }
        let number = |value: &Value| match value {
            Value::String(text) => text.parse().ok(),
            other => u32::try_from(other.as_u64()?).ok(),
        };
        let one = source.get("version").into_iter();
        let many = source.get("versions").and_then(Value::as_array);
        Some(Self {
            id: source.get("id")?.as_str()?.to_owned(),
            versions: one
                .chain(many.into_iter().flatten())
                .filter_map(number)
                .collect(),
        })
    }
}

impl Prepared {
    /// Checks the templates of a prompt and reads its attachments.
    ///
    /// # Errors
    /// The templates cannot be parsed, or an attachment cannot be read.
    pub fn new(store: &Store, loaded: Loaded) -> Result<Self, Failure> {
        let attachments = attachments(store, &loaded)?;
        Self::with_attachments(loaded, attachments)
    }

    /// The same for a prompt whose attachments were read before.
    ///
    /// # Errors
    /// The templates cannot be parsed.
    pub fn with_attachments(
        mut loaded: Loaded,
        attachments: BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        Outline::new(&loaded.document, &loaded.partials)
            .map_err(|findings| Failure::from(in_file(findings, &loaded.path)))?;
        // It is computed from what is left out below.
        loaded.digest();
        loaded.text.shrink_to_fit();
        let document = &mut loaded.document;
        let origin = Origin::of(document.written.raw());
        let has_turns = document.own_messages().any(|it| it.role == Role::Assistant);
        leave_out_unsent(document);
        document.messages = Vec::new();
        document.parameters = Object::new();
        document.input_schema = None;
        document.json_schema = None;
        document.extra_body = Object::new();
        Ok(Self {
            loaded,
            origin,
            has_turns,
            attachments: Arc::new(attachments),
            warm: Mutex::default(),
        })
    }

    /// The prompt with all that its file says.
    ///
    /// # Errors
    /// Its text is read again and is not what it was, which nothing makes happen.
    pub fn whole(&self) -> Result<Loaded, Failure> {
        let mut loaded = self.loaded.clone();
        loaded.document = parse(&loaded.text)
            .map_err(|findings| Failure::from(in_file(findings, &loaded.path)))?;
        Ok(loaded)
    }

    /// What a call needs, if somebody holds it.
    pub fn if_warm(&self) -> Option<Arc<CompiledPrompt>> {
        // Whoever has the lock makes it.
        self.warm.try_lock().ok()?.upgrade()
    }

    /// What a call needs. It takes a while where nobody holds it, and is gone when nobody does.
    ///
    /// # Errors
    /// See [`whole`](Self::whole).
    pub fn warm(&self) -> Result<Arc<CompiledPrompt>, Failure> {
        let mut known = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(warm) = known.upgrade() {
            return Ok(warm);
        }
        let warm = Arc::new(CompiledPrompt::new(self)?);
        *known = Arc::downgrade(&warm);
        Ok(warm)
    }

    /// How many bytes of text there are to be parsed.
    pub fn weight(&self) -> usize {
        let partials = self.loaded.partials.values().map(|it| it.text.len());
        self.loaded.text.len() + partials.sum::<usize>()
    }
}

/// What neither a call nor a reader asks for is large.
fn leave_out_unsent(document: &mut Document) {
    document.written = Written::default();
    document.test_data = Vec::new();
    document.evaluators = Vec::new();
}

impl CompiledPrompt {
    fn new(prompt: &Prepared) -> Result<Self, Failure> {
        let mut loaded = prompt.whole()?;
        let compiled = Compiled::new(&loaded.document, &loaded.partials)
            .map_err(|findings| Failure::from(in_file(findings, &loaded.path)))?;
        leave_out_unsent(&mut loaded.document);
        loaded.document.messages = Vec::new();
        loaded.text = String::new();
        loaded.partials = Partials::new();
        Ok(Self {
            loaded,
            origin: prompt.origin.clone(),
            compiled,
            check: Check::default(),
            attachments: Arc::clone(&prompt.attachments),
        })
    }

    /// What the templates ask for, and what the file declares.
    pub fn variables(&self) -> &[Variable] {
        self.compiled.variables()
    }

    /// Renders the prompt with these values.
    ///
    /// # Errors
    /// A variable has no value or one that does not fit, or the path of an attachment is computed.
    pub fn render(&self, given: Object) -> Result<Rendered, Failure> {
        fill(
            &self.loaded,
            (&self.compiled, &self.check),
            given,
            &|path| {
                self.attachments.get(path).cloned().ok_or_else(|| {
                Failure::new(
                    code::BAD_ATTACHMENT,
                    format!("the attachment `{path}` was not read when the prompt was loaded"),
                )
                .at(self.loaded.path.clone())
                .hint("an attachment whose path is computed can be rendered by `run` alone: write the path out, or give a URL")
            })
            },
        )
    }
}

/// The attachments of a prompt as data URLs, by the paths that its file writes. Those whose paths
/// are computed are left out.
///
/// # Errors
/// One cannot be read.
pub fn attachments(store: &Store, loaded: &Loaded) -> Result<BTreeMap<String, String>, Failure> {
    let read = |path: String| {
        let bytes = store.attachment(loaded, &path)?;
        let url = data_url(&path, &bytes);
        Ok((path, url))
    };
    plain_paths(loaded).into_iter().map(read).collect()
}

/// The paths of attachments that no variable changes.
fn plain_paths(loaded: &Loaded) -> Vec<String> {
    let parts = loaded.document.own_messages().flat_map(|it| &it.parts);
    parts
        .filter_map(|part| match part {
            Part::Image { source, .. } | Part::File { source, .. } => Some(source),
            Part::Text(_) => None,
        })
        .filter_map(|source| match source {
            Attachment::Path(text) if !text.value.contains("{{") => Some(text.value.clone()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_is_not_made_again_for_each_call() {
        let text = "model: m\ninput: {schema: {properties: {name: {type: string}}}}\nmessages: [{role: user, content: '{{name}}'}]\n";
        let document = crate::prompt::document::parse(text).unwrap();
        let loaded = Loaded::from_snapshot(
            "a".parse().unwrap(),
            "prompts/a.prompt.yml".to_owned(),
            (None, String::new()),
            text.to_owned(),
            (document, Default::default()),
        );
        let prepared = Prepared::with_attachments(loaded, BTreeMap::new()).unwrap();
        let prepared = prepared.warm().unwrap();
        assert_eq!(prepared.check.spent(), 0, "not before the first call");
        let mut spent = Vec::new();
        for _ in 0..3 {
            let given = json!({"name": "Ada"});
            prepared.render(given.as_object().unwrap().clone()).unwrap();
            spent.push(prepared.check.spent());
        }
        assert!(spent[0] > 0);
        assert_eq!(spent, [spent[0], 2 * spent[0], 3 * spent[0]]);
        let wrong = json!({"name": 1}).as_object().unwrap().clone();
        assert!(prepared.render(wrong).is_err());
    }

    #[test]
    fn what_only_a_call_needs_is_held_while_somebody_holds_it() {
        let text = "model: m\ninput: {schema: {properties: {name: {type: string}}}}\nmodelParameters: {temperature: 1}\nmessages: [{role: assistant, content: 'Hi {{name}}'}]\n";
        let document = crate::prompt::document::parse(text).unwrap();
        let loaded = Loaded::from_snapshot(
            "a".parse().unwrap(),
            "prompts/a.prompt.yml".to_owned(),
            (None, String::new()),
            text.to_owned(),
            (document, Partials::new()),
        );
        let digest = loaded.digest().clone();
        let prepared = Prepared::with_attachments(loaded, BTreeMap::new()).unwrap();
        let held = &prepared.loaded.document;
        assert!(held.messages.is_empty() && held.parameters.is_empty());
        assert!(held.input_schema.is_none() && prepared.has_turns);
        assert!(prepared.if_warm().is_none(), "nobody called it");
        let (first, second) = (prepared.warm().unwrap(), prepared.warm().unwrap());
        assert!(Arc::ptr_eq(&first, &second));
        assert!(Arc::ptr_eq(&first, &prepared.if_warm().unwrap()));
        assert!(first.loaded.document.input_schema.is_some());
        assert_eq!(first.loaded.digest(), &digest);
        drop((first, second));
        assert!(prepared.if_warm().is_none(), "nobody holds it");
        let whole = prepared.whole().unwrap();
        assert_eq!(
            (whole.document.messages.len(), whole.digest()),
            (1, &digest)
        );
        let given = json!({"name": "Ada"}).as_object().unwrap().clone();
        let rendered = prepared.warm().unwrap().render(given).unwrap();
        assert_eq!(rendered.messages[0].text(), "Hi Ada");
    }

    #[test]
    fn the_origin_names_one_version_or_several() {
        let of = |source: Value| Origin::of(json!({ "source": source }).as_object().unwrap());
        let origin = of(json!({"format": "openai", "id": "pmpt_1", "version": "3"})).unwrap();
        assert_eq!((origin.id.as_str(), origin.versions), ("pmpt_1", vec![3]));
        let several = of(json!({"format": "openai", "id": "pmpt_1", "versions": ["3", 4]}));
        assert_eq!(several.unwrap().versions, [3, 4]);
        // An edit drops the version, and the id stays.
        assert_eq!(
            of(json!({"format": "openai", "id": "p"})).unwrap().versions,
            [0; 0]
        );
        assert_eq!(of(json!({"format": "langfuse", "id": "p"})), None);
    }
}
