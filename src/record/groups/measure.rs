//! One figure of a group, and how sure it is.

use std::fmt;
use std::str::FromStr;

use super::figures::Group;
use crate::statistics::{Count, Interval, Moments, quantile_needs, wilson};

/// Which figures are the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Best {
    /// The highest, as of a score.
    Highest,
    /// The lowest, as of a time or an error.
    Lowest,
}

/// A figure of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// How many executions.
    Calls,
    /// The share of those that ended and have an answer as it should be.
    Success,
    /// The share whose answer does not fit its schema.
    Invalid,
    /// The share that ended with an error.
    Errors,
    /// The share of all that somebody stopped: of them nothing is known.
    Interrupted,
    /// The share that the version here answered because the stored prompt is gone.
    Fallbacks,
    /// A quantile of the time they took, in hundredths: 50, 90 or 99.
    Latency(u8),
    /// Tokens read and written.
    Tokens,
    /// What they cost.
    Cost,
    /// What each cost.
    CostPerCall,
    /// What a won one cost.
    CostPerWin,
    /// Those whose price is not known.
    Unpriced,
    /// The share of those with status ok that has an outcome: of one that failed none is waited for, since nobody
    /// acted on its answer.
    Coverage,
    /// The mean score.
    Score,
    /// Of those with a label, the share that is won.
    Win,
    /// Of those with a label, the share with this one.
    Label(String),
    /// The mean of a metric.
    Metric(String),
    /// The mean of a field of the answers, by its JSON pointer.
    Answer(String),
}

/// The words for measures, and what stands for which.
const WORDS: [(&str, Measure); 17] = [
    ("calls", Measure::Calls),
    ("success", Measure::Success),
    ("invalid", Measure::Invalid),
    ("errors", Measure::Errors),
    ("interrupted", Measure::Interrupted),
    ("fallbacks", Measure::Fallbacks),
    ("p50", Measure::Latency(50)),
    ("p90", Measure::Latency(90)),
    ("p99", Measure::Latency(99)),
    ("tokens", Measure::Tokens),
    ("cost", Measure::Cost),
    ("cost_per_call", Measure::CostPerCall),
    ("cost_per_win", Measure::CostPerWin),
    ("unpriced", Measure::Unpriced),
    ("coverage", Measure::Coverage),
    ("score", Measure::Score),
    ("win", Measure::Win),
];

impl FromStr for Measure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((_, measure)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(measure.clone());
        }
        match text.split_once(':') {
            Some(("label", name)) if !name.is_empty() => Ok(Self::Label(name.to_owned())),
            Some(("metric", name)) if !name.is_empty() => Ok(Self::Metric(name.to_owned())),
            _ if text.starts_with('/') => Ok(Self::Answer(text.to_owned())),
            _ => {
                let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
                Err(format!(
                    "the figures are {}, label:NAME, metric:NAME, and /POINTER into the answers",
                    words.join(", ")
                ))
            }
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(name) => write!(f, "label:{name}"),
            Self::Metric(name) => write!(f, "metric:{name}"),
            Self::Answer(pointer) => f.write_str(pointer),
            plain => {
                let word = WORDS.iter().find(|(_, measure)| measure == plain);
                f.write_str(word.map_or("", |(word, _)| word))
            }
        }
    }
}

/// A figure and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Where the true one lies; none for what was counted, and where there is too little for it.
    pub interval: Option<Interval>,
    /// How many calls or outcomes it rests on.
    pub n: u64,
}

impl Figure {
    fn share(passed: u64, of: u64, level: f64) -> Option<Self> {
        let count = Count { passed, of };
        let interval = wilson(count, level)?;
        Some(Self {
            value: count.share(),
            interval: Some(interval),
            n: of,
        })
    }

    fn mean(moments: &Moments, level: f64) -> Option<Self> {
        Some(Self {
            value: moments.mean()?,
            interval: moments.interval(level),
            n: moments.n(),
        })
    }
}

