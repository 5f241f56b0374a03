//! Taking old executions out of the log, into daily sums.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::archive::{segment_of, write_lines};
use super::entry::{Outcome, Record};
use super::filter::Filter;
use super::history::{Adding, History, Summed};
use super::id::{Id, IdPlaces};
use super::log::lines::{Blocks, lines_of};
use super::log::parse::{Parsed, is_of_outcome, parse};
use super::log::{Log, Order};
use super::outcomes::LatestOutcome;
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
    /// Old records that stay, since they or their outcomes have figures that no call has.
    pub impossible: u64,
}

impl Log {
    /// Takes away the records before `cutoff` with their outcomes, in the archives too: writes
    /// what stays to a new file, then swaps. Daily sums of them are appended to [`history`](Self::history),
    /// each execution once, wherever it is stopped. Lines that are not sound stay, and so do records with
    /// figures, or with outcomes, that no call has: no sum could keep them. With `is_dry` nothing is changed.
    ///
    /// # Errors
    /// `P223`: a file cannot be read or written. Each file is either as it was or done.
    pub fn prune(
        &self,
        cutoff: Timestamp,
        now: Timestamp,
        is_dry: bool,
    ) -> Result<Pruned, Failure> {
        if !self.path().exists() && self.archives().is_ok_and(|it| it.is_empty()) {
            return Ok(Pruned::default());
        }
        let held = match is_dry {
            true => None,
            false => Some(self.open_locked()?.into_swap()),
        };
        let pruned = self
            .prune_held(cutoff, now, is_dry)
            .map_err(|error| self.write_failed(error));
        // Only now may others append: to the new file.
        drop(held);
        pruned
    }

    fn prune_held(&self, cutoff: Timestamp, now: Timestamp, is_dry: bool) -> io::Result<Pruned> {
        let history = self.past();
        if !is_dry {
            history.recover()?;
            self.pack_archives()?;
        }
        let archives = self.archives()?.into_values().map(|path| (path, true));
        let own = Some((self.path().to_path_buf(), false)).filter(|(path, _)| path.exists());
        let files: Vec<(PathBuf, bool)> = archives.chain(own).collect();
        let summed = Summed::of(&history.read()?.sums);
        let mut going = Going::of(&files, (cutoff, now), &summed)?;
        let mut adding = std::mem::take(&mut going.sums).into_iter();
        let mut pruner = Pruner {
            cutoff,
            is_dry,
            history,
            going,
            pruned: Pruned::default(),
        };
        for (path, is_archive) in &files {
            let sums = adding.next().unwrap_or_default();
            pruner.prune_file(path, *is_archive, sums)?;
        }
        Ok(pruner.pruned)
    }
}

/// What of a log goes away, and what it comes to.
#[derive(Default)]
struct Going {
    /// What became of executions.
    became: HashMap<Id, LatestOutcome, IdPlaces>,
    /// The records that stay.
    stays: HashSet<Id, IdPlaces>,
    /// The records that go.
    goes: HashSet<Id, IdPlaces>,
    /// What goes of each file, added up.
    sums: Vec<Adding>,
}

impl Going {
    /// Looks at everything twice: whether a record goes is known only once all that became of it is.
    fn of(
        files: &[(PathBuf, bool)],
        (cutoff, now): (Timestamp, Timestamp),
        summed: &Summed,
    ) -> io::Result<Self> {
        let mut going = Self::default();
        for (path, _) in files {
            each_line(
                path,
                &mut |line| match parse(line, &Filter::default(), true) {
                    Some(Parsed::Outcome(outcome)) => {
                        let known = going.became.entry(Id::of(&outcome.outcome_of));
                        known.or_default().take(outcome, now);
                    }
                    Some(Parsed::Record(record))
                        if record.time >= cutoff || record.impossible().is_some() =>
                    {
                        going.stays.insert(Id::of(&record.id));
                    }
                    _ => {}
                },
            )?;
        }
        let impossible = going.became.iter().filter(|(_, it)| it.is_impossible());
        going.stays.extend(impossible.map(|(id, _)| *id));
        for (path, _) in files {
            let mut adding = Adding::default();
            each_line(path, &mut |line| {
                if !is_of_outcome(line)
                    && let Some(Parsed::Record(record)) = parse(line, &Filter::default(), true)
                {
                    going.add_up(&record, &mut adding, summed);
                }
            })?;
            going.sums.push(adding);
        }
        Ok(going)
    }

    /// One that sums count already, because it was taken away before and appended again, goes away and adds
    /// nothing. One that is there twice counts once.
    fn add_up(&mut self, record: &Record, adding: &mut Adding, summed: &Summed) {
        let id = Id::of(&record.id);
        if self.stays.contains(&id) || !self.goes.insert(id) {
            return;
        }
        if !summed.has(id, record.time.as_millisecond()) {
            adding.take(record, self.became.remove(&id));
        }
    }

    /// Whether a record goes.
    fn takes(&self, record: &Record) -> bool {
        self.goes.contains(&Id::of(&record.id))
    }

    /// Whether an outcome goes: with its record. Where that is not there, when it is old.
    fn takes_outcome(&self, outcome: &Outcome, cutoff: Timestamp) -> bool {
        let id = Id::of(&outcome.outcome_of);
        self.goes.contains(&id) || (!self.stays.contains(&id) && outcome.time < cutoff)
    }
}

/// Hands over the lines of a file, if it is there.
fn each_line(path: &Path, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let Some((segment, _)) = segment_of(path)? else {
        return Ok(());
    };
    let mut blocks = Blocks::new(segment, Order::OldestFirst);
    while let Some((at, text)) = blocks.next()? {
        for (_, line) in lines_of(at, &text) {
            take(line);
        }
    }
    Ok(())
}

struct Pruner {
    cutoff: Timestamp,
    is_dry: bool,
    history: History,
    going: Going,
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
            Some(Parsed::Record(record)) => {
                let is_old = self.going.takes(&record);
                self.pruned.records += u64::from(is_old);
                self.pruned.impossible += u64::from(!is_old && record.time < self.cutoff);
                is_old
            }
            Some(Parsed::Outcome(outcome)) => {
                let is_old = self.going.takes_outcome(&outcome, self.cutoff);
                self.pruned.outcomes += u64::from(is_old);
                is_old
            }
            _ => false,
        }
    }
}
