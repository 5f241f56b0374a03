//! What was found in a log, kept beside it, so that the same question reads only what is new.
//!
//! A file holds the figures of all groups and, sorted, the ids of all executions: what a new line adds
//! depends on whether its id is known. It fits a log by the size of each file that it covers and a hash
//! of its beginning, of pieces in between and of the end; deleting it loses nothing. Where a new line
//! changes what is added up already, as an outcome that replaces another, everything is read anew.

mod ids;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::counted::Counted;
use super::dimension::{Dimension, Value};
use super::figures::Group;
use super::found::{Met, Source};
use super::pieces::Wanted;
use super::question::Question;
use crate::record::history::Summed;
use crate::record::id::{Id, IdPlaces};
use crate::record::log::read::Part;
use crate::statistics::{Quantiles, Sketch, Values};

pub(super) use ids::{Ids, Torn};

/// How a file begins: its form.
const MAGIC: &[u8; 8] = b"PCSTATS9";

/// Below this size logs are read as fast without, in bytes.
pub(super) const WORTH: u64 = 8 << 20;

/// So many questions are kept.
const MOST_FILES: usize = 16;

/// More groups are not kept.
const MOST_GROUPS: usize = 10_000;

/// The length of what stands before all: its form, and five numbers.
const HEADER: usize = 48;

/// So many ids stand under one hash.
const CHUNK: usize = 512;

/// The length of an id with what is known of it.
const ROW: usize = 16 + Counted::LENGTH;

/// The length of a latency with how many are not greater.
const RUN: usize = 8;

/// The length of the id that a chunk begins with, and of the chunk's hash.
const MARK: usize = 24;

/// Where a question has its file.
pub(super) struct Cache {
    file: PathBuf,
    question: String,
}

/// A file that is covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cover {
    path: PathBuf,
    size: u64,
    stamp: u64,
    is_packed: bool,
    /// Which file it is, where the system says so: an editor puts another in its place.
    node: u64,
    /// When it was changed last, in nanoseconds since 1970; of one that grew since then it says nothing.
    changed: u128,
}

/// The figures of a group, but for the latencies.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    key: Vec<Value>,
    group: Group,
    /// How many different latencies are kept, or where they lie.
    exact: usize,
    close: Option<Vec<u64>>,
}

/// What a file holds, but for the latencies and the ids.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    question: String,
    covers: Vec<Cover>,
    groups: Vec<Kept>,
    sources: Vec<Source>,
    above: Option<i64>,
    met: Met,
    /// The ids that outcomes name and no record has.
    unknown: Vec<[u64; 2]>,
}

/// What was known when the file was written.
pub(super) struct Known {
    pub(super) groups: Vec<(Vec<Value>, Group)>,
    pub(super) sources: Vec<Source>,
    pub(super) above: Option<i64>,
    pub(super) met: Met,
    pub(super) unknown: HashSet<[u64; 2]>,
    pub(super) requests: HashSet<u64, IdPlaces>,
    pub(super) ids: Ids,
    covers: Vec<Cover>,
}

/// What a file turned out to be.
pub(super) enum Found {
    /// There is none.
    Nothing,
    /// It is torn, or speaks of another log.
    Wrong,
    Known(Box<Known>),
}

/// What is to be kept.
pub(super) struct Keep<'k> {
    pub(super) covers: &'k [Cover],
    pub(super) groups: Vec<(&'k Vec<Value>, &'k Group)>,
    pub(super) sources: &'k [Source],
    pub(super) above: Option<i64>,
    pub(super) met: Met,
    pub(super) unknown: &'k [[u64; 2]],
    pub(super) rows: Vec<(Id, Counted)>,
    pub(super) requests: Vec<u64>,
}

