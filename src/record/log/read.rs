//! Reading the log: lines to records, filtered, with their outcomes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::Log;
use super::lines::{Blocks, Segment, lines_of};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Position};
use crate::record::archive::unpack;
use crate::record::entry::{Outcome, Record};
use crate::record::filter::Filter;

/// Blocks of fewer lines are not worth a second thread.
const FEW_LINES: usize = 256;

/// How often the parts of the log are looked up anew when it was rotated meanwhile.
const MOST_ROTATIONS: usize = 100;

/// A line as promptctl writes it begins so.
const RECORD_START: &[u8] = br#"{"schema":1,"id":""#;
const OUTCOME_START: &[u8] = br#"{"schema":1,"outcome_of":""#;

/// The first of the long fields. Its quotation marks cannot stand inside a JSON string.
const LONG_FIELDS: &[u8] = br#","variables":"#;

/// Which end of the log comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// As it was written.
    #[default]
    OldestFirst,
    /// The newest record first.
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
    /// The record.
    pub record: Record,
    /// The outcomes that were told, the oldest first.
    pub outcomes: Vec<Outcome>,
}

/// What was asked of the log, and what in it is not sound.
#[derive(Debug, Default)]
pub struct Listing {
    /// The executions.
    pub executions: Vec<Execution>,
    /// Lines that are not records, among those that were read.
    pub bad: Vec<BadLine>,
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
}

impl From<&BadLine> for Finding {
    fn from(bad: &BadLine) -> Self {
        let position = (bad.line > 0).then_some(Position {
            line: bad.line,
            column: 1,
        });
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
#[derive(Debug, Clone, Default)]
pub struct Tail {
    offset: u64,
}

impl Log {
    /// The executions that a query asks for, with their outcomes. A log that does not exist is
    /// empty.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn list(&self, query: &Query) -> Result<Listing, Failure> {
        let mut collector = Collector::new(query);
        let mut parts = self.parts()?;
        if query.order == Order::NewestFirst {
            parts.reverse();
        }
        for (path, part) in parts {
            if collector.is_done() {
                break;
            }
            let segment = collector.unpack(&path, part);
            let mut blocks = Blocks::new(segment, query.order);
            while !collector.is_done() {
                let next = blocks.next().map_err(|error| self.read_failed(error))?;
                let Some((at, text)) = next else { break };
                collector.take_block(&path, at, &text);
            }
        }
        let mut listing = collector.finish();
        count_lines(&mut listing.bad);
        Ok(listing)
    }

    /// The execution with this id, or the only one whose id begins so.
    ///
    /// # Errors
    /// - `P321`: there is none, or there are several.
    /// - The file cannot be read.
    pub fn find(&self, id: &str) -> Result<Execution, Failure> {
        let id = id.trim().to_ascii_lowercase();
        let query = Query {
            filter: Filter {
                id_prefix: Some(id.clone()),
                ..Filter::default()
            },
            order: Order::NewestFirst,
            limit: (id.len() == 36).then_some(1),
            is_short: false,
        };
        let mut found = self.list(&query)?.executions;
        let unknown = |message: String| Failure::new(code::UNKNOWN_EXECUTION, message);
        if id.is_empty() || found.is_empty() {
            return Err(unknown(format!("no execution has the id `{id}`"))
                .hint("`promptctl log list` shows the ids that this machine's log holds"));
        }
        if found.len() > 1 {
            let some: Vec<_> = found
                .iter()
                .take(5)
                .map(|it| it.record.id.as_str())
                .collect();
            return Err(unknown(format!(
                "{} executions have ids that begin with `{id}`",
                found.len()
            ))
            .hint(format!(
                "give more of the id, such as of {}",
                some.join(", ")
            )));
        }
        Ok(found.swap_remove(0))
    }

    /// The end of the log now: what is appended from here on, [`follow`](Self::follow) tells.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn tail(&self) -> Result<Tail, Failure> {
        let offset = self.open_to_read()?.map_or(0, |(_, length)| length);
        Ok(Tail { offset })
    }

