//! Cases that are too like others: they tell nothing new, and count twice.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hasher as _};

use serde_json::Value;

use super::case::{Case, Suite};
use super::found::Found;
use super::result::cut;
use crate::prompt::code;
use crate::prompt::finding::Finding;

/// How much of what is expected is shown, in characters.
const SHOWN: usize = 40;

/// How many cases are compared.
const MAX_CASES: usize = 5_000;

/// How many words of a case are looked at.
const MAX_WORDS: usize = 200;

/// How many runs of words two cases have to share, as a part of all.
const ALIKE: f64 = 0.85;

/// A sketch has bands of rows: two texts that share a band are compared.
const BANDS: usize = 8;
const ROWS: usize = 3;

/// The most cases that one is compared with.
const MAX_LOOKED_AT: usize = 20;

/// Warnings about cases that say nearly what another says, and expect the same. Cases of the same
/// group, which belong together, are not compared, and neither are those that differ in a number or
/// a file: that is often what they are about.
pub fn near_duplicates(suite: &Suite) -> Vec<Finding> {
    pairs(
        suite,
        ALIKE,
        &|a, b| a.expected == b.expected && a.evaluators == b.evaluators,
        &|case, first| {
            let message = format!(
                "the case `{}` says nearly what `{}` says ({}:{}), and expects the same",
                case.id, first.id, first.place.path, first.place.line
            );
            Finding::new(code::CASE_TOO_ALIKE, message)
                .help("remove one, or make it ask something else")
        },
    )
}

/// Warnings about cases that ask the same but for capitals and signs, and expect something else: one
/// of them is most likely wrong.
pub fn near_contradictions(suite: &Suite) -> Vec<Finding> {
    let differ = |a: &Case, b: &Case| {
        let both = a.expected.is_some() && b.expected.is_some();
        both && a.expected != b.expected
    };
    // What is the same to the letter is found as such.
    let is_meant = |a: &Case, b: &Case| differ(a, b) && a.digest != b.digest;
    pairs(suite, 1.0, &is_meant, &|case, first| {
        let expected = |case: &Case| case.expected.as_ref().map(word).unwrap_or_default();
        let message = format!(
            "the case `{}` expects `{}`, and `{}` ({}:{}) expects `{}`: they differ in nothing but capitals and punctuation",
            case.id,
            expected(case),
            first.id,
            first.place.path,
            first.place.line,
            expected(first)
        );
        Finding::new(code::CASE_TOO_ALIKE, message)
            .help("correct `expected` of one of them, or remove it")
    })
}

/// A value in a message.
fn word(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    cut(&text, SHOWN)
}

/// What is said of cases that share so many of their runs with another, where that is meant.
fn pairs(
    suite: &Suite,
    share: f64,
    is_meant: &dyn Fn(&Case, &Case) -> bool,
    said: &dyn Fn(&Case, &Case) -> Finding,
) -> Vec<Finding> {
    let mut found = Found::default();
    let mut bands: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
    let mut runs: Vec<BTreeSet<u64>> = Vec::new();
    let cases = &suite.cases[..suite.cases.len().min(MAX_CASES)];
    for (index, case) in cases.iter().enumerate() {
        let own = runs_of(case);
        let sketch = sketch(&own);
        let mut alike = None;
        let mut seen = BTreeSet::new();
        for (band, rows) in sketch.chunks(ROWS).enumerate() {
            let known = bands.entry((band, hash(&rows))).or_default();
            for other in known.iter().take(MAX_LOOKED_AT).copied() {
                if seen.insert(other)
                    && is_comparable(&cases[other], case)
                    && is_meant(&cases[other], case)
                    && shared(&runs[other], &own) >= share
                {
                    alike = Some(alike.map_or(other, |first: usize| first.min(other)));
                }
            }
            if known.len() < MAX_LOOKED_AT {
                known.push(index);
            }
        }
        runs.push(own);
        if let Some(other) = alike {
            found.push(case.place.mark(said(case, &cases[other])));
        }
    }
    found.finish()
}

fn is_comparable(a: &Case, b: &Case) -> bool {
    let is_one_group = a.group.is_some() && a.group == b.group;
    let hash = |case: &Case| {
        let files = case.files.iter().map(|file| file.sha256.clone());
        files.collect::<Vec<_>>()
    };
    !is_one_group && a.others == b.others && hash(a) == hash(b)
}

/// The runs of three words that a case says, as hashes. Numbers stand for themselves; case and signs
/// do not count.
fn runs_of(case: &Case) -> BTreeSet<u64> {
    let mut words = Vec::new();
    let mut numbers = Vec::new();
    for (name, value) in case.variables.get().iter() {
        words.push(hash(&name));
        collect(value, &mut words, &mut numbers);
    }
    let mut runs: BTreeSet<u64> = words.windows(3).map(|run| hash(&run)).collect();
    if words.len() < 3 {
        runs.insert(hash(&words));
    }
    // Where a number differs, nothing is shared.
    let numbers = hash(&numbers);
    runs.into_iter().map(|run| run ^ numbers).collect()
}

fn collect(value: &Value, words: &mut Vec<u64>, numbers: &mut Vec<String>) {
    if words.len() >= MAX_WORDS {
        return;
    }
    match value {
        Value::Null => {}
        Value::Bool(flag) => numbers.push(flag.to_string()),
        Value::Number(number) => numbers.push(number.to_string()),
        Value::String(text) => {
            let split = text.split(|char: char| !char.is_alphanumeric());
            let found = split.filter(|word| !word.is_empty());
            for word in found.take(MAX_WORDS) {
                if word.starts_with(|char: char| char.is_numeric()) {
                    numbers.push(word.to_owned());
                }
                words.push(hash(&word.to_lowercase()));
            }
            // A text without a letter, such as "!!!", is its own word.
            if !text.chars().any(char::is_alphanumeric) {
                words.push(hash(&text));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, words, numbers)),
        Value::Object(map) => {
            for (key, value) in map {
                words.push(hash(&key));
                collect(value, words, numbers);
            }
        }
    }
}

/// The smallest of each of some orders of the runs.
fn sketch(runs: &BTreeSet<u64>) -> Vec<u64> {
    let orders = 0..(BANDS * ROWS) as u64;
    let smallest = |order: u64| runs.iter().map(|run| hash(&(order, run))).min();
    orders
        .map(|order| smallest(order).unwrap_or_default())
        .collect()
}

fn shared(a: &BTreeSet<u64>, b: &BTreeSet<u64>) -> f64 {
    let both = a.intersection(b).count();
    let all = a.len() + b.len() - both;
    both as f64 / all.max(1) as f64
}

fn hash<T: std::hash::Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
