//! Reading a suite: the cases of a prompt file and of its datasets, all that is wrong with them,
//! and nothing sent.

mod fit;

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufRead, Read as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::case::{Case, Suite};
use super::dataset::{self, Columns, Format, MAX_CASE};
use super::doubles::{doubles, tell_apart};
use super::entry::{self, CaseContext};
use super::files::{CaseFiles, Tracking};
use super::found::Found;
use super::judge::{Asker, judges_of};
use super::needed_fields::{lacking, unjudged};
use super::pointless::pointless;
use super::shelf::Shelf;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::digest::{digest_bytes, digest_of};
use crate::prompt::document::{Document, Eval, Object, Text};
use crate::prompt::evaluate::with_judge;
use crate::prompt::finding::{Finding, Severity, Span};
use crate::prompt::hint::Hint;
use crate::prompt::rendered::Variable;
use crate::prompt::template::Outline;
use crate::prompt::variables::{CaseCheck, InputSchema, case_file};
use crate::prompt::weight::weight;
use fit::Fit;
pub use fit::misfits_of_own;

/// The most cases of one prompt.
const MAX_CASES: usize = 100_000;

/// The most bytes that are read of one dataset.
const MAX_DATASET: u64 = 1 << 30;

/// So many bytes of the values of cases are held in memory; those of further cases in a file.
const HELD: usize = 32 << 20;

/// The margin where `eval.margin` says nothing.
const MARGIN: f64 = 0.05;

/// What reading a suite gave.
#[derive(Debug)]
pub struct Reading {
    /// The suite: without the cases that cannot be used, where there are errors.
    pub suite: Suite,
    /// What is wrong with it, each with file, line and column. Where an error is among them, nothing
    /// may be sent.
    pub findings: Vec<Finding>,
}

impl Reading {
    /// The suite and its warnings, if nothing keeps it from being run.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn sound(self) -> Result<(Suite, Vec<Finding>), Vec<Finding>> {
        match self.findings.iter().any(Finding::is_error) {
            true => Err(self.findings),
            false => Ok((self.suite, self.findings)),
        }
    }
}

impl Suite {
    /// Reads the suite of a prompt: `testData`, then each of `datasets`.
    pub fn read(loaded: &Loaded, files: &dyn CaseFiles) -> Reading {
        let mut reader = match Reader::new(loaded, files) {
            Ok(reader) => reader,
            Err(reading) => return *reading,
        };
        reader.test_data();
        for dataset in &loaded.document.datasets {
            reader.dataset(dataset);
        }
        reader.finish()
    }

    /// Reads a suite whose cases are those of a file that the caller gives instead of the prompt's
    /// own. `shown` is its path, whose ending says the format.
    pub fn read_given(
        loaded: &Loaded,
        files: &dyn CaseFiles,
        shown: &str,
        text: &mut dyn BufRead,
    ) -> Reading {
        let mut reader = match Reader::new(loaded, files) {
            Ok(reader) => reader,
            Err(reading) => return *reading,
        };
        match Format::of(shown) {
            Some(format) => reader.entries(format, shown, text),
            None => reader.found.push(no_format(shown).in_file(shown)),
        }
        reader.finish()
    }

    /// Whether a prompt has cases, or says where they are.
    pub fn is_kept_by(document: &Document) -> bool {
        !document.test_data.is_empty() || !document.datasets.is_empty()
    }

    /// Whether the suite of a prompt can be read without any other file.
    pub fn stands_alone(document: &Document) -> bool {
        let names_file = |case: &Object| {
            let values = case.values();
            values.map(case_file).any(|it| it.is_some())
        };
        let own = |case: &'_ Object| {
            let evaluators = case.get("case").and_then(|it| it.get("evaluators"));
            let mut all = evaluators.and_then(Value::as_array).into_iter().flatten();
            all.any(|it| it.get("uses").is_some())
        };
        let mut evaluators = document.evaluators.iter();
        let names_judge = document.eval.judge.is_some()
            || evaluators.any(|evaluator| evaluator.contains_key("uses"));
        let cases = &document.test_data;
        let is_whole = !cases.iter().any(|case| names_file(case) || own(case));
        document.datasets.is_empty() && !names_judge && is_whole
    }
}

/// A file's place in the repository and its hash, or why it is not sent.
type Hashed = Result<(String, String), Finding>;

struct Reader<'a> {
    loaded: &'a Loaded,
    files: &'a dyn CaseFiles,
    variables: Vec<Variable>,
    cases: Vec<Case>,
    shelf: Shelf,
    /// How many cases there may be.
    most: usize,
    found: Found,
    /// The hashes of the files that cases send along, by asker and path.
    hashes: RefCell<HashMap<(Arc<str>, String), Hashed>>,
}

