//! The files that are scanned, and reading them.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::baseline::Baseline;
use super::scanned::Scanned;
use crate::commands::given_file::refuse_link;
use crate::commands::session::Session;
use crate::error::Failure;
use crate::files::bad_ignore_file;
use crate::prompt::finding::Span;
use crate::releases::Store;
use crate::repository::Start;
use crate::scan::entry::Values;
use crate::scan::found::{self, CodeLanguage, FoundPrompt, Unread, Wrapper};
use crate::scan::{self, IdPlace, ids};

/// How far into a file a NUL is looked for, which says that it is no text.
const HEAD: usize = 8 << 10;

/// A source may hold a few NULs, and of more bytes one in this many.
const FEW_NULS: usize = 8;
const BYTES_A_NUL: usize = 100;

/// Files above this are read in pieces, for their ids alone.
pub(super) const WHOLE: u64 = 64 << 20;

/// The pieces, and how much of each the next repeats, so that no id is cut.
const PIECE: usize = 8 << 20;
const OVERLAP: usize = 512;

/// How many files that could not be read are named.
const MOST_PROBLEMS: usize = 10;

/// Where to look.
pub(super) struct Files<'b> {
    /// The places, each as it was named.
    roots: Vec<PathBuf>,
    /// The folder that paths are relative to.
    directory: PathBuf,
    /// What git tracks there although its rules ignore it, too.
    tracked: Vec<PathBuf>,
    /// Whose files are left out.
    baseline: &'b Baseline,
    /// Which prompts in code are wanted; none where only ids are.
    wanted: Option<&'b WantedPrompts>,
}

/// Which prompts in code are looked for.
#[derive(Debug, Default)]
pub(super) struct WantedPrompts {
    /// Those that are less surely prompts by their names, too.
    pub(super) all: bool,
    /// Those of tests, too.
    pub(super) tests: bool,
    /// The languages of the files; all where there are none.
    pub(super) languages: Vec<&'static CodeLanguage>,
}

impl WantedPrompts {
    pub(super) fn wants(&self, path: &str, bytes: &[u8]) -> bool {
        let mut languages = self.languages.iter();
        found::is_code(path, bytes)
            && (self.tests || !found::is_test(path))
            && (self.languages.is_empty() || languages.any(|it| it.is_of(path, bytes)))
    }
}

/// What the files say.
#[derive(Default)]
pub(super) struct ScanResults {
    pub(super) places: Vec<(String, IdPlace)>,
    /// Prompts in code, with their files.
    pub(super) prompts: Vec<(String, FoundPrompt)>,
    /// Calls of which a text could not be read.
    pub(super) unread: Vec<(String, Unread)>,
    /// Functions that send what callers give them, with their files.
    pub(super) wrappers: Vec<(String, Vec<Wrapper>)>,
    /// The files that have a syntax tree.
    pub(super) parsed: HashSet<String>,
    /// Numbers that settings give to variables of the environment.
    pub(super) values: Values,
    /// Files that may read the environment: where they are, and what they are called.
    pub(super) code: Vec<(PathBuf, String)>,
    pub(super) scanned: Scanned,
    pub(super) problems: Vec<String>,
}

impl ScanResults {
    /// Puts prompts and calls in the order of their places.
    pub(super) fn sort(&mut self) {
        self.prompts
            .sort_by(|(one, first), (other, second)| (one, first.at).cmp(&(other, second.at)));
        self.unread
            .sort_by(|(one, first), (other, second)| (one, first.at).cmp(&(other, second.at)));
    }
}

