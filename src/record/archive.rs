//! Keeping the log small: rotation into numbered, compressed archives, and pruning.
//!
//! `executions.jsonl` becomes `executions.1.jsonl`, then `executions.1.jsonl.gz`; the higher the
//! number, the newer the archive. Each step is harmless alone: a process that is killed between
//! two leaves an archive that is not compressed yet, which the next rotation completes.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use super::log::hold::{Turn, lock_itself};
use super::log::lines::{Blocks, Segment, lines_of};
use super::log::parse::{Parsed, parse};
use super::log::{Log, Order, is_same};
use crate::error::Failure;
use crate::record::filter::Filter;

/// What pruning took away, or would take away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Records taken away.
    pub records: u64,
    /// Outcomes taken away.
    pub outcomes: u64,
    /// Lines kept, those that are not sound among them.
    pub kept: u64,
    /// How much shorter the log becomes, in bytes before compression.
    pub bytes: u64,
}

impl Log {
    /// The archives by their numbers. One that is being compressed is its uncompressed file.
    pub(super) fn archives(&self) -> io::Result<BTreeMap<u32, PathBuf>> {
        let folder = match self.path().parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            entries => entries?,
        };
        let mut archives = BTreeMap::new();
        for entry in entries {
            let path = entry?.path();
            let Some(number) = self.archive_number(&path) else {
                continue;
            };
            if is_packed(&path) {
                archives.entry(number).or_insert(path);
            } else {
                archives.insert(number, path);
            }
        }
        Ok(archives)
    }

    fn archive_number(&self, path: &Path) -> Option<u32> {
        let (stem, extension) = self.name_parts();
        let name = path.file_name()?.to_str()?;
        let name = name.strip_suffix(".gz").unwrap_or(name);
        let number = name
            .strip_prefix(stem)?
            .strip_prefix('.')?
            .strip_suffix(extension)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| is_number)
    }

    /// `executions` and `.jsonl`.
    fn name_parts(&self) -> (&str, &str) {
        let name = self
            .path()
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        match name.rfind('.').filter(|at| *at > 0) {
            Some(at) => name.split_at(at),
            None => (name, ""),
        }
    }

    /// Renames the file to the next archive. The caller holds its lock.
    pub(super) fn set_aside(&self) -> io::Result<()> {
        let newest = self
            .archives()?
            .last_key_value()
            .map_or(0, |(number, _)| *number);
        let (stem, extension) = self.name_parts();
        let name = format!("{stem}.{}{extension}", newest.saturating_add(1));
        fs::rename(self.path(), self.path().with_file_name(name))
    }

    /// Compresses every archive that is not yet.
    pub(super) fn pack_archives(&self) -> io::Result<()> {
        if self.archives()?.values().all(|path| is_packed(path)) {
            return Ok(());
        }
        // Another process may be at it; those that append need not wait.
        let _turn = Turn::wait(&self.path().with_extension("pack"))?;
        for path in self
            .archives()?
            .into_values()
            .filter(|path| !is_packed(path))
        {
            pack(&path)?;
        }
        Ok(())
    }

    /// Takes away the records before `cutoff` with their outcomes, in the archives too: writes
    /// what stays to a new file, then swaps. Lines that are not sound stay. With `is_dry` nothing
    /// is changed.
    ///
    /// # Errors
    /// `P223`: a file cannot be read or written. Each file is either as it was or done.
    pub fn prune(&self, cutoff: Timestamp, is_dry: bool) -> Result<Pruned, Failure> {
        if !self.path().exists() && self.archives().is_ok_and(|it| it.is_empty()) {
            return Ok(Pruned::default());
        }
        let held = match is_dry {
            true => None,
            false => Some(self.open_locked()?.into_swap()),
        };
        let pruned = self
            .prune_held(cutoff, is_dry)
            .map_err(|error| self.write_failed(error));
        // Only now may others append: to the new file.
        drop(held);
        pruned
    }

    fn prune_held(&self, cutoff: Timestamp, is_dry: bool) -> io::Result<Pruned> {
        if !is_dry {
            self.pack_archives()?;
        }
        let mut pruner = Pruner {
            cutoff,
            is_dry,
            gone: HashSet::new(),
            pruned: Pruned::default(),
        };
        for path in self.archives()?.into_values() {
            pruner.prune_file(&path, true)?;
        }
        if self.path().exists() {
            pruner.prune_file(self.path(), false)?;
        }
        Ok(pruner.pruned)
    }
}

pub(super) fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}

