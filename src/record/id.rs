//! Ids of executions.

use std::hash::{BuildHasher, Hasher};

use sha2::{Digest as _, Sha256};

/// An id in 128 bits: a UUID as it is, anything else by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(pub(super) [u64; 2]);

impl Id {
    pub(super) fn of(text: &str) -> Self {
        if let Some(id) = uuid(text.as_bytes()) {
            return Self(id);
        }
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let half = |from: usize| {
            let bytes = std::array::from_fn(|at| hash[from + at]);
            u64::from_be_bytes(bytes)
        };
        Self([half(0), half(8)])
    }
}

/// What each byte is as a small hexadecimal digit; 16 where it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [16; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

/// A UUID as it is written everywhere: 32 small digits and 4 dashes.
fn uuid(text: &[u8]) -> Option<[u64; 2]> {
    let text: &[u8; 36] = text.try_into().ok()?;
    if [8, 13, 18, 23].iter().any(|at| text[*at] != b'-') {
        return None;
    }
    let mut others = 0;
    let mut number = |pieces: [std::ops::Range<usize>; 3]| {
        let bytes = pieces.into_iter().flat_map(|piece| &text[piece]);
        bytes.fold(0_u64, |sum, byte| {
            let digit = DIGITS[usize::from(*byte)];
            others |= digit;
            sum << 4 | u64::from(digit & 15)
        })
    };
    let halves = [
        number([0..8, 9..13, 14..18]),
        number([19..23, 24..36, 36..36]),
    ];
    (others < 16).then_some(halves)
}

/// Puts ids into places that nobody can foresee, at the cost of two multiplications.
#[derive(Debug, Clone)]
pub(super) struct IdPlaces(u64, u64);

impl Default for IdPlaces {
    fn default() -> Self {
        let random = std::hash::RandomState::new();
        Self(random.hash_one(0) | 1, random.hash_one(1) | 1)
    }
}

pub(super) struct IdHasher(u64, IdPlaces);

impl BuildHasher for IdPlaces {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher(0, self.clone())
    }
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, half: u64) {
        let wide = u128::from(half ^ self.0 ^ self.1.0) * u128::from(self.1.1);
        self.0 = (wide as u64) ^ (wide >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl std::hash::Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
        state.write_u64(self.0[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_uuid_or_the_hash_of_what_is_none() {
        let id = "0193a2b4-c5d6-7e8f-9012-3456789abcde";
        assert_eq!(
            Id::of(id),
            Id([0x0193_a2b4_c5d6_7e8f, 0x9012_3456_789a_bcde])
        );
        let others = [id, &id.to_uppercase(), &id.replace('-', ""), "a", ""];
        for (at, one) in others.iter().enumerate() {
            let same = others.iter().filter(|other| Id::of(other) == Id::of(one));
            assert_eq!(same.count(), 1, "{at}");
        }
    }
}
