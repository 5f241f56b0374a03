//! What the calls of a group cost, and what of that was for nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::page::Fact;
use crate::record::entry::Usage;
use crate::statistics::Moments;

/// Calls, their tokens, and what they cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// How many calls.
    pub calls: u64,
    /// What those cost whose price is known, in US dollars.
    pub cost: Moments,
    /// Those whose tokens are known.
    pub counted: u64,
    /// The tokens of these: read, of those from the cache, of those written to it, and written.
    pub tokens: [u64; 4],
}

/// What the calls of a prompt, or of a part of it, cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PromptCosts {
    /// All of its calls.
    pub all: Spent,
    /// Calls with a request that was sent before.
    pub again: Spent,
    /// Calls whose request is known.
    pub hashed: u64,
    /// Calls whose answer was cut off at the most tokens that it may have.
    pub cut: Spent,
    /// Those that failed, by the code of the error, or how they ended where it has none.
    pub failures: BTreeMap<String, u64>,
}

impl PromptCosts {
    /// Takes a call in; `is_again` where its request was sent before.
    pub(super) fn take(&mut self, fact: &Fact, is_again: bool) {
        let (usage, cost) = (fact.usage(), fact.cost());
        self.all.take(&usage, cost);
        self.hashed += u64::from(fact.request().is_some());
        if is_again {
            self.again.take(&usage, cost);
        }
        let Some(more) = fact.more() else {
            return;
        };
        if more.is_cut {
            self.cut.take(&usage, cost);
        }
        if let Some(failure) = &more.failure {
            match self.failures.get_mut(&**failure) {
                Some(count) => *count += 1,
                None => drop(self.failures.insert(failure.to_string(), 1)),
            }
        }
    }

    pub(in crate::record) fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        self.again.merge(&other.again);
        self.cut.merge(&other.cut);
        self.hashed += other.hashed;
        for (failure, count) in &other.failures {
            *self.failures.entry(failure.clone()).or_default() += count;
        }
    }
}

impl Spent {
    /// Adds what others cost.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.cost.merge(&other.cost);
        self.counted += other.counted;
        for (sum, more) in self.tokens.iter_mut().zip(other.tokens) {
            *sum = sum.saturating_add(more);
        }
    }

    fn take(&mut self, usage: &Usage, cost: Option<f64>) {
        self.calls += 1;
        if let Some(cost) = cost {
            self.cost.push(cost);
        }
        if let (Some(input), Some(output)) = (usage.input_tokens, usage.output_tokens) {
            self.counted += 1;
            let cached = usage.cached_tokens.unwrap_or(0).min(input);
            let written = usage.cache_write_tokens.unwrap_or(0).min(input - cached);
            for (sum, more) in self.tokens.iter_mut().zip([input, cached, written, output]) {
                *sum = sum.saturating_add(more);
            }
        }
    }

    /// The share of the input that came from the cache.
    pub fn cached_share(&self) -> Option<f64> {
        (self.tokens[0] > 0).then(|| self.tokens[1] as f64 / self.tokens[0] as f64)
    }

    /// Those whose price is not known.
    pub fn unpriced(&self) -> u64 {
        self.calls - self.cost.n()
    }
}
