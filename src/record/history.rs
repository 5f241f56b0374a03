//! Past sums: what is known of the executions that `log prune` took away, a line a day and group.
//!
//! They stand beside the log, for `executions.jsonl` in `history.jsonl`, and nothing takes them away. Before
//! a file of the log is replaced by what stays of it, its sums are written to a note beside, with what the
//! file was; then the file is replaced, the sums are appended, and the note goes. Whoever finds a note
//! knows by the file whether it was replaced: then the sums count, else they do not.

mod summed;
mod sums;

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::entry::{Record, SCHEMA, SUBJECT, Source, Status};
use super::id::Id;
use super::log::Log;
use super::log::hold::Turn;
use super::outcomes::{Kind, LatestOutcome, Outcomes, Tokens};
use crate::error::Failure;
use crate::statistics::{Moments, Quantiles};

pub use summed::Ids;
pub(super) use summed::{Known, Summed};
pub use sums::{DaySum, FigureSums, Latency, OutcomeSums};

/// What the executions of a line have in common.
type Key = (
    String,
    String,
    Option<u32>,
    Option<String>,
    Option<String>,
    &'static str,
);

/// Executions that go away, added up.
#[derive(Debug, Default)]
pub(super) struct Adding {
    groups: BTreeMap<Key, DayGroup>,
}

#[derive(Debug)]
struct DayGroup {
    status: Status,
    executions: u64,
    subjects: HashSet<String>,
    fallbacks: u64,
    ends: (Timestamp, Timestamp),
    latency: Quantiles,
    tokens: Tokens,
    cost: Moments,
    outcomes: Outcomes,
    priced: BTreeMap<String, u64>,
    ids: Vec<u64>,
}

impl Adding {
    /// Adds an execution, with what became of it.
    pub(super) fn take(&mut self, record: &Record, became: Option<LatestOutcome>) {
        let day = record.time.to_zoned(TimeZone::UTC).date();
        let key = (
            day.to_string(),
            record.prompt.clone(),
            record.version,
            record.environment.clone(),
            record.model.clone(),
            record.status.as_str(),
        );
        let group = self.groups.entry(key).or_insert_with(|| DayGroup {
            status: record.status,
            executions: 0,
            subjects: HashSet::new(),
            fallbacks: 0,
            ends: (record.time, record.time),
            latency: Quantiles::default(),
            tokens: Tokens::default(),
            cost: Moments::default(),
            outcomes: Outcomes::default(),
            priced: BTreeMap::new(),
            ids: Vec::new(),
        });
        group.executions += 1;
        group.ids.push(summed::short(Id::of(&record.id)));
        if let Some(subject) = record.labels.get(SUBJECT) {
            group.subjects.insert(subject.clone());
        }
        group.fallbacks += u64::from(record.source == Source::Fallback);
        group.ends = (group.ends.0.min(record.time), group.ends.1.max(record.time));
        if let Some(duration) = record.duration_ms {
            group.latency.push(duration as f64);
        }
        let usage = &record.usage;
        group.tokens.take([
            usage.input_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        ]);
        if let Some(cost) = record.cost_usd {
            group.cost.push(cost);
        }
        if let Some(became) = became {
            let kind = Kind {
                cost: record.cost_usd,
                is_ok: record.status == Status::Ok,
            };
            if let Some(label) = became.label().filter(|_| kind.cost.is_some()) {
                *group.priced.entry(label.to_owned()).or_default() += 1;
            }
            became.add_to(&mut group.outcomes, kind, "");
        }
    }

    /// How many lines they are.
    pub(super) fn count(&self) -> u64 {
        self.groups.len() as u64
    }

