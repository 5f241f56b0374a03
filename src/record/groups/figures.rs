//! What is known of the executions of a group.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::page::{Answer, Fact};
use super::question::Question;
use super::spent::PromptCosts;

use crate::record::entry::Status;
use crate::record::outcomes::{Outcomes, Tokens, add_counts, count};
use crate::record::possible::{ImpossibleFigures, can_be_added};
use crate::statistics::{Moments, Quantiles};

/// The executions of a group in figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// All of them.
    pub executions: u64,
    /// Those with an answer as it should be.
    pub ok: u64,
    /// Those that ended with an error.
    pub errors: u64,
    /// Those whose answer does not fit its schema.
    pub invalid: u64,
    /// Those that somebody stopped: they are neither a success nor none.
    pub interrupted: u64,
    /// Those that the version here answered because the stored prompt is gone.
    pub fallbacks: u64,
    /// How long they took, in milliseconds. Many numbers, which a cache keeps apart.
    #[serde(skip)]
    pub latency: Quantiles,
    pub tokens: Tokens,
    /// What those cost whose price is known, in US dollars.
    pub cost: Moments,
    /// Those whose price is not known.
    pub unpriced: u64,
    /// What became of them.
    pub outcomes: Outcomes,
    /// Those with figures that no call has, which do not count.
    pub impossible: ImpossibleFigures,
    /// The fields of the answers that were asked for.
    pub answers: Vec<Answers>,
    /// How many there were when.
    pub series: Series,
    /// What else they had, where it was asked for.
    pub mix: Mix,
    /// Where the money went, where it was asked for.
    pub costs: Option<Box<PromptCosts>>,
    pub(super) times: Option<(i64, i64)>,
}

/// A field of the answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Where it is a number.
    pub numbers: Moments,
    /// Where it is a text, or true or false.
    pub words: BTreeMap<String, u64>,
    /// How many are other texts than those that are told apart.
    pub beyond: u64,
    /// How many are numbers that cannot be added up.
    pub too_far: u64,
    /// How many answers lack it.
    pub without: u64,
}

impl Group {
    /// An empty group, of which this is asked.
    pub(super) fn new(question: &Question) -> Self {
        Self {
            answers: vec![Answers::default(); question.values.len()],
            costs: question.with_costs.then(Box::default),
            ..Self::default()
        }
    }

    pub(super) fn of_status(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Ok => &mut self.ok,
            Status::Error => &mut self.errors,
            Status::InvalidOutput => &mut self.invalid,
            Status::Interrupted => &mut self.interrupted,
        }
    }

    /// Takes an execution in; `is_again` where its request was sent before.
    pub(super) fn take(&mut self, fact: &Fact, is_again: bool) {
        if let Some(costs) = &mut self.costs {
            costs.take(fact, is_again);
        }
        self.executions += 1;
        *self.of_status(fact.status) += 1;
        self.fallbacks += u64::from(fact.is_fallback);
        if let Some(duration) = fact.duration() {
            self.latency.push(duration as f64);
        }
        self.tokens.take(fact.tokens());
        match fact.cost() {
            Some(cost) => self.cost.push(cost),
            None => self.unpriced += 1,
        }
        let (first, last) = self.times.unwrap_or((fact.time, fact.time));
        self.times = Some((first.min(fact.time), last.max(fact.time)));
        self.series.push(fact.time);
        if let Some(more) = fact.more() {
            self.impossible.add(more.impossible);
            for (answers, answer) in self.answers.iter_mut().zip(&more.answers) {
                answers.take(answer.as_ref());
            }
            for (name, value) in &more.mix {
                self.mix.take(name, value);
            }
        }
    }

    /// Takes in all executions of another group of the same question.
    pub(super) fn merge(&mut self, other: &Self) {
        // Taken apart, so that a new field is not forgotten here.
        let Self {
            executions,
            ok,
            errors,
            invalid,
            interrupted,
            fallbacks,
            latency,
            tokens,
            cost,
            unpriced,
            outcomes,
            impossible,
            answers,
            series,
            mix,
            costs,
            times,
        } = other;
        self.executions += executions;
        self.ok += ok;
        self.errors += errors;
        self.invalid += invalid;
        self.interrupted += interrupted;
        self.fallbacks += fallbacks;
        self.latency.merge_all(latency);
        let Tokens {
            input,
            cached,
            output,
            reasoning,
        } = *tokens;
        self.tokens.take([input, cached, output, reasoning]);
        self.cost.merge(cost);
        self.unpriced += unpriced;
        self.outcomes.merge(outcomes);
        self.impossible.add(*impossible);
        self.answers.resize_with(answers.len(), Answers::default);
        for (own, more) in self.answers.iter_mut().zip(answers) {
            own.merge(more);
        }
        for (at, count) in &series.counts {
            self.series.add(at * series.step, *count);
        }
        for (name, values) in &mix.0 {
            for (value, count) in values {
                self.mix.add(name, value, *count);
            }
        }
        if let Some(costs) = costs {
            self.costs.get_or_insert_default().merge(costs);
        }
        self.times = match (self.times, *times) {
            (Some(ours), Some(theirs)) => Some((ours.0.min(theirs.0), ours.1.max(theirs.1))),
            (ours, theirs) => ours.or(theirs),
        };
    }

    /// Those that could succeed: all but the interrupted.
    pub fn ended(&self) -> u64 {
        self.executions - self.interrupted
    }

    /// When the first began.
    pub fn first(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.times?.0).ok()
    }

    /// When the last began.
    pub fn last(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.times?.1).ok()
    }

    /// What the calls with a label cost, for each of them that is won: calls whose outcome has not come and calls
    /// without a price are left out on both sides. None where past sums do not say what such calls cost.
    pub fn cost_per_win(&self) -> Option<f64> {
        let Outcomes {
            won_priced: won,
            labelled_cost,
            without_cost,
            ..
        } = &self.outcomes;
        let is_known = *won > 0 && *without_cost == 0;
        Some(labelled_cost.sum()? / *won as f64).filter(|_| is_known)
    }
}

