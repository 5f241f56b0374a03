//! What a prompt's results come to: the figures that every report shows.

use std::collections::BTreeMap;

use super::result::{CaseResult, Results, Status};
use super::verdict::{Counts, Gaps, Judgement, Rule, judge};
use crate::statistics::{
    Count, FEWEST, Interval, grouped_mean, mean, quantile, wilson, wilson_grouped,
};

/// The tag of cases that try to mislead the model: their rate is always shown apart.
pub const HOSTILE: &str = "hostile";

/// The level of all intervals.
const LEVEL: f64 = 0.95;

/// A share or a mean with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Its interval; none of too few cases or groups.
    pub interval: Option<Interval>,
    /// Its standard error, where it is a mean that has one.
    pub se: Option<f64>,
    /// How the interval was made.
    pub method: &'static str,
    /// Of how many cases.
    pub n: usize,
    /// In how many groups, where cases have groups.
    pub groups: Option<usize>,
}

/// What a prompt's results come to.
#[derive(Debug)]
pub struct Summary<'a> {
    pub results: &'a Results,
    /// How many cases came to what.
    pub counts: Counts,
    /// The same of required cases.
    pub required: Counts,
    /// The same of each tag, exploratory.
    pub by_tag: BTreeMap<&'a str, Counts>,
    /// Passed of those that passed or failed.
    pub pass_rate: Option<Figure>,
    /// The mean of the cases' scores.
    pub score: Option<Figure>,
    /// Cases some answers to which passed while others failed.
    pub flaky: Vec<&'a CaseResult>,
    /// The most answers that were wanted of a case.
    pub most_tries: usize,
    /// The median of the latency and the 95th percentile, in milliseconds.
    pub latency: Option<(f64, f64)>,
    /// Whether it passes, and why.
    pub judgement: Judgement,
}

impl<'a> Summary<'a> {
    /// Sums results up by a rule.
    pub fn of(results: &'a Results, rule: &Rule) -> Self {
        let mut by_tag: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
        for case in &results.cases {
            for tag in &case.tags {
                by_tag.entry(tag).or_default().push(case);
            }
        }
        let counted = |(tag, cases): (&'a str, Vec<&'a CaseResult>)| (tag, Counts::of(cases));
        let mut latencies: Vec<f64> = results.latencies.iter().map(|ms| *ms as f64).collect();
        latencies.sort_unstable_by(f64::total_cmp);
        let at = |q| quantile(&latencies, q);
        Self {
            counts: Counts::of(&results.cases),
            required: Counts::of(results.cases.iter().filter(|case| case.required)),
            by_tag: by_tag.into_iter().map(counted).collect(),
            pass_rate: pass_rate(&results.cases),
            score: score(&results.cases),
            flaky: results
                .cases
                .iter()
                .filter(|case| case.is_flaky())
                .collect(),
            most_tries: results
                .cases
                .iter()
                .map(|it| it.tries.len())
                .max()
                .unwrap_or(0),
            latency: at(0.5).zip(at(0.95)),
            judgement: judge(results, rule, |gaps| interval_with(&results.cases, gaps)),
            results,
        }
    }

    /// The cases of the prompt's own that did not pass, the worst first: required ones, then those
    /// that failed, then by score.
    pub fn worst(&self) -> Vec<&'a CaseResult> {
        let rank = |case: &CaseResult| match case.status() {
            Status::Fail => 0,
            Status::Error => 1,
            Status::Undecided => 2,
            Status::Skipped | Status::Pass => 3,
        };
        let mut worst: Vec<&CaseResult> = self.results.cases.iter().collect();
        worst.retain(|case| !matches!(case.status(), Status::Pass | Status::Skipped));
        worst.sort_by(|a, b| {
            let by_score = || {
                a.score()
                    .unwrap_or(0.0)
                    .total_cmp(&b.score().unwrap_or(0.0))
            };
            b.required
                .cmp(&a.required)
                .then_with(|| rank(a).cmp(&rank(b)))
                .then_with(by_score)
        });
        worst
    }
}

