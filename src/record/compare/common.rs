//! The hours in which both sides were called, and what is compared within.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::calls::{Call, Names};
use crate::statistics::{is_enough, periods};

const HOUR: i64 = 3_600_000;

/// From so many calls of each side on, the hours of both are worth being compared alone.
const ENOUGH: u64 = 100;

/// What was called in an hour, by one side.
#[derive(Debug, Clone, Copy)]
struct Spot {
    first: i64,
    last: i64,
}

/// What is compared: a model and an environment.
type Pair = (Option<u32>, u32);

/// What calls of both sides are compared within: a model, an environment and a period in which the
/// share was the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StratumShown {
    /// The model; none where the sides asked different ones, so that it is part of what is compared.
    pub model: Option<String>,
    pub environment: String,
    /// When its period begins.
    pub from: Timestamp,
    /// When its period ends.
    pub until: Timestamp,
    /// How many calls of base and of head.
    pub calls: (u64, u64),
}

/// A model, an environment, and the number of a period from 1.
type Place = (Option<u32>, u32, usize);

/// The hours of both sides.
#[derive(Debug, Default)]
pub(super) struct Common {
    /// From when to when calls of an hour count.
    windows: BTreeMap<i64, (i64, i64)>,
    /// In how many hours calls of both sides count.
    hours: usize,
    /// The first hours of the periods.
    periods: Vec<i64>,
    /// Whether a model is a stratum.
    by_model: bool,
    /// The models and environments that both sides called often enough.
    pairs: BTreeSet<Pair>,
    strata: HashMap<Place, u32>,
    calls: BTreeMap<Place, (u64, u64)>,
    /// The stratum of each call.
    of: Vec<Option<u32>>,
    all: (u64, u64),
    /// How many calls of base and of head were made in hours of both.
    in_hours: (u64, u64),
    /// Whether no model and environment was called by both sides.
    is_apart: bool,
}

/// How often each side was called in something, and by how many.
#[derive(Debug)]
struct Tried<K> {
    tried: BTreeMap<K, [(u64, u64); 2]>,
    known: HashSet<(K, bool, u64)>,
}

impl<K: Ord + Copy + std::hash::Hash> Tried<K> {
    fn of<'c>(calls: impl Iterator<Item = (K, &'c Call)>) -> Self {
        let mut tried = Self {
            tried: BTreeMap::new(),
            known: HashSet::new(),
        };
        for (key, call) in calls {
            let sides = tried.tried.entry(key).or_default();
            let (calls, units) = &mut sides[usize::from(call.is_head)];
            *calls += 1;
            let known = &mut tried.known;
            let is_new = (call.unit).is_none_or(|unit| known.insert((key, call.is_head, unit)));
            *units += u64::from(is_new);
        }
        tried
    }

    /// What has enough of both sides to be compared. Where nothing has, what has any of both; where
    /// nothing has that either, all, and that it is so.
    fn kept(self) -> (BTreeSet<K>, bool) {
        let of = |counts: &dyn Fn(&(u64, u64)) -> bool| -> BTreeSet<K> {
            let kept = self.tried.iter();
            let kept = kept.filter(|(_, sides)| sides.iter().all(counts));
            kept.map(|(key, _)| *key).collect()
        };
        let (enough, any) = (of(&|it| is_enough(it.0, it.1)), of(&|it| it.0 > 0));
        match (enough.is_empty(), any.is_empty()) {
            (false, _) => (enough, false),
            (true, false) => (any, false),
            (true, true) => (self.tried.into_keys().collect(), true),
        }
    }
}

