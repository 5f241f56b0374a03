//! Figures of a comparison as people read them.

use jiff::Timestamp;

use super::super::common::count;
use super::super::measured::figures::significant;
use crate::output::calls::dollars;
use crate::record::compare::Weighed;

pub(super) fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A time that passes, in milliseconds, as people say it.
pub(super) fn long(delay: f64) -> String {
    let units = [
        ("day", 86_400_000.0),
        ("hour", 3_600_000.0),
        ("minute", 60_000.0),
    ];
    let unit = units.iter().find(|(_, length)| delay >= *length);
    let (name, length) = unit.unwrap_or(&("second", 1000.0));
    count((delay / length).ceil() as usize, name)
}

pub(super) fn calls(number: u64) -> String {
    count(number as usize, "call")
}

/// A figure as people read it.
pub(super) fn amount(what: &Weighed, value: f64) -> String {
    match what {
        _ if !value.is_finite() => "-".to_owned(),
        _ if what.is_rate() => format!("{:.1} %", value * 100.0),
        Weighed::Latency => format!("{value:.0} ms"),
        Weighed::Cost => dollars(value),
        _ => significant(value),
    }
}

/// A difference as people read it.
pub(super) fn apart(what: &Weighed, value: f64) -> String {
    match what {
        _ if what.is_rate() => format!("{} points", significant_of(value * 100.0)),
        _ => amount(what, value),
    }
}

/// A number with one digit behind the point, and more where it is small.
pub(super) fn significant_of(value: f64) -> String {
    let text = match value.abs() < 0.1 && value != 0.0 {
        true => format!("{value:.2}"),
        false => format!("{value:.1}"),
    };
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A p as people read it.
pub(super) fn chance(p: f64) -> String {
    match p {
        _ if p < 0.0001 => "below 0.0001".to_owned(),
        _ if p < 0.01 => format!("{p:.4}"),
        _ => format!("{p:.2}"),
    }
}
