//! One figure of a group, how sure it is, and conditions on it.

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
    /// The share of those with status ok that has an outcome.
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
    /// Whether it is counted or summed up, so that there is no doubt about it.
    pub fn is_sum(&self) -> bool {
        matches!(
            self,
            Self::Calls | Self::Tokens | Self::Cost | Self::CostPerWin | Self::Unpriced
        )
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
    fn needs(&self, level: f64) -> Option<u64> {
        let Self::Latency(hundredths) = self else {
            return None;
        };
        quantile_needs(f64::from(*hundredths) / 100.0, level).map(|needed| needed as u64)
    }

    /// Whether it is a share of all.
    pub fn is_share(&self) -> bool {
        matches!(
            self,
            Self::Success
                | Self::Invalid
                | Self::Errors
                | Self::Interrupted
                | Self::Fallbacks
                | Self::Coverage
                | Self::Win
                | Self::Label(_)
        )
    }

    /// How many figures of a group that it would rest on are left out, since they cannot be.
    fn left_out(&self, group: &Group, pointers: &[String]) -> u64 {
        match self {
            Self::Latency(_) => group.left_out.duration,
            Self::Tokens => group.left_out.tokens,
            Self::Cost | Self::CostPerCall | Self::CostPerWin => group.left_out.cost,
            Self::Score => group.outcomes.left_out.score,
            Self::Metric(name) => group.outcomes.left_out.of_metric(name),
            Self::Answer(pointer) => {
                let at = pointers.iter().position(|known| known == pointer);
                at.and_then(|at| group.answers.get(at))
                    .map_or(0, |answers| answers.left_out)
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

/// What of a figure a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The whole interval: beyond doubt.
    Whole,
    /// Its lower end.
    Low,
    /// Its upper end.
    High,
}

/// A condition on a figure, such as `success < 0.95`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// As it was written.
    pub text: String,
    /// The figure.
    pub measure: Measure,
    /// What of it.
    pub bound: Bound,
    is_below: bool,
    may_equal: bool,
    limit: f64,
}

/// How a condition came out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judged {
    /// It holds.
    Fired(Figure),
    /// It does not.
    Quiet(Figure),
    /// There are too few calls, or none that have such a figure.
    TooFew(Option<Figure>),
    /// There are too few calls for a quantile so sure: so many are needed.
    TooFewForLevel(u64, Figure),
    /// So many figures that it rests on cannot be, and are left out; what the others come to does not hold it.
    /// Nobody shall be quiet about that.
    Unsound(u64, Option<Figure>),
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "a condition is FIGURE < NUMBER or FIGURE > NUMBER, such as `success < 0.95`, \
            `p99 > 2s`, `success.low < 95%` or `calls < 1`";
        let at = text.find(['<', '>']).ok_or(SHAPE)?;
        let (figure, rest) = text.split_at(at);
        let may_equal = rest[1..].starts_with('=');
        let limit = number(rest[1 + usize::from(may_equal)..].trim()).ok_or(SHAPE)?;
        let figure = figure.trim();
        let ends = [(".low", Bound::Low), (".high", Bound::High)];
        let bound = ends.iter().find(|(end, _)| figure.ends_with(end));
        let measure = match bound {
            Some((end, _)) => figure.strip_suffix(end).unwrap_or(figure),
            None => figure,
        };
        let measure: Measure = measure.parse()?;
        if bound.is_some() && measure.is_sum() {
            return Err(format!("`{measure}` is counted, and has no interval"));
        }
        Ok(Self {
            text: text.trim().to_owned(),
            measure,
            bound: bound.map_or(Bound::Whole, |(_, bound)| *bound),
            is_below: rest.starts_with('<'),
            may_equal,
            limit,
        })
    }
}

/// A number, as a share of a hundred, in dollars, or a time in milliseconds.
fn number(text: &str) -> Option<f64> {
    let units = [("%", 0.01), ("ms", 1.0), ("s", 1000.0), ("min", 60_000.0)];
    let plain = text.strip_prefix('$').unwrap_or(text);
    let with_unit = units.iter().find_map(|(unit, times)| {
        let number: f64 = plain.strip_suffix(unit)?.trim().parse().ok()?;
        Some(number * times)
    });
    with_unit
        .or_else(|| plain.parse().ok())
        .filter(|number| number.is_finite())
}

