//! The results of a batch: JSON lines in the order of the inputs, and what keeps them from a kill.
//!
//! With a file, each result is appended to `FILE.part` as it comes, and at the end `FILE` is
//! written anew in the order of the inputs. `--resume` reads both: a good answer to the same
//! request, by its hash, is taken over wherever it stood.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::json;
use crate::prompt::code;

/// Where the results go.
pub(super) struct Results {
    /// What is not written yet, by the number of the input.
    held: BTreeMap<usize, String>,
    to: To,
}

enum To {
    /// Standard output, from this number on.
    Out(usize),
    File(Box<Kept>),
}

struct Kept {
    path: PathBuf,
    part: PathBuf,
    journal: File,
    /// Good answers of an earlier run, by the hash of their request, not taken over yet.
    earlier: HashMap<String, Vec<Value>>,
    /// The hash of the request of each input.
    hashes: Vec<String>,
}

impl Results {
    /// Results in this file, or on standard output.
    ///
    /// # Errors
    /// The file exists and shall not be gone on with, another process writes it, or it cannot be
    /// written.
    pub(super) fn open(
        path: Option<&Path>,
        is_resumed: bool,
        hashes: &[String],
        session: &Session,
    ) -> Result<Self, Failure> {
        let to = match path {
            Some(path) => {
                let path = session.directory.join(path);
                To::File(Box::new(Kept::open(path, is_resumed, hashes)?))
            }
            None => To::Out(0),
        };
        Ok(Self {
            held: BTreeMap::new(),
            to,
        })
    }

    /// The inputs that have no good answer yet. Those that have are taken over.
    pub(super) fn todo(&mut self, total: usize, case_of: impl Fn(usize) -> String) -> Vec<usize> {
        let To::File(kept) = &mut self.to else {
            return (0..total).collect();
        };
        let mut todo = Vec::new();
        for index in 0..total {
            let earlier = kept.earlier.get_mut(&kept.hashes[index]);
            match earlier.and_then(Vec::pop) {
                Some(mut line) => {
                    line["index"] = Value::from(index);
                    line["case"] = Value::from(case_of(index));
                    self.held.insert(index, json::line(&line));
                }
                None => todo.push(index),
            }
        }
        todo
    }

    /// Takes the result of one input.
    ///
    /// # Errors
    /// `P223`: the file cannot be written.
    pub(super) fn put(
        &mut self,
        index: usize,
        line: &Value,
        session: &mut Session,
    ) -> Result<(), Failure> {
        self.held.insert(index, json::line(line));
        match &mut self.to {
            To::File(kept) => kept.append(&self.held[&index]),
            To::Out(next) => {
                while let Some(line) = self.held.remove(next) {
                    session.ui.line(line);
                    *next += 1;
                }
                session.ui.flush();
                Ok(())
            }
        }
    }

    /// Writes what is left, in the order of the inputs.
    ///
    /// # Errors
    /// `P223`: the file cannot be written; what came stays in `FILE.part`.
    pub(super) fn finish(self, session: &mut Session) -> Result<(), Failure> {
        match self.to {
            To::Out(_) => {
                for line in self.held.values() {
                    session.ui.line(line);
                }
                Ok(())
            }
            To::File(kept) => kept.finish(&self.held),
        }
    }
}

impl Kept {
    fn open(path: PathBuf, is_resumed: bool, hashes: &[String]) -> Result<Self, Failure> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let there = [&path, &part].into_iter().find(|it| it.exists());
        if let Some(there) = there.filter(|_| !is_resumed) {
            return Err(Failure::usage(format!("{} exists", there.display()))
                .hint("--resume goes on with it; or name another file"));
        }
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        // As private as the file that takes its place.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut journal = options
            .open(&part)
            .map_err(|error| unwritable(&part, error))?;
        if let Err(TryLockError::WouldBlock) = journal.try_lock() {
            return Err(Failure::new(
                code::LOCKED,
                format!("another process writes {}", path.display()),
            )
            .hint("wait until it ends, or name another file with --output"));
        }
        let mut earlier = HashMap::new();
        let unreadable = |path: &Path| {
            let path = path.display().to_string();
            move |error: std::io::Error| {
                let message = format!("{path} could not be read");
                Failure::from_io(code::NOT_A_FILE, message, error)
            }
        };
        match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => add_good(&read.map_err(unreadable(&path))?, &mut earlier),
        }
        // By the handle that holds the lock: on Windows no other can read it.
        let mut before = Vec::new();
        journal
            .read_to_end(&mut before)
            .map_err(unreadable(&part))?;
        add_good(&before, &mut earlier);
        let mut kept = Self {
            path,
            part,
            journal,
            earlier,
            hashes: hashes.to_vec(),
        };
        // Ends a line that a kill has torn.
        if kept.journal.metadata().is_ok_and(|it| it.len() > 0) {
            kept.append("")?;
        }
        Ok(kept)
    }

    fn append(&mut self, line: &str) -> Result<(), Failure> {
        self.journal
            .write_all(format!("{line}\n").as_bytes())
            .map_err(|error| unwritable(&self.part, error))
    }

    fn finish(self, lines: &BTreeMap<usize, String>) -> Result<(), Failure> {
        let mut text = String::new();
        for line in lines.values() {
            text.push_str(line);
            text.push('\n');
        }
        // Answers to inputs that are no more were paid for, too.
        for line in self.earlier.into_values().flatten() {
            text.push_str(&line.to_string());
            text.push('\n');
        }
        write_whole(&self.path, &text).map_err(|error| unwritable(&self.path, error))?;
        drop(self.journal);
        std::fs::remove_file(&self.part).map_err(|error| unwritable(&self.part, error))
    }
}

/// Writes a file beside itself, then swaps: a kill leaves the old one or the new one.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let mut fresh = tempfile::Builder::new()
        .prefix(".results-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().sync_all()?;
    fresh.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Adds the good answers of a file; a torn line is none.
fn add_good(bytes: &[u8], good: &mut HashMap<String, Vec<Value>>) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(line) = serde_json::from_slice::<Value>(line) else {
            continue;
        };
        let hash = line.get("request_hash").and_then(Value::as_str);
        if let (Some(hash), Some("ok")) = (hash, line.get("status").and_then(Value::as_str)) {
            let answers = good.entry(hash.to_owned()).or_default();
            // The file may hold what its part holds, when a kill came between the two.
            if !answers
                .iter()
                .any(|other| other.get("id") == line.get("id"))
            {
                answers.push(line);
            }
        }
    }
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(code::WRITE_FAILED, "the results could not be written")
        .exit(Exit::Failed)
        .at(path.display().to_string())
        .caused_by(error)
}
