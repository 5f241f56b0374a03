//! What became of executions, one by one and added up, and their tokens.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::Outcome;
use super::possible::{can_be_added, is_ahead, is_same_figure};
use crate::statistics::Moments;

/// So many different labels, metrics or answers of a group are told apart.
pub const MOST_NAMES: usize = 1000;

/// What of an execution decides how what became of it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Kind {
    /// In US dollars, where the price is known.
    pub(super) cost: Option<f64>,
    /// Whether its status is ok, so that an outcome of it can come.
    pub(super) is_ok: bool,
}

/// What became of executions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcomes {
    /// How many have an outcome.
    pub count: u64,
    /// How many of those have status ok.
    pub of_ok: u64,
    /// How many have a label.
    pub labelled: u64,
    /// How many are won.
    pub won: u64,
    /// How many of those have a price.
    pub won_priced: u64,
    /// What those with a label cost whose price is known, in US dollars.
    pub labelled_cost: Moments,
    /// How many have a label and stand in past sums that do not say what such calls cost.
    pub without_cost: u64,
    pub score: Moments,
    pub labels: BTreeMap<String, u64>,
    pub metrics: BTreeMap<String, Moments>,
    /// How many have labels or metrics beyond [`MOST_NAMES`], which are not told apart.
    pub beyond: u64,
    /// Their figures that cannot be added up, and that do not count.
    pub too_far: TooFar,
}

impl Outcomes {
    /// Adds what became of others.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.of_ok += other.of_ok;
        self.labelled += other.labelled;
        self.won += other.won;
        self.won_priced += other.won_priced;
        self.labelled_cost.merge(&other.labelled_cost);
        self.without_cost += other.without_cost;
        self.score.merge(&other.score);
        self.beyond += other.beyond + add_counts(&mut self.labels, &other.labels);
        for (name, more) in &other.metrics {
            let has_room = self.metrics.len() < MOST_NAMES;
            match self.metrics.get_mut(name) {
                Some(known) => known.merge(more),
                None if has_room => drop(self.metrics.insert(name.clone(), *more)),
                None => self.beyond += more.n(),
            }
        }
        self.too_far.score += other.too_far.score;
        let more = add_counts(&mut self.too_far.metrics, &other.too_far.metrics);
        self.too_far.others += other.too_far.others + more;
    }
}

/// Adds up how often each was said, and says how often those were for which there is no room.
pub(super) fn add_counts(words: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>) -> u64 {
    let mut beyond = 0;
    for (word, count) in more {
        let has_room = words.len() < MOST_NAMES;
        match words.get_mut(word) {
            Some(known) => *known += count,
            None if has_room => drop(words.insert(word.clone(), *count)),
            None => beyond += count,
        }
    }
    beyond
}

/// Figures that cannot be added up: how many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TooFar {
    pub score: u64,
    /// Those of each metric.
    pub metrics: BTreeMap<String, u64>,
    /// Those of metrics beyond [`MOST_NAMES`], which are not told apart.
    pub others: u64,
}

impl TooFar {
    /// How many are of this metric, or may be.
    pub fn of_metric(&self, name: &str) -> u64 {
        self.metrics.get(name).copied().unwrap_or(self.others)
    }

    fn take_metric(&mut self, name: &str) {
        self.others += u64::from(!count(&mut self.metrics, name));
    }
}

/// Tokens of several calls; a figure that no call told is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Read, the cached ones among them.
    pub input: Option<u64>,
    /// Of the input, those from the cache.
    pub cached: Option<u64>,
    /// Written, those of reasoning among them.
    pub output: Option<u64>,
    /// Of the output, those of reasoning.
    pub reasoning: Option<u64>,
}

/// When something was told. What is dated more than a day ahead of now is taken for older than all else: else
/// nothing that is told later would ever count.
pub(super) type ToldAt = Option<Timestamp>;

/// When an outcome was told, as it stands beside others of the same execution.
pub(super) fn told_at(time: Timestamp, now: Timestamp) -> ToldAt {
    (!is_ahead(time, now)).then_some(time)
}

/// What outcomes say of an execution: of each thing what was said last, by time; where two times are
/// the same, what stands later in the log. A figure that cannot be added up stands until it is replaced.
#[derive(Debug, Default)]
pub(super) struct LatestOutcome {
    pub(super) score: Option<(ToldAt, f64)>,
    pub(super) label: Option<(ToldAt, Box<str>)>,
    pub(super) metrics: Vec<(Box<str>, ToldAt, f64)>,
    /// When the first of it was told, where that is known.
    pub(super) first: ToldAt,
}