impl Measure {
    /// Whether it is an estimate with an interval: what is counted or summed up has none, nor has the one ratio of
    /// two sums.
    pub fn has_interval(&self) -> bool {
        match self {
            Self::Calls | Self::Tokens | Self::Cost | Self::CostPerWin | Self::Unpriced => false,
            Self::Success
            | Self::Invalid
            | Self::Errors
            | Self::Interrupted
            | Self::Fallbacks
            | Self::Latency(_)
            | Self::CostPerCall
            | Self::Coverage
            | Self::Score
            | Self::Win
            | Self::Label(_)
            | Self::Metric(_)
            | Self::Answer(_) => true,
        }
    }

    /// Whether it rests on what became of the executions.
    pub fn is_of_outcomes(&self) -> bool {
        matches!(
            self,
            Self::Score | Self::Win | Self::Label(_) | Self::Metric(_) | Self::CostPerWin
        )
    }

    /// Which figures are the best, whatever the prompt does.
    pub fn best(&self) -> Best {
        match self {
            Self::Errors
            | Self::Invalid
            | Self::Interrupted
            | Self::Fallbacks
            | Self::Latency(_)
            | Self::CostPerCall
            | Self::Tokens
            | Self::Cost
            | Self::CostPerWin
            | Self::Unpriced => Best::Lowest,
            _ => Best::Highest,
        }
    }

    /// How many calls its interval needs at this level, where that is more than a few.
    pub(super) fn needs(&self, level: f64) -> Option<u64> {
        let Self::Latency(hundredths) = self else {
            return None;
        };
        quantile_needs(f64::from(*hundredths) / 100.0, level).map(|needed| needed as u64)
    }

    /// Whether it is a share of all, from 0 to 1.
    pub fn is_share(&self) -> bool {
        match self {
            Self::Success
            | Self::Invalid
            | Self::Errors
            | Self::Interrupted
            | Self::Fallbacks
            | Self::Coverage
            | Self::Win
            | Self::Label(_) => true,
            Self::Calls
            | Self::Latency(_)
            | Self::Tokens
            | Self::Cost
            | Self::CostPerCall
            | Self::CostPerWin
            | Self::Unpriced
            | Self::Score
            | Self::Metric(_)
            | Self::Answer(_) => false,
        }
    }

    /// How many figures of a group that it would rest on are left out, since they cannot be.
    pub(super) fn impossible(&self, group: &Group, pointers: &[String]) -> u64 {
        match self {
            Self::Latency(_) => group.impossible.duration,
            Self::Tokens => group.impossible.tokens,
            Self::Cost | Self::CostPerCall | Self::CostPerWin => group.impossible.cost,
            Self::Score => group.outcomes.too_far.score,
            Self::Metric(name) => group.outcomes.too_far.of_metric(name),
            Self::Answer(pointer) => {
                let at = pointers.iter().position(|known| known == pointer);
                at.and_then(|at| group.answers.get(at))
                    .map_or(0, |answers| answers.too_far)
            }
            _ => 0,
        }
    }

