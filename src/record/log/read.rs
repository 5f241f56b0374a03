//! Reading the log: lines to records, filtered, with their outcomes.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rayon::prelude::*;

use super::hold::{Held, Turn, quiet_length};
use super::lines::{Blocks, Segment, lines_of};
use super::parse::{Parsed, Since, id_before, parse, parse_or_id};
use super::{Log, is_same};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::hint::Hint;
use crate::record::archive::{is_packed, unpack};
use crate::record::entry::{Outcome, Record};
use crate::record::filter::{Filter, is_whole_id};
use crate::record::id::Id;
use crate::record::outcomes::told_at;
use crate::record::regular::open_regular;

/// Blocks of fewer lines are not worth a second thread.
const FEW_LINES: usize = 256;

/// How often the parts of the log are looked up anew when it was rotated meanwhile.
const MOST_ROTATIONS: usize = 100;

/// Which end of the log comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// As it was written.
    #[default]
    OldestFirst,
    /// The newest record first: `list` goes by when the executions began, and `visit` by the lines, the last
    /// first.
    NewestFirst,
}

/// What is asked of the log.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Which records.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// How many at most.
    pub limit: Option<usize>,
    /// Whether `variables` and `output` are left out, which is several times faster.
    pub is_short: bool,
}

/// An execution: its record, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    pub record: Record,
    /// The outcomes that were recorded, in the order of the log.
    pub outcomes: Vec<Outcome>,
}

impl Execution {
    /// The outcomes in the order in which they count: of each thing, the last one that says it.
    pub fn as_they_count(&self, now: Timestamp) -> Vec<&Outcome> {
        let mut outcomes: Vec<&Outcome> = self.outcomes.iter().collect();
        outcomes.sort_by_key(|it| told_at(it.time, now));
        outcomes
    }

    /// How many outcomes are dated more than a day ahead of now: any other counts in their place.
    pub fn ahead(&self, now: Timestamp) -> usize {
        let ahead = self
            .outcomes
            .iter()
            .filter(|it| told_at(it.time, now).is_none());
        ahead.count()
    }
}

/// What was asked of the log, and what in it is not sound.
#[derive(Debug, Default)]
pub struct Listing {
    pub executions: Vec<Execution>,
    /// Lines that are not records, among those that were read.
    pub bad: Vec<BadLine>,
    /// How many records have the id of one above them and say something else: the first of the log counts.
    pub differing: u64,
}

/// A line that is not a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1; 0 where it was not counted.
    pub line: usize,
    /// Where the line begins, in bytes.
    pub offset: u64,
    /// What is wrong with it.
    pub reason: String,
    /// Its schema, where a newer version of promptctl wrote the line.
    pub newer_schema: Option<u64>,
}

impl From<&BadLine> for Finding {
    fn from(bad: &BadLine) -> Self {
        let position = (bad.line > 0).then_some(Span::point(bad.line, 1));
        Self::warning(code::BAD_LOG_LINE, format!("skipped: {}", bad.reason))
            .at(position)
            .in_file(&bad.path.display().to_string())
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// An execution.
    Record(Box<Record>),
    /// What became of one.
    Outcome(Outcome),
    /// A line that is not sound.
    Bad(BadLine),
}

/// The end of the log, as it was when it was last looked at.
#[derive(Debug, Default)]
pub struct Tail {
    /// The file that was read last: the log may have been swapped since.
    file: Option<File>,
    offset: u64,
}

impl Log {
    /// Hands over one line after the other, with little memory, until `each` breaks: the records
    /// that the query's filter means, every outcome, and what is not sound. Outcomes are not
    /// joined, so filters by an outcome's label and the limit are left to the caller.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn visit(
        &self,
        query: &Query,
        each: &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        self.visit_all(query, &mut |met| match met {
            Ok(item) => each(item),
            Err(_) => ControlFlow::Continue(()),
        })
    }

