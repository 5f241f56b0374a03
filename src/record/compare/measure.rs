//! One figure of two sides: how it differs, and how sure that is.

use std::collections::BTreeSet;

use super::calls::Call;
use super::common::Common;
use super::weighed::Weighed;
use super::{CompareOptions, Design, is_apart, shown_mean};
use crate::statistics::{Arms, Count, Interval, Msprt, Seen, Side, arms, holm, newcombe_unpaired};

/// From so many calls of a side on there is a p.
pub const FEWEST_CALLS: u64 = 100;

/// From so many failures of a side on there is a p of a rate.
pub const FEWEST_FAILURES: u64 = 5;

/// From so many effective subjects of a side on there is a p.
pub const FEWEST_UNITS: u64 = 30;

/// The difference of rates that is expected, as a share.
const TAU: f64 = 0.02;

/// The difference that is expected of anything else, as a part of base's spread.
const TAU_OF_SPREAD: f64 = 0.1;

/// So many metrics are compared.
const MOST_METRICS: usize = 20;

/// Why there is no p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TooFew {
    /// Fewer than 100 calls of a side.
    Calls,
    /// Fewer than 5 failures on both sides.
    Failures,
    /// Fewer than 30 effective subjects of a side.
    Units,
    /// All are the same.
    Spread,
    /// There is no model, environment and period in which both sides have enough.
    Strata,
}

/// How many calls a difference takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needed {
    pub difference: f64,
    /// About how many calls of both sides together show it in 80 % of such comparisons.
    pub calls: f64,
}

/// Head less base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The difference of the means.
    pub value: f64,
    /// Where the true one lies, as of this look.
    pub interval: Option<Interval>,
    /// The anytime p.
    pub p: Option<f64>,
    /// The same, adjusted by Holm for all figures that decide.
    pub p_adjusted: Option<f64>,
    /// How the interval was found.
    pub method: &'static str,
    /// By how much the variance is larger than that of independent calls.
    pub effect: Option<f64>,
}

impl Difference {
    /// One of which nothing more is said.
    fn plain(value: f64) -> Self {
        Self {
            value,
            interval: None,
            p: None,
            p_adjusted: None,
            method: "difference of means",
            effect: None,
        }
    }
}

/// A figure of two sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Which.
    pub what: Weighed,
    /// Whether it decides.
    pub decides: bool,
    /// How many values base and head have.
    pub n: (u64, u64),
    /// The mean of base and of head, within strata.
    pub means: (f64, f64),
    /// The same over all, whatever the strata.
    pub plain: (f64, f64),
    /// How many units base and head have.
    pub units: (u64, u64),
    /// How many units are on both sides.
    pub on_both: u64,
    /// How many values do not count, since their stratum has too few of a side.
    pub outside_strata: u64,
    /// Head less base; none where there is nothing to compare with.
    pub difference: Option<Difference>,
    /// Why there is no p.
    pub too_few: Option<TooFew>,
    /// Whether there is no p because outcomes are not in for one side.
    pub is_not_covered: bool,
    /// How many calls a difference takes.
    pub needed: Option<Needed>,
    /// How many calls the difference that is seen would take.
    pub needed_for_this: Option<f64>,
    /// About what difference would be seen with these calls.
    pub seen: Option<f64>,
}

impl Measured {
    /// Whether it decides, and there is enough of it to decide.
    pub fn is_judged(&self) -> bool {
        self.decides && self.difference.is_some_and(|it| it.p.is_some())
    }

    /// Whether a difference is shown, beyond a doubt of `level`.
    pub fn is_shown(&self, level: f64) -> bool {
        let Some(difference) = &self.difference else {
            return false;
        };
        // Sides that do not vary at all have no interval, and may be as far apart as can be.
        let is_apart = difference.interval.is_none_or(|it| !it.holds(0.0));
        is_apart && difference.p_adjusted.is_some_and(|p| p < 1.0 - level)
    }

    /// Takes away what judges of it: the difference stays, and what it may be by chance is not said.
    pub(super) fn leave_unjudged(&mut self) {
        if let Some(difference) = &mut self.difference {
            difference.p = None;
            difference.p_adjusted = None;
        }
    }

    /// Whether what is shown is worse.
    pub fn is_worse(&self, options: &CompareOptions) -> bool {
        let is_lower_better = self.what.is_lower_better() || options.lower.contains(&self.what);
        let value = self.difference.map_or(0.0, |it| it.value);
        (value > 0.0) == is_lower_better
    }
}

