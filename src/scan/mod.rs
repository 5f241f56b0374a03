//! Prompts in source code: ids of stored prompts, and how each is called; and the prompts that
//! stand there as text, in [`found`].
//!
//! Pure: texts come in, facts go out; the files are walked by the command. [`ids::find`] is the
//! sieve, [`find_ids`] reads what stands around each id of a file, [`reads`] does the same for the
//! variables of the environment that hold ids, and [`entry::join`] makes one entry an id of it all.

mod around;
pub mod entry;
pub mod found;
pub mod ids;
mod lex;
mod name;
mod snapshot;
mod yaml;

use std::ops::Range;

use std::collections::{BTreeMap, BTreeSet};

use crate::prompt::finding::{Span, length};

use around::Source;
use lex::Language;

/// The largest file in which more than the ids themselves is read, in bytes.
const LARGEST: usize = 2 << 20;

/// How many ids of one file are read with what stands around them.
const MOST_READ: usize = 1_000;

/// What the value of a variable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueKind {
    Text,
    /// A picture.
    Image,
    File,
}

impl ValueKind {
    /// The kind as scripts read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::File => "file",
        }
    }

    /// The kind that scripts call so.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Text, Self::Image, Self::File]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Which part of the API a call goes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiKind {
    /// `/v1/responses`, as far as can be seen.
    #[default]
    Responses,
    /// A realtime session.
    Realtime,
    /// A line of a batch.
    Batch,
}

impl ApiKind {
    /// The part as scripts read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Responses => "responses",
            Self::Realtime => "realtime",
            Self::Batch => "batch",
        }
    }
}

/// One call that sends an id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The line of the call.
    pub line: usize,
    /// The version that it asks for; OpenAI's current one when there is none.
    pub version: Option<String>,
    /// The variable of the environment that holds the version.
    pub version_variable: Option<String>,
    /// Whether a version is sent that cannot be read from the file.
    pub has_unknown_version: bool,
    /// The variables that it sends.
    pub variables: BTreeMap<String, ValueKind>,
    /// Whether it may send more variables than can be read from the file.
    pub has_more_variables: bool,
    /// The keys beside `prompt`; an empty list is written `input: []`.
    pub beside: BTreeSet<String>,
    /// Which part of the API it goes to.
    pub surface: ApiKind,
}

/// One id in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPlace {
    pub id: String,
    /// Where it stands.
    pub at: Span,
    /// The calls that send it, as far as this file shows.
    pub calls: Vec<Call>,
    /// The variable of the environment that it is the value of.
    pub variable: Option<String>,
    /// What the prompt may be called, in words of this file.
    pub name: Option<String>,
    /// Whether its line allows it, by `promptctl: allow P510`.
    pub is_allowed: bool,
}

/// A variable of the environment that a file reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvRead {
    pub variable: String,
    /// Where it is read.
    pub at: Span,
    /// The calls that send its value.
    pub calls: Vec<Call>,
    /// What the prompt may be called, in words of this file.
    pub name: Option<String>,
}

/// Every id of a file with what stands around it. The ids that promptctl itself wrote, where a
/// prompt came from, are left out.
pub fn find_ids(path: &str, text: &str) -> Vec<IdPlace> {
    let found = ids::find(text.as_bytes());
    let sources = snapshot::sources(path, text, found.len()).unwrap_or_default();
    let mut lines = Lines::new(text);
    let mut places = Vec::with_capacity(found.len());
    let source = (text.len() <= LARGEST).then(|| Source::new(text, Language::of(path)));
    for (index, range) in found.into_iter().enumerate() {
        if sources.get(index) == Some(&true) {
            continue;
        }
        let at = lines.span(range.clone());
        let mut place = IdPlace {
            id: text[range.clone()].to_owned(),
            at,
            calls: Vec::new(),
            variable: None,
            name: None,
            is_allowed: lines.line().contains("promptctl: allow P510"),
        };
        if let Some(source) = source.as_ref().filter(|_| index < MOST_READ) {
            if source.language.is_yaml
                && let Some(entry) = yaml::entry_at(text, range.start)
            {
                if entry.is_source() {
                    continue;
                }
                entry.tell(&mut place);
            } else {
                source.tell(range.start, &mut place);
            }
            place.name = name::proposed(path, text, range.start, place.name.as_deref());
        }
        places.push(place);
    }
    places
}

/// Where a file reads these variables of the environment, and the calls that send their values;
/// `values` are the variables that hold numbers, which may be versions.
pub fn reads(
    path: &str,
    text: &str,
    variables: &BTreeSet<String>,
    values: &BTreeSet<String>,
) -> Vec<EnvRead> {
    if text.len() > LARGEST {
        return Vec::new();
    }
    let source = Source::new(text, Language::of(path)).with_values(values);
    let mut lines = Lines::new(text);
    let mut reads = Vec::new();
    for (variable, start) in source.mentions(variables) {
        let calls = source.calls_at(start);
        let words = source.declared_at(start);
        reads.push(EnvRead {
            variable: variable.clone(),
            at: lines.span(start..start + variable.len()),
            calls,
            name: name::proposed(
                path,
                text,
                start,
                words.as_deref().or(Some(variable.as_str())),
            ),
        });
        if reads.len() >= MOST_READ {
            break;
        }
    }
    reads
}

/// Whether a file of this name may read the environment.
pub fn may_read_environment(path: &str) -> bool {
    Language::is_code(path)
}

/// The small numbers that a file of settings gives to variables: what a version may be.
pub fn numbers(path: &str, text: &str) -> Vec<(String, String)> {
    if text.len() > LARGEST || !Language::of(path).is_settings {
        return Vec::new();
    }
    let is_name = |name: &str| {
        name.len() > 2
            && name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    text.lines()
        .filter(|line| line.len() < 200)
        .filter_map(|line| {
            let (name, value) = line.split_once(['=', ':'])?;
            let name = name
                .trim()
                .trim_start_matches("- ")
                .trim_start_matches("export ");
            let name = name.trim_matches(['"', '\'', ' ']);
            let value = value.trim().trim_matches(['"', '\'', ' ', ',']);
            let is_number =
                (1..=4).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
            (is_name(name) && is_number).then(|| (name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// Positions in a text that are asked for in order, found without reading the text again each time.
struct Lines<'a> {
    text: &'a str,
    line: usize,
    start: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            line: 1,
            start: 0,
        }
    }

    /// The place of a part of the text, not before the one asked for last.
    fn span(&mut self, range: Range<usize>) -> Span {
        let at = range.start;
        if at < self.start {
            *self = Self::new(self.text);
        }
        let passed = &self.text.as_bytes()[self.start..at];
        if let Some(last) = memchr::memrchr(b'\n', passed) {
            self.line += memchr::memchr_iter(b'\n', passed).count();
            self.start += last + 1;
        }
        // A column in a line of megabytes is of no use to anyone.
        let before = &self.text[self.start..at];
        let column = if before.len() > 10_000 {
            before.len()
        } else {
            before.chars().count()
        };
        Span {
            line: self.line,
            column: column + 1,
            length: length(self.text, range),
        }
    }

    /// The line of the place that was asked for last, as far as it is worth reading.
    fn line(&self) -> &'a str {
        let rest = &self.text[self.start..];
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let end = rest.floor_char_boundary(end.min(4_000));
        &rest[..end]
    }
}

#[cfg(test)]
mod tests;
