//! Reading a line from where it is read to: texts, numbers and times as promptctl writes them.

use jiff::Timestamp;
use memchr::memchr;

use super::Text;
use crate::record::id::eight;

/// What stands in a field that may be null.
pub(super) enum Field<T> {
    Null,
    Value(T),
}

impl<T> Field<T> {
    #[inline(always)]
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }
}

/// Where a line is read.
pub(super) struct Cursor<'l> {
    pub(super) line: &'l [u8],
    pub(super) at: usize,
}

/// The top bits of the bytes that are 0; of those above the first one nothing is known.
pub(super) fn zeros(word: u64) -> u64 {
    word.wrapping_sub(eight(1)) & !word & eight(0x80)
}

impl<'l> Cursor<'l> {
    #[inline(always)]
    pub(super) fn rest(&self) -> &'l [u8] {
        &self.line[self.at..]
    }

    /// The length is known to the compiler, so that no loop is needed.
    #[inline(always)]
    pub(super) fn is_before<const N: usize>(&self, word: &[u8; N]) -> Option<()> {
        (self.rest().first_chunk::<N>()? == word).then_some(())
    }

    #[inline(always)]
    pub(super) fn eat<const N: usize>(&mut self, word: &[u8; N]) -> Option<()> {
        self.is_before(word)?;
        self.at += N;
        Some(())
    }

    /// A text in which nothing is escaped and that is sound UTF-8. Most are short and plain, and are
    /// looked through eight bytes at a time.
    #[inline(always)]
    pub(super) fn bytes(&mut self) -> Option<&'l [u8]> {
        self.eat(b"\"")?;
        let rest = self.rest();
        let mut length = 0;
        while let Some(word) = rest.get(length..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*word);
            let quote = zeros(word ^ eight(b'"'));
            let control = word.wrapping_sub(eight(0x20)) & !word & eight(0x80);
            let others = zeros(word ^ eight(b'\\')) | control | (word & eight(0x80));
            if quote | others != 0 {
                let end = quote.trailing_zeros();
                if end > others.trailing_zeros() {
                    break;
                }
                length += end as usize / 8;
                self.at += length + 1;
                return Some(&rest[..length]);
            }
            length += 8;
        }
        self.bytes_slowly()
    }

    pub(super) fn bytes_slowly(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest();
        let end = memchr(b'"', rest)?;
        let text = &rest[..end];
        let is_escaped = |byte: &u8| *byte == b'\\' || *byte < 0x20;
        if text.iter().any(is_escaped) || std::str::from_utf8(text).is_err() {
            return None;
        }
        self.at += end + 1;
        Some(text)
    }

    #[inline(always)]
    pub(super) fn text(&mut self) -> Option<Text<'l>> {
        self.bytes().map(Text)
    }

    #[inline(always)]
    pub(super) fn bytes_or_null(&mut self) -> Option<()> {
        match self.eat(b"null") {
            Some(()) => Some(()),
            None => self.bytes().map(|_| ()),
        }
    }

    #[inline(always)]
    pub(super) fn text_or_null(&mut self) -> Option<Field<Text<'l>>> {
        match self.eat(b"null") {
            Some(()) => Some(Field::Null),
            None => self.text().map(Field::Value),
        }
    }

    /// A whole number, or null.
    #[inline]
    pub(super) fn count(&mut self) -> Option<Field<u64>> {
        if self.eat(b"null").is_some() {
            return Some(Field::Null);
        }
        let (mut sum, mut digits) = (0_u64, 0);
        let rest = self.rest();
        while let Some(digit) = rest.get(digits).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
            && digits < 20
        {
            sum = sum.wrapping_mul(10).wrapping_add(u64::from(digit));
            digits += 1;
        }
        let is_plain = digits == 1 || (digits > 1 && digits < 20 && rest[0] != b'0');
        // What follows could make another number of it.
        if !is_plain || !matches!(rest.get(digits), Some(b',' | b'}')) {
            return None;
        }
        self.at += digits;
        Some(Field::Value(sum))
    }

    /// A number, or null.
    pub(super) fn number(&mut self) -> Option<Field<f64>> {
        if self.eat(b"null").is_some() {
            return Some(Field::Null);
        }
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == b',')?;
        let number = match plain(&rest[..end]) {
            Some(number) => number,
            // What stands on another line is no part of it.
            None if rest[..end].contains(&b'\n') => return None,
            None => serde_json::from_slice(&rest[..end]).ok()?,
        };
        self.at += end;
        Some(Field::Value(number))
    }

    /// What stands between the braces of the labels.
    pub(super) fn labels(&mut self) -> Option<Text<'l>> {
        let start = self.at;
        let mut before = None;
        while self.eat(b"}").is_none() {
            if before.is_some() {
                self.eat(b",")?;
            }
            let name = self.bytes()?;
            // They are written in this order, each once.
            if before.is_some_and(|before| before >= name) {
                return None;
            }
            before = Some(name);
            self.eat(b":")?;
            self.bytes()?;
        }
        Some(Text(&self.line[start..self.at - 1]))
    }
}

/// A number of few digits, such as `0.00057725`: both parts of the fraction are exact, and so it is
/// rounded once.
pub(super) fn plain(text: &[u8]) -> Option<f64> {
    const POWERS: [f64; 17] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    ];
    let (mut digits, mut places, mut has_point) = (0_u64, 0_usize, false);
    for byte in text {
        match byte {
            b'.' if !has_point => has_point = true,
            b'0'..=b'9' => {
                digits = digits.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                places += usize::from(has_point);
            }
            _ => return None,
        }
    }
    let is_number = text.first()?.is_ascii_digit() && text.last()?.is_ascii_digit();
    let is_short = text.len() <= 16 && (text.len() == 1 || text[0] != b'0' || text[1] == b'.');
    let power = *POWERS.get(places)?;
    (is_number && is_short).then(|| digits as f64 / power)
}

/// A time as promptctl writes it, such as `2026-11-20T12:00:00.123Z`.
pub(super) fn millisecond(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 24] = text.try_into().ok()?;
    let is_marked = (text[4] == b'-' && text[7] == b'-' && text[10] == b'T')
        && (text[13] == b':' && text[16] == b':' && text[19] == b'.' && text[23] == b'Z');
    // Whatever is no digit is at least ten.
    let digit = |at: usize| i64::from(text[at].wrapping_sub(b'0'));
    const DIGITS: [usize; 17] = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, 20, 21, 22];
    let are_digits = (DIGITS.iter()).fold(true, |so_far, at| so_far & (digit(*at) < 10));
    if !is_marked || !are_digits {
        return None;
    }
    let two = |at: usize| digit(at) * 10 + digit(at + 1);
    let (year, month, day) = (two(0) * 100 + two(2), two(5), two(8));
    let (hour, minute, second) = (two(11), two(14), two(17));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970, counted in years that begin in March (Hinnant, chrono-compatible date algorithms).
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Timestamp::from_millisecond(seconds * 1000 + two(20) * 10 + digit(22)).ok()
}
