//! Shares of cases that pass, and differences of two.

use super::Interval;
use super::distribution::z;
use super::mean::{FEWEST_GROUPS, effective_groups};

/// How many of how many passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Those that passed.
    pub passed: u64,
    /// All.
    pub of: u64,
}

impl Count {
    /// The share that passed; not a number where there are none at all.
    pub fn share(self) -> f64 {
        self.passed as f64 / self.of as f64
    }
}

/// Wilson's score interval (1927) of a share. None where nothing was counted.
pub fn wilson(count: Count, level: f64) -> Option<Interval> {
    (count.of > 0).then(|| wilson_share(count.share(), count.of as f64, level))
}

/// Wilson's interval of a share from 0 to 1, where it is worth `n` independent cases, `n` > 0.
pub fn wilson_share(share: f64, n: f64, level: f64) -> Interval {
    let z = z(level);
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let (middle, scale) = (share + z * z / (2.0 * n), 1.0 + z * z / n);
    let low = if share <= 0.0 {
        0.0
    } else {
        (middle - spread) / scale
    };
    let high = if share >= 1.0 {
        1.0
    } else {
        (middle + spread) / scale
    };
    // Rounding must not put the share itself outside.
    Interval {
        low: low.clamp(0.0, share),
        high: high.clamp(share, 1.0),
        level,
    }
}

/// Wilson's interval of a share of cases that come in groups, a count for each: cases of one group
/// are alike, so that they are worth n / max(1, deff) cases, where deff is the clustered variance
/// over that of independent cases; where all pass or all fail, as many as there are effective
/// groups. None below [`FEWEST_GROUPS`] of them.
pub fn wilson_grouped(groups: &[Count], level: f64) -> Option<Interval> {
    let effective = effective_groups(groups.iter().map(|group| group.of as f64));
    if effective < FEWEST_GROUPS {
        return None;
    }
    let sum = |of: fn(&Count) -> u64| groups.iter().map(of).sum::<u64>() as f64;
    let (passed, n) = (sum(|group| group.passed), sum(|group| group.of));
    let share = passed / n;
    let independent = share * (1.0 - share) / n;
    if independent <= 0.0 {
        return Some(wilson_share(share, effective, level));
    }
    let clusters = groups.iter().filter(|group| group.of > 0).count() as f64;
    let residual = |group: &Count| group.passed as f64 - share * group.of as f64;
    let squares: f64 = groups.iter().map(|group| residual(group).powi(2)).sum();
    let clustered = clusters / (clusters - 1.0) * squares / (n * n);
    let deff = (clustered / independent).max(1.0);
    Some(wilson_share(share, n / deff, level))
}

/// How pairs of one answer each came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PassTable {
    /// Pairs that pass with both.
    pub both: u64,
    /// Pairs that only head passes.
    pub only_head: u64,
    /// Pairs that only base passes.
    pub only_base: u64,
    /// Pairs that neither passes.
    pub neither: u64,
}

impl PassTable {
    pub fn pairs(&self) -> u64 {
        self.both + self.only_head + self.only_base + self.neither
    }

    /// Head's share less base's; not a number where there are no pairs.
    pub fn difference(&self) -> f64 {
        (self.only_head as f64 - self.only_base as f64) / self.pairs() as f64
    }

    /// The share of pairs that differ; not a number where there are no pairs.
    pub fn discordance(&self) -> f64 {
        (self.only_head + self.only_base) as f64 / self.pairs() as f64
    }
}

/// The interval of the difference of paired shares, head less base: Newcombe's method 10
/// (Statistics in Medicine 1998, 17:2635). None where there are no pairs.
pub fn newcombe_paired(table: &PassTable, level: f64) -> Option<Interval> {
    let of = table.pairs();
    let rate = |passed: u64| {
        let count = Count { passed, of };
        Some((count.share(), wilson(count, level)?))
    };
    let head = rate(table.both + table.only_head)?;
    let base = rate(table.both + table.only_base)?;
    let [e, f, g, h] = [table.both, table.only_head, table.only_base, table.neither];
    let [e, f, g, h] = [e, f, g, h].map(|count| count as f64);
    let product = (e + f) * (g + h) * (e + g) * (f + h);
    let mut excess = e * h - f * g;
    if excess > 0.0 {
        excess = (excess - of as f64 / 2.0).max(0.0);
    }
    let phi = match product > 0.0 {
        true => excess / product.sqrt(),
        false => 0.0,
    };
    Some(joined(head, base, phi, table.difference()))
}

/// The interval of the difference of two shares that are not paired, head less base: Newcombe's
/// hybrid score method (Statistics in Medicine 1998, 17:873). None where a side counts nothing.
pub fn newcombe_unpaired(head: Count, base: Count, level: f64) -> Option<Interval> {
    Some(square_and_add(
        (head.share(), wilson(head, level)?),
        (base.share(), wilson(base, level)?),
    ))
}

/// The interval of the difference of two independent figures, each with its own interval of one
/// level, head less base: their distances are squared and added (Zou and Donner 2008). For shares,
/// and for quantiles.
pub fn square_and_add(head: (f64, Interval), base: (f64, Interval)) -> Interval {
    joined(head, base, 0.0, head.0 - base.0)
}

/// The interval of a difference of two figures that are correlated by `phi`.
fn joined(head: (f64, Interval), base: (f64, Interval), phi: f64, difference: f64) -> Interval {
    let distance = |one: f64, other: f64| {
        (one * one - 2.0 * phi * one * other + other * other)
            .max(0.0)
            .sqrt()
    };
    let ((head, of_head), (base, of_base)) = (head, base);
    Interval {
        low: difference - distance(head - of_head.low, of_base.high - base),
        high: difference + distance(of_head.high - head, base - of_base.low),
        level: of_head.level,
    }
}
