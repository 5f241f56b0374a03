//! How one text became another, word by word, with moved passages recognised.
//!
//! The work is bounded by size alone, never by a clock, so that the same two texts always give
//! the same answer: sentences and lines are compared first, and words only where they differ.

mod moves;
mod units;

use std::ops::Range;

use super::align::{Budget, Stretch, align, numbers};
use moves::Moves;
use units::Units;

/// Above this many bytes, old and new together, a changed passage counts as replaced as a whole.
const MAX_PASSAGE: usize = 400_000;

/// How one text became another. Its pieces, in order, hold both texts whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordDiff {
    /// The pieces, in reading order; neighbours differ in kind.
    pub pieces: Vec<Piece>,
}

/// A stretch of text and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What became of it.
    pub kind: PieceKind,
    /// The text; never empty.
    pub text: String,
}

/// What became of a stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PieceKind {
    /// It stayed.
    Same,
    /// Only the old text has it.
    Removed,
    /// Only the new text has it.
    Added,
    /// It stood here in the old text and stands elsewhere in the new one.
    MovedAway,
    /// It stands here in the new text and stood elsewhere in the old one.
    MovedHere,
}

impl PieceKind {
    /// Whether the old text has it.
    pub fn is_before(self) -> bool {
        matches!(self, Self::Same | Self::Removed | Self::MovedAway)
    }

    /// Whether the new text has it.
    pub fn is_after(self) -> bool {
        matches!(self, Self::Same | Self::Added | Self::MovedHere)
    }
}

impl WordDiff {
    /// Compares two texts.
    pub fn new(before: &str, after: &str) -> Self {
        Self::within(&mut Budget::default(), before, after)
    }

    /// Compares two texts with what is left of a budget; without any, what differs is replaced.
    pub(super) fn within(budget: &mut Budget, before: &str, after: &str) -> Self {
        let mut writer = Writer {
            pieces: Vec::new(),
            budget,
        };
        let (before, after, rest) = writer.common_start(before, after, |char| char == '\n');
        passages(before, after, &mut writer);
        writer.push(PieceKind::Same, rest);
        Self {
            pieces: writer.pieces,
        }
    }

    /// The old text.
    pub fn before(&self) -> String {
        self.text(PieceKind::is_before)
    }

    /// The new text.
    pub fn after(&self) -> String {
        self.text(PieceKind::is_after)
    }

    /// Whether every word is still there and only its place changed.
    pub fn is_only_moved(&self) -> bool {
        let mut is_moved = false;
        let is_kept = self.pieces.iter().all(|piece| match piece.kind {
            PieceKind::Same => true,
            PieceKind::MovedAway | PieceKind::MovedHere => {
                is_moved = true;
                true
            }
            PieceKind::Removed | PieceKind::Added => piece.text.trim().is_empty(),
        });
        is_kept && is_moved
    }

    fn text(&self, wanted: fn(PieceKind) -> bool) -> String {
        let pieces = self.pieces.iter().filter(|piece| wanted(piece.kind));
        pieces.map(|piece| piece.text.as_str()).collect()
    }
}

/// Joins neighbours of one kind.
struct Writer<'b> {
    pieces: Vec<Piece>,
    budget: &'b mut Budget,
}

impl Writer<'_> {
    fn push(&mut self, kind: PieceKind, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(last) if last.kind == kind => last.text.push_str(text),
            _ => self.pieces.push(Piece {
                kind,
                text: text.to_owned(),
            }),
        }
    }

    /// Writes what both texts begin with, and gives what lies between that and their common end,
    /// and that end. Both are cut back to the last of these borders.
    fn common_start<'a>(
        &mut self,
        before: &'a str,
        after: &'a str,
        is_border: fn(char) -> bool,
    ) -> (&'a str, &'a str, &'a str) {
        if before == after {
            self.push(PieceKind::Same, before);
            return ("", "", "");
        }
        let same = |(a, b): &(u8, u8)| a == b;
        let start = before.bytes().zip(after.bytes()).take_while(same).count();
        let start = before[..before.floor_char_boundary(start)].rfind(is_border);
        let start = start.map_or(0, |at| before.ceil_char_boundary(at + 1));
        let (head, before) = before.split_at(start);
        let after = &after[head.len()..];
        self.push(PieceKind::Same, head);
        let backwards = before.bytes().rev().zip(after.bytes().rev());
        let end = before.ceil_char_boundary(before.len() - backwards.take_while(same).count());
        let border = before[end..].find(is_border);
        let end = border.map_or(before.len(), |at| before.ceil_char_boundary(end + at + 1));
        let (before, rest) = before.split_at(end);
        (before, &after[..after.len() - rest.len()], rest)
    }
}

/// Compares by sentence and line, finds what moved, and goes into words where that is not enough.
fn passages(before: &str, after: &str, writer: &mut Writer<'_>) {
    let (old, new) = (Units::sentences(before), Units::sentences(after));
    let stretches = compare(&old, &new, writer.budget);
    let stretches: Vec<Stretch> = stretches
        .into_iter()
        .flat_map(|stretch| stayed(stretch, &old, &new, writer.budget))
        .collect();
    let moves = Moves::find(&old, &new, &stretches);
    for stretch in stretches {
        if stretch.is_same {
            let (old, new) = (old.slice(stretch.old), new.slice(stretch.new));
            // What stayed may have been indented or have lost its line end.
            words(old, new, writer);
        } else {
            let old = runs(&old, stretch.old, &moves.away);
            let new = runs(&new, stretch.new, &moves.here);
            hunk(&old, &new, writer);
        }
    }
}

