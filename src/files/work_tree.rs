//! The files of the working copy: where prompts stand, and how they are read safely.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::WalkBuilder;

use super::ignored::bad_ignore_file;
use super::unusable::{bad_name, no_folder, not_regular, outside, unreadable};
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::{PromptName, SUFFIXES, partial_of_path};

/// No file of the working copy is read that is larger, in bytes.
const MAX_READ: u64 = 64 << 20;

/// A prompt file, by name and place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PromptFile {
    /// The prompt's name.
    pub name: PromptName,
    /// The file, relative to the top of the repository, with `/`.
    pub path: String,
}

/// What stands below the roots.
#[derive(Debug, Default)]
pub struct Listing {
    /// The prompt files in order of their names.
    pub files: Vec<PromptFile>,
    /// The partials: their names and paths.
    pub partials: BTreeMap<String, String>,
    /// What cannot be used, such as a name that is not allowed.
    pub findings: Vec<Finding>,
}

impl Listing {
    /// Whether there is nothing, not even a file that cannot be used.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.partials.is_empty() && self.findings.is_empty()
    }

    /// Takes out the prompts and partials whose paths are known elsewhere.
    pub fn leave_out(&mut self, is_known: impl Fn(&str) -> bool) {
        self.files.retain(|file| !is_known(&file.path));
        self.partials.retain(|_, path| !is_known(path));
        self.findings
            .retain(|finding| !finding.path.as_deref().is_some_and(&is_known));
    }
}

/// The working copy. It can be shared among threads.
#[derive(Debug, Clone)]
pub(crate) struct WorkTree {
    pub(crate) top: PathBuf,
    pub(crate) roots: Vec<String>,
}

impl WorkTree {
    /// All prompts and partials below the roots. Links are left out, and what git ignores unless it
    /// is among the `tracked` paths: an ignore file must not hide what a commit holds.
    pub(crate) fn list(&self, tracked: &BTreeSet<String>) -> Listing {
        let mut listing = Listing::default();
        for root in &self.roots {
            let folder = self.top.join(root);
            if let Some(finding) = self.unusable_root(root, &folder) {
                listing.findings.push(finding);
            } else if folder.is_dir() {
                let seen = self.list_root(root, &folder, &mut listing);
                let hidden = tracked.iter().filter(|path| !seen.contains(*path));
                for path in hidden.filter(|path| self.root_of(path) == Some(root)) {
                    self.list_hidden(root, path, &mut listing);
                }
            }
        }
        listing.files.sort();
        note_clashes(&mut listing);
        listing
    }

    /// Why nothing below a root can be read, where something stands there.
    pub(super) fn unusable_root(&self, root: &str, folder: &Path) -> Option<Finding> {
        match fs::metadata(folder) {
            Ok(data) if !data.is_dir() => Some(no_folder(root, false)),
            Ok(_) if !self.inside(folder) => Some(no_folder(root, true)),
            Ok(_) => fs::read_dir(folder)
                .err()
                .map(|error| unreadable(root, &error)),
            // A link that leads nowhere stands there all the same.
            Err(_) if fs::symlink_metadata(folder).is_ok() => Some(no_folder(root, true)),
            Err(error) if is_absence(&error) => None,
            Err(error) => Some(unreadable(root, &error)),
        }
    }