    /// The same, with the ids of the records that the filter leaves out.
    pub(super) fn visit_all(
        &self,
        query: &Query,
        each: &mut dyn FnMut(Result<Item, Id>) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let mut parts = self.parts()?;
        if query.order == Order::NewestFirst {
            parts.reverse();
        }
        for (path, part) in parts {
            let seen = visit_part(&path, part, query, each);
            if seen.map_err(|error| self.read_failed(error))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The execution with this id, or the only one whose id begins or ends so, and how many other records of
    /// it say something else.
    ///
    /// # Errors
    /// - `P321`: there is none, or there are several.
    /// - The file cannot be read.
    pub fn find(&self, id: &str) -> Result<(Execution, u64), Failure> {
        self.find_with(id, false)
    }

    /// The id of this execution, or of the only one whose id begins or ends so: whatever record has it will do,
    /// so that of a whole id no more is read than up to the last one.
    ///
    /// # Errors
    /// See [`find`](Self::find).
    pub fn find_id(&self, id: &str) -> Result<String, Failure> {
        Ok(self.find_with(id, true)?.0.record.id)
    }

    fn find_with(&self, id: &str, is_any: bool) -> Result<(Execution, u64), Failure> {
        let id = id.trim().to_ascii_lowercase();
        let query = Query {
            filter: Filter {
                id: Some(id.clone()),
                ..Filter::default()
            },
            order: Order::NewestFirst,
            limit: (is_any && is_whole_id(&id)).then_some(1),
            is_short: is_any,
        };
        let listing = self.list(&query)?;
        let mut found = listing.executions;
        let unknown = |message: String| Failure::new(code::UNKNOWN_EXECUTION, message);
        if id.is_empty() || found.is_empty() {
            return Err(
                unknown(format!("no execution has the id `{id}`")).hint(Hint::ListExecutions)
            );
        }
        if found.len() > 1 {
            let some: Vec<_> = found
                .iter()
                .take(5)
                .map(|it| it.record.id.as_str())
                .collect();
            return Err(unknown(format!(
                "{} executions have ids that begin or end with `{id}`",
                found.len()
            ))
            .hint(format!(
                "give more of the id, such as of {}",
                some.join(", ")
            )));
        }
        Ok((found.swap_remove(0), listing.differing))
    }

    /// The end of the log now: what is appended from here on, [`follow`](Self::follow) tells.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn tail(&self) -> Result<Tail, Failure> {
        Ok(match self.open_to_read()? {
            Some((file, offset)) => Tail {
                file: Some(file),
                offset,
            },
            None => Tail::default(),
        })
    }

    /// What was appended between `tail` and the turn of one who holds the log now; none where the log is
    /// another file.
    pub(in crate::record) fn since(&self, tail: &Tail, held: &Held) -> io::Result<Option<Blocks>> {
        let length = held.file.metadata()?.len();
        let is_there = |seen: &File| is_same(seen, &self.path) && tail.offset <= length;
        if !tail.file.as_ref().is_some_and(is_there) {
            return Ok(None);
        }
        let segment = Segment::File(held.file.try_clone()?, length);
        let blocks = Blocks::between(segment, Order::OldestFirst, tail.offset, length);
        Ok(Some(blocks))
    }

    /// The whole lines that were appended since `tail`, which moves on. After the log was swapped
    /// for another file, by rotation or pruning, what was left of the old one is returned, then the
    /// new one from its beginning.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn follow(&self, tail: &mut Tail) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::new();
        if let Some(old) = tail.file.take() {
            if is_same(&old, &self.path) {
                tail.file = Some(old);
            } else {
                let length = old.metadata().map_or(0, |it| it.len());
                self.follow_file(&old, length, &mut tail.offset, &mut items)?;
                tail.offset = 0;
            }
        }
        if let Some((file, length)) = self.open_to_read()? {
            self.follow_file(&file, length, &mut tail.offset, &mut items)?;
            tail.file = Some(file);
        }
        Ok(items)
    }

    fn follow_file(
        &self,
        file: &File,
        length: u64,
        offset: &mut u64,
        items: &mut Vec<Item>,
    ) -> Result<(), Failure> {
        if length < *offset {
            *offset = 0;
        }
        let file = file.try_clone().map_err(|error| self.read_failed(error))?;
        let segment = Segment::File(file, length);
        let mut blocks = Blocks::between(segment, Order::OldestFirst, *offset, length);
        while let Some((at, text)) = blocks.next().map_err(|error| self.read_failed(error))? {
            // A line without an end is still being written, or will be set apart.
            let whole = memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1);
            *offset = at + whole as u64;
            items.extend(
                lines_of(at, &text[..whole])
                    .into_iter()
                    .filter_map(|(at, line)| {
                        let parsed = parse(line, &Filter::default(), false)?;
                        Some(parsed.into_item(self.path.clone(), at))
                    }),
            );
        }
        Ok(())
    }

    /// The parts of the log, the oldest first.
    pub(in crate::record) fn parts(&self) -> Result<Vec<(PathBuf, Part)>, Failure> {
        for _ in 0..MOST_ROTATIONS {
            if let Some(parts) = self.parts_now()? {
                return Ok(parts);
            }
        }
        Err(self.read_failed(io::Error::other("it is being rotated over and over")))
    }

    /// The parts of the log, unless it was rotated while they were opened.
    fn parts_now(&self) -> Result<Option<Vec<(PathBuf, Part)>>, Failure> {
        let archives = self.archives().map_err(|error| self.read_failed(error))?;
        let mut parts = Vec::new();
        for path in archives.values() {
            match Part::open_at(path) {
                Ok(part) => parts.push((path.clone(), part)),
                // It was compressed or pruned meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(self.read_failed(error)),
            }
        }
        if let Some((file, length)) = self.open_to_read()? {
            let part = match is_packed(&self.path) {
                true => Part::Packed(file),
                false => Part::Text(file, length),
            };
            parts.push((self.path.clone(), part));
        }
        let now = self.archives().map_err(|error| self.read_failed(error))?;
        let is_unchanged =
            now.last_key_value().map(|it| it.0) == archives.last_key_value().map(|it| it.0);
        Ok(is_unchanged.then_some(parts))
    }

    /// The file and its length at a moment when nobody writes, so that a record that is being
    /// written does not look torn.
    fn open_to_read(&self) -> Result<Option<(File, u64)>, Failure> {
        let turn = Turn::to_look(&self.path);
        let opened = open_regular(&self.path)
            .and_then(|file| quiet_length(&file).map(|length| (file, length)));
        drop(turn);
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.read_failed(error)),
        }
    }
}

