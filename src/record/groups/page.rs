//! The facts in a piece of a log: what one thread can find out alone.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::became::Kind;
use super::dimension::{Clock, Given, Value, given};
use super::id::{Id, IdPlaces};
use super::question::Question;
use crate::record::brief::Brief;
use crate::record::entry::{Outcome, Source, Status};
use crate::record::log::parse::{Line, Parsed, read};

/// A gap by which a time may be before the one on the line above: calls are written when they end.
const BACKWARDS: i64 = 3_600_000;

/// What is dated so much later than now, in milliseconds, is wrong.
pub(super) const TOMORROW: i64 = 24 * 3_600_000;

/// What an execution adds to its group. There are many, so each is short.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) id: Id,
    /// In milliseconds since 1970.
    pub(super) time: i64,
    /// Not a number where the price is not known.
    cost: f64,
    /// Its group, among those of the page.
    pub(super) key: u32,
    duration: u32,
    tokens: [u32; 4],
    pub(super) status: Status,
    pub(super) is_fallback: bool,
    more: Option<Box<More>>,
}

/// What only some questions ask of an execution.
#[derive(Debug, Clone, Default)]
pub(super) struct More {
    /// The labels that an outcome must have, by their place in the filter.
    pub(super) lacking: Vec<u16>,
    pub(super) answers: Vec<Option<Answer>>,
    /// The model, the environment and the labels.
    pub(super) mix: Vec<(Box<str>, Box<str>)>,
}

/// A figure that is not known.
const NONE: u32 = u32::MAX;

fn short(figure: Option<u64>) -> u32 {
    figure.map_or(NONE, |it| u32::try_from(it).unwrap_or(NONE).min(NONE - 1))
}

fn long(figure: u32) -> Option<u64> {
    (figure != NONE).then_some(u64::from(figure))
}

impl Fact {
    pub(super) fn cost(&self) -> Option<f64> {
        (!self.cost.is_nan()).then_some(self.cost)
    }

    pub(super) fn kind(&self) -> Kind {
        Kind {
            is_priced: self.cost().is_some(),
            is_ok: self.status == Status::Ok,
        }
    }

    /// In milliseconds.
    pub(super) fn duration(&self) -> Option<u64> {
        long(self.duration)
    }

    /// In, cached, out, of reasoning.
    pub(super) fn tokens(&self) -> [Option<u64>; 4] {
        self.tokens.map(long)
    }

    pub(super) fn more(&self) -> Option<&More> {
        self.more.as_deref()
    }

    pub(super) fn is_lacking(&self) -> bool {
        self.more().is_some_and(|more| !more.lacking.is_empty())
    }
}

/// A field of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Number(f64),
    Word(Box<str>),
}

/// What is in a piece of a log.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) lines: u64,
    /// What the groups have in common that facts name.
    pub(super) keys: Vec<Vec<Value>>,
    pub(super) facts: Vec<Fact>,
    /// The ids of records that the filter leaves out.
    pub(super) others: Vec<Id>,
    pub(super) outcomes: Vec<(Id, Outcome)>,
    /// Lines that are not sound: their number, why, and a newer schema.
    pub(super) bad: Vec<(u64, String, Option<u64>)>,
    /// The times of the first and the last record.
    pub(super) ends: Option<(i64, i64)>,
    pub(super) backwards: u64,
    pub(super) ahead: u64,
}

impl Page {
    /// Whether a time is far before the one above it.
    pub(super) fn is_backwards(above: i64, time: i64) -> bool {
        time < above.saturating_sub(BACKWARDS)
    }
}

/// How long lines are, at least of those that are many, in bytes.
const USUAL: usize = 500;

/// Reads a piece of a log.
pub(super) fn page(text: &[u8], question: &Question) -> Page {
    let mut reader = Reader {
        page: Page::default(),
        question,
        keys: Keys::new(question),
        tomorrow: (question.now.as_millisecond()).saturating_add(TOMORROW),
    };
    reader.page.facts.reserve(text.len() / USUAL);
    let mut start = 0;
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |it| start + it);
        let line = &text[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        reader.page.lines += 1;
        if !line.is_empty() {
            reader.line(line);
        }
        start = end + 1;
    }
    reader.page.keys = reader.keys.into_values();
    reader.page
}

struct Reader<'q> {
    page: Page,
    question: &'q Question,
    keys: Keys<'q>,
    /// What is dated later is wrong.
    tomorrow: i64,
}

