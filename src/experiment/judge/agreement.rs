//! How a judge's choices meet the labels of people.

use super::labels::Says;
use crate::prompt::evaluate::Choice;
use crate::statistics::{Count, Kappa, Labels, Weights, kappa};

/// The level of all intervals.
pub const LEVEL: f64 = 0.95;

/// How a judge and people agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Where both say the same: the same choice, or where people said no more both pass or both fail.
    pub same: Count,
    /// Beyond what chance would give; none where all say one thing.
    pub kappa: Option<Kappa>,
    /// Whether choices that are near each other count in part.
    pub is_weighted: bool,
    /// Who passes what.
    pub labels: Labels,
    /// The labels by row, the judge's choices by column, where people made choices.
    pub table: Option<Vec<Vec<u64>>>,
}

/// Compares what people said with what the judge chose. An answer passes from the score `at_least` on.
pub fn compare(pairs: &[(Says, usize)], choices: &[Choice], at_least: f64) -> Agreement {
    let passes = |choice: usize| choices[choice].score + 1e-9 >= at_least;
    let mut labels = Labels::default();
    let mut table = vec![vec![0; choices.len()]; choices.len()];
    let mut are_choices = !pairs.is_empty();
    let mut same = 0;
    for (says, chosen) in pairs {
        let human = match says {
            Says::Choice(choice) => {
                table[*choice][*chosen] += 1;
                passes(*choice)
            }
            Says::Passes(human) => {
                are_choices = false;
                *human
            }
        };
        same += u64::from(is_same(*says, *chosen, choices, at_least));
        let cell = match (human, passes(*chosen)) {
            (true, true) => &mut labels.both_pass,
            (true, false) => &mut labels.only_human,
            (false, true) => &mut labels.only_judge,
            (false, false) => &mut labels.both_fail,
        };
        *cell += 1;
    }
    let is_weighted = are_choices && choices.len() > 2;
    let weights = if is_weighted {
        Weights::Quadratic
    } else {
        Weights::Same
    };
    Agreement {
        same: Count {
            passed: same,
            of: pairs.len() as u64,
        },
        kappa: match are_choices {
            true => kappa(&table, weights, LEVEL),
            false => labels.kappa(LEVEL),
        },
        is_weighted,
        labels,
        table: are_choices.then_some(table),
    }
}

/// Whether a person and the judge say the same.
pub fn is_same(says: Says, chosen: usize, choices: &[Choice], at_least: f64) -> bool {
    match says {
        Says::Choice(choice) => choice == chosen,
        Says::Passes(human) => human == (choices[chosen].score + 1e-9 >= at_least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(count: usize) -> Vec<Choice> {
        let each = (0..count).map(|at| Choice {
            choice: at.to_string(),
            score: at as f64 / (count - 1) as f64,
        });
        each.collect()
    }

    #[test]
    fn labels_of_pass_and_fail_are_met_by_the_threshold() {
        let mut pairs = Vec::new();
        for (count, human, chosen) in [(35, true, 1), (5, true, 0), (6, false, 1), (14, false, 0)] {
            pairs.extend(std::iter::repeat_n((Says::Passes(human), chosen), count));
        }
        let found = compare(&pairs, &choices(2), 0.5);
        // scikit-learn: cohen_kappa_score
        assert!((found.kappa.unwrap().value - 0.582_278).abs() < 1e-6);
        assert_eq!((found.same.passed, found.same.of), (49, 60));
        assert_eq!(found.labels.sensitivity().passed, 35);
        assert_eq!(found.labels.specificity().of, 20);
        assert!(!found.is_weighted && found.table.is_none());
    }

    #[test]
    fn choices_on_a_scale_count_in_part_where_they_are_near() {
        let near = [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4)];
        let far = [(0, 4), (1, 1), (2, 2), (3, 0), (4, 4)];
        let of = |pairs: [(usize, usize); 5]| {
            let pairs = pairs.map(|(says, chosen)| (Says::Choice(says), chosen));
            compare(&pairs, &choices(5), 0.75)
        };
        let (near, far) = (of(near), of(far));
        assert_eq!(near.same, far.same);
        assert!(near.is_weighted && near.kappa.unwrap().value > far.kappa.unwrap().value);
        // From 0.75 on: choices 3 and 4.
        assert_eq!(near.labels.agreement().passed, 5);
        let none = compare(&[(Says::Choice(1), 1)], &choices(2), 0.5);
        assert_eq!(none.kappa, None, "all say one thing");
    }
}
