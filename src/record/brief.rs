//! What a line of the log says shortly, borrowed from the line.
//!
//! A line that promptctl wrote has its fields in one order, so that it is read from its beginning
//! without looking for anything. Whatever is otherwise in a line, however slightly, is left to the
//! reader that takes any JSON.

mod cursor;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use jiff::Timestamp;
use memchr::memchr;
use memchr::memmem::Finder;
use serde::Deserialize;

use self::cursor::{Cursor, millisecond};
use super::entry::{Record, Source, Status, Usage};
use super::possible::{CallFigures, Impossible, ImpossibleFigures};

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

/// A text of a line. That it is sound UTF-8 was seen when it was read, and is seen again by who looks at it: most are
/// not looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::record) struct Text<'l>(&'l [u8]);

impl<'l> Text<'l> {
    pub(in crate::record) fn as_str(self) -> &'l str {
        std::str::from_utf8(self.0).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Text<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

impl<'l> From<&'l str> for Text<'l> {
    fn from(text: &'l str) -> Self {
        Self(text.as_bytes())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// The short fields of a record.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::record) struct Brief<'l> {
    pub(in crate::record) id: Text<'l>,
    pub(in crate::record) time: Timestamp,
    pub(in crate::record) prompt: Text<'l>,
    pub(in crate::record) version: Option<u32>,
    pub(in crate::record) environment: Option<Text<'l>>,
    pub(in crate::record) variant: Option<Text<'l>>,
    pub(in crate::record) source: Source,
    pub(in crate::record) model: Option<Text<'l>>,
    pub(in crate::record) status: Status,
    pub(in crate::record) duration_ms: Option<u64>,
    pub(in crate::record) usage: Usage,
    pub(in crate::record) cost_usd: Option<f64>,
    pub(in crate::record) response_id: Option<Text<'l>>,
    pub(in crate::record) case: Option<Text<'l>>,
    /// The hash of the whole request, with what a caller added.
    pub(in crate::record) request: Option<Text<'l>>,
    /// What went wrong.
    pub(in crate::record) error: Option<BriefError<'l>>,
    /// Which of its figures were taken out, since no call has them.
    pub(in crate::record) impossible: ImpossibleFigures,
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
    Line(Text<'l>),
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
            Self::Line(text) => pairs(text.as_str()).collect(),
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
        let text = |text: &'l Option<String>| text.as_deref().map(Text::from);
        Self {
            id: record.id.as_str().into(),
            time: record.time,
            prompt: record.prompt.as_str().into(),
            version: record.version,
            environment: text(&record.environment),
            variant: text(&record.variant),
            source: record.source,
            model: text(&record.model),
            status: record.status,
            duration_ms: record.duration_ms,
            usage: record.usage,
            cost_usd: record.cost_usd,
            response_id: text(&record.response_id),
            case: text(&record.case),
            request: match &record.sent_hash {
                Some(hash) => Some(hash.as_str().into()),
                None if record.sent.is_empty() => text(&record.request_hash),
                None => None,
            },
            error: record.error.as_ref().map(|error| BriefError {
                code: error.code.as_deref(),
                reason: error.reason.as_deref(),
            }),
            impossible: ImpossibleFigures::default(),
            labels: Labels::Map(&record.labels),
        }
    }

    /// Takes out figures that no call has, and says which is the first.
    pub(in crate::record) fn take_out_impossible(&mut self) -> Option<Impossible> {
        let figures = CallFigures {
            cost_usd: &mut self.cost_usd,
            duration_ms: &mut self.duration_ms,
            tokens: self.usage.counts(),
        };
        let (first, impossible) = figures.take_out()?;
        self.impossible = impossible;
        Some(first)
    }

    /// The value of a label.
    pub(in crate::record) fn label(&self, name: &str) -> Option<&'l str> {
        match self.labels {
            Labels::Line(text) => pairs(text.as_str())
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
        let version = at.count()?.value().map(u32::try_from).transpose().ok()?;
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
        let environment = at.text_or_null()?.value();
        at.eat(b",\"variant\":")?;
        let variant = at.text_or_null()?.value();
        at.eat(b",\"source\":")?;
        let source = Source::of(at.bytes()?)?;
        at.eat(b",\"model\":")?;
        let model = at.text_or_null()?.value();
        at.eat(b",\"status\":")?;
        let status = Status::of(at.bytes()?)?;
        at.eat(b",\"duration_ms\":")?;
        let duration_ms = at.count()?.value();
        at.eat(b",\"attempts\":")?;
        u32::try_from(at.count()?.value()?).ok()?;
        at.eat(b",\"usage\":{\"input_tokens\":")?;
        let input_tokens = at.count()?.value();
        at.eat(b",\"cached_tokens\":")?;
        let cached_tokens = at.count()?.value();
        let cache_write_tokens = match at.eat(b",\"cache_write_tokens\":") {
            Some(()) => at.count()?.value(),
            None => None,
        };
        at.eat(b",\"output_tokens\":")?;
        let output_tokens = at.count()?.value();
        at.eat(b",\"reasoning_tokens\":")?;
        let reasoning_tokens = at.count()?.value();
        at.eat(b",\"total_tokens\":")?;
        let total_tokens = at.count()?.value();
        at.eat(b"},\"cost_usd\":")?;
        let cost_usd = at.number()?.value();
        at.eat(b",\"response_id\":")?;
        let response_id = at.text_or_null()?.value();
        at.eat(b",\"request_id\":")?;
        at.bytes_or_null()?;
        at.eat(b",\"request_hash\":")?;
        let mut request = at.text_or_null()?.value();
        if at.eat(b",\"sent\":[").is_some() {
            while at.eat(b"]").is_none() {
                at.bytes()?;
                at.eat(b",").or_else(|| at.is_before(b"]"))?;
                request = None;
            }
        }
        if at.eat(b",\"sent_hash\":").is_some() {
            request = at.text_or_null()?.value().or(request);
        }
        at.eat(b",\"case\":")?;
        let case = at.text_or_null()?.value();
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
            impossible: ImpossibleFigures::default(),
            labels: Labels::Line(labels),
        };
        Some((brief, at.at))
    }
}

#[cfg(test)]
mod tests;
