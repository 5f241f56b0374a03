//! Two versions in use: is one better, and can that be told?
//!
//! [`calls`] reads the executions of both, `common` finds the hours in which both were called and the
//! strata of these, `weighed` names what is compared, `measure` says of one figure how it differs and how sure that is, `verdict` what may
//! be said of all. What was called one after the other is shown and never judged.

pub mod calls;
mod common;
mod measure;
#[cfg(test)]
mod tests;
mod verdict;
mod weighed;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::error::Failure;
use crate::record::entry::Status;
use crate::record::groups::{Groups, Mix, Question};
use crate::record::log::Log;
use crate::statistics::{Quantiles, Side, split_p};

use calls::{Call, Calls};
use common::Common;

pub use calls::{Chosen, Unit};
pub use common::StratumShown;
pub use measure::{
    Difference, FEWEST_CALLS, FEWEST_FAILURES, FEWEST_UNITS, Measured, Needed, TooFew,
};
pub use verdict::{CantTell, Verdict};
pub use weighed::Weighed;

/// By how much coverage may differ between versions that are compared.
pub const SAME_COVERAGE: f64 = 0.05;

/// Below this p the split is not the one that was meant.
pub const SPLIT_ERROR: f64 = 0.001;

/// How two versions are compared.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// What is compared with.
    pub base: Chosen,
    /// What is compared.
    pub head: Chosen,
    /// Whose calls are alike.
    pub unit: Unit,
    /// The label of an outcome that is a win.
    pub win: String,
    /// What decides; where it is empty, success, score and win do.
    pub deciding: Vec<Weighed>,
    /// Of which figures less is better, beside latency, tokens and cost.
    pub lower: Vec<Weighed>,
    /// How calls should be split, in parts.
    pub share: Option<(f64, f64)>,
    /// The difference that is looked for: of a rate itself, of anything else a part of base's mean.
    pub margin: Option<f64>,
    /// How sure intervals are; α is 1 less it.
    pub level: f64,
}

/// How two versions were called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Design {
    /// In the same hours.
    SideBySide,
    /// One before the other.
    BeforeAfter,
}

impl Design {
    fn of(common: &Common) -> Self {
        match common.is_side_by_side() {
            true => Self::SideBySide,
            false => Self::BeforeAfter,
        }
    }
}

/// All calls of a side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Whole {
    /// How many.
    pub calls: u64,
    /// How many of them count.
    pub counted: u64,
    /// How many do not though both were called at the time: the other side was hardly called, or never,
    /// with their model, in their environment and period.
    pub outside_strata: u64,
    /// When the first and the last began.
    pub times: Option<(Timestamp, Timestamp)>,
    /// The share of those that count and have status ok which has an outcome; none where none has that
    /// status.
    pub coverage: Option<f64>,
    /// The share of those that count and have status ok which has no outcome, and is so young that one may come.
    pub may_come: f64,
    /// The share of those that count which were interrupted: of them nothing is known.
    pub interrupted: f64,
}

/// How units, or calls, were split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// The share of base that was meant.
    pub expected: f64,
    /// The share of base that was seen.
    pub seen: f64,
    /// How likely that is by chance.
    pub p: f64,
}

/// Two versions compared.
#[derive(Debug)]
pub struct Comparison {
    /// How they were called.
    pub design: Design,
    /// What base did.
    pub base: Whole,
    /// What head did.
    pub head: Whole,
    /// How many calls fit both sides, and are on none.
    pub of_both: u64,
    /// In how many hours both were called.
    pub hours: usize,
    /// What calls of both are compared within.
    pub strata: Vec<StratumShown>,
    /// The label whose value calls have in common, if any has it.
    pub unit: Option<String>,
    /// How many calls that count lack it.
    pub without_unit: u64,
    /// How many units are on both sides.
    pub on_both: u64,
    /// How they were split, where it was said how they should be.
    pub split: Option<Split>,
    /// The figures.
    pub measures: Vec<Measured>,
    /// What may be said.
    pub verdict: Verdict,
    /// How long 99 of 100 outcomes took to come, in milliseconds; none where none is known.
    pub usual_delay: Option<f64>,
    /// The labels that calls have, beside those that name the sides and the unit.
    pub labels: BTreeSet<String>,
    /// What outcomes have for a label, where none has the one that is a win: the first few.
    pub without_win: Option<BTreeSet<String>>,
    /// In what else the sides differ, with the share of calls that do, the most first.
    pub changed: Vec<(String, f64)>,
    /// What was read and met on the way.
    pub groups: Groups,
}

