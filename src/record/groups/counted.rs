//! What is known of an execution once it was counted.

use crate::record::became::Kind;

/// What is known of an execution once it was counted: its group, and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted(u32);

impl Counted {
    const PRICED: u32 = 1 << 31;
    const ENDED: u32 = 1 << 30;
    const OK: u32 = 1 << 29;
    /// The filter leaves it out.
    pub(super) const LEFT_OUT: Self = Self(Self::OK - 1);

    /// A number of a group, where so many are there already.
    pub(super) fn number(known: usize) -> Option<u32> {
        let number = u32::try_from(known).ok()?;
        (number < Self::LEFT_OUT.0).then_some(number)
    }

    pub(super) fn new(group: u32, kind: Kind) -> Self {
        let bit = |is_so: bool, bit: u32| if is_so { bit } else { 0 };
        Self(group | bit(kind.is_priced, Self::PRICED) | bit(kind.is_ok, Self::OK))
    }

    pub(super) fn group(self) -> Option<usize> {
        let group = self.0 & !(Self::PRICED | Self::ENDED | Self::OK);
        (group != Self::LEFT_OUT.0).then_some(group as usize)
    }

    pub(super) fn kind(self) -> Kind {
        Kind {
            is_priced: self.0 & Self::PRICED != 0,
            is_ok: self.0 & Self::OK != 0,
        }
    }

    /// The same in another group.
    pub(super) fn in_group(self, group: u32) -> Self {
        Self(self.0 & (Self::PRICED | Self::ENDED | Self::OK) | group)
    }

    /// Whether an outcome of it was counted.
    pub(super) fn has_outcome(self) -> bool {
        self.0 & Self::ENDED != 0
    }

    /// The same once an outcome of it was counted.
    pub(super) fn with_outcome(self) -> Self {
        Self(self.0 | Self::ENDED)
    }

    pub(super) fn bits(self) -> u32 {
        self.0
    }

    pub(super) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}
