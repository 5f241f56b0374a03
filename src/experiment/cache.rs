//! Answers that were paid for, kept so that they are not paid for again.
//!
//! An answer is found by what was asked: the server, the body of the request without what changes
//! nothing in the answer, and the number of the repeat. No clock ends it. A file is written beside
//! its place and renamed, so that a kill leaves it whole or not at all; one that is torn, that
//! something else wrote, or that was changed since, is as good as none.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub use claims::Claim;
use claims::Claims;
pub use key::Key;

use super::answer::Answered;
use crate::record::log::make_ignored;

mod claims;
mod entry;
mod key;

/// The largest file that is read, in bytes: no answer is as long.
const LARGEST: u64 = 64 << 20;

/// From what age on a file that is used counts as used anew. Until then its time is left alone.
const OLD: Duration = Duration::from_secs(3600);

/// How the names of files begin that are being written.
const DRAFT: &str = ".new-";

/// The folder of those who ask for answers.
const ASKING: &str = ".asking";

/// A folder of answers.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    max_size: u64,
    now: SystemTime,
    state: RefCell<State>,
    claims: Claims,
}

#[derive(Debug, Default)]
struct State {
    /// Whether something was kept, so that the folder may have grown.
    has_grown: bool,
    /// Why the first answer that could not be kept was not.
    trouble: Option<String>,
}

impl Cache {
    /// The answers in this folder, which need not exist yet. At the end of a run those that were not
    /// used for longest go, until the others have at most `max_size` bytes.
    pub fn new(folder: PathBuf, max_size: u64, now: SystemTime) -> Self {
        Self {
            claims: Claims::new(folder.join(ASKING)),
            folder,
            max_size,
            now,
            state: RefCell::default(),
        }
    }

