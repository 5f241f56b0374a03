//! Means, of independent values and of groups, and differences of two.

use std::collections::BTreeMap;

use super::Interval;
use super::distribution::{t, t_beyond};

/// Below so many effective groups there is no interval: "too few groups".
pub const FEWEST_GROUPS: f64 = 5.0;

/// A mean, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// How many values.
    pub n: usize,
    /// How many groups, where the values come in groups.
    pub groups: Option<usize>,
    /// The standard error of the mean; none where there are fewer than two values or groups.
    pub se: Option<f64>,
    /// By Student's t; none where there are too few values or groups.
    pub interval: Option<Interval>,
}

/// The mean of independent values, by t with n−1 degrees. None where there are none.
pub fn mean(values: &[f64], level: f64) -> Option<Mean> {
    let n = values.len();
    let (value, variance) = moments(values)?;
    let se = variance.map(|variance| (variance / n as f64).sqrt());
    Some(Mean {
        value,
        n,
        groups: None,
        se,
        interval: se.map(|se| mean_interval(value, se, n as f64 - 1.0, level)),
    })
}

/// The interval of a mean, or of a difference, by t with these degrees of freedom, above 0.
pub fn mean_interval(value: f64, se: f64, degrees: f64, level: f64) -> Interval {
    let half = t(level, degrees) * se;
    Interval {
        low: value - half,
        high: value + half,
        level,
    }
}

/// The mean and the variance of values: none, and none below two.
fn moments(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (n > 0.0).then_some((mean, (n > 1.0).then(|| squares / (n - 1.0))))
}

/// The number of groups of one size that tell as much as those of these sizes: (Σn)² / Σn².
pub fn effective_groups(sizes: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) = sizes.fold((0.0, 0.0), |(sum, squares), size| {
        (sum + size, squares + size * size)
    });
    if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    }
}

/// A mean of values that come in groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clustered {
    /// The mean of all values.
    pub mean: f64,
    /// Its standard error by CR1: √(C/(C−1) · Σ over groups (Σ within (x − x̄))²) / n. Not a number
    /// for one group.
    pub se: f64,
    /// C, how many groups there are.
    pub groups: usize,
    /// How many groups of one size they are worth: [`effective_groups`].
    pub effective: f64,
}

/// The mean of values, each with the key of its group, and its clustered standard error. Which
/// degrees of freedom an interval takes is for [`mean_interval`]. None where there are no values.
pub fn clustered<K: Ord>(values: &[(f64, K)]) -> Option<Clustered> {
    let n = values.len() as f64;
    let mean = values.iter().map(|(value, _)| value).sum::<f64>() / n;
    let mut groups: BTreeMap<&K, (f64, f64)> = BTreeMap::new();
    for (value, key) in values {
        let (residual, size) = groups.entry(key).or_default();
        *residual += value - mean;
        *size += 1.0;
    }
    let count = groups.len() as f64;
    let squares: f64 = groups.values().map(|(residual, _)| residual.powi(2)).sum();
    (n > 0.0).then(|| Clustered {
        mean,
        se: (count / (count - 1.0) * squares).sqrt() / n,
        groups: groups.len(),
        effective: effective_groups(groups.values().map(|&(_, size)| size)),
    })
}

/// The mean of values that come in groups, by CR1 and t with G−1 degrees, G the effective number of
/// groups; no interval below [`FEWEST_GROUPS`]. None where there are no values.
pub fn grouped_mean<K: Ord>(values: &[(f64, K)], level: f64) -> Option<Mean> {
    let found = clustered(values)?;
    let interval = || mean_interval(found.mean, found.se, found.effective - 1.0, level);
    Some(Mean {
        value: found.mean,
        n: values.len(),
        groups: Some(found.groups),
        se: (found.groups > 1).then_some(found.se),
        interval: (found.effective >= FEWEST_GROUPS).then(interval),
    })
}

/// A test of a difference by Student's t.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// Head less base, in the unit of the values.
    pub difference: f64,
    /// The difference in standard errors.
    pub t: f64,
    /// The degrees of freedom.
    pub degrees: f64,
    /// How likely a t is as far from 0 where nothing differs, two-sided.
    pub p: f64,
    /// The interval of the difference.
    pub interval: Interval,
}

/// The paired t test of differences, head less base for each pair. None below two pairs, and where
/// all differences are the same.
pub fn paired_t(differences: &[f64], level: f64) -> Option<Test> {
    let n = differences.len() as f64;
    let (difference, variance) = moments(differences)?;
    test(difference, (variance? / n).sqrt(), n - 1.0, level)
}

/// Welch's t test (1947) of two samples that need neither be paired nor spread alike. None where
/// one has fewer than two values, and where nothing varies.
pub fn welch(head: &[f64], base: &[f64], level: f64) -> Option<Test> {
    let of = |values: &[f64]| {
        let (mean, variance) = moments(values)?;
        Some((mean, variance? / values.len() as f64, values.len() as f64))
    };
    let ((head, of_head, n_head), (base, of_base, n_base)) = (of(head)?, of(base)?);
    let both = of_head + of_base;
    let degrees =
        both.powi(2) / (of_head.powi(2) / (n_head - 1.0) + of_base.powi(2) / (n_base - 1.0));
    test(head - base, both.sqrt(), degrees, level)
}

fn test(difference: f64, se: f64, degrees: f64, level: f64) -> Option<Test> {
    (se > 0.0).then(|| Test {
        difference,
        t: difference / se,
        degrees,
        p: t_beyond(difference / se, degrees),
        interval: mean_interval(difference, se, degrees, level),
    })
}
