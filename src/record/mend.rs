//! Setting torn lines apart: what can no longer be read stands in a file of its own afterwards.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::archive::{segment_of, write_lines};
use super::filter::Filter;
use super::log::lines::{Blocks, lines_of};
use super::log::parse::{Parsed, parse};
use super::log::{Log, Order};
use crate::error::Failure;

impl Log {
    /// The file that torn lines are moved to.
    pub fn apart(&self) -> PathBuf {
        let mut name = self.path().as_os_str().to_owned();
        name.push(".torn");
        PathBuf::from(name)
    }

    /// Moves the lines that nobody can read to a file of their own, out of the archives too, so
    /// that nothing is lost. Lines of a newer version of promptctl stay. Returns how many moved.
    ///
    /// # Errors
    /// `P223`: a file cannot be read or written. Each file is either as it was or done.
    pub fn set_apart(&self) -> Result<usize, Failure> {
        if !self.path().exists() && self.archives().is_ok_and(|it| it.is_empty()) {
            return Ok(0);
        }
        let held = self.open_locked()?.into_swap();
        let recovered = self.past().recover();
        let moved = recovered
            .and_then(|()| self.set_apart_held())
            .map_err(|error| self.write_failed(error));
        // Only now may others append: to the new file.
        drop(held);
        moved
    }

    fn set_apart_held(&self) -> io::Result<usize> {
        let mut moved = 0;
        for path in self
            .archives()?
            .into_values()
            .chain([self.path().to_owned()])
        {
            moved += self.set_apart_in(&path)?;
        }
        Ok(moved)
    }

    fn set_apart_in(&self, path: &Path) -> io::Result<usize> {
        let Some((segment, permissions)) = segment_of(path)? else {
            return Ok(0);
        };
        let (mut kept, mut torn, mut count) = (Vec::new(), Vec::new(), 0);
        let mut blocks = Blocks::new(segment, Order::OldestFirst);
        while let Some((at, text)) = blocks.next()? {
            for (_, line) in lines_of(at, &text) {
                let parsed = parse(line, &Filter::default(), true);
                let is_torn = matches!(parsed, Some(Parsed::Bad(_, None)));
                let target = if is_torn { &mut torn } else { &mut kept };
                target.extend_from_slice(line);
                target.push(b'\n');
                count += usize::from(is_torn);
            }
        }
        drop(blocks);
        if count == 0 {
            return Ok(0);
        }
        if self.apart().is_symlink() {
            return Err(io::Error::other(format!(
                "{} is a symbolic link",
                self.apart().display()
            )));
        }
        // Written to the new file first: a line may be in both files for a moment, and is never in neither.
        let mut apart = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.apart())?;
        apart.write_all(&torn)?;
        apart.sync_all()?;
        write_lines(path, permissions, &kept)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::entry::Record;
    use crate::record::log::Query;

    #[test]
    fn what_is_torn_is_moved_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().join("executions.jsonl"));
        let record = Record::new("a", jiff::Timestamp::UNIX_EPOCH);
        log.append(&record).unwrap();
        let newer = "{\"schema\":2,\"new\":true}\n";
        let mut text = std::fs::read_to_string(log.path()).unwrap();
        text.push_str("{\"schema\":1,\"id\":\"x\n\0\0\n");
        text.push_str(newer);
        std::fs::write(log.path(), &text).unwrap();
        assert_eq!(log.set_apart().unwrap(), 2);
        let listing = log.list(&Query::default()).unwrap();
        assert_eq!(listing.executions.len(), 1);
        let schemas: Vec<_> = listing.bad.iter().map(|bad| bad.newer_schema).collect();
        assert_eq!(schemas, [Some(2)]);
        assert_eq!(
            std::fs::read_to_string(log.apart()).unwrap(),
            "{\"schema\":1,\"id\":\"x\n\0\0\n"
        );
        assert_eq!(log.set_apart().unwrap(), 0);
    }
}
