//! The figures of all groups, made of facts in the order of the logs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::cache::{Cache, Cover, Ids, Keep, Known, Torn};
use super::counted::Counted;
use super::dimension::Value;
use super::figures::Group;
use super::found::{Groups, Met, Skipped, Source};
use super::page::{Fact, Page};
use super::question::Question;
use super::seen::Seen;
use crate::error::Failure;
use crate::prompt::code;
use crate::record::became::Became;
use crate::record::entry::Outcome;
use crate::record::history::Summed;
use crate::record::id::{Id, IdPlaces};

/// So many groups are told apart, so that no question takes all memory.
pub const MOST_GROUPS: usize = 100_000;

/// So many reasons for leaving lines out are told apart in a file.
const MOST_REASONS: usize = 20;

/// What became of an execution, and which of the labels that were asked for any outcome of it had, by
/// their place in the filter.
#[derive(Debug, Default)]
pub(super) struct Aftermath {
    pub(super) became: Became,
    pub(super) had: Vec<u16>,
}

impl Aftermath {
    /// Whether something that was said before is replaced.
    pub(super) fn take(&mut self, outcome: Outcome, question: &Question) -> bool {
        if let Some(label) = &outcome.label {
            for (at, (name, value)) in (0..).zip(&question.filter.labels) {
                if value.is_none() && name == label && !self.had.contains(&at) {
                    self.had.push(at);
                }
            }
        }
        self.became.take(outcome)
    }
}

/// Makes groups of pages.
pub(super) struct Tally<'q> {
    question: &'q Question,
    /// Executions that count already by past sums.
    summed: &'q Summed,
    numbers: HashMap<Vec<Value>, u32>,
    groups: Vec<Group>,
    ids: Seen,
    /// The requests that were sent, where somebody asks for costs.
    requests: HashSet<u64, IdPlaces>,
    /// Executions, by what became of them; in the order in which the first of it was met.
    places: HashMap<Id, u32, IdPlaces>,
    became: Vec<(Id, Aftermath)>,
    /// Executions that count only with a label of an outcome.
    waiting: Vec<(u32, Fact)>,
    sources: Vec<Source>,
    met: Met,
    /// The time of the line above, in this file.
    above: Option<i64>,
    older: Option<Older>,
    /// Whether a line changes what was added up before, so that all must be read anew.
    must_begin_anew: bool,
}

/// What was known before this reading.
struct Older {
    ids: Ids,
    /// The ids that outcomes named and no record had.
    unknown: HashSet<[u64; 2]>,
}

/// How a reading ended.
pub(super) enum Ended {
    /// With the groups.
    Groups(Groups),
    /// What was known before does not hold any more.
    BeginAnew,
}

impl<'q> Tally<'q> {
    pub(super) fn new(question: &'q Question, summed: &'q Summed) -> Self {
        Self {
            question,
            summed,
            numbers: HashMap::new(),
            groups: Vec::new(),
            ids: Seen::default(),
            requests: HashSet::default(),
            places: HashMap::default(),
            became: Vec::new(),
            waiting: Vec::new(),
            sources: Vec::new(),
            met: Met::default(),
            above: None,
            older: None,
            must_begin_anew: false,
        }
    }

    /// Goes on where an earlier reading ended.
    pub(super) fn after(question: &'q Question, summed: &'q Summed, known: Known) -> Self {
        let mut tally = Self::new(question, summed);
        for (number, (key, group)) in (0..).zip(known.groups) {
            tally.numbers.insert(key, number);
            tally.groups.push(group);
        }
        tally.sources = known.sources;
        tally.met = known.met;
        tally.above = known.above;
        tally.requests = known.requests;
        tally.older = Some(Older {
            ids: known.ids,
            unknown: known.unknown,
        });
        tally
    }

    /// What an earlier reading knew of an id.
    fn before(&mut self, id: Id) -> Option<Counted> {
        let found = self.older.as_mut()?.ids.find(id);
        found.unwrap_or_else(|Torn| {
            self.must_begin_anew = true;
            None
        })
    }