    /// Lists what the walk below a root finds, and returns the paths of prompts and partials there.
    fn list_root(&self, root: &str, folder: &Path, listing: &mut Listing) -> HashSet<String> {
        let nested: Vec<PathBuf> = self
            .roots
            .iter()
            .filter(|other| *other != root)
            .map(|other| self.top.join(other))
            .filter(|other| other.starts_with(folder))
            .collect();
        // What stands below a folder whose ignore file cannot be read is listed by nobody.
        let bad: Arc<Mutex<Vec<Finding>>> = Arc::default();
        if let Some(finding) = self.bad_ignore_file(folder) {
            listing.findings.push(finding);
            return HashSet::new();
        }
        let (tree, told) = (self.clone(), Arc::clone(&bad));
        let walk = WalkBuilder::new(folder)
            .hidden(false)
            .follow_links(false)
            .parents(false)
            .git_global(false)
            .filter_entry(move |entry| {
                let is_wanted = entry.file_name() != ".git"
                    && !nested.iter().any(|other| other == entry.path())
                    && !is_other_repository(entry);
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                let found = (is_wanted && is_folder).then(|| tree.bad_ignore_file(entry.path()));
                let found = found.flatten();
                let is_good = found.is_none();
                if let Ok(mut told) = told.lock() {
                    told.extend(found);
                }
                is_wanted && is_good
            })
            .build();
        let mut seen = HashSet::new();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    listing.findings.extend(self.unreadable_folder(&error));
                    continue;
                }
            };
            let Some(below) = entry.path().strip_prefix(folder).ok() else {
                continue;
            };
            let Some(below) = slashed(below) else {
                listing.findings.extend(not_utf8(root, below));
                continue;
            };
            if let Some(kind) = entry.file_type()
                && note(root, &below, kind, listing)
            {
                seen.insert(join_root(root, &below));
            }
        }
        if let Ok(mut bad) = bad.lock() {
            listing.findings.append(&mut bad);
        }
        seen
    }

    /// That an ignore file of a folder is not to be read.
    fn bad_ignore_file(&self, folder: &Path) -> Option<Finding> {
        let (path, reason) = bad_ignore_file(folder)?;
        let path = slashed(path.strip_prefix(&self.top).ok()?)?;
        Some(
            Finding::error(code::OUTSIDE_ROOT, format!("{path} {reason}"))
                .in_file(&path)
                .help("put the file itself there, or remove it: no prompt of its folder is read"),
        )
    }

    /// Lists a tracked file that the walk did not meet, if it is there.
    fn list_hidden(&self, root: &str, path: &str, listing: &mut Listing) {
        let full = self.top.join(path);
        let is_link = |folder: &Path| {
            fs::symlink_metadata(folder).is_ok_and(|data| data.file_type().is_symlink())
        };
        let mut folders = full.ancestors().skip(1);
        // What a link leads to is not what git tracks.
        if folders
            .by_ref()
            .take_while(|folder| *folder != self.top)
            .any(is_link)
        {
            return;
        }
        match fs::symlink_metadata(&full) {
            Ok(data) => {
                let below = below_root(root, path).unwrap_or(path);
                note(root, below, data.file_type(), listing);
            }
            Err(error) if is_absence(&error) => {}
            Err(error) => listing.findings.push(unreadable(path, &error)),
        }
    }

    /// The root that a path belongs to: the deepest that holds it.
    fn root_of(&self, path: &str) -> Option<&String> {
        let holding = self
            .roots
            .iter()
            .filter(|root| below_root(root, path).is_some());
        holding.max_by_key(|root| if *root == "." { 0 } else { root.len() })
    }

    /// A folder that cannot be read may hold prompts that nobody sees.
    fn unreadable_folder(&self, error: &ignore::Error) -> Option<Finding> {
        let io = error.io_error().filter(|io| !is_absence(io))?;
        let full = path_of(error)?;
        let path = slashed(full.strip_prefix(&self.top).ok()?)?;
        Some(unreadable(&path, io))
    }

    /// The file of the prompt `name`, without a walk.
    pub(crate) fn locate(&self, name: &PromptName) -> Option<PromptFile> {
        let path = self.places(name).next()?;
        Some(PromptFile {
            name: name.clone(),
            path,
        })
    }

    /// The files of this name; there should be one.
    pub(super) fn places(&self, name: &PromptName) -> impl Iterator<Item = String> {
        self.roots
            .iter()
            .flat_map(|root| name.paths().map(|below| join_root(root, &below)))
            .filter(|path| fs::symlink_metadata(self.top.join(path)).is_ok())
    }

    /// Another file whose path differs from this one only in case: some disks hold only one of them.
    pub(super) fn twin(&self, path: &str) -> Option<String> {
        let mut found = vec![String::new()];
        for part in path.split('/') {
            let wanted = part.to_lowercase();
            let below = |folder: &String| {
                let entries = fs::read_dir(self.top.join(folder)).into_iter().flatten();
                let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
                let alike = names.filter(|name| name.to_lowercase() == wanted);
                let alike = alike.map(|name| match folder.as_str() {
                    "" => name,
                    folder => format!("{folder}/{name}"),
                });
                alike.collect::<Vec<String>>()
            };
            found = found.iter().flat_map(below).collect();
        }
        found.into_iter().find(|other| other != path)
    }

    /// The bytes of a file of the repository; `None` if there is none.
    ///
    /// # Errors
    /// The path is a link or leads out of the repository, or the file cannot be read.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        self.read_if(path, |folder| self.inside(folder))
    }

    /// The same for a path whose folder is known to lie inside the repository.
    ///
    /// # Errors
    /// The path is a link, or the file cannot be read.
    pub(crate) fn read_inside(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        self.read_if(path, |_| true)
    }

    fn read_if(
        &self,
        path: &str,
        is_inside: impl FnOnce(&Path) -> bool,
    ) -> Result<Option<Vec<u8>>, Finding> {
        let Some((full, length)) = self.find_if(path, is_inside)? else {
            return Ok(None);
        };
        if length > MAX_READ {
            let message = format!("{path} has {} MB", length >> 20);
            return Err(Finding::error(code::TOO_LARGE, message)
                .in_file(path)
                .help("no file of a prompt is so large"));
        }
        fs::read(&full)
            .map(Some)
            .map_err(|error| unreadable(path, &error))
    }

    /// A file of the repository, to be read piece by piece; `None` if there is none.
    ///
    /// # Errors
    /// The path is a link or leads out of the repository, or the file cannot be opened.
    pub(crate) fn open(&self, path: &str) -> Result<Option<fs::File>, Finding> {
        let Some((full, _)) = self.find_if(path, |folder| self.inside(folder))? else {
            return Ok(None);
        };
        fs::File::open(&full)
            .map(Some)
            .map_err(|error| unreadable(path, &error))
    }

    /// Where a file of the repository stands on the disk, and its length.
    fn find_if(
        &self,
        path: &str,
        is_inside: impl FnOnce(&Path) -> bool,
    ) -> Result<Option<(PathBuf, u64)>, Finding> {
        let full = self.top.join(path);
        let (kind, length) = match fs::symlink_metadata(&full) {
            Ok(data) => (data.file_type(), data.len()),
            Err(error) if is_absence(&error) => {
                // A file that is to be written there must not go through a link either.
                let folder = full.ancestors().skip(1).find(|folder| folder.exists());
                return match folder {
                    Some(folder) if !self.inside(folder) => Err(outside(path)),
                    _ => Ok(None),
                };
            }
            Err(error) => return Err(unreadable(path, &error)),
        };
        if !kind.is_file() {
            return Err(not_regular(path, kind.is_symlink()));
        }
        if !full.parent().is_some_and(is_inside) {
            return Err(outside(path));
        }
        Ok(Some((full, length)))
    }

    /// Whether `folder`, links followed, lies inside the repository.
    pub(crate) fn inside(&self, folder: &Path) -> bool {
        match (fs::canonicalize(folder), fs::canonicalize(&self.top)) {
            (Ok(folder), Ok(top)) => folder.starts_with(top),
            _ => false,
        }
    }
}

