//! Two versions on the same cases, as `eval` asks them: which is better, and how sure is that. What two versions did
//! in use is compared in `record::compare`.

use std::collections::BTreeMap;

use super::exact::{least_differing, mcnemar};
use super::flips::{TIE, sign_flips};
use super::mean::{Clustered, FEWEST_GROUPS, clustered, mean_interval};
use super::power::{cases_for_change, cases_for_spread, mde_of_change, mde_of_spread};
use super::proportion::{PassTable, newcombe_paired, wilson_share};
use super::{FEWEST, Interval};

/// Below so many cases or groups that differ, how far they spread is not known well.
const FEW_DIFFER: usize = 10;

/// One case that both versions answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The mean of base's answers: the share that passed, or the mean score; 0 to 1.
    pub base: f64,
    /// The mean of head's answers.
    pub head: f64,
    /// The group of the case: the conversation or the document that it shares with others. A case
    /// without one is a group of its own, where others have one.
    pub group: Option<String>,
    /// Whether either version answered it more than once.
    pub is_repeated: bool,
}

/// What the means of a pair are means of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Of answers that passed (1) or failed (0).
    Passes,
    /// Of scores from 0 to 1.
    Scores,
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// What is compared.
    pub measure: Measure,
    /// The level of the interval, above 0.5 and below 1; α is 1 less it.
    pub level: f64,
    /// How much worse head may be and still be called not worse: `eval.margin`, at base.
    pub margin: f64,
    /// Of the random flips.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            measure: Measure::Passes,
            level: 0.95,
            margin: 0.05,
            seed: 0,
        }
    }
}

/// How p and interval were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// McNemar's exact test and Newcombe's interval 10, one answer each.
    McNemar,
    /// The same over the verdicts of the majority of a case's answers: fewer than 10 case means
    /// differ. A tie is a fail.
    Majority,
    /// Sign flips of the differences of case means, and the paired t interval.
    SignFlips,
    /// Whole groups flipped, and the clustered t interval.
    GroupFlips,
}

/// Head less base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The difference of shares or of mean scores: 0.1 for 10 points. Of the verdicts of the
    /// majority, where the method is that.
    pub value: f64,
    /// None below [`FEWEST`] cases and below [`FEWEST_GROUPS`] effective groups.
    pub interval: Option<Interval>,
    /// Two-sided; none below [`FEWEST`] cases.
    pub p: Option<f64>,
    /// How they were found.
    pub method: Method,
}

/// Why no difference can be shown, whatever the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Fewer than 6 cases, at a level of 0.95.
    TooFewCases,
    /// Fewer than 6 groups, or fewer than [`FEWEST_GROUPS`] effective ones.
    TooFewGroups,
}

/// What may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// p is below α, and the whole interval above 0.
    Better,
    /// p is below α, and the whole interval below 0.
    Worse,
    /// Neither, but head is less than the margin worse, by a one-sided interval of α.
    NotWorse,
    /// None of these.
    CantTell,
}

/// Two versions compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The pairs.
    pub cases: usize,
    /// Those whose means differ.
    pub differing: usize,
    /// The mean of base's case means.
    pub base: f64,
    /// The mean of head's case means.
    pub head: f64,
    /// Head less base.
    pub difference: Difference,
    /// Why nothing could be shown.
    pub limit: Option<Limit>,
    /// The difference that 80 % of such comparisons would find; none where there is a limit.
    pub mde: Option<f64>,
    /// About how many cases would show a difference of the margin.
    pub cases_needed: Option<u64>,
    level: f64,
    margin: f64,
    /// The lower end of the interval whose one side has α.
    bound: Option<f64>,
}

impl Comparison {
    /// What may be said of these versions alone.
    pub fn verdict(&self) -> Verdict {
        self.verdict_by(0.0)
    }

    /// What may be said in a report over several comparisons, by the p that [`super::holm()`] makes of
    /// this one's.
    pub fn verdict_by(&self, adjusted: f64) -> Verdict {
        let p = self.difference.p.map_or(1.0, |own| own.max(adjusted));
        let is_shown = self.limit.is_none() && p < 1.0 - self.level;
        match self.difference.interval.filter(|_| is_shown) {
            Some(interval) if interval.low > 0.0 => Verdict::Better,
            Some(interval) if interval.high < 0.0 => Verdict::Worse,
            _ if self.not_worse(self.margin) => Verdict::NotWorse,
            _ => Verdict::CantTell,
        }
    }

