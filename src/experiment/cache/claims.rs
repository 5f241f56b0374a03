//! Who asks for which answer: two processes that want the same pay for it once.
//!
//! A process that asks has a locked file, so that everybody sees whether it is still there, and beside it
//! a list of the keys that it asks for: a line `+key` when it begins, `-key` when it ends. A gate, which
//! is locked for a moment, keeps two from claiming the same key. Where the disk offers no locks, or
//! nothing can be written, everybody asks.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Key;

/// How the names of files end that are locked as long as their process is there.
const LIFE: &str = "life";

/// How the names of lists of keys end.
const KEYS: &str = "keys";

/// The right to ask for an answer, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    /// None where nobody can tell.
    held: Option<(Rc<RefCell<State>>, Key)>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some((state, key)) = self.held.take() {
            state.borrow_mut().release(&key);
        }
    }
}

/// The claims of this process, and what it knows of those of others.
#[derive(Debug)]
pub(super) struct Claims {
    folder: PathBuf,
    state: Rc<RefCell<State>>,
}

#[derive(Debug, Default)]
struct State {
    own: Option<Own>,
    held: HashSet<Key>,
    others: HashMap<OsString, Other>,
}

/// The files of this process.
#[derive(Debug)]
struct Own {
    gate: File,
    keys: File,
    /// Locked until it is dropped.
    _life: File,
    life_path: PathBuf,
}

/// What is known of another process.
#[derive(Debug, Default)]
struct Other {
    /// How much of its list was read.
    read: u64,
    held: HashSet<String>,
}

impl Claims {
    /// The claims that are kept in this folder, which need not exist yet.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            state: Rc::default(),
        }
    }

    /// The right to ask for the answer under a key; none while another has it. `make` makes the folder.
    pub(super) fn claim(
        &self,
        key: &Key,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Option<Claim> {
        let claim = |held: bool| Claim {
            held: held.then(|| (Rc::clone(&self.state), *key)),
        };
        let mut state = self.state.borrow_mut();
        if state.held.contains(key) {
            return None;
        }
        match state.begin(key, &self.folder, make) {
            Ok(true) => Some(claim(true)),
            Ok(false) => None,
            Err(_) => Some(claim(false)),
        }
    }
}

impl State {
    /// Claims a key; `false` where another has it.
    fn begin(
        &mut self,
        key: &Key,
        folder: &Path,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<bool> {
        if self.own.is_none() {
            make(folder)?;
        }
        let own = match self.own.take() {
            Some(own) => own,
            None => Own::new(folder)?,
        };
        let own = self.own.insert(own);
        own.gate.lock()?;
        let found = see(&mut self.others, folder, &own.life_path);
        let text = key.to_string();
        let is_free = found.is_ok() && !self.others.values().any(|it| it.held.contains(&text));
        let written = match is_free {
            true => own.keys.write_all(format!("+{text}\n").as_bytes()),
            false => Ok(()),
        };
        own.gate.unlock()?;
        found.and(written)?;
        if is_free {
            self.held.insert(*key);
        }
        Ok(is_free)
    }

    fn release(&mut self, key: &Key) {
        self.held.remove(key);
        if let Some(own) = &mut self.own {
            // Where that fails, others wait until this process ends.
            drop(own.keys.write_all(format!("-{key}\n").as_bytes()));
        }
    }
}

impl Own {
    fn new(folder: &Path) -> io::Result<Self> {
        let gate = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("gate"))?;
        // Nobody takes the file for one that is left over before it is locked.
        gate.lock()?;
        let made = Self::in_gate(folder);
        gate.unlock()?;
        let (life, life_path, keys) = made?;
        Ok(Self {
            gate,
            keys,
            _life: life,
            life_path,
        })
    }

