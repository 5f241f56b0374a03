//! How well a judge and people agree.

use super::Interval;
use super::proportion::{Count, wilson_share};

/// How a judge that passes or fails met the labels of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Labels {
    pub both_pass: u64,
    /// Only the person passes it.
    pub only_human: u64,
    /// Only the judge passes it.
    pub only_judge: u64,
    pub both_fail: u64,
}

impl Labels {
    /// Of what the person passes, what the judge passes; the interval is [`super::wilson`]'s.
    pub fn sensitivity(&self) -> Count {
        Count {
            passed: self.both_pass,
            of: self.both_pass + self.only_human,
        }
    }

    /// Of what the person fails, what the judge fails; the interval likewise.
    pub fn specificity(&self) -> Count {
        Count {
            passed: self.both_fail,
            of: self.both_fail + self.only_judge,
        }
    }

    /// Of all, where they say the same.
    pub fn agreement(&self) -> Count {
        Count {
            passed: self.both_pass + self.both_fail,
            of: self.both_pass + self.only_human + self.only_judge + self.both_fail,
        }
    }

    /// Cohen's κ.
    pub fn kappa(&self, level: f64) -> Option<Kappa> {
        let table = [
            vec![self.both_pass, self.only_human],
            vec![self.only_judge, self.both_fail],
        ];
        kappa(&table, Weights::Same, level)
    }
}

/// What counts as agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Only the same choice: Cohen's κ.
    Same,
    /// For choices on a scale, the less the farther apart: 1 − (i−j)²/(k−1)².
    Quadratic,
}

/// Agreement beyond what chance would give: 1 for all, 0 for none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kappa {
    /// κ, at most 1.
    pub value: f64,
    /// Its standard error for many labels (Fleiss, Cohen and Everitt 1969).
    pub se: f64,
    /// Wilson's interval of the observed agreement, put on κ's scale, with as many cases as give
    /// the variance above. κ ± 1.96 standard errors, which is common, holds the true κ of a good
    /// judge in 73 % of all samples of 20 labels, and in 23 % where the judge is very good; this
    /// one in 93 to 98 %.
    pub interval: Interval,
}

/// κ of a square table of counts, a row for each choice of the person, a column for each of the
/// judge, in the order of the scale. None where the table is not square, has no counts, or has all
/// of them in one choice, so that chance alone would agree always.
pub fn kappa(table: &[Vec<u64>], weights: Weights, level: f64) -> Option<Kappa> {
    let size = table.len();
    let n = table.iter().flatten().sum::<u64>() as f64;
    if n == 0.0 || table.iter().any(|row| row.len() != size) {
        return None;
    }
    let share = |row: usize, column: usize| table[row][column] as f64 / n;
    let weight = |row: usize, column: usize| match weights {
        Weights::Same => f64::from(u8::from(row == column)),
        Weights::Quadratic => 1.0 - (row.abs_diff(column) as f64 / (size as f64 - 1.0)).powi(2),
    };
    let each = || (0..size).flat_map(|row| (0..size).map(move |column| (row, column)));
    let of_row = |row: usize| (0..size).map(|column| share(row, column)).sum::<f64>();
    let of_column = |column: usize| (0..size).map(|row| share(row, column)).sum::<f64>();
    let rows: Vec<f64> = (0..size).map(of_row).collect();
    let columns: Vec<f64> = (0..size).map(of_column).collect();

    let observed: f64 = each().map(|(i, j)| weight(i, j) * share(i, j)).sum();
    let expected: f64 = each()
        .map(|(i, j)| weight(i, j) * rows[i] * columns[j])
        .sum();
    let room = 1.0 - expected;
    if size < 2 || room <= 1e-12 {
        return None;
    }
    let value = (observed - expected) / room;

    let in_row = |i: usize| (0..size).map(|j| weight(i, j) * columns[j]).sum::<f64>();
    let in_column = |j: usize| (0..size).map(|i| weight(i, j) * rows[i]).sum::<f64>();
    let squares: f64 = each()
        .map(|(i, j)| {
            let off = weight(i, j) - (in_row(i) + in_column(j)) * (1.0 - value);
            share(i, j) * off * off
        })
        .sum();
    let variance = (squares - (value - expected * (1.0 - value)).powi(2)).max(0.0) / n;
    let se = variance.sqrt() / room;

    // The variance of the agreement, as a share of so many cases has it.
    let worth = match variance > 1e-12 {
        true => (observed * (1.0 - observed) / variance).clamp(1.0, n),
        false => n,
    };
    let agreement = wilson_share(observed.clamp(0.0, 1.0), worth, level);
    Some(Kappa {
        value,
        se,
        interval: Interval {
            low: ((agreement.low - expected) / room).clamp(-1.0, value),
            high: ((agreement.high - expected) / room).clamp(value, 1.0),
            level,
        },
    })
}