/// Whether a folder is a repository of its own, such as a submodule: its files are committed there.
fn is_other_repository(entry: &ignore::DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    entry.depth() > 0 && is_folder && entry.path().join(".git").exists()
}

/// Lists what stands at a path below a root; `false` if it is neither a prompt nor a partial.
fn note(root: &str, below: &str, kind: FileType, listing: &mut Listing) -> bool {
    let is_prompt = SUFFIXES.iter().any(|suffix| below.ends_with(suffix));
    let partial = partial_of_path(below);
    if !is_prompt && partial.is_none() {
        return false;
    }
    let path = join_root(root, below);
    if !kind.is_file() {
        if is_prompt {
            listing.findings.push(not_regular(&path, kind.is_symlink()));
        }
        return true;
    }
    if let Some(name) = partial {
        listing.partials.entry(name).or_insert(path);
        return true;
    }
    match PromptName::from_path(below) {
        Some(Ok(name)) => listing.files.push(PromptFile { name, path }),
        Some(Err(error)) => listing.findings.push(bad_name(&path, &error.to_string())),
        None => {}
    }
    true
}

/// The path that an error of the walk is about.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}

/// The part of a path that stands below a root, if the root holds it.
pub(crate) fn below_root<'p>(root: &str, path: &'p str) -> Option<&'p str> {
    match root {
        "" | "." => Some(path),
        root => path.strip_prefix(root)?.strip_prefix('/'),
    }
}

/// A path below a root as a path below the top of the repository.
pub(crate) fn join_root(root: &str, below: &str) -> String {
    if root.is_empty() || root == "." {
        below.to_owned()
    } else {
        format!("{root}/{below}")
    }
}

fn slashed(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    Some(if std::path::MAIN_SEPARATOR == '/' {
        text.to_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    })
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

fn note_clashes(listing: &mut Listing) {
    let mut seen: BTreeMap<String, &PromptFile> = BTreeMap::new();
    let mut clashes = Vec::new();
    for file in &listing.files {
        let lower = file.name.as_str().to_lowercase();
        if let Some(first) = seen.get(&lower) {
            let what = if first.name == file.name {
                format!("{} and {} have the same name", first.path, file.path)
            } else {
                format!("{} and {} differ only in case", first.path, file.path)
            };
            clashes.push(
                Finding::error(code::NAME_CLASH, what)
                    .in_file(&file.path)
                    .about(&first.path)
                    .help("rename one of them"),
            );
        } else {
            seen.insert(lower, file);
        }
    }
    listing.findings.extend(clashes);
}

/// A prompt file whose path is not text; nobody could name it.
fn not_utf8(root: &str, below: &Path) -> Option<Finding> {
    let shown = below.to_string_lossy();
    let is_prompt = SUFFIXES.iter().any(|suffix| shown.ends_with(suffix));
    is_prompt.then(|| {
        bad_name(
            &join_root(root, &shown),
            "the name of the file is not UTF-8 text",
        )
    })
}
