//! The figures of all groups, made of facts in the order of the logs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use rayon::prelude::*;

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
use crate::record::entry::Outcome;
use crate::record::history::Summed;
use crate::record::id::{Id, IdPlaces};
use crate::record::outcomes::LatestOutcome;

/// So many groups are told apart, so that no question takes all memory.
pub const MOST_GROUPS: usize = 100_000;

/// So many reasons for leaving lines out are told apart in a file.
const MOST_REASONS: usize = 20;

/// What became of an execution, and which of the labels that were asked for any outcome of it had, by
/// their place in the filter.
#[derive(Debug, Default)]
pub(super) struct Aftermath {
    pub(super) became: LatestOutcome,
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
        self.became.take(outcome, question.now)
    }
}

/// Makes groups of pages, for several questions about the same executions: what is the same for all of them, such
/// as which record counts, is found out once.
pub(super) struct Tally<'q> {
    answers: Vec<Answer<'q>>,
    /// Executions that count already by past sums.
    summed: &'q Summed,
    /// Which group of each question an execution is in; executions that share them share a number.
    sets: Vec<Box<[u32]>>,
    numbers: HashMap<Box<[u32]>, u32>,
    ids: Seen,
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

/// The groups of one question.
struct Answer<'q> {
    question: &'q Question,
    numbers: HashMap<Vec<Value>, u32>,
    groups: Vec<Group>,
    /// The requests that were sent, where somebody asks for costs.
    requests: HashSet<u64, IdPlaces>,
}

/// What was known before this reading.
struct Older {
    ids: Ids,
    /// The ids that outcomes named and no record had.
    unknown: HashSet<[u64; 2]>,
}

/// How a reading ended.
pub(super) enum Ended {
    /// With the groups of each question.
    Groups(Vec<Groups>),
    /// What was known before does not hold any more.
    BeginAnew,
}

