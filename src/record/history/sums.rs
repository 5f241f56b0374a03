//! A line of past sums: what is known of the executions of a day that have things in common.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::summed::Ids;
use crate::record::entry::Status;
use crate::record::outcomes::Tokens;
use crate::statistics::{Moments, Quantiles, Sketch};

/// The figures of the executions of a day that have these things in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaySum {
    /// The form of the line.
    pub schema: u32,
    /// The day, in UTC.
    pub day: String,
    /// The name of the prompt.
    pub prompt: String,
    /// The number of its version.
    pub version: Option<u32>,
    /// The environment that the version was taken from.
    pub environment: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// How they ended.
    pub status: Status,
    /// How many there were.
    pub executions: u64,
    /// How many different values their label `subject` had.
    pub subjects: u64,
    /// Those that the version here answered because the stored prompt is gone.
    pub fallbacks: u64,
    /// When the first and the last began.
    pub first: Timestamp,
    /// When the last began.
    pub last: Timestamp,
    /// How long they took, in milliseconds.
    pub duration_ms: Latency,
    pub tokens: Tokens,
    /// What those cost whose price is known, in US dollars.
    pub cost_usd: FigureSums,
    /// What became of them.
    pub outcomes: OutcomeSums,
    /// Which they were.
    #[serde(default)]
    pub ids: Ids,
}

impl DaySum {
    /// Whether its figures can be those of as many executions: a line that somebody changed by hand
    /// could silence an alert.
    pub(super) fn is_sound(&self) -> bool {
        let all = self.executions;
        let ids = self.ids.count() as u64;
        let counts = [
            Some(ids),
            self.duration_ms
                .counts
                .iter()
                .copied()
                .try_fold(0, u64::checked_add),
            Some(self.cost_usd.count),
            Some(self.outcomes.count),
            Some(self.fallbacks),
            Some(self.subjects),
        ];
        let costs_money = self.cost_usd.least.is_none_or(|least| least >= 0.0);
        // Few of many ids may have one hash.
        all.saturating_sub(ids) <= all / 1000
            && counts.iter().all(|count| count.is_some_and(|it| it <= all))
            && self.first <= self.last
            && self.cost_usd.is_sound()
            && costs_money
            && (self.outcomes.labelled_cost_usd).is_none_or(|it| it.is_part_of(&self.cost_usd))
            && self.outcomes.score.is_sound()
            && self.outcomes.metrics.values().all(FigureSums::is_sound)
    }
}

impl FigureSums {
    /// Whether these can be some of others.
    fn is_part_of(&self, all: &Self) -> bool {
        let is_within = |(least, most)| {
            (all.least.zip(all.most)).is_some_and(|(low, high)| low <= least && most <= high)
        };
        self.is_sound()
            && self.count <= all.count
            && self.least.zip(self.most).is_none_or(is_within)
    }

    /// Whether the sum lies where the count and the outermost values allow.
    fn is_sound(&self) -> bool {
        let (Some(least), Some(most)) = (self.least, self.most) else {
            return self.count == 0 && self.sum == 0.0;
        };
        let count = self.count as f64;
        let (low, high) = (least * count, most * count);
        let leeway = 1e-9 * low.abs().max(high.abs());
        self.count > 0 && self.squares >= 0.0 && (low - leeway..=high + leeway).contains(&self.sum)
    }
}

/// The count, the sum and the sum of the squares of values, and the outermost of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct FigureSums {
    /// How many.
    pub count: u64,
    pub sum: f64,
    /// The sum of their squares.
    pub squares: f64,
    /// The smallest.
    pub least: Option<f64>,
    /// The largest.
    pub most: Option<f64>,
}

/// Latencies: how many lie in each of many narrow ranges, each 1.005/0.995 times as wide as the one below.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The number of the first range that is counted; range k ends at (1.005/0.995)^k.
    pub first: i32,
    /// How many lie in each from there on.
    pub counts: Vec<u64>,
    /// The smallest.
    pub least: Option<f64>,
    /// The largest.
    pub most: Option<f64>,
}

/// What became of executions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutcomeSums {
    /// How many have an outcome.
    pub count: u64,
    pub score: FigureSums,
    /// How many have each label, and how many of those have a price.
    pub labels: BTreeMap<String, [u64; 2]>,
    pub metrics: BTreeMap<String, FigureSums>,
    /// How many have a label, where some are beyond those that are told apart.
    #[serde(default, skip_serializing_if = "is_none")]
    pub labelled: u64,
    /// How many have labels or metrics beyond those that are told apart.
    #[serde(default, skip_serializing_if = "is_none")]
    pub beyond: u64,
    /// What those with a label cost whose price is known, in US dollars; none where nobody wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled_cost_usd: Option<FigureSums>,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl From<&Moments> for FigureSums {
    fn from(it: &Moments) -> Self {
        Self {
            count: it.n(),
            sum: it.sum().unwrap_or(0.0),
            squares: it.sum_of_squares(),
            least: it.least(),
            most: it.most(),
        }
    }
}

impl FigureSums {
    /// The same to add to others.
    pub fn moments(&self) -> Moments {
        let ends = self.least.zip(self.most).unwrap_or_default();
        Moments::of_sums(self.count, self.sum, self.squares, ends.into())
    }
}

impl Latency {
    pub(super) fn of(values: &Quantiles) -> Self {
        let sketch = values.to_sketch();
        let (first, counts) = sketch.ranges();
        let ends = values.figures([0.0, 1.0]);
        Self {
            first,
            counts: counts.to_vec(),
            least: ends.map(|it| it[0]),
            most: ends.map(|it| it[1]),
        }
    }

    /// The same to add to others; empty where a line is not sound.
    pub fn sketch(&self) -> Sketch {
        let ends = self.least.zip(self.most);
        ends.and_then(|ends| Sketch::of_ranges(self.first, self.counts.clone(), ends.into()))
            .unwrap_or_default()
    }
}