    fn in_gate(folder: &Path) -> io::Result<(File, PathBuf, File)> {
        let named = tempfile::Builder::new()
            .suffix(&format!(".{LIFE}"))
            .tempfile_in(folder)?;
        let (life, life_path) = named.keep().map_err(|error| error.error)?;
        life.lock()?;
        let keys = File::options()
            .create(true)
            .append(true)
            .open(life_path.with_extension(KEYS))?;
        Ok((life, life_path, keys))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(fs::remove_file(self.life_path.with_extension(KEYS)));
        drop(fs::remove_file(&self.life_path));
    }
}

/// Looks what the other processes ask for, and takes away what one has left that was killed.
fn see(others: &mut HashMap<OsString, Other>, folder: &Path, own: &Path) -> io::Result<()> {
    let mut there = HashSet::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path == own || path.extension().is_none_or(|it| it != LIFE) {
            continue;
        }
        let life = match File::open(&path) {
            // It ended meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        match life.try_lock() {
            Ok(()) => {
                drop(fs::remove_file(path.with_extension(KEYS)));
                drop(fs::remove_file(&path));
            }
            Err(TryLockError::WouldBlock) => {
                let name = entry.file_name();
                others.entry(name.clone()).or_default().read_on(&path)?;
                there.insert(name);
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    others.retain(|name, _| there.contains(name));
    Ok(())
}

impl Other {
    /// Reads what its list has got since.
    fn read_on(&mut self, life: &Path) -> io::Result<()> {
        let mut keys = match File::open(life.with_extension(KEYS)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        keys.seek(SeekFrom::Start(self.read))?;
        let mut more = String::new();
        keys.read_to_string(&mut more)?;
        // A line that is being written has no end yet.
        let whole = more.rfind('\n').map_or(0, |at| at + 1);
        self.read += whole as u64;
        for line in more[..whole].lines() {
            match line.split_at_checked(1) {
                Some(("+", key)) => drop(self.held.insert(key.to_owned())),
                Some(("-", key)) => drop(self.held.remove(key)),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(text: &str) -> Key {
        Key::new("https://a/v1", &json!({"model": "m", "input": text}), 1)
    }

    fn claim(claims: &Claims, text: &str) -> Option<Claim> {
        claims.claim(&key(text), |folder| fs::create_dir_all(folder))
    }

    #[test]
    fn an_answer_is_asked_for_by_one_and_by_another_once_it_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let [ada, bob] = [1, 2].map(|_| Claims::new(folder.path().join("asking")));
        let first = claim(&ada, "a").unwrap();
        assert!(claim(&ada, "a").is_none(), "also not by the same process");
        assert!(claim(&bob, "a").is_none());
        let other = claim(&bob, "b").unwrap();
        assert!(claim(&ada, "b").is_none());
        drop(first);
        let second = claim(&bob, "a").unwrap();
        assert!(claim(&ada, "a").is_none());
        drop((second, other));
        assert!(claim(&ada, "a").is_some() && claim(&ada, "b").is_some());
    }

    #[test]
    fn who_is_gone_asks_for_nothing_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("asking");
        let ada = Claims::new(path.clone());
        let kept = claim(&ada, "a").unwrap();
        // A process that was killed: its list is there, and nobody holds its lock.
        fs::write(path.join("dead.life"), "").unwrap();
        fs::write(path.join("dead.keys"), format!("+{}\n", key("b"))).unwrap();
        let bob = Claims::new(path.clone());
        assert!(claim(&bob, "b").is_some());
        assert!(claim(&bob, "a").is_none());
        assert!(!path.join("dead.life").exists() && !path.join("dead.keys").exists());
        drop((kept, ada));
        assert!(claim(&bob, "a").is_some());
        drop(bob);
        let left = fs::read_dir(&path).unwrap();
        let left: Vec<_> = left.map(|it| it.unwrap().file_name()).collect();
        assert_eq!(left, ["gate"]);
    }

    #[test]
    fn where_nothing_can_be_written_everybody_asks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("asking");
        fs::write(&path, "a file").unwrap();
        let ada = Claims::new(path);
        assert!(claim(&ada, "a").is_some() && claim(&ada, "a").is_some());
    }
}
