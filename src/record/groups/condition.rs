//! Conditions on a figure of a group, such as `success < 0.95`.

use std::str::FromStr;

use super::figures::Group;
use super::measure::{Figure, Measure};

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
        let (limit, unit) = number(rest[1 + usize::from(may_equal)..].trim()).ok_or(SHAPE)?;
        let figure = figure.trim();
        let ends = [(".low", Bound::Low), (".high", Bound::High)];
        let bound = ends.iter().find(|(end, _)| figure.ends_with(end));
        let measure = match bound {
            Some((end, _)) => figure.strip_suffix(end).unwrap_or(figure),
            None => figure,
        };
        let measure: Measure = measure.parse()?;
        if let Some((_, example)) = units(&measure).filter(|(known, _)| !known.contains(&unit)) {
            let wrong = format!("`{measure}` is not measured in `{unit}`");
            return Err(format!("{wrong}: write it as in `{example}`"));
        }
        if let Some((end, _)) = bound.filter(|_| !measure.has_interval()) {
            return Err(format!("`{measure}` has no interval: leave `{end}` out"));
        }
        let condition = Self {
            text: text.trim().to_owned(),
            measure,
            bound: bound.map_or(Bound::Whole, |(_, bound)| *bound),
            is_below: rest.starts_with('<'),
            may_equal,
            limit,
        };
        match condition.impossible() {
            Some(why) => Err(why),
            None => Ok(condition),
        }
    }
}

/// A number, as a share of a hundred, in dollars, or a time in milliseconds; and its unit.
fn number(text: &str) -> Option<(f64, &'static str)> {
    let units = [("%", 0.01), ("ms", 1.0), ("s", 1000.0), ("min", 60_000.0)];
    let (plain, sign) = match text.strip_prefix('$') {
        Some(plain) => (plain, "$"),
        None => (text, ""),
    };
    let with_unit = units.iter().find_map(|(unit, times)| {
        let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        Some((number * times, *unit))
    });
    with_unit
        .or_else(|| Some((plain.parse().ok()?, sign)))
        .filter(|(number, _)| number.is_finite())
}

/// The units of a figure, and an example; none where a prompt's own figure may be measured in anything.
fn units(measure: &Measure) -> Option<(&'static [&'static str], &'static str)> {
    match measure {
        Measure::Score | Measure::Metric(_) | Measure::Answer(_) => None,
        Measure::Latency(_) => Some((&["", "ms", "s", "min"], "2s")),
        Measure::Cost | Measure::CostPerCall | Measure::CostPerWin => Some((&["", "$"], "$5")),
        share if share.is_share() => Some((&["", "%"], "5%")),
        _ => Some((&[""], "30")),
    }
}

impl Condition {
    /// Why it holds for every share, or for none: mostly a percentage was meant.
    fn impossible(&self) -> Option<String> {
        let (least, most) = (self.holds(0.0), self.holds(1.0));
        if !self.measure.is_share() || least != most {
            return None;
        }
        let (measure, limit) = (&self.measure, self.limit);
        let often = if least { "always" } else { "never" };
        let meant = match limit {
            1.0..=100.0 if !self.text.ends_with('%') => {
                let share = (limit * 100.0).round() / 1e4;
                format!(": did you mean {share} or {limit}%?")
            }
            _ => String::new(),
        };
        let holds = format!("`{measure}` is a share from 0 to 1, so this {often} holds");
        Some(format!("{holds}{meant}"))
    }

    /// Whether it holds for a group. Below `fewest` calls or outcomes nothing is said of what has an
    /// interval.
    pub fn judge(&self, group: &Group, pointers: &[String], fewest: u64, level: f64) -> Judged {
        let judged = self.judge_sound(group, pointers, fewest, level);
        match (self.measure.impossible(group, pointers), judged) {
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
            _ if !self.measure.has_interval() => Some(figure.value),
            (Some(interval), Bound::Low) => Some(interval.low),
            (Some(interval), Bound::High) => Some(interval.high),
            (Some(interval), Bound::Whole) if self.is_below => Some(interval.high),
            (Some(interval), Bound::Whole) => Some(interval.low),
            (None, _) => None,
        };
        let is_enough = !self.measure.has_interval() || figure.n >= fewest;
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
            "cost_per_win.low < 1",
            "errors > 5",
            "errors > 1",
            "errors.high >= 100.5%",
            "success < 95",
            "success <= 1",
            "success < 0",
            "coverage >= -0.1",
            "label:wrong > 2s",
            "errors > 0.5ms",
            "p99 > 95%",
            "p99 > $2",
            "cost > 5%",
            "calls < 10%",
            "tokens > 5s",
            "cost > $5s",
        ] {
            assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
        }
        for (text, limit) in [
            ("p99 > 2s", 2000.0),
            ("p99>800 ms", 800.0),
            ("cost > $5", 5.0),
            ("win < 5 %", 0.05),
            ("success < 100%", 1.0),
            ("success < 1", 1.0),
            ("errors > 0", 0.0),
            ("interrupted >= 1", 1.0),
            ("label:wrong <= 0", 0.0),
            ("score < 5", 5.0),
            ("metric:delay > 2min", 120_000.0),
            ("cost_per_win > $0.5", 0.5),
        ] {
            assert_eq!(text.parse::<Condition>().unwrap().limit, limit, "{text}");
        }
    }
}
