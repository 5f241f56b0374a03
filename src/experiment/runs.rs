//! The files of runs: what came of each, to be looked at later.
//!
//! `.promptctl/evals/<run>.jsonl` begins with a line that says what is run, holds a line for each
//! case and repeat, and ends with a line that says how it ended. A run that was killed lacks the last.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{
    self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _,
};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::result::{CaseResult, Line, Results, SCHEMA, Status, Subject};
use super::verdict::{Counts, Verdict};
use super::versus::{FailOn, Pairing};
use crate::record::log::make_ignored;

/// How many runs are kept.
const MOST_RUNS: usize = 100;

/// The first line of a run's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The run's id, a UUID of version 7.
    pub run: String,
    /// When it began.
    pub started: Timestamp,
    /// Whether a lower end of an interval has to reach the share.
    #[serde(default)]
    pub confident: bool,
    /// How many cases may have no verdict.
    #[serde(default)]
    pub allow_undecided: usize,
    /// What is run: the prompts, and behind them what they are compared with.
    pub subjects: Vec<Subject>,
    /// Whether no model could be asked.
    #[serde(default)]
    pub cached: bool,
    /// The comparisons.
    #[serde(default)]
    pub pairings: Vec<Pairing>,
    /// When a comparison makes the run fail.
    #[serde(default)]
    pub fail_on: FailOn,
}

/// The last line of a run's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Foot {
    /// [`SCHEMA`].
    pub schema: u32,
    pub run: String,
    /// When it ended.
    pub ended: Timestamp,
    /// How it ended.
    pub verdict: Verdict,
    /// How many cases came to what.
    pub counts: Counts,
    /// What it cost, in US dollars.
    pub cost_usd: f64,
}

/// A run's file while it is written.
#[derive(Debug)]
pub struct RunFile {
    file: BufWriter<File>,
    path: PathBuf,
}

impl RunFile {
    /// Begins the file of a run, and forgets the oldest beyond those that are kept.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(folder: &Path, head: &Head) -> io::Result<Self> {
        if is_led_away(folder) {
            return Err(io::Error::other("the folder is a symbolic link"));
        }
        if let Some(own) = folder.parent() {
            make_ignored(own)?;
        }
        fs::create_dir_all(folder)?;
        let mut paths = paths(folder);
        while paths.len() >= MOST_RUNS {
            // Where that fails, one more is kept.
            drop(fs::remove_file(paths.remove(0)));
        }
        let path = folder.join(format!("{}.jsonl", head.run));
        let file = File::options().write(true).create_new(true).open(&path)?;
        let mut file = Self {
            file: BufWriter::with_capacity(1 << 16, file),
            path,
        };
        file.put(head)?;
        file.file.flush()?;
        Ok(file)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line. One that was paid for is on its way to the disk at once.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn line(&mut self, line: &Line) -> io::Result<()> {
        self.put(line)?;
        match &line.answer {
            Some(answer) if !answer.cached => self.file.flush(),
            _ => Ok(()),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn end(mut self, foot: &Foot) -> io::Result<()> {
        self.put(foot)?;
        self.file.flush()
    }

    fn put(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, value)?;
        self.file.write_all(b"\n")
    }
}

/// A run, as its file tells.
#[derive(Debug)]
pub struct Run {
    /// How it began.
    pub head: Head,
    /// How it ended; none where it was killed.
    pub foot: Option<Foot>,
    /// What came of it.
    pub results: Vec<Results>,
}

/// The files of all runs, the oldest first: their names are times.
pub fn paths(folder: &Path) -> Vec<PathBuf> {
    if is_led_away(folder) {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|it| it.file_type().is_ok_and(|it| it.is_file()));
    let paths = files.map(|file| file.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    // The id of a run begins with its millisecond; within one the file that was written first comes first.
    paths.sort_by_cached_key(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let moment: String = name.chars().take(13).collect();
        let written = path.metadata().and_then(|it| it.modified()).ok();
        (moment, written, name.into_owned())
    });
    paths
}

/// Whether a link leads the folder elsewhere: a repository could bring one along.
fn is_led_away(folder: &Path) -> bool {
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|it| it.is_symlink());
    is_link(folder) || folder.parent().is_some_and(is_link)
}

