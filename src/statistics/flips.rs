//! Sign flips: the test of differences that supposes nothing but that head and base could have been
//! swapped.

use super::random::Pcg;

/// Up to so many differences all flips are counted.
pub const EXACT_FLIPS: usize = 20;

/// So many random flips are made where there are more differences.
pub const FLIPS: u32 = 100_000;

/// Sums closer than this, relative to the sum of what is added, are the same: 0.1 + 0.2 is 0.3.
pub(super) const TIE: f64 = 1e-12;

/// How likely the sum of `differences` (head less base, in any unit) is as far from 0 as it is or
/// farther, two-sided, where each of them could as well have had the other sign. Those of 0 tell
/// nothing. Differences of one group are to be added up before, so that they flip together.
///
/// All flips are counted up to [`EXACT_FLIPS`] differences; else [`FLIPS`] are drawn, and the p is
/// (1 + those as far) / (1 + all).
pub fn sign_flips(differences: &[f64], seed: u64) -> f64 {
    let sizes = || differences.iter().map(|it| it.abs());
    let largest = sizes().fold(0.0, f64::max);
    let mut counted: Vec<f64> = sizes().filter(|&size| size > TIE * largest).collect();
    // Of all flips it is the same which sign a difference has, and which comes first. In one order
    // the flips that are drawn are so too.
    counted.sort_by(f64::total_cmp);
    let all: f64 = counted.iter().sum();
    let least = differences.iter().sum::<f64>().abs() - TIE * all;
    if counted.len() <= EXACT_FLIPS {
        exact(&counted, least)
    } else {
        drawn(&counted, least, seed)
    }
}

/// The share of all flips whose sum is at least `least`, on either side. The sums of one half of the
/// differences are sorted, so that those of the other half need but look up how many fit.
fn exact(values: &[f64], least: f64) -> f64 {
    if least <= 0.0 {
        return 1.0;
    }
    let (one, other) = values.split_at(values.len() / 2);
    let (one, mut other) = (flipped(one), flipped(other));
    other.sort_by(f64::total_cmp);
    let hits: usize = one
        .iter()
        .map(|sum| {
            let below = other.partition_point(|it| sum + it <= -least);
            let short = other.partition_point(|it| sum + it < least);
            below + other.len() - short
        })
        .sum();
    hits as f64 / (one.len() * other.len()) as f64
}

/// The sums of the values under all their flips.
fn flipped(values: &[f64]) -> Vec<f64> {
    values.iter().fold(vec![0.0], |sums, value| {
        sums.iter()
            .flat_map(|sum| [sum - value, sum + value])
            .collect()
    })
}

/// The p of random flips. The sums of eight values under all their flips stand in a table, so that a
/// byte of chance flips eight.
fn drawn(values: &[f64], least: f64, seed: u64) -> f64 {
    let tables: Vec<[f64; 256]> = values
        .chunks(8)
        .map(|some| {
            let sums = flipped(some);
            std::array::from_fn(|bits| sums[bits % sums.len()])
        })
        .collect();
    let mut random = Pcg::new(seed);
    let mut hits = 0_u32;
    for _ in 0..FLIPS {
        let mut sum = 0.0;
        for four in tables.chunks(4) {
            for (table, bits) in four.iter().zip(random.bits().to_le_bytes()) {
                sum += table[usize::from(bits)];
            }
        }
        hits += u32::from(f64::abs(sum) >= least);
    }
    f64::from(1 + hits) / f64::from(1 + FLIPS)
}
