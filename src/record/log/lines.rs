//! Whole lines of a file, block by block, from either end.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::Order;

/// How much is read at once, in bytes, unless a line is longer. So much stays in the processor's own cache.
const BLOCK: u64 = 1 << 18;

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 128 << 20;

/// A part of the log: the file that is written to, or an archive.
#[derive(Debug)]
pub(in crate::record) enum Segment {
    /// A file, and how much of it is read.
    File(File, u64),
    /// An archive's text.
    Memory(Vec<u8>),
}

impl Segment {
    fn len(&self) -> u64 {
        match self {
            Self::File(_, length) => *length,
            Self::Memory(text) => text.len() as u64,
        }
    }

    /// Reads into this place, whatever it held.
    fn read(&mut self, start: u64, end: u64, text: &mut Vec<u8>) -> io::Result<()> {
        text.clear();
        match self {
            Self::File(file, _) => {
                file.seek(SeekFrom::Start(start))?;
                text.reserve((end - start) as usize);
                file.take(end - start).read_to_end(text)?;
            }
            Self::Memory(whole) => text.extend_from_slice(&whole[start as usize..end as usize]),
        }
        Ok(())
    }
}

/// The lines of a segment, in blocks.
pub(in crate::record) struct Blocks {
    segment: Segment,
    order: Order,
    /// What is still to be read.
    start: u64,
    end: u64,
    block: u64,
}

impl Blocks {
    /// The blocks of a whole segment.
    pub(in crate::record) fn new(segment: Segment, order: Order) -> Self {
        let end = segment.len();
        Self::between(segment, order, 0, end)
    }

    /// The blocks between two places, both at the beginning of a line or at an end.
    pub(in crate::record) fn between(segment: Segment, order: Order, start: u64, end: u64) -> Self {
        Self {
            segment,
            order,
            start,
            end,
            block: BLOCK,
        }
    }

    /// The next block and where it stands: whole lines, but for a torn one at the very end.
    pub(in crate::record) fn next(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        self.next_into(Vec::new())
    }

    /// The same in the place of an earlier block: memory that is known already is read into sooner.
    pub(in crate::record) fn next_into(
        &mut self,
        mut text: Vec<u8>,
    ) -> io::Result<Option<(u64, Vec<u8>)>> {
        let mut size = self.block;
        while self.start < self.end {
            let (from, to) = match self.order {
                Order::OldestFirst => (self.start, self.end.min(self.start + size)),
                Order::NewestFirst => (self.start.max(self.end.saturating_sub(size)), self.end),
            };
            self.segment.read(from, to, &mut text)?;
            if (text.len() as u64) < to - from {
                // Somebody shortened the file: what is gone is not read.
                self.end = from + text.len() as u64;
                if self.order == Order::OldestFirst || text.is_empty() {
                    self.start = self.end;
                    return Ok(Some((from, text)).filter(|(_, text)| !text.is_empty()));
                }
                continue;
            }
            let is_all = from == self.start && to == self.end;
            let cut = match self.order {
                _ if is_all => Some(0),
                Order::OldestFirst if to == self.end => Some(text.len()),
                Order::OldestFirst => text
                    .iter()
                    .rposition(|byte| *byte == b'\n')
                    .map(|at| at + 1),
                Order::NewestFirst if from == self.start => Some(0),
                Order::NewestFirst => {
                    // The last byte ends a line that may begin before this block.
                    memchr::memchr(b'\n', &text[..text.len() - 1]).map(|at| at + 1)
                }
            };
            let Some(cut) = cut else {
                if size > MAX_LINE {
                    let message = format!("a line is longer than {} MB", MAX_LINE >> 20);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
                size = size.saturating_mul(2);
                continue;
            };
            return Ok(Some(match self.order {
                Order::OldestFirst => {
                    if !is_all {
                        text.truncate(cut);
                    }
                    self.start = from + text.len() as u64;
                    (from, text)
                }
                Order::NewestFirst => {
                    let at = from + cut as u64;
                    self.end = at;
                    (at, text.split_off(cut))
                }
            }));
        }
        Ok(None)
    }
}

/// The lines of a block with where they stand, without their ends.
pub(in crate::record) fn lines_of(at: u64, text: &[u8]) -> Vec<(u64, &[u8])> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |it| start + it);
        let bare = &text[start..end];
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        if !bare.is_empty() {
            lines.push((at + start as u64, bare));
        }
        start = end + 1;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &[u8], order: Order, block: u64) -> Vec<(u64, Vec<u8>)> {
        let mut blocks = Blocks::new(Segment::Memory(text.to_vec()), order);
        blocks.block = block;
        let mut lines = Vec::new();
        while let Some((at, text)) = blocks.next().unwrap() {
            let mut of_block: Vec<_> = lines_of(at, &text)
                .into_iter()
                .map(|(at, line)| (at, line.to_vec()))
                .collect();
            if order == Order::NewestFirst {
                of_block.reverse();
            }
            lines.extend(of_block);
        }
        lines
    }

    proptest! {
        #[test]
        fn every_line_is_read_once_from_either_end(text in "[ab\n]{0,60}", block in 1u64..20) {
            let whole = lines_of(0, text.as_bytes());
            let expected: Vec<_> = whole.iter().map(|(at, line)| (*at, line.to_vec())).collect();
            prop_assert_eq!(&all(text.as_bytes(), Order::OldestFirst, block), &expected);
            let mut reversed = all(text.as_bytes(), Order::NewestFirst, block);
            reversed.reverse();
            prop_assert_eq!(&reversed, &expected);
        }
    }
}
