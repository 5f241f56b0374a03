//! Ids of executions.

use std::hash::{BuildHasher, Hasher};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, NoContext, Uuid};

/// A new id for something that happens at `time`: ids sort by time.
pub fn new_id(time: Timestamp) -> String {
    // Before 1970 the clock is wrong; the id is as good with any time.
    let seconds = u64::try_from(time.as_second()).unwrap_or(0);
    let nanos = u32::try_from(time.subsec_nanosecond()).unwrap_or(0);
    let time = uuid::Timestamp::from_unix(NoContext, seconds, nanos);
    Uuid::new_v7(time).to_string()
}

/// The id of a line that a service wrote without one, of a call that began at `time`, below so many equal
/// lines: the same line has the same again. None where nothing in it tells one call from the next.
pub fn id_of_line(line: &Value, time: Timestamp, above: u32) -> Option<String> {
    let text = |key: &str| line.get(key).and_then(Value::as_str);
    let written = text("time");
    let has_moment = written.is_some_and(|it| it.contains(['.', ',']));
    let mut hash = Sha256::new();
    match text("response_id").filter(|it| !it.is_empty()) {
        // It is the same call, whatever else is said of it.
        Some(response) => {
            let prompt = text("prompt").unwrap_or_default();
            hash.update(format!("{prompt} {response}"));
        }
        None if has_moment => {
            hash.update(line.to_string());
            hash.update(above.to_le_bytes());
        }
        None => return None,
    }
    let hash = hash.finalize();
    let id = match (written, u64::try_from(time.as_millisecond())) {
        (Some(_), Ok(time)) => Builder::from_unix_timestamp_millis(time, hash.first_chunk()?),
        _ => Builder::from_random_bytes(*hash.first_chunk()?),
    };
    Some(id.into_uuid().to_string())
}

/// An id in 128 bits: a UUID as it is, anything else by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(pub(super) [u64; 2]);

impl Id {
    pub(super) fn of(text: impl AsRef<[u8]>) -> Self {
        if let Some(id) = uuid(text.as_ref()) {
            return Self(id);
        }
        let hash: [u8; 32] = Sha256::digest(text).into();
        let half = |from: usize| {
            let bytes = std::array::from_fn(|at| hash[from + at]);
            u64::from_be_bytes(bytes)
        };
        Self([half(0), half(8)])
    }
}

/// The same byte eight times.
pub(super) const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The number of eight small hexadecimal digits in the order of memory, looked at at once.
#[inline]
fn number(word: u64) -> Option<u64> {
    // `a` to `f` have a bit that no digit has, and are 9 less than they say.
    let letters = (word >> 6) & eight(1);
    let values = (word & eight(15)) + letters * 9;
    let tens = ((values + eight(0x76)) >> 7) & eight(1);
    let written = values + eight(b'0') + tens * u64::from(b'a' - b'9' - 1);
    if written != word || values & eight(0xf0) != 0 {
        return None;
    }
    let values = values.swap_bytes();
    let values = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let values = (values | values >> 8) & 0x0000_ffff_0000_ffff;
    Some((values | values >> 16) & 0xffff_ffff)
}

/// A UUID as it is written everywhere: 32 small digits and 4 dashes.
fn uuid(text: &[u8]) -> Option<[u64; 2]> {
    let text: &[u8; 36] = text.try_into().ok()?;
    let [a, b, c, d] = [text[8], text[13], text[18], text[23]];
    if [a, b, c, d] != [b'-'; 4] {
        return None;
    }
    let four = |at: usize| Some(u64::from(u32::from_le_bytes(*text[at..].first_chunk()?)));
    let two = |from: usize, to: usize| number(four(from)? | four(to)? << 32);
    Some([
        two(0, 4)? << 32 | two(9, 14)?,
        two(19, 24)? << 32 | two(28, 32)?,
    ])
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
        // Every byte of each place counts, and none but the digits is one.
        for at in 0..36 {
            for byte in 0..=127_u8 {
                let mut other = id.as_bytes().to_vec();
                other[at] = byte;
                let is_digit = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let is_dash = id.as_bytes()[at] == b'-';
                let expected = if is_dash { byte == b'-' } else { is_digit };
                assert_eq!(uuid(&other).is_some(), expected, "{at} {byte}");
                if expected {
                    let text = String::from_utf8(other).unwrap().replace('-', "");
                    let halves = [&text[..16], &text[16..]];
                    let halves = halves.map(|half| u64::from_str_radix(half, 16).unwrap());
                    assert_eq!(
                        Id::of(format!(
                            "{}-{}-{}-{}-{}",
                            &text[..8],
                            &text[8..12],
                            &text[12..16],
                            &text[16..20],
                            &text[20..]
                        )),
                        Id(halves)
                    );
                }
            }
        }
        let others = [id, &id.to_uppercase(), &id.replace('-', ""), "a", ""];
        for (at, one) in others.iter().enumerate() {
            let same = others.iter().filter(|other| Id::of(other) == Id::of(one));
            assert_eq!(same.count(), 1, "{at}");
        }
    }
}