    /// How much worse head may be, as a number below 0: the lower end of the interval at 90 %. −1 where
    /// nothing can be shown.
    pub fn worst(&self) -> f64 {
        self.bound.filter(|_| self.limit.is_none()).unwrap_or(-1.0)
    }

    /// Whether head is less than `margin` worse: the lower end of the interval at 90 %, for α = 5 %,
    /// lies above −`margin`.
    pub fn not_worse(&self, margin: f64) -> bool {
        self.limit.is_none() && self.bound.is_some_and(|bound| bound > -margin)
    }
}

/// Compares head with base on the cases that both answered. None where there are none.
///
/// - One answer each, no groups: McNemar's exact test, Newcombe's interval 10.
/// - Repeats or scores: sign flips and t of the differences of case means; where fewer than 10 of
///   these differ, shares of passes become verdicts of the majority, by the row above.
/// - Groups: always sign flips, of whole groups, and the clustered t interval with the effective
///   number of groups less 1.
pub fn compare(pairs: &[Pair], options: &Options) -> Option<Comparison> {
    if pairs.is_empty() {
        return None;
    }
    let mean = |side: fn(&Pair) -> f64| pairs.iter().map(side).sum::<f64>() / pairs.len() as f64;
    let differing = pairs.iter().filter(|pair| difference(pair) != 0.0).count();
    let is_grouped = pairs.iter().any(|pair| pair.group.is_some());
    let is_single = |pair: &Pair| {
        let is_verdict = |mean: f64| mean == 0.0 || mean == 1.0;
        !pair.is_repeated && is_verdict(pair.base) && is_verdict(pair.head)
    };
    let found = if is_grouped {
        by_flips(pairs, options, Method::GroupFlips)?
    } else if pairs.iter().all(is_single) {
        by_verdicts(pairs, options, Method::McNemar)
    } else if options.measure == Measure::Passes && differing < FEW_DIFFER {
        by_verdicts(pairs, options, Method::Majority)
    } else {
        by_flips(pairs, options, Method::SignFlips)?
    };
    let counts_only = pairs.len() < FEWEST;
    Some(Comparison {
        cases: pairs.len(),
        differing,
        base: mean(|pair| pair.base),
        head: mean(|pair| pair.head),
        difference: Difference {
            value: found.value,
            interval: found.interval.filter(|_| !counts_only),
            p: (!counts_only).then_some(found.p),
            method: found.method,
        },
        limit: found.limit,
        mde: found.mde.filter(|_| found.limit.is_none()),
        cases_needed: found.needed.map(|cases| cases.ceil() as u64),
        level: options.level,
        margin: options.margin,
        bound: found.bound,
    })
}

/// What a row of the table found.
struct Found {
    method: Method,
    value: f64,
    interval: Option<Interval>,
    p: f64,
    bound: Option<f64>,
    limit: Option<Limit>,
    mde: Option<f64>,
    needed: Option<f64>,
}

/// The level whose interval has α on one side: 0.9 for 0.95.
fn one_sided(level: f64) -> f64 {
    2.0 * level - 1.0
}

/// The difference of a pair, 0 where rounding alone makes it.
fn difference(pair: &Pair) -> f64 {
    let difference = pair.head - pair.base;
    let scale = pair.head.abs().max(pair.base.abs());
    if difference.abs() <= TIE * scale {
        0.0
    } else {
        difference
    }
}

fn by_verdicts(pairs: &[Pair], options: &Options, method: Method) -> Found {
    let mut table = PassTable::default();
    for pair in pairs {
        let count = match (pair.base > 0.5, pair.head > 0.5) {
            (true, true) => &mut table.both,
            (false, true) => &mut table.only_head,
            (true, false) => &mut table.only_base,
            (false, false) => &mut table.neither,
        };
        *count += 1;
    }
    let is_too_few = table.pairs() < least_differing(1.0 - options.level);
    let bound = newcombe_paired(&table, one_sided(options.level));
    let discordance = table.discordance();
    Found {
        method,
        value: table.difference(),
        interval: newcombe_paired(&table, options.level),
        p: mcnemar(table.only_head, table.only_base),
        bound: bound.map(|interval| interval.low),
        limit: is_too_few.then_some(Limit::TooFewCases),
        mde: mde_of_change(table.pairs() as f64, discordance, options.level),
        needed: cases_for_change(options.margin, discordance, options.level),
    }
}