    /// The whole lines that were appended since `tail`, which moves on. After the log was swapped
    /// for a shorter one, that one is told from its beginning.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn follow(&self, tail: &mut Tail) -> Result<Vec<Item>, Failure> {
        let Some((file, length)) = self.open_to_read()? else {
            tail.offset = 0;
            return Ok(Vec::new());
        };
        if length < tail.offset {
            tail.offset = 0;
        }
        let start = tail.offset;
        let mut blocks = Blocks::between(
            Segment::File(file, length),
            Order::OldestFirst,
            start,
            length,
        );
        let mut items = Vec::new();
        while let Some((at, text)) = blocks.next().map_err(|error| self.read_failed(error))? {
            // A line without an end is still being written, or will be set apart.
            let whole = text
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            tail.offset = at + whole as u64;
            items.extend(
                lines_of(at, &text[..whole])
                    .into_iter()
                    .filter_map(|(at, line)| {
                        let parsed = parse(line, &Filter::default(), false)?;
                        Some(parsed.into_item(self.path.clone(), at))
                    }),
            );
        }
        Ok(items)
    }

    /// The parts of the log, the oldest first.
    fn parts(&self) -> Result<Vec<(PathBuf, Part)>, Failure> {
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
            match Part::open(path) {
                Ok(part) => parts.push((path.clone(), part)),
                // It was compressed or pruned meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(self.read_failed(error)),
            }
        }
        if let Some((file, length)) = self.open_to_read()? {
            parts.push((self.path.clone(), Part::Text(file, length)));
        }
        let now = self.archives().map_err(|error| self.read_failed(error))?;
        let is_unchanged =
            now.last_key_value().map(|it| it.0) == archives.last_key_value().map(|it| it.0);
        Ok(is_unchanged.then_some(parts))
    }

    /// The file and its length at a moment when nobody writes, so that a record that is being
    /// written does not look torn.
    fn open_to_read(&self) -> Result<Option<(File, u64)>, Failure> {
        let opened = File::open(&self.path).and_then(|file| {
            // Without locks, a last line may look torn for a moment; that is all.
            let locked = file.lock_shared();
            let length = file.metadata()?.len();
            if locked.is_ok() {
                file.unlock()?;
            }
            Ok((file, length))
        });
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.read_failed(error)),
        }
    }
}

/// A part of the log that is open and not read yet.
enum Part {
    Text(File, u64),
    Packed(File),
}

impl Part {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if path.extension().is_some_and(|extension| extension == "gz") {
            return Ok(Self::Packed(file));
        }
        let length = file.metadata()?.len();
        Ok(Self::Text(file, length))
    }
}

/// Gathers what a query asks for, block by block.
struct Collector<'a> {
    query: &'a Query,
    executions: Vec<Execution>,
    /// Outcomes by execution; in the order in which they were met.
    outcomes: HashMap<String, Vec<Outcome>>,
    bad: Vec<BadLine>,
}

impl<'a> Collector<'a> {
    fn new(query: &'a Query) -> Self {
        Self {
            query,
            executions: Vec::new(),
            outcomes: HashMap::new(),
            bad: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        // Read forwards, outcomes that come later may still leave a record out.
        let is_settled =
            self.query.order == Order::NewestFirst || !self.query.filter.asks_for_outcomes();
        let limit = self.query.limit.filter(|_| is_settled);
        limit.is_some_and(|limit| self.executions.len() >= limit)
    }

    /// Read backwards, the outcomes of a record come before it.
    fn is_done(&self) -> bool {
        self.query.order == Order::NewestFirst && self.is_full()
    }

    fn unpack(&mut self, path: &Path, part: Part) -> Segment {
        let file = match part {
            Part::Text(file, length) => return Segment::File(file, length),
            Part::Packed(file) => file,
        };
        let (text, is_whole) = unpack(file);
        if !is_whole {
            self.bad.push(BadLine {
                path: path.to_path_buf(),
                line: 0,
                offset: text.len() as u64,
                reason: "the archive is damaged: what follows cannot be unpacked".to_owned(),
            });
        }
        Segment::Memory(text)
    }

    fn take_block(&mut self, path: &Path, at: u64, text: &[u8]) {
        let query = self.query;
        let lines = lines_of(at, text);
        let parse_one =
            |(at, line): &(u64, &[u8])| Some((*at, parse(line, &query.filter, query.is_short)?));
        let parsed: Vec<_> = if lines.len() < FEW_LINES {
            lines.iter().map(parse_one).collect()
        } else {
            lines.par_iter().map(parse_one).collect()
        };
        let mut parsed: Vec<_> = parsed.into_iter().flatten().collect();
        if query.order == Order::NewestFirst {
            parsed.reverse();
        }
        for (at, line) in parsed {
            self.take(line.into_item(path.to_path_buf(), at));
        }
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Bad(bad) => self.bad.push(bad),
            Item::Outcome(outcome) => {
                self.outcomes
                    .entry(outcome.outcome_of.clone())
                    .or_default()
                    .push(outcome);
            }
            Item::Record(_) if self.is_full() => {}
            Item::Record(record) => self.take_record(*record),
        }
    }

