//! What a query asks for, gathered line by line.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::ops::ControlFlow;

use super::Log;
use super::read::{BadLine, Execution, Item, Listing, Order, Query};
use crate::error::Failure;
use crate::record::entry::Outcome;
use crate::record::id::{Id, IdPlaces};
use crate::record::regular::open_regular;

impl Log {
    /// The executions that a query asks for, with their outcomes. A log that does not exist is
    /// empty.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn list(&self, query: &Query) -> Result<Listing, Failure> {
        let mut listing = match query.order {
            Order::NewestFirst => self.newest(query)?,
            Order::OldestFirst => {
                let mut collector = Collector::new(query);
                self.visit_all(query, &mut |met| {
                    collector.take(met);
                    ControlFlow::Continue(())
                })?;
                collector.finish()
            }
        };
        count_lines(&mut listing.bad);
        Ok(listing)
    }
}

/// Gathers what a query asks for, in the order of the log.
struct Collector<'a> {
    query: &'a Query,
    executions: Vec<Execution>,
    /// Where each id stands among these: one that the log has twice is listed once, as it stands first, or not
    /// at all where that is left out.
    places: HashMap<Id, Option<usize>, IdPlaces>,
    differing: u64,
    /// Outcomes by execution; in the order in which they were met.
    outcomes: HashMap<String, Vec<Outcome>>,
    bad: Vec<BadLine>,
}

impl<'a> Collector<'a> {
    fn new(query: &'a Query) -> Self {
        Self {
            query,
            executions: Vec::new(),
            places: HashMap::default(),
            differing: 0,
            outcomes: HashMap::new(),
            bad: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        // Outcomes that come later may still leave a record out.
        let is_settled = !self.query.filter.asks_for_outcomes();
        let limit = self.query.limit.filter(|_| is_settled);
        limit.is_some_and(|limit| self.executions.len() >= limit)
    }

    fn take(&mut self, met: Result<Item, Id>) {
        let is_full = self.is_full();
        let item = match met {
            Ok(item) => item,
            Err(id) => {
                self.places.entry(id).or_insert(None);
                return;
            }
        };
        match item {
            Item::Bad(bad) => self.bad.push(bad),
            Item::Outcome(outcome) => {
                self.outcomes
                    .entry(outcome.outcome_of.clone())
                    .or_default()
                    .push(outcome);
            }
            Item::Record(record) => match self.places.entry(Id::of(&record.id)) {
                Entry::Occupied(known) => {
                    if let Some(at) = *known.get() {
                        let known = &self.executions[at].record;
                        self.differing += u64::from(*known != *record);
                    }
                }
                Entry::Vacant(_) if is_full => {}
                Entry::Vacant(free) => {
                    free.insert(Some(self.executions.len()));
                    self.executions.push(Execution {
                        record: *record,
                        outcomes: Vec::new(),
                    });
                }
            },
        }
    }

    fn finish(mut self) -> Listing {
        for execution in &mut self.executions {
            let outcomes = self.outcomes.remove(&execution.record.id);
            execution.outcomes = outcomes.unwrap_or_default();
        }
        let filter = &self.query.filter;
        self.executions
            .retain(|it| filter.matches_outcomes(&it.record, &it.outcomes));
        self.executions
            .truncate(self.query.limit.unwrap_or(usize::MAX));
        Listing {
            executions: self.executions,
            bad: self.bad,
            differing: self.differing,
        }
    }
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

/// Counts the lines of what is written to it.
struct Lines(usize);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += memchr::memchr_iter(b'\n', bytes).count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn count_lines_of(bad: &mut [BadLine]) -> io::Result<()> {
    use std::io::Read as _;
    let mut file = open_regular(&bad[0].path)?;
    let (mut at, mut line) = (0, 1);
    for entry in bad {
        let mut before = Lines(0);
        io::copy(&mut (&mut file).take(entry.offset - at), &mut before)?;
        line += before.0;
        at = entry.offset;
        entry.line = line;
    }
    Ok(())
}
