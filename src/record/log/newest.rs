//! The newest executions by the time at which they began, whatever the order of the lines: a log may hold
//! those of several machines, and records that were appended late.
//!
//! Reading goes backwards. Once as many are found as are asked for, of what stands before them only what
//! is newer than the oldest of them is read, which a line that promptctl wrote tells at once.
//!
//! Of an execution that the log has twice the first record counts, as in all figures. Where that turns out to be
//! left out, or of another time, all is read again without the later records.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::io::{Seek as _, SeekFrom};

use flate2::read::GzDecoder;

use super::Log;
use super::lines::Blocks;
use super::parse::Parsed;
use super::read::{Execution, Item, Listing, Order, Part, Query, damaged, parse_all, parse_block};
use crate::error::Failure;
use crate::record::archive::LATEST;
use crate::record::entry::{Outcome, Record};
use crate::record::filter::is_whole_id;
use crate::record::id::{Id, IdPlaces};

impl Log {
    /// The executions that a query asks for, the newest first.
    pub(super) fn newest(&self, query: &Query) -> Result<Listing, Failure> {
        let found = self.newest_without(query, Later::default())?;
        if !found.is_doubtful() {
            return Ok(found.finish());
        }
        let later = self.later_records()?;
        Ok(self.newest_without(query, later)?.finish())
    }

    fn newest_without(&self, query: &Query, later: Later) -> Result<Newest, Failure> {
        let mut query = query.clone();
        let mut found = Newest::new(&query, later);
        for (number, (path, part)) in self.parts()?.into_iter().enumerate().rev() {
            let failed = |error| self.read_failed(error);
            if found.has_nothing_from(latest_in(&part)) {
                continue;
            }
            let (segment, length, damage) = part.open().map_err(failed)?;
            if let Some(damage) = damage {
                found.take(damaged(&path, length, damage), (number, length));
            }
            let mut blocks = Blocks::new(segment, Order::NewestFirst);
            while let Some((at, text)) = blocks.next().map_err(failed)? {
                for (at, met) in parse_all(at, &text, &query) {
                    match met {
                        Ok(parsed) => found.take(parsed.into_item(path.clone(), at), (number, at)),
                        Err(id) => found.leave_out(id),
                    }
                }
                if found.is_over() {
                    return Ok(found);
                }
                query.filter.since = found.oldest().max(query.filter.since);
            }
        }
        Ok(found)
    }

    /// The records of executions that have one above them.
    fn later_records(&self) -> Result<Later, Failure> {
        let (mut known, mut later) = (HashSet::<Id, IdPlaces>::default(), Later::default());
        let all = Query {
            is_short: true,
            ..Query::default()
        };
        for (number, (_, part)) in self.parts()?.into_iter().enumerate() {
            let failed = |error| self.read_failed(error);
            let (segment, _, _) = part.open().map_err(failed)?;
            let mut blocks = Blocks::new(segment, Order::OldestFirst);
            while let Some((at, text)) = blocks.next().map_err(failed)? {
                for (at, parsed) in parse_block(at, &text, &all) {
                    if let Parsed::Record(record) = parsed
                        && !known.insert(Id::of(&record.id))
                    {
                        later.insert((number, at));
                    }
                }
            }
        }
        Ok(later)
    }
}

/// Of so many records that do not count it is said whether they say something else.
const MOST_PASSED: usize = 1000;

/// A part of the log, and where a line of it begins.
type Place = (usize, u64);

/// Where records stand that do not count.
type Later = HashSet<Place>;

/// When the latest record of an archive began, where its head says so.
pub(in crate::record) fn latest_in(part: &Part) -> Option<jiff::Timestamp> {
    let Part::Packed(file) = part else {
        return None;
    };
    let mut file = file;
    let decoder = GzDecoder::new(file);
    let comment = decoder.header().and_then(|head| head.comment());
    let comment = comment.map(<[u8]>::to_vec);
    file.seek(SeekFrom::Start(0)).ok()?;
    let comment = String::from_utf8(comment?).ok()?;
    comment.strip_prefix(LATEST)?.parse().ok()
}