    /// The answer that was kept under this key. What cannot be read, or is something else, is none.
    pub fn get(&self, key: &Key) -> Option<Answered> {
        let path = self.path(key);
        if self.is_led_away(&path) {
            return None;
        }
        let found = fs::symlink_metadata(&path).ok()?;
        if !found.is_file() || found.len() > LARGEST {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        let answer = entry::read(&bytes, key)?;
        let used = found.modified().ok()?;
        if self.now.duration_since(used).is_ok_and(|age| age > OLD) {
            // Where that fails the answer is only forgotten sooner.
            drop(
                File::options()
                    .write(true)
                    .open(&path)
                    .and_then(|it| it.set_modified(self.now)),
            );
        }
        Some(answer)
    }

    /// Whether a file stands where the answer would. What it holds is seen when it is asked for.
    pub fn has(&self, key: &Key) -> bool {
        let path = self.path(key);
        let found = fs::symlink_metadata(&path);
        found.is_ok_and(|it| it.is_file()) && !self.is_led_away(&path)
    }

    /// The right to ask for the answer under this key; none while another has it.
    pub fn claim(&self, key: &Key) -> Option<Claim> {
        self.claims
            .claim(key, |folder| match self.is_led_away(folder) {
                true => Err(io::Error::other("the folder is a symbolic link")),
                false => self.make(folder),
            })
    }

    /// Keeps an answer. Where that fails, [`trouble`](Self::trouble) tells, and the run goes on.
    pub fn put(&self, key: &Key, answer: &Answered) {
        let written = match self.is_led_away(&self.path(key)) {
            true => Err(io::Error::other("the folder is a symbolic link")),
            false => self.write(key, answer),
        };
        let mut state = self.state.borrow_mut();
        match written {
            Ok(()) => state.has_grown = true,
            Err(error) => drop(state.trouble.get_or_insert_with(|| words(&error))),
        }
    }

    /// Why answers could not be kept, if one could not.
    pub fn trouble(&self) -> Option<String> {
        self.state.borrow().trouble.clone()
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn write(&self, key: &Key, answer: &Answered) -> io::Result<()> {
        let text = entry::write(key, answer)?;
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.folder);
        let mut draft = match draft_in(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make(folder)?;
                draft_in(folder)?
            }
            draft => draft?,
        };
        draft.write_all(&text)?;
        draft.persist(&path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Makes a folder of the cache, which nobody else can look into.
    fn make(&self, folder: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // Where others were made before, this one is made at once.
        match builder.create(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            made => return made,
        }
        if let Some(own) = self.folder.parent() {
            make_ignored(own)?;
        }
        builder.recursive(true).create(folder)
    }

    /// Whether a link stands on the way to a path, from the folder that holds the cache down to the
    /// path itself: a repository could bring one along.
    fn is_led_away(&self, path: &Path) -> bool {
        let own = self.folder.parent().unwrap_or(&self.folder);
        path.ancestors()
            .take_while(|each| each.starts_with(own))
            .any(|each| each.symlink_metadata().is_ok_and(|it| it.is_symlink()))
    }

    /// `ab/cdef….json`
    fn path(&self, key: &Key) -> PathBuf {
        let text = key.to_string();
        let (first, rest) = text.split_at(2);
        self.folder.join(first).join(format!("{rest}.json"))
    }

    /// Ends a run: forgets what was not used for longest, where the folder has become too large.
    pub fn close(&self) {
        if !self.state.borrow().has_grown {
            return;
        }
        let mut files = self.files();
        files.sort_by_key(|file| file.used);
        let mut size: u64 = files.iter().map(|file| file.size).sum();
        for file in files {
            let is_left = file.is_draft
                && self
                    .now
                    .duration_since(file.used)
                    .is_ok_and(|age| age > OLD);
            if size <= self.max_size && !is_left {
                continue;
            }
            // Another process may have taken it away, or may still write it.
            if fs::remove_file(&file.path).is_ok() {
                size -= file.size;
            }
        }
    }

    /// Forgets all answers, and says how many files that were.
    ///
    /// # Errors
    /// The folder cannot be removed, or is a link that leads elsewhere.
    pub fn clear(&self) -> io::Result<usize> {
        if self.is_led_away(&self.folder) {
            return Err(io::Error::other("the folder is a symbolic link"));
        }
        let count = self.files().iter().filter(|file| !file.is_draft).count();
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            removed => removed.map(|()| count),
        }
    }

    fn files(&self) -> Vec<Kept> {
        let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let folders = entries(&self.folder)
            .filter(|it| it.file_name() != ASKING && it.file_type().is_ok_and(|it| it.is_dir()));
        let files = folders.flat_map(|folder| entries(&folder.path()));
        files
            .filter_map(|file| {
                let data = file.metadata().ok().filter(fs::Metadata::is_file)?;
                Some(Kept {
                    used: data.modified().ok()?,
                    size: data.len(),
                    is_draft: file.file_name().to_string_lossy().starts_with(DRAFT),
                    path: file.path(),
                })
            })
            .collect()
    }
}

/// A file of the folder.
struct Kept {
    path: PathBuf,
    used: SystemTime,
    size: u64,
    is_draft: bool,
}

/// What is told of an error: its kind, without the name of the file that was to be written.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::Other => error.to_string(),
        kind => kind.to_string(),
    }
}

