//! Whose outcomes are that were told by id, by the id of an answer, or by a label: many at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::brief::Brief;
use super::entry::Outcome;
use super::known::{each_line, read_to_append};
use super::log::Log;
use super::log::hold::Held;
use super::log::parse::{Line, Parsed, is_of_outcome, read};
use super::outcome_rows::{Entry, ExecutionKey, OutcomeRows};
use super::outcomes::{LatestOutcome, ToldAt, newest, told_at};
use super::possible::is_same_figure;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::hint::Hint;

/// So many executions that a label fits, and so many rows, are listed.
const LISTED: usize = 5;

/// Outcomes whose executions are known.
#[derive(Debug, Default, PartialEq)]
pub struct Settled {
    /// Those that are new, in the order in which they were told.
    pub outcomes: Vec<Outcome>,
    /// Of how many executions.
    pub executions: u64,
    /// How many of them say something else than was told of the same execution before, in the log or above.
    pub replaced: u64,
    /// The executions of those that the log holds already, one for each outcome.
    pub already: Vec<String>,
}

/// Finds the execution of each outcome in the log and its archives, and appends those that the log has not
/// yet; with `is_dry` none.
///
/// # Errors
/// - `P321`: no execution fits one.
/// - `P426`: the label of one fits several executions.
/// - The log cannot be read, or not be written.
pub fn settle(
    log: &Log,
    told: OutcomeRows,
    now: Timestamp,
    is_dry: bool,
) -> Result<Settled, Failure> {
    let found = Found::new(log, &told.entries)?;
    found.refuse_doubtful(&told.entries)?;
    let ids: Vec<String> = told
        .entries
        .iter()
        .filter_map(|it| found.only(&it.whose).map(str::to_owned))
        .collect();
    drop(found);
    let said = told.entries.into_iter().zip(ids).map(|(entry, id)| {
        let mut outcome = entry.outcome;
        outcome.outcome_of = id;
        NewOutcome {
            outcome,
            is_dated: entry.is_dated,
        }
    });
    settle_known(log, said.collect(), now, is_dry)
}

/// The same of an outcome whose execution is known already, and which is said now.
///
/// # Errors
/// The log cannot be read, or not be written.
pub fn settle_one(
    log: &Log,
    outcome: Outcome,
    now: Timestamp,
    is_dry: bool,
) -> Result<Settled, Failure> {
    let is_dated = false;
    settle_known(log, vec![NewOutcome { outcome, is_dated }], now, is_dry)
}

/// An outcome whose execution is known.
struct NewOutcome {
    outcome: Outcome,
    is_dated: bool,
}

fn settle_known(
    log: &Log,
    said: Vec<NewOutcome>,
    now: Timestamp,
    is_dry: bool,
) -> Result<Settled, Failure> {
    let (mut earlier, held) = said_earlier(log, &said, now, is_dry)?;
    let is_known = |(at, said): (usize, &NewOutcome)| {
        let known = earlier.get(&said.outcome.outcome_of);
        known.is_some_and(|known| match said.is_dated {
            true => known.found.contains(&at),
            false => known.says_all(),
        })
    };
    let is_known: Vec<bool> = said.iter().enumerate().map(is_known).collect();
    let mut settled = Settled::default();
    let mut executions = HashSet::new();
    for (NewOutcome { outcome, .. }, is_known) in said.into_iter().zip(is_known) {
        if is_known {
            settled.already.push(outcome.outcome_of);
            continue;
        }
        if let Some(known) = earlier.get_mut(&outcome.outcome_of) {
            settled.replaced += u64::from(known.became.take(outcome.clone(), now));
        }
        executions.insert(outcome.outcome_of.clone());
        settled.outcomes.push(outcome);
    }
    settled.executions = executions.len() as u64;
    if let Some(held) = held {
        log.append_held(held, &settled.outcomes)?;
    }
    Ok(settled)
}

/// What was found in the log.
struct Found<'t> {
    wanted: Wanted<'t>,
    /// The executions that each fits, as far as it is no whole id.
    ids: HashMap<&'t ExecutionKey, BTreeSet<String>>,
    here: HashSet<&'t str>,
}

/// What is looked for.
#[derive(Default)]
struct Wanted<'t> {
    ids: HashSet<&'t str>,
    responses: HashMap<&'t str, &'t ExecutionKey>,
    /// By key, then by value.
    labels: BTreeMap<&'t str, HashMap<&'t str, &'t ExecutionKey>>,
}

