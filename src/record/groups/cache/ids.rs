//! The ids that a kept answer holds.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::super::counted::Counted;
use super::{CHUNK, ROW, hash, word};
use crate::record::id::Id;

/// The ids of a file, of which only those around a wanted one are read.
pub(in crate::record::groups) struct Ids {
    /// The id that each chunk begins with, and its hash.
    pub(super) marks: Vec<(Id, u64)>,
    pub(super) from: u64,
    pub(super) rows: usize,
    pub(super) file: File,
    /// The chunk that was read last.
    pub(super) chunk: Option<(usize, Vec<u8>)>,
}

/// The file is not what it was when it was opened.
pub(in crate::record::groups) struct Torn;

impl Ids {
    /// What is known of an id.
    pub(in crate::record::groups) fn find(&mut self, id: Id) -> Result<Option<Counted>, Torn> {
        let after = self.marks.partition_point(|(first, _)| *first <= id);
        let Some(number) = after.checked_sub(1) else {
            return Ok(None);
        };
        if self.chunk.as_ref().is_none_or(|(at, _)| *at != number) {
            let chunk = self.read(number).map_err(|_| Torn)?;
            if hash(&chunk) != self.marks[number].1 {
                return Err(Torn);
            }
            self.chunk = Some((number, chunk));
        }
        let rows = self.chunk.as_ref().map_or(&[][..], |(_, rows)| rows);
        let count = rows.len() / ROW;
        let of = |at: usize| {
            let row = &rows[at * ROW..];
            Id([word(&row[..8]), word(&row[8..16])])
        };
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            match of(middle) < id {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        if low == count || of(low) != id {
            return Ok(None);
        }
        let row = rows[low * ROW + 16..low * ROW + ROW].try_into();
        Ok(row.ok().map(Counted::from_bytes))
    }

    fn read(&mut self, number: usize) -> io::Result<Vec<u8>> {
        let first = number * CHUNK;
        let count = CHUNK.min(self.rows - first);
        let mut rows = vec![0; count * ROW];
        self.file
            .seek(SeekFrom::Start(self.from + (first * ROW) as u64))?;
        self.file.read_exact(&mut rows)?;
        Ok(rows)
    }
}
