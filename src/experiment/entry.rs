//! One entry of `testData` or a dataset, read as a case.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::case::{Case, CaseFile, CasePlace, CaseSource};
use crate::prompt::code;
use crate::prompt::digest::{SHORT, digest_of};
use crate::prompt::document::{MAX_REPEAT, Object};
use crate::prompt::evaluate;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::name::nearest;
use crate::prompt::rendered::Variable;
use crate::prompt::variables::case_file;

/// The longest id, tag or group, in characters.
const MAX_WORD: usize = 200;

/// What a case says of itself.
pub(super) const KEYS: [&str; 13] = [
    "id",
    "tags",
    "weight",
    "group",
    "repeat",
    "required",
    "evaluators",
    "skip",
    "rule",
    "source",
    "reviewed",
    "human",
    "note",
];

/// What is known of the prompt whose cases are read.
pub(super) struct CaseContext<'a> {
    pub(super) variables: &'a [Variable],
    /// The key of what a case says of itself: `case`, or `$case` where `case` is a variable.
    pub(super) meta: &'static str,
}

impl<'a> CaseContext<'a> {
    pub(super) fn new(variables: &'a [Variable]) -> Self {
        let is_taken = variables.iter().any(|variable| variable.name == "case");
        Self {
            variables,
            meta: if is_taken { "$case" } else { "case" },
        }
    }

    fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }
}

/// A file that a case sends along: its place in the repository and its hash.
pub(super) type Attach<'a> = dyn FnMut(&str) -> Result<(String, String), Finding> + 'a;

/// Reads a case. What is wrong has its place, and no file.
pub(super) fn case(
    fields: Object,
    ground: &CaseContext<'_>,
    path: &Arc<str>,
    place: &dyn Fn(&str) -> Span,
    attach: &mut Attach<'_>,
) -> Result<(Case, Vec<Finding>), Vec<Finding>> {
    let mut meta = Meta {
        key: ground.meta,
        place,
        findings: Vec::new(),
    };
    let (mut variables, mut others) = (Object::new(), Object::new());
    let (mut expected, mut said) = (None, Object::new());
    for (name, value) in fields {
        if name == ground.meta {
            said = meta.map(value);
        } else if ground.variable(&name).is_some() {
            variables.insert(name, value);
        } else if name == "expected" {
            expected = (!value.is_null()).then_some(value);
        } else {
            others.insert(name, value);
        }
    }
    let mut files = Vec::new();
    let mut canonical = variables.clone();
    for (name, value) in &mut canonical {
        // A variable that is an object may well have a key `file`.
        let kind = ground.variable(name).and_then(|it| it.kind.as_deref());
        if kind.is_some_and(|kind| kind.contains("object")) {
            continue;
        }
        let Some(file) = case_file(value) else {
            continue;
        };
        match attach(file) {
            Ok((path, sha256)) => {
                *value = json!({ "sha256": sha256 });
                files.push(CaseFile {
                    variable: name.clone(),
                    path,
                    sha256,
                });
            }
            Err(finding) => meta.findings.push(finding.at(place(name))),
        }
    }
    // An object that looks so is another value than a file of that hash.
    let marks: Vec<&String> = files.iter().map(|file| &file.variable).collect();
    let digest = match marks.is_empty() {
        true => digest_of(Value::Object(canonical)),
        false => digest_of(json!({ "variables": canonical, "files": marks })),
    };
    let at = place("");
    meta.human(&mut said);
    let case = Case {
        id: meta
            .word(&mut said, "id")
            .unwrap_or_else(|| digest.as_str()[..SHORT].to_owned()),
        digest: digest.to_string(),
        expected,
        files,
        tags: meta.words(&mut said, "tags"),
        weight: meta.weight(&mut said),
        group: meta.word(&mut said, "group"),
        repeat: meta.repeat(&mut said),
        required: meta.flag(&mut said, "required"),
        evaluators: meta.evaluators(&mut said),
        skip: meta.text(&mut said, "skip"),
        rule: meta.text(&mut said, "rule"),
        source: meta.source(&mut said),
        reviewed: meta.flag(&mut said, "reviewed"),
        note: meta.text(&mut said, "note"),
        place: CasePlace {
            path: Arc::clone(path),
            line: at.line,
            column: at.column,
        },
        variables: fitted(variables).into(),
        others: fitted(others),
    };
    meta.unknown(&said);
    match meta.findings.iter().any(Finding::is_error) {
        true => Err(meta.findings),
        false => Ok((case, meta.findings)),
    }
}

/// The same map with no room for more: there may be a hundred thousand.
fn fitted(map: Object) -> Object {
    let mut fitted = Map::with_capacity(map.len());
    fitted.extend(map);
    fitted
}

/// Reads what a case says of itself.
struct Meta<'a> {
    key: &'a str,
    place: &'a dyn Fn(&str) -> Span,
    findings: Vec<Finding>,
}

