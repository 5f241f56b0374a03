//! What could be seen: the smallest difference that 80 % of such comparisons would find, and how
//! many cases a given one takes.

use super::distribution::{binomial_at_most, normal_quantile, z};
use super::exact::least_differing;

/// How often a difference is to be found.
pub const POWER: f64 = 0.8;

/// Below so many cases the exact test too decides what could be seen.
const FEW: u64 = 20;

/// How many cases a difference of shares takes, by Connor (1987): `change` is the difference, and
/// `discordance` the share of cases that differ, to whichever side, which is at least the change.
/// `level` is that of the test's interval. Below 20 cases, where [`mde_of_change`] has come down to
/// the change. None for a change that is not in 0 to 1.
pub fn cases_for_change(change: f64, discordance: f64, level: f64) -> Option<f64> {
    if !(change > 0.0 && change <= 1.0) {
        return None;
    }
    let is_seen = |n: &u64| {
        let smallest = mde_of_change(*n as f64, discordance, level);
        smallest.is_some_and(|smallest| smallest <= change)
    };
    let cases = connor(change, discordance, level);
    match cases >= FEW as f64 {
        true => Some(cases),
        false => Some((1..FEW).find(is_seen).unwrap_or(FEW) as f64),
    }
}

fn connor(change: f64, discordance: f64, level: f64) -> f64 {
    let differ = discordance.max(change).min(1.0);
    let spread = (differ - change * change).max(0.0).sqrt();
    ((z(level) * differ.sqrt() + normal_quantile(POWER) * spread) / change).powi(2)
}

/// The smallest difference of shares that 80 % of comparisons of `n` cases would find, by Connor,
/// and below 20 cases no less than the exact test needs. `discordance` is the share of cases that
/// differ. None where no difference could be shown at all.
pub fn mde_of_change(n: f64, discordance: f64, level: f64) -> Option<f64> {
    let by_connor = smallest(|change| connor(change, discordance, level) <= n);
    if n >= FEW as f64 {
        return by_connor;
    }
    let exact = mde_of_few(n.max(0.0) as u64, level)?;
    Some(exact.max(by_connor.unwrap_or(1.0)))
}

/// The smallest difference of shares that 80 % of comparisons of a few cases would find by the exact
/// test: δ with P(Binomial(n, δ) ≥ m) ≥ 0.8, where m cases have to differ for a p below α. None below
/// m cases (6 at a level of 0.95), which can show no difference.
pub fn mde_of_few(n: u64, level: f64) -> Option<f64> {
    let least = least_differing(1.0 - level);
    if n < least {
        return None;
    }
    smallest(|change| 1.0 - binomial_at_most(least - 1, n, change) >= POWER)
}

/// The smallest number up to 1 from which on `is_seen` holds. None where it does not hold for 1.
fn smallest(is_seen: impl Fn(f64) -> bool) -> Option<f64> {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    if !is_seen(high) {
        return None;
    }
    for _ in 0..60 {
        let middle = low.midpoint(high);
        if middle > 0.0 && is_seen(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// The smallest difference of means that 80 % of comparisons would find, where the mean difference
/// has this standard error: (z of α/2 + z of the power) · se. In the unit of the values.
pub fn mde_of_spread(se: f64, level: f64) -> f64 {
    (z(level) + normal_quantile(POWER)) * se
}

/// How many cases a difference of means takes, where differences spread by `deviation`, both in the
/// unit of the values: ((z of α/2 + z of the power) · deviation / difference)². None for a
/// difference that is not above 0.
pub fn cases_for_spread(difference: f64, deviation: f64, level: f64) -> Option<f64> {
    (difference > 0.0).then(|| (mde_of_spread(deviation, level) / difference).powi(2))
}

/// Rounded to two digits, as estimates like these are told: "about 440".
pub fn about(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let places = 1 - value.abs().log10().floor() as i32;
    match places {
        0.. => (value * 10_f64.powi(places)).round() / 10_f64.powi(places),
        _ => (value / 10_f64.powi(-places)).round() * 10_f64.powi(-places),
    }
}