impl<'a> Reader<'a> {
    fn new(loaded: &'a Loaded, files: &'a dyn CaseFiles) -> Result<Self, Box<Reading>> {
        let variables = match Outline::new(&loaded.document, &loaded.partials) {
            Ok(outline) => outline.variables().to_vec(),
            Err(findings) => {
                let findings = findings.into_iter().map(|it| it.in_file(&loaded.path));
                return Err(Box::new(Reading {
                    suite: sealed(assemble(&loaded.document, &[], Vec::new())),
                    findings: findings.collect(),
                }));
            }
        };
        Ok(Self {
            loaded,
            files,
            variables,
            cases: Vec::new(),
            shelf: Shelf::new(HELD),
            most: MAX_CASES,
            found: Found::default(),
            hashes: RefCell::default(),
        })
    }

    fn test_data(&mut self) {
        let document = &self.loaded.document;
        let path: Arc<str> = self.loaded.path.as_str().into();
        for (index, fields) in document.test_data.iter().enumerate() {
            let entry = format!("testData[{index}]");
            let place = |key: &str| {
                let whole = match key {
                    "" => entry.clone(),
                    key => format!("{entry}.{key}"),
                };
                let at = document.span_of(&whole);
                at.unwrap_or(Span::point(1, 1))
            };
            let size = weight(&Value::Object(fields.clone()), MAX_CASE);
            if size > MAX_CASE {
                let message = "a case may have 1 MB, and this has more";
                let finding = Finding::error(code::BAD_DATASET, message)
                    .at(place(""))
                    .help("send what is large as a file: {file: charts/a.png}");
                self.found.push(finding.in_file(&path));
                continue;
            }
            self.case(fields.clone(), &path, &place);
        }
    }

    /// Takes one case in; `false` where there are too many.
    fn case(&mut self, fields: Object, path: &Arc<str>, place: &dyn Fn(&str) -> Span) -> bool {
        if self.cases.len() == self.most {
            let message = format!(
                "a prompt may have {} cases, and here begins another",
                self.most
            );
            let finding = Finding::error(code::BAD_DATASET, message)
                .at(place(""))
                .help("split the dataset, and name one of its parts");
            self.found.push(finding.in_file(path));
            return false;
        }
        let ground = CaseContext::new(&self.variables);
        let mut attach = |file: &str| {
            let key = (Arc::clone(path), file.to_owned());
            let mut hashes = self.hashes.borrow_mut();
            let found = hashes.entry(key).or_insert_with(|| {
                let (place, bytes) = self.files.beside(path, file)?;
                Ok((place, digest_bytes(&bytes).to_string()))
            });
            let mut found = found.clone();
            if let Err(finding) = &mut found {
                // The line that names the file is where it is to be mended.
                finding.path = None;
            }
            found
        };
        match entry::case(fields, &ground, path, place, &mut attach) {
            Ok((mut case, findings)) => {
                let judge = self.loaded.document.eval.judge.as_deref();
                for evaluator in &mut case.evaluators {
                    *evaluator = with_judge(evaluator, judge).into_owned();
                }
                case.variables = self.shelf.put(case.variables);
                self.cases.push(case);
                let findings = findings.into_iter().map(|it| it.in_file(path));
                self.found.extend(findings);
            }
            Err(findings) => {
                let findings = findings.into_iter().map(|it| it.in_file(path));
                self.found.extend(findings);
            }
        }
        true
    }

    fn dataset(&mut self, named: &Text) {
        let path = named.value.as_str();
        let here = |finding: Finding| Finding {
            code: code::BAD_DATASET,
            path: Some(self.loaded.path.clone()),
            span: Some(named.origin.start),
            ..finding
        };
        let Some(format) = Format::of(path) else {
            let finding = here(no_format(path));
            self.found.push(finding);
            return;
        };
        let opened = self.files.open(path);
        let file = match opened {
            Ok(Some(file)) => file,
            Ok(None) => {
                let message = format!("there is no dataset {path}");
                let finding = Finding::error(code::BAD_DATASET, message).help(
                    "paths of datasets begin at the top of the repository: datasets/triage.jsonl",
                );
                let finding = here(finding);
                self.found.push(finding);
                return;
            }
            Err(finding) => {
                let finding = here(finding);
                self.found.push(finding);
                return;
            }
        };
        let unread = match self.files.tracking(path) {
            Tracking::Tracked => None,
            Tracking::Untracked => Some((
                format!("git does not track the dataset {path}, so it is not read"),
                Hint::TrackDataset(path.to_string()),
            )),
            Tracking::Ignored => Some((
                format!("git ignores the dataset {path}, so it is not read"),
                Hint::UnignoreDataset,
            )),
        };
        if let Some((message, help)) = unread {
            let finding = here(Finding::error(code::BAD_DATASET, message).help(help));
            self.found.push(finding);
            return;
        }
        let mut file = file.take(MAX_DATASET + 1);
        self.entries(format, path, &mut file);
        if file.limit() == 0 {
            let finding = Finding::error(code::BAD_DATASET, format!("{path} has more than 1 GB"))
                .help("split the dataset, and name one of its parts");
            let finding = Finding {
                path: Some(self.loaded.path.clone()),
                span: Some(named.origin.start),
                ..finding
            };
            self.found.push(finding);
        }
    }

