//! How calls were split between two versions: in which periods alike, and whether as was meant.

use super::distribution::normal_at_most;

/// By how much χ² must rise for a period to be parted: a p of 0.001 at one place, and more where
/// there are more places to part it at.
const PARTED: f64 = 10.83;

/// A period has at least so many on both sides together.
const FEWEST: u64 = 20;

/// The first hour of each period within which head's share is the same, as far as the numbers tell.
/// `hours` has how many called base and head in each hour. Periods are parted where χ² is largest, and
/// their parts again: a share that grows slowly becomes a staircase.
pub fn periods(hours: &[(u64, u64)]) -> Vec<usize> {
    let mut sums = vec![(0, 0)];
    for (base, head) in hours {
        let (above, below) = sums[sums.len() - 1];
        sums.push((above + base, below + head));
    }
    let between = |from: usize, to: usize| {
        let ((base, head), (base_before, head_before)) = (sums[to], sums[from]);
        (base - base_before, head - head_before)
    };
    let mut found = Vec::new();
    let mut open = vec![(0, hours.len())];
    while let Some((from, to)) = open.pop() {
        let mut most: Option<(usize, f64)> = None;
        for at in from + 1..to {
            let (one, other) = (between(from, at), between(at, to));
            if one.0 + one.1 < FEWEST || other.0 + other.1 < FEWEST {
                continue;
            }
            let squares = chi_square(one, other);
            if most.is_none_or(|(_, most)| squares > most) {
                most = Some((at, squares));
            }
        }
        let limit = PARTED + 2.0 * ((to - from) as f64).ln();
        match most.filter(|(_, squares)| *squares > limit) {
            Some((at, _)) => open.extend([(from, at), (at, to)]),
            None => found.push(from),
        }
    }
    found.sort_unstable();
    found
}

/// χ² of a table of two rows.
fn chi_square((a, b): (u64, u64), (c, d): (u64, u64)) -> f64 {
    let [a, b, c, d] = [a, b, c, d].map(|it| it as f64);
    let product = (a + b) * (c + d) * (a + c) * (b + d);
    match product > 0.0 {
        true => (a + b + c + d) * (a * d - b * c).powi(2) / product,
        false => 0.0,
    }
}

/// How likely a split is at least as far from the meant one by chance alone: χ² with one degree.
/// `expected` are parts, such as 50 and 50. Not a number where nothing was split.
pub fn split_p((base, head): (u64, u64), expected: (f64, f64)) -> f64 {
    let all = (base + head) as f64;
    let meant = all * expected.0 / (expected.0 + expected.1);
    let away = base as f64 - meant;
    let squares = away * away / meant + away * away / (all - meant);
    2.0 * normal_at_most(-squares.sqrt())
}