impl Common {
    pub(super) fn of(calls: &[Call]) -> Self {
        let mut spots: BTreeMap<i64, [Option<Spot>; 2]> = BTreeMap::new();
        let mut common = Self::default();
        for call in calls {
            let spot = &mut spots.entry(call.time.div_euclid(HOUR)).or_default()
                [usize::from(call.is_head)];
            let known = spot.get_or_insert(Spot {
                first: call.time,
                last: call.time,
            });
            known.first = known.first.min(call.time);
            known.last = known.last.max(call.time);
            *side(&mut common.all, call.is_head) += 1;
        }
        common.windows = windows(&spots);
        // An hour at an end may hold calls of one side only, once its window is cut.
        let hours = hours_of_both(calls.iter().filter(|call| common.is_in(call)));
        common.windows.retain(|hour, _| hours.contains_key(hour));
        for call in calls {
            *side(&mut common.in_hours, call.is_head) += u64::from(common.is_in(call));
        }
        common.by_model = is_shared(calls.iter().filter(|call| common.is_in(call)));
        // What one side alone called says nothing of the share, nor of anything else.
        let called = calls.iter().filter(|call| common.is_in(call));
        let (pairs, is_apart) = Tried::of(called.map(|call| (common.pair(call), call))).kept();
        (common.pairs, common.is_apart) = (pairs, is_apart);
        let hours = match is_apart {
            true => hours,
            false => {
                let counts = |call: &&Call| common.place(call).is_some();
                hours_of_both(calls.iter().filter(counts))
            }
        };
        common.windows.retain(|hour, _| hours.contains_key(hour));
        let counts: Vec<(u64, u64)> = hours.values().copied().collect();
        let firsts: Vec<i64> = hours.keys().copied().collect();
        common.periods = periods(&counts)
            .into_iter()
            .filter_map(|at| firsts.get(at).copied())
            .collect();
        let called = calls.iter();
        let called = called.filter_map(|call| common.place(call).map(|place| (place, call)));
        let (kept, is_apart) = Tried::of(called).kept();
        common.is_apart |= is_apart;
        common.of = Vec::with_capacity(calls.len());
        for call in calls {
            let place = common.place(call).filter(|place| kept.contains(place));
            let stratum = place.map(|key| {
                *side(common.calls.entry(key).or_default(), call.is_head) += 1;
                let fresh = common.strata.len() as u32;
                *common.strata.entry(key).or_insert(fresh)
            });
            common.of.push(stratum);
        }
        common.hours = hours_called(calls, &common);
        common
    }

    fn pair(&self, call: &Call) -> Pair {
        (self.by_model.then_some(call.model), call.environment)
    }

    fn is_in(&self, call: &Call) -> bool {
        let window = self.windows.get(&call.time.div_euclid(HOUR));
        window.is_some_and(|(from, to)| (*from..=*to).contains(&call.time))
    }

    fn place(&self, call: &Call) -> Option<Place> {
        let hour = call.time.div_euclid(HOUR);
        let period = self.periods.partition_point(|first| *first <= hour);
        let (model, environment) = self.pair(call);
        let counts = self.is_in(call) && self.pairs.contains(&(model, environment));
        counts.then_some((model, environment, period))
    }

    /// The stratum of the call at this place; none where it does not count.
    pub(super) fn stratum(&self, at: usize) -> Option<u32> {
        self.of.get(at).copied().flatten()
    }

    /// In how many hours both were called, as far as their calls count.
    pub(super) fn hours(&self) -> usize {
        self.hours
    }

    /// Whether nothing can be compared, since no model and environment was called by both sides.
    pub(super) fn is_apart(&self) -> bool {
        self.is_apart
    }

    /// How many calls of a side were made in hours of both, whether they count or not.
    pub(super) fn in_hours(&self, is_head: bool) -> u64 {
        match is_head {
            true => self.in_hours.1,
            false => self.in_hours.0,
        }
    }

    /// Whether the calls of these hours are enough, or half of what there is of a side.
    pub(super) fn is_side_by_side(&self) -> bool {
        let (base, head) = self.in_hours;
        let fewer = self.all.0.min(self.all.1);
        let both = base.min(head);
        both > 0 && (both >= ENOUGH || 2 * both >= fewer)
    }

