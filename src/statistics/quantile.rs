//! Quantiles: medians, and the slow end of latencies.

use super::Interval;
use super::distribution::binomial_at_most;

/// The quantile `q` of values that are sorted already: Hyndman and Fan's type 7, as numpy and R
/// have it. None where there are no values.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    let part = place - below as f64;
    Some(sorted[below] + part * (sorted[above] - sorted[below]))
}

/// The ranks, counted from 1, of the values between which the quantile `q` of a population lies
/// with a chance of at least `level`, where `n` values were drawn from it. Exact, and the same for
/// every distribution. None where `n` is too small for it: below 6 for a median at 95 %, below 368
/// for the 99th percentile.
pub fn quantile_ranks(n: usize, q: f64, level: f64) -> Option<(usize, usize)> {
    let tail = (1.0 - level) / 2.0;
    let at_most = |k: usize| binomial_at_most(k as u64, n as u64, q);
    // How many of 0, 1, …, n fulfil what holds for the small ones only.
    let count = |holds: &dyn Fn(usize) -> bool| {
        let (mut low, mut high) = (0, n + 1);
        while low < high {
            let middle = low.midpoint(high);
            match holds(middle) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    };
    let low = count(&|k| at_most(k) <= tail);
    let high = count(&|k| 1.0 - at_most(k) > tail) + 1;
    (low >= 1 && high <= n).then_some((low, high))
}

/// The interval of the quantile `q`, by [`quantile_ranks`], of values that are sorted already.
pub fn quantile_interval(sorted: &[f64], q: f64, level: f64) -> Option<Interval> {
    let (low, high) = quantile_ranks(sorted.len(), q, level)?;
    Some(Interval {
        low: sorted[low - 1],
        high: sorted[high - 1],
        level,
    })
}
