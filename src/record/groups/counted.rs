//! What is known of an execution once it was counted.

use crate::record::outcomes::Kind;

/// What is known of an execution once it was counted: its group, and its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counted {
    bits: u32,
    /// Not a number where the price is not known.
    cost: f64,
}

impl Counted {
    const ENDED: u32 = 1 << 30;
    const OK: u32 = 1 << 29;
    const NOWHERE: u32 = Self::OK - 1;
    /// The length of one in a file.
    pub(super) const LENGTH: usize = 12;
    /// The filter leaves it out.
    pub(super) const LEFT_OUT: Self = Self {
        bits: Self::NOWHERE,
        cost: f64::NAN,
    };

    /// A number of a group, where so many are there already.
    pub(super) fn number(known: usize) -> Option<u32> {
        let number = u32::try_from(known).ok()?;
        (number < Self::NOWHERE).then_some(number)
    }

    pub(super) fn new(group: u32, kind: Kind) -> Self {
        Self {
            bits: group | if kind.is_ok { Self::OK } else { 0 },
            cost: kind.cost.unwrap_or(f64::NAN),
        }
    }

    pub(super) fn group(self) -> Option<usize> {
        let group = self.bits & !(Self::ENDED | Self::OK);
        (group != Self::NOWHERE).then_some(group as usize)
    }

    pub(super) fn kind(self) -> Kind {
        Kind {
            cost: (!self.cost.is_nan()).then_some(self.cost),
            is_ok: self.bits & Self::OK != 0,
        }
    }

    /// The same in another group.
    pub(super) fn in_group(self, group: u32) -> Self {
        Self {
            bits: self.bits & (Self::ENDED | Self::OK) | group,
            ..self
        }
    }

    /// Whether an outcome of it was counted.
    pub(super) fn has_outcome(self) -> bool {
        self.bits & Self::ENDED != 0
    }

    /// The same once an outcome of it was counted.
    pub(super) fn with_outcome(self) -> Self {
        Self {
            bits: self.bits | Self::ENDED,
            ..self
        }
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..4].copy_from_slice(&self.bits.to_le_bytes());
        bytes[4..].copy_from_slice(&self.cost.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        let [a, b, c, d, cost @ ..] = bytes;
        Self {
            bits: u32::from_le_bytes([a, b, c, d]),
            cost: f64::from_le_bytes(cost),
        }
    }
}