/// Compresses an archive beside itself, then removes it.
fn pack(path: &Path) -> io::Result<()> {
    let file = match open_regular(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    // An earlier version may be at it.
    lock_itself(&file)?;
    if !is_same(&file, path) {
        return Ok(());
    }
    let mut target = path.as_os_str().to_owned();
    target.push(".gz");
    write_anew(Path::new(&target), file.metadata()?.permissions(), |to| {
        let mut encoder = GzEncoder::new(to, Compression::default());
        io::copy(&mut &file, &mut encoder)?;
        encoder.finish().map(drop)
    })?;
    drop(file);
    fs::remove_file(path)
}

/// The text of an archive.
pub(super) struct Unpacked {
    pub(super) segment: Segment,
    pub(super) length: u64,
    /// Why it is not all of the text, if it is not.
    pub(super) damage: Option<&'static str>,
}

/// So much text of an archive is kept in memory, in bytes; what is longer goes to a file that nobody
/// else sees.
const IN_MEMORY: u64 = 16 << 20;

/// What an archive may always unpack to, in bytes, and how many times its own size otherwise: records
/// that are much alike come to a fiftieth.
const MAX_TEXT: u64 = 64 << 20;
const MAX_RATIO: u64 = 200;

/// The text of an archive, as far as it can be unpacked. It is never held whole.
pub(super) fn unpack(file: File) -> io::Result<Unpacked> {
    let most = MAX_TEXT.max(file.metadata()?.len().saturating_mul(MAX_RATIO));
    let mut text = MultiGzDecoder::new(io::BufReader::new(file));
    let mut start = Vec::new();
    let read = (&mut text).take(IN_MEMORY).read_to_end(&mut start);
    let torn = |is_torn: bool| is_torn.then_some("what follows cannot be unpacked");
    if read.is_err() || (start.len() as u64) < IN_MEMORY {
        return Ok(Unpacked {
            length: start.len() as u64,
            segment: Segment::Memory(start),
            damage: torn(read.is_err()),
        });
    }
    let mut spilt = tempfile::tempfile()?;
    spilt.write_all(&start)?;
    drop(start);
    let (mut length, mut piece, mut damage) = (IN_MEMORY, vec![0; 1 << 16], None);
    loop {
        match text.read(&mut piece) {
            Ok(0) => break,
            Ok(more) => {
                length += more as u64;
                if length > most {
                    damage = Some("it unpacks to far more than records do, and is not read");
                    spilt.set_len(0)?;
                    length = 0;
                    break;
                }
                spilt.write_all(&piece[..more])?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => {
                damage = torn(true);
                break;
            }
        }
    }
    Ok(Unpacked {
        segment: Segment::File(spilt, length),
        length,
        damage,
    })
}

/// Opens a file to read it. A pipe would keep us waiting, and a device may never end.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    require_regular(path)?;
    File::open(path)
}

/// Refuses what is there and not a regular file, or a link to one.
pub(super) fn require_regular(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        return Ok(());
    }
    let message = format!("{} is not a regular file", path.display());
    Err(io::Error::new(ErrorKind::InvalidInput, message))
}