impl Cache {
    /// The file for a question; none where it asks for what changes with the clock.
    pub(super) fn new(folder: &Path, question: &Question, summed: &Summed) -> Option<Self> {
        let filter = &question.filter;
        let is_moving = filter.since.is_some() || filter.until.is_some();
        if is_moving || filter.asks_for_outcomes() || folder.is_symlink() {
            return None;
        }
        let is_timed = question.by.iter().any(Dimension::is_time);
        let zone = match is_timed {
            true => question.zone.iana_name()?,
            false => "",
        };
        let question = format!(
            "{} {:?} {:?} {:?} {:?} {} {} {zone} {:?} {:?}",
            env!("CARGO_PKG_VERSION"),
            filter,
            question.by,
            question.values,
            question.win,
            question.with_mix,
            question.with_costs,
            question.releases,
            summed.hash(),
        );
        let hash = Sha256::digest(question.as_bytes());
        let name: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self {
            file: folder.join(name),
            question,
        })
    }

    /// What is known, if it fits these files.
    pub(super) fn find(&self, parts: &[Wanted]) -> Found {
        match File::open(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
            opened => {
                let known = opened.and_then(|file| self.read(file)).ok().flatten();
                let fitting = known.filter(|known| known.fits(parts));
                fitting.map_or(Found::Wrong, |known| Found::Known(Box::new(known)))
            }
        }
    }

    fn read(&self, mut file: File) -> io::Result<Option<Known>> {
        let mut fixed = [0; HEADER];
        file.read_exact(&mut fixed)?;
        let (magic, numbers) = fixed.split_at(8);
        let numbers: Vec<u64> = numbers.chunks_exact(8).map(word).collect();
        let [head, latencies, requests, rows, sum] = numbers[..] else {
            return Ok(None);
        };
        let length = file.metadata()?.len();
        let marks = rows.div_ceil(CHUNK as u64).saturating_mul(MARK as u64);
        let before = head
            .saturating_add(latencies.saturating_mul(RUN as u64))
            .saturating_add(requests.saturating_mul(8))
            .saturating_add(marks);
        let whole = before
            .saturating_add(rows.saturating_mul(ROW as u64))
            .saturating_add(HEADER as u64);
        if magic != MAGIC || whole != length {
            return Ok(None);
        }
        let mut text = vec![0; before as usize];
        file.read_exact(&mut text)?;
        if hash(&text) != sum {
            return Ok(None);
        }
        let (head, rest) = text.split_at(head as usize);
        let (latencies, rest) = rest.split_at(latencies as usize * RUN);
        let (requests, marks) = rest.split_at(requests as usize * 8);
        let Ok(head) = serde_json::from_slice::<Head>(head) else {
            return Ok(None);
        };
        if head.question != self.question {
            return Ok(None);
        }
        let mut latencies = latencies.chunks_exact(RUN).map(|run| {
            let run = word(run);
            (f64::from(run as u32), (run >> 32) as u32)
        });
        let mut groups = Vec::with_capacity(head.groups.len());
        for Kept {
            key,
            mut group,
            exact,
            close,
        } in head.groups
        {
            let latency = match close {
                Some(bits) => Sketch::from_bits(&bits).map(Quantiles::Close),
                None => {
                    let runs = latencies.by_ref().take(exact).collect();
                    Values::of_runs(runs).map(Quantiles::Exact)
                }
            };
            let Some(latency) = latency else {
                return Ok(None);
            };
            group.latency = latency;
            groups.push((key, group));
        }
        let marks = marks.chunks_exact(MARK).map(|mark| {
            let id = Id([word(&mark[..8]), word(&mark[8..16])]);
            (id, word(&mark[16..]))
        });
        Ok(Some(Known {
            groups,
            sources: head.sources,
            above: head.above,
            met: head.met,
            unknown: head.unknown.into_iter().collect(),
            requests: requests.chunks_exact(8).map(word).collect(),
            covers: head.covers,
            ids: Ids {
                marks: marks.collect(),
                from: HEADER as u64 + before,
                rows: rows as usize,
                file,
                chunk: None,
            },
        }))
    }

    /// Keeps what was found. That it could not be kept changes nothing.
    pub(super) fn keep(&self, keep: Keep<'_>) {
        drop(self.write(keep));
    }

    fn write(&self, keep: Keep<'_>) -> io::Result<()> {
        let Some(folder) = self
            .file
            .parent()
            .filter(|_| keep.groups.len() <= MOST_GROUPS)
        else {
            return Ok(());
        };
        let mut latencies: Vec<u8> = Vec::new();
        let mut groups = Vec::with_capacity(keep.groups.len());
        for (key, group) in keep.groups {
            let (exact, close) = match &group.latency {
                Quantiles::Close(sketch) => (0, Some(sketch.to_bits())),
                Quantiles::Exact(values) => {
                    let runs = values.runs();
                    // Times in milliseconds are whole, and shorter than seven weeks.
                    let most = f64::from(u32::MAX);
                    if runs.last().is_some_and(|(longest, _)| *longest > most) {
                        return Ok(());
                    }
                    for (value, up_to) in runs {
                        latencies.extend_from_slice(&(*value as u32).to_le_bytes());
                        latencies.extend_from_slice(&up_to.to_le_bytes());
                    }
                    (runs.len(), None)
                }
            };
            groups.push(Kept {
                key: key.clone(),
                group: group.clone(),
                exact,
                close,
            });
        }
        let head = serde_json::to_vec(&Head {
            question: self.question.clone(),
            covers: keep.covers.to_vec(),
            groups,
            sources: keep.sources.to_vec(),
            above: keep.above,
            met: keep.met,
            unknown: keep.unknown.to_vec(),
        })?;
        let mut rows = keep.rows;
        rows.sort_unstable_by_key(|(id, _)| *id);
        let count = rows.len() as u64;
        let bytes: Vec<u8> = rows
            .iter()
            .flat_map(|(Id([one, two]), row)| {
                let mut bytes = [0; ROW];
                bytes[..8].copy_from_slice(&one.to_le_bytes());
                bytes[8..16].copy_from_slice(&two.to_le_bytes());
                bytes[16..].copy_from_slice(&row.to_bytes());
                bytes
            })
            .collect();
        let mut text = head.clone();
        text.extend_from_slice(&latencies);
        for request in &keep.requests {
            text.extend_from_slice(&request.to_le_bytes());
        }
        for chunk in bytes.chunks(CHUNK * ROW) {
            text.extend_from_slice(&chunk[..16]);
            text.extend_from_slice(&hash(chunk).to_le_bytes());
        }
        fs::create_dir_all(folder)?;
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            fs::write(ignore, "*\n")?;
        }
        let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
        fresh.write_all(MAGIC)?;
        for number in [
            head.len() as u64,
            (latencies.len() / RUN) as u64,
            keep.requests.len() as u64,
            count,
            hash(&text),
        ] {
            fresh.write_all(&number.to_le_bytes())?;
        }
        fresh.write_all(&text)?;
        fresh.write_all(&bytes)?;
        fresh.persist(&self.file).map_err(|error| error.error)?;
        forget_oldest(folder)
    }
}

