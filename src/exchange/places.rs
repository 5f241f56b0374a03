//! Where parts of a text stand, told many times of one text.

use std::ops::Range;

use crate::prompt::finding::{self, Span};

/// How far apart the places are of which the count is kept, in bytes.
const STEP: usize = 512;

/// The lines and columns of a text. What has to be counted is counted once: asked at every tag, a
/// count from the beginning would take the square of the time.
pub(super) struct Places<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    /// How many characters begin before each step.
    counts: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let mut counts = vec![0];
        let mut count = 0;
        for step in text.as_bytes().chunks(STEP) {
            count += letters(step);
            counts.push(count);
        }
        Self {
            text,
            lines: std::iter::once(0).chain(ends).collect(),
            counts,
        }
    }

    /// The part of the text that these bytes are; of several lines, the first.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let start = self
            .text
            .floor_char_boundary(range.start.min(self.text.len()));
        let line = self.lines.partition_point(|begin| *begin <= start);
        let begin = self.lines[line - 1];
        Span {
            line,
            column: self.count(start) - self.count(begin) + 1,
            length: finding::length(self.text, range),
        }
    }

    /// The place in the text of a place in the part of it that begins at `start`.
    pub(super) fn inside(&self, start: usize, part: Span) -> Span {
        let above = self.span(start..start);
        Span {
            line: above.line + part.line - 1,
            column: match part.line {
                1 => above.column + part.column - 1,
                _ => part.column,
            },
            length: part.length,
        }
    }

    /// How many characters begin before `at`.
    fn count(&self, at: usize) -> usize {
        let step = at / STEP;
        self.counts[step] + letters(&self.text.as_bytes()[step * STEP..at])
    }
}

/// How many characters begin in some bytes of a text.
fn letters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_place_is_the_one_that_counting_from_the_beginning_gives(
            text in "[aé€\\n ]{0,40}",
            times in 1..40usize,
            at in 0..4_000usize,
        ) {
            let text = text.repeat(times);
            let at = text.floor_char_boundary(at.min(text.len()));
            let part = at..text.floor_char_boundary((at + 5).min(text.len()));
            prop_assert_eq!(Places::new(&text).span(part.clone()), Span::from_range(&text, part));
        }
    }
}
