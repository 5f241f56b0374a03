//! Where cases go, and what is wrong with those that would.

use std::io::BufRead;

use serde_json::{Value, json};

use super::super::common::load_to_change;
use super::super::session::Session;
use crate::error::{Exit, Failure};
use crate::experiment::append::{key_of_case, to_dataset, to_prompt};
use crate::experiment::case::{Case, Suite};
use crate::experiment::{
    CaseFiles, PromptFiles, Reading, Tracking, near_contradictions, near_duplicates, outside_enum,
};
use crate::files::{FileChange, Loaded};
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::name::{PromptName, nearest};
use crate::prompt::quote::shell_path;
use crate::prompt::reference::Reference;
use crate::prompt::secrets;
use crate::prompt::template::Compiled;
use crate::releases::Store;

/// The word for the prompt's own file.
const TEST_DATA: &str = "testData";

/// The place that new cases of a prompt go to.
pub(super) struct Target<'a> {
    store: &'a Store,
    pub(super) loaded: Loaded,
    /// The cases that there are.
    pub(super) suite: Suite,
    /// The file.
    pub(super) path: String,
    is_dataset: bool,
    text: String,
}

/// What new cases make of a file.
pub(super) struct Added {
    text: String,
    pub(super) suite: Suite,
    /// What looks wrong, and did not before.
    pub(super) warnings: Vec<Finding>,
}

impl<'a> Target<'a> {
    /// The prompt's own file, or the dataset that is named; without a word the prompt's last dataset,
    /// if it has one.
    ///
    /// # Errors
    /// The prompt cannot be loaded, reads no such dataset, or something is wrong with its cases.
    pub(super) fn new(
        store: &'a Store,
        name: &PromptName,
        to: Option<&str>,
    ) -> Result<Self, Failure> {
        let loaded = load_to_change(store, name)?;
        let datasets = || loaded.document.datasets.iter().map(|it| it.value.as_str());
        let dataset = match to {
            Some(TEST_DATA) => None,
            Some(path) => {
                let known = datasets().find(|known| *known == path.trim_start_matches("./"));
                Some(
                    known
                        .ok_or_else(|| unknown(&loaded, path, datasets()))?
                        .to_owned(),
                )
            }
            None => datasets().next_back().map(str::to_owned),
        };
        let files = PromptFiles::with_untracked(store, &loaded);
        let reading = Suite::read(&loaded, &files);
        let (path, is_dataset, text) = match dataset {
            // What may not be read may not be written either.
            Some(path) => {
                drop(files.open(&path).map_err(Failure::from)?);
                let text = store.read_text(&path)?.unwrap_or_default();
                (path, true, text)
            }
            None => (loaded.path.clone(), false, loaded.text.clone()),
        };
        // What is wrong with other cases keeps nobody from adding one.
        let is_of_others = [code::BAD_DATASET, code::BAD_EVALUATOR];
        let errors = reading.findings.iter();
        let errors = errors.filter(|it| it.is_error() && !is_of_others.contains(&it.code));
        let errors: Vec<Finding> = errors.cloned().collect();
        if !errors.is_empty() {
            return Err(Failure::from(errors).hint(format!(
                "promptctl cases check {name} tells all; nothing was written"
            )));
        }
        Ok(Self {
            store,
            suite: reading.suite,
            loaded,
            path,
            is_dataset,
            text,
        })
    }

    /// What the file would be with these cases at its end.
    ///
    /// # Errors
    /// They cannot stand there, or contradict others.
    pub(super) fn with(&self, cases: &[Object]) -> Result<Added, Failure> {
        let mut text = self.text.clone();
        for case in cases {
            text = match self.is_dataset {
                true => to_dataset(&self.path, &text, case),
                false => to_prompt(&text, case).map_err(|it| it.in_file(&self.path)),
            }
            .map_err(|finding| Failure::from(finding).hint("nothing was written"))?;
        }
        let Reading { suite, findings } = self.reading(&text)?;
        let findings = unusable(findings);
        let before = unusable(self.reading(&self.text)?.findings);
        let known = |it: &Finding| before.iter().any(|other| other.message == it.message);
        let new = findings.into_iter().filter(|it| !known(it));
        // Nobody adds a contradiction on purpose.
        let is_refused = |it: &Finding| it.is_error() || it.code == code::CONTRADICTORY_CASES;
        let (errors, warnings): (Vec<Finding>, Vec<Finding>) = new.partition(is_refused);
        if !errors.is_empty() {
            return Err(Failure::from(errors).hint("nothing was written"));
        }
        Ok(Added {
            text,
            suite,
            warnings,
        })
    }

    fn reading(&self, text: &str) -> Result<Reading, Failure> {
        if self.is_dataset {
            let files = Changed {
                files: PromptFiles::with_untracked(self.store, &self.loaded),
                path: &self.path,
                text,
            };
            return Ok(Suite::read(&self.loaded, &files));
        }
        let loaded = self.store.with_text(&self.loaded, text.to_owned())?;
        Ok(Suite::read(
            &loaded,
            &PromptFiles::with_untracked(self.store, &loaded),
        ))
    }