/// Whether outcomes are in for one of two sides and not for the other. Where none can come of a side,
/// that side does not wait for any.
fn is_apart(base: Option<f64>, head: Option<f64>) -> bool {
    let both = base.zip(head);
    both.is_some_and(|(base, head)| (base - head).abs() > SAME_COVERAGE)
}

/// Reads logs and compares two versions.
///
/// # Errors
/// A file is there and cannot be read.
pub fn compare(
    logs: &[Log],
    question: &Question,
    options: &CompareOptions,
) -> Result<Comparison, Failure> {
    Ok(weigh(
        calls::read(logs, question, options)?,
        question.now,
        options,
    ))
}

/// Compares two versions by their calls.
pub(in crate::record) fn weigh(
    found: Calls,
    now: Timestamp,
    options: &CompareOptions,
) -> Comparison {
    let Calls {
        calls,
        names,
        unit,
        of_both,
        groups,
    } = found;
    let common = Common::of(&calls);
    let design = Design::of(&common);
    let waiting = Waiting::of(&calls, now);
    let counts = |at: usize| design == Design::BeforeAfter || common.stratum(at).is_some();
    let whole = |is_head: bool| {
        let of_side = (calls.iter().enumerate()).filter(|(_, call)| call.is_head == is_head);
        let mut whole = Whole::of(of_side.map(|(at, call)| (call, counts(at))), &waiting);
        if design == Design::SideBySide {
            whole.outside_strata = common.in_hours(is_head) - whole.counted;
        }
        whole
    };
    let (base, head) = (whole(false), whole(true));
    let split = (options.share)
        .filter(|_| design == Design::SideBySide && !common.is_apart())
        .map(|parts| split(&calls, &common, parts));
    // Where nothing can be compared, outcomes would change nothing.
    let coverage = match design == Design::SideBySide && common.is_apart() {
        true => (None, None),
        false => (base.coverage, head.coverage),
    };
    let mut measures = measure::measures(&calls, &common, design, coverage, options);
    measure::adjust(&mut measures);
    let ends = (base.interrupted, head.interrupted);
    let verdict = verdict::verdict(design, split.as_ref(), ends, &measures, options);
    if verdict.judges_nothing() {
        measures.iter_mut().for_each(Measured::leave_unjudged);
    }
    let on_both = measures.iter().map(|it| it.on_both).max().unwrap_or(0);
    let counted = calls.iter().enumerate().filter(|(at, _)| counts(*at));
    let without_unit = counted
        .clone()
        .filter(|(_, call)| call.unit.is_none())
        .count() as u64;
    let changed = changed(counted.map(|(_, call)| call), &names);
    Comparison {
        design,
        of_both,
        hours: common.hours(),
        strata: common.shown(&names),
        without_unit,
        unit,
        on_both,
        base,
        head,
        split,
        measures,
        verdict,
        usual_delay: waiting.usual,
        labels: names.labels(),
        without_win: without_win(&calls, &options.win),
        changed,
        groups,
    }
}

/// So many labels of outcomes are named where none is a win.
const MOST_NAMED: usize = 10;

/// The labels of outcomes, the first few, where none is that of a win.
fn without_win(calls: &[Call], win: &str) -> Option<BTreeSet<String>> {
    let mut named = BTreeSet::new();
    for call in calls {
        let Some(label) = call.ending.as_ref().and_then(|it| it.label.as_deref()) else {
            continue;
        };
        if label == win {
            return None;
        }
        if named.len() < MOST_NAMED && !named.contains(label) {
            named.insert(label.to_owned());
        }
    }
    Some(named)
}

