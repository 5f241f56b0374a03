//! The pieces of logs, read by several threads and handed over in the order of the logs.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

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
    /// How many were given out.
    given: usize,
}

impl Pieces {
    fn new(wanted: Vec<Wanted>) -> Self {
        Self {
            wanted: wanted.into_iter(),
            blocks: None,
            next: None,
            path: PathBuf::new(),
            given: 0,
        }
    }

    /// The next one, in the buffer of an earlier one.
    fn next(&mut self, buffer: Vec<u8>) -> Result<Option<Piece>, Failure> {
        let piece = self.next_of_files(buffer);
        self.given += 1;
        piece.map_err(|error| Log::at(&self.path).read_failed(error))
    }

    fn next_of_files(&mut self, buffer: Vec<u8>) -> io::Result<Option<Piece>> {
        if let Some(piece) = self.next.take() {
            return Ok(Some(piece));
        }
        if let Some(blocks) = &mut self.blocks
            && let Some((_, text)) = blocks.next_into(buffer)?
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
    /// What is in it, and its buffer for another one.
    fn read(self, questions: &[&Question]) -> (Read, Vec<u8>) {
        match self {
            Self::File { path, is_more } => (Read::File { path, is_more }, Vec::new()),
            Self::Damaged(why) => (Read::Damaged(why), Vec::new()),
            Self::Text(text) => (Read::Page(page(&text, questions)), text),
        }
    }
}

/// Takes what was read, in the order of the files.
pub(super) type Take<'t> = dyn FnMut(Read) -> Result<(), Failure> + Send + 't;

/// Reads files and hands what is in them over, in their order.
///
/// # Errors
/// A file cannot be read, or `take` fails.
pub(super) fn each_page(
    wanted: Vec<Wanted>,
    questions: &[&Question],
    take: &mut Take<'_>,
) -> Result<(), Failure> {
    let sizes = (wanted.iter()).map(|it| it.part.size().saturating_sub(it.from));
    let is_small = sizes.sum::<u64>() < SMALL;
    let mut pieces = Pieces::new(wanted);
    // rayon starts its threads when it is asked how many there are.
    let threads = match is_small {
        true => 1,
        false => rayon::current_num_threads(),
    };
    if threads < 2 {
        let mut buffer = Vec::new();
        while let Some(piece) = pieces.next(buffer)? {
            let read;
            (read, buffer) = piece.read(questions);
            take(read)?;
        }
        return Ok(());
    }
    let desk = Desk {
        pieces: Mutex::new(pieces),
        take: Mutex::new(take),
        state: Mutex::new(State::default()),
        changed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| desk.work(questions));
        }
        desk.work(questions);
    });
    let state = desk.state.into_inner();
    let failure = state.unwrap_or_else(PoisonError::into_inner).failure;
    failure.map_or(Ok(()), Err)
}

/// Where threads get pieces and put what they read. Whoever puts down the one whose turn it is also hands it over, so
/// that no thread has to be woken for it.
struct Desk<'t, 'f> {
    /// Locked before `state`, where both are.
    pieces: Mutex<Pieces>,
    take: Mutex<&'t mut Take<'f>>,
    state: Mutex<State>,
    /// There is room for more pieces, or it is over.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    read: BTreeMap<usize, Read>,
    /// How many were handed over, or are being.
    taken: usize,
    /// Whether a thread hands over.
    is_taking: bool,
    /// Whether a thread waits for room.
    is_waited_for: bool,
    failure: Option<Failure>,
    is_over: bool,
}

impl Desk<'_, '_> {
    fn work(&self, questions: &[&Question]) {
        // Where this thread panics, nobody waits for what it had in hand.
        let _leave = Leave(&self.state, &self.changed);
        let mut buffer = Vec::new();
        while let Some((number, piece)) = self.give(buffer) {
            let read;
            (read, buffer) = piece.read(questions);
            self.hand_over(number, read);
        }
    }

    fn give(&self, buffer: Vec<u8>) -> Option<(usize, Piece)> {
        let mut pieces = lock(&self.pieces);
        let number = pieces.given;
        let mut state = lock(&self.state);
        while !state.is_over && number >= state.taken + AHEAD {
            state.is_waited_for = true;
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_over {
            return None;
        }
        drop(state);
        match pieces.next(buffer) {
            Ok(piece) => piece.map(|piece| (number, piece)),
            Err(failure) => {
                lock(&self.state).fail(failure);
                None
            }
        }
    }

    fn hand_over(&self, number: usize, read: Read) {
        let mut state = lock(&self.state);
        state.read.insert(number, read);
        if state.is_taking {
            return;
        }
        state.is_taking = true;
        while let turn = state.taken
            && !state.is_over
            && let Some(read) = state.read.remove(&turn)
        {
            state.taken += 1;
            drop(state);
            let taken = lock(&self.take)(read);
            state = lock(&self.state);
            taken.unwrap_or_else(|failure| state.fail(failure));
            if std::mem::take(&mut state.is_waited_for) {
                self.changed.notify_all();
            }
        }
        state.is_taking = false;
    }
}

impl State {
    fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
        self.is_over = true;
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked ends the scope with its panic.
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the reading where the thread that holds this panics.
struct Leave<'d>(&'d Mutex<State>, &'d Condvar);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        // What a thread that panicked had in hand never comes.
        if std::thread::panicking() {
            lock(self.0).is_over = true;
            self.1.notify_all();
        }
    }
}
