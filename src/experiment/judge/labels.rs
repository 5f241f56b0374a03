//! Labels of people, to compare a judge with.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, BufRead};
use std::ops::ControlFlow;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::COMPLETION;

use crate::experiment::dataset::{self, Columns, Format};
use crate::experiment::found::Found;
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::evaluate::Choice;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::rendered::Variable;
use crate::prompt::visible;

/// The most labels of one file.
const MOST: usize = 100_000;

/// An answer with what a person says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The line of the file that it stands on.
    pub line: usize,
    /// What else is known of the case.
    pub fields: Object,
    /// The answer.
    pub completion: String,
    /// What the person says.
    pub says: Says,
}

/// The labels of a file.
#[derive(Debug)]
pub struct Labels {
    /// Each content once: a copy of a line tells nothing that the line does not.
    pub distinct: Vec<Label>,
    /// How many there are with the copies.
    pub count: usize,
}

/// What a person says of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// One of the judge's choices, by its number.
    Choice(usize),
    /// That it is good enough, or not.
    Passes(bool),
}

/// SHA-256 of a file of labels with the line ends that git stores, as hexadecimal digits.
///
/// # Errors
/// It cannot be read.
pub fn hash(text: &mut dyn BufRead) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut line = Vec::new();
    while text.read_until(b'\n', &mut line)? > 0 {
        match line.strip_suffix(b"\r\n") {
            Some(without) => {
                hash.update(without);
                hash.update(b"\n");
            }
            None => hash.update(&line),
        }
        line.clear();
    }
    let digits = hash.finalize();
    Ok(digits.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Who is compared with labels.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a> {
    /// The name of the judge.
    pub name: &'a str,
    /// What it may choose.
    pub choices: &'a [Choice],
    /// What its prompt asks for.
    pub variables: &'a [Variable],
}

/// Reads the labels of a file: JSON lines, JSON, YAML or CSV with `completion`, `label` (or `human` of
/// `case:`) and what the judge asks for beside. `shown` is the file, whose ending says the format.
///
/// # Errors
/// All that is wrong, each with file, line and column.
pub fn read(
    shown: &str,
    text: &mut dyn BufRead,
    judge: Labelled<'_>,
) -> Result<Labels, Vec<Finding>> {
    let mut found = Found::default();
    let mut labels: Vec<Label> = Vec::new();
    let Some(format) = Format::of(shown) else {
        let finding = bad(format!("{shown} is in no format of labels"))
            .help("files of labels end in .jsonl, .json, .yaml, .yml or .csv");
        return Err(vec![finding.in_file(shown)]);
    };
    let columns = Columns {
        meta: "case",
        variables: &[],
    };
    let mut take = |entry: Result<dataset::Entry<'_>, Finding>| {
        let label = entry.and_then(|entry| {
            let fields = dataset::fields(entry.value, entry.place)?;
            label(fields, entry.place, judge)
        });
        match label {
            Ok(label) => labels.push(label),
            Err(finding) => found.push(finding.in_file(shown)),
        }
        if labels.len() > MOST {
            let finding = bad(format!("a file may have {MOST} labels, and this has more"));
            found.push(finding.in_file(shown));
            return ControlFlow::Break(());
        }
        match found.is_plenty() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    // Where it broke off, what was found says why.
    let _ = dataset::read(format, text, columns, &mut take);
    let is_choice = |label: &Label| matches!(label.says, Says::Choice(_));
    let other = labels
        .iter()
        .find(|label| is_choice(label) != labels.first().is_some_and(is_choice));
    if let Some(other) = other {
        let finding = bad("some labels are choices of the judge, and others say pass or fail")
            .at(Span::point(other.line, 1))
            .help("write all of them in one of the two ways");
        found.push(finding.in_file(shown));
    }
    let count = labels.len();
    let (distinct, contradictory) = without_copies(labels, judge.variables);
    found.extend(contradictory.into_iter().map(|it| it.in_file(shown)));
    let findings = found.finish();
    match (findings.is_empty(), count) {
        (false, _) => Err(findings),
        (true, 0) => Err(vec![bad("the file has no labels").in_file(shown)]),
        (true, _) => Ok(Labels { distinct, count }),
    }
}

/// The first label of each content that the judge is told, and what is wrong with the others.
fn without_copies(labels: Vec<Label>, variables: &[Variable]) -> (Vec<Label>, Vec<Finding>) {
    let mut known: HashMap<[u8; 32], usize> = HashMap::new();
    let mut findings = Vec::new();
    let mut distinct: Vec<Label> = Vec::new();
    for label in labels {
        let names = variables.iter().map(|it| it.name.as_str());
        let asked = names.filter(|name| *name != COMPLETION);
        let fields: Vec<_> = asked
            .filter_map(|name| Some((name, label.fields.get(name)?)))
            .collect();
        let content = json!([label.completion, fields]).to_string();
        // Blanks make no other answer of it, nor does what cannot be seen.
        let mut content = visible::blanked(&content);
        for blank in ["\\n", "\\r", "\\t"] {
            content = content.replace(blank, "");
        }
        content.retain(|it| !it.is_whitespace() && it != '\u{fffd}');
        match known.entry(Sha256::digest(&content).into()) {
            Entry::Vacant(place) => {
                place.insert(distinct.len());
                distinct.push(label);
            }
            Entry::Occupied(first) => {
                let first = &distinct[*first.get()];
                if first.says != label.says {
                    let line = first.line;
                    let message =
                        format!("the answer is labelled on line {line} too, and otherwise");
                    let finding = bad(message).at(Span::point(label.line, 1));
                    findings.push(finding.help("keep the label that people agree on, or neither"));
                }
            }
        }
    }
    (distinct, findings)
}

fn label(
    mut fields: Object,
    place: &dyn Fn(&str) -> Span,
    judge: Labelled<'_>,
) -> Result<Label, Finding> {
    let Labelled { name, choices, .. } = judge;
    let line = place("").line;
    let about = fields.shift_remove("case");
    let given = match fields.shift_remove("label") {
        Some(label) if !label.is_null() => Some((label, "label")),
        _ => human(about.as_ref(), name).map(|label| (label, "case")),
    };
    let Some((given, key)) = given else {
        return Err(bad("the line has no label").at(place("")).help(HELP));
    };
    let Some(Value::String(completion)) = fields.shift_remove("completion") else {
        return Err(
            bad("the line has no `completion`, the answer that was labelled")
                .at(place(""))
                .help(HELP),
        );
    };
    let Some(says) = says(&given, choices) else {
        let names: Vec<&str> = choices.iter().map(|it| it.choice.as_str()).collect();
        return Err(bad(format!("{given} is none of the judge's choices"))
            .at(place(key))
            .help(format!(
                "write one of {}, or `pass` or `fail` in all lines",
                names.join(", ")
            )));
    };
    Ok(Label {
        line,
        fields,
        completion,
        says,
    })
}

const HELP: &str = "each is such as {\"completion\": \"…\", \"input\": \"…\", \"label\": \"pass\"}";

/// What `case.human` says: by this judge's name, whole or without its folder, or of the only evaluator.
fn human(about: Option<&Value>, judge: &str) -> Option<Value> {
    let human = about?.get("human")?.as_object()?;
    let short = judge.rsplit('/').next().unwrap_or(judge);
    let by_name = human.get(judge).or_else(|| human.get(short));
    let only = human.values().next().filter(|_| human.len() == 1);
    by_name.or(only).cloned()
}

fn says(given: &Value, choices: &[Choice]) -> Option<Says> {
    let text = match given {
        Value::Bool(passes) => return Some(Says::Passes(*passes)),
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let choice = choices
        .iter()
        .position(|it| it.choice.eq_ignore_ascii_case(&text));
    match (choice, text.to_ascii_lowercase().as_str()) {
        (Some(choice), _) => Some(Says::Choice(choice)),
        (None, "pass" | "true" | "yes") => Some(Says::Passes(true)),
        (None, "fail" | "false" | "no") => Some(Says::Passes(false)),
        (None, _) => None,
    }
}

fn bad(message: impl Into<String>) -> Finding {
    Finding::error(code::BAD_INPUT, message)
}
