//! The BCa bootstrap, for means and ratios of sums. Not for quantiles: the jackknife, which its
//! acceleration comes from, fails for them.

use super::distribution::{normal_at_most, normal_quantile};
use super::quantile::quantile;
use super::random::Pcg;
use super::{FEWEST, Interval};

/// How many random samples are drawn.
pub const RESAMPLES: usize = 10_000;

/// Sums closer than this, relative to them, are the same.
const TIE: f64 = 1e-12;

/// The BCa interval (Efron 1987) of a mean of independent values. None below [`FEWEST`] values.
pub fn bca_mean(values: &[f64], level: f64, seed: u64) -> Option<Interval> {
    let rows: Vec<(f64, f64)> = values.iter().map(|&value| (value, 1.0)).collect();
    bca_ratio(&rows, level, seed)
}

/// The BCa interval of Σx / Σy of rows (x, y) that are drawn together: how head's costs of all
/// cases stand to base's, say. A row may be the sums of a group, which is then drawn as a whole. Up
/// to 5 rows all samples are made, else [`RESAMPLES`] random ones.
///
/// None below [`FEWEST`] rows, and where a ratio is not finite.
pub fn bca_ratio(rows: &[(f64, f64)], level: f64, seed: u64) -> Option<Interval> {
    if rows.len() < FEWEST {
        return None;
    }
    let mut sums = resampled(rows, seed);
    let value = ratio(total(rows.iter()))?;
    let (below, ties) = sums.iter().fold((0.0, 0.0), |(below, ties), &it| {
        match (it - value).abs() <= TIE * value.abs() {
            true => (below, ties + 1.0),
            false if it < value => (below + 1.0, ties),
            false => (below, ties),
        }
    });
    let bias = normal_quantile((below + ties / 2.0) / sums.len() as f64);
    let acceleration = acceleration(rows)?;
    sums.sort_by(f64::total_cmp);
    let end = |p: f64| {
        let shifted = bias + normal_quantile(p);
        let scale = 1.0 - acceleration * shifted;
        let place = (scale > 0.0).then(|| normal_at_most(bias + shifted / scale))?;
        quantile(&sums, place).filter(|end| end.is_finite())
    };
    Some(Interval {
        low: end((1.0 - level) / 2.0)?,
        high: end(level.midpoint(1.0))?,
        level,
    })
}

fn total<'a>(rows: impl Iterator<Item = &'a (f64, f64)>) -> (f64, f64) {
    rows.fold((0.0, 0.0), |(x, y), row| (x + row.0, y + row.1))
}

fn ratio((x, y): (f64, f64)) -> Option<f64> {
    Some(x / y).filter(|ratio| ratio.is_finite())
}

/// The ratios of samples of as many rows.
fn resampled(rows: &[(f64, f64)], seed: u64) -> Vec<f64> {
    let n = rows.len();
    let all = u32::try_from(n).ok().and_then(|count| n.checked_pow(count));
    let ratio_of = |(x, y): (f64, f64)| x / y;
    if let Some(all) = all.filter(|&all| all <= RESAMPLES) {
        // The digits of a number to the base n are the rows of one sample.
        let sample = |number: usize| {
            let places = std::iter::successors(Some(number), move |rest| Some(rest / n));
            ratio_of(total(places.take(n).map(|rest| &rows[rest % n])))
        };
        return (0..all).map(sample).collect();
    }
    let mut random = Pcg::new(seed);
    let end = u32::try_from(n).unwrap_or(u32::MAX);
    (0..RESAMPLES)
        .map(|_| ratio_of(total((0..n).map(|_| &rows[random.below(end) as usize]))))
        .collect()
}

/// The acceleration, from the jackknife: Σ(θ̄−θᵢ)³ / (6 (Σ(θ̄−θᵢ)²)^1.5), 0 where nothing varies.
fn acceleration(rows: &[(f64, f64)]) -> Option<f64> {
    let (x, y) = total(rows.iter());
    let without = rows.iter().map(|row| ratio((x - row.0, y - row.1)));
    let without: Vec<f64> = without.collect::<Option<_>>()?;
    let mean = without.iter().sum::<f64>() / without.len() as f64;
    let power = |exponent: i32| without.iter().map(move |it| (mean - it).powi(exponent));
    let squares: f64 = power(2).sum();
    let scale = 6.0 * squares.powf(1.5);
    match squares > (TIE * mean).powi(2) {
        true => Some(power(3).sum::<f64>() / scale),
        false => Some(0.0),
    }
}
