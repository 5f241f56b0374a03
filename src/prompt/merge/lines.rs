//! Three texts merged line by line, as git does it.

use std::collections::HashMap;
use std::ops::Range;

use crate::prompt::diff::align::{Budget, align, id};

/// A stretch of a merged text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Lines on which both sides agree, or that one of them changed.
    Merged(String),
    /// Lines that both sides changed, each in its own way.
    Conflict { ours: String, theirs: String },
}

/// Merges what `ours` and `theirs` made of `base`. Changes of lines that touch are a conflict.
pub(super) fn merge_lines(base: &str, ours: &str, theirs: &str) -> Vec<Chunk> {
    let mut ids = HashMap::new();
    let [base, ours, theirs] = [base, ours, theirs].map(|text| Lines::new(text, &mut ids));
    let mut hunks: Vec<Hunk> = [&ours, &theirs]
        .into_iter()
        .enumerate()
        .flat_map(|(side, lines)| hunks(&base, lines, side))
        .collect();
    hunks.sort_by_key(|hunk| (hunk.base.start, hunk.base.end));
    let mut chunks = Chunks::default();
    let (mut done, mut moved) = (0, [0_isize; 2]);
    let mut hunks = hunks.into_iter().peekable();
    while let Some(first) = hunks.next() {
        let mut group = first.base.clone();
        let start = moved;
        moved[first.side] += first.grown();
        let mut touched = [first.side == 0, first.side == 1];
        while let Some(next) = hunks.next_if(|next| next.base.start <= group.end) {
            group.end = group.end.max(next.base.end);
            moved[next.side] += next.grown();
            touched[next.side] = true;
        }
        chunks.merged(base.text(done..group.start));
        let part = |lines: &Lines<'_>, side: usize| {
            lines.text(shifted(group.start, start[side])..shifted(group.end, moved[side]))
        };
        let (mine, yours) = (part(&ours, 0), part(&theirs, 1));
        if mine == yours || !touched[1] {
            chunks.merged(mine);
        } else if !touched[0] {
            chunks.merged(yours);
        } else {
            chunks.conflict(mine, yours);
        }
        done = group.end;
    }
    chunks.merged(base.text(done..base.lines.len()));
    chunks.0
}

/// The text as one side wants it where they disagree: ours, or theirs.
pub(super) fn resolved(chunks: &[Chunk], is_ours: bool) -> String {
    let text = |chunk: &Chunk| match chunk {
        Chunk::Merged(text) => text.clone(),
        Chunk::Conflict { ours, .. } if is_ours => ours.clone(),
        Chunk::Conflict { theirs, .. } => theirs.clone(),
    };
    chunks.iter().map(text).collect()
}

fn shifted(line: usize, by: isize) -> usize {
    line.saturating_add_signed(by)
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    numbers: Vec<u32>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str, ids: &mut HashMap<&'a str, u32>) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let numbers = lines.iter().map(|line| id(ids, *line)).collect();
        Self { lines, numbers }
    }

    fn text(&self, range: Range<usize>) -> String {
        self.lines.get(range).unwrap_or_default().concat()
    }
}

/// A change that one side made.
struct Hunk {
    side: usize,
    base: Range<usize>,
    own: Range<usize>,
}

impl Hunk {
    fn grown(&self) -> isize {
        self.own.len().cast_signed() - self.base.len().cast_signed()
    }
}

fn hunks(base: &Lines<'_>, own: &Lines<'_>, side: usize) -> Vec<Hunk> {
    align(&base.numbers, &own.numbers, &mut Budget::default())
        .into_iter()
        .filter(|stretch| !stretch.is_same)
        .map(|stretch| Hunk {
            side,
            base: stretch.old,
            own: stretch.new,
        })
        .collect()
}

/// Chunks in order, neighbours that are merged joined.
#[derive(Default)]
struct Chunks(Vec<Chunk>);

impl Chunks {
    fn merged(&mut self, text: String) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Chunk::Merged(before)) => before.push_str(&text),
            _ => self.0.push(Chunk::Merged(text)),
        }
    }

    fn conflict(&mut self, ours: String, theirs: String) {
        self.0.push(Chunk::Conflict { ours, theirs });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn merged(base: &str, ours: &str, theirs: &str) -> String {
        let lines = |text: &str| text.replace(' ', "\n");
        let chunks = merge_lines(&lines(base), &lines(ours), &lines(theirs));
        let show = |chunk: &Chunk| match chunk {
            Chunk::Merged(text) => text.replace('\n', " "),
            Chunk::Conflict { ours, theirs } => {
                format!(
                    "<{}|{}>",
                    ours.replace('\n', " "),
                    theirs.replace('\n', " ")
                )
            }
        };
        chunks.iter().map(show).collect()
    }

    #[test]
    fn changes_apart_are_merged_and_changes_that_touch_are_not() {
        assert_eq!(merged("a b c d ", "x b c d ", "a b c y "), "x b c y ");
        assert_eq!(merged("a b c ", "x b c ", "y b c "), "<x |y >b c ");
        assert_eq!(merged("a b c ", "x b c ", "a y c "), "<x b |a y >c ");
        assert_eq!(merged("a b c ", "x b c ", "x b c d "), "x b c d ");
        assert_eq!(
            merged("a b c d e ", "a c d e ", "a b c d n e "),
            "a c d n e "
        );
        assert_eq!(merged("a b ", "a b c ", "a b d "), "a b <c |d >");
        assert_eq!(merged("", "a ", "b "), "<a |b >");
        assert_eq!(merged("a b c ", "", "a b c "), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_side_that_changed_nothing_has_no_say(base in "[abc\n]{0,30}", other in "[abc\n]{0,30}") {
            let one = |text: &str| match text { "" => vec![], text => vec![Chunk::Merged(text.to_owned())] };
            prop_assert_eq!(merge_lines(&base, &base, &other), one(&other));
            prop_assert_eq!(merge_lines(&base, &other, &base), one(&other));
            prop_assert_eq!(merge_lines(&base, &other, &other), one(&other));
        }

        #[test]
        fn the_sides_can_be_swapped(base in "[ab\n]{0,24}", ours in "[abc\n]{0,24}", theirs in "[abc\n]{0,24}") {
            let (there, back) = (merge_lines(&base, &ours, &theirs), merge_lines(&base, &theirs, &ours));
            prop_assert_eq!(resolved(&there, true), resolved(&back, false));
            prop_assert_eq!(resolved(&there, false), resolved(&back, true));
            prop_assert_eq!(there.len(), back.len());
        }
    }
}
