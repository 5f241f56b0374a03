//! Figures of values that come one by one and are not kept.

use serde::{Deserialize, Serialize};

use super::Interval;
use super::mean::mean_interval;

/// The count, the sum, the mean and the spread of values that were seen, and the outermost of them.
///
/// The sum is that of Neumaier (1974), the spread that of Welford (1962): neither loses digits over a
/// million of values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "[u64; 7]", from = "[u64; 7]")]
pub struct Moments {
    n: u64,
    sum: f64,
    /// What the sum is too small by.
    lost: f64,
    mean: f64,
    /// The sum of the squares of the distances from the mean.
    squares: f64,
    least: f64,
    most: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            n: 0,
            sum: 0.0,
            lost: 0.0,
            mean: 0.0,
            squares: 0.0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        }
    }
}

impl Moments {
    /// Takes one more value in.
    pub fn push(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
        self.n += 1;
        let away = value - self.mean;
        self.mean += away / self.n as f64;
        self.squares += away * (value - self.mean);
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }

    /// Those of so many values, with their sum, the sum of their squares and the outermost of them.
    pub fn of_sums(n: u64, sum: f64, squares: f64, [least, most]: [f64; 2]) -> Self {
        if n == 0 {
            return Self::default();
        }
        let mean = sum / n as f64;
        Self {
            n,
            sum,
            lost: 0.0,
            mean,
            squares: (squares - sum * mean).max(0.0),
            least,
            most,
        }
    }

    /// The sum of the squares of the values.
    pub fn sum_of_squares(&self) -> f64 {
        self.squares + self.n as f64 * self.mean * self.mean
    }

    /// Takes all values of others in (Chan, Golub and LeVeque 1979).
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        let (n, more) = (self.n as f64, other.n as f64);
        let away = other.mean - self.mean;
        self.squares += other.squares + away * away * n * more / (n + more);
        self.mean += away * more / (n + more);
        self.n += other.n;
        self.lost += other.lost;
        let sum = self.sum + other.sum;
        self.lost += if self.sum.abs() >= other.sum.abs() {
            (self.sum - sum) + other.sum
        } else {
            (other.sum - sum) + self.sum
        };
        self.sum = sum;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    /// How many values there are.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Their sum; none where there are none.
    pub fn sum(&self) -> Option<f64> {
        (self.n > 0).then_some(self.sum + self.lost)
    }

    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| (self.sum + self.lost) / self.n as f64)
    }

    /// Their variance, over n−1; none below two.
    pub fn variance(&self) -> Option<f64> {
        (self.n > 1).then(|| self.squares / (self.n - 1) as f64)
    }

    /// The interval of the mean by t with n−1 degrees, each value counted as independent; none below
    /// two values.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let n = self.n as f64;
        let se = (self.variance()? / n).sqrt();
        Some(mean_interval(self.mean()?, se, n - 1.0, level))
    }

    /// The smallest value.
    pub fn least(&self) -> Option<f64> {
        (self.n > 0).then_some(self.least)
    }

    /// The largest value.
    pub fn most(&self) -> Option<f64> {
        (self.n > 0).then_some(self.most)
    }
}

/// All that is known, as numbers that lose nothing.
impl From<Moments> for [u64; 7] {
    fn from(it: Moments) -> Self {
        let [sum, lost, mean, squares, least, most] =
            [it.sum, it.lost, it.mean, it.squares, it.least, it.most].map(f64::to_bits);
        [it.n, sum, lost, mean, squares, least, most]
    }
}

impl From<[u64; 7]> for Moments {
    fn from(bits: [u64; 7]) -> Self {
        let [n, sum, lost, mean, squares, least, most] = bits;
        let [sum, lost, mean, squares, least, most] =
            [sum, lost, mean, squares, least, most].map(f64::from_bits);
        Self {
            n,
            sum,
            lost,
            mean,
            squares,
            least,
            most,
        }
    }
}
