//! Quantiles of values that come one by one: exact for as many as can be kept, close beyond.

use std::collections::BTreeMap;

use super::Interval;
use super::quantile::quantile_ranks;

/// So many values are kept, and their quantiles are exact.
pub const EXACT: usize = 100_000;

/// How far a quantile of more values may be off, relative to it.
pub const OFF: f64 = 0.005;

/// The values that a sketch tells apart; what lies beyond counts as the outermost.
const LEAST: f64 = 1e-6;
const MOST: f64 = 1e15;

/// Values from 0 upwards, for their quantiles.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantiles {
    /// All of them, in the order in which they came.
    Exact(Vec<f64>),
    /// How many lie where.
    Close(Sketch),
}

impl Default for Quantiles {
    fn default() -> Self {
        Self::Exact(Vec::new())
    }
}

impl Quantiles {
    /// Takes one more value in.
    pub fn push(&mut self, value: f64) {
        match self {
            Self::Exact(values) if values.len() < EXACT => values.push(value),
            Self::Exact(_) => {
                let mut sketch = self.to_sketch();
                sketch.push(value);
                *self = Self::Close(sketch);
            }
            Self::Close(sketch) => sketch.push(value),
        }
    }

    /// The same, closely: what sketches tell can be put together.
    pub fn to_sketch(&self) -> Sketch {
        match self {
            Self::Exact(values) => {
                let mut sketch = Sketch::default();
                values.iter().for_each(|value| sketch.push(*value));
                sketch
            }
            Self::Close(sketch) => sketch.clone(),
        }
    }

    /// Takes all values of a sketch in; what was exact is close from here on.
    pub fn merge(&mut self, more: &Sketch) {
        if more.n > 0 {
            let mut sketch = self.to_sketch();
            sketch.merge(more);
            *self = Self::Close(sketch);
        }
    }

    /// Takes all values of others in; exact where both are, and there are not too many.
    pub fn merge_all(&mut self, more: &Self) {
        match more {
            Self::Exact(values) => values.iter().for_each(|value| self.push(*value)),
            Self::Close(sketch) => self.merge(sketch),
        }
    }

    /// How many values there are.
    pub fn n(&self) -> u64 {
        match self {
            Self::Exact(values) => values.len() as u64,
            Self::Close(sketch) => sketch.n,
        }
    }

    /// Whether the quantiles are exact, and not only within [`OFF`].
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// Puts the values that are kept in their order, after which any quantile is found at once.
    pub fn sort(&mut self) {
        if let Self::Exact(values) = self {
            // Those that were in order already are a run, which this sort makes use of.
            values.sort_by(f64::total_cmp);
        }
    }

    /// The values of these ranks, counted from 0.
    fn at(&self, ranks: &[usize]) -> Vec<f64> {
        let values = match self {
            Self::Close(sketch) => {
                return ranks.iter().map(|it| sketch.at(*it as u64)).collect();
            }
            Self::Exact(values) => values,
        };
        if values.is_sorted_by(|one, next| one.total_cmp(next).is_le()) {
            return ranks.iter().map(|it| values[*it]).collect();
        }
        let mut values = values.clone();
        let mut rising = ranks.to_vec();
        rising.sort_unstable();
        rising.dedup();
        let mut done = 0;
        let mut found = BTreeMap::new();
        for rank in rising {
            // What was set aside for a smaller rank is no greater than all that is left.
            let left = &mut values[done..];
            let (_, value, _) = left.select_nth_unstable_by(rank - done, f64::total_cmp);
            found.insert(rank, *value);
            done = rank;
        }
        ranks
            .iter()
            .filter_map(|rank| found.get(rank).copied())
            .collect()
    }

    /// The quantiles `wanted` of type 7; none where there are no values.
    pub fn figures<const N: usize>(&self, wanted: [f64; N]) -> Option<[f64; N]> {
        let last = usize::try_from(self.n()).ok()?.checked_sub(1)?;
        let places = wanted.map(|q| q.clamp(0.0, 1.0) * last as f64);
        let below = places.map(|place| place.floor() as usize);
        let ranks: Vec<usize> = below
            .iter()
            .flat_map(|it| [*it, (*it + 1).min(last)])
            .collect();
        let values = self.at(&ranks);
        Some(std::array::from_fn(|index| {
            let (one, other) = (values[2 * index], values[2 * index + 1]);
            let part = places[index] - places[index].floor();
            one + part * (other - one)
        }))
    }