    /// The figure of a group, whose answers were looked at by these pointers; none where the group has
    /// nothing that it could be made of.
    pub fn of(&self, group: &Group, pointers: &[String], level: f64) -> Option<Figure> {
        let all = group.executions;
        let share = |passed: u64| Figure::share(passed, group.ended(), level);
        let sum = |value: f64| {
            Some(Figure {
                value,
                interval: None,
                n: all,
            })
        };
        let outcomes = &group.outcomes;
        match self {
            Self::Calls => sum(all as f64),
            Self::Success => share(group.ok),
            Self::Invalid => share(group.invalid),
            Self::Errors => share(group.errors),
            Self::Interrupted => Figure::share(group.interrupted, all, level),
            Self::Fallbacks => Figure::share(group.fallbacks, all, level),
            Self::Latency(hundredths) => {
                let q = f64::from(*hundredths) / 100.0;
                let [value] = group.latency.figures([q])?;
                Some(Figure {
                    value,
                    interval: group.latency.interval(q, level),
                    n: group.latency.n(),
                })
            }
            Self::Tokens => {
                let (input, output) = (group.tokens.input, group.tokens.output);
                (input.is_some() || output.is_some())
                    .then(|| input.unwrap_or(0).saturating_add(output.unwrap_or(0)))
                    .and_then(|tokens| sum(tokens as f64))
            }
            Self::Cost => sum(group.cost.sum()?),
            Self::CostPerCall => Figure::mean(&group.cost, level),
            Self::CostPerWin => Some(Figure {
                value: group.cost_per_win()?,
                interval: None,
                n: outcomes.won_priced,
            }),
            Self::Unpriced => sum(group.unpriced as f64),
            Self::Coverage => Figure::share(outcomes.of_ok, group.ok, level),
            Self::Score => Figure::mean(&outcomes.score, level),
            Self::Win => Figure::share(outcomes.won, outcomes.labelled, level),
            Self::Label(name) => {
                let count = outcomes.labels.get(name).copied().unwrap_or(0);
                Figure::share(count, outcomes.labelled, level)
            }
            Self::Metric(name) => Figure::mean(outcomes.metrics.get(name)?, level),
            Self::Answer(pointer) => {
                let at = pointers.iter().position(|known| known == pointer)?;
                Figure::mean(&group.answers.get(at)?.numbers, level)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The measure after this one; a new one must be named here to compile, and then have a word.
    fn next(measure: &Measure) -> Option<Measure> {
        Some(match measure {
            Measure::Calls => Measure::Success,
            Measure::Success => Measure::Invalid,
            Measure::Invalid => Measure::Errors,
            Measure::Errors => Measure::Interrupted,
            Measure::Interrupted => Measure::Fallbacks,
            Measure::Fallbacks => Measure::Latency(50),
            Measure::Latency(50) => Measure::Latency(90),
            Measure::Latency(90) => Measure::Latency(99),
            Measure::Latency(_) => Measure::Tokens,
            Measure::Tokens => Measure::Cost,
            Measure::Cost => Measure::CostPerCall,
            Measure::CostPerCall => Measure::CostPerWin,
            Measure::CostPerWin => Measure::Unpriced,
            Measure::Unpriced => Measure::Coverage,
            Measure::Coverage => Measure::Score,
            Measure::Score => Measure::Win,
            Measure::Win => Measure::Label("a b".to_owned()),
            Measure::Label(_) => Measure::Metric("r.low".to_owned()),
            Measure::Metric(_) => Measure::Answer("/a/b".to_owned()),
            Measure::Answer(_) => return None,
        })
    }

    #[test]
    fn no_measure_lacks_a_word() {
        let all = std::iter::successors(Some(Measure::Calls), next);
        for measure in all {
            assert_eq!(measure.to_string().parse(), Ok(measure));
        }
    }

    #[test]
    fn what_has_an_interval_says_so() {
        let mut group = Group {
            executions: 40,
            ok: 38,
            errors: 2,
            ..Group::default()
        };
        for _ in 0..40 {
            group.cost.push(0.01);
        }
        group.outcomes.labelled = 40;
        group.outcomes.won = 30;
        group.outcomes.won_priced = 30;
        for measure in std::iter::successors(Some(Measure::Calls), next) {
            if let Some(figure) = measure.of(&group, &[], 0.95) {
                assert_eq!(
                    figure.interval.is_some(),
                    measure.has_interval(),
                    "{measure}"
                );
            }
        }
    }

    #[test]
    fn every_word_stands_in_the_topic_of_statistics() {
        let topic = include_str!("../../help/statistics.md");
        let rows: Vec<&str> = topic
            .lines()
            .filter(|line| line.starts_with("| "))
            .collect();
        for (word, _) in WORDS {
            let has_it = |row: &&str| row.contains(&format!("`{word}`"));
            assert!(rows.iter().any(has_it), "{word}");
        }
    }

    #[test]
    fn each_word_is_read_as_it_is_written() {
        for (word, measure) in WORDS {
            assert_eq!(word.parse(), Ok(measure.clone()));
            assert_eq!(measure.to_string(), word);
        }
        for word in ["label:a b", "metric:r.low", "/a/b"] {
            assert_eq!(word.parse::<Measure>().unwrap().to_string(), word);
        }
        assert!("succes".parse::<Measure>().is_err());
    }
}
