//! The executions of two versions.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};

use super::CompareOptions;
use crate::error::Failure;
use crate::record::brief::{Brief, Text};
use crate::record::entry::{SUBJECT, Status};
use crate::record::groups::{Ending, Groups, Question, Row, rows};
use crate::record::log::Log;
use crate::statistics::seed_of;

/// Which executions are a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Those of a version.
    Version {
        /// The name of the prompt.
        prompt: String,
        /// The number of the version.
        version: u32,
    },
    /// Those with a label.
    Label {
        /// Its name.
        key: String,
        value: String,
    },
}

impl Chosen {
    fn means(&self, record: &Brief<'_>) -> bool {
        match self {
            Self::Version { prompt, version } => {
                record.prompt.as_str() == prompt && record.version == Some(*version)
            }
            Self::Label { key, value } => record.label(key) == Some(value),
        }
    }

    fn key(&self) -> Option<&str> {
        match self {
            Self::Label { key, .. } => Some(key),
            Self::Version { .. } => None,
        }
    }
}

/// Whose calls are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// Each is a unit of its own.
    Call,
    /// Those with the same value of this label.
    Label(String),
    /// Those with the same label `subject`, where any has one.
    Subject,
}

impl Unit {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Call => None,
            Self::Label(key) => Some(key),
            Self::Subject => Some(SUBJECT),
        }
    }
}

/// An execution of a side.
#[derive(Debug, Clone)]
pub(in crate::record) struct Call {
    pub(super) is_head: bool,
    /// In milliseconds since 1970.
    pub(super) time: i64,
    /// The numbers of its model and its environment.
    pub(super) model: u32,
    pub(super) environment: u32,
    pub(super) unit: Option<u64>,
    pub(super) status: Status,
    pub(super) duration: Option<f64>,
    pub(super) tokens: Option<f64>,
    pub(super) cost: Option<f64>,
    /// The numbers of its other labels.
    pub(super) labels: Box<[u32]>,
    pub(super) ending: Option<Ending>,
}

/// The executions of both sides.
pub(in crate::record) struct Calls {
    pub(super) calls: Vec<Call>,
    pub(super) names: Names,
    pub(super) unit: Option<String>,
    pub(super) of_both: u64,
    pub(super) groups: Groups,
}

/// So many labels with a value are told apart; what more labels say is not looked at.
const MOST_LABELS: usize = 100_000;

/// How the kind of a thing begins that is a label.
const LABEL: &str = "label ";

/// What parts two names.
const BETWEEN: char = '\u{1f}';

/// Numbers for names.
#[derive(Debug, Default)]
struct Numbers(RwLock<Numbered>);

#[derive(Debug, Default)]
struct Numbered {
    numbers: HashMap<Box<str>, u32>,
    /// How many of them are labels.
    labels: usize,
}

impl Numbers {
    fn known(&self, name: &str) -> Option<u32> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.numbers.get(name).copied()
    }

    /// The number of a model or an environment. Each has one, for strata are made of them.
    fn of(&self, kind: &str, value: &str) -> u32 {
        let name = format!("{kind}{BETWEEN}{value}");
        self.known(&name).unwrap_or_else(|| {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            let fresh = known.numbers.len() as u32;
            *known.numbers.entry(name.into()).or_insert(fresh)
        })
    }

    /// The number of a label; none where there are too many.
    fn of_label(&self, key: &str, value: &str) -> Option<u32> {
        let name = format!("{LABEL}{key}{BETWEEN}{value}");
        self.known(&name).or_else(|| {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            // Another thread may have been quicker.
            if let Some(number) = known.numbers.get(&*name) {
                return Some(*number);
            }
            if known.labels >= MOST_LABELS {
                return None;
            }
            known.labels += 1;
            let fresh = known.numbers.len() as u32;
            known.numbers.insert(name.into(), fresh);
            Some(fresh)
        })
    }

    fn into_names(self) -> Names {
        let known = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut names = vec![(String::new(), String::new()); known.numbers.len()];
        for (name, number) in known.numbers {
            let (one, other) = name.split_once(BETWEEN).unwrap_or((&name, ""));
            names[number as usize] = (one.to_owned(), other.to_owned());
        }
        Names(names)
    }
}

