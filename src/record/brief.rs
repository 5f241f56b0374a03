//! What a line of the log says shortly, borrowed from the line.
//!
//! A line that promptctl wrote has its fields in one order, so that it is read from its beginning
//! without looking for anything. Whatever is otherwise in a line, however slightly, is left to the
//! reader that takes any JSON.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use memchr::memchr;
use memchr::memmem::Finder;
use serde::Deserialize;

use super::entry::{Record, Source, Status, Usage};
use super::possible::{Figures, Impossible, LeftOut};

/// The first of the long fields. Its quotation marks cannot stand inside a JSON string.
const LONG_FIELDS: &[u8] = br#","variables":"#;

/// Where the short fields of a record end, if the line is one that promptctl wrote and that has its
/// end.
pub(in crate::record) fn head_end(line: &[u8]) -> Option<usize> {
    static LONG: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(LONG_FIELDS));
    LONG.find(line).filter(|_| is_whole(line))
}

/// Whether a line has the end of a record that promptctl wrote.
fn is_whole(line: &[u8]) -> bool {
    line.ends_with(b"\"}") || line.ends_with(b"null}")
}

/// The short fields of a record.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::record) struct Brief<'l> {
    pub(in crate::record) id: &'l str,
    pub(in crate::record) time: Timestamp,
    pub(in crate::record) prompt: &'l str,
    pub(in crate::record) version: Option<u32>,
    pub(in crate::record) environment: Option<&'l str>,
    pub(in crate::record) variant: Option<&'l str>,
    pub(in crate::record) source: Source,
    pub(in crate::record) model: Option<&'l str>,
    pub(in crate::record) status: Status,
    pub(in crate::record) duration_ms: Option<u64>,
    pub(in crate::record) usage: Usage,
    pub(in crate::record) cost_usd: Option<f64>,
    pub(in crate::record) response_id: Option<&'l str>,
    pub(in crate::record) case: Option<&'l str>,
    /// The hash of the whole request, with what a caller added.
    pub(in crate::record) request: Option<&'l str>,
    /// What went wrong.
    pub(in crate::record) error: Option<BriefError<'l>>,
    /// Which of its figures were taken out, since no call has them.
    pub(in crate::record) left_out: LeftOut,
    labels: Labels<'l>,
}

/// What went wrong with an execution, in words for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::record) struct BriefError<'l> {
    pub(in crate::record) code: Option<&'l str>,
    pub(in crate::record) reason: Option<&'l str>,
}

/// The same as it stands in a line.
#[derive(Deserialize)]
struct WrittenError<'l> {
    #[serde(borrow, default)]
    code: Option<&'l str>,
    #[serde(borrow, default)]
    reason: Option<&'l str>,
    #[serde(borrow, rename = "message")]
    _message: &'l str,
}

/// Labels as they stand: in the line, or in a record.
#[derive(Debug, Clone, Copy)]
enum Labels<'l> {
    /// `"a":"b","c":"d"`, nothing in it escaped.
    Line(&'l str),
    Map(&'l BTreeMap<String, String>),
}

impl PartialEq for Labels<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.pairs() == other.pairs()
    }
}

impl<'l> Labels<'l> {
    fn pairs(self) -> Vec<(&'l str, &'l str)> {
        match self {
            Self::Line(text) => pairs(text).collect(),
            Self::Map(map) => map.iter().map(|(key, value)| (&**key, &**value)).collect(),
        }
    }
}

/// The pairs of labels in a line.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    // Nothing is escaped, so every second piece between quotation marks is a text.
    let mut pieces = text.split('"').skip(1).step_by(2);
    std::iter::from_fn(move || Some((pieces.next()?, pieces.next()?)))
}

impl<'l> Brief<'l> {
    /// The short fields of a record that was read whole.
    pub(in crate::record) fn of(record: &'l Record) -> Self {
        Self {
            id: &record.id,
            time: record.time,
            prompt: &record.prompt,
            version: record.version,
            environment: record.environment.as_deref(),
            variant: record.variant.as_deref(),
            source: record.source,
            model: record.model.as_deref(),
            status: record.status,
            duration_ms: record.duration_ms,
            usage: record.usage,
            cost_usd: record.cost_usd,
            response_id: record.response_id.as_deref(),
            case: record.case.as_deref(),
            request: match &record.sent_hash {
                Some(hash) => Some(hash),
                None if record.sent.is_empty() => record.request_hash.as_deref(),
                None => None,
            },
            error: record.error.as_ref().map(|error| BriefError {
                code: error.code.as_deref(),
                reason: error.reason.as_deref(),
            }),
            left_out: LeftOut::default(),
            labels: Labels::Map(&record.labels),
        }
    }

