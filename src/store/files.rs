//! The files of the working copy: where prompts stand, and how they are read safely.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::Store;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::{PromptName, SUFFIXES, partial_of_path};

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

/// The working copy. It can be shared among threads.
#[derive(Debug, Clone)]
pub(super) struct WorkTree {
    pub(super) top: PathBuf,
    pub(super) roots: Vec<String>,
}

impl WorkTree {
    /// All prompts and partials below the roots. Ignored files and links are left out.
    pub(super) fn list(&self) -> Listing {
        let mut listing = Listing::default();
        for root in &self.roots {
            let folder = self.top.join(root);
            if folder.is_dir() && self.inside(&folder) {
                self.list_root(root, &folder, &mut listing);
            }
        }
        listing.files.sort();
        note_clashes(&mut listing);
        listing
    }

    fn list_root(&self, root: &str, folder: &Path, listing: &mut Listing) {
        let nested: Vec<PathBuf> = self
            .roots
            .iter()
            .filter(|other| *other != root)
            .map(|other| self.top.join(other))
            .filter(|other| other.starts_with(folder))
            .collect();
        let walk = WalkBuilder::new(folder)
            .hidden(false)
            .follow_links(false)
            .parents(false)
            .git_global(false)
            .filter_entry(move |entry| {
                entry.file_name() != ".git"
                    && !nested.iter().any(|other| other == entry.path())
                    && !is_other_repository(entry)
            })
            .build();
        for entry in walk.filter_map(Result::ok) {
            let Some(below) = entry.path().strip_prefix(folder).ok().and_then(slashed) else {
                continue;
            };
            let is_prompt = SUFFIXES.iter().any(|suffix| below.ends_with(suffix));
            let partial = partial_of_path(&below);
            if !is_prompt && partial.is_none() {
                continue;
            }
            let path = join_root(root, &below);
            let kind = entry.file_type();
            if !kind.is_some_and(|kind| kind.is_file()) {
                if is_prompt {
                    let is_link = kind.is_some_and(|kind| kind.is_symlink());
                    listing.findings.push(not_regular(&path, is_link));
                }
                continue;
            }
            if let Some(name) = partial {
                listing.partials.entry(name).or_insert(path);
                continue;
            }
            match PromptName::of_path(&below) {
                Some(Ok(name)) => listing.files.push(PromptFile { name, path }),
                Some(Err(error)) => listing.findings.push(
                    Finding::error(code::BAD_NAME, error.to_string())
                        .in_file(&path)
                        .help("rename the file: git mv keeps its history"),
                ),
                None => {}
            }
        }
    }

    /// The file of the prompt `name`, without a walk.
    pub(super) fn locate(&self, name: &PromptName) -> Option<PromptFile> {
        let path = self.places(name).next()?;
        Some(PromptFile {
            name: name.clone(),
            path,
        })
    }

    /// The files of this name; there should be one.
    fn places(&self, name: &PromptName) -> impl Iterator<Item = String> {
        self.roots
            .iter()
            .flat_map(|root| name.paths().map(|below| join_root(root, &below)))
            .filter(|path| fs::symlink_metadata(self.top.join(path)).is_ok())
    }

    /// The bytes of a file of the repository; `None` if there is none.
    ///
    /// # Errors
    /// The path is a link or leads out of the repository, or the file cannot be read.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        self.read_if(path, |folder| self.inside(folder))
    }

    /// The same for a path whose folder is known to lie inside the repository.
    ///
    /// # Errors
    /// The path is a link, or the file cannot be read.
    pub(super) fn read_inside(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        self.read_if(path, |_| true)
    }

    fn read_if(
        &self,
        path: &str,
        is_inside: impl FnOnce(&Path) -> bool,
    ) -> Result<Option<Vec<u8>>, Finding> {
        let full = self.top.join(path);
        let kind = match fs::symlink_metadata(&full) {
            Ok(data) => data.file_type(),
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
        fs::read(&full)
            .map(Some)
            .map_err(|error| unreadable(path, &error))
    }

    /// Whether `folder`, links followed, lies inside the repository.
    pub(super) fn inside(&self, folder: &Path) -> bool {
        match (fs::canonicalize(folder), fs::canonicalize(&self.top)) {
            (Ok(folder), Ok(top)) => folder.starts_with(top),
            _ => false,
        }
    }
}

impl Store {
    /// A warning where two files of the working copy have this name: only the first is read.
    pub fn clash(&self, name: &PromptName) -> Option<Finding> {
        let tree = self.work_tree();
        let mut places = tree.places(name);
        let (first, second) = (places.next()?, places.next()?);
        let message = format!("{first} and {second} have the same name");
        Some(
            Finding::warning(code::NAME_CLASH, message)
                .in_file(&first)
                .help("only the first is read: rename or remove one of them with git mv or git rm"),
        )
    }

    /// Refuses to change or release a prompt while two files of the working copy have its name.
    ///
    /// # Errors
    /// They have.
    pub fn require_one_file(&self, name: &PromptName) -> Result<(), Failure> {
        match self.clash(name) {
            None => Ok(()),
            Some(clash) => Err(Failure::new(code::NAME_CLASH, clash.message)
                .hint("rename or remove one of them with git mv or git rm; nothing was changed")),
        }
    }
}

/// Whether a folder is a repository of its own, such as a submodule: its files are committed there.
fn is_other_repository(entry: &ignore::DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    entry.depth() > 0 && is_folder && entry.path().join(".git").exists()
}

/// A path below a root as a path below the top of the repository.
pub(super) fn join_root(root: &str, below: &str) -> String {
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

fn not_regular(path: &str, is_link: bool) -> Finding {
    if is_link {
        Finding::error(code::OUTSIDE_ROOT, format!("{path} is a symbolic link"))
            .in_file(path)
            .help("put the file itself there: a link means something else in every clone")
    } else {
        Finding::error(code::NOT_A_FILE, format!("{path} is not a regular file"))
            .in_file(path)
            .help("rename it, or put a file there: its name ends like that of a prompt")
    }
}

fn outside(path: &str) -> Finding {
    Finding::error(
        code::OUTSIDE_ROOT,
        format!("{path} leads out of the repository"),
    )
    .in_file(path)
    .help("prompts, partials and attachments must stand inside the repository")
}

fn unreadable(path: &str, error: &io::Error) -> Finding {
    Finding::error(
        code::NOT_A_FILE,
        format!("{path} could not be read: {error}"),
    )
    .in_file(path)
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
                    .help("rename one of them"),
            );
        } else {
            seen.insert(lower, file);
        }
    }
    listing.findings.extend(clashes);
}