/// A part of the log that is open and not read yet.
pub(in crate::record) enum Part {
    Text(File, u64),
    Packed(File),
}

impl Part {
    pub(in crate::record) fn open_at(path: &Path) -> io::Result<Self> {
        let file = open_regular(path)?;
        if is_packed(path) {
            return Ok(Self::Packed(file));
        }
        let length = file.metadata()?.len();
        Ok(Self::Text(file, length))
    }

    /// How large the file is, in bytes.
    pub(in crate::record) fn size(&self) -> u64 {
        match self {
            Self::Text(_, length) => *length,
            Self::Packed(file) => file.metadata().map_or(0, |it| it.len()),
        }
    }

    /// Its text and how long that is, and why it is not all, if it is not.
    pub(in crate::record) fn open(self) -> io::Result<(Segment, u64, Option<&'static str>)> {
        Ok(match self {
            Self::Text(file, length) => (Segment::File(file, length), length, None),
            Self::Packed(file) => {
                let unpacked = unpack(file)?;
                (unpacked.segment, unpacked.length, unpacked.damage)
            }
        })
    }
}

/// Hands over the lines of one part.
fn visit_part(
    path: &Path,
    part: Part,
    query: &Query,
    each: &mut dyn FnMut(Result<Item, Id>) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let (segment, length, damage) = part.open()?;
    if let Some(damage) = damage
        && each(Ok(damaged(path, length, damage))).is_break()
    {
        return Ok(ControlFlow::Break(()));
    }
    let mut blocks = Blocks::new(segment, query.order);
    while let Some((at, text)) = blocks.next()? {
        for (at, met) in parse_all(at, &text, query) {
            if each(met.map(|it| it.into_item(path.to_path_buf(), at))).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

pub(super) fn damaged(path: &Path, length: u64, damage: &str) -> Item {
    Item::Bad(BadLine {
        path: path.to_path_buf(),
        line: 0,
        offset: length,
        reason: format!("the archive is damaged: {damage}"),
        newer_schema: None,
    })
}

pub(super) fn parse_block(at: u64, text: &[u8], query: &Query) -> Vec<(u64, Parsed)> {
    let met = parse_all(at, text, query).into_iter();
    met.filter_map(|(at, met)| Some((at, met.ok()?))).collect()
}

/// The lines of a block; of records that the query leaves out the ids.
pub(super) fn parse_all(at: u64, text: &[u8], query: &Query) -> Vec<(u64, Result<Parsed, Id>)> {
    let lines = lines_of(at, text);
    let since = query.filter.since.map(Since::of);
    let parse_one = |(at, line): &(u64, &[u8])| {
        let before = since.as_ref().and_then(|since| id_before(line, since));
        let met = match before {
            Some(id) => Err(std::str::from_utf8(id).ok().map(Id::of)),
            None => parse_or_id(line, &query.filter, query.is_short),
        };
        match met {
            Ok(parsed) => Some((*at, Ok(parsed))),
            Err(id) => Some((*at, Err(id?))),
        }
    };
    let mut parsed: Vec<_> = if lines.len() < FEW_LINES {
        lines.iter().filter_map(parse_one).collect()
    } else {
        lines.par_iter().filter_map(parse_one).collect()
    };
    if query.order == Order::NewestFirst {
        parsed.reverse();
    }
    parsed
}
