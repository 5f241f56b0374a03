//! What was recorded since a moment, looked for from the end of the log.

use std::io;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use jiff::Timestamp;
use memchr::memmem::Finder;

use super::Log;
use super::lines::{Blocks, lines_of};
use super::newest::latest_in;
use super::parse::{Parsed, newer_call};
use super::read::{Order, Part, Query, parse_block};
use crate::error::Failure;
use crate::record::entry::Record;
use crate::record::filter::Filter;

/// The search ends once so many bytes in a row hold no call since then: whoever wrote with a clock that was
/// set back wrote less. Records of other services, which may be appended late, do not count.
const QUIET: u64 = 4 << 20;

/// A call that began since a moment.
#[derive(Debug)]
pub enum Since {
    Record(Box<Record>),
    /// What a newer version of promptctl wrote cannot be read.
    Newer,
}

impl Log {
    /// Hands over the calls that began at `since` or later, the last line first and without their long fields.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn visit_since(
        &self,
        since: Timestamp,
        each: &mut dyn FnMut(Since),
    ) -> Result<(), Failure> {
        let query = Query {
            filter: Filter {
                since: Some(since),
                ..Filter::default()
            },
            order: Order::NewestFirst,
            is_short: true,
            ..Query::default()
        };
        let mut quiet = 0;
        for (_, part) in self.parts()?.into_iter().rev() {
            let is_older = latest_in(&part).is_some_and(|latest| latest < since);
            let ended = match is_older {
                true => continue,
                false => visit_part(part, &query, &mut quiet, each),
            };
            if ended.map_err(|error| self.read_failed(error))?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn visit_part(
    part: Part,
    query: &Query,
    quiet: &mut u64,
    each: &mut dyn FnMut(Since),
) -> io::Result<ControlFlow<()>> {
    let (segment, _, _) = part.open()?;
    let mut blocks = Blocks::new(segment, query.order);
    while let Some((at, text)) = blocks.next()? {
        let mut is_quiet = true;
        for (line, parsed) in parse_block(at, &text, query) {
            let found = match parsed {
                Parsed::Record(record) => Since::Record(record),
                Parsed::Bad(_, Some(_)) => {
                    let line = &text[(line - at) as usize..];
                    let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
                    match newer_call(&line[..end]) >= query.filter.since {
                        true => Since::Newer,
                        false => continue,
                    }
                }
                _ => continue,
            };
            is_quiet = false;
            each(found);
        }
        *quiet = match is_quiet {
            true => *quiet + own_bytes(&text),
            false => 0,
        };
        if *quiet > QUIET {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// How many bytes are of calls that promptctl made itself.
fn own_bytes(text: &[u8]) -> u64 {
    static EXTERNAL: LazyLock<Finder<'_>> =
        LazyLock::new(|| Finder::new(br#""source":"external""#));
    let lines = lines_of(0, text).into_iter();
    let own = lines.filter(|(_, line)| EXTERNAL.find(line).is_none());
    own.map(|(_, line)| line.len() as u64).sum()
}
