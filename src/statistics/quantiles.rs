//! Quantiles of values that come one by one: exact for as many as can be kept, close beyond.

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
    /// All of them.
    Exact(Values),
    /// How many lie where.
    Close(Sketch),
}

impl Default for Quantiles {
    fn default() -> Self {
        Self::Exact(Values::default())
    }
}

/// Values that are all kept: the different ones in their order, and those that came since these were put in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    /// Each with how many are not greater.
    runs: Vec<(f64, u32)>,
    /// In the order in which they came.
    fresh: Vec<f64>,
}

impl Values {
    /// The values of runs that rise, each with how many of all are not greater; none where they do not rise.
    pub fn of_runs(runs: Vec<(f64, u32)>) -> Option<Self> {
        let rises = runs.is_sorted_by(|one, next| one.0 < next.0 && one.1 < next.1);
        rises.then_some(Self {
            runs,
            fresh: Vec::new(),
        })
    }

    /// The different values in their order, each with how many of all are not greater, once they were put in order.
    pub fn runs(&self) -> &[(f64, u32)] {
        debug_assert!(
            self.fresh.is_empty(),
            "some came after they were put in order"
        );
        &self.runs
    }

    fn len(&self) -> usize {
        self.in_order() + self.fresh.len()
    }

    /// How many were put in order.
    fn in_order(&self) -> usize {
        self.runs.last().map_or(0, |(_, up_to)| *up_to as usize)
    }

    fn each(&self, mut take: impl FnMut(f64)) {
        let mut before = 0;
        for (value, up_to) in &self.runs {
            (before..*up_to).for_each(|_| take(*value));
            before = *up_to;
        }
        self.fresh.iter().for_each(|value| take(*value));
    }

    fn sort(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.sort_unstable_by(f64::total_cmp);
        let known = std::mem::take(&mut self.runs);
        let (mut known, mut fresh) = (known.into_iter().peekable(), fresh.into_iter().peekable());
        let (mut of_known, mut sum) = (0, 0);
        loop {
            let value: f64 = match (known.peek(), fresh.peek()) {
                (Some((one, _)), Some(other)) if one.total_cmp(other).is_gt() => *other,
                (Some((one, _)), Some(_)) => *one,
                (Some((only, _)), None) | (None, Some(only)) => *only,
                (None, None) => return,
            };
            let is_it = |other: &f64| other.total_cmp(&value).is_eq();
            if let Some((_, up_to)) = known.next_if(|(other, _)| is_it(other)) {
                sum += up_to - of_known;
                of_known = up_to;
            }
            while fresh.next_if(is_it).is_some() {
                sum += 1;
            }
            self.runs.push((value, sum));
        }
    }

    /// The value of a rank, once they were put in order.
    fn at(&self, rank: usize) -> f64 {
        let place = self
            .runs
            .partition_point(|(_, up_to)| *up_to as usize <= rank);
        self.runs[place].0
    }
}

impl Quantiles {
    /// Takes one more value in.
    pub fn push(&mut self, value: f64) {
        match self {
            Self::Exact(values) if values.len() < EXACT => values.fresh.push(value),
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
                values.each(|value| sketch.push(value));
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
            Self::Exact(values) => values.each(|value| self.push(value)),
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
            values.sort();
        }
    }

    /// The values of these ranks, counted from 0.
    fn at(&self, ranks: &[usize]) -> Vec<f64> {
        match self {
            Self::Close(sketch) => ranks.iter().map(|it| sketch.at(*it as u64)).collect(),
            Self::Exact(values) if values.fresh.is_empty() => {
                ranks.iter().map(|it| values.at(*it)).collect()
            }
            Self::Exact(values) => {
                let mut values = values.clone();
                values.sort();
                ranks.iter().map(|it| values.at(*it)).collect()
            }
        }
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
