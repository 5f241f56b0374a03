//! Keeping the log small: rotation into numbered, compressed archives, and pruning.
//!
//! `executions.jsonl` becomes `executions.1.jsonl`, then `executions.1.jsonl.gz`; the higher the
//! number, the newer the archive. Each step is harmless alone: a process that is killed between
//! two leaves an archive that is not compressed yet, which the next rotation completes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;

use super::log::hold::{Turn, lock_itself};
use super::log::lines::{Blocks, Segment, lines_of};
use super::log::parse::{Line, Parsed, newer_call, read};
use super::log::{Log, Order, is_same};
use crate::record::regular::open_regular;

impl Log {
    /// The file of the log and its archives, as far as they are there.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let own = Some(self.path().to_path_buf()).filter(|path| path.exists());
        Ok(self.archives()?.into_values().chain(own).collect())
    }

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
        // What a killed command left is judged by the file's name.
        self.past().recover()?;
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
        let mut header = GzBuilder::new();
        if let Some(latest) = latest_of(&file)? {
            header = header.comment(format!("{LATEST}{latest}"));
        }
        let mut encoder = header.write(to, Compression::default());
        io::copy(&mut &file, &mut encoder)?;
        encoder.finish().map(drop)
    })?;
    drop(file);
    fs::remove_file(path)
}

/// How the comment in the head of an archive begins, that says when its latest record began.
pub(super) const LATEST: &str = "latest ";

/// When the latest record of a file began, also of those of a newer version.
fn latest_of(file: &File) -> io::Result<Option<Timestamp>> {
    let segment = Segment::File(file.try_clone()?, file.metadata()?.len());
    let (mut blocks, mut latest) = (Blocks::new(segment, Order::OldestFirst), None);
    while let Some((at, text)) = blocks.next()? {
        for (_, line) in lines_of(at, &text) {
            let time = match read(line) {
                Line::Brief(record) => Some(record.time),
                Line::Parsed(Parsed::Record(record)) => Some(record.time),
                Line::Parsed(Parsed::Bad(_, Some(_))) => newer_call(line),
                Line::Parsed(_) => None,
            };
            latest = latest.max(time);
        }
    }
    (&mut &*file).seek(SeekFrom::Start(0))?;
    Ok(latest)
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

/// Writes these lines in the place of a file of the log, packed where its name says so.
pub(super) fn write_lines(
    target: &Path,
    permissions: fs::Permissions,
    lines: &[u8],
) -> io::Result<()> {
    write_anew(target, permissions, |to| {
        if !is_packed(target) {
            return to.write_all(lines);
        }
        let mut encoder = GzEncoder::new(to, Compression::default());
        encoder.write_all(lines)?;
        encoder.finish().map(drop)
    })
}

/// The text of a file of the log with its permissions; none where it is damaged: what cannot be read cannot
/// be judged.
pub(super) fn segment_of(path: &Path) -> io::Result<Option<(Segment, fs::Permissions)>> {
    let file = open_regular(path)?;
    let data = file.metadata()?;
    if !is_packed(path) {
        return Ok(Some((Segment::File(file, data.len()), data.permissions())));
    }
    let unpacked = unpack(file)?;
    let is_whole = unpacked.damage.is_none();
    Ok(is_whole.then_some((unpacked.segment, data.permissions())))
}

#[cfg(test)]
mod tests;
