//! Files of cases: one case after the other, each with its place.

mod csv;
mod json;
mod lines;

pub(super) use csv::header_of;

use std::io::{self, BufRead, Read as _};
use std::ops::ControlFlow;

use serde_json::Value;

use crate::prompt::code;
use crate::prompt::document::{Object, parse_items};
use crate::prompt::finding::{Finding, Span};
use crate::prompt::rendered::Variable;
use crate::prompt::weight::weight;

/// The largest case, in bytes.
pub(super) const MAX_CASE: usize = 1 << 20;

/// The largest dataset of YAML is what YAML is read of at all.
const MAX_YAML: u64 = 10 << 20;

/// The formats of datasets, by the endings of their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A case a line.
    JsonLines,
    /// A list.
    Json,
    /// A list.
    Yaml,
    /// A table with a header.
    Csv,
}

impl Format {
    /// The format of a file by its name.
    pub(super) fn of(path: &str) -> Option<Self> {
        let (_, ending) = path.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// One entry of a dataset.
pub(super) struct Entry<'t> {
    pub(super) value: Value,
    /// The place of a key such as `case.id`, or else of the nearest thing around it; that of the
    /// entry for nothing.
    pub(super) place: &'t dyn Fn(&str) -> Span,
}

/// Whether more is wanted.
pub(super) type Go = ControlFlow<()>;

/// Who takes the entries of a dataset, and what is wrong with it.
pub(super) type Take<'a> = dyn FnMut(Result<Entry<'_>, Finding>) -> Go + 'a;

/// What the columns of a table mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns<'a> {
    /// What stands before the metadata: `case`, or `$case`.
    pub(super) meta: &'a str,
    /// The variables, whose types tell texts from JSON.
    pub(super) variables: &'a [Variable],
}

/// Reads the entries of a dataset. Findings have a place and no file.
pub(super) fn read(
    format: Format,
    reader: &mut dyn BufRead,
    columns: Columns<'_>,
    take: &mut Take<'_>,
) -> Go {
    match format {
        Format::JsonLines => json::lines(reader, take),
        Format::Json => json::list(reader, take),
        Format::Csv => csv::table(reader, columns, take),
        Format::Yaml => yaml(reader, take),
    }
}

fn yaml(reader: &mut dyn BufRead, take: &mut Take<'_>) -> Go {
    let mut bytes = Vec::new();
    if let Err(error) = reader.take(MAX_YAML + 1).read_to_end(&mut bytes) {
        return take(Err(unreadable(&error)));
    }
    if bytes.len() as u64 > MAX_YAML {
        let message = "a dataset of YAML may have 10 MB";
        return take(Err(bad(message).help("write it as JSON lines")));
    }
    let text = match utf8(&bytes, 1) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(finding) => return take(Err(finding)),
    };
    let items = match parse_items(text) {
        Ok(items) => items,
        Err(finding) => {
            let code = code::BAD_DATASET;
            return take(Err(Finding { code, ..finding }));
        }
    };
    for item in items {
        let place = |path: &str| {
            let mut path = path;
            loop {
                if let Some((_, at)) = item.places.iter().find(|(key, _)| key == path) {
                    return *at;
                }
                match path.rfind('.') {
                    Some(dot) => path = &path[..dot],
                    None => return item.at,
                }
            }
        };
        let value = item.value;
        let entry = match weight(&value, MAX_CASE) > MAX_CASE {
            true => Err(too_large(item.at.line)),
            false => Ok(Entry {
                value,
                place: &place,
            }),
        };
        take(entry)?;
    }
    Go::Continue(())
}

/// The fields of an entry.
pub(super) fn fields(value: Value, place: &dyn Fn(&str) -> Span) -> Result<Object, Finding> {
    match value {
        Value::Object(fields) => Ok(fields),
        other => {
            let noun = match other {
                Value::Null => "nothing",
                Value::Bool(_) => "true or false",
                Value::Number(_) => "a number",
                Value::String(_) => "a text",
                Value::Array(_) => "a list",
                Value::Object(_) => "a map",
            };
            let message = format!("a case is a map of fields, this is {noun}");
            Err(bad(message)
                .at(place(""))
                .help("write it as {\"ticket\": \"…\", \"expected\": \"…\"}"))
        }
    }
}

/// A finding about the dataset.
fn bad(message: impl Into<String>) -> Finding {
    Finding::error(code::BAD_DATASET, message)
}

fn unreadable(error: &io::Error) -> Finding {
    bad(format!("the dataset could not be read: {error}"))
}

fn too_large(line: usize) -> Finding {
    bad("a case may have 1 MB, and this has more")
        .at(Span::point(line, 1))
        .help("send what is large as a file: {file: charts/a.png}")
}

/// The text of a piece that begins on this line.
fn utf8(bytes: &[u8], line: usize) -> Result<&str, Finding> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let at = Span::from_range(&good, good.len()..good.len());
        let line = line + at.line - 1;
        bad("the dataset is not UTF-8 text")
            .at(Span { line, ..at })
            .help("save it as UTF-8: iconv -f latin1 -t utf-8 converts the most common other encoding")
    })
}

/// A place inside a piece of a text, as a place of the whole: `base` is where the piece begins.
fn within(base: Span, at: Span) -> Span {
    Span {
        line: base.line + at.line - 1,
        column: match at.line {
            1 => base.column + at.column - 1,
            _ => at.column,
        },
        length: at.length,
    }
}

/// Whether a text is what git holds in the place of a file of git LFS.
fn is_pointer(text: &str) -> bool {
    text.starts_with("version https://git-lfs.github.com/spec/")
}

/// That a file of git LFS is not here.
fn only_a_pointer() -> Finding {
    bad("git LFS has not brought the dataset: this is only its pointer")
        .at(Span::point(1, 1))
        .help("git lfs pull brings it")
}
