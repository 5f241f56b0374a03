//! A text cut into sentences or words.

use std::ops::Range;

use similar::DiffableStr;

/// A text cut into units without gaps.
pub(super) struct Units<'a> {
    text: &'a str,
    /// Where each unit ends.
    ends: Vec<usize>,
}

impl<'a> Units<'a> {
    /// Cuts behind every line and every sentence.
    pub(super) fn sentences(text: &'a str) -> Self {
        let mut ends = Vec::new();
        let mut chars = text.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            let after = at + char.len_utf8();
            let next = chars.peek().map(|(_, next)| *next);
            let is_end = match char {
                '\n' | '。' | '！' | '？' => true,
                // The blank behind a sentence belongs to it.
                ' ' => {
                    next != Some(' ') && text[..at].trim_end_matches(' ').ends_with(['.', '!', '?'])
                }
                _ => false,
            };
            if is_end || next.is_none() {
                ends.push(after);
            }
        }
        Self { text, ends }
    }

    /// Cuts into words as Unicode defines them; white space and marks are words too, and so is
    /// every Chinese or Japanese character.
    pub(super) fn words(text: &'a str) -> Self {
        let mut end = 0;
        let ends = text.tokenize_unicode_words().into_iter().map(|word| {
            end += word.len();
            end
        });
        Self {
            text,
            ends: ends.collect(),
        }
    }

    /// The whole text as one unit.
    pub(super) fn whole(text: &'a str) -> Self {
        let ends = if text.is_empty() {
            Vec::new()
        } else {
            vec![text.len()]
        };
        Self { text, ends }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        if range.is_empty() {
            return "";
        }
        &self.text[self.start(range.start)..self.ends[range.end - 1]]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a str> + '_ {
        (0..self.len()).map(|at| self.slice(at..at + 1))
    }
}