impl<'q> Answer<'q> {
    fn new(question: &'q Question) -> Self {
        Self {
            question,
            numbers: HashMap::new(),
            groups: Vec::new(),
            requests: HashSet::default(),
        }
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

    fn add(&mut self, group: u32, fact: &Fact) {
        let request = fact.request().filter(|_| self.question.with_costs);
        let is_again = request.is_some_and(|it| !self.requests.insert(it));
        self.groups[group as usize].take(fact, is_again);
    }

    fn finish(mut self, sources: Vec<Source>, met: Met) -> Groups {
        let mut groups = BTreeMap::new();
        for (key, number) in self.numbers {
            let group = std::mem::take(&mut self.groups[number as usize]);
            // One whose executions all wait for an outcome that never came is none.
            if group.executions > 0 {
                groups.insert(key, group);
            }
        }
        Groups {
            by: self.question.by.clone(),
            values: self.question.values.clone(),
            groups,
            sources,
            met,
            ..Groups::default()
        }
    }
}

impl<'q> Tally<'q> {
    pub(super) fn new(questions: &[&'q Question], summed: &'q Summed) -> Self {
        Self {
            answers: questions.iter().map(|it| Answer::new(it)).collect(),
            summed,
            sets: Vec::new(),
            numbers: HashMap::new(),
            ids: Seen::default(),
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

    /// Goes on where an earlier reading for one question ended.
    pub(super) fn after(question: &'q Question, summed: &'q Summed, known: Known) -> Self {
        let mut answer = Answer::new(question);
        let mut tally = Self::new(&[], summed);
        for (number, (key, group)) in (0..).zip(known.groups) {
            answer.numbers.insert(key, number);
            answer.groups.push(group);
            // What is known of ids names the group itself.
            tally.sets.push(Box::new([number]));
            tally.numbers.insert(Box::new([number]), number);
        }
        answer.requests = known.requests;
        tally.answers.push(answer);
        tally.sources = known.sources;
        tally.met = known.met;
        tally.above = known.above;
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
        self.met.ahead_outcomes += page.ahead_outcomes;
        let mut numbers = Vec::with_capacity(page.keys.len());
        for keys in page.keys {
            numbers.push(self.set(keys)?);
        }
        self.ids.reserve(page.facts.len());
        // In the order of the lines: the first record of an id counts, or nothing where that is left out.
        let mut others = page.others.into_iter().peekable();
        for (at, fact) in (0..).zip(page.facts) {
            while let Some((_, id)) = others.next_if(|(before, _)| *before <= at) {
                self.leave_out(id);
            }
            let set = numbers[fact.key as usize];
            self.take_fact(set, fact);
        }
        others.for_each(|(_, id)| self.leave_out(id));
        for (id, outcome) in page.outcomes {
            let place = *self.places.entry(id).or_insert(self.became.len() as u32);
            if place as usize == self.became.len() {
                self.became.push((id, Aftermath::default()));
            }
            let ending = &mut self.became[place as usize].1;
            // The filters of all questions are alike.
            if let Some(answer) = self.answers.first() {
                self.met.replaced += u64::from(ending.take(outcome, answer.question));
            }
        }
        Ok(())
    }

    /// The number of the groups with these keys, of each question one.
    fn set(&mut self, keys: Vec<Vec<Value>>) -> Result<u32, Failure> {
        let answers = self.answers.iter_mut().zip(keys);
        let groups = answers.map(|(answer, key)| answer.number(key));
        let groups: Box<[u32]> = groups.collect::<Result<_, Failure>>()?;
        if let Some(number) = self.numbers.get(&groups) {
            return Ok(*number);
        }
        let fresh = Counted::number(self.sets.len()).ok_or_else(too_many)?;
        self.sets.push(groups.clone());
        self.numbers.insert(groups, fresh);
        Ok(fresh)
    }

    fn leave_out(&mut self, id: Id) {
        self.met.duplicates += u64::from(!self.is_new(id, Counted::LEFT_OUT));
    }

    fn take_fact(&mut self, set: u32, fact: Fact) {
        let row = Counted::new(set, fact.kind());
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
            self.waiting.push((set, fact));
        } else {
            self.add(set, &fact);
        }
    }

    fn add(&mut self, set: u32, fact: &Fact) {
        let groups = self.sets[set as usize].iter();
        for (answer, group) in self.answers.iter_mut().zip(groups) {
            answer.add(*group, fact);
        }
    }

    /// The groups of each question, once everything was read; where a question has a cache, and it is known what
    /// files were read, they are kept for the next reading.
    pub(super) fn finish(mut self, caches: &[Option<&Cache>], covers: Option<&[Cover]>) -> Ended {
        let groups = self.answers.iter_mut().flat_map(|it| &mut it.groups);
        match self.older {
            // Few were added to those that are in order, and threads would take longer to start.
            Some(_) => groups.for_each(|group| group.latency.sort()),
            None => (groups.collect::<Vec<_>>().into_par_iter()).for_each(|it| it.latency.sort()),
        }
        for (set, fact) in std::mem::take(&mut self.waiting) {
            let place = self.places.get(&fact.id);
            let had = place.map(|place| &self.became[*place as usize].1.had);
            let lacking = fact.more().map_or(&[][..], |more| &more.lacking);
            if had.is_some_and(|had| lacking.iter().all(|name| had.contains(name))) {
                if let Some(row) = self.ids.get_mut(fact.id) {
                    *row = Counted::new(set, fact.kind());
                }
                self.add(set, &fact);
            }
        }
        let unknown = self.join();
        self.met.unknown += unknown.len() as u64;
        if self.must_begin_anew {
            return Ended::BeginAnew;
        }
        if let Some(covers) = covers {
            self.keep(caches, covers, &unknown);
        }
        let (sources, met) = (self.sources, self.met);
        let answers = self.answers.into_iter();
        Ended::Groups(answers.map(|it| it.finish(sources.clone(), met)).collect())
    }

    /// Adds what became of executions to their groups, and returns the ids that no record has.
    fn join(&mut self) -> Vec<[u64; 2]> {
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
            let Some(row) = row else {
                unknown.push(id.0);
                continue;
            };
            let groups = row.group().map_or(&[][..], |set| &self.sets[set]);
            for (answer, group) in self.answers.iter_mut().zip(groups) {
                let outcomes = &mut answer.groups[*group as usize].outcomes;
                (ending.became).add_to(outcomes, row.kind(), &answer.question.win);
            }
        }
        unknown
    }

    fn keep(&self, caches: &[Option<&Cache>], covers: &[Cover], unknown: &[[u64; 2]]) {
        // What is ahead of the clock now is not when the clock has gone on.
        if self.met.ahead + self.met.ahead_outcomes > 0 {
            return;
        }
        for (at, (answer, cache)) in self.answers.iter().zip(caches).enumerate() {
            let Some(cache) = cache else {
                continue;
            };
            let mut groups: Vec<_> = answer.numbers.iter().collect();
            groups.sort_by_key(|(_, number)| **number);
            let groups = groups.into_iter();
            let of_answer = |(id, row): (Id, Counted)| match row.group() {
                Some(set) => (id, row.in_group(self.sets[set][at])),
                None => (id, row),
            };
            cache.keep(Keep {
                covers,
                groups: groups
                    .map(|(key, number)| (key, &answer.groups[*number as usize]))
                    .collect(),
                sources: &self.sources,
                above: self.above,
                met: self.met,
                unknown,
                rows: self.ids.iter().map(of_answer).collect(),
                requests: answer.requests.iter().copied().collect(),
            });
        }
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
