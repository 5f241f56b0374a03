//! Taking old executions out of the log, into daily sums.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::archive::{segment_of, write_lines};
use super::became::Became;
use super::entry::Record;
use super::filter::Filter;
use super::history::{Adding, History, Summed};
use super::id::Id;
use super::log::lines::{Blocks, lines_of};
use super::log::parse::{Parsed, parse};
use super::log::{Log, Order};
use crate::error::Failure;

/// What pruning took away, or would take away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Records taken away.
    pub records: u64,
    /// Outcomes taken away.
    pub outcomes: u64,
    /// Lines kept, those that are not sound among them.
    pub kept: u64,
    /// How much shorter the log becomes, in bytes before compression.
    pub bytes: u64,
    /// How many daily sums are kept of the records taken away.
    pub sums: u64,
}

impl Log {
    /// Takes away the records before `cutoff` with their outcomes, in the archives too: writes
    /// what stays to a new file, then swaps. Daily sums of them are appended to [`history`](Self::history),
    /// each execution once, wherever it is stopped. Lines that are not sound stay, and so do records with
    /// figures that no call has. With `is_dry` nothing
    /// is changed.
    ///
    /// # Errors
    /// `P223`: a file cannot be read or written. Each file is either as it was or done.
    pub fn prune(&self, cutoff: Timestamp, is_dry: bool) -> Result<Pruned, Failure> {
        if !self.path().exists() && self.archives().is_ok_and(|it| it.is_empty()) {
            return Ok(Pruned::default());
        }
        let held = match is_dry {
            true => None,
            false => Some(self.open_locked()?.into_swap()),
        };
        let pruned = self
            .prune_held(cutoff, is_dry)
            .map_err(|error| self.write_failed(error));
        // Only now may others append: to the new file.
        drop(held);
        pruned
    }

    fn prune_held(&self, cutoff: Timestamp, is_dry: bool) -> io::Result<Pruned> {
        let history = self.past();
        if !is_dry {
            history.recover()?;
            self.pack_archives()?;
        }
        let archives = self.archives()?.into_values().map(|path| (path, true));
        let own = Some((self.path().to_path_buf(), false)).filter(|(path, _)| path.exists());
        let files: Vec<(PathBuf, bool)> = archives.chain(own).collect();
        let summed = Summed::of(&history.read()?.sums);
        let mut adding = add_up(&files, cutoff, &summed)?.into_iter();
        let mut pruner = Pruner {
            cutoff,
            is_dry,
            history,
            gone: HashSet::new(),
            pruned: Pruned::default(),
        };
        for (path, is_archive) in &files {
            let sums = adding.next().unwrap_or_default();
            pruner.prune_file(path, *is_archive, sums)?;
        }
        Ok(pruner.pruned)
    }
}

/// What the records of each file come to that go away, with what became of them. One that sums count already,
/// because it was taken away before and appended again, goes away and adds nothing.
fn add_up(
    files: &[(PathBuf, bool)],
    cutoff: Timestamp,
    summed: &Summed,
) -> io::Result<Vec<Adding>> {
    let mut sums: Vec<Adding> = Vec::new();
    let mut gone = HashMap::new();
    let mut became: HashMap<String, Became> = HashMap::new();
    for (number, (path, _)) in files.iter().enumerate() {
        let mut adding = Adding::default();
        let Some((segment, _)) = segment_of(path)? else {
            sums.push(adding);
            continue;
        };
        let mut blocks = Blocks::new(segment, Order::OldestFirst);
        while let Some((at, text)) = blocks.next()? {
            for (_, line) in lines_of(at, &text) {
                match parse(line, &Filter::default(), true) {
                    Some(Parsed::Record(record)) if goes(&record, cutoff) => {
                        if summed.has(Id::of(&record.id), record.time.as_millisecond()) {
                            continue;
                        }
                        // One that is there twice counts once.
                        if let Entry::Vacant(free) = gone.entry(record.id.clone()) {
                            free.insert((number, adding.take(&record)));
                        }
                    }
                    Some(Parsed::Outcome(outcome)) => {
                        let known = became.entry(outcome.outcome_of.clone());
                        known.or_default().take(outcome);
                    }
                    _ => {}
                }
            }
        }
        sums.push(adding);
    }
    for (id, became) in became {
        if let Some((number, place)) = gone.get(&id) {
            sums[*number].end(place, became);
        }
    }
    Ok(sums)
}

/// Whether a record goes away. One with a figure that no call has stays: no sum could keep it.
fn goes(record: &Record, cutoff: Timestamp) -> bool {
    record.time < cutoff && record.impossible().is_none()
}

struct Pruner {
    cutoff: Timestamp,
    is_dry: bool,
    history: History,
    /// The records taken away, whose outcomes go too.
    gone: HashSet<String>,
    pruned: Pruned,
}

impl Pruner {
    fn prune_file(&mut self, path: &Path, is_archive: bool, sums: Adding) -> io::Result<()> {
        let Some((segment, permissions)) = segment_of(path)? else {
            return Ok(());
        };
        self.pruned.sums += sums.count();
        let before = self.pruned;
        let mut kept = Vec::new();
        let mut blocks = Blocks::new(segment, Order::OldestFirst);
        while let Some((at, text)) = blocks.next()? {
            self.prune_block(at, &text, &mut kept);
        }
        drop(blocks);
        if self.is_dry || self.pruned.bytes == before.bytes {
            return Ok(());
        }
        self.history.add(path, sums, || {
            if is_archive && kept.is_empty() {
                return fs::remove_file(path);
            }
            write_lines(path, permissions, &kept)
        })
    }

    fn prune_block(&mut self, at: u64, text: &[u8], kept: &mut Vec<u8>) {
        for (_, line) in lines_of(at, text) {
            if self.is_old(line) {
                self.pruned.bytes += line.len() as u64 + 1;
                continue;
            }
            self.pruned.kept += 1;
            if !self.is_dry {
                kept.extend_from_slice(line);
                kept.push(b'\n');
            }
        }
    }

    fn is_old(&mut self, line: &[u8]) -> bool {
        match parse(line, &Filter::default(), true) {
            Some(Parsed::Record(record)) if goes(&record, self.cutoff) => {
                self.pruned.records += 1;
                self.gone.insert(record.id);
                true
            }
            Some(Parsed::Outcome(outcome)) => {
                let is_old = outcome.time < self.cutoff || self.gone.contains(&outcome.outcome_of);
                self.pruned.outcomes += u64::from(is_old);
                is_old
            }
            _ => false,
        }
    }
}