/// Kinds of things, such as `model` and `label market`, each with a value, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<(String, String)>);

impl Names {
    /// The kind of a thing, and its value.
    pub(super) fn get(&self, number: u32) -> (&str, &str) {
        let found = self.0.get(number as usize);
        found.map_or(("", ""), |(one, other)| (one, other))
    }

    /// The names of all labels.
    pub(super) fn labels(&self) -> BTreeSet<String> {
        let kinds = self
            .0
            .iter()
            .filter_map(|(kind, _)| kind.strip_prefix(LABEL));
        kinds.map(str::to_owned).collect()
    }

    #[cfg(test)]
    pub(super) fn of(names: &[(&str, &str)]) -> Self {
        let names = names.iter();
        Self(
            names
                .map(|(one, other)| ((*one).to_owned(), (*other).to_owned()))
                .collect(),
        )
    }
}

/// Reads the executions of both sides, all of the log each time: what is kept beside it are figures of groups,
/// and here each call counts with its hour, its stratum, who made it and what became of it.
pub(super) fn read(
    logs: &[Log],
    question: &Question,
    options: &CompareOptions,
) -> Result<Calls, Failure> {
    let numbers = Numbers::default();
    let key = options.unit.key();
    let read = rows(logs, question, &|record, _| {
        made(record, key, options, &numbers)
    })?;
    let mut of_both = 0;
    let mut calls = Vec::with_capacity(read.rows.len());
    for Row { of, ending } in read.rows {
        match of {
            Made::OfBoth => of_both += 1,
            Made::Call(mut call) => {
                call.ending = ending;
                calls.push(*call);
            }
        }
    }
    let has_unit = calls.iter().any(|call| call.unit.is_some());
    Ok(Calls {
        calls,
        names: numbers.into_names(),
        unit: key.filter(|_| has_unit).map(str::to_owned),
        of_both,
        groups: read.groups,
    })
}

/// What a record is.
enum Made {
    Call(Box<Call>),
    /// It fits both sides.
    OfBoth,
}

fn made(
    record: &Brief<'_>,
    key: Option<&str>,
    options: &CompareOptions,
    numbers: &Numbers,
) -> Option<Made> {
    let is_head = options.head.means(record);
    match (options.base.means(record), is_head) {
        (false, false) => return None,
        (true, true) => return Some(Made::OfBoth),
        _ => {}
    }
    let known = |kind: &str, value: Option<&str>| numbers.of(kind, value.unwrap_or_default());
    let unit = key.and_then(|key| record.label(key));
    let is_other = |name: &str| {
        key != Some(name) && ![options.base.key(), options.head.key()].contains(&Some(name))
    };
    let labels = record.labels().into_iter();
    let labels = labels.filter(|(name, _)| is_other(name));
    let usage = &record.usage;
    let tokens = match (usage.input_tokens, usage.output_tokens) {
        (None, None) => None,
        (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0)) as f64),
    };
    Some(Made::Call(Box::new(Call {
        is_head,
        time: record.time.as_millisecond(),
        model: known("model", record.model.map(Text::as_str)),
        environment: known("environment", record.environment.map(Text::as_str)),
        unit: unit.map(seed_of),
        status: record.status,
        duration: record.duration_ms.map(|it| it as f64),
        tokens,
        cost: record.cost_usd,
        labels: labels
            .filter_map(|(name, value)| numbers.of_label(name, value))
            .collect(),
        ending: None,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_never_use_up_the_room_of_models_and_environments() {
        let numbers = Numbers::default();
        for value in 0..=MOST_LABELS {
            let number = numbers.of_label("order", &value.to_string());
            assert_eq!(number.is_none(), value == MOST_LABELS, "{value}");
        }
        assert!(numbers.of_label("order", "7").is_some());
        let found = [
            numbers.of("model", "gpt-5"),
            numbers.of("model", "gpt-5-mini"),
            numbers.of("environment", "production"),
        ];
        let names = numbers.into_names();
        let found = found.map(|number| names.get(number));
        assert_eq!(
            found,
            [
                ("model", "gpt-5"),
                ("model", "gpt-5-mini"),
                ("environment", "production")
            ]
        );
    }
}
