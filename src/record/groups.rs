//! Executions in groups, with the figures of each: one pass over logs, in parallel.
//!
//! `page` reads a piece of a log into facts, on as many cores as there are; `tally` takes the facts
//! in the order of the log, so that each execution counts once and the figures are the same every
//! time, and joins what became of them; `figures` holds what is known of a group, `measure` says
//! one figure of it and how sure that is; `cache` keeps what was found. Nothing here knows the terminal.

pub(in crate::record) mod became;
mod cache;
mod dimension;
mod feed;
pub(in crate::record) mod figures;
mod found;
pub(in crate::record) mod id;
mod measure;
mod page;
mod past;
mod question;
mod rank;
mod rows;
mod seen;
mod tally;
#[cfg(test)]
mod tests;

use std::path::Path;

use cache::{Cache, Found};
use past::Sums;
use tally::{Ended, Tally};

use super::history::{self, Summed};
use super::log::Log;
use super::log::hold::Turn;
use crate::error::Failure;

pub use dimension::{Dimension, Releases, Value};
pub use figures::{Answers, Group, MOST_NAMES, Mix, Outcomes, Series, Tokens};
pub use found::{Groups, Met, Past, Skipped, Source};
pub use measure::{Best, Bound, Condition, Figure, Judged, Measure};
pub use question::Question;
pub use rank::{Board, Place, rank};
pub use rows::Ending;
pub(in crate::record) use rows::{Row, rows};
pub use tally::MOST_GROUPS;

/// Reads logs, each with its archives, and answers a question. An execution that several files have
/// counts once, a log that does not exist is empty. In the folder `kept` the answer is kept for the next
/// time, which then reads only what is new; without it everything is read. Past sums count too, as far as
/// they answer the question.
///
/// # Errors
/// - A file is there and cannot be read.
/// - `P421`: there are more groups than [`MOST_GROUPS`].
pub fn read(logs: &[Log], question: &Question, kept: Option<&Path>) -> Result<Groups, Failure> {
    let (parts, past) = open(logs)?;
    let sums = Sums::of(past, question);
    let mut groups = read_logs(parts, logs, question, &sums.summed, kept)?;
    past::add(&mut groups, sums, question)?;
    Ok(groups)
}

/// The files of logs, and the sums of what was there before them, as they are at one moment.
fn open(logs: &[Log]) -> Result<(Vec<feed::Wanted>, history::Past), Failure> {
    let turns: Vec<Turn> = logs.iter().map(|log| Turn::to_look(log.path())).collect();
    let parts = feed::parts(logs)?;
    let mut past = history::Past::default();
    let mut seen = std::collections::HashSet::new();
    for log in logs {
        let file = log.history();
        if seen.insert(std::fs::canonicalize(&file).unwrap_or(file)) {
            let more = log.past().read().map_err(|error| log.read_failed(error))?;
            past.sums.extend(more.sums);
            past.bad += more.bad;
        }
    }
    drop(turns);
    Ok((parts, past))
}

fn read_logs(
    parts: Vec<feed::Wanted>,
    logs: &[Log],
    question: &Question,
    summed: &Summed,
    kept: Option<&Path>,
) -> Result<Groups, Failure> {
    let size: u64 = parts.iter().map(|it| it.part.size()).sum();
    let cache = kept.filter(|_| size >= cache::WORTH);
    let Some(cache) = cache.and_then(|folder| Cache::new(folder, question, summed)) else {
        return read_all(parts, question, summed, None);
    };
    let mut was_wrong = false;
    let parts = match cache.find(&parts) {
        Found::Nothing => parts,
        Found::Wrong => {
            was_wrong = true;
            parts
        }
        // Where much is new, it is better to keep all anew than to read the same every time.
        Found::Known(known) if known.lacks(&parts) > cache::WORTH.max(size / 8) => parts,
        Found::Known(known) => {
            let rest = known.rest(parts);
            let mut tally = Tally::after(question, summed, *known);
            feed::each_page(rest, question, &mut |page| tally.take(page))?;
            match tally.finish(None) {
                Ended::Groups(groups) => return Ok(groups),
                Ended::BeginAnew => feed::parts(logs)?,
            }
        }
    };
    let mut groups = read_all(parts, question, summed, Some(&cache))?;
    groups.was_wrong = was_wrong;
    Ok(groups)
}

/// Reads all of these files.
fn read_all(
    parts: Vec<feed::Wanted>,
    question: &Question,
    summed: &Summed,
    cache: Option<&Cache>,
) -> Result<Groups, Failure> {
    let covers = cache.and_then(|cache| Some((cache, cache::covers(&parts).ok()??)));
    let mut tally = Tally::new(question, summed);
    feed::each_page(parts, question, &mut |page| tally.take(page))?;
    match tally.finish(covers) {
        Ended::Groups(groups) => Ok(groups),
        // Nothing was known before that could not hold.
        Ended::BeginAnew => Ok(Groups::default()),
    }
}