impl<'b> Files<'b> {
    pub(super) fn new(
        paths: &[PathBuf],
        baseline: &'b Baseline,
        wanted: Option<&'b WantedPrompts>,
        session: &Session,
    ) -> Result<Self, Failure> {
        let directory = &session.directory;
        let named: &[PathBuf] = match paths {
            [] => &[PathBuf::from(".")],
            paths => paths,
        };
        let mut roots = Vec::new();
        let mut tracked = Vec::new();
        for path in named {
            let whole = directory.join(path);
            if !whole.exists() {
                return Err(Failure::usage(format!("there is no {}", path.display()))
                    .hint("name a file or a folder that exists"));
            }
            let hint = "name the file or the folder itself";
            refuse_link(&path.to_string_lossy(), &whole, hint)?;
            let folder = if whole.is_dir() { &whole } else { directory };
            // Outside of a repository, the ignore rules alone decide.
            let start = Start {
                directory: folder.clone(),
                is_named: false,
                ..session.start()
            };
            if let Ok(store) = Store::open(&start)
                && !store.is_bare()
                && let Ok(real) = std::fs::canonicalize(&whole)
            {
                let below = |path: PathBuf| Some(whole.join(path.strip_prefix(&real).ok()?));
                tracked.extend(store.tracked(&real)?.into_iter().filter_map(below));
            }
            // The rules of the folders above hold too.
            let above = whole.ancestors().filter(|folder| folder.is_dir());
            if let Some((path, reason)) = above.into_iter().find_map(bad_ignore_file) {
                return Err(Failure::usage(format!("{} {reason}", path.display()))
                    .hint("put the file itself there, or remove it"));
            }
            roots.push(whole);
        }
        Ok(Self {
            roots,
            directory: directory.clone(),
            tracked,
            baseline,
            wanted,
        })
    }

    /// Reads all files.
    pub(super) fn read_all(&self) -> ScanResults {
        let all = Mutex::new(ScanResults::default());
        let seen = Mutex::new(HashSet::new());
        let Some((first, others)) = self.roots.split_first() else {
            return ScanResults::default();
        };
        let mut walk = WalkBuilder::new(first);
        for other in others {
            walk.add(other);
        }
        let unread: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = Arc::clone(&unread);
        walk.hidden(false)
            .require_git(false)
            .follow_links(false)
            .threads(std::thread::available_parallelism().map_or(2, usize::from))
            .filter_entry(move |entry| {
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                let bad = is_folder.then(|| bad_ignore_file(entry.path())).flatten();
                let is_good = bad.is_none();
                if let Some((path, reason)) = bad {
                    guard(&told).push(format!(
                        "{} {reason}: its folder was not looked at",
                        path.display()
                    ));
                }
                is_good && entry.file_name() != ".git"
            });
        let must_remember = !self.tracked.is_empty();
        walk.build_parallel().run(|| {
            let mut reader = Reader::new(self, &all);
            let seen = &seen;
            Box::new(move |entry| {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        reader.own.problems.push(error.to_string());
                        return WalkState::Continue;
                    }
                };
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                if is_folder {
                    for path in settings_in(&entry) {
                        if guard(seen).insert(path.clone()) {
                            reader.read(&path);
                        }
                    }
                } else if entry.file_type().is_some_and(|kind| kind.is_file()) {
                    let path = entry.into_path();
                    let is_settings = path
                        .file_name()
                        .is_some_and(|name| name.to_string_lossy().starts_with(".env"));
                    if (!must_remember && !is_settings) || guard(seen).insert(path.clone()) {
                        reader.read(&path);
                    }
                }
                WalkState::Continue
            })
        });
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut reader = Reader::new(self, &all);
        for path in self.tracked.iter().filter(|path| !seen.contains(*path)) {
            // A file that was deleted and not committed is no surprise.
            if path.is_file() {
                reader.read(path);
            }
        }
        drop(reader);
        let mut found = all.into_inner().unwrap_or_else(PoisonError::into_inner);
        found
            .places
            .sort_by(|(one, first), (other, second)| (one, first.at).cmp(&(other, second.at)));
        found.sort();
        found.code.sort();
        found.problems.append(&mut guard(&unread));
        found.problems.sort();
        if found.problems.len() > MOST_PROBLEMS {
            let more = found.problems.len() - MOST_PROBLEMS;
            found.problems.truncate(MOST_PROBLEMS);
            found
                .problems
                .push(format!("{more} more files could not be read"));
        }
        found
    }

    /// The path as a person would write it here.
    fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.directory).unwrap_or(path);
        let shown = path.to_string_lossy().replace('\\', "/");
        shown.strip_prefix("./").unwrap_or(&shown).to_owned()
    }
}