    /// Whether an id is new; it is known from here on.
    fn is_new(&mut self, id: Id, row: Counted) -> bool {
        if self.before(id).is_some() {
            return false;
        }
        // An outcome that came before it counts from here on.
        let was_unknown = self
            .older
            .as_ref()
            .is_some_and(|older| older.unknown.contains(&id.0));
        self.must_begin_anew |= was_unknown;
        self.ids.insert(id, row)
    }

    /// A file begins; `is_more` where what was read of it before stands already.
    pub(super) fn begin(&mut self, path: &Path, is_more: bool) {
        if is_more {
            return;
        }
        self.above = None;
        self.sources.push(Source {
            path: path.to_path_buf(),
            lines: 0,
            skipped: Vec::new(),
            backwards: 0,
        });
    }

    /// The file ends early.
    pub(super) fn damaged(&mut self, why: &str) {
        let reason = format!("the archive is damaged: {why}");
        self.skip(0, reason, None);
    }

    fn skip(&mut self, line: u64, reason: String, newer_schema: Option<u64>) {
        if let Some(source) = self.sources.last_mut() {
            add(&mut source.skipped, line, reason, newer_schema);
        }
    }

    pub(super) fn take(&mut self, page: Page) -> Result<(), Failure> {
        let before = self.sources.last().map_or(0, |source| source.lines);
        for (line, reason, newer_schema) in page.bad {
            self.skip(before + line, reason, newer_schema);
        }
        if let Some(source) = self.sources.last_mut() {
            source.lines += page.lines;
            source.backwards += page.backwards;
            if let (Some(above), Some((first, _))) = (self.above, page.ends) {
                source.backwards += u64::from(Page::is_backwards(above, first));
            }
        }
        self.above = page.ends.map(|(_, last)| last).or(self.above);
        self.met.ahead += page.ahead;
        let mut numbers = Vec::with_capacity(page.keys.len());
        for key in page.keys {
            numbers.push(self.number(key)?);
        }
        self.ids.reserve(page.facts.len());
        for fact in page.facts {
            let group = numbers[fact.key as usize];
            self.take_fact(group, fact);
        }
        for id in page.others {
            self.met.duplicates += u64::from(!self.is_new(id, Counted::LEFT_OUT));
        }
        for (id, outcome) in page.outcomes {
            let place = *self.places.entry(id).or_insert(self.became.len() as u32);
            if place as usize == self.became.len() {
                self.became.push((id, Aftermath::default()));
            }
            let ending = &mut self.became[place as usize].1;
            self.met.replaced += u64::from(ending.take(outcome, self.question));
        }
        Ok(())
    }

    fn number(&mut self, key: Vec<Value>) -> Result<u32, Failure> {
        let fresh = self.groups.len() as u32;
        let number = *self.numbers.entry(key).or_insert(fresh);
        if number == fresh {
            if self.groups.len() >= MOST_GROUPS {
                return Err(too_many());
            }
            self.groups.push(Group::new(self.question));
        }
        Ok(number)
    }

    fn take_fact(&mut self, group: u32, fact: Fact) {
        let row = Counted::new(group, fact.kind());
        let is_waiting = fact.is_lacking();
        let is_summed = self.summed.has(fact.id, fact.time);
        let row = match is_waiting || is_summed {
            true => Counted::LEFT_OUT,
            false => row,
        };
        if !self.is_new(fact.id, row) {
            self.met.duplicates += 1;
        } else if is_summed {
            self.met.summed += 1;
        } else if is_waiting {
            self.waiting.push((group, fact));
        } else {
            self.add(group, &fact);
        }
    }

    fn add(&mut self, group: u32, fact: &Fact) {
        let is_again = fact.request().is_some_and(|it| !self.requests.insert(it));
        self.groups[group as usize].take(fact, is_again);
    }

