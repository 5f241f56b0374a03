//! Tests of pairs that need no approximation.

use super::distribution::binomial_at_most;

/// The p of McNemar's exact test, two-sided: how likely pairs that differ fall as unevenly as these
/// or more, where each falls to either side alike.
///
/// `only_head` pairs pass with head alone, `only_base` with base alone. It is the sign test, too.
pub fn mcnemar(only_head: u64, only_base: u64) -> f64 {
    let (fewer, all) = (only_head.min(only_base), only_head + only_base);
    (2.0 * at_most(fewer, all)).min(1.0)
}

/// Up to so many tosses their counts are numbers that are not rounded to 0 or infinity.
const COUNTED: i32 = 1000;

/// The probability of at most `k` heads in `n` tosses: by counting, so that 5:0 is 0.0625 and not a
/// rounding beside it.
fn at_most(k: u64, n: u64) -> f64 {
    let Some(tosses) = i32::try_from(n).ok().filter(|&tosses| tosses <= COUNTED) else {
        return binomial_at_most(k, n, 0.5);
    };
    let (mut ways, mut sum) = (1.0, 0.0);
    for heads in 0..=k {
        sum += ways;
        ways = ways * (n - heads) as f64 / (heads + 1) as f64;
    }
    sum * 0.5_f64.powi(tosses)
}

/// How many pairs have to differ, all to the same side, for a p below `alpha`: 6 for 0.05.
pub fn least_differing(alpha: f64) -> u64 {
    // 1,000 fall to one side with a p that is 0 for any computer.
    (1..1000)
        .find(|&count| mcnemar(count, 0) < alpha)
        .unwrap_or(1000)
}

/// The p of Fisher's exact test, two-sided: how likely two samples that pass alike differ as much as
/// these or more. Each is how many passed, and of how many.
pub fn fisher(one: (u64, u64), other: (u64, u64)) -> f64 {
    let all = one.1 + other.1;
    let passed = one.0 + other.0;
    let ways = |of: u64, chosen: u64| -> f64 {
        let steps = 0..chosen.min(of - chosen);
        steps
            .map(|at| ((of - at) as f64 / (at + 1) as f64).ln())
            .sum()
    };
    let likely =
        |first: u64| ways(one.1, first) + ways(other.1, passed - first) - ways(all, passed);
    let least = passed.saturating_sub(other.1);
    let most = passed.min(one.1);
    let seen = likely(one.0) + 1e-9;
    let sum: f64 = (least..=most)
        .map(likely)
        .filter(|it| *it <= seen)
        .map(f64::exp)
        .sum();
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::fisher;

    #[test]
    fn what_is_split_unevenly_is_as_unlikely_as_r_says() {
        // fisher.test(matrix(c(3, 0, 0, 3), 2)), and so on.
        let known = [
            ((3, 3), (0, 3), 0.1),
            ((3, 3), (1, 3), 0.4),
            ((9, 9), (3, 9), 0.009_049_77),
            ((2, 5), (2, 5), 1.0),
            ((0, 4), (0, 4), 1.0),
        ];
        for (one, other, p) in known {
            assert!((fisher(one, other) - p).abs() < 1e-6, "{one:?} {other:?}");
        }
    }
}
