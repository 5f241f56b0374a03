//! Helpers for dates. There is no clock: the moment is always given.

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use super::{Args, describe, wrong};

/// The longest format, in bytes: `%255d` is short and makes much.
const MAX_PATTERN: usize = 1_000;

pub(super) fn date(args: &Args<'_, '_>) -> Result<Value, String> {
    format(args, "%Y-%m-%d")
}

pub(super) fn datetime(args: &Args<'_, '_>) -> Result<Value, String> {
    format(args, "%Y-%m-%d %H:%M:%S %Z")
}

fn format(args: &Args<'_, '_>, default: &str) -> Result<Value, String> {
    let pattern = match args.option_or_second("format") {
        None => default,
        Some(value) => value
            .as_str()
            .ok_or_else(|| wrong("format", "a text such as \"%Y-%m-%d\"", value))?,
    };
    if pattern.len() > MAX_PATTERN {
        return Err(format!("wants a format of at most {MAX_PATTERN} bytes"));
    }
    args.budget.take_value(args.value(0))?;
    let zone = zone(args.text("tz", "UTC")?)?;
    let value = args.value(0);
    let moment = moment(value, &zone).ok_or_else(|| {
        format!(
            "wants a date such as 2026-11-20, a moment such as 2026-11-20T12:00:00Z or seconds since 1970, and {} was given",
            describe(value)
        )
    })?;
    jiff::fmt::strtime::format(pattern, &moment)
        .map(Value::String)
        .map_err(|error| format!("cannot use the format \"{pattern}\": {error}"))
}

/// The zone of this name. The names come with the program, so that every machine knows the same.
fn zone(name: &str) -> Result<TimeZone, String> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZoneDatabase::bundled()
        .get(name)
        .map_err(|_| format!("knows no time zone \"{name}\"; a name is like \"Europe/Berlin\""))
}

/// The moment that a value names; a time without an offset is one in `zone`.
fn moment(value: &Value, zone: &TimeZone) -> Option<Zoned> {
    match value {
        Value::Number(number) => {
            let timestamp = match number.as_i64() {
                Some(seconds) => Timestamp::from_second(seconds).ok()?,
                None => {
                    let span = jiff::SignedDuration::try_from_secs_f64(number.as_f64()?).ok()?;
                    Timestamp::from_duration(span).ok()?
                }
            };
            Some(timestamp.to_zoned(zone.clone()))
        }
        Value::String(text) => {
            let text = text.trim();
            // Eight digits are a date without dashes; other digits are seconds.
            let is_seconds = text.len() != 8
                && text
                    .strip_prefix('-')
                    .unwrap_or(text)
                    .bytes()
                    .all(|byte| byte.is_ascii_digit());
            if is_seconds {
                let seconds = text.parse().ok()?;
                return Some(Timestamp::from_second(seconds).ok()?.to_zoned(zone.clone()));
            }
            if let Ok(timestamp) = text.parse::<Timestamp>() {
                return Some(timestamp.to_zoned(zone.clone()));
            }
            let civil = text
                .parse::<DateTime>()
                .or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)))
                .ok()?;
            civil.to_zoned(zone.clone()).ok()
        }
        _ => None,
    }
}
