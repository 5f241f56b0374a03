//! `--fail-on`: conditions that a job of the night watches.

use serde_json::{Value as Json, json};

use super::super::session::Session;
use super::key::{common, titled};
use super::notes::shown;
use crate::record::groups::{Bound, Condition, Dimension, Group, Groups, Judged, Value};

/// A condition on a group, and how it came out.
pub(super) struct Alert<'a> {
    condition: &'a Condition,
    by: &'a [Dimension],
    key: &'a [Value],
    judged: Judged,
    level: f64,
}

/// Judges all groups. Where there is none at all, nothing was called, which a condition may be about.
pub(super) fn judge<'a>(
    groups: &'a Groups,
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
        if groups.groups.is_empty() {
            judge(&[], &[], &Group::default());
        }
    }
    alerts
}

/// Says which fired, and which could not for want of calls.
pub(super) fn say(alerts: &[Alert<'_>], fewest: u64, session: &mut Session) {
    for alert in alerts {
        let title = match alert.key {
            [] => String::new(),
            key => format!("{}: ", titled(alert.by, key)),
        };
        let condition = &alert.condition.text;
        match alert.judged {
            Judged::Fired(_) => session
                .ui
                .status_always(format!("alert: {title}{condition}: {}", alert.words())),
            Judged::TooFew(None) => session
                .ui
                .status(format!("{title}{condition}: nothing to judge")),
            Judged::TooFew(Some(_)) => session.ui.status(format!(
                "{title}{condition}: too few: {} (--min-calls {fewest})",
                alert.words()
            )),
            Judged::Quiet(_) => {}
        }
    }
}

impl Alert<'_> {
    pub(super) fn is_fired(&self) -> bool {
        matches!(self.judged, Judged::Fired(_))
    }

    /// The figure in words.
    fn words(&self) -> String {
        let measure = &self.condition.measure;
        let (Judged::Fired(figure) | Judged::Quiet(figure) | Judged::TooFew(Some(figure))) =
            self.judged
        else {
            return String::new();
        };
        let value = shown(measure, figure.value);
        let what = if measure.is_of_outcomes() {
            "outcomes"
        } else {
            "calls"
        };
        match figure.interval {
            None if measure.is_sum() => value,
            None => format!("{value} of {} {what}", figure.n),
            Some(interval) => format!(
                "{value} ({} to {} at {} %, {} {what})",
                shown(measure, interval.low),
                shown(measure, interval.high),
                (self.level * 1e6).round() / 1e4,
                figure.n
            ),
        }
    }

    pub(super) fn shape(&self) -> Json {
        let figure = match self.judged {
            Judged::Fired(figure) | Judged::Quiet(figure) => Some(figure),
            Judged::TooFew(figure) => figure,
        };
        let interval = figure.and_then(|it| it.interval);
        json!({
            "condition": self.condition.text,
            "by": common(self.by, self.key),
            "fired": self.is_fired(),
            "too_few": matches!(self.judged, Judged::TooFew(_)),
            "beyond_doubt": self.condition.bound == Bound::Whole,
            "value": figure.map(|it| it.value),
            "low": interval.map(|it| it.low),
            "high": interval.map(|it| it.high),
            "level": self.level,
            "n": figure.map(|it| it.n),
        })
    }
}