impl Meta<'_> {
    fn at(&self, key: &str) -> Span {
        (self.place)(&format!("{}.{key}", self.key))
    }

    fn wants<T>(&mut self, key: &str, what: &str, instead: T) -> T {
        let message = format!("`{}.{key}` wants {what}", self.key);
        let finding = Finding::error(code::WRONG_TYPE, message)
            .at(self.at(key))
            .help("change the value, or remove the key");
        self.findings.push(finding);
        instead
    }

    fn map(&mut self, value: Value) -> Object {
        match value {
            Value::Null => Object::new(),
            Value::Object(map) => map,
            _ => {
                let message = format!("`{}` holds what a case says of itself: a map", self.key);
                let finding = Finding::error(code::WRONG_TYPE, message)
                    .at((self.place)(self.key))
                    .help("write it as `case: {id: double-charge, tags: [smoke]}`; a field that evaluators ask for needs another name, and a variable `case` is declared in `input.schema`");
                self.findings.push(finding);
                Object::new()
            }
        }
    }

    fn text(&mut self, said: &mut Object, key: &str) -> Option<String> {
        match said.shift_remove(key)? {
            Value::Null => None,
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => self.wants(key, "a text", None),
        }
    }

    /// A text that is named in reports and on the command line.
    fn word(&mut self, said: &mut Object, key: &str) -> Option<String> {
        let word = self.text(said, key)?;
        self.sound(key, word)
    }

    fn sound(&mut self, key: &str, word: String) -> Option<String> {
        let is_sound = !word.trim().is_empty()
            && word.trim() == word
            && !word.chars().any(char::is_control)
            && word.chars().count() <= MAX_WORD;
        if is_sound {
            return Some(word);
        }
        let what = format!(
            "a text of one line, at most {MAX_WORD} characters long, without blanks around it"
        );
        self.wants(key, &what, None)
    }

    fn words(&mut self, said: &mut Object, key: &str) -> Vec<String> {
        let items = match said.shift_remove(key) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(one) => vec![one],
        };
        let mut words = Vec::with_capacity(items.len());
        for item in items {
            let word = match item {
                Value::String(text) => self.sound(key, text),
                Value::Number(number) => Some(number.to_string()),
                _ => return self.wants(key, "a list of texts", Vec::new()),
            };
            words.extend(word.filter(|word| !words.contains(word)));
        }
        words
    }

    fn weight(&mut self, said: &mut Object) -> f64 {
        match said.shift_remove("weight") {
            None | Some(Value::Null) => 1.0,
            Some(value) => match value.as_f64() {
                Some(weight) if weight > 0.0 && weight <= 1e6 => weight,
                _ => self.wants("weight", "a number above 0, at most a million", 1.0),
            },
        }
    }

    fn repeat(&mut self, said: &mut Object) -> Option<u32> {
        let value = said
            .shift_remove("repeat")
            .filter(|value| !value.is_null())?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| (1..=MAX_REPEAT).contains(number)) {
            None => {
                let what = format!("a whole number from 1 to {MAX_REPEAT}");
                self.wants("repeat", &what, None)
            }
            repeat => repeat,
        }
    }

    fn flag(&mut self, said: &mut Object, key: &str) -> bool {
        match said.shift_remove(key) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => self.wants(key, "true or false", false),
        }
    }

    /// What a person says of the answer is for `judge --labels`: here it only has to be a map.
    fn human(&mut self, said: &mut Object) {
        if !matches!(
            said.shift_remove("human"),
            None | Some(Value::Null | Value::Object(_))
        ) {
            self.wants("human", "a map", ());
        }
    }

    fn source(&mut self, said: &mut Object) -> CaseSource {
        let Some(source) = self.text(said, "source") else {
            return CaseSource::default();
        };
        let known = [CaseSource::Human, CaseSource::Generated, CaseSource::Log];
        match known.into_iter().find(|known| known.as_str() == source) {
            Some(source) => source,
            None => self.wants("source", "human, generated or log", CaseSource::default()),
        }
    }

    fn evaluators(&mut self, said: &mut Object) -> Vec<Object> {
        let items = match said.shift_remove("evaluators") {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => return self.wants("evaluators", "a list of evaluators", Vec::new()),
        };
        let mut evaluators = Vec::with_capacity(items.len());
        for item in items {
            let Value::Object(evaluator) = item else {
                return self.wants("evaluators", "a list of evaluators", Vec::new());
            };
            if let Err(finding) = evaluate::check(&evaluator) {
                self.findings.push(finding.at(self.at("evaluators")));
            }
            evaluators.push(evaluator);
        }
        evaluators
    }

    /// Tells of the keys that are left over.
    fn unknown(&mut self, said: &Object) {
        for key in said.keys() {
            let at = self.at(key);
            let whole = format!("{}.{key}", self.key);
            let finding = match nearest(key, KEYS) {
                Some(near) => {
                    let message = format!("`{whole}` is not a key; `{near}` is meant");
                    Finding::error(code::MISSPELT_KEY, message).help(format!("write `{near}`"))
                }
                None => {
                    let message =
                        format!("`{whole}` is not a key that promptctl knows; it has no effect");
                    Finding::new(code::UNKNOWN_KEY, message)
                        .help("put a field for evaluators beside `case`")
                }
            };
            self.findings.push(finding.at(at));
        }
    }
}
