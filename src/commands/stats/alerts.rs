//! `--fail-on`: conditions that a job of the night watches.

use serde_json::{Value as Json, json};

use super::super::measured::figures::shown;
use super::super::measured::key::{common, titled};
use super::super::session::Session;
use crate::record::groups::{Bound, Condition, Dimension, Figure, Group, Groups, Judged, Value};

/// A condition on a group, and how it came out.
pub(super) struct Alert<'a> {
    condition: &'a Condition,
    by: &'a [Dimension],
    key: &'a [Value],
    judged: Judged,
    level: f64,
}

/// Whether a condition holds where nothing was called.
pub(super) fn fires_on_silence(condition: &Condition, fewest: u64, level: f64) -> bool {
    let judged = condition.judge(&Group::default(), &[], fewest, level);
    matches!(judged, Judged::Fired(_))
}

/// Judges all groups, and whether those that fell silent may. Where there is none at all, nothing was called, which
/// a condition may be about.
pub(super) fn judge<'a>(
    groups: &'a Groups,
    silent: &'a [Vec<Value>],
    conditions: &'a [Condition],
    fewest: u64,
    level: f64,
) -> Vec<Alert<'a>> {
    let mut alerts = Vec::new();
    for condition in conditions {
        let mut judge = |by: &'a [Dimension], key: &'a [Value], group: &Group| {
            alerts.push(Alert {
                condition,
                by,
                key,
                judged: condition.judge(group, &groups.values, fewest, level),
                level,
            });
        };
        for (key, group) in &groups.groups {
            judge(&groups.by, key, group);
        }
        let silent = match fires_on_silence(condition, fewest, level) {
            true => silent,
            false => &[],
        };
        for key in silent {
            judge(&groups.by, key, &Group::default());
        }
        if groups.groups.is_empty() && silent.is_empty() {
            judge(&[], &[], &Group::default());
        }
    }
    alerts
}

/// Says which fired, and which could not for want of calls. Of many groups that have too few, how many.
pub(super) fn say(alerts: &[Alert<'_>], fewest: u64, session: &mut Session) {
    for of_one in alerts.chunk_by(|one, other| std::ptr::eq(one.condition, other.condition)) {
        let is_few = |alert: &&Alert<'_>| matches!(alert.judged, Judged::TooFew(_));
        let needed = |alert: &Alert<'_>| match alert.judged {
            Judged::TooFewForLevel(needed, _) => Some(needed),
            _ => None,
        };
        let unsure: Vec<&Alert<'_>> = of_one.iter().filter(|it| needed(it).is_some()).collect();
        let few: Vec<&Alert<'_>> = of_one.iter().filter(is_few).collect();
        for alert in of_one.iter().filter(|alert| alert.is_fired()) {
            session
                .ui
                .status_always(format!("alert: {}", alert.sentence()));
        }
        match unsure.as_slice() {
            [] => {}
            [alert] => session.ui.status(alert.sentence()),
            [first, ..] => session.ui.status(format!(
                "{}: {} in {} of {} groups; --format json lists them",
                first.condition.text,
                first.too_few_for_level(needed(first).unwrap_or_default()),
                unsure.len(),
                of_one.len()
            )),
        }
        match few.as_slice() {
            [] => {}
            [alert] => {
                let few = match alert.judged {
                    Judged::TooFew(Some(_)) => format!(" (--min-calls {fewest})"),
                    _ => String::new(),
                };
                session.ui.status(format!("{}{few}", alert.sentence()));
            }
            [first, ..] => session.ui.status(format!(
                "{}: too few in {} of {} groups (--min-calls {fewest}); --format json lists them",
                first.condition.text,
                few.len(),
                of_one.len()
            )),
        }
    }
}

impl Alert<'_> {
    pub(super) fn is_fired(&self) -> bool {
        matches!(self.judged, Judged::Fired(_) | Judged::Unsound(..))
    }

    /// That so many calls are needed for a quantile.
    fn too_few_for_level(&self, needed: u64) -> String {
        let (measure, level) = (&self.condition.measure, self.level_shown());
        format!("too few for {measure} at {level} %, which needs {needed} calls (--level)")
    }

    /// How sure it is, in percent.
    fn level_shown(&self) -> f64 {
        (self.level * 1e6).round() / 1e4
    }

    /// What is said of it.
    fn sentence(&self) -> String {
        let title = match self.key {
            [] => String::new(),
            key => format!("{}: ", titled(self.by, key)),
        };
        let (condition, words) = (&self.condition.text, self.words());
        match self.judged {
            Judged::Fired(_) | Judged::Quiet(_) => format!("{title}{condition}: {words}"),
            Judged::TooFew(None) => format!("{title}{condition}: nothing to judge"),
            Judged::TooFew(Some(_)) => format!("{title}{condition}: too few: {words}"),
            Judged::TooFewForLevel(needed, _) => {
                let few = self.too_few_for_level(needed);
                format!("{title}{condition}: {few}: {words}")
            }
            Judged::Unsound(number, figure) => {
                let figures = match number {
                    1 => "1 figure that no call has is left out".to_owned(),
                    more => format!("{more} figures that no call has are left out"),
                };
                let others = match figure {
                    None => "there is no other",
                    Some(_) => "the others come to ",
                };
                format!("{title}{condition}: {figures}, and {others}{words}")
            }
        }
    }

    /// The figure, where there is one.
    fn figure(&self) -> Option<Figure> {
        match self.judged {
            Judged::Fired(figure) | Judged::Quiet(figure) | Judged::TooFewForLevel(_, figure) => {
                Some(figure)
            }
            Judged::TooFew(figure) | Judged::Unsound(_, figure) => figure,
        }
    }

    /// The figure in words.
    fn words(&self) -> String {
        let measure = &self.condition.measure;
        let Some(figure) = self.figure() else {
            return String::new();
        };
        let value = shown(measure, figure.value);
        let what = if measure.is_of_outcomes() {
            "outcomes"
        } else {
            "calls"
        };
        match figure.interval {
            None if !measure.has_interval() => value,
            None => format!("{value} of {} {what}", figure.n),
            Some(interval) => format!(
                "{value} ({} to {} at {} %, {} {what})",
                shown(measure, interval.low),
                shown(measure, interval.high),
                self.level_shown(),
                figure.n
            ),
        }
    }

    pub(super) fn shape(&self) -> Json {
        let figure = self.figure();
        let interval = figure.and_then(|it| it.interval);
        json!({
            "condition": self.condition.text,
            "by": common(self.by, self.key),
            "fired": self.is_fired(),
            "too_few": match self.judged {
                Judged::TooFew(_) => Some("calls"),
                Judged::TooFewForLevel(..) => Some("level"),
                _ => None,
            },
            "needed": match self.judged {
                Judged::TooFewForLevel(needed, _) => Some(needed),
                _ => None,
            },
            "unsound": match self.judged {
                Judged::Unsound(number, _) => number,
                _ => 0,
            },
            "beyond_doubt": self.condition.bound == Bound::Whole,
            "value": figure.map(|it| it.value),
            "low": interval.map(|it| it.low),
            "high": interval.map(|it| it.high),
            "level": self.level,
            "n": figure.map(|it| it.n),
        })
    }
}
