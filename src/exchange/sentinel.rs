//! Values that show where a variable stands: texts that occur nowhere else and that nothing between
//! here and the model changes.

use std::collections::BTreeMap;
use std::ops::Range;

/// What a sentinel begins with.
const START: &[u8] = b"pctl";

/// The length of a sentinel: `pctl`, 12 hexadecimal digits, `v`, three digits, `z`.
const LENGTH: usize = 21;

/// The most variables that one prompt may have.
pub const MOST_VARIABLES: usize = 1_000;

/// What tells the sentinels of one run from those of another: 12 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// The nonce of some random bits.
    pub fn new(random: u64) -> Self {
        Self(format!("{:012x}", random & 0xffff_ffff_ffff))
    }

    /// The sentinel with this number.
    pub fn sentinel(&self, index: usize) -> String {
        format!("pctl{}v{index:03}z", self.0)
    }

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Every sentinel in a text, whatever its nonce and case.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at + LENGTH <= bytes.len() {
        if is_sentinel(&bytes[at..at + LENGTH]) {
            found.push(at..at + LENGTH);
            at += LENGTH;
        } else {
            at += 1;
        }
    }
    found
}

/// Whether a text is one sentinel.
pub fn is_one(text: &str) -> bool {
    text.len() == LENGTH && is_sentinel(text.as_bytes())
}

fn is_sentinel(bytes: &[u8]) -> bool {
    let (nonce, rest) = bytes[START.len()..].split_at(12);
    bytes[..START.len()].eq_ignore_ascii_case(START)
        && nonce.iter().all(u8::is_ascii_hexdigit)
        && matches!(rest, [b'v' | b'V', a, b, c, b'z' | b'Z'] if [a, b, c].iter().all(|it| it.is_ascii_digit()))
}

/// The sentinel of each variable, and back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sentinels {
    by_name: BTreeMap<String, String>,
}

impl Sentinels {
    /// A sentinel for each of these names.
    pub fn new<'a>(nonce: &Nonce, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = names.into_iter().take(MOST_VARIABLES);
        Self {
            by_name: names
                .enumerate()
                .map(|(index, name)| (name.to_owned(), nonce.sentinel(index)))
                .collect(),
        }
    }

    /// The values of an answer's own variables that are sentinels, by name.
    pub fn from_values<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let values = values.into_iter().filter(|(_, value)| is_one(value));
        Self {
            by_name: values
                .map(|(name, value)| (name.to_owned(), value.to_lowercase()))
                .collect(),
        }
    }

    /// The variables with their sentinels.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_name
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The variable that a sentinel stands for.
    pub fn name_of(&self, sentinel: &str) -> Option<&str> {
        let is_it = |value: &str| value.eq_ignore_ascii_case(sentinel);
        self.iter()
            .find(|(_, value)| is_it(value))
            .map(|(name, _)| name)
    }

    /// The sentinel of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentinels_side_by_side_and_in_words_are_told_apart() {
        let nonce = Nonce::new(0x1234_5678_9abc);
        let sentinels = Sentinels::new(&nonce, ["a", "b"]);
        let (a, b) = (nonce.sentinel(0), nonce.sentinel(1));
        let text = format!("pctl{a}{b}ing {} pctl0123456789", a.to_uppercase());
        let names: Vec<_> = find(&text)
            .into_iter()
            .map(|range| sentinels.name_of(&text[range]))
            .collect();
        assert_eq!(names, [Some("a"), Some("b"), Some("a")]);
        assert!(is_one(&a) && !is_one(&text) && !is_one("pctl"));
        assert_eq!(a.len(), LENGTH);
    }
}
