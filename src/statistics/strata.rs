//! Differences within strata, so that their mixture cannot pass for a difference.

use super::proportion::Count;

/// What one side did in one stratum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    /// How many calls or subjects.
    pub n: f64,
    /// Their mean, or the share that passed.
    pub mean: f64,
    /// The variance of that mean: p(1−p)/n for a share.
    pub variance: f64,
}

impl From<Count> for Arm {
    fn from(count: Count) -> Self {
        let (n, mean) = (count.of as f64, count.share());
        Self {
            n,
            mean,
            variance: mean * (1.0 - mean) / n,
        }
    }
}

/// One stratum: the calls of one model snapshot, say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum {
    /// What base did.
    pub base: Arm,
    /// What head did.
    pub head: Arm,
}

/// A difference over all strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// Head less base.
    pub difference: f64,
    /// The variance of it (Greenland and Robins 1985 for shares).
    pub variance: f64,
}

/// The difference within strata, by Mantel and Haenszel's weights n₁n₂/(n₁+n₂). None where no
/// stratum has both sides.
pub fn mantel_haenszel(strata: &[Stratum]) -> Option<Pooled> {
    let (mut weights, mut difference, mut variance) = (0.0, 0.0, 0.0);
    for Stratum { base, head } in strata {
        if base.n > 0.0 && head.n > 0.0 {
            let weight = base.n * head.n / (base.n + head.n);
            weights += weight;
            difference += weight * (head.mean - base.mean);
            variance += weight * weight * (head.variance + base.variance);
        }
    }
    (weights > 0.0).then(|| Pooled {
        difference: difference / weights,
        variance: variance / (weights * weights),
    })
}