/// Writes a file whole and puts it in its place. The one that stood there must not be open in this
/// process: some systems do not replace it then.
pub(super) fn write_anew(
    target: &Path,
    permissions: fs::Permissions,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = target.parent().filter(|it| !it.as_os_str().is_empty());
    let mut fresh = tempfile::Builder::new()
        .prefix("executions.new-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    write(fresh.as_file_mut())?;
    fresh.as_file().set_permissions(permissions)?;
    fresh.as_file().sync_all()?;
    fresh.persist(target).map_err(|error| error.error)?;
    Ok(())
}

struct Pruner {
    cutoff: Timestamp,
    is_dry: bool,
    /// The records taken away, whose outcomes go too.
    gone: HashSet<String>,
    pruned: Pruned,
}

impl Pruner {
    fn prune_file(&mut self, path: &Path, is_archive: bool) -> io::Result<()> {
        let file = open_regular(path)?;
        let permissions = file.metadata()?.permissions();
        let segment = if is_packed(path) {
            let unpacked = unpack(file)?;
            if unpacked.damage.is_some() {
                // What cannot be read cannot be judged.
                return Ok(());
            }
            unpacked.segment
        } else {
            let length = file.metadata()?.len();
            Segment::File(file, length)
        };
        let before = self.pruned;
        let mut kept = Vec::new();
        let mut blocks = Blocks::new(segment, Order::OldestFirst);
        while let Some((at, text)) = blocks.next()? {
            self.prune_block(at, &text, &mut kept);
        }
        drop(blocks);
        if self.is_dry || self.pruned.bytes == before.bytes {
            return Ok(());
        }
        if is_archive && kept.is_empty() {
            return fs::remove_file(path);
        }
        write_anew(path, permissions, |to| {
            if !is_packed(path) {
                return to.write_all(&kept);
            }
            let mut encoder = GzEncoder::new(to, Compression::default());
            encoder.write_all(&kept)?;
            encoder.finish().map(drop)
        })
    }

    fn prune_block(&mut self, at: u64, text: &[u8], kept: &mut Vec<u8>) {
        for (_, line) in lines_of(at, text) {
            if self.is_old(line) {
                self.pruned.bytes += line.len() as u64 + 1;
                continue;
            }
            self.pruned.kept += 1;
            if !self.is_dry {
                kept.extend_from_slice(line);
                kept.push(b'\n');
            }
        }
    }

    fn is_old(&mut self, line: &[u8]) -> bool {
        match parse(line, &Filter::default(), true) {
            Some(Parsed::Record(record)) if record.time < self.cutoff => {
                self.pruned.records += 1;
                self.gone.insert(record.id);
                true
            }
            Some(Parsed::Outcome(outcome)) => {
                let is_old = outcome.time < self.cutoff || self.gone.contains(&outcome.outcome_of);
                self.pruned.outcomes += u64::from(is_old);
                is_old
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Seek as _;

    use super::*;

    /// A log with one record in it, and this as its first archive.
    fn with_archive(packed: &[u8]) -> (tempfile::TempDir, Log) {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().join("executions.jsonl"));
        log.append(&record(1)).unwrap();
        fs::write(folder.path().join("executions.1.jsonl.gz"), packed).unwrap();
        (folder, log)
    }

    fn zip(text: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        for part in text {
            encoder.write_all(&part).unwrap();
        }
        encoder.finish().unwrap()
    }

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_not_read() {
        let bomb = zip(std::iter::repeat_n(vec![b' '; 1 << 20], 80));
        let file = tempfile::tempfile().unwrap();
        (&file).write_all(&bomb).unwrap();
        (&file).rewind().unwrap();
        let unpacked = unpack(file).unwrap();
        assert_eq!(unpacked.length, 0);
        assert!(unpacked.damage.unwrap().contains("far more"));
        for order in [Order::OldestFirst, Order::NewestFirst] {
            let (_folder, log) = with_archive(&bomb);
            let query = Query {
                order,
                ..Query::default()
            };
            let listing = log.list(&query).unwrap();
            assert_eq!(listing.executions.len(), 1);
            assert!(listing.bad[0].reason.contains("far more"));
        }
    }

    #[test]
    fn an_archive_larger_than_memory_should_hold_is_read_from_either_end() {
        let line = |second: i64| {
            let mut record = record(second);
            // No two alike, so that it does not look like a bomb.
            let output = (0..40_000).map(|at| ((at * second * 7_919) % 9_973).to_string());
            record.output = Some(output.collect());
            let mut line = serde_json::to_vec(&record).unwrap();
            line.push(b'\n');
            line
        };
        let count = 1 + (IN_MEMORY as i64) / 100_000;
        let packed = zip((1..=count).map(line));
        for order in [Order::OldestFirst, Order::NewestFirst] {
            let (_folder, log) = with_archive(&packed);
            assert_eq!(times(&log, order).len() as i64, count + 1);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_or_a_pipe_is_neither_a_log_nor_an_archive() {
        let (folder, log) = with_archive(b"");
        let archive = folder.path().join("executions.1.jsonl.gz");
        fs::remove_file(&archive).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &archive).unwrap();
        let failure = log.list(&Query::default()).unwrap_err();
        assert!(
            format!("{failure:?}").contains("not a regular file"),
            "{failure:?}"
        );
        fs::remove_file(&archive).unwrap();

        fs::remove_file(log.path()).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(log.path())
            .status();
        assert!(made.unwrap().success());
        for failure in [
            log.list(&Query::default()).unwrap_err(),
            log.append(&record(1)).unwrap_err(),
            log.tail().map(drop).unwrap_err(),
        ] {
            assert!(
                format!("{failure:?}").contains("not a regular file"),
                "{failure:?}"
            );
        }
    }
    use crate::record::entry::{Outcome, Record};
    use crate::record::log::Query;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn record(second: i64) -> Record {
        let mut record = Record::new("a", at(second));
        record.output = Some("x".repeat(500));
        record
    }

    fn times(log: &Log, order: Order) -> Vec<i64> {
        let query = Query {
            order,
            ..Query::default()
        };
        let listing = log.list(&query).unwrap();
        assert_eq!(listing.bad, []);
        let records = listing.executions.iter().map(|it| &it.record);
        records
            .map(|it| it.time.as_second() - 1_795_000_000)
            .collect()
    }

    fn names(log: &Log) -> Vec<String> {
        let folder = log.path().parent().unwrap();
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".lock"))
            .collect();
        names.sort();
        names
    }

    /// A log of ten records in archives of a few.
    fn rotated() -> (tempfile::TempDir, Log) {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().join("executions.jsonl")).rotated_at(4600);
        for second in 0..10 {
            log.append(&record(second)).unwrap();
        }
        (folder, log)
    }

    #[test]
    fn a_rotated_log_reads_as_one() {
        let (_folder, log) = rotated();
        assert_eq!(
            names(&log),
            [
                "executions.1.jsonl.gz",
                "executions.2.jsonl.gz",
                "executions.jsonl"
            ]
        );
        let forwards: Vec<_> = (0..10).collect();
        let backwards: Vec<_> = (0..10).rev().collect();
        assert_eq!(times(&log, Order::OldestFirst), forwards);
        assert_eq!(times(&log, Order::NewestFirst), backwards);
        let first = log
            .list(&Query::default())
            .unwrap()
            .executions
            .remove(0)
            .record;
        log.append(&Outcome::new(&first.id, at(60))).unwrap();
        assert_eq!(log.find(&first.id).unwrap().outcomes.len(), 1);
    }

    #[test]
    fn a_killed_rotation_is_completed_by_the_next() {
        let (_folder, log) = rotated();
        log.set_aside().unwrap();
        assert!(names(&log).contains(&"executions.3.jsonl".to_owned()));
        assert_eq!(
            times(&log, Order::OldestFirst).len(),
            10,
            "nothing is lost or told twice"
        );
        // Killed after the compressed file was made, and before the other was removed.
        let (_, plain) = log.archives().unwrap().pop_last().unwrap();
        fs::write(plain.with_extension("jsonl.gz"), "half").unwrap();
        assert_eq!(times(&log, Order::OldestFirst).len(), 10);
        log.pack_archives().unwrap();
        assert!(!plain.exists());
        assert_eq!(times(&log, Order::OldestFirst).len(), 10);
    }

    #[test]
    fn writers_at_once_rotate_without_loss() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("executions.jsonl");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    let log = Log::at(path).rotated_at(8000);
                    for number in 0..25 {
                        log.append(&record(writer * 100 + number)).unwrap();
                    }
                });
            }
        });
        let mut seen = times(&Log::at(&path), Order::OldestFirst);
        seen.sort_unstable();
        let expected: Vec<i64> = (0..4)
            .flat_map(|it| (0..25).map(move |n| it * 100 + n))
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_broken_archive_is_told_and_the_rest_is_read() {
        let (_folder, log) = rotated();
        let first = log.archives().unwrap().remove(&1).unwrap();
        let bytes = fs::read(&first).unwrap();
        fs::write(&first, &bytes[..bytes.len() / 2]).unwrap();
        let listing = log.list(&Query::default()).unwrap();
        assert!(
            listing.bad.iter().any(|bad| bad.reason.contains("archive")),
            "{:?}",
            listing.bad
        );
        assert!(listing.executions.iter().any(|it| it.record.time == at(9)));
    }

    #[test]
    fn pruning_takes_old_records_and_their_outcomes() {
        let (_folder, log) = rotated();
        let ids: Vec<_> = log.list(&Query::default()).unwrap().executions;
        log.append(&Outcome::new(&ids[2].record.id, at(60)))
            .unwrap();
        log.append(&Outcome::new(&ids[8].record.id, at(60)))
            .unwrap();

        let before = names(&log);
        let planned = log.prune(at(7), true).unwrap();
        assert_eq!(names(&log), before);
        assert_eq!(
            times(&log, Order::OldestFirst).len(),
            10,
            "a plan changes nothing"
        );

        let pruned = log.prune(at(7), false).unwrap();
        assert_eq!(pruned, planned);
        assert_eq!((pruned.records, pruned.outcomes, pruned.kept), (7, 1, 4));
        assert_eq!(times(&log, Order::OldestFirst), [7, 8, 9]);
        assert!(!names(&log).contains(&"executions.1.jsonl.gz".to_owned()));
        assert_eq!(log.find(&ids[8].record.id).unwrap().outcomes.len(), 1);
        assert_eq!(log.prune(at(7), false).unwrap().bytes, 0, "done is done");
        log.append(&record(20)).unwrap();
        assert_eq!(times(&log, Order::OldestFirst), [7, 8, 9, 20]);
    }

    #[test]
    fn pruning_keeps_what_it_cannot_judge() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path().join("log"));
        assert_eq!(log.prune(at(0), false).unwrap(), Pruned::default());
        assert!(!log.path().exists());
        log.append(&record(0)).unwrap();
        fs::OpenOptions::new()
            .append(true)
            .open(log.path())
            .unwrap()
            .write_all(b"{\"torn")
            .unwrap();
        let pruned = log.prune(at(5), false).unwrap();
        assert_eq!((pruned.records, pruned.kept), (1, 1));
        assert_eq!(fs::read_to_string(log.path()).unwrap(), "{\"torn\n");
    }
}
