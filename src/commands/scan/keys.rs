//! One name for each file of code, wherever a command runs and however its path is typed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use super::super::session::Session;
use crate::releases::Store;
use crate::repository::Start;

/// What files are called: their paths below a folder, or as they are typed where they are not there.
pub(super) struct Keys {
    /// The folder that typed paths are relative to.
    directory: PathBuf,
    /// The folder that keys are relative to.
    root: PathBuf,
    /// Whether that is known to be the program's, and not where somebody happens to be.
    is_repository: bool,
    /// The folders that were named, too.
    named: Vec<PathBuf>,
    /// Folders as they are.
    folders: Mutex<HashMap<PathBuf, PathBuf>>,
    /// What folders hold, by their keys.
    held: RwLock<HashMap<String, Held>>,
}

impl Keys {
    /// The names of files below a folder.
    pub(super) fn below(folder: &Path, session: &Session) -> Self {
        Self {
            directory: session.directory.clone(),
            root: real(folder),
            is_repository: true,
            named: Vec::new(),
            folders: Mutex::default(),
            held: RwLock::default(),
        }
    }

    /// The names of files in the repository, and below these paths.
    pub(super) fn of_repository(paths: &[PathBuf], session: &Session) -> Self {
        let top = repository_of(session);
        let folder = top.as_ref().unwrap_or(&session.directory);
        let folder_of = |path: &PathBuf| {
            let path = real(&session.directory.join(path));
            match path.is_dir() {
                true => Some(path),
                false => path.parent().map(Path::to_owned),
            }
        };
        Self {
            is_repository: top.is_some(),
            named: paths.iter().filter_map(folder_of).collect(),
            ..Self::below(folder, session)
        }
    }

    /// The folder that keys are relative to.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What a file is called whose path is typed like this.
    pub(super) fn of(&self, path: &str) -> String {
        match self
            .real(&self.directory.join(path))
            .strip_prefix(&self.root)
        {
            Ok(below) => below.to_string_lossy().replace('\\', "/"),
            Err(_) => path.to_owned(),
        }
    }

    /// Whether all files of the folder are below one of these, as they are typed; without any, below
    /// where the command runs.
    pub(super) fn are_all(&self, paths: &[PathBuf]) -> bool {
        let is_above = |path: &Path| self.root.starts_with(real(&self.directory.join(path)));
        match paths {
            [] => is_above(Path::new(".")),
            paths => paths.iter().any(|path| is_above(path)),
        }
    }

    /// Whether the repository may hold more files of the program than these paths do.
    pub(super) fn may_hold_more(&self, paths: &[PathBuf]) -> bool {
        self.is_repository && !self.are_all(paths)
    }

    /// The file that is called like this, if there is one here.
    pub(super) fn file(&self, key: &str) -> Option<PathBuf> {
        let is_plain = |part| matches!(part, Component::Normal(_) | Component::RootDir);
        if Path::new(key).components().all(is_plain) && !self.may_hold(key) {
            return None;
        }
        // What is outside is called as it is typed.
        let file = match key.starts_with("..") {
            true => self.directory.join(key),
            false => self.root.join(key),
        };
        if !file.is_file() {
            return None;
        }
        // A link may lead out of it.
        let real = self.real(&file);
        let is_below = |folder: &PathBuf| real.starts_with(folder);
        (is_below(&self.root) || self.named.iter().any(is_below)).then_some(file)
    }

    /// Whether something of this name is in its folder: nearly all files that an import may mean are not
    /// there, and each folder is read once.
    fn may_hold(&self, key: &str) -> bool {
        let (folder, name) = match key.rsplit_once('/') {
            Some(("", name)) => ("/", name),
            Some(parts) => parts,
            None => ("", key),
        };
        let known = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(folder) {
            return known.may_hold(name);
        }
        drop(known);
        let is_top = matches!(folder, "" | "/");
        if !is_top && !self.may_hold(folder) {
            return false;
        }
        let held = Held::by(&self.root.join(folder));
        let is_there = held.may_hold(name);
        let mut known = self.held.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(folder.to_owned(), held);
        is_there
    }

    /// A path without links; of each folder they are followed once.
    fn real(&self, path: &Path) -> PathBuf {
        let is_link = fs::symlink_metadata(path).map_or(true, |data| !data.is_file());
        let (Some(folder), Some(name), false) = (path.parent(), path.file_name(), is_link) else {
            return real(path);
        };
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = folders.get(folder) {
            return known.join(name);
        }
        let whole = real(folder);
        let file = whole.join(name);
        folders.insert(folder.to_owned(), whole);
        file
    }
}

/// What others call the module that a file is.
pub(super) fn module_of(key: &str) -> &str {
    let mut parts = key.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    match stem {
        "__init__" | "index" => parts.next().unwrap_or(stem),
        stem => stem,
    }
}

/// The names in a folder; none where nobody may list them.
struct Held(Option<HashSet<String>>);

impl Held {
    fn by(folder: &Path) -> Self {
        let name = |it: fs::DirEntry| it.file_name().to_string_lossy().into_owned();
        Self(match fs::read_dir(folder) {
            Ok(entries) => Some(entries.filter_map(Result::ok).map(name).collect()),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
            Err(_) => Some(HashSet::new()),
        })
    }

    fn may_hold(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.contains(name))
    }
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The top of the repository; without one, where the command runs.
pub(super) fn top_of(session: &Session) -> PathBuf {
    repository_of(session).unwrap_or_else(|| session.directory.clone())
}

fn repository_of(session: &Session) -> Option<PathBuf> {
    let start = Start {
        is_named: false,
        ..session.start()
    };
    let store = Store::open(&start).ok().filter(|store| !store.is_bare())?;
    Some(store.top().to_owned())
}
