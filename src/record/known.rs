//! What the log knows already: only what is new is appended, also where several append the same at once.

use std::collections::HashSet;
use std::io;

use rayon::prelude::*;

use super::entry::Record;
use super::history::Summed;
use super::id::Id;
use super::log::hold::{Held, Turn};
use super::log::lines::{Blocks, lines_of};
use super::log::parse::{Line, Parsed, read};
use super::log::read::Order;
use super::log::{Log, MOST_SWAPS};
use crate::error::Failure;

/// Records that are not new.
#[derive(Debug, Default)]
pub struct Already {
    pub ids: Vec<String>,
    /// How many of them `log prune` took away.
    pub summed: usize,
}

impl Log {
    /// Appends records, but those whose ids the log or one above holds already, or whose executions are in the
    /// daily sums of what `log prune` took away: these are taken out. With `is_dry` nothing is appended.
    ///
    /// # Errors
    /// - `P223`: the file cannot be written. Nothing of the records is left in it.
    /// - The log cannot be read.
    pub fn append_new(&self, records: &mut Vec<Record>, is_dry: bool) -> Result<Already, Failure> {
        let mut known: HashSet<String> = HashSet::new();
        let wanted: HashSet<&str> = records.iter().map(|it| it.id.as_str()).collect();
        let of = |line: &[u8], found: &mut Vec<String>| {
            let id = match read(line) {
                Line::Brief(record) => wanted.get(record.id.as_str()).copied(),
                Line::Parsed(Parsed::Record(record)) => wanted.get(record.id.as_str()).copied(),
                Line::Parsed(Parsed::Outcome(_) | Parsed::Bad(..)) => None,
            };
            found.extend(id.map(str::to_owned));
        };
        let held = read_to_append(self, is_dry, &of, &mut |id| {
            known.insert(id);
        })?;
        let turn = is_dry.then(|| Turn::to_look(self.path()));
        let past = self
            .past()
            .read()
            .map_err(|error| self.read_failed(error))?;
        drop(turn);
        let summed = Summed::of(&past.sums);
        let mut already = Already::default();
        records.retain(|record| {
            let is_listed = !known.insert(record.id.clone());
            let is_summed =
                !is_listed && summed.has(Id::of(&record.id), record.time.as_millisecond());
            already.summed += usize::from(is_summed);
            if is_listed || is_summed {
                already.ids.push(record.id.clone());
            }
            !is_listed && !is_summed
        });
        if let Some(held) = held {
            self.append_held(held, records)?;
        }
        Ok(already)
    }
}

/// Hands over what `of` makes of the lines of a log and its archives, and holds the log before anybody can
/// write another; with `is_dry` it is not held. Others wait only while what they appended meanwhile is read.
/// A line may be handed over again.
pub(super) fn read_to_append<T: Send>(
    log: &Log,
    is_dry: bool,
    of: &(dyn Fn(&[u8], &mut Vec<T>) + Sync),
    take: &mut dyn FnMut(T),
) -> Result<Option<Held>, Failure> {
    let failed = |error| log.read_failed(error);
    for _ in 0..MOST_SWAPS {
        let seen = log.tail()?;
        each_line(log, of, take)?;
        if is_dry {
            return Ok(None);
        }
        let held = log.open_locked()?;
        // Else it was set aside or pruned meanwhile, or made just now.
        if let Some(blocks) = log.since(&seen, &held).map_err(failed)? {
            each_of(blocks, of, take).map_err(failed)?;
            return Ok(Some(held));
        }
    }
    Err(log.swapped_over_and_over())
}

/// Hands over what `of` makes of the lines of a log and its archives, several at a time.
pub(super) fn each_line<T: Send>(
    log: &Log,
    of: &(dyn Fn(&[u8], &mut Vec<T>) + Sync),
    take: &mut dyn FnMut(T),
) -> Result<(), Failure> {
    for (_, part) in log.parts()? {
        let read = part.open().and_then(|(segment, _, _)| {
            each_of(Blocks::new(segment, Order::OldestFirst), of, take)
        });
        read.map_err(|error| log.read_failed(error))?;
    }
    Ok(())
}

fn each_of<T: Send>(
    mut blocks: Blocks,
    of: &(dyn Fn(&[u8], &mut Vec<T>) + Sync),
    take: &mut dyn FnMut(T),
) -> io::Result<()> {
    while let Some((at, text)) = blocks.next()? {
        let lines = lines_of(at, &text);
        let found: Vec<Vec<T>> = lines
            .par_chunks(256)
            .map(|lines| {
                let mut found = Vec::new();
                for (_, line) in lines {
                    of(line, &mut found);
                }
                found
            })
            .collect();
        found.into_iter().flatten().for_each(&mut *take);
    }
    Ok(())
}