impl Whole {
    /// The calls of a side, each with whether it counts.
    fn of<'c>(calls: impl Iterator<Item = (&'c Call, bool)>, waiting: &Waiting) -> Self {
        let mut whole = Self::default();
        let (mut ok, mut covered, mut young, mut interrupted) = (0_u64, 0_u64, 0_u64, 0_u64);
        for (call, counts) in calls {
            whole.calls += 1;
            let time = Timestamp::from_millisecond(call.time).unwrap_or_default();
            let (first, last) = whole.times.unwrap_or((time, time));
            whole.times = Some((first.min(time), last.max(time)));
            if counts {
                whole.counted += 1;
                // Of a call that failed no outcome is waited for.
                let is_ok = call.status == Status::Ok;
                ok += u64::from(is_ok);
                interrupted += u64::from(call.status == Status::Interrupted);
                covered += u64::from(is_ok && call.ending.is_some());
                young += u64::from(is_ok && call.ending.is_none() && waiting.is_young(call));
            }
        }
        whole.coverage = (ok > 0).then(|| covered as f64 / ok as f64);
        whole.may_come = young as f64 / ok.max(1) as f64;
        whole.interrupted = interrupted as f64 / (whole.counted.max(1)) as f64;
        whole
    }
}

/// How long outcomes take to come.
struct Waiting {
    now: i64,
    /// So long, in milliseconds, that 99 of 100 outcomes have come; none where no outcome is known.
    usual: Option<f64>,
}

impl Waiting {
    fn of(calls: &[Call], now: Timestamp) -> Self {
        let mut delays = Quantiles::default();
        for call in calls {
            if let Some(told) = call.ending.as_ref().and_then(|ending| ending.time) {
                delays.push((told.as_millisecond() - call.time).max(0) as f64);
            }
        }
        Self {
            now: now.as_millisecond(),
            usual: delays.figures([0.99]).map(|[usual]| usual),
        }
    }

    /// Whether the outcome of a call may come yet.
    fn is_young(&self, call: &Call) -> bool {
        let age = (self.now - call.time) as f64;
        self.usual.is_none_or(|usual| age <= usual)
    }
}

/// How units were split, each on the side of its first call.
fn split(calls: &[Call], common: &Common, parts: (f64, f64)) -> Split {
    let mut seen = (0, 0);
    let mut known = std::collections::HashSet::new();
    for (at, call) in calls.iter().enumerate() {
        let counts = common.stratum(at).is_some();
        if counts && call.unit.is_none_or(|unit| known.insert(unit)) {
            *match call.is_head {
                true => &mut seen.1,
                false => &mut seen.0,
            } += 1;
        }
    }
    Split {
        expected: parts.0 / (parts.0 + parts.1),
        seen: seen.0 as f64 / (seen.0 + seen.1) as f64,
        p: split_p(seen, parts),
    }
}

/// Below this share of calls it is not worth telling.
const SAME_MIX: f64 = 0.1;

/// In what else than their version the calls of two sides differ.
fn changed<'c>(calls: impl Iterator<Item = &'c Call>, names: &calls::Names) -> Vec<(String, f64)> {
    let mut mixes = [Mix::default(), Mix::default()];
    for call in calls {
        let mix = &mut mixes[usize::from(call.is_head)];
        let day = Timestamp::from_millisecond(call.time).unwrap_or_default();
        let day = day.strftime("%A").to_string();
        mix.take("day of the week", &day);
        for number in [call.model, call.environment].iter().chain(&call.labels) {
            let (name, value) = names.get(*number);
            mix.take(name, value);
        }
    }
    let [base, head] = &mixes;
    let mut changed: Vec<(String, f64)> = base
        .apart(head)
        .filter(|(_, share)| *share > SAME_MIX)
        .map(|(name, share)| (name.to_owned(), share))
        .collect();
    changed.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    changed
}

/// What is shown of a side in a figure: its mean.
fn shown_mean(side: &Side, design: Design) -> f64 {
    match design {
        Design::SideBySide => side.mean,
        Design::BeforeAfter => side.plain,
    }
}
