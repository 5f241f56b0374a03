//! Two versions that were called side by side: their difference within strata, by those who called.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Interval;
use super::mean::{effective_groups, mean_interval};
use super::strata::{Arm, Stratum, mantel_haenszel};

/// Below so many values of a side a stratum is left out: its spread is not known.
pub const FEWEST_OF_STRATUM: u64 = 5;

/// Whether so many values of so many units are enough of a side for a stratum to count.
pub fn is_enough(values: u64, units: u64) -> bool {
    values >= FEWEST_OF_STRATUM && units >= 2
}

/// One call, or one outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Whether head was called, and not base.
    pub is_head: bool,
    /// The stratum, such as a model and a period.
    pub stratum: u32,
    /// Who called: calls of one are alike. A call without one is a unit of its own.
    pub unit: Option<u64>,
    /// What came of it: 1 or 0 where it is a rate.
    pub value: f64,
}

/// What is known of a side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Side {
    /// How many calls, in the strata that count.
    pub n: u64,
    /// How many called.
    pub units: u64,
    /// How many units of one size they are worth: [`effective_groups`].
    pub effective: f64,
    /// The mean, with the weights of the strata, so that head's less base's is the difference.
    pub mean: f64,
    /// The plain mean of all values, those of strata that are left out too.
    pub plain: f64,
    /// How far values spread, in the strata that count: their standard deviation.
    pub spread: f64,
    /// How many values are 0, and how many are not, in the strata that count.
    pub zeros: (u64, u64),
}

/// Head less base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arms {
    /// What base did.
    pub base: Side,
    /// What head did.
    pub head: Side,
    /// Head's mean less base's, within strata.
    pub difference: f64,
    /// The variance of it, by units.
    pub variance: f64,
    /// The variance of it, were all calls independent.
    pub independent: f64,
    /// How many strata count.
    pub strata: usize,
    /// How many values stand in strata that have fewer than five of a side, and do not count.
    pub outside_strata: u64,
    /// How many units are on both sides.
    pub on_both: u64,
}

impl Arms {
    /// The interval of the difference at this look, by t with the degrees of the effective units.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let degrees = self.base.effective + self.head.effective - 2.0;
        (degrees >= 1.0 && self.variance > 0.0)
            .then(|| mean_interval(self.difference, self.variance.sqrt(), degrees, level))
    }
}

/// The sums of a side of a stratum.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    n: f64,
    units: f64,
    mean: f64,
    squares: f64,
}

impl Cell {
    fn push(&mut self, value: f64) {
        self.n += 1.0;
        let away = value - self.mean;
        self.mean += away / self.n;
        self.squares += away * (value - self.mean);
    }

    fn arm(&self) -> Arm {
        Arm {
            n: self.n,
            mean: self.mean,
            variance: self.squares / (self.n - 1.0) / self.n,
        }
    }
}

/// The weight of Mantel and Haenszel.
fn weight([base, head]: &[Cell; 2]) -> f64 {
    base.n * head.n / (base.n + head.n)
}

fn side(it: &Seen) -> usize {
    usize::from(it.is_head)
}

/// What was seen in each stratum, and over all.
fn cells_of(seen: impl Iterator<Item = Seen>) -> (BTreeMap<u32, [Cell; 2]>, [Cell; 2]) {
    let mut cells: BTreeMap<u32, [Cell; 2]> = BTreeMap::new();
    let mut plain = [Cell::default(); 2];
    let mut known: HashSet<(u32, bool, u64)> = HashSet::new();
    for it in seen {
        let cell = &mut cells.entry(it.stratum).or_default()[side(&it)];
        cell.push(it.value);
        let is_new = (it.unit).is_none_or(|unit| known.insert((it.stratum, it.is_head, unit)));
        cell.units += f64::from(u8::from(is_new));
        plain[side(&it)].push(it.value);
    }
    (cells, plain)
}

/// Compares two sides within strata, with the weights of Mantel and Haenszel. The variance is that of
/// each unit's sum of residuals, over all strata and on both sides: whoever calls forty times counts
/// as one, and whoever is on both sides does too. None where no stratum has enough of both sides.
///
/// `seen` is gone through twice, in the same order.
pub fn arms<I>(seen: I) -> Option<Arms>
where
    I: Iterator<Item = Seen> + Clone,
{
    let (mut cells, plain) = cells_of(seen.clone());
    let all: f64 = cells.values().flatten().map(|cell| cell.n).sum();
    let counts = |cell: &Cell| is_enough(cell.n as u64, cell.units as u64);
    cells.retain(|_, cells| cells.iter().all(counts));
    let counted: f64 = cells.values().flatten().map(|cell| cell.n).sum();
    let strata: Vec<Stratum> = cells
        .values()
        .map(|[base, head]| Stratum {
            base: base.arm(),
            head: head.arm(),
        })
        .collect();
    let pooled = mantel_haenszel(&strata)?;
    let weights: f64 = cells.values().map(weight).sum();

    // Each unit's part in the difference.
    let mut units: HashMap<u64, (f64, [u64; 2])> = HashMap::new();
    let (mut variance, mut alone) = (0.0, [0_u64; 2]);
    let (mut kept, mut zeros) = ([Cell::default(); 2], [(0, 0); 2]);
    for it in seen {
        let Some(cells) = cells.get(&it.stratum) else {
            continue;
        };
        kept[side(&it)].push(it.value);
        let (none, some) = &mut zeros[side(&it)];
        *if it.value == 0.0 { none } else { some } += 1;
        let cell = &cells[side(&it)];
        let sign = if it.is_head { 1.0 } else { -1.0 };
        let few = (cell.units / (cell.units - 1.0)).sqrt();
        let part = sign * few * weight(cells) / (weights * cell.n) * (it.value - cell.mean);
        let Some(unit) = it.unit else {
            variance += part * part;
            alone[side(&it)] += 1;
            continue;
        };
        let unit = units.entry(unit).or_default();
        unit.0 += part;
        unit.1[side(&it)] += 1;
    }
    // Sums are made in an order, so that they are the same every time.
    let mut parts: Vec<(f64, [u64; 2])> = units.into_values().collect();
    parts.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    variance += parts.iter().map(|(part, _)| part * part).sum::<f64>();
    let sides = [0, 1].map(|at| {
        let sizes = parts.iter().map(|(_, n)| n[at]).filter(|n| *n > 0);
        let sizes = sizes.chain((0..alone[at]).map(|_| 1));
        let means = cells.values().map(|it| weight(it) * it[at].mean);
        Side {
            n: sizes.clone().sum(),
            units: sizes.clone().count() as u64,
            effective: effective_groups(sizes.map(|n| n as f64)),
            mean: means.sum::<f64>() / weights,
            plain: plain[at].mean,
            spread: (kept[at].squares / (kept[at].n - 1.0)).sqrt(),
            zeros: zeros[at],
        }
    });
    let on_both = parts.iter().filter(|(_, n)| n[0] > 0 && n[1] > 0).count();
    let [base, head] = sides;
    Some(Arms {
        base,
        head,
        difference: pooled.difference,
        variance,
        independent: pooled.variance,
        strata: cells.len(),
        outside_strata: (all - counted) as u64,
        on_both: on_both as u64,
    })
}