    /// Takes out figures that no call has, and says which is the first.
    pub(in crate::record) fn take_out_impossible(&mut self) -> Option<Impossible> {
        let figures = Figures {
            cost_usd: &mut self.cost_usd,
            duration_ms: &mut self.duration_ms,
            tokens: self.usage.counts(),
        };
        let (first, left_out) = figures.take_out()?;
        self.left_out = left_out;
        Some(first)
    }

    /// The value of a label.
    pub(in crate::record) fn label(&self, name: &str) -> Option<&'l str> {
        match self.labels {
            Labels::Line(text) => pairs(text)
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value),
            Labels::Map(map) => map.get(name).map(String::as_str),
        }
    }

    /// The labels, by name.
    pub(in crate::record) fn labels(&self) -> Vec<(&'l str, &'l str)> {
        self.labels.pairs()
    }

    /// The short fields of a line, if promptctl wrote it.
    pub(in crate::record) fn read(line: &'l [u8]) -> Option<Self> {
        match is_whole(line) {
            true => Self::head(line, Some(line)).map(|(brief, _)| brief),
            false => None,
        }
    }

    /// The short fields of the line that a text begins with, and the line, if promptctl wrote it and nothing went
    /// wrong with its execution. Where the line ends is looked for behind these fields alone.
    #[inline]
    pub(in crate::record) fn first(text: &'l [u8]) -> Option<(Self, &'l [u8])> {
        let (brief, at) = Self::head(text, None)?;
        let end = memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
        let line = &text[..end];
        is_whole(line).then_some((brief, line))
    }

    /// The short fields that a text begins with, and where they end; what went wrong only of a whole line. None of
    /// them holds the end of a line.
    #[inline(always)]
    fn head(text: &'l [u8], line: Option<&'l [u8]>) -> Option<(Self, usize)> {
        let mut at = Cursor { line: text, at: 0 };
        at.eat(b"{\"schema\":1,\"id\":")?;
        let id = at.text()?;
        at.eat(b",\"time\":")?;
        let time = millisecond(at.bytes()?)?;
        at.eat(b",\"prompt\":")?;
        let prompt = at.text()?;
        at.eat(b",\"version\":")?;
        let version = at.count()?.map(u32::try_from).transpose().ok()?;
        at.eat(b",\"digest\":")?;
        at.bytes_or_null()?;
        at.eat(b",\"commit\":")?;
        at.bytes_or_null()?;
        at.eat(b",\"blob\":")?;
        at.bytes_or_null()?;
        at.eat(b",\"dirty\":")?;
        if at.eat(b"false").is_none() {
            at.eat(b"true")?;
        }
        at.eat(b",\"environment\":")?;
        let environment = at.text_or_null()?;
        at.eat(b",\"variant\":")?;
        let variant = at.text_or_null()?;
        at.eat(b",\"source\":")?;
        let source = Source::of(at.bytes()?)?;
        at.eat(b",\"model\":")?;
        let model = at.text_or_null()?;
        at.eat(b",\"status\":")?;
        let status = Status::of(at.bytes()?)?;
        at.eat(b",\"duration_ms\":")?;
        let duration_ms = at.count()?;
        at.eat(b",\"attempts\":")?;
        u32::try_from(at.count()??).ok()?;
        at.eat(b",\"usage\":{\"input_tokens\":")?;
        let input_tokens = at.count()?;
        at.eat(b",\"cached_tokens\":")?;
        let cached_tokens = at.count()?;
        let cache_write_tokens = match at.eat(b",\"cache_write_tokens\":") {
            Some(()) => at.count()?,
            None => None,
        };
        at.eat(b",\"output_tokens\":")?;
        let output_tokens = at.count()?;
        at.eat(b",\"reasoning_tokens\":")?;
        let reasoning_tokens = at.count()?;
        at.eat(b",\"total_tokens\":")?;
        let total_tokens = at.count()?;
        at.eat(b"},\"cost_usd\":")?;
        let cost_usd = at.number()?;
        at.eat(b",\"response_id\":")?;
        let response_id = at.text_or_null()?;
        at.eat(b",\"request_id\":")?;
        at.bytes_or_null()?;
        at.eat(b",\"request_hash\":")?;
        let mut request = at.text_or_null()?;
        if at.eat(b",\"sent\":[").is_some() {
            while at.eat(b"]").is_none() {
                at.bytes()?;
                at.eat(b",").or_else(|| at.is_before(b"]"))?;
                request = None;
            }
        }
        if at.eat(b",\"sent_hash\":").is_some() {
            request = at.text_or_null()?.or(request);
        }
        at.eat(b",\"case\":")?;
        let case = at.text_or_null()?;
        at.eat(b",\"labels\":{")?;
        let labels = at.labels()?;
        at.eat(b",\"fallback\":")?;
        at.bytes_or_null()?;
        at.eat(b",\"error\":")?;
        let mut failure = None;
        if at.eat(b"null,\"variables\":").is_none() {
            let line = line?;
            let error = line.get(at.at..head_end(line)?)?;
            // What is escaped here is left to the other reader, as everywhere.
            if memchr(b'\\', error).is_some() {
                return None;
            }
            let WrittenError { code, reason, .. } = serde_json::from_slice(error).ok()?;
            failure = Some(BriefError { code, reason });
        }
        let brief = Self {
            id,
            time,
            prompt,
            version,
            environment,
            variant,
            source,
            model,
            status,
            duration_ms,
            usage: Usage {
                input_tokens,
                cached_tokens,
                cache_write_tokens,
                output_tokens,
                reasoning_tokens,
                total_tokens,
            },
            cost_usd,
            response_id,
            case,
            request,
            error: failure,
            left_out: LeftOut::default(),
            labels: Labels::Line(labels),
        };
        Some((brief, at.at))
    }
}

