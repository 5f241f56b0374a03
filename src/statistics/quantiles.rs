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

    /// The quantiles `wanted`, rising, of type 7; none where there are no values.
    pub fn figures<const N: usize>(&self, wanted: [f64; N]) -> Option<[f64; N]> {
        let last = self.n().checked_sub(1)?;
        let mut values = match self {
            Self::Exact(values) => values.clone(),
            Self::Close(_) => Vec::new(),
        };
        let mut done = 0;
        Some(wanted.map(|q| {
            let place = q.clamp(0.0, 1.0) * last as f64;
            let below = place.floor();
            let part = place - below;
            let (one, other) = match self {
                Self::Exact(_) => {
                    // What was set aside for a smaller quantile is smaller than all that is left.
                    let at = below as usize;
                    let (_, one, above) =
                        values[done..].select_nth_unstable_by(at - done, f64::total_cmp);
                    let one = *one;
                    let next = above.iter().copied().min_by(f64::total_cmp);
                    done = at;
                    (one, next.unwrap_or(one))
                }
                Self::Close(sketch) => {
                    let above = (below as u64 + 1).min(last);
                    (sketch.at(below as u64), sketch.at(above))
                }
            };
            one + part * (other - one)
        }))
    }

    /// The interval of the quantile `q`, by ranks; none where there are too few values for it.
    pub fn interval(&self, q: f64, level: f64) -> Option<Interval> {
        let (low, high) = quantile_ranks(usize::try_from(self.n()).ok()?, q, level)?;
        let [low, high] = match self {
            Self::Exact(values) => {
                let mut values = values.clone();
                let (_, at_low, above) = values.select_nth_unstable_by(low - 1, f64::total_cmp);
                let at_high = match high.saturating_sub(low) {
                    0 => *at_low,
                    more => *above.select_nth_unstable_by(more - 1, f64::total_cmp).1,
                };
                [*at_low, at_high]
            }
            Self::Close(sketch) => [low, high].map(|rank| sketch.at(rank as u64 - 1)),
        };
        Some(Interval { low, high, level })
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
