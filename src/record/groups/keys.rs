//! The keys by which a piece of a log is grouped, as numbers.

use std::collections::HashMap;

use jiff::Timestamp;

use super::dimension::{Clock, Dimension, Given, Value, given};
use super::question::Question;
use crate::record::brief::Brief;
use crate::record::id::IdPlaces;

/// Numbers for what groups of a page have in common, for several questions at once.
pub(super) struct Keys<'q> {
    question: Option<&'q Question>,
    /// What any of the questions goes by.
    columns: Vec<Column<'q>>,
    /// The columns that each question goes by.
    wanted: Vec<Vec<usize>>,
    /// Of each column but the first: the numbers of what the columns up to it have.
    pairs: Vec<HashMap<u64, u32, IdPlaces>>,
    /// The values of all columns, by number.
    rows: Vec<u32>,
    /// How many there are.
    count: u32,
    /// The values of this record.
    row: Vec<u32>,
}

/// So many values are looked at one by one.
const FEW: usize = 12;

/// The values of one dimension, with their numbers.
struct Column<'q> {
    dimension: &'q Dimension,
    clock: Clock,
    values: Vec<Value>,
    numbers: HashMap<u64, u32>,
    texts: HashMap<Box<str>, u32>,
    others: HashMap<Value, u32>,
    last: u32,
}

impl<'q> Keys<'q> {
    pub(super) fn new(questions: &[&'q Question]) -> Self {
        let mut columns: Vec<Column<'q>> = Vec::new();
        let mut wanted = Vec::with_capacity(questions.len());
        for question in questions {
            let mut place = |dimension| {
                let known = columns.iter().position(|it| it.dimension == dimension);
                known.unwrap_or_else(|| {
                    columns.push(Column::new(dimension, question));
                    columns.len() - 1
                })
            };
            wanted.push(question.by.iter().map(&mut place).collect());
        }
        Self {
            question: questions.first().copied(),
            wanted,
            pairs: (1..columns.len()).map(|_| HashMap::default()).collect(),
            rows: Vec::new(),
            count: 0,
            row: Vec::with_capacity(columns.len()),
            columns,
        }
    }

    pub(super) fn of(&mut self, record: &Brief<'_>) -> u32 {
        let Some(question) = self.question else {
            return 0;
        };
        self.row.clear();
        for column in &mut self.columns {
            let value = match given(column.dimension, record, &question.releases) {
                Some(given) => column.of(given),
                None => column.of_time(record.time),
            };
            self.row.push(value);
        }
        let mut values = self.row.iter();
        let mut number = values.next().copied().unwrap_or(0);
        for (numbers, value) in self.pairs.iter_mut().zip(values) {
            let fresh = numbers.len() as u32;
            let pair = u64::from(number) << 32 | u64::from(*value);
            number = *numbers.entry(pair).or_insert(fresh);
        }
        if number == self.count {
            self.count += 1;
            self.rows.extend(&self.row);
        }
        number
    }

    /// What the groups of each number have in common, of each question one.
    pub(super) fn into_values(self) -> Vec<Vec<Vec<Value>>> {
        let width = self.columns.len();
        let key = |row: &[u32], wanted: &Vec<usize>| {
            let value = |at: &usize| self.columns[*at].values[row[*at] as usize].clone();
            wanted.iter().map(value).collect()
        };
        let numbers = 0..self.count as usize;
        numbers
            .map(|number| {
                let row = &self.rows[number * width..][..width];
                self.wanted.iter().map(|wanted| key(row, wanted)).collect()
            })
            .collect()
    }
}

impl<'q> Column<'q> {
    fn new(dimension: &'q Dimension, question: &Question) -> Self {
        Self {
            dimension,
            clock: Clock::new(dimension, &question.zone),
            values: Vec::new(),
            numbers: HashMap::new(),
            texts: HashMap::new(),
            others: HashMap::new(),
            last: 0,
        }
    }

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
