//! One line of the log, read no further than needed.

use std::path::PathBuf;
use std::sync::LazyLock;

use jiff::Timestamp;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{BadLine, Item};
use crate::record::brief::{Brief, head_end};
use crate::record::entry::{Outcome, Record, SCHEMA};
use crate::record::filter::{Filter, has_part};
use crate::record::id::Id;

/// A line as promptctl writes it begins so.
const RECORD_START: &[u8] = br#"{"schema":1,"id":""#;
const OUTCOME_START: &[u8] = br#"{"schema":1,"outcome_of":""#;

/// A line as far as it was read.
pub(in crate::record) enum Parsed {
    Record(Box<Record>),
    Outcome(Outcome),
    /// Why it is not sound, and its schema where that is one of a newer version.
    Bad(String, Option<u64>),
}

impl Parsed {
    pub(super) fn into_item(self, path: PathBuf, offset: u64) -> Item {
        match self {
            Self::Record(record) => Item::Record(record),
            Self::Outcome(outcome) => Item::Outcome(outcome),
            Self::Bad(reason, newer_schema) => Item::Bad(BadLine {
                path,
                line: 0,
                offset,
                reason,
                newer_schema,
            }),
        }
    }
}

/// Reads a line; `None` for a record that the filter leaves out.
pub(in crate::record) fn parse(line: &[u8], filter: &Filter, is_short: bool) -> Option<Parsed> {
    parse_or_id(line, filter, is_short).ok()
}

/// Reads a line. Of a record that the filter leaves out, the id; none where that is what leaves it out.
pub(super) fn parse_or_id(
    line: &[u8],
    filter: &Filter,
    is_short: bool,
) -> Result<Parsed, Option<Id>> {
    if let Some(part) = &filter.id
        && let Some(rest) = line
            .strip_prefix(RECORD_START)
            .or_else(|| line.strip_prefix(OUTCOME_START))
        && let Some(end) = memchr::memchr(b'"', rest)
        && let Ok(id) = std::str::from_utf8(&rest[..end])
        // An escaped digit would have to be read first.
        && !id.contains('\\')
        && !has_part(id, part)
    {
        return Err(None);
    }
    match read(line) {
        Line::Brief(record) if !filter.matches(&record) => return Err(Some(Id::of(record.id))),
        Line::Parsed(Parsed::Record(record)) if !filter.matches(&Brief::of(&record)) => {
            return Err(Some(Id::of(&record.id)));
        }
        Line::Brief(_) if is_short => {
            if let Some(record) = head_of(line) {
                return Ok(Parsed::Record(record));
            }
        }
        Line::Parsed(Parsed::Record(record)) if is_short => return Ok(Parsed::Record(record)),
        Line::Brief(_) | Line::Parsed(Parsed::Record(_)) => {}
        Line::Parsed(parsed) => return Ok(parsed),
    }
    Ok(parse_slowly(line))
}

/// The id of a record as promptctl writes it, where the execution began before a time: most are left out by
/// that, so that nothing else of them is read.
pub(super) fn id_before<'l>(line: &'l [u8], since: &Since) -> Option<&'l [u8]> {
    const ID: usize = 36;
    const NAME: &[u8] = br#"","time":""#;
    const TIME: usize = "2026-11-20T12:00:00.123Z".len();
    let (id, rest) = line.strip_prefix(RECORD_START)?.split_at_checked(ID)?;
    let after = rest.strip_prefix(NAME)?;
    let time = (after.get(TIME) == Some(&b'"')).then_some(&after[..TIME])?;
    // As text such times have the order of time, as long as years have four digits.
    let is_plain = |time: &[u8]| {
        let form = b"0000-00-00T00:00:00.000Z";
        (time.iter().zip(form)).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        })
    };
    (is_plain(time) && time < since.0.as_bytes()).then_some(id)
}

/// A time as promptctl writes it.
pub(super) struct Since(String);

impl Since {
    pub(super) fn of(time: Timestamp) -> Self {
        // What is between two milliseconds is left to a closer look; a year before 0 is before all.
        let text = time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        Self(if text.starts_with('-') {
            String::new()
        } else {
            text
        })
    }
}