    /// The lines that are kept.
    ///
    /// # Errors
    /// Figures are too large to be added up: a line of them could not be read again.
    fn lines(self) -> std::io::Result<String> {
        let mut lines = String::new();
        for ((day, prompt, version, environment, model, _), it) in self.groups {
            let labels = it.outcomes.labels.into_iter();
            let labels = labels.map(|(label, count)| {
                let priced = it.priced.get(&label).copied().unwrap_or(0);
                (label, [count, priced])
            });
            let metrics = it.outcomes.metrics.iter();
            let sum = DaySum {
                schema: SCHEMA,
                day,
                prompt,
                version,
                environment,
                model,
                status: it.status,
                executions: it.executions,
                subjects: it.subjects.len() as u64,
                fallbacks: it.fallbacks,
                first: it.ends.0,
                last: it.ends.1,
                duration_ms: Latency::of(&it.latency),
                tokens: it.tokens,
                cost_usd: FigureSums::from(&it.cost),
                outcomes: OutcomeSums {
                    count: it.outcomes.count,
                    score: FigureSums::from(&it.outcomes.score),
                    labels: labels.collect(),
                    metrics: metrics
                        .map(|(name, it)| (name.clone(), FigureSums::from(it)))
                        .collect(),
                    labelled: match it.outcomes.beyond {
                        0 => 0,
                        _ => it.outcomes.labelled,
                    },
                    beyond: it.outcomes.beyond,
                    labelled_cost_usd: match it.outcomes.labelled {
                        0 => None,
                        _ => Some(FigureSums::from(&it.outcomes.labelled_cost)),
                    },
                },
                ids: Ids::of(it.ids),
            };
            let line = serde_json::to_string(&sum)?;
            serde_json::from_str::<DaySum>(&line).map_err(|_| {
                let (prompt, day) = (&sum.prompt, sum.day);
                std::io::Error::other(format!(
                    "figures of {prompt} on {day} are too large to be added up"
                ))
            })?;
            lines += &line;
            lines.push('\n');
        }
        Ok(lines)
    }
}

/// What is noted before a file of the log is replaced.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    schema: u32,
    /// The name of the file.
    file: String,
    /// Its size, and the hash of so much of it.
    size: u64,
    sha256: String,
    /// The length of the history before.
    at: u64,
    /// What is appended to it.
    lines: String,
}

/// The past sums of a log.
#[derive(Debug)]
pub(super) struct History {
    file: PathBuf,
    note: PathBuf,
    folder: PathBuf,
}

/// What past sums were read.
#[derive(Debug, Clone, Default)]
pub struct Past {
    pub sums: Vec<DaySum>,
    /// How many lines are not sound.
    pub bad: u64,
}

impl Log {
    /// The file of the past sums: `history.jsonl` beside `executions.jsonl`.
    pub fn history(&self) -> PathBuf {
        let name = self.path().file_stem().and_then(|it| it.to_str());
        self.path().with_file_name(match name {
            None | Some("executions") => "history.jsonl".to_owned(),
            Some(stem) => format!("{stem}.history.jsonl"),
        })
    }

    /// What calls cost that began at `since` or later and were pruned since then, with their prompts, in US dollars.
    ///
    /// # Errors
    /// The past sums are there and cannot be read.
    pub fn pruned_costs(&self, since: Timestamp) -> Result<Vec<(String, f64)>, Failure> {
        let changed = fs::metadata(self.history()).and_then(|it| it.modified());
        // What was written before holds no such call.
        if !changed.is_ok_and(|it| it >= SystemTime::from(since)) {
            return Ok(Vec::new());
        }
        let turn = Turn::to_look(self.path());
        let past = (self.past().read()).map_err(|error| self.read_failed(error))?;
        drop(turn);
        let sums = past.sums.into_iter().filter(|it| it.last >= since);
        Ok(sums.map(|it| (it.prompt, it.cost_usd.sum)).collect())
    }

    pub(super) fn past(&self) -> History {
        let file = self.history();
        let mut note = file.clone().into_os_string();
        note.push(".pending");
        let folder = self.path().parent().filter(|it| !it.as_os_str().is_empty());
        History {
            file,
            note: note.into(),
            folder: folder.unwrap_or(Path::new(".")).to_path_buf(),
        }
    }
}