    /// The strata as they are shown, in the order of time.
    pub(super) fn shown(&self, names: &Names) -> Vec<StratumShown> {
        let time = |hour: i64| Timestamp::from_millisecond(hour * HOUR).unwrap_or_default();
        let end = self
            .windows
            .last_key_value()
            .map_or(0, |(hour, _)| hour + 1);
        let mut shown: Vec<StratumShown> = (self.calls.iter())
            .map(|((model, environment, period), calls)| {
                let name = |number: u32| names.get(number).1.to_owned();
                StratumShown {
                    model: model.map(name),
                    environment: name(*environment),
                    from: time(self.periods.get(period - 1).copied().unwrap_or(0)),
                    until: time(self.periods.get(*period).copied().unwrap_or(end)),
                    calls: *calls,
                }
            })
            .collect();
        shown.sort_by(|one, other| {
            let key = |it: &StratumShown| (it.from, it.model.clone(), it.environment.clone());
            key(one).cmp(&key(other))
        });
        shown
    }
}

/// The hours that have calls of both sides, with how many. Who called in an hour counts once: ten calls
/// of one are no ten choices of a side.
fn hours_of_both<'c>(calls: impl Iterator<Item = &'c Call>) -> BTreeMap<i64, (u64, u64)> {
    let tried = Tried::of(calls.map(|call| (call.time.div_euclid(HOUR), call))).tried;
    let hours = tried.into_iter();
    let hours = hours.map(|(hour, [base, head])| (hour, (base.1, head.1)));
    hours.filter(|(_, it)| it.0 > 0 && it.1 > 0).collect()
}

/// In how many hours calls count.
fn hours_called(calls: &[Call], common: &Common) -> usize {
    let counted = (0..)
        .zip(calls)
        .filter(|(at, _)| common.stratum(*at).is_some());
    let hours: BTreeSet<i64> = counted
        .map(|(_, call)| call.time.div_euclid(HOUR))
        .collect();
    hours.len()
}

/// Whether the sides have models in common, for half of the calls of each. Where versions ask different
/// models, the model is part of what is compared.
fn is_shared<'c>(calls: impl Iterator<Item = &'c Call>) -> bool {
    let mut models: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for call in calls {
        *side(models.entry(call.model).or_default(), call.is_head) += 1;
    }
    let is_half = |of: fn(&(u64, u64)) -> u64| {
        let all: u64 = models.values().map(of).sum();
        let both = models.values().filter(|it| it.0 > 0 && it.1 > 0);
        2 * both.map(of).sum::<u64>() >= all
    };
    is_half(|it| it.0) && is_half(|it| it.1)
}

fn side(counts: &mut (u64, u64), is_head: bool) -> &mut u64 {
    match is_head {
        true => &mut counts.1,
        false => &mut counts.0,
    }
}

/// From when to when calls of an hour count, where both sides have some. Beside an hour that only one
/// side has, as at a release, an hour is cut to the time between the later first and the earlier last
/// call: what was called before the other began is no call side by side.
fn windows(spots: &BTreeMap<i64, [Option<Spot>; 2]>) -> BTreeMap<i64, (i64, i64)> {
    let hours: Vec<(i64, &[Option<Spot>; 2])> =
        spots.iter().map(|(hour, it)| (*hour, it)).collect();
    let is_common = |at: Option<usize>| {
        let hour = at.and_then(|at| hours.get(at));
        hour.is_some_and(|(_, sides)| sides.iter().all(Option::is_some))
    };
    let mut windows = BTreeMap::new();
    for (at, (hour, sides)) in hours.iter().enumerate() {
        let [Some(base), Some(head)] = sides else {
            continue;
        };
        let is_inner = is_common(at.checked_sub(1)) && is_common(Some(at + 1));
        let window = match is_inner {
            true => (i64::MIN, i64::MAX),
            false => (base.first.max(head.first), base.last.min(head.last)),
        };
        if window.0 <= window.1 {
            windows.insert(*hour, window);
        }
    }
    windows
}