/// An execution that fits.
enum Hit<'t> {
    Id(&'t str),
    Other(&'t ExecutionKey, String),
}

impl<'t> Wanted<'t> {
    fn new(entries: &'t [Entry]) -> Self {
        let mut wanted = Self::default();
        for Entry { whose, .. } in entries {
            match whose {
                ExecutionKey::Id(id) => drop(wanted.ids.insert(id)),
                ExecutionKey::Response(id) => {
                    wanted.responses.insert(id, whose);
                }
                ExecutionKey::Label(key, value) => {
                    wanted.labels.entry(key).or_default().insert(value, whose);
                }
            }
        }
        wanted
    }

    fn hits(&self, line: &[u8], hits: &mut Vec<Hit<'t>>) {
        match read(line) {
            Line::Brief(record) => self.hits_of(&record, hits),
            Line::Parsed(Parsed::Record(record)) => self.hits_of(&Brief::of(&record), hits),
            Line::Parsed(Parsed::Outcome(_) | Parsed::Bad(..)) => {}
        }
    }

    fn hits_of(&self, record: &Brief<'_>, hits: &mut Vec<Hit<'t>>) {
        if let Some(id) = self.ids.get(record.id.as_str()) {
            hits.push(Hit::Id(id));
        }
        let response = record
            .response_id
            .and_then(|id| self.responses.get(id.as_str()));
        let labels = self
            .labels
            .iter()
            .filter_map(|(key, values)| values.get(record.label(key)?));
        hits.extend(
            response
                .into_iter()
                .chain(labels)
                .map(|whose| Hit::Other(whose, record.id.as_str().to_owned())),
        );
    }
}

impl<'t> Found<'t> {
    fn new(log: &Log, entries: &'t [Entry]) -> Result<Self, Failure> {
        let mut found = Self {
            wanted: Wanted::new(entries),
            ids: HashMap::new(),
            here: HashSet::new(),
        };
        let (mut ids, mut here) = (
            HashMap::<&ExecutionKey, BTreeSet<String>>::new(),
            HashSet::new(),
        );
        each_line(
            log,
            &|line, hits| found.wanted.hits(line, hits),
            &mut |hit| match hit {
                Hit::Id(id) => drop(here.insert(id)),
                Hit::Other(whose, id) => drop(ids.entry(whose).or_default().insert(id)),
            },
        )?;
        (found.ids, found.here) = (ids, here);
        Ok(found)
    }

    /// The execution that is meant, where there is exactly one.
    fn only<'f>(&'f self, whose: &'f ExecutionKey) -> Option<&'f str> {
        match whose {
            ExecutionKey::Id(id) => self.here.get(id.as_str()).copied(),
            _ => match self.ids.get(whose) {
                Some(ids) if ids.len() == 1 => ids.first().map(String::as_str),
                _ => None,
            },
        }
    }

    /// Refuses all where one fits no execution, or several.
    fn refuse_doubtful(&self, entries: &[Entry]) -> Result<(), Failure> {
        let mut doubtful = entries.iter().filter(|it| self.only(&it.whose).is_none());
        let Some(first) = doubtful.next() else {
            return Ok(());
        };
        let more: Vec<String> = doubtful.by_ref().take(LISTED).map(Entry::place).collect();
        let rest = doubtful.count();
        let failure = match self.ids.get(&first.whose) {
            Some(ids) => several(&first.whose, ids),
            None => unknown(&first.whose),
        };
        let failure = failure.at(first.place());
        Err(match (more.is_empty(), rest) {
            (true, _) => failure,
            (false, 0) => failure.hint(format!(
                "no single execution fits {} either",
                more.join(", ")
            )),
            (false, rest) => failure.hint(format!(
                "no single execution fits {} and {rest} more either",
                more.join(", ")
            )),
        })
    }
}

/// What an execution was looked for by.
fn named(whose: &ExecutionKey) -> String {
    match whose {
        ExecutionKey::Id(id) => format!("the id `{id}`"),
        ExecutionKey::Response(id) => format!("the response id `{id}`"),
        ExecutionKey::Label(key, value) => format!("the label `{key}={value}`"),
    }
}

fn unknown(whose: &ExecutionKey) -> Failure {
    let message = format!("no execution has {}", named(whose));
    let failure = Failure::new(code::UNKNOWN_EXECUTION, message);
    match whose {
        ExecutionKey::Id(_) => failure.hint("ids must be whole here; nothing was kept"),
        _ => failure.hint("nothing was kept").hint(Hint::ListExecutions),
    }
}

fn several(whose: &ExecutionKey, ids: &BTreeSet<String>) -> Failure {
    let what = named(whose);
    let shown: Vec<&str> = ids.iter().map(String::as_str).take(LISTED).collect();
    let more = match ids.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Failure::new(
        code::DOUBTFUL_OUTCOME,
        format!(
            "{what} fits {} executions: {}{more}",
            ids.len(),
            shown.join(", ")
        ),
    )
    .hint("name the one that is meant by its `id`; nothing was kept")
}

/// What was said of an execution before, beside what is said of it now.
#[derive(Default)]
struct Earlier {
    became: LatestOutcome,
    note: Option<(ToldAt, String)>,
    /// What is said now with its time, by its place: what is not found yet, and what is.
    dated: Vec<usize>,
    found: Vec<usize>,
    /// What all that is said now without a time comes to.
    undated: Option<Outcome>,
}

impl Earlier {
    fn expect(&mut self, at: usize, said: &NewOutcome) {
        let outcome = &said.outcome;
        if said.is_dated {
            self.dated.push(at);
            return;
        }
        let last = (self.undated).get_or_insert_with(|| Outcome::new("", outcome.time));
        last.score = outcome.score.or(last.score);
        last.label = outcome.label.clone().or(last.label.take());
        last.note = outcome.note.clone().or(last.note.take());
        last.metrics.extend(outcome.metrics.clone());
    }

    /// Takes in what a line of the log says.
    fn take(&mut self, outcome: Outcome, said: &[NewOutcome], now: Timestamp) {
        let (found, rest) =
            (self.dated.iter().copied()).partition(|at| is_same(&said[*at].outcome, &outcome));
        self.dated = rest;
        self.found.extend::<Vec<usize>>(found);
        if let Some(note) = &outcome.note {
            newest(&mut self.note, told_at(outcome.time, now), note.clone());
        }
        self.became.take(outcome, now);
    }

    /// Whether what is said now without a time is what counts already.
    fn says_all(&self) -> bool {
        self.undated.as_ref().is_some_and(|last| {
            let has_note = match (&last.note, &self.note) {
                (Some(note), Some((_, known))) => note == known,
                (said, _) => said.is_none(),
            };
            has_note && self.became.says(last)
        })
    }
}

/// Whether two outcomes say the same of the same time.
fn is_same(one: &Outcome, other: &Outcome) -> bool {
    let figures = |it: &Outcome| -> Vec<f64> {
        let metrics = it.metrics.values().copied();
        it.score.into_iter().chain(metrics).collect()
    };
    let (ours, theirs) = (figures(one), figures(other));
    one.time.as_millisecond() == other.time.as_millisecond()
        && (&one.label, &one.note) == (&other.label, &other.note)
        && one.score.is_some() == other.score.is_some()
        && one.metrics.keys().eq(other.metrics.keys())
        && ours
            .iter()
            .zip(&theirs)
            .all(|(ours, theirs)| is_same_figure(*ours, *theirs))
}

/// What the log says of the executions that these outcomes are of, and the log, held as it says so.
fn said_earlier(
    log: &Log,
    said: &[NewOutcome],
    now: Timestamp,
    is_dry: bool,
) -> Result<(HashMap<String, Earlier>, Option<Held>), Failure> {
    let mut earlier: HashMap<String, Earlier> = HashMap::with_capacity(said.len());
    for (at, it) in said.iter().enumerate() {
        let id = &it.outcome.outcome_of;
        match earlier.get_mut(id) {
            Some(known) => known.expect(at, it),
            None => earlier.entry(id.clone()).or_default().expect(at, it),
        }
    }
    let of = |line: &[u8], found: &mut Vec<Outcome>| {
        if is_of_outcome(line)
            && let Line::Parsed(Parsed::Outcome(outcome)) = read(line)
        {
            found.push(outcome);
        }
    };
    let held = read_to_append(log, is_dry, &of, &mut |outcome: Outcome| {
        if let Some(known) = earlier.get_mut(&outcome.outcome_of) {
            known.take(outcome, said, now);
        }
    })?;
    Ok((earlier, held))
}