    /// The groups, once everything was read; with `keep` they are kept for the next reading.
    pub(super) fn finish(mut self, keep: Option<(&Cache, Vec<Cover>)>) -> Ended {
        for (group, fact) in std::mem::take(&mut self.waiting) {
            let place = self.places.get(&fact.id);
            let had = place.map(|place| &self.became[*place as usize].1.had);
            let lacking = fact.more().map_or(&[][..], |more| &more.lacking);
            if had.is_some_and(|had| lacking.iter().all(|name| had.contains(name))) {
                if let Some(row) = self.ids.get_mut(fact.id) {
                    *row = Counted::new(group, fact.kind());
                }
                self.add(group, &fact);
            }
        }
        let mut unknown = Vec::new();
        for (id, ending) in std::mem::take(&mut self.became) {
            let row = match self.ids.get_mut(id) {
                Some(row) => {
                    *row = row.with_outcome();
                    Some(*row)
                }
                None => self.before(id),
            };
            let is_again = match (row, &self.older) {
                (Some(row), _) => row.has_outcome() && !self.ids.contains(id),
                (None, Some(older)) => older.unknown.contains(&id.0),
                (None, None) => false,
            };
            self.must_begin_anew |= is_again;
            match row {
                None => unknown.push(id.0),
                Some(row) => {
                    if let Some(group) = row.group() {
                        let outcomes = &mut self.groups[group].outcomes;
                        ending
                            .became
                            .add_to(outcomes, row.kind(), &self.question.win);
                    }
                }
            }
        }
        self.met.unknown += unknown.len() as u64;
        if self.must_begin_anew {
            return Ended::BeginAnew;
        }
        if let Some((cache, covers)) = keep {
            self.keep(cache, covers, unknown);
        }
        let mut groups = BTreeMap::new();
        for (key, number) in self.numbers {
            let group = std::mem::take(&mut self.groups[number as usize]);
            // One whose executions all wait for an outcome that never came is none.
            if group.executions > 0 {
                groups.insert(key, group);
            }
        }
        Ended::Groups(Groups {
            by: self.question.by.clone(),
            values: self.question.values.clone(),
            groups,
            sources: self.sources,
            met: self.met,
            ..Groups::default()
        })
    }

    fn keep(&self, cache: &Cache, covers: Vec<Cover>, unknown: Vec<[u64; 2]>) {
        // What is ahead of the clock now is not when the clock has gone on.
        if self.met.ahead > 0 {
            return;
        }
        let mut groups: Vec<_> = self.numbers.iter().collect();
        groups.sort_by_key(|(_, number)| **number);
        let groups = groups.into_iter();
        cache.keep(Keep {
            covers,
            groups: groups
                .map(|(key, number)| (key, &self.groups[*number as usize]))
                .collect(),
            sources: &self.sources,
            above: self.above,
            met: self.met,
            unknown,
            rows: self.ids.iter().collect(),
            requests: self.requests.iter().copied().collect(),
        });
    }
}

pub(super) fn too_many() -> Failure {
    Failure::new(
        code::TOO_MANY_GROUPS,
        format!("there are more than {MOST_GROUPS} groups"),
    )
    .hint("ask for fewer executions, or for groups that have more in common")
}

/// Counts a line that was left out, with those of the same reason.
fn add(skipped: &mut Vec<Skipped>, line: u64, reason: String, newer_schema: Option<u64>) {
    let of = |skipped: &[Skipped], reason: &str| skipped.iter().position(|it| it.reason == reason);
    let is_full = skipped.len() >= MOST_REASONS;
    let reason = match is_full && of(skipped, &reason).is_none() {
        true => "the line is not a record".to_owned(),
        false => reason,
    };
    match of(skipped, &reason) {
        Some(at) => skipped[at].count += 1,
        None => skipped.push(Skipped {
            reason,
            count: 1,
            line,
            newer_schema,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_is_known_is_counted_as_such_however_many_there_are() {
        let mut skipped = Vec::new();
        for line in 1..=60 {
            add(&mut skipped, line, format!("reason {}", line % 30), None);
        }
        let found: Vec<(&str, u64)> = (skipped.iter())
            .map(|it| (it.reason.as_str(), it.count))
            .collect();
        assert_eq!(found.len(), MOST_REASONS + 1);
        assert_eq!(found[0], ("reason 1", 2));
        assert_eq!(found[MOST_REASONS - 1], ("reason 20", 2));
        assert_eq!(found[MOST_REASONS], ("the line is not a record", 20));
    }
}