impl Reader<'_> {
    fn line(&mut self, line: &[u8]) {
        match read(line) {
            Line::Brief(record) => self.record(&record, line),
            Line::Parsed(Parsed::Record(record)) => self.record(&Brief::of(&record), line),
            Line::Parsed(Parsed::Outcome(outcome)) => {
                self.page
                    .outcomes
                    .push((Id::of(&outcome.outcome_of), outcome));
            }
            Line::Parsed(Parsed::Bad(reason, schema)) => {
                self.page.bad.push((self.page.lines, reason, schema));
            }
        }
    }

    fn record(&mut self, record: &Brief<'_>, line: &[u8]) {
        let time = record.time.as_millisecond();
        let (first, above) = self.page.ends.unwrap_or((time, time));
        self.page.backwards += u64::from(Page::is_backwards(above, time));
        self.page.ends = Some((first, time));
        self.page.ahead += u64::from(time > self.tomorrow);
        let filter = &self.question.filter;
        let id = Id::of(record.id);
        if !filter.matches(record) {
            self.page.others.push(id);
            return;
        }
        let usage = &record.usage;
        let tokens = [
            usage.input_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        ];
        self.page.facts.push(Fact {
            id,
            time,
            cost: record.cost_usd.unwrap_or(f64::NAN),
            key: self.keys.of(record),
            duration: short(record.duration_ms),
            tokens: tokens.map(short),
            status: record.status,
            is_fallback: record.source == Source::Fallback,
            more: self.more(record, line),
        });
    }

    fn more(&self, record: &Brief<'_>, line: &[u8]) -> Option<Box<More>> {
        let question = self.question;
        let asks = question.filter.asks_for_outcomes();
        if !asks && !question.with_mix && question.values.is_empty() {
            return None;
        }
        let mut more = More::default();
        if asks {
            more.lacking = places(&question.filter.lacking(record), question);
        }
        if !question.values.is_empty() {
            more.answers = answers(line, &question.values);
        }
        if question.with_mix {
            more.mix = mix(record);
        }
        Some(Box::new(more))
    }
}

fn mix(record: &Brief<'_>) -> Vec<(Box<str>, Box<str>)> {
    let plain = [("model", record.model), ("environment", record.environment)];
    let plain = plain
        .into_iter()
        .filter_map(|(name, value)| Some((name.into(), value?.into())));
    let labels = record.labels().into_iter();
    let labels = labels.map(|(name, value)| (format!("label {name}").into(), value.into()));
    plain.chain(labels).collect()
}

/// Where the names of labels stand in the filter.
pub(super) fn places(names: &[&str], question: &Question) -> Vec<u16> {
    let labels = (0..).zip(&question.filter.labels);
    let lacks = labels.filter(|(_, (name, value))| value.is_none() && names.contains(&&**name));
    lacks.map(|(at, _)| at).collect()
}

/// The fields of an answer that these pointers name.
fn answers(line: &[u8], pointers: &[String]) -> Vec<Option<Answer>> {
    /// The answer alone.
    #[derive(Deserialize)]
    struct Answered {
        output: Option<String>,
    }
    let output = serde_json::from_slice::<Answered>(line).ok();
    let output = output.and_then(|it| it.output);
    let value = output.and_then(|it| serde_json::from_str::<serde_json::Value>(&it).ok());
    let found = |pointer: &String| {
        use serde_json::Value::{Bool, Number, String};
        match value.as_ref()?.pointer(pointer)? {
            Number(number) => number.as_f64().map(Answer::Number),
            Bool(is_so) => Some(Answer::Word(is_so.to_string().into())),
            String(text) => Some(Answer::Word(text.as_str().into())),
            _ => None,
        }
    };
    pointers.iter().map(found).collect()
}

/// Numbers for what groups of a page have in common.
struct Keys<'q> {
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
    fn new(question: &'q Question) -> Self {
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

    fn of(&mut self, record: &Brief<'_>) -> u32 {
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

    fn into_values(self) -> Vec<Vec<Value>> {
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
        let text = self.clock.text(time).to_owned();
        self.of(Given::Text(&text))
    }

    fn of(&mut self, given: Given<'_>) -> u32 {
        let last = self.values.get(self.last as usize);
        if last.is_some_and(|last| given.is(last)) {
            return self.last;
        }
        // Few values are found sooner by looking at each.
        let few = self
            .values
            .iter()
            .take(FEW)
            .position(|value| given.is(value));
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