    fn take_record(&mut self, record: Record) {
        let mut outcomes = Vec::new();
        if self.query.order == Order::NewestFirst {
            outcomes = self.outcomes.remove(&record.id).unwrap_or_default();
            outcomes.reverse();
            if !self.query.filter.matches_outcomes(&record, &outcomes) {
                return;
            }
        }
        self.executions.push(Execution { record, outcomes });
    }

    fn finish(mut self) -> Listing {
        if self.query.order == Order::OldestFirst {
            for execution in &mut self.executions {
                execution.outcomes = self
                    .outcomes
                    .remove(&execution.record.id)
                    .unwrap_or_default();
            }
            let filter = &self.query.filter;
            self.executions
                .retain(|it| filter.matches_outcomes(&it.record, &it.outcomes));
            self.executions
                .truncate(self.query.limit.unwrap_or(usize::MAX));
        }
        Listing {
            executions: self.executions,
            bad: self.bad,
        }
    }
}

/// A line as far as it was read.
pub(in crate::record) enum Parsed {
    Record(Box<Record>),
    Outcome(Outcome),
    Bad(String),
}

impl Parsed {
    fn into_item(self, path: PathBuf, offset: u64) -> Item {
        match self {
            Self::Record(record) => Item::Record(record),
            Self::Outcome(outcome) => Item::Outcome(outcome),
            Self::Bad(reason) => Item::Bad(BadLine {
                path,
                line: 0,
                offset,
                reason,
            }),
        }
    }
}

/// Reads a line; `None` for a record that the filter leaves out.
pub(in crate::record) fn parse(line: &[u8], filter: &Filter, is_short: bool) -> Option<Parsed> {
    if let Some(prefix) = &filter.id_prefix
        && let Some(rest) = line
            .strip_prefix(RECORD_START)
            .or_else(|| line.strip_prefix(OUTCOME_START))
        && !rest.starts_with(prefix.as_bytes())
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
        Err(error) => Parsed::Bad(reason(line, &error)),
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
                Parsed::Bad(reason(line, &error))
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

/// Counts the lines of what is not sound, in one more reading of those files.
fn count_lines(bad: &mut [BadLine]) {
    bad.sort_by(|a, b| (&a.path, a.offset).cmp(&(&b.path, b.offset)));
    let is_text = |bad: &BadLine| {
        bad.path
            .extension()
            .is_none_or(|extension| extension != "gz")
    };
    for group in bad
        .chunk_by_mut(|a, b| a.path == b.path)
        .filter(|group| is_text(&group[0]))
    {
        // Without a count the offset still tells the place.
        drop(count_lines_of(group));
    }
}

fn count_lines_of(bad: &mut [BadLine]) -> io::Result<()> {
    use std::io::Read as _;
    let mut file = File::open(&bad[0].path)?;
    let (mut at, mut line) = (0, 1);
    for entry in bad {
        let mut before = Vec::new();
        (&mut file)
            .take(entry.offset - at)
            .read_to_end(&mut before)?;
        line += memchr::memchr_iter(b'\n', &before).count();
        at = entry.offset;
        entry.line = line;
    }
    Ok(())
}
