//! What executions of a group have in common.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::record::brief::{Brief, Text};

/// What executions are put into groups by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// The name of the prompt.
    Prompt,
    /// The number of its version.
    Version,
    /// The release that was live when the call was made.
    Release,
    /// The environment that the version was taken from.
    Environment,
    /// The model that answered.
    Model,
    Variant,
    /// Who rendered the prompt.
    Source,
    /// The case of a dataset.
    Case,
    /// How the execution ended.
    Status,
    Day,
    /// The week, by ISO 8601.
    Week,
    Month,
    /// The hour of a day.
    Hour,
    /// The value of a label.
    Label(String),
}

impl Dimension {
    /// The names that stand alone; beside them there is `label:KEY`.
    pub const NAMES: [&str; 13] = [
        "prompt",
        "version",
        "release",
        "environment",
        "model",
        "variant",
        "source",
        "case",
        "status",
        "day",
        "week",
        "month",
        "hour",
    ];

    const PLAIN: [Self; 13] = [
        Self::Prompt,
        Self::Version,
        Self::Release,
        Self::Environment,
        Self::Model,
        Self::Variant,
        Self::Source,
        Self::Case,
        Self::Status,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Hour,
    ];

    /// Whether it goes by the clock on the wall.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month | Self::Hour)
    }
}

impl FromStr for Dimension {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(key) = text.strip_prefix("label:").filter(|key| !key.is_empty()) {
            return Ok(Self::Label(key.to_owned()));
        }
        let at = Self::NAMES.iter().position(|name| *name == text);
        let found = at.and_then(|at| Self::PLAIN.get(at).cloned());
        found.ok_or_else(|| format!("groups go by {} or label:KEY", Self::NAMES.join(", ")))
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Label(key) = self {
            return write!(f, "label:{key}");
        }
        let at = Self::PLAIN.iter().position(|plain| plain == self);
        f.write_str(at.map_or("", |at| Self::NAMES[at]))
    }
}

/// What one group has in common. Numbers go by their size, and what is not known comes last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Value {
    /// A number, such as that of a version.
    Number(u64),
    /// A name.
    Text(Box<str>),
    /// The release of an environment.
    Release(Box<str>, u64),
    /// The record does not say.
    Missing,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Release(environment, number) => write!(f, "{environment}/{number}"),
            Self::Missing => f.write_str("-"),
        }
    }
}

/// When releases took effect, rising, with their numbers: by prompt and environment.
pub type Releases = BTreeMap<(String, String), Vec<(Timestamp, u64)>>;

/// The same value before it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given<'l> {
    Number(u64),
    Text(&'l str),
    Release(&'l str, u64),
    Missing,
}

impl Given<'_> {
    pub(super) fn kept(self) -> Value {
        match self {
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => Value::Text(text.into()),
            Self::Release(environment, number) => Value::Release(environment.into(), number),
            Self::Missing => Value::Missing,
        }
    }

    pub(super) fn is(self, kept: &Value) -> bool {
        match (self, kept) {
            (Self::Number(one), Value::Number(other)) => one == *other,
            (Self::Text(one), Value::Text(other)) => one == &**other,
            (Self::Release(one, number), Value::Release(other, same)) => {
                one == &**other && number == *same
            }
            (Self::Missing, Value::Missing) => true,
            _ => false,
        }
    }
}

/// What a record has of a dimension; `None` for a time, which [`Clock`] knows.
pub(super) fn given<'l>(
    dimension: &Dimension,
    record: &Brief<'l>,
    releases: &Releases,
) -> Option<Given<'l>> {
    let text = |text: Option<&'l str>| text.map_or(Given::Missing, Given::Text);
    Some(match dimension {
        Dimension::Prompt => Given::Text(record.prompt.as_str()),
        Dimension::Version => record
            .version
            .map_or(Given::Missing, |it| Given::Number(it.into())),
        Dimension::Release => release(record, releases).unwrap_or(Given::Missing),
        Dimension::Environment => text(record.environment.map(Text::as_str)),
        Dimension::Model => text(record.model.map(Text::as_str)),
        Dimension::Variant => text(record.variant.map(Text::as_str)),
        Dimension::Source => Given::Text(record.source.as_str()),
        Dimension::Case => text(record.case.map(Text::as_str)),
        Dimension::Status => Given::Text(record.status.as_str()),
        Dimension::Label(key) => text(record.label(key)),
        Dimension::Day | Dimension::Week | Dimension::Month | Dimension::Hour => return None,
    })
}

fn release<'l>(record: &Brief<'l>, releases: &Releases) -> Option<Given<'l>> {
    let environment = record.environment?.as_str();
    let row = releases.get(&(record.prompt.as_str().to_owned(), environment.to_owned()))?;
    let after = row.partition_point(|(from, _)| *from <= record.time);
    let (_, number) = row.get(after.checked_sub(1)?)?;
    Some(Given::Release(environment, *number))
}

/// Times as the clock on the wall shows them. Records come nearly in the order of their times, so that
/// what was found for the last one mostly holds for the next.
pub(super) struct Clock {
    zone: TimeZone,
    dimension: Dimension,
    quarter: i64,
    text: String,
}

/// No zone changes its clock but at a quarter of an hour.
const QUARTER: i64 = 15 * 60;

impl Clock {
    pub(super) fn new(dimension: &Dimension, zone: &TimeZone) -> Self {
        Self {
            zone: zone.clone(),
            dimension: dimension.clone(),
            quarter: i64::MIN,
            text: String::new(),
        }
    }

    pub(super) fn text(&mut self, time: Timestamp) -> &str {
        let quarter = time.as_second().div_euclid(QUARTER);
        if quarter != self.quarter {
            self.quarter = quarter;
            let here = time.to_zoned(self.zone.clone());
            let format = match self.dimension {
                Dimension::Week => "%G-W%V",
                Dimension::Month => "%Y-%m",
                Dimension::Hour => "%Y-%m-%dT%H",
                _ => "%Y-%m-%d",
            };
            self.text = here.strftime(format).to_string();
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_read_as_it_is_written() {
        let label = Dimension::Label("user".to_owned());
        for dimension in Dimension::PLAIN.into_iter().chain([label]) {
            assert_eq!(dimension.to_string().parse(), Ok(dimension));
        }
        for wrong in ["", "prompts", "label", "label:"] {
            assert!(wrong.parse::<Dimension>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_that_of_the_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let text = |dimension: Dimension, time: &str| {
            Clock::new(&dimension, &zone)
                .text(time.parse().unwrap())
                .to_owned()
        };
        assert_eq!(text(Dimension::Day, "2026-12-31T23:30:00Z"), "2027-01-01");
        assert_eq!(text(Dimension::Week, "2026-12-31T23:30:00Z"), "2026-W53");
        assert_eq!(text(Dimension::Month, "2026-12-31T22:30:00Z"), "2026-12");
        assert_eq!(
            text(Dimension::Hour, "2026-07-01T22:30:00Z"),
            "2026-07-02T00"
        );
    }

    #[test]
    fn versions_go_by_their_number_and_what_is_missing_comes_last() {
        let mut values = [Value::Missing, Value::Number(10), Value::Number(9)];
        values.sort();
        assert_eq!(values.map(|it| it.to_string()), ["9", "10", "-"]);
    }
}
