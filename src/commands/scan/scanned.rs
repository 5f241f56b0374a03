//! What was read, and what was found in it.

use crate::scan::entry::Entry;
use crate::scan::found::{FoundPrompt, Unread};

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) files: usize,
    pub(super) bytes: u64,
    /// How many have a syntax tree.
    pub(super) parsed: usize,
}

/// All that was found.
pub(super) struct All {
    pub(super) entries: Vec<Entry>,
    pub(super) prompts: Vec<(String, FoundPrompt)>,
    /// Calls of which a text could not be read.
    pub(super) unread: Vec<(String, Unread)>,
    pub(super) scanned: Scanned,
}

impl All {
    /// How many are neither allowed nor known: stored prompts, their places, and prompts in code.
    pub(super) fn new_ones(&self) -> (usize, usize, usize) {
        let places = self.entries.iter().map(|entry| entry.new_spots().count());
        let new: Vec<usize> = places.filter(|&places| places > 0).collect();
        let prompts = self.prompts.iter().filter(|(_, prompt)| prompt.is_new());
        (new.len(), new.iter().sum(), prompts.count())
    }
}
