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

/// So many values give the quantile `q` an interval: the fewest for which [`quantile_ranks`] has one. None
/// where no number does, as for a quantile of 0 or 1.
pub fn quantile_needs(q: f64, level: f64) -> Option<usize> {
    const MOST: usize = 1 << 40;
    let has_any = |n: usize| quantile_ranks(n, q, level).is_some();
    let mut high = 1;
    while !has_any(high) {
        high *= 2;
        if high > MOST {
            return None;
        }
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = low.midpoint(high);
        match has_any(middle) {
            true => high = middle,
            false => low = middle,
        }
    }
    Some(high)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_needs_as_many_values_as_first_have_an_interval() {
        // The smallest n with max(q, 1 - q)^n <= (1 - level) / 2.
        for (q, level, expected) in [
            (0.5, 0.95, 6),
            (0.5, 0.999, 11),
            (0.9, 0.999, 73),
            (0.99, 0.95, 368),
            (0.99, 0.999, 757),
        ] {
            assert_eq!(quantile_needs(q, level), Some(expected), "{q} {level}");
            assert_eq!(quantile_ranks(expected - 1, q, level), None);
        }
        assert_eq!(quantile_needs(1.0, 0.95), None);
    }
}
