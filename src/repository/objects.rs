//! git's objects, and what the files of a commit hold.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, ObjectType, TreeWalkMode, TreeWalkResult};
use jiff::Timestamp;

use super::handle::Repository;
use super::id::ObjectId;

/// What a commit says of itself.
pub(crate) struct CommitWords {
    /// Who wrote it.
    pub(crate) author: String,
    /// When it was made.
    pub(crate) time: Timestamp,
    /// The first line of its message.
    pub(crate) summary: String,
}

/// What an object that a tag should name turned out to be.
pub(crate) enum Peeled {
    Commit(ObjectId),
    /// Something else.
    Other,
    /// It is not in this clone.
    Missing,
}

impl Repository {
    /// The bytes of a file's object.
    ///
    /// # Errors
    /// git's words, where it is not in this clone.
    pub(crate) fn blob(&self, id: ObjectId) -> Result<Vec<u8>, String> {
        match self.repo.find_blob(id.0) {
            Ok(blob) => Ok(blob.content().to_vec()),
            Err(error) => Err(error.message().to_owned()),
        }
    }

    /// The bytes of an annotated tag.
    ///
    /// # Errors
    /// It is something else, or not in this clone.
    pub(crate) fn tag_object(&self, id: ObjectId) -> Result<Vec<u8>, NoTag> {
        let objects = self.repo.odb().map_err(|_| NoTag::Missing)?;
        let object = objects.read(id.0).map_err(|_| NoTag::Missing)?;
        match object.kind() {
            ObjectType::Tag => Ok(object.data().to_vec()),
            _ => Err(NoTag::OtherKind),
        }
    }

    /// Whether this clone has an object.
    pub(crate) fn has_object(&self, id: ObjectId) -> bool {
        self.repo.odb().is_ok_and(|objects| objects.exists(id.0))
    }

    /// Writes the object of a tag; `None` if that failed, and git may say why.
    pub(super) fn write_tag_object(&self, text: &str) -> Option<ObjectId> {
        let objects = self.repo.odb().ok()?;
        let id = objects.write(ObjectType::Tag, text.as_bytes()).ok()?;
        Some(ObjectId(id))
    }

    /// The commit that an object is, or leads to.
    pub(crate) fn peel(&self, id: ObjectId) -> Peeled {
        let peeled = self.repo.find_object(id.0, None);
        match peeled.map(|object| object.peel_to_commit()) {
            Ok(Ok(commit)) => Peeled::Commit(ObjectId(commit.id())),
            Ok(Err(error)) if error.code() == ErrorCode::NotFound => Peeled::Missing,
            Ok(Err(_)) => Peeled::Other,
            Err(_) => Peeled::Missing,
        }
    }

    /// The commit that git's words mean, such as a branch, a tag or `HEAD~3`.
    pub(crate) fn revision(&self, words: &str) -> Option<ObjectId> {
        let object = self.repo.revparse_single(words).ok()?;
        let commit = object.peel_to_commit().ok()?;
        Some(ObjectId(commit.id()))
    }

    /// The commit at which two parted, if this clone holds it.
    pub(crate) fn parting(&self, a: ObjectId, b: ObjectId) -> Option<ObjectId> {
        self.repo.merge_base(a.0, b.0).ok().map(ObjectId)
    }

    /// Whether this clone holds a commit.
    pub(crate) fn has_commit(&self, id: ObjectId) -> bool {
        self.repo.find_commit(id.0).is_ok()
    }

    /// The first parent of a commit.
    pub(crate) fn parent(&self, id: ObjectId) -> Option<ObjectId> {
        let commit = self.repo.find_commit(id.0).ok()?;
        commit.parent_id(0).ok().map(ObjectId)
    }

    /// What a commit says of itself.
    pub(crate) fn words_of_commit(&self, id: ObjectId) -> Option<CommitWords> {
        let commit = self.repo.find_commit(id.0).ok()?;
        let summary = commit.summary().ok().flatten().unwrap_or_default();
        Some(CommitWords {
            author: commit.author().name().unwrap_or_default().to_owned(),
            time: Timestamp::from_second(commit.time().seconds()).unwrap_or(Timestamp::UNIX_EPOCH),
            summary: summary.to_owned(),
        })
    }

