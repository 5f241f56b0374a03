//! The order of groups by a figure, and who cannot be told apart.

use super::dimension::Value;
use super::measure::{Best, Figure};

/// Below so many calls or outcomes nothing is ranked.
pub const FEWEST_RANKED: u64 = 30;

/// A group on the board.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its rank, from 1; none where there is too little to rank it.
    pub rank: Option<u64>,
    /// Whether others share the rank.
    pub is_tied: bool,
    /// What the group has in common.
    pub key: Vec<Value>,
    pub figure: Figure,
}

/// Groups in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Board {
    /// Those that can be ranked, the best first.
    pub rows: Vec<Place>,
    /// Those with too little.
    pub too_few: Vec<Place>,
}

/// Ranks groups by the worse ends of their intervals, such as the lower ones where the highest figure is
/// the best. Whose interval reaches the mean of the first of a rank shares that rank: it may be as good.
/// What rests on fewer than `fewest` is listed apart.
pub fn rank(
    figures: impl IntoIterator<Item = (Vec<Value>, Figure)>,
    fewest: u64,
    best: Best,
) -> Board {
    let places = figures.into_iter().map(|(key, figure)| Place {
        rank: None,
        is_tied: false,
        key,
        figure,
    });
    let (mut left, mut too_few): (Vec<Place>, Vec<Place>) =
        places.partition(|it| it.figure.n >= fewest && it.figure.interval.is_some());
    // Where the lowest is the best, all is as it is with the opposite numbers.
    let worse = |place: &Place| match (place.figure.interval, best) {
        (None, _) => f64::MIN,
        (Some(it), Best::Highest) => it.low,
        (Some(it), Best::Lowest) => -it.high,
    };
    left.sort_by(|one, other| worse(other).total_cmp(&worse(one)));
    too_few.sort_by_key(|place| std::cmp::Reverse(place.figure.n));
    let mut rows = Vec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let mean = first.figure.value;
        let reaches = |place: &Place| {
            place.figure.interval.is_some_and(|it| match best {
                Best::Highest => it.high >= mean,
                Best::Lowest => it.low <= mean,
            })
        };
        let (same, rest): (Vec<Place>, Vec<Place>) = left.into_iter().partition(reaches);
        let (rank, is_tied) = (rows.len() as u64 + 1, same.len() > 1);
        rows.extend(same.into_iter().map(|place| Place {
            rank: Some(rank),
            is_tied,
            ..place
        }));
        left = rest;
    }
    Board { rows, too_few }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Count, wilson};

    fn board(counts: &[(u64, u64)], best: Best) -> Vec<(Option<u64>, bool, u64)> {
        let figures = counts.iter().map(|&(passed, of)| {
            let count = Count { passed, of };
            let figure = Figure {
                value: count.share(),
                interval: wilson(count, 0.95),
                n: of,
            };
            (vec![Value::Number(of)], figure)
        });
        let board = rank(figures, 30, best);
        let places = board.rows.iter().chain(&board.too_few);
        places
            .map(|it| (it.rank, it.is_tied, it.figure.n))
            .collect()
    }

    #[test]
    fn nine_thousand_of_ten_thousand_is_no_proof_against_95_of_100() {
        assert_eq!(
            board(&[(95, 100), (9_000, 10_000), (20, 29)], Best::Highest),
            [
                (Some(1), true, 10_000),
                (Some(1), true, 100),
                (None, false, 29)
            ]
        );
    }

    #[test]
    fn what_is_worse_beyond_doubt_has_a_rank_of_its_own() {
        assert_eq!(
            board(
                &[(500, 1_000), (900, 1_000), (20, 31), (700, 1_001)],
                Best::Highest
            ),
            [
                (Some(1), false, 1_000),
                (Some(2), true, 1_001),
                (Some(2), true, 31),
                (Some(4), false, 1_000),
            ]
        );
    }
    #[test]
    fn where_less_is_better_the_order_is_that_of_the_opposite() {
        // As shares that failed, of what above is shares that went well.
        assert_eq!(
            board(
                &[(500, 1_000), (100, 1_000), (11, 31), (301, 1_001), (0, 29)],
                Best::Lowest
            ),
            [
                (Some(1), false, 1_000),
                (Some(2), true, 1_001),
                (Some(2), true, 31),
                (Some(4), false, 1_000),
                (None, false, 29),
            ]
        );
    }
}
