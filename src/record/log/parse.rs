//! One line of the log, read no further than needed.

use std::path::PathBuf;

use serde_json::Value;

use super::{BadLine, Item};
use crate::record::entry::{Outcome, Record, SCHEMA};
use crate::record::filter::{Filter, has_part};

/// A line as promptctl writes it begins so.
const RECORD_START: &[u8] = br#"{"schema":1,"id":""#;
const OUTCOME_START: &[u8] = br#"{"schema":1,"outcome_of":""#;

/// The first of the long fields. Its quotation marks cannot stand inside a JSON string.
const LONG_FIELDS: &[u8] = br#","variables":"#;

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
        return None;
    }
    if line.starts_with(OUTCOME_START) {
        return Some(parse_outcome(line));
    }
    if let Some(head) = head_of(line) {
        let Ok(record) = serde_json::from_slice::<Record>(&head) else {
            return Some(parse_slowly(line));
        };
        if !filter.matches(&record) {
            return None;
        }
        if is_short {
            return Some(Parsed::Record(Box::new(record)));
        }
    }
    match parse_slowly(line) {
        Parsed::Record(record) if !filter.matches(&record) => None,
        parsed => Some(parsed),
    }
}

fn parse_outcome(line: &[u8]) -> Parsed {
    match serde_json::from_slice(line) {
        Ok(outcome) => Parsed::Outcome(outcome),
        Err(error) => bad(line, &error),
    }
}

/// Reads a whole line, whatever the order of its fields.
fn parse_slowly(line: &[u8]) -> Parsed {
    match serde_json::from_slice::<Record>(line) {
        Ok(record) => Parsed::Record(Box::new(record)),
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

/// The record without its long fields, as JSON, if the line is one that promptctl wrote and that
/// has its end.
fn head_of(line: &[u8]) -> Option<Vec<u8>> {
    let is_whole = line.ends_with(b"\"}") || line.ends_with(b"null}");
    let at = memchr::memmem::find(line, LONG_FIELDS).filter(|_| is_whole)?;
    let mut head = Vec::with_capacity(at + 1);
    head.extend_from_slice(&line[..at]);
    head.push(b'}');
    Some(head)
}

fn bad(line: &[u8], error: &serde_json::Error) -> Parsed {
    let schema = serde_json::from_slice::<Value>(line)
        .ok()
        .and_then(|value| value.get("schema")?.as_u64())
        .filter(|schema| *schema > u64::from(SCHEMA));
    match schema {
        Some(schema) => {
            let reason = format!("the line has schema {schema}, of a newer version of promptctl");
            Parsed::Bad(reason, Some(schema))
        }
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
        return format!("the line is not a record: {error}");
    }
    "the line is not JSON".to_owned()
}