    /// The files of a commit; `None` if it is not in this clone.
    pub(crate) fn commit_tree(&self, commit: ObjectId) -> Option<CommitTree<'_>> {
        let tree = self.repo.find_commit(commit.0).ok()?.tree().ok()?;
        Some(CommitTree {
            repo: &self.repo,
            tree,
            last: RefCell::new(None),
        })
    }

    /// The paths at which two commits differ.
    pub(crate) fn paths_between(&self, old: &CommitTree<'_>, new: &CommitTree<'_>) -> Vec<String> {
        let diff = self
            .repo
            .diff_tree_to_tree(Some(&old.tree), Some(&new.tree), None);
        let Ok(diff) = diff else {
            return Vec::new();
        };
        let path = |file: git2::DiffFile<'_>| Some(file.path()?.to_str()?.to_owned());
        diff.deltas()
            .flat_map(|delta| [path(delta.old_file()), path(delta.new_file())])
            .flatten()
            .collect()
    }

    /// Whether the history of HEAD has more than `count` commits.
    pub(crate) fn is_longer_than(&self, count: usize) -> bool {
        let Ok(mut walk) = self.repo.revwalk() else {
            return false;
        };
        walk.push_head().is_ok() && walk.take(count + 1).count() > count
    }
}

/// Why an object is not an annotated tag that can be read.
pub(crate) enum NoTag {
    /// It is not in this clone.
    Missing,
    /// It is an object of another kind.
    OtherKind,
}

/// The files of a commit.
pub(crate) struct CommitTree<'a> {
    repo: &'a git2::Repository,
    tree: git2::Tree<'a>,
    /// The path that was looked up last: a file is often found first and read then.
    last: RefCell<Option<(String, ObjectId)>>,
}

/// A regular file of a commit.
pub(crate) struct TreeFile<'a> {
    /// The folder it stands in, below the root of the walk, with a `/` at its end.
    pub(crate) folder: &'a str,
    pub(crate) name: &'a str,
    /// Its object.
    pub(crate) id: ObjectId,
    /// Whether it is a symbolic link.
    pub(crate) is_link: bool,
}

/// What stands at a path of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Link,
    Folder,
    /// A repository of its own, such as a submodule.
    OtherRepository,
}

impl CommitTree<'_> {
    /// The object of the regular file at `path`, if one stands there.
    pub(crate) fn blob_id(&self, path: &str) -> Option<ObjectId> {
        if let Some((last, id)) = &*self.last.borrow()
            && last == path
        {
            return Some(*id);
        }
        let entry = self.tree.get_path(Path::new(path)).ok()?;
        let is_file = entry.kind() == Some(ObjectType::Blob) && entry.filemode() != LINK;
        let id = is_file.then(|| ObjectId(entry.id()))?;
        *self.last.borrow_mut() = Some((path.to_owned(), id));
        Some(id)
    }

    /// What stands at `path`.
    pub(crate) fn entry_kind(&self, path: &str) -> Option<EntryKind> {
        let entry = self.tree.get_path(Path::new(path)).ok()?;
        Some(match entry.kind()? {
            ObjectType::Blob if entry.filemode() == LINK => EntryKind::Link,
            ObjectType::Blob => EntryKind::File,
            ObjectType::Tree => EntryKind::Folder,
            _ => EntryKind::OtherRepository,
        })
    }

    /// Whether a symbolic link stands at `path`.
    pub(crate) fn is_link(&self, path: &str) -> bool {
        let entry = self.tree.get_path(Path::new(path));
        entry.is_ok_and(|entry| entry.filemode() == LINK)
    }

    /// The bytes of the regular file at `path`; `None` if there is none.
    ///
    /// # Errors
    /// git's words, where its object is not in this clone.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(id) = self.blob_id(path) else {
            return Ok(None);
        };
        match self.repo.find_blob(id.0) {
            Ok(blob) => Ok(Some(blob.content().to_vec())),
            Err(error) => Err(error.message().to_owned()),
        }
    }

    /// Calls `see` with each file below a folder, `.` for all. Returns whether there is such a folder.
    pub(crate) fn walk(&self, folder: &str, mut see: impl FnMut(TreeFile<'_>)) -> bool {
        let top = match folder {
            "" | "." => Some(self.tree.clone()),
            folder => (self.tree.get_path(Path::new(folder)).ok())
                .and_then(|entry| self.repo.find_tree(entry.id()).ok()),
        };
        let Some(top) = top else {
            return false;
        };
        // A walk stops only when its callback says so.
        drop(top.walk(TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(ObjectType::Blob)
                && let Ok(name) = entry.name()
            {
                see(TreeFile {
                    folder,
                    name,
                    id: ObjectId(entry.id()),
                    is_link: entry.filemode() == LINK,
                });
            }
            TreeWalkResult::Ok
        }));
        true
    }

    /// Whether there is such a folder; `.` always is.
    pub(crate) fn has_folder(&self, folder: &str) -> bool {
        matches!(folder, "" | ".")
            || (self.tree.get_path(Path::new(folder)))
                .is_ok_and(|entry| entry.kind() == Some(ObjectType::Tree))
    }
}

