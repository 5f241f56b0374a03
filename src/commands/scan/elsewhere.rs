//! What files of the repository give each other: texts, and functions that send what they are given.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rayon::prelude::*;

use super::keys::Keys;
use super::walk::{ScanResults, WantedPrompts};
use crate::scan::found::imports::{Constant, candidates, constants, modules as imported_by};
use crate::scan::found::{
    self, FileFindings, FoundPrompt, Imported, Made, Wrapper, stands_for_folder,
};

/// How many files a text may go through from where it is written to the call that sends it.
const MOST_ROUNDS: usize = 4;

/// What a file gives that cannot be read.
const UNREADABLE: Constant = Constant::Unsure("could not be read");

/// Puts the texts of constants that files import from each other where they are used, and says of
/// the others why not.
pub(super) fn fill_in(found: &mut ScanResults, keys: &Keys) {
    let mut other = Others {
        keys,
        known: BTreeMap::new(),
        filled: HashSet::new(),
    };
    let prompts = found.prompts.iter().map(|(path, prompt)| (path, prompt));
    let open = found.unread.iter().filter_map(|(path, call)| {
        let prompt = call.instead.as_deref()?;
        Some((path, prompt))
    });
    other.read(prompts.chain(open));
    for (path, prompt) in &mut found.prompts {
        other.fill(path, prompt);
    }
    let mut unread = Vec::new();
    for (path, mut call) in std::mem::take(&mut found.unread) {
        if let Some(mut prompt) = call.instead.take() {
            other.fill(&path, &mut prompt);
            if prompt.says_something() {
                found.prompts.push((path, *prompt));
                continue;
            }
            call.lost = prompt.lost;
        }
        let is_filled = |what: &String| {
            let key = (path.clone(), call.at.line, what.clone());
            other.filled.contains(&key)
        };
        call.what.retain(|what| !is_filled(what));
        if !call.what.is_empty() {
            unread.push((path, call));
        }
    }
    found.unread = unread;
    found.sort();
}

struct Others<'k> {
    keys: &'k Keys,
    /// What files give, by file and name.
    known: BTreeMap<String, BTreeMap<String, Constant>>,
    /// What was read: the file and the line of the call, and what the code says.
    filled: HashSet<(String, usize, String)>,
}

