//! Times as people type them: `2026-11-20 22:00`, a date, `yesterday`, `22:00`, `2h`, `3 days ago`.

use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};

/// A time that somebody typed. What it means depends on now, and for a whole day on whether its
/// beginning or its end is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    /// This very time.
    At(Timestamp),
    /// A day of the calendar.
    Day(Date),
    /// So many days before today.
    DaysBack(i32),
    /// The last time that a clock showed this.
    Clock(Time),
    /// So long before now.
    Ago(Span),
}

/// What may be written, for the help and for errors.
const WRITE: &str = "write a time such as 2026-11-20T22:00:00Z or \"2026-11-20 22:00\", a date such as \
2026-11-20, 22:00, today, yesterday, or how long ago, such as 2h or 3d";

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match text {
            "now" => return Ok(Self::Ago(Span::new())),
            "today" => return Ok(Self::DaysBack(0)),
            "yesterday" => return Ok(Self::DaysBack(1)),
            _ => {}
        }
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::At(time));
        }
        // What stands without a zone is meant as the clock on the wall shows it.
        if text.len() == 10
            && let Ok(day) = text.parse::<Date>()
        {
            return Ok(Self::Day(day));
        }
        if text.len() > 10
            && let Ok(local) = text.parse::<DateTime>()
        {
            let zoned = local.to_zoned(TimeZone::system());
            return zoned.map(|it| Self::At(it.timestamp())).map_err(|_| WRITE);
        }
        if text.contains(':')
            && let Ok(time) = text.parse::<Time>()
        {
            return Ok(Self::Clock(time));
        }
        // Neither `-2h`, which lies ahead, nor `P3D`, which nobody types.
        if text.starts_with(|first: char| first.is_ascii_digit())
            && let Ok(span) = text.parse::<Span>()
        {
            return Ok(Self::Ago(span.abs()));
        }
        Err(WRITE)
    }
}

impl Moment {
    /// The time that is meant; of a day its beginning.
    pub(super) fn begin(self, now: Timestamp) -> Timestamp {
        self.time(now, Time::midnight())
    }

    /// The time that is meant; of a day its end.
    pub(super) fn end(self, now: Timestamp) -> Timestamp {
        self.time(now, Time::MAX)
    }

    fn time(self, now: Timestamp, of_day: Time) -> Timestamp {
        let zone = TimeZone::system();
        let here = now.to_zoned(zone.clone());
        let on = |day: Date, time: Time| {
            let zoned = day.to_datetime(time).to_zoned(zone.clone());
            // Only the last day that there is has no end.
            zoned.map_or(Timestamp::MAX, |it| it.timestamp())
        };
        match self {
            Self::At(time) => time,
            Self::Day(day) => on(day, of_day),
            Self::DaysBack(days) => on(here.date().saturating_sub(days.days()), of_day),
            Self::Clock(time) => {
                let today = on(here.date(), time);
                match today > now {
                    true => on(here.date().saturating_sub(1.day()), time),
                    false => today,
                }
            }
            Self::Ago(span) => here.saturating_sub(span).timestamp(),
        }
    }
}

/// A time as a clock on the wall shows it, with its zone: `2026-11-20 22:00 CET`.
pub(super) fn clock(time: Timestamp) -> String {
    let here: Zoned = time.to_zoned(TimeZone::system());
    here.strftime("%Y-%m-%d %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-20T12:30:00Z";

    fn read(text: &str) -> Option<Moment> {
        text.parse().ok()
    }

    #[test]
    fn each_way_to_say_a_time_means_the_same_time() {
        let now: Timestamp = NOW.parse().unwrap();
        for (text, before) in [
            ("now", 0),
            ("2h", 2 * 3600),
            ("2h ago", 2 * 3600),
            ("2 hours ago", 2 * 3600),
            ("1h30m", 5400),
            ("45 min", 2700),
            ("2026-11-20T10:30:00Z", 2 * 3600),
            ("2026-11-20T11:30:00+01:00", 2 * 3600),
        ] {
            let moment = read(text).expect(text);
            let want = now - jiff::SignedDuration::from_secs(before);
            assert_eq!((moment.begin(now), moment.end(now)), (want, want), "{text}");
        }
    }

    #[test]
    fn of_a_day_the_beginning_or_the_end_is_meant() {
        let now: Timestamp = NOW.parse().unwrap();
        let here = now.to_zoned(TimeZone::system());
        for (text, days) in [("today", 0), ("yesterday", 1)] {
            let day = here.date().saturating_sub(days.days());
            let dated = read(&day.to_string()).unwrap();
            let moment = read(text).unwrap();
            assert_eq!(moment.begin(now), dated.begin(now), "{text}");
            assert_eq!(moment.end(now), dated.end(now), "{text}");
            assert!(moment.begin(now) < moment.end(now), "{text}");
        }
        let local = read("2026-11-19 00:00").unwrap();
        assert_eq!(local.begin(now), read("2026-11-19").unwrap().begin(now));
        assert_eq!(local.end(now), local.begin(now));
    }

    #[test]
    fn a_clock_time_is_the_last_one_and_never_ahead() {
        let now: Timestamp = NOW.parse().unwrap();
        for hour in 0..24 {
            let time = read(&format!("{hour:02}:15")).unwrap().begin(now);
            assert!(time <= now, "{hour}");
            assert!(now.duration_since(time).as_hours() <= 25, "{hour}");
        }
    }

    #[test]
    fn a_time_long_ago_is_the_beginning_of_all_and_no_error() {
        let now: Timestamp = NOW.parse().unwrap();
        assert!(read("19000 years").unwrap().begin(now) < "0000-01-01T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in [
            "",
            "-2h",
            "P3D",
            "2",
            "2x",
            "last week",
            "tomorrow",
            "2026-13-01",
            "25:00",
            "2026-11",
            "20.11.2026",
            "½h",
        ] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
