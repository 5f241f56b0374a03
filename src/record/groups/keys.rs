//! The keys by which a piece of a log is grouped, as numbers.

use std::collections::HashMap;

use jiff::Timestamp;

use super::dimension::{Clock, Given, Value, given};
use super::question::Question;
use crate::record::brief::Brief;
use crate::record::id::IdPlaces;

/// Numbers for what groups of a page have in common.
pub(super) struct Keys<'q> {
    question: &'q Question,
    columns: Vec<Column>,
    pairs: HashMap<u64, u32, IdPlaces>,
}

/// So many values are looked at one by one.
const FEW: usize = 12;

/// The values of one dimension, with their numbers.
struct Column {
    clock: Clock,
    values: Vec<Value>,
    numbers: HashMap<u64, u32>,
    texts: HashMap<Box<str>, u32>,
    others: HashMap<Value, u32>,
    last: u32,
}

impl<'q> Keys<'q> {
    pub(super) fn new(question: &'q Question) -> Self {
        let column = |dimension| Column {
            clock: Clock::new(dimension, &question.zone),
            values: Vec::new(),
            numbers: HashMap::new(),
            texts: HashMap::new(),
            others: HashMap::new(),
            last: 0,
        };
        Self {
            question,
            columns: question.by.iter().map(column).collect(),
            pairs: HashMap::default(),
        }
    }

    pub(super) fn of(&mut self, record: &Brief<'_>) -> u32 {
        let mut pair = 0;
        for (column, dimension) in self.columns.iter_mut().zip(&self.question.by) {
            let value = match given(dimension, record, &self.question.releases) {
                Some(given) => column.of(given),
                None => column.of_time(record.time),
            };
            pair = pair << 32 | u64::from(value);
        }
        let fresh = self.pairs.len() as u32;
        *self.pairs.entry(pair).or_insert(fresh)
    }

    pub(super) fn into_values(self) -> Vec<Vec<Value>> {
        let mut keys = vec![Vec::new(); self.pairs.len()];
        let width = self.columns.len();
        for (pair, number) in self.pairs {
            let columns = self.columns.iter().enumerate();
            keys[number as usize] = columns
                .map(|(at, column)| {
                    let value = pair >> (32 * (width - 1 - at)) & u64::from(u32::MAX);
                    column.values[value as usize].clone()
                })
                .collect();
        }
        keys
    }
}

impl Column {
    fn of_time(&mut self, time: Timestamp) -> u32 {
        let text = self.clock.text(time);
        // Most calls are of the day or the hour of the one before.
        let last = self.values.get(self.last as usize);
        if last.is_some_and(|last| Given::Text(text).is(last)) {
            return self.last;
        }
        let text = text.to_owned();
        self.of(Given::Text(&text))
    }

    fn of(&mut self, given: Given<'_>) -> u32 {
        let last = self.values.get(self.last as usize);
        if last.is_some_and(|last| given.is(last)) {
            return self.last;
        }
        // Few values are found sooner by looking at each.
        let mut values = self.values.iter().take(FEW);
        let few = match given {
            Given::Text(text) => {
                values.position(|it| matches!(it, Value::Text(known) if **known == *text))
            }
            Given::Number(number) => {
                values.position(|it| matches!(it, Value::Number(known) if *known == number))
            }
            other => values.position(|value| other.is(value)),
        };
        if let Some(at) = few {
            self.last = at as u32;
            return self.last;
        }
        let known = match given {
            Given::Number(number) => self.numbers.get(&number),
            Given::Text(text) => self.texts.get(text),
            other => self.others.get(&other.kept()),
        };
        self.last = match known {
            Some(number) => *number,
            None => {
                let fresh = self.values.len() as u32;
                match given {
                    Given::Number(number) => drop(self.numbers.insert(number, fresh)),
                    Given::Text(text) => drop(self.texts.insert(text.into(), fresh)),
                    other => drop(self.others.insert(other.kept(), fresh)),
                }
                self.values.push(given.kept());
                fresh
            }
        };
        self.last
    }
}