/// An execution that was found, by its time; of two of one time the one that stands later is the newer.
struct Found {
    order: (jiff::Timestamp, Reverse<u64>),
    execution: Execution,
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Found {}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

/// The newest of what was read.
struct Newest {
    query: Query,
    limit: usize,
    /// How many records were looked at.
    count: u64,
    /// The oldest of them first.
    found: BinaryHeap<Reverse<Found>>,
    /// Outcomes by execution; the last of the log first.
    outcomes: HashMap<String, Vec<Outcome>>,
    /// The ids of what was found.
    ids: HashSet<Id, IdPlaces>,
    /// What stands before a line of an execution that was found.
    earlier: HashMap<Id, Earlier, IdPlaces>,
    /// The ids of records that were left out for what became of them.
    given_up: HashSet<Id, IdPlaces>,
    /// Whether what became of one that is listed went with a later record of it.
    has_lost_outcomes: bool,
    /// What is known not to count, and what of it was met.
    later: Later,
    passed: Vec<Record>,
    listing: Listing,
}

/// The first record of an execution, as far as the log was read.
enum Earlier {
    /// With the outcomes above the next one.
    Meant(Box<Record>, Vec<Outcome>),
    LeftOut,
}

impl Newest {
    fn new(query: &Query, later: Later) -> Self {
        Self {
            query: query.clone(),
            limit: query.limit.unwrap_or(usize::MAX),
            count: 0,
            found: BinaryHeap::new(),
            outcomes: HashMap::new(),
            ids: HashSet::default(),
            earlier: HashMap::default(),
            given_up: HashSet::default(),
            has_lost_outcomes: false,
            later,
            passed: Vec::new(),
            listing: Listing::default(),
        }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Whether no line can add anything.
    fn is_over(&self) -> bool {
        let id = self.query.filter.id.as_deref();
        self.limit == 0 || (self.is_full() && id.is_some_and(is_whole_id))
    }

    /// The time of the oldest, once there are as many as are asked for.
    fn oldest(&self) -> Option<jiff::Timestamp> {
        let oldest = self.found.peek().filter(|_| self.is_full());
        oldest.map(|Reverse(found)| found.order.0)
    }

    /// Whether all of a file is older, whose latest record began then.
    fn has_nothing_from(&self, latest: Option<jiff::Timestamp>) -> bool {
        self.is_over()
            || (self.oldest().zip(latest)).is_some_and(|(oldest, latest)| latest < oldest)
    }

    /// Whether what was found is not sure to be asked for.
    fn is_doubtful(&self) -> bool {
        let time = |Reverse(found): &Reverse<Found>| {
            let record = &found.execution.record;
            (Id::of(&record.id), record.time)
        };
        let times: HashMap<Id, jiff::Timestamp, IdPlaces> = self.found.iter().map(time).collect();
        let is_other = |(id, earlier): (&Id, &Earlier)| match (times.get(id), earlier) {
            (Some(time), Earlier::Meant(first, _)) => first.time != *time,
            (Some(_), Earlier::LeftOut) => true,
            // It gave way to newer ones, and would not have by its first record.
            (None, Earlier::Meant(first, _)) => self.oldest().is_none_or(|it| first.time > it),
            (None, Earlier::LeftOut) => false,
        };
        self.has_lost_outcomes || self.earlier.iter().any(is_other)
    }

    fn leave_out(&mut self, id: Id) {
        if self.ids.contains(&id) {
            self.earlier.insert(id, Earlier::LeftOut);
        }
    }

    fn take(&mut self, item: Item, place: Place) {
        match item {
            // Of what is read only for its times nothing is said.
            Item::Bad(_) if self.is_full() => {}
            Item::Bad(bad) => self.listing.bad.push(bad),
            Item::Outcome(outcome) => {
                let known = self.outcomes.entry(outcome.outcome_of.clone());
                known.or_default().push(outcome);
            }
            Item::Record(record) if self.later.contains(&place) => self.pass(*record),
            Item::Record(record) => self.take_record(*record),
        }
    }

    /// Notes a record that does not count.
    fn pass(&mut self, record: Record) {
        if self.passed.len() < MOST_PASSED {
            self.passed.push(record);
        }
    }

    /// Read backwards, the outcomes of a record come before it.
    fn take_record(&mut self, record: Record) {
        let id = Id::of(&record.id);
        let is_known = self.ids.contains(&id);
        if !is_known && self.oldest().is_some_and(|oldest| record.time <= oldest) {
            return;
        }
        let mut outcomes = self.outcomes.remove(&record.id).unwrap_or_default();
        outcomes.reverse();
        if !self.query.filter.matches_outcomes(&record, &outcomes) {
            if !outcomes.is_empty() {
                self.given_up.insert(id);
            }
            self.leave_out(id);
            return;
        }
        self.has_lost_outcomes |= self.given_up.contains(&id);
        // One that the log has twice is listed once, as it stands first, with all that became of it.
        if is_known {
            if let Some(Earlier::Meant(above, told)) = self.earlier.remove(&id) {
                self.listing.differing += u64::from(*above != record);
                outcomes.extend(told);
            }
            self.earlier
                .insert(id, Earlier::Meant(Box::new(record), outcomes));
            return;
        }
        self.ids.insert(id);
        self.count += 1;
        self.found.push(Reverse(Found {
            order: (record.time, Reverse(self.count)),
            execution: Execution { record, outcomes },
        }));
        if self.found.len() > self.limit {
            self.found.pop();
        }
    }

    fn finish(mut self) -> Listing {
        // What is the least by the reversed order is the newest.
        let found = self.found.into_sorted_vec().into_iter();
        let mut executions: Vec<Execution> = found.map(|Reverse(it)| it.execution).collect();
        for execution in &mut executions {
            let id = Id::of(&execution.record.id);
            if let Some(Earlier::Meant(first, outcomes)) = self.earlier.remove(&id) {
                self.listing.differing += u64::from(*first != execution.record);
                execution.record = *first;
                execution.outcomes.splice(0..0, outcomes);
            }
        }
        for later in self.passed {
            let mut first = executions.iter().map(|it| &it.record);
            let is_other = first.any(|first| first.id == later.id && *first != later);
            self.listing.differing += u64::from(is_other);
        }
        Listing {
            executions,
            ..self.listing
        }
    }
}

#[cfg(test)]
mod tests;