    fn entries(&mut self, format: Format, path: &str, text: &mut dyn BufRead) {
        let path: Arc<str> = path.into();
        let variables = self.variables.clone();
        let columns = Columns {
            meta: CaseContext::new(&variables).meta,
            variables: &variables,
        };
        let schema = self.loaded.document.input_schema.as_ref();
        let input = schema.and_then(|schema| InputSchema::new(schema).ok());
        let mut check = Fit {
            document: &self.loaded.document,
            variables: &variables,
            check: input
                .as_ref()
                .map(|input| CaseCheck::new(input, &variables)),
        };
        let mut take = |entry: Result<dataset::Entry<'_>, Finding>| {
            let is_more = match entry {
                Ok(entry) => match dataset::fields(entry.value, entry.place) {
                    Ok(fields) => {
                        let misfits = check.of(&fields, entry.place).into_iter();
                        self.found.extend(misfits.map(|it| it.in_file(&path)));
                        self.case(fields, &path, entry.place)
                    }
                    Err(finding) => {
                        self.found.push(finding.in_file(&path));
                        true
                    }
                },
                Err(finding) => {
                    self.found.push(finding.in_file(&path));
                    true
                }
            };
            match is_more && !self.found.is_plenty() {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        };
        // Where it broke off, what was found says why.
        let _ = dataset::read(format, text, columns, &mut take);
    }

    /// How severe contradictions are. Files made for GitHub Models have them, and ran there.
    fn contradicted(&self) -> Severity {
        let document = &self.loaded.document;
        let is_plain = document.eval == Eval::default() && document.datasets.is_empty();
        let own = self.loaded.path.as_str();
        let are_own = self.cases.iter().all(|case| &*case.place.path == own);
        match is_plain && are_own {
            true => Severity::Warning,
            false => Severity::Error,
        }
    }

    fn finish(mut self) -> Reading {
        tell_apart(&mut self.cases);
        let doubles = doubles(&self.cases, self.contradicted(), &mut self.found);
        let mut index = 0;
        self.cases.retain(|_| {
            index += 1;
            doubles.binary_search(&(index - 1)).is_err()
        });
        self.cases.shrink_to_fit();
        let document = &self.loaded.document;
        let mut suite = assemble(document, &self.variables, self.cases);
        let path = &self.loaded.path;
        suite.judges = judges_of(&suite, self.files, &mut |place, finding| {
            self.found.push(match place {
                Asker::Prompt(number) => {
                    let at = document.span_of(&format!("evaluators[{number}]"));
                    finding.in_file(path).at(at)
                }
                Asker::Case(case) => case.mark(finding),
            });
        });
        let suite = sealed(suite);
        unjudged(&suite, document, &self.loaded.path, &mut self.found);
        pointless(&suite, document, path, &mut self.found);
        lacking(&suite, document, path, &mut self.found);
        Reading {
            suite,
            findings: self.found.finish(),
        }
    }
}

fn no_format(path: &str) -> Finding {
    let message = format!("{path} is in no format of datasets");
    Finding::error(code::BAD_DATASET, message)
        .help("datasets end in .jsonl, .json, .yaml, .yml or .csv")
}

/// The suite that these cases make, without its digest.
fn assemble(document: &Document, variables: &[Variable], cases: Vec<Case>) -> Suite {
    let defaults = variables.iter().filter_map(|variable| {
        let default = variable.default.clone()?;
        Some((variable.name.clone(), default))
    });
    Suite {
        judges: Default::default(),
        cases,
        evaluators: document
            .evaluators
            .iter()
            .map(|it| with_judge(it, document.eval.judge.as_deref()).into_owned())
            .collect(),
        repeat: document.eval.repeat.unwrap_or(1),
        min_pass_rate: document.eval.min_pass_rate,
        margin: document.eval.margin.unwrap_or(MARGIN),
        judge: document.eval.judge.clone(),
        defaults: defaults.collect(),
        digest: String::new(),
    }
}

/// A suite all of whose parts are known, with its digest.
fn sealed(mut suite: Suite) -> Suite {
    let cases = suite.cases.iter().map(|case| digest_of(case.whole()));
    let cases: Vec<String> = cases.map(|digest| digest.to_string()).collect();
    let mut whole = json!({
        "v": 1,
        "cases": cases,
        "evaluators": suite.evaluators,
        "repeat": suite.repeat,
        "minPassRate": suite.min_pass_rate,
        "margin": suite.margin,
        "judge": suite.judge,
        "defaults": suite.defaults,
    });
    // Without judges the digest is what it was before there were any.
    if !suite.judges.is_empty() {
        let judges = suite.judges.iter();
        let judges = judges.map(|(uses, judge)| (uses.clone(), judge.loaded.digest().to_string()));
        whole["judges"] = judges
            .map(|(uses, digest)| (uses, Value::from(digest)))
            .collect();
    }
    suite.digest = digest_of(whole).to_string();
    suite
}

#[cfg(test)]
mod tests;