/// Where a line is read.
struct Cursor<'l> {
    line: &'l [u8],
    at: usize,
}

/// The same byte eight times.
const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The top bits of the bytes that are 0; of those above the first one nothing is known.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(eight(1)) & !word & eight(0x80)
}

impl<'l> Cursor<'l> {
    #[inline(always)]
    fn rest(&self) -> &'l [u8] {
        &self.line[self.at..]
    }

    /// The length is known to the compiler, so that no loop is needed.
    #[inline(always)]
    fn is_before<const N: usize>(&self, word: &[u8; N]) -> Option<()> {
        (self.rest().first_chunk::<N>()? == word).then_some(())
    }

    #[inline(always)]
    fn eat<const N: usize>(&mut self, word: &[u8; N]) -> Option<()> {
        self.is_before(word)?;
        self.at += N;
        Some(())
    }

    /// A text in which nothing is escaped and that is sound UTF-8. Most are short and plain, and are
    /// looked through eight bytes at a time.
    #[inline(always)]
    fn bytes(&mut self) -> Option<&'l [u8]> {
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

    fn bytes_slowly(&mut self) -> Option<&'l [u8]> {
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
    fn text(&mut self) -> Option<&'l str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    #[inline(always)]
    fn bytes_or_null(&mut self) -> Option<()> {
        match self.eat(b"null") {
            Some(()) => Some(()),
            None => self.bytes().map(|_| ()),
        }
    }

    #[inline(always)]
    fn text_or_null(&mut self) -> Option<Option<&'l str>> {
        match self.eat(b"null") {
            Some(()) => Some(None),
            None => self.text().map(Some),
        }
    }

    /// A whole number, or null.
    #[inline]
    fn count(&mut self) -> Option<Option<u64>> {
        if self.eat(b"null").is_some() {
            return Some(None);
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
        Some(Some(sum))
    }

    /// A number, or null.
    fn number(&mut self) -> Option<Option<f64>> {
        if self.eat(b"null").is_some() {
            return Some(None);
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
        Some(Some(number))
    }

    /// What stands between the braces of the labels.
    fn labels(&mut self) -> Option<&'l str> {
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
        std::str::from_utf8(&self.line[start..self.at - 1]).ok()
    }
}

/// A number of few digits, such as `0.00057725`: both parts of the fraction are exact, and so it is
/// rounded once.
fn plain(text: &[u8]) -> Option<f64> {
    let (mut digits, mut places, mut has_point) = (0_u64, 0_i32, false);
    for byte in text {
        match byte {
            b'.' if !has_point => has_point = true,
            b'0'..=b'9' => {
                digits = digits * 10 + u64::from(byte - b'0');
                places += i32::from(has_point);
            }
            _ => return None,
        }
    }
    let is_number = text.first()?.is_ascii_digit() && text.last()?.is_ascii_digit();
    let is_short = text.len() <= 16 && (text.len() == 1 || text[0] != b'0' || text[1] == b'.');
    (is_number && is_short).then(|| digits as f64 / 10_f64.powi(places))
}

/// A time as promptctl writes it, such as `2026-11-20T12:00:00.123Z`.
fn millisecond(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 24] = text.try_into().ok()?;
    let marks = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'.'),
        (23, b'Z'),
    ];
    if marks.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digit = |sum: i64, byte: &u8| {
            let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
            Some(sum * 10 + digit)
        };
        text[from..to].iter().try_fold(0, digit)
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
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
    Timestamp::from_millisecond(seconds * 1000 + number(20, 23)?).ok()
}

#[cfg(test)]
mod tests;