impl Others<'_> {
    /// Reads what these import, each file once.
    fn read<'p>(&mut self, prompts: impl Iterator<Item = (&'p String, &'p FoundPrompt)>) {
        let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, prompt) in prompts {
            for imported in &prompt.imports {
                for file in self.files(&self.keys.of(path), &imported.module) {
                    asked.entry(file).or_default().insert(imported.item.clone());
                }
            }
        }
        for _ in 0..MOST_ROUNDS {
            let keys = self.keys;
            let read = |(file, items): (String, BTreeSet<String>)| {
                let names: Vec<&str> = items.iter().map(String::as_str).collect();
                let bytes = keys.file(&file).and_then(|path| std::fs::read(path).ok());
                let texts = match bytes {
                    Some(bytes) => constants(&file, &String::from_utf8_lossy(&bytes), &names),
                    None => names.iter().map(|_| UNREADABLE.clone()).collect(),
                };
                let items: Vec<(String, Constant)> = items.into_iter().zip(texts).collect();
                (file, items)
            };
            let all: Vec<_> = std::mem::take(&mut asked)
                .into_par_iter()
                .map(read)
                .collect();
            for (file, items) in all {
                for (_, constant) in &items {
                    if let Some((third, item)) = self.passed(&file, constant)
                        && self.of_file(&third, &item).is_none()
                    {
                        asked.entry(third).or_default().insert(item);
                    }
                }
                self.known.entry(file).or_default().extend(items);
            }
        }
    }

    /// The file of the repository that a module is which another file imports; several where only
    /// the settings of a project say which of them, such as `p.js` beside `p.ts`.
    fn files(&self, key: &str, module: &str) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for file in candidates(key, module) {
            let is_like = |first: &String| stem(first) == stem(&file);
            let is_wanted = files.first().is_none_or(is_like) && !files.contains(&file);
            if is_wanted && self.keys.file(&file).is_some() {
                files.push(file);
            }
        }
        files
    }

    fn of_file(&self, file: &str, item: &str) -> Option<&Constant> {
        self.known.get(file)?.get(item)
    }

    /// The third file that gives what a file passes on, and the name there.
    fn passed(&self, file: &str, constant: &Constant) -> Option<(String, String)> {
        match constant {
            Constant::Passed(module, item) => match self.files(file, module).as_slice() {
                [third] => Some((third.clone(), item.clone())),
                _ => None,
            },
            Constant::Text(_) | Constant::Unsure(_) => None,
        }
    }

    /// What a file gives, by way of others, and the file that says it.
    fn constant(&self, file: String, item: &str) -> (String, Constant) {
        let (mut file, mut item) = (file, item.to_owned());
        for _ in 0..MOST_ROUNDS {
            let known = self.of_file(&file, &item).unwrap_or(&UNREADABLE);
            match self.passed(&file, known) {
                Some((third, name)) => (file, item) = (third, name),
                None => return (file, known.clone()),
            }
        }
        (file, Constant::Passed(String::new(), item))
    }

    fn fill(&mut self, path: &str, prompt: &mut FoundPrompt) {
        for imported in std::mem::take(&mut prompt.imports) {
            let Imported {
                module, item, line, ..
            } = &imported;
            let is_changed = imported.made != Made::Same;
            let files = self.files(&self.keys.of(path), module);
            let shown = files.join(" or ");
            let mut all = files.into_iter().map(|file| self.constant(file, item));
            let Some((file, known)) = all.next() else {
                if is_changed {
                    continue;
                }
                prompt.lost.push(format!(
                    "line {line}: `{item}` comes from `{module}`, which is no file here that is read: it stays a value"
                ));
                continue;
            };
            if !is_changed && all.any(|(_, other)| other != known) {
                prompt.lost.push(format!(
                    "line {line}: `{item}` comes from `{module}`, which may be {shown}: it stays a value"
                ));
                continue;
            }
            match known {
                Constant::Text(text) => {
                    if !prompt.fill(&imported, &text) {
                        prompt.lost.push(format!(
                            "line {line}: the text `{item}` of {file} is filled in, or added to, by the code: what comes of it stays a value"
                        ));
                        continue;
                    }
                    let said = imported.expression.clone();
                    self.filled
                        .insert((path.to_owned(), prompt.call_line, said));
                }
                // It is no text that is known: an object, perhaps.
                _ if is_changed => {}
                Constant::Unsure(why) => prompt.lost.push(format!(
                    "line {line}: `{item}` comes from {file}, which {why}: it stays a value"
                )),
                Constant::Passed(..) => prompt.lost.push(format!(
                    "line {line}: `{item}` comes from {file}, which has it from a third file: it stays a value"
                )),
            }
        }
    }
}

/// A path without its ending.
fn stem(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}

/// Reads the files that call functions of other files which send what they are given.
pub(super) fn call(
    found: &mut ScanResults,
    wanted: &WantedPrompts,
    paths: &[PathBuf],
    keys: &Keys,
) {
    let is_all = keys.are_all(paths);
    let mut known: HashMap<String, Vec<Wrapper>> = HashMap::new();
    for (path, wrappers) in std::mem::take(&mut found.wrappers) {
        known.entry(keys.of(&path)).or_default().extend(wrappers);
    }
    if is_all && known.is_empty() {
        return;
    }
    let modules = Modules::new(found, wanted, is_all, keys);
    let importers = importers(found, wanted, &modules);
    // What nobody imports gives nothing on.
    let imported: HashSet<Arc<str>> = importers.iter().flat_map(|it| it.modules.clone()).collect();
    if !is_all {
        besides(&mut known, &importers, &modules);
    }
    let mut again: BTreeMap<String, FileFindings> = BTreeMap::new();
    let mut fresh: HashSet<String> = known.keys().cloned().collect();
    for _ in 0..MOST_ROUNDS {
        let read = |file: &Importer| {
            let of_fresh = file.modules.iter().filter(|it| fresh.contains(&***it));
            let mut wrappers = of_fresh
                .filter_map(|it| known.get(&**it))
                .flatten()
                .peekable();
            wrappers.peek()?;
            let bytes = std::fs::read(&file.path).ok()?;
            let is_export = || memchr::memmem::find(&bytes, b"export").is_some();
            let gives_on = imported.contains(file.key.as_str())
                && (stands_for_folder(&file.key) || is_export());
            if !wrappers.any(|wrapper| wrapper.may_be_used_in(&bytes, gives_on)) {
                return None;
            }
            let text = String::from_utf8_lossy(&bytes);
            let of_module = |module: &str| {
                let mut files = modules.of(&file.key, module).into_iter();
                let wrappers = files.next().and_then(|it| known.get(&*it));
                wrappers.cloned().unwrap_or_default()
            };
            Some(found::find_with(&file.shown, &text, wanted.all, &of_module))
        };
        let all: Vec<(&Importer, FileFindings)> = importers
            .par_iter()
            .filter_map(|file| Some((file, read(file)?)))
            .collect();
        fresh.clear();
        for (file, findings) in all {
            let mine = known.get(&file.key).map_or(0, Vec::len);
            let given = findings.wrappers.iter();
            let given: Vec<Wrapper> = given
                .filter(|it| it.is_given_by(&file.key))
                .cloned()
                .collect();
            if given.len() > mine && imported.contains(file.key.as_str()) {
                known.insert(file.key.clone(), given);
                fresh.insert(file.key.clone());
            }
            again.insert(file.shown.clone(), findings);
        }
        if fresh.is_empty() {
            break;
        }
    }
    found.prompts.retain(|(path, _)| !again.contains_key(path));
    found.unread.retain(|(path, _)| !again.contains_key(path));
    for (path, findings) in again {
        let is_new = !found.parsed.contains(&path);
        found.scanned.parsed += usize::from(findings.is_parsed && is_new);
        let prompts = findings.prompts.into_iter();
        found.prompts.extend(prompts.map(|it| (path.clone(), it)));
        let unread = findings.unread.into_iter();
        found.unread.extend(unread.map(|it| (path.clone(), it)));
    }
    found.sort();
}