/// A line, read no further than a figure of it needs.
#[allow(
    clippy::large_enum_variant,
    reason = "one is made of each line, and a box would cost more than the line"
)]
pub(in crate::record) enum Line<'l> {
    /// A record that promptctl wrote.
    Brief(Brief<'l>),
    /// Anything else.
    Parsed(Parsed),
}

/// Whether a line, if it is sound, tells what became of an execution: a record has a prompt.
pub(in crate::record) fn is_of_outcome(line: &[u8]) -> bool {
    static NAME: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(br#""outcome_of""#));
    line.starts_with(OUTCOME_START)
        || (!line.starts_with(RECORD_START) && NAME.find(line).is_some())
}

/// Reads a line shortly.
pub(in crate::record) fn read(line: &[u8]) -> Line<'_> {
    Brief::read(line).map_or_else(|| Line::Parsed(read_slowly(line)), Line::Brief)
}

/// Reads a line that is no record as promptctl writes it.
pub(in crate::record) fn read_slowly(line: &[u8]) -> Parsed {
    if line.starts_with(OUTCOME_START) {
        return parse_outcome(line);
    }
    match head_of(line) {
        Some(record) => newer(record.schema).unwrap_or(Parsed::Record(record)),
        None => parse_slowly(line),
    }
}

fn parse_outcome(line: &[u8]) -> Parsed {
    match serde_json::from_slice::<Outcome>(line) {
        Ok(outcome) => newer(outcome.schema).unwrap_or(Parsed::Outcome(outcome)),
        Err(error) => bad(line, &error),
    }
}

/// What a line of a newer version says, this version cannot know, even where it reads like one of its own.
fn newer(schema: u32) -> Option<Parsed> {
    (schema > SCHEMA).then(|| of_newer(schema.into()))
}

fn of_newer(schema: u64) -> Parsed {
    let reason = format!("the line has schema {schema}, of a newer version of promptctl");
    Parsed::Bad(reason, Some(schema))
}

/// When the call began of which a newer version wrote this line; every version says it alike. None where it is of no
/// call.
pub(in crate::record) fn newer_call(line: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Newer {
        outcome_of: Option<IgnoredAny>,
        time: Option<Timestamp>,
    }
    let line = serde_json::from_slice::<Newer>(line).ok()?;
    line.time.filter(|_| line.outcome_of.is_none())
}

/// Reads a whole line, whatever the order of its fields.
fn parse_slowly(line: &[u8]) -> Parsed {
    match serde_json::from_slice::<Record>(line) {
        Ok(record) => newer(record.schema).unwrap_or_else(|| Parsed::Record(Box::new(record))),
        Err(error) => {
            let is_outcome = serde_json::from_slice::<Value>(line)
                .is_ok_and(|value| value.get("outcome_of").is_some());
            if is_outcome {
                parse_outcome(line)
            } else {
                bad(line, &error)
            }
        }
    }
}

/// The record without its long fields.
fn head_of(line: &[u8]) -> Option<Box<Record>> {
    let at = head_end(line)?;
    let mut head = Vec::with_capacity(at + 1);
    head.extend_from_slice(&line[..at]);
    head.push(b'}');
    serde_json::from_slice(&head).ok()
}

fn bad(line: &[u8], error: &serde_json::Error) -> Parsed {
    let schema = serde_json::from_slice::<Value>(line)
        .ok()
        .and_then(|value| value.get("schema")?.as_u64())
        .filter(|schema| *schema > u64::from(SCHEMA));
    match schema {
        Some(schema) => of_newer(schema),
        None => Parsed::Bad(reason(line, error), None),
    }
}

fn reason(line: &[u8], error: &serde_json::Error) -> String {
    if line.contains(&0) {
        return "the line holds zero bytes, as after a power failure".to_owned();
    }
    if error.is_eof() {
        return "the line is torn: its writer was stopped in the middle".to_owned();
    }
    if error.is_data() {
        // Where in the line it is tells lines of one cause apart.
        let (text, place) = (error.to_string(), (error.line(), error.column()));
        let place = format!(" at line {} column {}", place.0, place.1);
        let why = text.strip_suffix(&place).unwrap_or(&text);
        return format!("the line is not a record: {why}");
    }
    "the line is not JSON".to_owned()
}