    /// Writes what was added. Nothing is committed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(&self, added: Added) -> Result<(), Failure> {
        self.store.write_files(&[FileChange::Write {
            path: self.path.clone(),
            text: added.text,
        }])
    }

    /// The key of what a case says of itself.
    pub(super) fn key(&self) -> Result<&'static str, Failure> {
        let compiled = Compiled::new(&self.loaded.document, &self.loaded.partials);
        let compiled = compiled.map_err(Failure::from)?;
        Ok(key_of_case(compiled.variables()))
    }
}

impl Target<'_> {
    /// Says what lacks where git does not have the dataset that was written: `eval` does not read it.
    pub(super) fn hint_to_add(&self, session: &mut Session) {
        if self.is_dataset && !self.store.tracks(&self.path) {
            session.ui.hint(format!(
                "git add {}: `eval` reads only datasets that git has",
                shell_path(&self.path)
            ));
        }
    }
}

/// A dataset that the prompt does not read.
fn unknown<'d>(loaded: &Loaded, path: &str, known: impl Iterator<Item = &'d str>) -> Failure {
    let failure = Failure::usage(format!("{} does not read {path}", loaded.name));
    match nearest(path, known) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint(format!(
            "`datasets: [{path}]` in {} makes it a dataset; --to testData adds to the file itself",
            loaded.path
        )),
    }
}

/// The files of a repository, one of which has another text.
struct Changed<'a> {
    files: PromptFiles<'a>,
    path: &'a str,
    text: &'a str,
}

impl CaseFiles for Changed<'_> {
    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + '_>>, Finding> {
        match path == self.path {
            true => Ok(Some(Box::new(self.text.as_bytes()))),
            false => self.files.open(path),
        }
    }

    fn beside(&self, asker: &str, path: &str) -> Result<(String, Vec<u8>), Finding> {
        self.files.beside(asker, path)
    }

    fn tracking(&self, path: &str) -> Tracking {
        self.files.tracking(path)
    }

    fn judge(&self, reference: &Reference) -> Result<Option<Loaded>, Failure> {
        self.files.judge(reference)
    }
}

/// What looks wrong with cases that can be used: those that expect something else than their like come
/// first, then those that no answer can pass.
pub(super) fn odd(suite: &Suite, loaded: &Loaded) -> Vec<Finding> {
    let mut odd = near_contradictions(suite);
    odd.extend(outside_enum(suite, &loaded.document));
    odd
}

/// The findings, where a case that `eval` refuses is an error.
pub(super) fn unusable(mut findings: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut findings {
        if finding.code == code::CASE_VARIABLES {
            finding.severity = Severity::Error;
        }
    }
    findings
}

/// The numbers of the cases that say nearly what another says.
pub(super) fn too_alike(suite: &Suite) -> Vec<(usize, Finding)> {
    let at = |finding: &Finding| {
        let span = finding.span?;
        let is_there = |case: &Case| {
            let place = &case.place;
            finding.path.as_deref() == Some(&*place.path)
                && (place.line, place.column) == (span.line, span.column)
        };
        suite.cases.iter().position(is_there)
    };
    let found = near_duplicates(suite).into_iter();
    found
        .filter_map(|finding| Some((at(&finding)?, finding)))
        .collect()
}

/// Refuses a case with a secret in it, or blots the secret out.
///
/// # Errors
/// There is a secret, and it is to stay.
pub(super) fn without_secrets(
    case: &mut Object,
    redact: bool,
    path: &str,
) -> Result<bool, Failure> {
    let text = Value::Object(case.clone()).to_string();
    let Some(secret) = secrets::find(&text).into_iter().next() else {
        return Ok(false);
    };
    if !redact {
        return Err(
            Failure::new(code::SECRET, format!("{} stands in the case", secret.kind))
                .at(path)
                .exit(Exit::Verdict)
                .hint("--redact writes stars in its place; nothing was written"),
        );
    }
    let blotted = blotted(json!(case));
    // A secret can stand across keys and values, where nothing can be blotted.
    match blotted {
        Value::Object(map) if secrets::find(&json!(map).to_string()).is_empty() => *case = map,
        _ => {
            return Err(Failure::new(
                code::SECRET,
                format!("{} stands in the case and cannot be taken out", secret.kind),
            )
            .at(path)
            .exit(Exit::Verdict)
            .hint("nothing was written"));
        }
    }
    Ok(true)
}

fn blotted(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(secrets::blot(&text)),
        Value::Array(items) => items.into_iter().map(blotted).collect(),
        Value::Object(map) => {
            let entries = map.into_iter();
            Value::Object(
                entries
                    .map(|(key, value)| (secrets::blot(&key), blotted(value)))
                    .collect(),
            )
        }
        other => other,
    }
}