    /// The interval of the quantile `q`, by ranks; none where there are too few values for it.
    pub fn interval(&self, q: f64, level: f64) -> Option<Interval> {
        let (low, high) = quantile_ranks(usize::try_from(self.n()).ok()?, q, level)?;
        let ends = self.at(&[low - 1, high - 1]);
        Some(Interval {
            low: ends[0],
            high: ends[1],
            level,
        })
    }
}

/// How many values lie in each of many narrow ranges (DDSketch, Masson, Rim and Lee 2019): whatever the
/// values, each is known within [`OFF`].
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    n: u64,
    /// The number of the first range.
    first: i32,
    counts: Vec<u64>,
    least: f64,
    most: f64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            n: 0,
            first: 0,
            counts: Vec::new(),
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        }
    }
}

/// How many times as large each range's end is as its beginning.
fn ratio() -> f64 {
    (1.0 + OFF) / (1.0 - OFF)
}

impl Sketch {
    pub(super) fn push(&mut self, value: f64) {
        self.n += 1;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        let range = (value.clamp(LEAST, MOST).ln() / ratio().ln()).ceil() as i32;
        if self.counts.is_empty() {
            self.first = range;
        }
        if range < self.first {
            let more = (self.first - range) as usize;
            self.counts.splice(..0, std::iter::repeat_n(0, more));
            self.first = range;
        }
        let at = (range - self.first) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += 1;
    }

    fn merge(&mut self, more: &Self) {
        if self.counts.is_empty() {
            self.first = more.first;
        }
        let first = self.first.min(more.first);
        let end = |it: &Self| it.first + it.counts.len() as i32;
        let mut counts = vec![0; (end(self).max(end(more)) - first) as usize];
        for it in [&*self, more] {
            let from = (it.first - first) as usize;
            for (sum, count) in counts[from..].iter_mut().zip(&it.counts) {
                *sum += count;
            }
        }
        (self.first, self.counts) = (first, counts);
        self.n += more.n;
        self.least = self.least.min(more.least);
        self.most = self.most.max(more.most);
    }

    /// The number of the first range that has values, and how many each has from there on.
    pub fn ranges(&self) -> (i32, &[u64]) {
        (self.first, &self.counts)
    }

    /// The sketch of these ranges and outermost values; none where they do not fit each other.
    pub fn of_ranges(first: i32, counts: Vec<u64>, [least, most]: [f64; 2]) -> Option<Self> {
        let n = counts
            .iter()
            .try_fold(0_u64, |sum, it| sum.checked_add(*it))?;
        // Beyond these nothing is told apart.
        let end = i64::from(first) + counts.len() as i64;
        let is_sound = first > -10_000 && end < 10_000 && least <= most && most.is_finite();
        (n == 0 || is_sound).then_some(Self {
            n,
            first,
            counts,
            least,
            most,
        })
    }

    /// The value of a rank, counted from 0.
    fn at(&self, rank: u64) -> f64 {
        let mut before = 0;
        for (range, count) in (self.first..).zip(&self.counts) {
            before += count;
            if before > rank {
                let middle = 2.0 * ratio().powi(range) / (ratio() + 1.0);
                return middle.clamp(self.least, self.most);
            }
        }
        self.most
    }

    /// All that it knows, as numbers that lose nothing.
    pub fn to_bits(&self) -> Vec<u64> {
        let head = [
            self.n,
            i64::from(self.first) as u64,
            self.least.to_bits(),
            self.most.to_bits(),
        ];
        head.into_iter()
            .chain(self.counts.iter().copied())
            .collect()
    }

    /// The same again; none where these are no numbers of a sketch.
    pub fn from_bits(bits: &[u64]) -> Option<Self> {
        let (&[n, first, least, most], counts) = bits.split_first_chunk::<4>()?;
        Some(Self {
            n,
            first: i32::try_from(first as i64).ok()?,
            counts: counts.to_vec(),
            least: f64::from_bits(least),
            most: f64::from_bits(most),
        })
    }
}