impl Condition {
    /// Whether it holds for a group. Below `fewest` calls or outcomes nothing is said of what has an
    /// interval.
    pub fn judge(&self, group: &Group, pointers: &[String], fewest: u64, level: f64) -> Judged {
        let judged = self.judge_sound(group, pointers, fewest, level);
        match (self.measure.left_out(group, pointers), judged) {
            (0, _) | (_, Judged::Fired(_) | Judged::Unsound(..)) => judged,
            (number, Judged::Quiet(figure)) => Judged::Unsound(number, Some(figure)),
            (number, Judged::TooFew(figure)) => Judged::Unsound(number, figure),
            (number, Judged::TooFewForLevel(_, figure)) => Judged::Unsound(number, Some(figure)),
        }
    }

    fn judge_sound(&self, group: &Group, pointers: &[String], fewest: u64, level: f64) -> Judged {
        let Some(figure) = self.measure.of(group, pointers, level) else {
            return Judged::TooFew(None);
        };
        let looked_at = match (figure.interval, self.bound) {
            _ if self.measure.is_sum() => Some(figure.value),
            (Some(interval), Bound::Low) => Some(interval.low),
            (Some(interval), Bound::High) => Some(interval.high),
            (Some(interval), Bound::Whole) if self.is_below => Some(interval.high),
            (Some(interval), Bound::Whole) => Some(interval.low),
            (None, _) => None,
        };
        let is_enough = self.measure.is_sum() || figure.n >= fewest;
        match looked_at.filter(|_| is_enough) {
            None => match self.measure.needs(level) {
                Some(needed) if needed > fewest && figure.interval.is_none() => {
                    Judged::TooFewForLevel(needed, figure)
                }
                _ => Judged::TooFew(Some(figure)),
            },
            // What is no number, as of figures that are too large, is nothing to be quiet about.
            Some(value) if value.is_nan() || self.holds(value) => Judged::Fired(figure),
            Some(_) => Judged::Quiet(figure),
        }
    }

    fn holds(&self, value: f64) -> bool {
        match (self.is_below, self.may_equal) {
            (true, false) => value < self.limit,
            (true, true) => value <= self.limit,
            (false, false) => value > self.limit,
            (false, true) => value >= self.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(ok: u64, errors: u64) -> Group {
        Group {
            executions: ok + errors,
            ok,
            errors,
            ..Group::default()
        }
    }

    fn judge(condition: &str, group: &Group) -> Judged {
        let condition: Condition = condition.parse().unwrap();
        condition.judge(group, &[], 30, 0.999)
    }

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

    #[test]
    fn a_condition_fires_when_the_whole_interval_is_beyond() {
        // scipy: binomtest(85, 100).proportion_ci(0.999, 'wilson') is 0.699077 to 0.932535
        let doubtful = group(85, 15);
        let found = Measure::Success
            .of(&doubtful, &[], 0.999)
            .unwrap()
            .interval
            .unwrap();
        assert!(
            (found.low - 0.699_076_922).abs() < 1e-6 && (found.high - 0.932_534_891).abs() < 1e-6,
            "{found:?}"
        );
        assert!(matches!(
            judge("success < 0.95", &doubtful),
            Judged::Fired(_)
        ));
        assert!(matches!(
            judge("success < 90%", &doubtful),
            Judged::Quiet(_)
        ));
        assert!(matches!(
            judge("success.low < 0.9", &doubtful),
            Judged::Fired(_)
        ));
        assert!(matches!(
            judge("success > 0.6", &doubtful),
            Judged::Fired(_)
        ));
        assert!(matches!(
            judge("success.high>0.93", &doubtful),
            Judged::Fired(_)
        ));
        assert!(matches!(
            judge("errors >= 0.9", &doubtful),
            Judged::Quiet(_)
        ));
    }

    #[test]
    fn too_few_calls_say_nothing_but_how_many_there_are() {
        let few = group(0, 29);
        assert!(matches!(
            judge("success < 0.95", &few),
            Judged::TooFew(Some(_))
        ));
        assert!(matches!(judge("calls < 30", &few), Judged::Fired(_)));
        assert!(matches!(judge("calls < 29", &few), Judged::Quiet(_)));
        assert!(matches!(judge("calls <= 29", &few), Judged::Fired(_)));
        assert!(matches!(judge("calls < 1", &group(0, 0)), Judged::Fired(_)));
        assert!(matches!(
            judge("score < 1", &group(40, 0)),
            Judged::TooFew(None)
        ));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for wrong in [
            "",
            "success",
            "success < ",
            "success < x",
            "sucess < 1",
            "< 1",
            "calls.low < 1",
            "p99 > NaN",
        ] {
            assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
        }
        for (text, limit) in [
            ("p99 > 2s", 2000.0),
            ("p99>800 ms", 800.0),
            ("cost > $5", 5.0),
            ("win < 5 %", 0.05),
        ] {
            assert_eq!(text.parse::<Condition>().unwrap().limit, limit, "{text}");
        }
    }
}
