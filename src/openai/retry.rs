//! When a request is sent again, and how long to wait before: the rules of the official SDK.

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;

/// The longest wait that a server may ask for; it is given up where it wants more.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How often a request is sent again unless the caller says otherwise.
pub const DEFAULT_RETRIES: u32 = 2;

/// A wait that has begun.
pub type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Time and chance, so that tests need neither.
pub trait Pace: Send + Sync {
    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> Pause;
    /// The time now, which `Retry-After` dates are compared with.
    fn now(&self) -> Timestamp;
    /// A number from 0 to 1.
    fn random(&self) -> f64;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealPace;

impl Pace for RealPace {
    fn sleep(&self, duration: Duration) -> Pause {
        Box::pin(tokio::time::sleep(duration))
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn random(&self) -> f64 {
        // Every `RandomState` has keys of its own: enough chance to spread retries.
        RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
    }
}

/// What a failed attempt says about trying again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Advice {
    /// Whether this kind of failure may pass.
    pub may_pass: bool,
    /// Whether it never passes, whatever the headers say: the quota is used up.
    pub is_final: bool,
    /// `x-should-retry`.
    pub should_retry: Option<bool>,
    /// `retry-after-ms` or `retry-after`, in seconds.
    pub after: Option<f64>,
}

impl Advice {
    /// The advice for a connection that failed or a server that did not answer in time.
    pub(super) fn connection() -> Self {
        Self {
            may_pass: true,
            ..Self::default()
        }
    }

    /// The advice for an answer with this status, its headers read by `header`.
    pub(super) fn answer<'a>(
        status: u16,
        is_final: bool,
        now: Timestamp,
        header: impl Fn(&str) -> Option<&'a str>,
    ) -> Self {
        Self {
            may_pass: matches!(status, 408 | 409 | 429 | 500..),
            is_final,
            should_retry: match header("x-should-retry") {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            },
            after: header("retry-after-ms")
                .and_then(|text| Some(text.trim().parse::<f64>().ok()? / 1000.0))
                .or_else(|| retry_after(header("retry-after")?, now)),
        }
    }

    /// How long to wait before retry number `retry` (from 0), or `None` where none is due.
    /// `random` is a number from 0 to 1.
    pub(super) fn delay(&self, retry: u32, random: f64) -> Option<Duration> {
        if self.is_final || !self.should_retry.unwrap_or(self.may_pass) {
            return None;
        }
        match self.after {
            Some(seconds) if seconds > LONGEST_WAIT.as_secs_f64() => None,
            Some(seconds) if seconds > 0.0 => Duration::try_from_secs_f64(seconds).ok(),
            _ => Some(backoff(retry, random)),
        }
    }

    /// Whether the server asked for a longer wait than is granted.
    pub(super) fn asks_too_much(&self) -> bool {
        self.after
            .is_some_and(|seconds| seconds > LONGEST_WAIT.as_secs_f64())
    }
}

/// Seconds, or an HTTP date.
fn retry_after(text: &str, now: Timestamp) -> Option<f64> {
    if let Ok(seconds) = text.trim().parse::<f64>() {
        return seconds.is_finite().then_some(seconds);
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text.trim())
        .ok()?;
    Some(date.duration_since(now).as_secs_f64())
}

/// 0.5 s, 1 s, 2 s, … up to 8 s, less up to a quarter.
fn backoff(retry: u32, random: f64) -> Duration {
    let seconds = (0.5 * f64::from(1u32 << retry.min(4))).min(8.0);
    Duration::from_secs_f64(seconds * (1.0 - 0.25 * random.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(status: u16, headers: &[(&str, &'static str)]) -> Advice {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        Advice::answer(status, false, now, |name| {
            headers
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        })
    }

    fn seconds(status: u16, headers: &[(&str, &'static str)]) -> Option<f64> {
        advice(status, headers)
            .delay(0, 0.0)
            .map(|delay| delay.as_secs_f64())
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for status in [408, 409, 429, 500, 502, 503, 529] {
            assert_eq!(seconds(status, &[]), Some(0.5), "{status}");
        }
        for status in [400, 401, 403, 404, 413, 422, 302] {
            assert_eq!(seconds(status, &[]), None, "{status}");
        }
        assert!(Advice::connection().delay(0, 0.0).is_some());
    }

    #[test]
    fn the_servers_word_decides_over_the_status() {
        assert_eq!(seconds(503, &[("x-should-retry", "false")]), None);
        assert_eq!(seconds(400, &[("x-should-retry", "true")]), Some(0.5));
        assert_eq!(seconds(503, &[("x-should-retry", "perhaps")]), Some(0.5));
    }

    #[test]
    fn a_used_up_quota_is_never_tried_again() {
        let advice = Advice {
            is_final: true,
            should_retry: Some(true),
            ..advice(429, &[])
        };
        assert_eq!(advice.delay(0, 0.0), None);
    }

    #[test]
    fn the_wait_that_the_server_asks_for_is_kept_up_to_two_minutes() {
        for (header, value, expected) in [
            ("retry-after-ms", "1500", Some(1.5)),
            ("retry-after", "3", Some(3.0)),
            ("retry-after", "0.25", Some(0.25)),
            ("retry-after", "120", Some(120.0)),
            ("retry-after", "121", None),
            ("retry-after", "0", Some(0.5)),
            ("retry-after", "-4", Some(0.5)),
            ("retry-after", "soon", Some(0.5)),
            ("retry-after", "nan", Some(0.5)),
            ("retry-after", "Fri, 20 Nov 2026 12:00:07 GMT", Some(7.0)),
            ("retry-after", "Fri, 20 Nov 2026 11:00:00 GMT", Some(0.5)),
            ("retry-after", "Sat, 21 Nov 2026 12:00:00 GMT", None),
        ] {
            assert_eq!(
                seconds(429, &[(header, value)]),
                expected,
                "{header}: {value}"
            );
        }
        let both = [("retry-after-ms", "200"), ("retry-after", "30")];
        assert_eq!(seconds(429, &both), Some(0.2));
    }

    #[test]
    fn the_wait_doubles_up_to_eight_seconds_with_some_chance() {
        let whole: Vec<f64> = (0..7)
            .map(|retry| backoff(retry, 0.0).as_secs_f64())
            .collect();
        assert_eq!(whole, [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]);
        assert_eq!(backoff(1, 1.0).as_secs_f64(), 0.75);
        assert!((0.0..=1.0).contains(&RealPace.random()));
    }
}
