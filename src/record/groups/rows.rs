//! Executions one by one, with what became of each: for what no group can answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::Timestamp;
use rayon::prelude::*;

use super::found::Groups;
use super::page::{Page, each_record, places};
use super::past::Sums;
use super::question::Question;
use super::tally::{Aftermath, Ended, Tally};
use crate::error::Failure;
use crate::record::brief::Brief;
use crate::record::history::Summed;
use crate::record::id::{Id, IdPlaces};
use crate::record::log::Log;
use crate::record::log::lines::Blocks;
use crate::record::log::read::Order;
use crate::record::outcomes::LatestOutcome;
use crate::record::possible::can_be_added;

/// What became of an execution: of each thing what was said last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ending {
    /// How good it was.
    pub score: Option<f64>,
    /// What it was called.
    pub label: Option<Box<str>>,
    /// Further figures.
    pub metrics: Vec<(Box<str>, f64)>,
    /// When the first of it was told, where that is known.
    pub time: Option<Timestamp>,
}

/// What was made of an execution, and what became of it.
#[derive(Debug, Clone)]
pub(in crate::record) struct Row<T> {
    pub(in crate::record) of: T,
    pub(in crate::record) ending: Option<Ending>,
}

/// What was made of the executions, in the order of the logs.
pub(in crate::record) struct Rows<T> {
    pub(in crate::record) rows: Vec<Row<T>>,
    /// No groups, but what was read and met on the way.
    pub(in crate::record) groups: Groups,
}

/// Makes something of an execution, of its short fields and its whole line.
pub(in crate::record) type Make<'m, T> = &'m (dyn Fn(&Brief<'_>, &[u8]) -> Option<T> + Sync);

/// Reads logs, each with its archives, and makes something of each execution that the filter of the
/// question means. One that several files have counts once.
///
/// # Errors
/// A file is there and cannot be read.
pub(in crate::record) fn rows<T: Send>(
    logs: &[Log],
    question: &Question,
    make: Make<'_, T>,
) -> Result<Rows<T>, Failure> {
    let (parts, past) = super::open(logs)?;
    let sums = Sums::none(past, question);
    let mut collector = Collector {
        question,
        tally: Tally::new(&[question], &sums.summed),
        summed: &sums.summed,
        places: HashMap::default(),
        rows: Vec::new(),
        outcomes: HashMap::default(),
        duplicates: 0,
        replaced: 0,
        taken_away: 0,
    };
    let at_once = 2 * rayon::current_num_threads();
    for wanted in parts {
        let failed = |error| Log::at(&wanted.path).read_failed(error);
        let (segment, length, damage) = wanted.part.open().map_err(failed)?;
        let path = wanted.path.clone();
        collector.tally.begin(&path, false);
        if let Some(why) = damage {
            collector.tally.damaged(why);
        }
        let mut blocks = Blocks::between(segment, Order::OldestFirst, 0, length);
        loop {
            let mut texts = Vec::new();
            while texts.len() < at_once
                && let Some((_, text)) = blocks.next().map_err(failed)?
            {
                texts.push(text);
            }
            if texts.is_empty() {
                break;
            }
            let pieces = texts.into_par_iter();
            let pieces: Vec<Piece<T>> = pieces.map(|text| piece(&text, question, make)).collect();
            for piece in pieces {
                collector.take(piece)?;
            }
        }
    }
    let mut rows = collector.finish();
    super::past::add(&mut rows.groups, sums, question)?;
    Ok(rows)
}

/// A record that was read: its id, when it began in milliseconds, what was made of it, and the labels that an
/// outcome must have.
type Seen<T> = (Id, i64, Option<T>, Vec<u16>);

/// What is in a piece of a log.
struct Piece<T> {
    /// Its lines, what became of executions, and what is not sound.
    page: Page,
    seen: Vec<Seen<T>>,
}

fn piece<T>(text: &[u8], question: &Question, make: Make<'_, T>) -> Piece<T> {
    let (mut page, mut seen) = (Page::default(), Vec::new());
    let filter = &question.filter;
    each_record(text, &mut page, question, |_, record, line| {
        let made = filter.matches(record).then(|| make(record, line)).flatten();
        let lacking = match made.is_some() && filter.asks_for_outcomes() {
            true => places(&filter.lacking(record), question),
            false => Vec::new(),
        };
        let time = record.time.as_millisecond();
        seen.push((Id::of(record.id), time, made, lacking));
    });
    Piece { page, seen }
}

/// Where an execution that is left out stands.
const NOWHERE: u32 = u32::MAX;

struct Collector<'q, T> {
    question: &'q Question,
    /// Executions that sums stand for.
    summed: &'q Summed,
    /// Knows the files and their lines; it is told of no execution.
    tally: Tally<'q>,
    places: HashMap<Id, u32, IdPlaces>,
    rows: Vec<(T, Vec<u16>)>,
    outcomes: HashMap<Id, Aftermath, IdPlaces>,
    duplicates: u64,
    replaced: u64,
    /// Records of executions that sums stand for.
    taken_away: u64,
}

impl<T> Collector<'_, T> {
    fn take(&mut self, mut piece: Piece<T>) -> Result<(), Failure> {
        let outcomes = std::mem::take(&mut piece.page.outcomes);
        self.tally.take(piece.page)?;
        for (id, time, made, lacking) in piece.seen {
            match self.places.entry(id) {
                Entry::Occupied(_) => self.duplicates += 1,
                Entry::Vacant(free) if self.summed.has(id, time) => {
                    free.insert(NOWHERE);
                    self.taken_away += u64::from(made.is_some());
                }
                Entry::Vacant(free) => match made {
                    Some(made) => {
                        free.insert(self.rows.len() as u32);
                        self.rows.push((made, lacking));
                    }
                    None => drop(free.insert(NOWHERE)),
                },
            }
        }
        for (id, outcome) in outcomes {
            let became = self.outcomes.entry(id).or_default();
            self.replaced += u64::from(became.take(outcome, self.question));
        }
        Ok(())
    }

    fn finish(self) -> Rows<T> {
        let mut groups = match self.tally.finish(&[], None) {
            Ended::Groups(mut answers) => answers.pop().unwrap_or_default(),
            // It knew nothing before.
            Ended::BeginAnew => Groups::default(),
        };
        groups.met.duplicates = self.duplicates;
        groups.met.replaced = self.replaced;
        groups.met.summed = self.taken_away;
        let mut endings: HashMap<u32, Aftermath> = HashMap::new();
        for (id, became) in self.outcomes {
            match self.places.get(&id) {
                None => groups.met.unknown += 1,
                Some(&NOWHERE) => {}
                Some(place) => drop(endings.insert(*place, became)),
            }
        }
        let mut rows = Vec::with_capacity(self.rows.len());
        for (at, (of, lacking)) in (0..).zip(self.rows) {
            let became = endings.remove(&at);
            let had = |name| became.as_ref().is_some_and(|it| it.had.contains(name));
            if lacking.iter().all(had) {
                let ending = became.map(|it| it.became.into());
                rows.push(Row { of, ending });
            }
        }
        Rows { rows, groups }
    }
}

impl From<LatestOutcome> for Ending {
    fn from(became: LatestOutcome) -> Self {
        Self {
            time: became.first,
            score: (became.score.map(|(_, score)| score)).filter(|score| can_be_added(*score)),
            label: became.label.map(|(_, label)| label),
            metrics: (became.metrics.into_iter())
                .map(|(name, _, figure)| (name, figure))
                .filter(|(_, figure)| can_be_added(*figure))
                .collect(),
        }
    }
}
