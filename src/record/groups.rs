//! Executions in groups, with the figures of each: one pass over logs, in parallel.
//!
//! `page` reads a piece of a log into facts, on as many cores as there are; `tally` takes the facts
//! in the order of the log, so that each execution counts once and the figures are the same every
//! time, and joins what became of them; `figures` holds what is known of a group, `measure` says
//! one figure of it and how sure that is; `cache` keeps what was found. Nothing here knows the terminal.

mod cache;
mod condition;
mod counted;
mod dimension;
mod figures;
mod found;
mod keys;
mod measure;
mod page;
mod past;
mod pieces;
mod question;
mod rank;
mod rows;
mod seen;
pub(in crate::record) mod spent;
mod tally;
#[cfg(test)]
mod tests;

use std::path::Path;

use cache::{Cache, Found};
use past::Sums;
use pieces::Read;
use tally::{Ended, Tally};

use super::history::{self, Summed};
use super::log::Log;
use super::log::hold::Turn;
use crate::error::Failure;

pub use super::outcomes::{MOST_NAMES, Outcomes, Tokens};
pub use condition::{Bound, Condition, Judged};
pub use dimension::{Dimension, Releases, Value};
pub use figures::{Answers, Group, Mix, Series};
pub use found::{Groups, Met, Past, Skipped, Source};
pub use measure::{Best, Figure, Measure};
pub use question::Question;
pub use rank::{Board, FEWEST_RANKED, Place, rank};
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
    let mut answers = read_all(logs, &[question], kept)?;
    Ok(answers.pop().unwrap_or_default())
}

/// The same for several questions about the same executions, in one reading: they differ in what groups go by,
/// and in whether costs are asked for.
///
/// # Errors
/// See [`read`].
pub fn read_all(
    logs: &[Log],
    questions: &[&Question],
    kept: Option<&Path>,
) -> Result<Vec<Groups>, Failure> {
    let (parts, past) = open(logs)?;
    let size: u64 = parts.iter().map(|it| it.part.size()).sum();
    let kept = kept.filter(|_| size >= cache::WORTH);
    drop(parts);
    let sums: Vec<Sums> = (questions.iter())
        .map(|question| Sums::of(past.clone(), question))
        .collect();
    let mut asked = Vec::with_capacity(questions.len());
    for (question, sums) in questions.iter().zip(&sums) {
        let cache = kept.and_then(|folder| Cache::new(folder, question, &sums.summed));
        let mut asked_one = Asking {
            question,
            summed: &sums.summed,
            cache,
            was_wrong: false,
            answer: None,
        };
        asked_one.look(logs, size)?;
        asked.push(asked_one);
    }
    read_whole(logs, &mut asked)?;
    let answers: Vec<Groups> = (asked.into_iter())
        .map(|it| Groups {
            was_wrong: it.was_wrong,
            ..it.answer.unwrap_or_default()
        })
        .collect();
    let mut done = Vec::with_capacity(answers.len());
    for ((mut groups, sums), question) in answers.into_iter().zip(sums).zip(questions) {
        past::add(&mut groups, sums, question)?;
        done.push(groups);
    }
    Ok(done)
}

/// A question, and its answer once it is known.
struct Asking<'q> {
    question: &'q Question,
    summed: &'q Summed,
    cache: Option<Cache>,
    was_wrong: bool,
    answer: Option<Groups>,
}

impl Asking<'_> {
    /// Answers from what was kept, and what is new since then.
    fn look(&mut self, logs: &[Log], size: u64) -> Result<(), Failure> {
        let Some(cache) = &self.cache else {
            return Ok(());
        };
        let parts = pieces::parts(logs)?;
        let known = match cache.find(&parts) {
            Found::Nothing => return Ok(()),
            Found::Wrong => {
                self.was_wrong = true;
                return Ok(());
            }
            // Where much is new, it is better to keep all anew than to read the same every time.
            Found::Known(known) if known.lacks(&parts) > cache::WORTH.max(size / 8) => {
                return Ok(());
            }
            Found::Known(known) => known,
        };
        let rest = known.rest(parts);
        let mut tally = Tally::after(self.question, self.summed, *known);
        read_into(rest, &[self.question], &mut tally)?;
        if let Ended::Groups(mut answers) = tally.finish(&[], None) {
            self.answer = answers.pop();
        }
        Ok(())
    }
}

/// Answers what is not answered yet, in one reading of everything.
fn read_whole(logs: &[Log], asked: &mut [Asking<'_>]) -> Result<(), Failure> {
    let mut open: Vec<&mut Asking<'_>> =
        asked.iter_mut().filter(|it| it.answer.is_none()).collect();
    // By the same filter, the same past sums stand for executions.
    let Some(summed) = open.first().map(|it| it.summed) else {
        return Ok(());
    };
    let parts = pieces::parts(logs)?;
    let is_kept = open.iter().any(|it| it.cache.is_some());
    let covers = match is_kept {
        true => cache::covers(&parts).ok().flatten(),
        false => None,
    };
    let questions: Vec<&Question> = open.iter().map(|it| it.question).collect();
    let mut tally = Tally::new(&questions, summed);
    read_into(parts, &questions, &mut tally)?;
    let caches: Vec<Option<&Cache>> = open.iter().map(|it| it.cache.as_ref()).collect();
    // Nothing was known before that could not hold.
    if let Ended::Groups(answers) = tally.finish(&caches, covers.as_deref()) {
        for (asked, answer) in open.iter_mut().zip(answers) {
            asked.answer = Some(answer);
        }
    }
    Ok(())
}

/// Reads files for several questions at once.
fn read_into(
    parts: Vec<pieces::Wanted>,
    questions: &[&Question],
    tally: &mut Tally<'_>,
) -> Result<(), Failure> {
    pieces::each_page(parts, questions, &mut |read| {
        match read {
            Read::File { path, is_more } => tally.begin(&path, is_more),
            Read::Damaged(why) => tally.damaged(why),
            Read::Page(page) => tally.take(page)?,
        }
        Ok(())
    })
}

/// The files of logs, and the sums of what was there before them, as they are at one moment.
fn open(logs: &[Log]) -> Result<(Vec<pieces::Wanted>, history::Past), Failure> {
    let turns: Vec<Turn> = logs.iter().map(|log| Turn::to_look(log.path())).collect();
    let parts = pieces::parts(logs)?;
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
