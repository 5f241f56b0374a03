//! Which executions past sums count: a short hash of each id, so that one that is appended again, or stands
//! in the sums of a copied log, counts once.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use super::DaySum;
use crate::record::id::{Id, IdPlaces};

const DAY: i64 = 24 * 3_600_000;

/// So many bits of an id are kept: of 10,000 executions of a day, one in a hundred million that are none of
/// them is taken for one.
const BITS: u32 = 40;

/// The ids of executions, in order, each once. As text they are the steps from one to the next, seven bits
/// a byte, in base64.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ids(Vec<u64>);

impl Ids {
    /// How many.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Of these, in any order.
    pub(super) fn of(mut ids: Vec<u64>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }

    fn to_text(&self) -> String {
        let (mut bytes, mut above) = (Vec::with_capacity(self.0.len() * 5), 0);
        for id in &self.0 {
            let mut step = id - above;
            above = *id;
            while step > 127 {
                bytes.push((step & 127) as u8 | 128);
                step >>= 7;
            }
            bytes.push(step as u8);
        }
        BASE64_STANDARD_NO_PAD.encode(bytes)
    }

    fn from_text(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD_NO_PAD.decode(text).ok()?;
        let (mut ids, mut above, mut step, mut shift) = (Vec::new(), 0_u64, 0_u64, 0);
        for byte in bytes {
            if shift > BITS {
                return None;
            }
            step |= u64::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                above = above.checked_add(step).filter(|it| it >> BITS == 0)?;
                ids.push(above);
                (step, shift) = (0, 0);
            }
        }
        (shift == 0).then_some(Self(ids))
    }
}

impl Serialize for Ids {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).ok_or_else(|| de::Error::custom("these are no ids"))
    }
}

/// A short hash of an id.
pub(super) fn short(Id([one, other]): Id) -> u64 {
    let mix = |word: u64| {
        let wide = u128::from(word) * 0x9e37_79b9_7f4a_7c15;
        (wide as u64) ^ (wide >> 64) as u64
    };
    mix(mix(mix(one ^ 0x243f_6a88_85a3_08d3) ^ other) ^ other) >> (64 - BITS)
}

/// The executions that sums count, by their day.
#[derive(Debug, Default)]
pub(in crate::record) struct Summed {
    days: HashMap<i64, HashSet<u64, IdPlaces>>,
    /// When the last of the days ends.
    until: i64,
}

/// How many executions of a sum were there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::record) enum Known {
    None,
    Some(u64),
    All,
}

impl Summed {
    /// The executions of these sums.
    pub(in crate::record) fn of<'s>(sums: impl IntoIterator<Item = &'s DaySum>) -> Self {
        let mut summed = Self::default();
        for sum in sums {
            summed.add(sum);
        }
        summed
    }

    /// Adds the executions of a sum.
    pub(in crate::record) fn add(&mut self, sum: &DaySum) -> Known {
        let Ids(ids) = &sum.ids;
        let day = sum.first.as_millisecond().div_euclid(DAY);
        self.until = self.until.max((day + 1) * DAY);
        let known = self.days.entry(day).or_default();
        known.reserve(ids.len());
        let fresh = ids.iter().filter(|id| known.insert(**id)).count();
        match ids.len() - fresh {
            0 => Known::None,
            _ if fresh == 0 => Known::All,
            some => Known::Some(some as u64),
        }
    }

    /// Whether sums count the execution with this id, which began then, in milliseconds.
    pub(in crate::record) fn has(&self, id: Id, time: i64) -> bool {
        time < self.until
            && (self.days.get(&time.div_euclid(DAY))).is_some_and(|ids| ids.contains(&short(id)))
    }

    /// A hash of all of them.
    pub(in crate::record) fn hash(&self) -> Option<[u8; 32]> {
        let mut days: Vec<_> = self.days.iter().collect();
        days.sort_unstable_by_key(|(day, _)| **day);
        let mut sum = Sha256::new();
        for (day, ids) in &days {
            sum.update(day.to_le_bytes());
            // The order in which they are held says nothing.
            let all = ids
                .iter()
                .fold(0_u64, |sum, id| sum.wrapping_add(id.wrapping_mul(*id) | 1));
            sum.update(all.to_le_bytes());
            sum.update((ids.len() as u64).to_le_bytes());
        }
        (!days.is_empty()).then(|| sum.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_come_back_from_their_text(ids in proptest::collection::vec(0..1_u64 << BITS, 0..50)) {
            let ids = Ids::of(ids);
            prop_assert_eq!(Ids::from_text(&ids.to_text()), Some(ids));
        }

        #[test]
        fn no_text_is_more_than_it_can_be(text in "[A-Za-z0-9+/]{0,24}|\\PC{0,10}") {
            if let Some(Ids(ids)) = Ids::from_text(&text) {
                prop_assert!(ids.iter().all(|id| id >> BITS == 0));
            }
        }
    }

    #[test]
    fn ids_that_differ_in_a_bit_have_different_hashes() {
        let id = [0x0193_a2b4_c5d6_7e8f, 0x9012_3456_789a_bcde];
        let mut seen = HashSet::from([short(Id(id))]);
        for half in 0..2 {
            for bit in 0..64 {
                let mut other = id;
                other[half] ^= 1 << bit;
                assert!(seen.insert(short(Id(other))), "{half} {bit}");
            }
        }
    }
}
