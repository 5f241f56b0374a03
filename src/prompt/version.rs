//! Version numbers: positive integers, written `v3`.

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

    /// The number.
    pub fn number(self) -> u32 {
        self.0.get()
    }

    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

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