/// A file that imports others.
struct Importer {
    path: PathBuf,
    shown: String,
    key: String,
    /// The files that it may import.
    modules: HashSet<Arc<str>>,
}

/// Which files of the repository modules are.
struct Modules<'k> {
    keys: &'k Keys,
    /// The files of the scan.
    scanned: HashSet<String>,
    /// Whether there are no others.
    is_all: bool,
    /// What is known already, by the folder of the file that imports and the module: there are many.
    known: RwLock<HashMap<u64, Box<[Arc<str>]>>>,
    hasher: RandomState,
}

impl<'k> Modules<'k> {
    fn new(found: &ScanResults, wanted: &WantedPrompts, is_all: bool, keys: &'k Keys) -> Self {
        let code = found
            .code
            .iter()
            .filter(|(_, path)| wanted.wants(path, &[]));
        Self {
            keys,
            scanned: code.map(|(_, path)| keys.of(path)).collect(),
            is_all,
            known: RwLock::default(),
            hasher: RandomState::new(),
        }
    }

    /// The files that a module may be which a file imports, the nearest first.
    fn of(&self, key: &str, module: &str) -> Box<[Arc<str>]> {
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let place = self.hasher.hash_one((folder, module));
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&place) {
            return known.clone();
        }
        drop(known);
        let mut files = candidates(key, module);
        files.retain(|file| {
            self.scanned.contains(file) || (!self.is_all && self.keys.file(file).is_some())
        });
        let files: Box<[Arc<str>]> = files.into_iter().map(Arc::from).collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(place, files.clone());
        files
    }
}

/// The files of the scan that import others.
fn importers(found: &ScanResults, wanted: &WantedPrompts, modules: &Modules<'_>) -> Vec<Importer> {
    let read = |(path, shown): &(PathBuf, String)| {
        let bytes = std::fs::read(path).ok()?;
        if !wanted.wants(shown, &bytes) {
            return None;
        }
        if bytes.len() > found::LARGEST && !found::is_notebook(shown) {
            return None;
        }
        let names = imported_by(shown, &bytes);
        if names.is_empty() {
            return None;
        }
        let key = modules.keys.of(shown);
        let files = names.iter().flat_map(|name| modules.of(&key, name));
        let files: HashSet<Arc<str>> = files.collect();
        (!files.is_empty()).then(|| Importer {
            path: path.clone(),
            shown: shown.clone(),
            modules: files,
            key,
        })
    };
    found.code.par_iter().filter_map(read).collect()
}

/// Adds the functions of files that are imported, and are not among those of the scan.
fn besides(
    known: &mut HashMap<String, Vec<Wrapper>>,
    importers: &[Importer],
    modules: &Modules<'_>,
) {
    let others: BTreeSet<&str> = importers
        .iter()
        .flat_map(|it| &it.modules)
        .map(|it| &**it)
        .filter(|it| !modules.scanned.contains(*it))
        .collect();
    let read = |key: &&str| {
        let text = std::fs::read(modules.keys.file(key)?).ok()?;
        let wrappers = found::find(key, &String::from_utf8_lossy(&text), false).wrappers;
        (!wrappers.is_empty()).then(|| ((*key).to_owned(), wrappers))
    };
    let others: Vec<&str> = others.into_iter().collect();
    let read: Vec<(String, Vec<Wrapper>)> = others.par_iter().filter_map(read).collect();
    known.extend(read);
}
