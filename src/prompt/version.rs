//! Version numbers: positive integers, written `v3`.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The number of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(NonZeroU32);

impl Version {
    /// The version of a prompt that has no number yet.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The version with this number; `None` for 0.
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    pub fn number(self) -> u32 {
        self.0.get()
    }

    /// The highest number that there is.
    pub const LAST: Self = Self(NonZeroU32::MAX);

    /// The version after this one; none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// Whether this number leaps further above the highest one known than anybody counts: the
    /// highest that has a tag, or that stood in the file before. A slip, or somebody who wants to use
    /// the numbers up.
    #[must_use]
    pub fn leaps(self, highest: Option<Self>) -> bool {
        let highest = highest.map_or(0, Self::number);
        self.number().saturating_sub(highest) > MAX_LEAP
    }

    /// The first number above `own` and all that are `taken`. Where the last number is taken, which
    /// leaves none after it, the first that is free below it; none where `own` is the last itself.
    #[must_use]
    pub fn free(own: Option<Self>, taken: &BTreeSet<Self>) -> Option<Self> {
        let highest = taken.last().copied().max(own);
        let Some(highest) = highest else {
            return Some(Self::FIRST);
        };
        if let Some(next) = highest.next() {
            return Some(next);
        }
        if own == Some(Self::LAST) {
            return None;
        }
        let mut known = taken.clone();
        known.extend(own);
        let after = known.iter().rev().filter_map(|number| number.next());
        let mut free = after.filter(|next| !known.contains(next));
        free.next().or(Some(Self::FIRST))
    }
}

/// How far a number may stand above the highest one known.
pub const MAX_LEAP: u32 = 1_000;

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.number())
    }
}

/// Reads `v3`; not `3`, not `v0`, not `v03`.
impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('v').ok_or(BadVersion)?;
        if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadVersion);
        }
        digits.parse().ok().and_then(Self::new).ok_or(BadVersion)
    }
}

/// The text is not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a version: versions are written v1, v2, v3")]
pub struct BadVersion;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice_where_the_last_one_is_taken() {
        let version = |number| Version::new(number).expect("a number");
        let free = |own: Option<u32>, taken: &[u32]| {
            let taken = taken.iter().map(|number| version(*number)).collect();
            Version::free(own.map(version), &taken).map(Version::number)
        };
        assert_eq!(free(None, &[]), Some(1));
        assert_eq!(free(Some(3), &[1, 2]), Some(4));
        assert_eq!(free(Some(1), &[7]), Some(8));
        assert_eq!(free(Some(3), &[1, 2, 3, u32::MAX]), Some(4));
        assert_eq!(free(Some(5), &[3, u32::MAX - 1, u32::MAX]), Some(6));
        assert_eq!(free(None, &[u32::MAX]), Some(1));
        assert_eq!(free(Some(u32::MAX - 1), &[]), Some(u32::MAX));
        assert_eq!(free(Some(u32::MAX), &[]), None);
        assert_eq!(free(Some(u32::MAX), &[1, u32::MAX]), None);
        assert_eq!(Version::LAST.next(), None);
    }

    #[test]
    fn a_leap_is_more_than_anybody_counts() {
        let version = |number| Version::new(number).expect("a number");
        assert!(!version(1_000).leaps(None));
        assert!(version(1_001).leaps(None));
        assert!(!version(1_007).leaps(Some(version(7))));
        assert!(version(1_008).leaps(Some(version(7))));
        assert!(Version::LAST.leaps(Some(version(20_261_120))));
        assert!(!version(3).leaps(Some(Version::LAST)));
    }

    #[test]
    fn only_plain_positive_numbers_are_versions() {
        assert_eq!("v3".parse(), Version::new(3).ok_or(BadVersion));
        for wrong in [
            "3",
            "v0",
            "v03",
            "v",
            "v-1",
            "v+1",
            "V3",
            "v99999999999",
            "v1 ",
        ] {
            assert_eq!(wrong.parse::<Version>(), Err(BadVersion), "{wrong}");
        }
    }
}
