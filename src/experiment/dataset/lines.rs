//! The lines of a file, however long, in bounded memory.

use std::io::{self, BufRead};

use super::MAX_CASE;

/// The lines of a file, counted from 1.
pub(super) struct Lines<'a> {
    reader: &'a mut dyn BufRead,
    /// The number of the line that was read last.
    pub(super) number: usize,
}

/// A line that was read into the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// It is there, its end included.
    Whole,
    /// It is longer than the largest case: only its beginning is there.
    TooLong,
    /// There is none.
    End,
}

impl<'a> Lines<'a> {
    pub(super) fn new(reader: &'a mut dyn BufRead) -> Self {
        Self { reader, number: 0 }
    }

    /// Adds the next line to the buffer, which then holds at most the largest case.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<Line> {
        let before = buffer.len();
        let mut is_whole = true;
        loop {
            let found = match self.reader.fill_buf() {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if found.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', found);
            let piece = &found[..end.map_or(found.len(), |at| at + 1)];
            let room = MAX_CASE.saturating_sub(buffer.len());
            is_whole &= piece.len() <= room;
            buffer.extend_from_slice(&piece[..piece.len().min(room)]);
            let used = piece.len();
            self.reader.consume(used);
            if end.is_some() {
                self.number += 1;
                return Ok(if is_whole { Line::Whole } else { Line::TooLong });
            }
        }
        if buffer.len() == before && is_whole {
            return Ok(Line::End);
        }
        self.number += 1;
        Ok(if is_whole { Line::Whole } else { Line::TooLong })
    }
}