/// The interval of the rate, as it is shown, in which cases without a verdict pass or fail.
fn interval_with(cases: &[CaseResult], gaps: Gaps) -> (f64, f64) {
    let is_meant = |case: &&CaseResult| case.status() != Status::Skipped || case.is_missing();
    let meant: Vec<&CaseResult> = cases.iter().filter(is_meant).collect();
    let passes = |case: &CaseResult| match case.status() {
        Status::Pass => true,
        Status::Fail => false,
        Status::Undecided | Status::Error | Status::Skipped => gaps == Gaps::Pass,
    };
    let (interval, _, _) = rate_of(&meant, passes);
    interval.map_or((0.0, 1.0), |it| (it.low, it.high))
}

/// The interval of the share of cases that pass, by their groups where they have some; how it was made,
/// and the number of groups.
fn rate_of(
    cases: &[&CaseResult],
    passes: impl Fn(&CaseResult) -> bool,
) -> (Option<Interval>, &'static str, Option<usize>) {
    let count = |passed: usize, of: usize| Count {
        passed: passed as u64,
        of: of as u64,
    };
    match groups(cases, &passes) {
        None => {
            let passed = cases.iter().filter(|case| passes(case)).count();
            (wilson(count(passed, cases.len()), LEVEL), "wilson", None)
        }
        Some(groups) => {
            let counts: Vec<Count> = groups
                .values()
                .map(|group| count(group.iter().filter(|it| **it).count(), group.len()))
                .collect();
            let interval = wilson_grouped(&counts, LEVEL);
            (interval, "wilson with groups", Some(groups.len()))
        }
    }
}

/// The group of a case, or the case itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit<'a> {
    Group(&'a str),
    Case(&'a str),
}

/// The groups of cases; none where no case has one.
fn groups<'a, T>(
    cases: &[&'a CaseResult],
    value: impl Fn(&CaseResult) -> T,
) -> Option<BTreeMap<Unit<'a>, Vec<T>>> {
    if cases.iter().all(|case| case.group.is_none()) {
        return None;
    }
    let mut groups: BTreeMap<Unit<'_>, Vec<T>> = BTreeMap::new();
    for case in cases {
        // A case without a group is one of its own.
        let group = case.group.as_deref().map(Unit::Group);
        let unit = group.unwrap_or(Unit::Case(&case.id));
        groups.entry(unit).or_default().push(value(case));
    }
    Some(groups)
}

fn pass_rate(cases: &[CaseResult]) -> Option<Figure> {
    let is_decided = |case: &&CaseResult| matches!(case.status(), Status::Pass | Status::Fail);
    let decided: Vec<&CaseResult> = cases.iter().filter(is_decided).collect();
    let has_passed = |case: &CaseResult| case.status() == Status::Pass;
    let passed = decided.iter().filter(|case| has_passed(case)).count();
    let n = decided.len();
    let value = (n > 0).then(|| passed as f64 / n as f64)?;
    let (interval, method, groups) = rate_of(&decided, has_passed);
    Some(Figure {
        value,
        interval: interval.filter(|_| n >= FEWEST),
        se: None,
        method,
        n,
        groups,
    })
}

/// The mean of the scores, by the weights of the cases. An interval is made where all weigh the same.
fn score(cases: &[CaseResult]) -> Option<Figure> {
    let scored: Vec<&CaseResult> = cases.iter().filter(|case| case.score().is_some()).collect();
    let of = |case: &CaseResult| case.score().unwrap_or_default();
    let weights: f64 = scored.iter().map(|case| case.weight).sum();
    if scored.is_empty() || weights <= 0.0 {
        return None;
    }
    let value = scored
        .iter()
        .map(|case| case.weight * of(case))
        .sum::<f64>()
        / weights;
    let is_even = scored.iter().all(|case| case.weight == scored[0].weight);
    let groups = groups(&scored, of);
    let (found, method) = match &groups {
        None => {
            let values: Vec<f64> = scored.iter().map(|case| of(case)).collect();
            (mean(&values, LEVEL), "t")
        }
        Some(groups) => {
            let each = groups
                .iter()
                .flat_map(|(group, scores)| scores.iter().map(move |it| (*it, *group)));
            (
                grouped_mean(&each.collect::<Vec<_>>(), LEVEL),
                "t with groups",
            )
        }
    };
    let interval = found.and_then(|it| it.interval);
    Some(Figure {
        value,
        interval: interval.filter(|_| is_even && scored.len() >= FEWEST),
        se: found.and_then(|it| it.se).filter(|_| is_even),
        method: if is_even { method } else { "weighted" },
        n: scored.len(),
        groups: groups.map(|groups| groups.len()),
    })
}