/// Keeps the newest files of a folder.
fn forget_oldest(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            files.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    files.sort();
    let over = files.len().saturating_sub(MOST_FILES);
    files[..over]
        .iter()
        .try_for_each(|(_, path)| fs::remove_file(path))
}

impl Known {
    fn fits(&self, parts: &[Wanted]) -> bool {
        let count = self.covers.len();
        count <= parts.len()
            && (1..)
                .zip(self.covers.iter().zip(parts))
                .all(|(at, (cover, part))| {
                    let may_grow = at == count && !cover.is_packed;
                    let size = part.part.size();
                    let (node, changed) = identity(&part.part);
                    cover.path == part.path
                        && cover.node == node
                        && (cover.changed == changed || size > cover.size)
                        && (size == cover.size || (may_grow && size > cover.size))
                        && stamp(&part.part, cover.size).is_ok_and(|stamp| stamp == cover.stamp)
                })
    }

    /// What is still to be read of these files.
    pub(super) fn rest(&self, parts: Vec<Wanted>) -> Vec<Wanted> {
        let last = self.covers.len().saturating_sub(1);
        let rest = parts.into_iter().enumerate().skip(last);
        rest.filter_map(|(at, part)| {
            let cover = self.covers.get(at);
            match cover {
                None => Some(part),
                Some(cover) if cover.is_packed => None,
                Some(cover) => Some(Wanted {
                    from: cover.size,
                    is_more: true,
                    ..part
                }),
            }
        })
        .collect()
    }