impl History {
    /// All sums that count. The caller keeps others from pruning.
    pub(super) fn read(&self) -> io::Result<Past> {
        let mut text = match open(&self.file) {
            Ok(mut file) => {
                let mut text = Vec::new();
                file.read_to_end(&mut text)?;
                text
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        if let Some(note) = self.noted()?
            && self.is_replaced(&note)?
        {
            text.truncate(usize::try_from(note.at).unwrap_or(usize::MAX));
            text.extend(note.lines.into_bytes());
        }
        let mut past = Past::default();
        let lines = text.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<DaySum>(line) {
                Ok(sum) if sum.schema == SCHEMA && sum.is_sound() => past.sums.push(sum),
                _ => past.bad += 1,
            }
        }
        Ok(past)
    }

    /// Completes or forgets what a command that was killed left. The caller has the right to change the log.
    pub(super) fn recover(&self) -> io::Result<()> {
        if let Some(note) = self.noted()? {
            if self.is_replaced(&note)? {
                self.append(&note)?;
            }
            fs::remove_file(&self.note)?;
        }
        Ok(())
    }

    /// Appends what these come to once `replace` has put another file in the place of `path`: both or
    /// neither.
    pub(super) fn add(
        &self,
        path: &Path,
        sums: Adding,
        replace: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let lines = sums.lines()?;
        if lines.is_empty() {
            return replace();
        }
        let size = path.metadata()?.len();
        let at = match self.file.metadata() {
            Ok(data) => data.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let name = path.file_name().and_then(|name| name.to_str());
        let note = Note {
            schema: SCHEMA,
            file: name.unwrap_or_default().to_owned(),
            size,
            sha256: hash(path, size)?.unwrap_or_default(),
            at,
            lines,
        };
        let mut fresh = tempfile::Builder::new()
            .prefix("history.new-")
            .tempfile_in(&self.folder)?;
        serde_json::to_writer(&mut fresh, &note)?;
        fresh.as_file().sync_all()?;
        fresh.persist(&self.note).map_err(|error| error.error)?;
        if let Err(error) = replace() {
            // Whether it was replaced all the same is seen by the file.
            drop(self.recover());
            return Err(error);
        }
        sync_folder(&self.folder);
        self.append(&note)?;
        fs::remove_file(&self.note)
    }

    fn noted(&self) -> io::Result<Option<Note>> {
        let mut text = Vec::new();
        match open(&self.note) {
            Ok(mut file) => file.read_to_end(&mut text)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(serde_json::from_slice(&text)?))
    }

    /// Whether a file is another one than when the note was written. One that is only longer is the same.
    fn is_replaced(&self, note: &Note) -> io::Result<bool> {
        // A note never leads elsewhere.
        let Some(name) = Path::new(&note.file).file_name() else {
            return Ok(false);
        };
        let now = hash(&self.folder.join(name), note.size)?;
        Ok(now.as_ref() != Some(&note.sha256))
    }

    fn append(&self, note: &Note) -> io::Result<()> {
        if self.file.is_symlink() {
            let message = format!("{} is a symbolic link", self.file.display());
            return Err(io::Error::other(message));
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.file)?;
        // What an attempt that was killed wrote is written anew.
        file.set_len(note.at)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        file.write_all(note.lines.as_bytes())?;
        file.sync_all()
    }
}

fn open(path: &Path) -> io::Result<File> {
    super::regular::open_regular(path)
}

/// The hash of the first so many bytes of a file; none where it is shorter or not there.
fn hash(path: &Path, size: u64) -> io::Result<Option<String>> {
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut part = file.take(size);
    let (mut sum, mut piece, mut length) = (Sha256::new(), vec![0; 1 << 16], 0);
    loop {
        let count = part.read(&mut piece)?;
        if count == 0 {
            break;
        }
        length += count as u64;
        sum.update(&piece[..count]);
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((length == size).then(|| hex(&sum.finalize())))
}

/// So that after a power failure, too, the file is the one that the history speaks of.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    drop(File::open(folder).and_then(|folder| folder.sync_all()));
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests;