/// How many bytes its end has at most.
const LONGEST_FOOT: u64 = 1 << 16;

/// How a run began and ended, without its lines.
///
/// # Errors
/// The file cannot be read, or does not begin as that of a run.
pub fn glance(path: &Path) -> io::Result<(Head, Option<Foot>)> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let head: Head = serde_json::from_str(&line)?;

    // The lines of the cases may be many.
    let mut file = reader.into_inner();
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_FOOT)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let end = bytes.trim_ascii_end();
    let start = end
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    Ok((head, serde_json::from_slice(&end[start..]).ok()))
}

/// Reads a run, line by line. A line that a kill has torn is passed over.
///
/// # Errors
/// The file cannot be read, or does not begin as that of a run.
pub fn read(path: &Path) -> io::Result<Run> {
    let mut lines = BufReader::new(File::open(path)?).split(b'\n');
    let first = lines.next().unwrap_or_else(|| Ok(Vec::new()))?;
    let head: Head = serde_json::from_slice(&first)?;
    if head.schema != SCHEMA {
        return Err(io::Error::other("a newer version wrote it"));
    }
    let mut run = Run {
        results: head.subjects.iter().cloned().map(Results::new).collect(),
        head,
        foot: None,
    };
    let mut places = vec![HashMap::new(); run.results.len()];
    for line in lines {
        let text = line?;
        let Ok(line) = serde_json::from_slice::<Line>(&text) else {
            run.foot = serde_json::from_slice(&text).ok().or(run.foot);
            continue;
        };
        let subject = run.results.iter().position(|it| it.subject.has(&line));
        let subject = match subject {
            None if line.again => add_again(&mut run.results, &line),
            found => found,
        };
        let Some(subject) = subject else { continue };
        places.resize_with(run.results.len(), HashMap::new);
        let results = &mut run.results[subject];
        let at = *places[subject]
            .entry(line.case.clone())
            .or_insert_with(|| results.declare_again(&line));
        results.add(at, line);
    }
    Ok(run)
}

/// Makes room for base asked once more, of which the head of the file knows nothing yet.
fn add_again(results: &mut Vec<Results>, line: &Line) -> Option<usize> {
    let known = results.iter().map(|it| &it.subject);
    let again = known.map(|subject| Subject {
        again: true,
        ..subject.clone()
    });
    let subject = again.into_iter().find(|subject| subject.has(line))?;
    results.push(Results::new(subject));
    Some(results.len() - 1)
}

/// Hands over each line of a run.
///
/// # Errors
/// The file cannot be read.
pub fn each_line(path: &Path, take: &mut dyn FnMut(Line)) -> io::Result<()> {
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        if let Ok(line) = serde_json::from_slice(&line?) {
            take(line);
        }
    }
    Ok(())
}

/// The ids of the cases of a prompt that did not pass in the newest run that asked all of `cases`, with
/// that run's id; where none did, in the newest that asked any.
pub fn failed_before(
    folder: &Path,
    prompt: &str,
    cases: &[&str],
) -> Option<(String, HashSet<String>)> {
    let mut newest = None;
    for path in paths(folder).iter().rev() {
        let Ok(run) = read(path) else { continue };
        let mut results = run
            .results
            .iter()
            .filter(|it| it.subject.prompt == prompt && it.subject.base.is_none())
            .peekable();
        if results.peek().is_none() {
            continue;
        }
        let asked: Vec<&CaseResult> = results.flat_map(|results| &results.cases).collect();
        let known: HashSet<&str> = asked.iter().map(|case| case.id.as_str()).collect();
        let is_whole = cases.iter().all(|id| known.contains(id));
        let failed = asked.iter().filter(|case| {
            let is_left_out = case.status() == Status::Skipped && !case.is_missing();
            case.status() != Status::Pass && !is_left_out
        });
        let found = (run.head.run, failed.map(|case| case.id.clone()).collect());
        if is_whole {
            return Some(found);
        }
        newest.get_or_insert(found);
    }
    newest
}
