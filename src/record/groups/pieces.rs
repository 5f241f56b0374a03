//! The pieces of logs, read by several threads and handed over in the order of the logs.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};

use super::page::{Page, page};
use super::question::Question;
use crate::error::Failure;
use crate::record::log::Log;
use crate::record::log::lines::Blocks;
use crate::record::log::read::{Order, Part};

/// Logs below this size are read by one thread, in bytes.
const SMALL: u64 = 8 << 20;

/// So many pieces may be read ahead of the one whose turn it is.
const AHEAD: usize = 16;

/// A file to read, and from where on.
pub(super) struct Wanted {
    pub(super) path: PathBuf,
    pub(super) part: Part,
    pub(super) from: u64,
    /// Whether an earlier reading read the file up to there.
    pub(super) is_more: bool,
}

/// The files of logs, archives first.
pub(super) fn parts(logs: &[Log]) -> Result<Vec<Wanted>, Failure> {
    let mut seen = HashSet::new();
    let mut wanted = Vec::new();
    for log in logs {
        for (path, part) in log.parts()? {
            // A log may be named twice, and so may an archive of it.
            let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if seen.insert(real) {
                wanted.push(Wanted {
                    path,
                    part,
                    from: 0,
                    is_more: false,
                });
            }
        }
    }
    Ok(wanted)
}

/// A piece of a file, or its end.
pub(super) enum Piece {
    /// A file begins; the pieces that follow are of it.
    File { path: PathBuf, is_more: bool },
    /// Why the file ends early.
    Damaged(&'static str),
    /// Whole lines.
    Text(Vec<u8>),
}

/// The pieces of all files.
struct Pieces {
    wanted: std::vec::IntoIter<Wanted>,
    blocks: Option<Blocks>,
    /// What comes next before the next block.
    next: Option<Piece>,
    /// What cannot be read, with the file.
    path: PathBuf,
    /// Places of pieces that were read, for those to come.
    free: Vec<Vec<u8>>,
}

impl Pieces {
    fn next(&mut self) -> io::Result<Option<Piece>> {
        if let Some(piece) = self.next.take() {
            return Ok(Some(piece));
        }
        if let Some(blocks) = &mut self.blocks
            && let Some((_, text)) = blocks.next_into(self.free.pop().unwrap_or_default())?
        {
            return Ok(Some(Piece::Text(text)));
        }
        self.blocks = None;
        let Some(wanted) = self.wanted.next() else {
            return Ok(None);
        };
        self.path.clone_from(&wanted.path);
        let (segment, length, damage) = wanted.part.open()?;
        let from = wanted.from.min(length);
        self.blocks = Some(Blocks::between(segment, Order::OldestFirst, from, length));
        self.next = damage.map(Piece::Damaged);
        Ok(Some(Piece::File {
            path: wanted.path,
            is_more: wanted.is_more,
        }))
    }
}

/// What was read of a piece.
pub(super) enum Read {
    File { path: PathBuf, is_more: bool },
    Damaged(&'static str),
    Page(Page),
}

impl Piece {
    /// What is in it, and its place, which is free then.
    fn read(self, questions: &[&Question]) -> (Read, Option<Vec<u8>>) {
        match self {
            Self::File { path, is_more } => (Read::File { path, is_more }, None),
            Self::Damaged(why) => (Read::Damaged(why), None),
            Self::Text(text) => (Read::Page(page(&text, questions)), Some(text)),
        }
    }
}

/// Reads files and hands what is in them over, in their order.
///
/// # Errors
/// A file cannot be read, or `take` fails.
pub(super) fn each_page(
    wanted: Vec<Wanted>,
    questions: &[&Question],
    take: &mut dyn FnMut(Read) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let size = wanted
        .iter()
        .map(|it| it.part.size().saturating_sub(it.from));
    let size: u64 = size.sum();
    let mut pieces = Pieces {
        wanted: wanted.into_iter(),
        blocks: None,
        next: None,
        path: PathBuf::new(),
        free: Vec::new(),
    };
    let threads = rayon::current_num_threads();
    let failed = |error: io::Error, path: &PathBuf| Log::at(path).read_failed(error);
    if size < SMALL || threads < 2 {
        while let Some(piece) = pieces.next().map_err(|error| failed(error, &pieces.path))? {
            let (read, free) = piece.read(questions);
            pieces.free.extend(free);
            take(read)?;
        }
        return Ok(());
    }
    let desk = Desk {
        state: Mutex::new(State {
            pieces,
            read: BTreeMap::new(),
            given: 0,
            taken: 0,
            working: threads,
            failure: None,
            is_over: false,
        }),
        changed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| desk.work(questions));
        }
        let taken = desk.take_all(take);
        desk.stop();
        taken
    })
}

/// Where threads take pieces and put what they read.
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    pieces: Pieces,
    read: BTreeMap<usize, Read>,
    /// How many pieces were given out, and how many taken after they were read.
    given: usize,
    taken: usize,
    working: usize,
    failure: Option<Failure>,
    is_over: bool,
}

impl Desk {
    fn work(&self, questions: &[&Question]) {
        // Leaving is noted also where a thread panics, so that nobody waits for it.
        let _leave = Leave(self);
        while let Some((number, piece)) = self.give() {
            let (read, free) = piece.read(questions);
            let mut state = self.lock();
            state.read.insert(number, read);
            state.pieces.free.extend(free);
            self.changed.notify_all();
        }
    }

    fn give(&self) -> Option<(usize, Piece)> {
        let mut state = self.lock();
        while !state.is_over && state.given >= state.taken + AHEAD {
            state = self.wait(state);
        }
        if state.is_over {
            return None;
        }
        match state.pieces.next() {
            Ok(Some(piece)) => {
                state.given += 1;
                Some((state.given - 1, piece))
            }
            Ok(None) => None,
            Err(error) => {
                let failure = Log::at(&state.pieces.path).read_failed(error);
                state.failure.get_or_insert(failure);
                state.is_over = true;
                None
            }
        }
    }

    fn take_all(&self, take: &mut dyn FnMut(Read) -> Result<(), Failure>) -> Result<(), Failure> {
        loop {
            let mut state = self.lock();
            let read = loop {
                if let Some(failure) = state.failure.take() {
                    return Err(failure);
                }
                let turn = state.taken;
                if let Some(read) = state.read.remove(&turn) {
                    break read;
                }
                if state.working == 0 {
                    return Ok(());
                }
                state = self.wait(state);
            };
            state.taken += 1;
            self.changed.notify_all();
            drop(state);
            take(read)?;
        }
    }

    fn stop(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A thread that panicked ends the scope with its panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(
        &self,
        state: std::sync::MutexGuard<'g, State>,
    ) -> std::sync::MutexGuard<'g, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that a thread has left.
struct Leave<'d>(&'d Desk);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.working -= 1;
        // What a thread that panicked had in hand never comes.
        state.is_over |= std::thread::panicking();
        self.0.changed.notify_all();
    }
}