impl LatestOutcome {
    /// Whether something else was said before, of which one counts.
    pub(super) fn take(&mut self, outcome: Outcome, now: Timestamp) -> bool {
        let mut is_replaced = false;
        let time = told_at(outcome.time, now);
        self.first = self.first.into_iter().chain(time).min();
        if let Some(label) = outcome.label {
            is_replaced |= newest(&mut self.label, time, label.into());
        }
        if let Some(score) = outcome.score {
            is_replaced |= newest(&mut self.score, time, score);
        }
        for (name, figure) in outcome.metrics {
            let known = self.metrics.iter().position(|(known, ..)| **known == *name);
            is_replaced |= known.is_some_and(|at| self.metrics[at].2 != figure);
            match known {
                Some(at) if time >= self.metrics[at].1 => {
                    self.metrics[at] = (name.into(), time, figure);
                }
                None if self.metrics.len() < MOST_NAMES => {
                    self.metrics.push((name.into(), time, figure));
                }
                _ => {}
            }
        }
        is_replaced
    }

    /// Whether all that an outcome says, but for its note, counts already.
    pub(super) fn says(&self, outcome: &Outcome) -> bool {
        let metric = |(name, said): (&String, &f64)| {
            let known = self.metrics.iter().find(|(known, ..)| **known == **name);
            known.is_some_and(|(.., known)| is_same_figure(*known, *said))
        };
        let score = |said| {
            let known = self.score.map(|(_, known)| known);
            known.is_some_and(|known| is_same_figure(known, said))
        };
        outcome.score.is_none_or(score)
            && (outcome.label.as_deref()).is_none_or(|said| self.label() == Some(said))
            && outcome.metrics.iter().all(metric)
    }

    /// Whether a figure that counts cannot be added up.
    pub(super) fn is_impossible(&self) -> bool {
        let score = self.score.iter().map(|(_, score)| *score);
        let metrics = self.metrics.iter().map(|(.., figure)| *figure);
        !score.chain(metrics).all(can_be_added)
    }

    /// The label that counts.
    pub(super) fn label(&self) -> Option<&str> {
        self.label.as_ref().map(|(_, label)| &**label)
    }

    /// Adds it to what became of others.
    pub(super) fn add_to(&self, outcomes: &mut Outcomes, kind: Kind, win: &str) {
        outcomes.count += 1;
        outcomes.of_ok += u64::from(kind.is_ok);
        match self.score {
            Some((_, score)) if can_be_added(score) => outcomes.score.push(score),
            Some(_) => outcomes.too_far.score += 1,
            None => {}
        }
        let mut is_beyond = false;
        if let Some(label) = self.label() {
            outcomes.labelled += 1;
            if let Some(cost) = kind.cost {
                outcomes.labelled_cost.push(cost);
            }
            let is_won = label == win;
            outcomes.won += u64::from(is_won);
            outcomes.won_priced += u64::from(is_won && kind.cost.is_some());
            is_beyond |= !count(&mut outcomes.labels, label);
        }
        for (name, _, figure) in &self.metrics {
            if !can_be_added(*figure) {
                outcomes.too_far.take_metric(name);
            } else if let Some(known) = outcomes.metrics.get_mut(&**name) {
                known.push(*figure);
            } else if outcomes.metrics.len() < MOST_NAMES {
                let mut fresh = Moments::default();
                fresh.push(*figure);
                outcomes.metrics.insert(name.to_string(), fresh);
            } else {
                is_beyond = true;
            }
        }
        outcomes.beyond += u64::from(is_beyond);
    }
}

/// Keeps what is newer, and says whether something else was there.
pub(super) fn newest<T: PartialEq>(slot: &mut Option<(ToldAt, T)>, time: ToldAt, said: T) -> bool {
    let is_other = slot.as_ref().is_some_and(|(_, known)| *known != said);
    if slot.as_ref().is_none_or(|(before, _)| time >= *before) {
        *slot = Some((time, said));
    }
    is_other
}

impl Tokens {
    pub(super) fn take(&mut self, tokens: [Option<u64>; 4]) {
        let sums = [
            &mut self.input,
            &mut self.cached,
            &mut self.output,
            &mut self.reasoning,
        ];
        for (sum, more) in sums.into_iter().zip(tokens) {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0).saturating_add(more));
            }
        }
    }
}

/// Something said to one more.
pub(super) fn count(words: &mut BTreeMap<String, u64>, word: &str) -> bool {
    if let Some(count) = words.get_mut(word) {
        *count += 1;
        return true;
    }
    let has_room = words.len() < MOST_NAMES;
    if has_room {
        words.insert(word.to_owned(), 1);
    }
    has_room
}