fn guard<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The files `.env…` of a folder, which git usually ignores and which hold what the code reads.
fn settings_in(folder: &DirEntry) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.path()) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".env"))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .collect()
}

/// Reads files one after the other, on one thread.
struct Reader<'a> {
    files: &'a Files<'a>,
    all: &'a Mutex<ScanResults>,
    own: ScanResults,
    buffer: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn new(files: &'a Files<'a>, all: &'a Mutex<ScanResults>) -> Self {
        Self {
            files,
            all,
            own: ScanResults::default(),
            buffer: Vec::new(),
        }
    }

    fn read(&mut self, path: &Path) {
        if let Err(error) = self.try_read(path) {
            let shown = self.files.shown(path);
            self.own
                .problems
                .push(format!("{shown} could not be read: {error}"));
        }
    }

    fn try_read(&mut self, path: &Path) -> std::io::Result<()> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        self.buffer.clear();
        if length > WHOLE {
            return self.read_pieces(path, file);
        }
        (&mut file)
            .take(HEAD as u64)
            .read_to_end(&mut self.buffer)?;
        if self.files.baseline.is_own(path, &self.buffer) {
            return Ok(());
        }
        let is_wide = matches!(self.buffer.get(..2), Some([0xff, 0xfe] | [0xfe, 0xff]));
        let shown = self.files.shown(path);
        let has_nul = !is_wide && memchr::memchr(0, &self.buffer).is_some();
        if has_nul && !found::is_code(&shown, &self.buffer) {
            return Ok(());
        }
        if self.buffer.len() == HEAD {
            self.buffer
                .reserve(usize::try_from(length).unwrap_or(0).saturating_sub(HEAD) + 1);
            // A file that grows while it is read.
            file.take(WHOLE).read_to_end(&mut self.buffer)?;
        }
        let nuls = has_nul.then(|| memchr::memchr_iter(0, &self.buffer).count());
        if nuls.is_some_and(|nuls| nuls > FEW_NULS.max(self.buffer.len() / BYTES_A_NUL)) {
            self.buffer.retain(|byte| *byte != 0);
            if self.may_hold(&shown) {
                self.give_up(shown, found::NO_TEXT);
            }
            return Ok(());
        }
        self.own.scanned.files += 1;
        self.own.scanned.bytes += self.buffer.len() as u64;
        self.note_code(path, &shown);
        let is_wanted = match is_wide {
            true => {
                let mut wanted = self.files.wanted.into_iter();
                wanted.any(|wanted| wanted.wants(&shown, &self.buffer))
            }
            false => self.may_hold(&shown),
        };
        let text = if is_wide {
            wide(&self.buffer)
        } else if is_wanted || ids::may_hold(&self.buffer) {
            String::from_utf8_lossy(&self.buffer).into_owned()
        } else {
            return Ok(());
        };
        if let Some(wanted) = self.files.wanted.filter(|_| is_wanted) {
            let findings = match is_wide {
                true => found::find(&shown, &text, wanted.all),
                false => found::find_held(&shown, &text, wanted.all),
            };
            if findings.is_parsed {
                self.own.scanned.parsed += 1;
                self.own.parsed.insert(shown.clone());
            }
            if !findings.wrappers.is_empty() {
                let wrappers = (shown.clone(), findings.wrappers);
                self.own.wrappers.push(wrappers);
            }
            let prompts = findings.prompts.into_iter();
            self.own
                .prompts
                .extend(prompts.map(|prompt| (shown.clone(), prompt)));
            let unread = findings.unread.into_iter();
            self.own
                .unread
                .extend(unread.map(|call| (shown.clone(), call)));
        }
        if ids::may_hold(text.as_bytes()) {
            let places = scan::find_ids(&shown, &text);
            if places.iter().any(|place| place.variable.is_some()) {
                let numbers = scan::numbers(&shown, &text).into_iter();
                self.own
                    .values
                    .extend(numbers.map(|(name, value)| ((shown.clone(), name), value)));
            }
            self.own
                .places
                .extend(places.into_iter().map(|place| (shown.clone(), place)));
        }
        Ok(())
    }

    /// Whether what was read may hold a prompt that is looked for.
    fn may_hold(&self, shown: &str) -> bool {
        self.files.wanted.is_some_and(|wanted| {
            wanted.wants(shown, &self.buffer) && found::may_hold(shown, &self.buffer, wanted.all)
        })
    }

    /// Notes a file that is not read.
    fn give_up(&mut self, shown: String, why: &str) {
        self.own.unread.push((shown, Unread::of_file(1, why)));
    }

    fn note_code(&mut self, path: &Path, shown: &str) {
        if scan::may_read_environment(shown) || found::is_code(shown, &self.buffer) {
            self.own.code.push((path.to_owned(), shown.to_owned()));
        }
    }

    /// Reads a very large file: where its ids are, and nothing around them.
    fn read_pieces(&mut self, path: &Path, mut file: File) -> std::io::Result<()> {
        let shown = self.files.shown(path);
        let mut line = 1;
        let mut kept = 0;
        let mut is_first = true;
        let mut is_noted = false;
        loop {
            let had = self.buffer.len();
            (&mut file)
                .take((PIECE - had) as u64)
                .read_to_end(&mut self.buffer)?;
            let is_last = self.buffer.len() < PIECE;
            let head = &self.buffer[..HEAD.min(self.buffer.len())];
            if is_first && memchr::memchr(0, head).is_some() && !found::is_code(&shown, head) {
                return Ok(());
            }
            if !is_noted && self.may_hold(&shown) {
                is_noted = true;
                self.give_up(shown.clone(), found::TOO_LARGE);
            }
            is_first = false;
            let end = if is_last {
                self.buffer.len()
            } else {
                PIECE - OVERLAP
            };
            for range in ids::find(&self.buffer) {
                // What begins in the part that comes again is found then.
                if range.start < kept || range.start >= end {
                    continue;
                }
                let before = &self.buffer[..range.start];
                let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
                self.own.places.push((
                    shown.clone(),
                    IdPlace {
                        id: String::from_utf8_lossy(&self.buffer[range.clone()]).into_owned(),
                        at: Span {
                            line: line + memchr::memchr_iter(b'\n', before).count(),
                            column: range.start - start + 1,
                            length: range.len(),
                        },
                        calls: Vec::new(),
                        variable: None,
                        name: None,
                        is_allowed: false,
                    },
                ));
            }
            self.own.scanned.bytes += (end - kept.min(end)) as u64;
            if is_last {
                self.own.scanned.files += 1;
                return Ok(());
            }
            // One byte before says whether a word goes on.
            line += memchr::memchr_iter(b'\n', &self.buffer[..end - 1]).count();
            self.buffer.drain(..end - 1);
            kept = 1;
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut all = guard(self.all);
        all.places.append(&mut self.own.places);
        all.prompts.append(&mut self.own.prompts);
        all.unread.append(&mut self.own.unread);
        all.wrappers.append(&mut self.own.wrappers);
        all.parsed.extend(self.own.parsed.drain());
        all.values.append(&mut self.own.values);
        all.code.append(&mut self.own.code);
        all.problems.append(&mut self.own.problems);
        all.scanned.files += self.own.scanned.files;
        all.scanned.bytes += self.own.scanned.bytes;
        all.scanned.parsed += self.own.scanned.parsed;
    }
}

/// UTF-16, as some editors of Windows write it.
fn wide(bytes: &[u8]) -> String {
    let is_little = bytes.starts_with(&[0xff, 0xfe]);
    let units: Vec<u16> = bytes[2..]
        .chunks_exact(2)
        .map(|pair| match is_little {
            true => u16::from_le_bytes([pair[0], pair[1]]),
            false => u16::from_be_bytes([pair[0], pair[1]]),
        })
        .collect();
    String::from_utf16_lossy(&units)
}