fn draft_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(DRAFT).tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::experiment::answer::AnswerStatus;
    use crate::record::entry::Usage;

    fn answered(output: &str) -> Answered {
        Answered {
            status: AnswerStatus::Completed,
            model: Some("m".to_owned()),
            latency_ms: Some(12),
            usage: Usage::default(),
            cost_usd: Some(0.1),
            response_id: None,
            time: None,
            execution: None,
            tools: Vec::new(),
            output: output.to_owned(),
        }
    }

    fn cache_in(folder: &Path, max_size: u64) -> Cache {
        Cache::new(folder.join(".promptctl/cache"), max_size, SystemTime::now())
    }

    fn key(text: &str) -> Key {
        Key::new("https://a/v1", &json!({"model": "m", "input": text}), 1)
    }

    #[test]
    fn an_answer_that_is_torn_or_foreign_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache_in(folder.path(), u64::MAX);
        let key = key("a");
        assert_eq!(cache.get(&key), None);
        cache.put(&key, &answered("hi"));
        assert_eq!(cache.get(&key), Some(answered("hi")));
        let path = cache.path(&key);
        let whole = fs::read_to_string(&path).unwrap();
        let foreign = whole.replace(&key.to_string(), &self::key("b").to_string());
        let newer = whole.replace("\"schema\":2", "\"schema\":3");
        let edited = whole.replace("hi", "ho");
        let cheaper = whole.replace("0.1", "0.2");
        for text in ["", "{}", "null", &foreign, &newer, &edited, &cheaper] {
            assert_ne!(text, whole);
            fs::write(&path, text).unwrap();
            assert_eq!(cache.get(&key), None, "{text}");
        }
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            assert_eq!(cache.get(&key), None, "{end}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(cache.get(&key), None);
    }

    #[test]
    fn what_was_not_used_for_longest_is_forgotten_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache_in(folder.path(), u64::MAX);
        let keys: Vec<Key> = ["a", "b", "c", "d"].map(key).into();
        for (number, key) in keys.iter().enumerate() {
            cache.put(key, &answered("hi"));
            let days = Duration::from_secs(86_400 * (10 - number as u64));
            let file = File::options().write(true).open(cache.path(key)).unwrap();
            file.set_modified(SystemTime::now() - days).unwrap();
        }
        assert!(cache.get(&keys[0]).is_some(), "the oldest, but used now");
        let size = fs::metadata(cache.path(&keys[0])).unwrap().len();
        let small = cache_in(folder.path(), 3 * size);
        small.close();
        assert!(small.get(&keys[1]).is_some(), "nothing was added");
        let draft = cache.path(&keys[3]).with_file_name(".new-left");
        fs::write(&draft, "x").unwrap();
        let file = File::options().write(true).open(&draft).unwrap();
        file.set_modified(SystemTime::now() - 2 * OLD).unwrap();
        small.put(&keys[3], &answered("hi"));
        // The first and the second were used now, the fourth was written now.
        small.close();
        let there: Vec<bool> = keys.iter().map(|key| small.get(key).is_some()).collect();
        assert_eq!(there, [true, true, false, true]);
        assert!(!draft.exists());
        assert_eq!(small.clear().unwrap(), 3);
        assert_eq!(small.clear().unwrap(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_looks_in_and_no_link_leads_out() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let cache = cache_in(folder.path(), u64::MAX);
        cache.put(&key("a"), &answered("hi"));
        let mode = fs::metadata(cache.folder()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let ignore = fs::read_to_string(folder.path().join(".promptctl/.gitignore"));
        assert_eq!(ignore.unwrap(), "*\n");

        let elsewhere = tempfile::tempdir().unwrap();
        let led = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), led.path().join(".promptctl")).unwrap();
        let cache = cache_in(led.path(), u64::MAX);
        cache.put(&key("a"), &answered("hi"));
        assert!(cache.trouble().unwrap().contains("symbolic link"));
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        assert!(cache.clear().is_err());

        // Nor one further down, to answers that somebody else wrote.
        let brought = tempfile::tempdir().unwrap();
        let there = cache_in(folder.path(), u64::MAX);
        let cache = cache_in(brought.path(), u64::MAX);
        let (from, to) = (there.path(&key("a")), cache.path(&key("a")));
        fs::create_dir_all(cache.folder()).unwrap();
        std::os::unix::fs::symlink(from.parent().unwrap(), to.parent().unwrap()).unwrap();
        assert_eq!(cache.get(&key("a")), None);
        assert!(!cache.has(&key("a")));
        cache.put(&key("a"), &answered("other"));
        assert!(cache.trouble().unwrap().contains("symbolic link"));
        assert_eq!(there.get(&key("a")), Some(answered("hi")));
    }
}
