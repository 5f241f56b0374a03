//! The time axis of a page.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::record::groups::{Dimension, Group, Groups, Value};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Steps of one kind, without a gap.
pub(super) struct Steps {
    dimension: Dimension,
    /// The name of each, and when it begins, in seconds since 1970.
    steps: Vec<(String, i64)>,
    /// When the last of them ends.
    end: i64,
}

/// So many steps are shown at most: a clock that went astray must not make a page of a million.
const MOST_STEPS: usize = 3000;

impl Steps {
    /// Hours, days, weeks or months, as many as are readable.
    pub(super) fn of(span: Option<(Timestamp, Timestamp)>) -> Self {
        let Some((first, last)) = span else {
            return Self {
                dimension: Dimension::Day,
                steps: Vec::new(),
                end: 0,
            };
        };
        let (first, last) = (first.as_second(), last.as_second());
        let (dimension, format, length) = match (last - first) / DAY {
            0..=3 => (Dimension::Hour, "%Y-%m-%dT%H", HOUR),
            4..=200 => (Dimension::Day, "%Y-%m-%d", DAY),
            201..=1100 => (Dimension::Week, "%G-W%V", DAY),
            _ => (Dimension::Month, "%Y-%m", DAY),
        };
        let mut steps: Vec<(String, i64)> = Vec::new();
        let mut at = first.div_euclid(length) * length;
        let name_of = |at: i64| {
            let time = Timestamp::from_second(at).unwrap_or_default();
            time.to_zoned(TimeZone::UTC).strftime(format).to_string()
        };
        // The first one begins where its kind does, and not at the first call.
        let name = name_of(at);
        while name_of(at - length) == name {
            at -= length;
        }
        while at <= last && steps.len() < MOST_STEPS {
            let name = name_of(at);
            if steps.last().is_none_or(|(before, _)| *before != name) {
                steps.push((name, at));
            }
            at += length;
        }
        // The last one goes on for as long as a step of its kind does, and not until what came last. Where
        // there were too many, `at` is its end already.
        while steps.last().is_some_and(|(name, _)| *name == name_of(at)) {
            at += length;
        }
        Self {
            dimension,
            steps,
            end: at,
        }
    }

    pub(super) fn dimension(&self) -> &Dimension {
        &self.dimension
    }

    /// What a step is called: `day`.
    pub(super) fn word(&self) -> String {
        self.dimension.to_string()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.steps.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Each step with its group, if it has one.
    pub(super) fn groups<'g>(&self, groups: &'g Groups) -> Vec<Option<&'g Group>> {
        let of = |name: &str| groups.groups.get(&vec![Value::Text(name.into())]);
        self.steps.iter().map(|(name, _)| of(name)).collect()
    }

    /// Where a time stands, in steps.
    pub(super) fn place(&self, time: Timestamp) -> f64 {
        let second = time.as_second();
        let after = self.steps.partition_point(|(_, begin)| *begin <= second);
        let Some(at) = after.checked_sub(1) else {
            return 0.0;
        };
        let begin = self.steps[at].1;
        let end = self.steps.get(after).map_or(self.end, |(_, begin)| *begin);
        at as f64 + ((second - begin) as f64 / (end - begin) as f64).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(first: &str, last: &str) -> Steps {
        Steps::of(Some((first.parse().unwrap(), last.parse().unwrap())))
    }

    #[test]
    fn every_step_stands_on_the_axis_whether_anything_was_called_or_not() {
        let days = steps("2026-10-30T12:00:00Z", "2026-11-06T00:00:00Z");
        assert_eq!(days.word(), "day");
        assert_eq!(days.names().len(), 8);
        assert_eq!(
            (days.names()[0].as_str(), days.names()[7].as_str()),
            ("2026-10-30", "2026-11-06")
        );
        assert_eq!(days.place("2026-10-31T12:00:00Z".parse().unwrap()), 1.5);
        let weeks = steps("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
        assert_eq!((weeks.word().as_str(), weeks.names().len()), ("week", 53));
        assert_eq!(
            steps("2026-01-01T00:00:00Z", "2026-01-01T05:00:00Z")
                .names()
                .len(),
            6
        );
        assert_eq!(
            steps("2000-01-15T00:00:00Z", "2026-01-01T00:00:00Z").word(),
            "month"
        );
    }

    #[test]
    fn the_first_step_begins_with_its_hour_day_week_or_month() {
        for (first, at, place) in [
            // A Saturday: of its week five days are over.
            ("2026-01-10T09:00:00Z", "2026-01-08T12:00:00Z", 0.5),
            ("2026-01-10T09:00:00Z", "2026-01-12T00:00:00Z", 1.0),
            // November has 30 days.
            ("2020-11-20T09:00:00Z", "2020-11-16T00:00:00Z", 0.5),
        ] {
            let found = steps(first, "2026-11-20T00:00:00Z");
            assert_eq!(found.place(at.parse().unwrap()), place, "{first} {at}");
        }
    }

    #[test]
    fn the_last_step_ends_with_its_hour_day_week_or_month() {
        for (first, last, at, place) in [
            (
                "2026-11-01T00:00:00Z",
                "2026-11-01T05:59:00Z",
                "2026-11-01T05:30:00Z",
                5.5,
            ),
            (
                "2026-11-01T00:00:00Z",
                "2026-11-10T23:00:00Z",
                "2026-11-10T12:00:00Z",
                9.5,
            ),
            // A Monday: half of the week is over on Thursday at noon.
            (
                "2026-01-05T00:00:00Z",
                "2026-11-20T00:00:00Z",
                "2026-11-19T12:00:00Z",
                45.5,
            ),
            // November has 30 days.
            (
                "2020-11-01T00:00:00Z",
                "2026-11-20T00:00:00Z",
                "2026-11-16T00:00:00Z",
                72.5,
            ),
        ] {
            let found = steps(first, last);
            assert_eq!(found.place(at.parse().unwrap()), place, "{first} to {last}");
            assert_eq!(found.names().len(), place.ceil() as usize);
        }
    }
}
