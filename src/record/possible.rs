//! Which figures there can be: one rule for what is appended and for what is read.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// No score and no metric is farther from 0: larger ones could not be added up.
pub const MOST_FIGURE: f64 = 1e15;

/// No call has more: US dollars, tokens, and milliseconds.
const MOST_COST: f64 = 1_000_000.0;
const MOST_TOKENS: u64 = 1_000_000_000_000;
const MOST_DURATION: u64 = 366 * 24 * 3_600_000;

/// What is dated so much later than now, in milliseconds, is wrong: a clock was, or somebody's finger.
const A_DAY: i64 = 24 * 3_600_000;

/// After this, in milliseconds since 1970, nothing can have happened yet.
pub(super) fn tomorrow(now: Timestamp) -> i64 {
    now.as_millisecond().saturating_add(A_DAY)
}

/// Whether a time lies more than a day ahead of now.
pub(super) fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    time.as_millisecond() > tomorrow(now)
}

/// Whether a score, a metric or a number in an answer can be added up with others.
pub fn can_be_added(figure: f64) -> bool {
    figure.abs() <= MOST_FIGURE
}

/// Whether two figures are one; what was written and read again may differ in its last digit.
pub(super) fn is_same_figure(one: f64, other: f64) -> bool {
    (one - other).abs() <= 2.0 * f64::EPSILON * one.abs().max(other.abs())
}

/// A figure that no call has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Impossible {
    /// A cost below 0: it would lift the budgets.
    NegativeCost,
    /// More than there can be, with the most.
    TooMuch(&'static str, f64),
    /// A score or a metric that is too far from 0.
    TooFar,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NegativeCost => f.write_str("`cost_usd` is negative"),
            Self::TooMuch(name, most) => write!(f, "`{name}` is more than any call has: {most}"),
            Self::TooFar => write!(f, "a score or a metric is beyond {MOST_FIGURE:e}"),
        }
    }
}

/// How many calls have figures that there cannot be, by what rests on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpossibleFigures {
    pub cost: u64,
    /// Times that they took.
    pub duration: u64,
    pub tokens: u64,
}

impl ImpossibleFigures {
    /// Those of one more.
    pub(super) fn add(&mut self, more: Self) {
        self.cost += more.cost;
        self.duration += more.duration;
        self.tokens += more.tokens;
    }
}

/// The figures of a call.
pub(super) struct CallFigures<'f> {
    pub(super) cost_usd: &'f mut Option<f64>,
    pub(super) duration_ms: &'f mut Option<u64>,
    /// Counts of tokens with their names.
    pub(super) tokens: [(&'static str, &'f mut Option<u64>); 6],
}

impl CallFigures<'_> {
    /// Takes out what there cannot be, and says which is the first, and of what.
    pub(super) fn take_out(self) -> Option<(Impossible, ImpossibleFigures)> {
        let (mut first, mut impossible) = (None, ImpossibleFigures::default());
        if let Some(cost) = *self.cost_usd
            && !(0.0..=MOST_COST).contains(&cost)
        {
            *self.cost_usd = None;
            impossible.cost = 1;
            first = Some(match cost < 0.0 {
                true => Impossible::NegativeCost,
                false => Impossible::TooMuch("cost_usd", MOST_COST),
            });
        }
        if self.duration_ms.is_some_and(|it| it > MOST_DURATION) {
            *self.duration_ms = None;
            impossible.duration = 1;
            first = first.or(Some(Impossible::TooMuch(
                "duration_ms",
                MOST_DURATION as f64,
            )));
        }
        for (name, count) in self.tokens {
            if count.is_some_and(|it| it > MOST_TOKENS) {
                *count = None;
                impossible.tokens = 1;
                first = first.or(Some(Impossible::TooMuch(name, MOST_TOKENS as f64)));
            }
        }
        first.map(|first| (first, impossible))
    }
}