/// The mode of a symbolic link.
const LINK: i32 = 0o120_000;

/// A file of the index whose mode says so: no link, no other repository.
const IS_FILE: u32 = 0o100_000;
const KIND: u32 = 0o170_000;

impl Repository {
    /// The files below a folder, or the file itself, that git tracks, as paths of the system.
    ///
    /// # Errors
    /// git's words, where the index cannot be read.
    pub(crate) fn tracked_below(&self, below: &Path) -> Result<Vec<PathBuf>, String> {
        let index = self.repo.index().map_err(in_words)?;
        Ok(index
            .iter()
            .filter(|entry| entry.mode & KIND == IS_FILE)
            .filter_map(|entry| {
                let path = self.top.join(String::from_utf8(entry.path).ok()?);
                path.starts_with(below).then_some(path)
            })
            .collect())
    }

    /// Whether the index holds anything at a path or below it: a file, a link or another repository.
    /// The case of letters does not matter, as on many disks.
    ///
    /// # Errors
    /// git's words, where the index cannot be read.
    pub(crate) fn holds_below(&self, path: &str) -> Result<bool, String> {
        let mut index = self.repo.index().map_err(in_words)?;
        index.read(false).map_err(in_words)?;
        Ok(index.iter().any(|entry| {
            let (start, rest) = entry.path.split_at(path.len().min(entry.path.len()));
            start.eq_ignore_ascii_case(path.as_bytes()) && matches!(rest.first(), None | Some(b'/'))
        }))
    }

    /// The paths that the index holds below a folder, `.` for all, as they were when this run began
    /// or later; nothing where it cannot be read.
    pub(crate) fn index_below(&self, folder: &str, mut see: impl FnMut(String)) {
        let Ok(mut index) = self.repo.index() else {
            return;
        };
        if index.read(false).is_err() {
            return;
        }
        let prefix = match folder {
            "." | "" => String::new(),
            folder => format!("{folder}/"),
        };
        // The index is in the order of its paths.
        let first = match prefix.as_str() {
            "" => 0,
            prefix => index.find_prefix(prefix).unwrap_or(index.len()),
        };
        (first..index.len())
            .map_while(|at| index.get(at))
            .take_while(|entry| entry.path.starts_with(prefix.as_bytes()))
            .filter_map(|entry| String::from_utf8(entry.path).ok())
            .for_each(&mut see);
    }

    /// Whether the index holds a file, also one that is being merged.
    ///
    /// # Errors
    /// git's words, where the index cannot be read.
    pub(crate) fn is_in_index(&self, path: &str) -> Result<bool, String> {
        let mut index = self.repo.index().map_err(in_words)?;
        index.read(false).map_err(in_words)?;
        Ok((0..=3).any(|stage| index.get_path(Path::new(path), stage).is_some()))
    }

    /// Whether git ignores a file.
    pub(crate) fn is_ignored(&self, path: &str) -> bool {
        matches!(self.repo.is_path_ignored(Path::new(path)), Ok(true))
    }
}

fn in_words(error: git2::Error) -> String {
    error.message().to_owned()
}