impl Answers {
    fn merge(&mut self, other: &Self) {
        self.numbers.merge(&other.numbers);
        self.beyond += other.beyond + add_counts(&mut self.words, &other.words);
        self.too_far += other.too_far;
        self.without += other.without;
    }

    fn take(&mut self, answer: Option<&Answer>) {
        match answer {
            Some(Answer::Number(number)) if !can_be_added(*number) => self.too_far += 1,
            Some(Answer::Number(number)) => self.numbers.push(*number),
            Some(Answer::Word(word)) => {
                self.beyond += u64::from(!count(&mut self.words, word));
            }
            None => self.without += 1,
        }
    }
}

/// Which models, environments and labels executions had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mix(pub BTreeMap<Box<str>, BTreeMap<Box<str>, u64>>);

/// So many kinds of things, and values of each, are told apart. What has more, such as the label of a
/// user, tells groups apart no more.
const MOST_KINDS: usize = 20;

impl Mix {
    /// One more of this kind has this value.
    pub(in crate::record) fn take(&mut self, name: &str, value: &str) {
        self.add(name, value, 1);
    }

    pub(super) fn add(&mut self, name: &str, value: &str, more: u64) {
        if !self.0.contains_key(name) && self.0.len() < MOST_KINDS {
            self.0.insert(name.into(), BTreeMap::new());
        }
        let Some(values) = self.0.get_mut(name) else {
            return;
        };
        let has_room = values.len() <= MOST_KINDS;
        match values.get_mut(value) {
            Some(count) => *count += more,
            None if has_room => drop(values.insert(value.into(), more)),
            None => {}
        }
    }

    /// The kind of thing in which two groups differ most, with how much: 0 is not at all, and 1 in
    /// everything.
    pub fn differs<'m>(&'m self, other: &'m Self) -> Option<(&'m str, f64)> {
        let apart = self.apart(other);
        apart.fold(None, |most, it| match most {
            Some((_, share)) if it.1 <= share => most,
            _ => Some(it),
        })
    }

    /// By how much two groups differ in each kind of thing that both have. What has too many values is
    /// passed over.
    pub fn apart<'m>(&'m self, other: &'m Self) -> impl Iterator<Item = (&'m str, f64)> {
        let kinds = self.0.iter();
        kinds.filter_map(|(name, ours)| {
            let theirs = other.0.get(name)?;
            let is_few = ours.len().max(theirs.len()) <= MOST_KINDS;
            is_few.then(|| (&**name, share_apart(ours, theirs)))
        })
    }
}

/// The share of calls that would have to be others for two groups to be alike.
fn share_apart(ours: &BTreeMap<Box<str>, u64>, theirs: &BTreeMap<Box<str>, u64>) -> f64 {
    let all = |values: &BTreeMap<Box<str>, u64>| values.values().sum::<u64>() as f64;
    let share = |values: &BTreeMap<Box<str>, u64>, name| {
        values.get(name).copied().unwrap_or(0) as f64 / all(values)
    };
    let names: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let apart = names.into_iter();
    let apart = apart.map(|name| (share(ours, name) - share(theirs, name)).abs());
    apart.sum::<f64>() / 2.0
}

/// How many executions there were when, in steps of one length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The length of a step, in milliseconds: a minute, or twice that, and so on.
    pub step: i64,
    /// How many there were in each step that has any, by its number since 1970.
    pub counts: BTreeMap<i64, u64>,
}

/// A minute, in milliseconds.
const MINUTE: i64 = 60_000;

/// So many steps are kept.
const MOST_STEPS: usize = 64;

impl Default for Series {
    fn default() -> Self {
        Self {
            step: MINUTE,
            counts: BTreeMap::new(),
        }
    }
}

impl Series {
    fn push(&mut self, time: i64) {
        self.add(time, 1);
    }

    pub(super) fn add(&mut self, time: i64, more: u64) {
        let at = time.div_euclid(self.step);
        // Mostly it is the step of the one before.
        match self.counts.last_entry() {
            Some(mut last) if *last.key() == at => {
                *last.get_mut() += more;
                return;
            }
            _ => *self.counts.entry(at).or_default() += more,
        }
        while self.counts.len() > MOST_STEPS {
            *self = self.in_steps_of(self.step * 2);
        }
    }

    /// The same in longer steps.
    #[must_use]
    pub fn in_steps_of(&self, step: i64) -> Self {
        let mut counts = BTreeMap::new();
        for (at, count) in &self.counts {
            let at = (at * self.step).div_euclid(step);
            *counts.entry(at).or_default() += count;
        }
        Self { step, counts }
    }
}