/// Measures all that any call has.
pub(super) fn measures(
    calls: &[Call],
    common: &Common,
    design: Design,
    coverage: (Option<f64>, Option<f64>),
    options: &CompareOptions,
) -> Vec<Measured> {
    let endings = calls.iter().filter_map(|call| call.ending.as_ref());
    let metrics: BTreeSet<&str> = endings
        .flat_map(|it| it.metrics.iter().map(|(name, _)| &**name))
        .collect();
    let metrics = metrics.into_iter().take(MOST_METRICS);
    let mut all = vec![Weighed::Success, Weighed::Score, Weighed::Win];
    all.extend(metrics.map(|name| Weighed::Metric(name.to_owned())));
    all.extend([Weighed::Latency, Weighed::Tokens, Weighed::Cost]);
    for wanted in &options.deciding {
        if !all.contains(wanted) {
            all.push(wanted.clone());
        }
    }
    let measured = all.into_iter();
    measured
        .filter_map(|what| {
            let decides = match options.deciding.as_slice() {
                [] => what.is_quality(),
                named => named.contains(&what),
            };
            measured_one(what, decides, calls, common, design, coverage, options)
        })
        .collect()
}

fn measured_one(
    what: Weighed,
    decides: bool,
    calls: &[Call],
    common: &Common,
    design: Design,
    coverage: (Option<f64>, Option<f64>),
    options: &CompareOptions,
) -> Option<Measured> {
    let seen = calls.iter().enumerate().filter_map(|(at, call)| {
        let stratum = match design {
            Design::SideBySide => common.stratum(at)?,
            Design::BeforeAfter => 0,
        };
        Some(Seen {
            is_head: call.is_head,
            stratum,
            unit: call.unit,
            value: what.of(call, &options.win)?,
        })
    });
    let has_units = seen.clone().any(|it| it.unit.is_some());
    let Some(arms) = arms(seen.clone()) else {
        // A side alone, or hardly anything: the figures, and nothing more.
        return lone(what.clone(), decides, seen, design, coverage);
    };
    let mut measured = Measured {
        decides,
        n: (arms.base.n, arms.head.n),
        means: (
            shown_mean(&arms.base, design),
            shown_mean(&arms.head, design),
        ),
        plain: (arms.base.plain, arms.head.plain),
        units: (arms.base.units, arms.head.units),
        on_both: arms.on_both,
        outside_strata: arms.outside_strata,
        difference: None,
        too_few: None,
        is_not_covered: is_not_covered(&what, coverage),
        needed: None,
        needed_for_this: None,
        seen: None,
        what: what.clone(),
    };
    let mut difference = Difference::plain(measured.means.1 - measured.means.0);
    if design == Design::SideBySide {
        judge(&mut measured, &mut difference, &arms, has_units, options);
    }
    measured.difference = Some(difference);
    Some(measured)
}

fn is_not_covered(what: &Weighed, (base, head): (Option<f64>, Option<f64>)) -> bool {
    what.is_of_outcomes() && is_apart(base, head)
}

fn lone(
    what: Weighed,
    decides: bool,
    seen: impl Iterator<Item = Seen>,
    design: Design,
    coverage: (Option<f64>, Option<f64>),
) -> Option<Measured> {
    let (mut n, mut sums) = ([0_u64; 2], [0.0; 2]);
    for it in seen {
        n[usize::from(it.is_head)] += 1;
        sums[usize::from(it.is_head)] += it.value;
    }
    let mean = |at: usize| sums[at] / n[at] as f64;
    let is_many = design == Design::SideBySide && n[0].min(n[1]) >= FEWEST_CALLS;
    (n != [0, 0]).then(|| Measured {
        is_not_covered: is_not_covered(&what, coverage),
        what,
        decides,
        n: (n[0], n[1]),
        means: (mean(0), mean(1)),
        plain: (mean(0), mean(1)),
        units: (n[0], n[1]),
        on_both: 0,
        outside_strata: 0,
        difference: (n[0].min(n[1]) > 0).then(|| Difference::plain(mean(1) - mean(0))),
        too_few: Some(match is_many {
            true => TooFew::Strata,
            false => TooFew::Calls,
        }),
        needed: None,
        needed_for_this: None,
        seen: None,
    })
}

