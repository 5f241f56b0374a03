//! What is compared of two sides.

use std::fmt;
use std::str::FromStr;

use super::calls::Call;
use crate::record::entry::Status;

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weighed {
    /// The share of those that ended and have an answer as it should be.
    Success,
    /// The mean score.
    Score,
    /// Of those with a label, the share that is won.
    Win,
    /// The mean of a metric.
    Metric(String),
    /// How long a call takes, in milliseconds.
    Latency,
    /// The tokens of a call, read and written.
    Tokens,
    /// What a call costs.
    Cost,
}

/// Those that have a word of their own.
const WORDS: [(&str, Weighed); 6] = [
    ("success", Weighed::Success),
    ("score", Weighed::Score),
    ("win", Weighed::Win),
    ("latency", Weighed::Latency),
    ("tokens", Weighed::Tokens),
    ("cost_per_call", Weighed::Cost),
];

impl fmt::Display for Weighed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Metric(name) = self {
            return write!(f, "metric:{name}");
        }
        let word = WORDS.iter().find(|(_, what)| what == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

impl FromStr for Weighed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((_, what)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(what.clone());
        }
        match text.strip_prefix("metric:") {
            Some(name) if !name.is_empty() => Ok(Self::Metric(name.to_owned())),
            _ => {
                let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
                Err(format!("compared are {} and metric:NAME", words.join(", ")))
            }
        }
    }
}

impl Weighed {
    /// Whether it is a share of all.
    pub fn is_rate(&self) -> bool {
        matches!(self, Self::Success | Self::Win)
    }

    /// Whether it rests on what became of the executions.
    pub fn is_of_outcomes(&self) -> bool {
        matches!(self, Self::Score | Self::Win | Self::Metric(_))
    }

    /// Whether less of it is better, by itself.
    pub fn is_lower_better(&self) -> bool {
        matches!(self, Self::Latency | Self::Tokens | Self::Cost)
    }

    /// Whether it decides where nobody says what does.
    pub(super) fn is_quality(&self) -> bool {
        matches!(self, Self::Success | Self::Score | Self::Win)
    }

    /// What a call has of it.
    pub(super) fn of(&self, call: &Call, win: &str) -> Option<f64> {
        let yes = |is_so: bool| if is_so { 1.0 } else { 0.0 };
        match self {
            Self::Success => {
                (call.status != Status::Interrupted).then(|| yes(call.status == Status::Ok))
            }
            Self::Score => call.ending.as_ref()?.score,
            Self::Win => Some(yes(&**call.ending.as_ref()?.label.as_ref()? == win)),
            Self::Metric(name) => {
                let metrics = &call.ending.as_ref()?.metrics;
                let found = metrics.iter().find(|(known, _)| **known == **name);
                found.map(|(_, figure)| *figure)
            }
            Self::Latency => call.duration,
            Self::Tokens => call.tokens,
            Self::Cost => call.cost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one after this; a new one must be named here to compile, and then have a word.
    fn next(what: &Weighed) -> Option<Weighed> {
        Some(match what {
            Weighed::Success => Weighed::Score,
            Weighed::Score => Weighed::Win,
            Weighed::Win => Weighed::Metric("r".to_owned()),
            Weighed::Metric(_) => Weighed::Latency,
            Weighed::Latency => Weighed::Tokens,
            Weighed::Tokens => Weighed::Cost,
            Weighed::Cost => return None,
        })
    }

    #[test]
    fn nothing_that_is_compared_lacks_a_word() {
        for what in std::iter::successors(Some(Weighed::Success), next) {
            assert_eq!(what.to_string().parse(), Ok(what));
        }
    }
}
