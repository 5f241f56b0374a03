//! Who may call: keys of callers, and how often one may be wrong.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::problem::Problem;
use crate::config::CallerKey;

/// How many wrong keys an address may send in a minute.
const MOST_FAILURES: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// How many addresses are watched.
const MOST_ADDRESSES: usize = 10_000;

/// Who is asked for a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Auth {
    /// Nobody: the caller's own key of the API is passed on.
    Pass,
    /// Everybody, for one of these.
    Keys(Vec<CallerKey>),
}

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    Call,
    Read,
    Forward,
}

impl Permission {
    fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Read => "read",
            Self::Forward => "forward",
        }
    }
}

impl Auth {
    /// The name of the key that allows this; none where nobody is asked for one.
    pub(super) fn check(
        &self,
        token: Option<&str>,
        right: Permission,
    ) -> Result<Option<&str>, Problem> {
        let Self::Keys(keys) = self else {
            return Ok(None);
        };
        let hash: [u8; 32] = Sha256::digest(token.unwrap_or_default()).into();
        // All are compared, so that the time says nothing.
        let mut found = None;
        for key in keys {
            if bool::from(key.sha256.ct_eq(&hash)) && token.is_some() {
                found = Some(key);
            }
        }
        let Some(key) = found else {
            let message = match token {
                Some(_) => "Incorrect API key provided.",
                None => "You didn't provide an API key.",
            };
            return Err(Problem::new(401, Some("invalid_api_key"), message)
                .hint("this gateway has keys of its own: ask whoever runs it for one"));
        };
        if key.may.iter().any(|it| it == right.as_str()) {
            return Ok(Some(&key.name));
        }
        Err(Problem::new(
            403,
            Some("insufficient_permissions"),
            format!("The key {} may not do this.", key.name),
        )
        .hint(format!(
            "its `may:` in the configuration lacks `{}`",
            right.as_str()
        )))
    }
}

/// The wrong keys of the last minute, by address.
#[derive(Debug, Default)]
pub(super) struct Failures(HashMap<IpAddr, (u32, Instant)>);

impl Failures {
    /// Whether an address must wait.
    pub(super) fn is_blocked(&self, address: IpAddr, now: Instant) -> bool {
        let known = self.0.get(&address);
        known.is_some_and(|(count, since)| {
            *count >= MOST_FAILURES && now.duration_since(*since) < MINUTE
        })
    }

    pub(super) fn add(&mut self, address: IpAddr, now: Instant) {
        if self.0.len() >= MOST_ADDRESSES {
            self.0
                .retain(|_, (_, since)| now.duration_since(*since) < MINUTE);
        }
        if self.0.len() >= MOST_ADDRESSES {
            return;
        }
        let (count, since) = self.0.entry(address).or_insert((0, now));
        if now.duration_since(*since) >= MINUTE {
            (*count, *since) = (0, now);
        }
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Auth {
        Auth::Keys(vec![CallerKey {
            name: "web".to_owned(),
            sha256: Sha256::digest("secret-of-web").into(),
            may: vec!["call".to_owned()],
        }])
    }

    #[test]
    fn a_key_opens_what_it_may_and_nothing_else() {
        assert_eq!(
            keys().check(Some("secret-of-web"), Permission::Call),
            Ok(Some("web"))
        );
        let status = |token, right| keys().check(token, right).unwrap_err().status;
        assert_eq!(status(Some("secret-of-web"), Permission::Forward), 403);
        assert_eq!(status(Some("secret-of-web"), Permission::Read), 403);
        assert_eq!(status(Some("other"), Permission::Call), 401);
        assert_eq!(status(None, Permission::Call), 401);
        assert_eq!(status(Some(""), Permission::Call), 401);
        assert_eq!(Auth::Pass.check(None, Permission::Forward), Ok(None));
    }

    #[test]
    fn ten_wrong_keys_a_minute_are_enough() {
        let (address, now) = (IpAddr::from([10, 0, 0, 1]), Instant::now());
        let mut failures = Failures::default();
        for _ in 0..MOST_FAILURES {
            assert!(!failures.is_blocked(address, now));
            failures.add(address, now);
        }
        assert!(failures.is_blocked(address, now));
        assert!(!failures.is_blocked(IpAddr::from([10, 0, 0, 2]), now));
        let later = now + MINUTE;
        assert!(!failures.is_blocked(address, later));
        failures.add(address, later);
        assert!(!failures.is_blocked(address, later));
    }
}