/// A case's group, or the case itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit<'p> {
    Group(&'p str),
    Case(usize),
}

fn by_flips(pairs: &[Pair], options: &Options, method: Method) -> Option<Found> {
    let differences: Vec<(f64, Unit<'_>)> = pairs
        .iter()
        .enumerate()
        .map(|(at, pair)| {
            let group = pair.group.as_deref();
            (difference(pair), group.map_or(Unit::Case(at), Unit::Group))
        })
        .collect();
    let (level, n) = (options.level, pairs.len() as f64);
    let spread = clustered(&differences)?;
    let units = units(&differences);
    let sums: Vec<f64> = units.values().map(|unit| unit.sum).collect();
    let differing = sums.iter().filter(|&&sum| sum != 0.0).count();

    let least = least_differing(1.0 - level);
    let is_too_few = (units.len() as u64) < least || spread.effective < FEWEST_GROUPS;
    let limit = match method {
        Method::GroupFlips => Limit::TooFewGroups,
        _ => Limit::TooFewCases,
    };
    let interval = |level: f64| {
        let by_t = mean_interval(spread.mean, spread.se, spread.effective - 1.0, level);
        match (differing as u64) < least {
            true => widened(by_t, &units, &spread, n),
            false => by_t,
        }
    };
    let has_interval = spread.effective >= FEWEST_GROUPS;

    // The spread of a few says little: then how much changed stands for how many changed.
    let (mde, needed) = if differing < FEW_DIFFER {
        let changed = differences.iter().map(|(it, _)| it.abs()).sum::<f64>() / n;
        let needed = cases_for_change(options.margin, changed, level);
        let each = n / spread.effective;
        (
            mde_of_change(spread.effective.max(least as f64), changed, level),
            needed.map(|groups| groups * each),
        )
    } else {
        let deviation = spread.se * n.sqrt();
        (
            Some(mde_of_spread(spread.se, level)),
            cases_for_spread(options.margin, deviation, level),
        )
    };
    Some(Found {
        method,
        value: spread.mean,
        interval: has_interval.then(|| interval(level)),
        p: sign_flips(&sums, options.seed),
        bound: has_interval.then(|| interval(one_sided(level)).low),
        limit: is_too_few.then_some(limit),
        mde,
        needed,
    })
}

/// What flips together.
#[derive(Debug, Default)]
struct Flipped {
    cases: f64,
    sum: f64,
    /// The sum of the sizes of its differences.
    size: f64,
}

fn units<'p>(differences: &[(f64, Unit<'p>)]) -> BTreeMap<Unit<'p>, Flipped> {
    let mut units: BTreeMap<Unit<'p>, Flipped> = BTreeMap::new();
    for &(difference, unit) in differences {
        let found = units.entry(unit).or_default();
        found.cases += 1.0;
        found.sum += difference;
        found.size += difference.abs();
    }
    for unit in units.values_mut() {
        if unit.sum.abs() <= TIE * unit.size {
            unit.sum = 0.0;
        }
    }
    units
}

/// The interval where so few differ that their spread says nothing, as where none does and t finds
/// no spread at all: each end is at least as far out as if every case, of a share that Wilson's
/// interval leaves possible, changed from 0 to 1 or back.
fn widened(
    by_t: Interval,
    units: &BTreeMap<Unit<'_>, Flipped>,
    spread: &Clustered,
    n: f64,
) -> Interval {
    let possible = |is_it: fn(f64) -> bool| {
        let those = units.values().filter(|unit| is_it(unit.sum));
        let share = those.map(|unit| unit.cases).sum::<f64>() / n;
        wilson_share(share, spread.effective, by_t.level).high
    };
    Interval {
        low: by_t.low.min(-possible(|sum| sum < 0.0)),
        high: by_t.high.max(possible(|sum| sum > 0.0)),
        ..by_t
    }
}
