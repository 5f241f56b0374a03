//! Passages that stand elsewhere now.

use std::collections::HashMap;

use similar::DiffableStr;

use super::units::Units;
use crate::prompt::diff::align::Stretch;

/// A passage must have this many words to be recognised where it moved to.
const MIN_MOVED_WORDS: usize = 4;

/// How many places a moved passage may have come to; more are not tried.
const MAX_MOVE_TARGETS: usize = 8;

/// Which units left their place, and which came to one.
pub(super) struct Moves {
    /// By unit of the old text, whether it left.
    pub(super) away: Vec<bool>,
    /// By unit of the new text, whether it came.
    pub(super) here: Vec<bool>,
}

impl Moves {
    /// Looks among what was removed and added for the same passages.
    pub(super) fn find(old: &Units<'_>, new: &Units<'_>, stretches: &[Stretch]) -> Self {
        let mut moves = Self {
            away: vec![false; old.len()],
            here: vec![false; new.len()],
        };
        let (mut removed, mut added) = (vec![false; old.len()], vec![false; new.len()]);
        for stretch in stretches.iter().filter(|stretch| !stretch.is_same) {
            removed[stretch.old.clone()].fill(true);
            added[stretch.new.clone()].fill(true);
        }
        let mut targets: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, unit) in new.iter().enumerate() {
            if added[at] && is_worth_moving(unit) {
                targets.entry(unit.trim()).or_default().push(at);
            }
        }
        for (at, unit) in old.iter().enumerate() {
            let Some(targets) = targets.get(unit.trim()).filter(|_| removed[at]) else {
                continue;
            };
            let free = targets.iter().filter(|&&to| added[to]);
            let best = free
                .take(MAX_MOVE_TARGETS)
                .map(|&to| (to, extent((old, at, &removed), (new, to, &added))))
                .max_by_key(|(_, (before, behind))| before + behind);
            let Some((to, (before, behind))) = best else {
                continue;
            };
            moves.away[at - before..at + behind].fill(true);
            moves.here[to - before..to + behind].fill(true);
            removed[at - before..at + behind].fill(false);
            added[to - before..to + behind].fill(false);
        }
        moves
    }
}

/// How many neighbours before and behind (itself included) moved along with a unit.
fn extent(
    (old, at, removed): (&Units<'_>, usize, &[bool]),
    (new, to, added): (&Units<'_>, usize, &[bool]),
) -> (usize, usize) {
    let same = |at: usize, to: usize| {
        removed[at] && added[to] && old.slice(at..at + 1).trim() == new.slice(to..to + 1).trim()
    };
    let before = (1..=at.min(to)).take_while(|&back| same(at - back, to - back));
    let behind = (0..(old.len() - at).min(new.len() - to)).take_while(|&on| same(at + on, to + on));
    (before.count(), behind.count())
}

/// Whether a passage says enough to be recognised elsewhere.
fn is_worth_moving(unit: &str) -> bool {
    let words = unit.tokenize_unicode_words().into_iter();
    let is_word = |word: &&str| word.contains(char::is_alphanumeric);
    words.filter(is_word).take(MIN_MOVED_WORDS).count() == MIN_MOVED_WORDS
}