/// Cuts a changed stretch at the passages that stayed in their order and differ only in the blanks
/// around them: those did not move, whatever came or went beside them.
fn stayed(stretch: Stretch, old: &Units<'_>, new: &Units<'_>, budget: &mut Budget) -> Vec<Stretch> {
    if stretch.is_same || stretch.old.is_empty() || stretch.new.is_empty() {
        return vec![stretch];
    }
    let (from, to) = (stretch.old.start, stretch.new.start);
    let trimmed = |units: &Units<'_>, range: Range<usize>| -> Vec<String> {
        let units = range.map(|at| units.slice(at..at + 1).trim().to_owned());
        units.collect()
    };
    let (before, after) = (trimmed(old, stretch.old), trimmed(new, stretch.new));
    let (olds, news) = numbers(&before, &after);
    let is_blank = |range: &Range<usize>| before[range.clone()].iter().all(String::is_empty);
    let mut parts: Vec<Stretch> = Vec::new();
    for mut part in align(&olds, &news, budget) {
        part.is_same &= !is_blank(&part.old);
        part.old = part.old.start + from..part.old.end + from;
        part.new = part.new.start + to..part.new.end + to;
        match parts.last_mut() {
            Some(last) if !last.is_same && !part.is_same => {
                (last.old.end, last.new.end) = (part.old.end, part.new.end);
            }
            _ => parts.push(part),
        }
    }
    parts
}

/// Writes one changed passage: its plain runs side by side, its moved runs in their places.
fn hunk(old: &[Run<'_>], new: &[Run<'_>], writer: &mut Writer<'_>) {
    for at in 0..old.len().max(new.len()) {
        let old = old.get(at).copied().unwrap_or_default();
        let new = new.get(at).copied().unwrap_or_default();
        words(old.plain, new.plain, writer);
        writer.push(PieceKind::MovedAway, old.moved);
        writer.push(PieceKind::MovedHere, new.moved);
    }
}

/// A stretch of text that did not move, and the moved stretch behind it.
#[derive(Debug, Clone, Copy, Default)]
struct Run<'a> {
    plain: &'a str,
    moved: &'a str,
}

fn runs<'a>(units: &Units<'a>, range: Range<usize>, moved: &[bool]) -> Vec<Run<'a>> {
    let mut runs = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let middle = (at..range.end).find(|&i| moved[i]).unwrap_or(range.end);
        let end = (middle..range.end)
            .find(|&i| !moved[i])
            .unwrap_or(range.end);
        runs.push(Run {
            plain: units.slice(at..middle),
            moved: units.slice(middle..end),
        });
        at = end;
    }
    runs
}

/// Compares the units of two texts.
fn compare(old: &Units<'_>, new: &Units<'_>, budget: &mut Budget) -> Vec<Stretch> {
    let (old, new) = numbers(old.iter(), new.iter());
    align(&old, &new, budget)
}

/// Compares one changed passage word by word, if it is not too long for that.
fn words(before: &str, after: &str, writer: &mut Writer<'_>) {
    let (before, after, rest) = if before.len() + after.len() <= MAX_PASSAGE {
        (before, after, "")
    } else {
        writer.common_start(before, after, char::is_whitespace)
    };
    let is_small =
        !before.is_empty() && !after.is_empty() && before.len() + after.len() <= MAX_PASSAGE;
    let (old, new) = if is_small {
        (Units::words(before), Units::words(after))
    } else {
        (Units::whole(before), Units::whole(after))
    };
    let stretches = compare(&old, &new, writer.budget);
    for stretch in readable(stretches, &old, &new) {
        if stretch.is_same {
            writer.push(PieceKind::Same, old.slice(stretch.old));
        } else {
            writer.push(PieceKind::Removed, old.slice(stretch.old));
            writer.push(PieceKind::Added, new.slice(stretch.new));
        }
    }
    writer.push(PieceKind::Same, rest);
}

/// Joins changes that only a few small words keep apart: a sentence written anew is easier to
/// read as one change than as a dozen around every `the`.
fn readable(stretches: Vec<Stretch>, old: &Units<'_>, new: &Units<'_>) -> Vec<Stretch> {
    let mut joined: Vec<Stretch> = Vec::new();
    let weight = |stretch: &Stretch| {
        let (old, new) = (
            old.slice(stretch.old.clone()),
            new.slice(stretch.new.clone()),
        );
        old.len().max(new.len())
    };
    for mut stretch in stretches {
        while let [.., left, middle] = joined.as_slice()
            && !stretch.is_same
            && is_filler(
                old.slice(middle.old.clone()),
                weight(left).min(weight(&stretch)),
            )
        {
            (stretch.old.start, stretch.new.start) = (left.old.start, left.new.start);
            joined.truncate(joined.len() - 2);
        }
        joined.push(stretch);
    }
    joined
}

/// Whether what stayed between two changes is too little, beside them, to be shown as staying.
fn is_filler(text: &str, around: usize) -> bool {
    let length = text.trim().len();
    // The cheap look comes first: long stretches are asked about again and again.
    length < around
        && (length * 2 < around || !text.contains(char::is_alphanumeric))
        && !text.contains('\n')
}

#[cfg(test)]
mod tests;