    /// How much of these files is not covered, in bytes.
    pub(super) fn lacks(&self, parts: &[Wanted]) -> u64 {
        let all: u64 = parts.iter().map(|it| it.part.size()).sum();
        all - self.covers.iter().map(|it| it.size).sum::<u64>()
    }
}

/// What files are covered once all of them are read; none where one ends in the middle of a line.
pub(super) fn covers(parts: &[Wanted]) -> io::Result<Option<Vec<Cover>>> {
    let mut covers = Vec::with_capacity(parts.len());
    for wanted in parts {
        let size = wanted.part.size();
        let is_packed = matches!(wanted.part, Part::Packed(_));
        let (node, changed) = identity(&wanted.part);
        if !is_packed && size > 0 && piece(&wanted.part, size - 1, 1)? != b"\n" {
            return Ok(None);
        }
        covers.push(Cover {
            path: wanted.path.clone(),
            size,
            stamp: stamp(&wanted.part, size)?,
            is_packed,
            node,
            changed,
        });
    }
    Ok(Some(covers))
}

/// Which file it is and when it was changed last, in nanoseconds since 1970, as far as the system says.
fn identity(part: &Part) -> (u64, u128) {
    let (Part::Text(file, _) | Part::Packed(file)) = part;
    let Ok(facts) = file.metadata() else {
        return (0, 0);
    };
    #[cfg(unix)]
    let node = std::os::unix::fs::MetadataExt::ino(&facts);
    #[cfg(not(unix))]
    let node = 0;
    let changed = facts.modified().ok();
    let changed = changed.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
    (node, changed.map_or(0, |it| it.as_nanos()))
}

/// A hash of the first so many bytes of a file: of their beginning, of pieces in between, and more of
/// their end.
fn stamp(part: &Part, size: u64) -> io::Result<u64> {
    const PIECE: u64 = 4 << 10;
    const END: u64 = 64 << 10;
    const PIECES: u64 = 15;
    let mut text = Vec::new();
    for at in 0..PIECES {
        let from = size / PIECES * at;
        text.extend(piece(part, from, PIECE.min(size - from))?);
    }
    let from = size.saturating_sub(END);
    text.extend(piece(part, from, size - from)?);
    Ok(hash(&text))
}

fn piece(part: &Part, from: u64, length: u64) -> io::Result<Vec<u8>> {
    let (Part::Text(file, _) | Part::Packed(file)) = part;
    let mut file = file;
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::with_capacity(length as usize);
    file.take(length).read_to_end(&mut text)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(text)
}

/// A hash that finds what was torn or changed; nobody gains by deceiving it.
fn hash(text: &[u8]) -> u64 {
    let mut sum = 0x243f_6a88_85a3_08d3_u64 ^ text.len() as u64;
    let mut take = |word: u64| {
        let wide = u128::from(sum ^ word) * 0x9e37_79b9_7f4a_7c15;
        sum = (wide as u64) ^ (wide >> 64) as u64;
    };
    let chunks = text.chunks_exact(8);
    let rest = chunks.remainder();
    chunks.map(word).for_each(&mut take);
    rest.iter().map(|byte| u64::from(*byte)).for_each(take);
    sum
}

/// Eight bytes as a number.
fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().unwrap_or([0; 8]))
}