/// Says how sure a difference side by side is.
fn judge(
    measured: &mut Measured,
    difference: &mut Difference,
    arms: &Arms,
    has_units: bool,
    options: &CompareOptions,
) {
    let is_rate = measured.what.is_rate();
    (difference.interval, difference.method) = match (has_units, arms.strata) {
        (true, _) => (arms.interval(options.level), "clustered, by strata"),
        (false, 1) if is_rate => {
            let count = |side: &Side| Count {
                passed: side.zeros.1,
                of: side.zeros.0 + side.zeros.1,
            };
            match newcombe_unpaired(count(&arms.head), count(&arms.base), options.level) {
                Some(found) => (Some(found), "newcombe"),
                None => (arms.interval(options.level), "mantel-haenszel"),
            }
        }
        (false, _) => (arms.interval(options.level), "mantel-haenszel"),
    };
    difference.effect =
        (has_units && arms.independent > 0.0).then(|| arms.variance / arms.independent);
    measured.too_few = too_few(arms, is_rate, has_units);
    let tau = match is_rate {
        true => TAU,
        false => TAU_OF_SPREAD * arms.base.spread,
    };
    let variance = arms.variance + if is_rate { variance_of_few(arms) } else { 0.0 };
    if variance.is_nan() || variance <= 0.0 || tau.is_nan() || tau <= 0.0 {
        measured.too_few = measured.too_few.or(Some(TooFew::Spread));
        return;
    }
    let margin = match options.margin {
        Some(margin) if is_rate => margin,
        Some(margin) => margin * arms.base.mean.abs(),
        None => tau,
    };
    let all = (arms.base.n + arms.head.n) as f64;
    measured.seen = Some(Msprt::least_shown(tau, variance, options.level));
    measured.needed_for_this = (arms.difference != 0.0).then(|| {
        all * variance / Msprt::variance_to_show(tau, arms.difference.abs(), options.level)
    });
    measured.needed = (margin > 0.0).then(|| Needed {
        difference: margin,
        calls: all * variance / Msprt::variance_to_show(tau, margin, options.level),
    });
    // What does not decide is described: a test of it would make those that do less sure.
    if measured.decides && measured.too_few.is_none() && !measured.is_not_covered {
        let mut test = Msprt::new(tau);
        test.look(arms.difference, variance);
        difference.p = Some(test.p());
    }
}

/// What is said of a rate whose sides are counted already.
#[cfg(test)]
pub(super) fn judge_counts(
    what: &Weighed,
    arms: &Arms,
    has_units: bool,
    options: &CompareOptions,
) -> Measured {
    let mut difference = Difference::plain(arms.difference);
    let mut measured = Measured {
        what: what.clone(),
        decides: true,
        n: (arms.base.n, arms.head.n),
        means: (arms.base.mean, arms.head.mean),
        plain: (arms.base.plain, arms.head.plain),
        units: (arms.base.units, arms.head.units),
        on_both: 0,
        outside_strata: arms.outside_strata,
        difference: None,
        too_few: None,
        is_not_covered: false,
        needed: None,
        needed_for_this: None,
        seen: None,
    };
    judge(&mut measured, &mut difference, arms, has_units, options);
    measured.difference = Some(difference);
    measured
}

/// The variance of a rate with five failures, of each side that has fewer: of so few the spread that is
/// seen says little, and none at all where there is none.
fn variance_of_few(arms: &Arms) -> f64 {
    let sides = [&arms.base, &arms.head].into_iter();
    let few = sides.filter(|side| side.zeros.0.min(side.zeros.1) < FEWEST_FAILURES);
    few.map(|side| {
        let n = side.n as f64;
        let share = (FEWEST_FAILURES as f64 / n).min(0.5);
        share * (1.0 - share) / n
    })
    .sum()
}

fn too_few(arms: &Arms, is_rate: bool, has_units: bool) -> Option<TooFew> {
    let Arms { base, head, .. } = arms;
    if base.n.min(head.n) < FEWEST_CALLS {
        return Some(TooFew::Calls);
    }
    if has_units && base.effective.min(head.effective) < FEWEST_UNITS as f64 {
        return Some(TooFew::Units);
    }
    let (zeros, others) = (base.zeros.0 + head.zeros.0, base.zeros.1 + head.zeros.1);
    let rarer = |side: &Side| match zeros <= others {
        true => side.zeros.0,
        false => side.zeros.1,
    };
    let is_few = rarer(base).max(rarer(head)) < FEWEST_FAILURES;
    (is_rate && is_few).then_some(TooFew::Failures)
}

/// Adjusts the p of the figures that decide for their number.
pub(super) fn adjust(measures: &mut [Measured]) {
    let differences = measures.iter_mut().filter_map(|it| it.difference.as_mut());
    let mut tested: Vec<&mut Difference> = differences.filter(|it| it.p.is_some()).collect();
    let p: Vec<f64> = tested.iter().filter_map(|it| it.p).collect();
    for (difference, adjusted) in tested.iter_mut().zip(holm(&p)) {
        difference.p_adjusted = Some(adjusted);
    }
}
