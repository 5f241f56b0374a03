//! What a prompt's content is made of: its file, its partials and its attachments, from the
//! working copy or from the tree of a commit.

use std::cell::RefCell;
use std::path::Path;

use git2::{ObjectType, Oid};
use sha1::{Digest as _, Sha1};

use super::files::{WorkTree, join_root};
use super::{Loaded, Source, Store};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::document::{self, Document};
use crate::prompt::finding::{Finding, Position};
use crate::prompt::name::partial_path;
use crate::prompt::template::{self, Partial, Partials};

/// The largest attachment, in bytes.
const MAX_ATTACHMENT: usize = 20 * 1024 * 1024;

/// Something that files can be read from by path.
pub(super) trait Files {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding>;
}

impl Files for WorkTree {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        self.read(path)
    }
}

/// The working copy with one file as it would be.
pub(super) struct Draft<'a> {
    pub(super) tree: WorkTree,
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

impl Files for Draft<'_> {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        if path == self.path {
            Ok(Some(self.text.as_bytes().to_vec()))
        } else {
            self.tree.read(path)
        }
    }
}

/// The tree of a commit.
pub(super) struct CommitTree<'a> {
    pub(super) repo: &'a git2::Repository,
    pub(super) tree: git2::Tree<'a>,
    /// The path that was looked up last: a file is often found first and read then.
    last: RefCell<Option<(String, Oid)>>,
}

impl<'a> CommitTree<'a> {
    pub(super) fn new(repo: &'a git2::Repository, tree: git2::Tree<'a>) -> Self {
        Self {
            repo,
            tree,
            last: RefCell::new(None),
        }
    }

    /// The id of the blob at `path`, if a regular file stands there.
    pub(super) fn blob_id(&self, path: &str) -> Option<Oid> {
        if let Some((last, id)) = &*self.last.borrow()
            && last == path
        {
            return Some(*id);
        }
        let id = self.look_up(path)?;
        *self.last.borrow_mut() = Some((path.to_owned(), id));
        Some(id)
    }

    fn look_up(&self, path: &str) -> Option<Oid> {
        let entry = self.tree.get_path(Path::new(path)).ok()?;
        let is_file = entry.kind() == Some(ObjectType::Blob) && entry.filemode() != 0o120_000;
        is_file.then(|| entry.id())
    }
}

impl Files for CommitTree<'_> {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        let Some(id) = self.blob_id(path) else {
            return Ok(None);
        };
        match self.repo.find_blob(id) {
            Ok(blob) => Ok(Some(blob.content().to_vec())),
            Err(error) => Err(Finding::error(
                code::SHALLOW,
                format!(
                    "the object of {path} is not in this clone: {}",
                    error.message()
                ),
            )
            .in_file(path)
            .help("git fetch brings missing objects")),
        }
    }
}

/// Text, its bytes checked.
fn text_of(path: &str, bytes: Vec<u8>) -> Result<String, Finding> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
        Finding::error(code::NOT_UTF8, format!("{path} is not UTF-8 text"))
            .in_file(path)
            .at(Position::of_offset(&before, before.len()))
            .help("save it as UTF-8: iconv -f latin1 -t utf-8 converts the most common other encoding")
    })
}

/// What one file and its partials say.
pub(super) struct Assembled {
    pub(super) text: String,
    pub(super) document: Document,
    pub(super) partials: Partials,
}

/// Reads a prompt and its partials from `files`.
///
/// # Errors
/// All that is wrong with the file, each with its place. `Ok(None)` if there is no file.
pub(super) fn assemble(
    files: &dyn Files,
    roots: &[String],
    path: &str,
) -> Result<Option<Assembled>, Vec<Finding>> {
    let one = |finding: Finding| vec![finding.in_file(path)];
    let Some(bytes) = files.read_file(path).map_err(one)? else {
        return Ok(None);
    };
    let text = text_of(path, bytes).map_err(one)?;
    let mut document = document::parse(&text).map_err(|findings| {
        findings
            .into_iter()
            .map(|finding| finding.in_file(path))
            .collect::<Vec<_>>()
    })?;
    for warning in &mut document.warnings {
        warning.path.get_or_insert_with(|| path.to_owned());
    }
    let partials =
        template::gather(&document, |name| read_partial(files, roots, path, name)).map_err(one)?;
    Ok(Some(Assembled {
        text,
        document,
        partials,
    }))
}

/// A partial by name: the root of the prompt that asks comes first.
pub(super) fn read_partial(
    files: &dyn Files,
    roots: &[String],
    asker: &str,
    name: &str,
) -> Result<Option<Partial>, Finding> {
    let Some(below) = partial_path(name) else {
        return Ok(None);
    };
    let own = roots.iter().filter(|root| is_below(asker, root));
    let others = roots.iter().filter(|root| !is_below(asker, root));
    for root in own.chain(others) {
        let path = join_root(root, &below);
        if let Some(bytes) = files.read_file(&path)? {
            let text = text_of(&path, bytes)?;
            return Ok(Some(Partial { text, path }));
        }
    }
    Ok(None)
}

fn is_below(path: &str, root: &str) -> bool {
    root == "."
        || root.is_empty()
        || path
            .strip_prefix(root)
            .is_some_and(|rest| rest.starts_with('/'))
}

impl Store {
    /// The bytes of an attachment named by a path relative to the prompt file's folder: a file of
    /// the commit, or one of the working copy that git tracks. What git ignores, such as a file of
    /// secrets, is never sent.
    ///
    /// # Errors
    /// It leads out of the repository, is a link, does not exist or is not tracked, or is larger
    /// than 20 MB.
    pub fn attachment(&self, loaded: &Loaded, path: &str) -> Result<Vec<u8>, Failure> {
        let folder = loaded
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let full = normal_path(folder, path).ok_or_else(|| {
            Failure::new(
                code::OUTSIDE_ROOT,
                format!("the attachment {path} leads out of the repository"),
            )
            .at(loaded.path.clone())
            .hint("attachments must stand inside the repository; give others with --var NAME=@FILE")
        })?;
        let bytes = match &loaded.source {
            Source::WorkingCopy if !self.is_bare() => {
                let bytes = self.work_tree().read(&full)?;
                if bytes.is_some() {
                    self.require_tracked(&full, loaded)?;
                }
                Ok(bytes)
            }
            Source::WorkingCopy => Ok(None),
            Source::Commit(id) => Oid::from_str(id)
                .ok()
                .and_then(|commit| self.commit_tree(commit))
                .map_or(Ok(None), |tree| tree.read_file(&full)),
        }?;
        let bytes = bytes.ok_or_else(|| {
            Failure::new(
                code::BAD_ATTACHMENT,
                format!("there is no file {full} to attach"),
            )
            .at(loaded.path.clone())
        })?;
        if bytes.len() > MAX_ATTACHMENT {
            return Err(Failure::new(
                code::BAD_ATTACHMENT,
                format!(
                    "{full} has {} bytes; an attachment may have {MAX_ATTACHMENT}",
                    bytes.len()
                ),
            )
            .at(loaded.path.clone()));
        }
        Ok(bytes)
    }

    /// Refuses a file of the working copy that git's index does not hold.
    fn require_tracked(&self, path: &str, loaded: &Loaded) -> Result<(), Failure> {
        let unreadable = |error: git2::Error| {
            Failure::new(code::BAD_ATTACHMENT, "git's index could not be read")
                .at(loaded.path.clone())
                .caused_by(error)
        };
        let mut index = self.repo.index().map_err(unreadable)?;
        index.read(false).map_err(unreadable)?;
        let is_tracked = (0..=3).any(|stage| index.get_path(Path::new(path), stage).is_some());
        if is_tracked {
            return Ok(());
        }
        let tracks = match self.repo.is_path_ignored(Path::new(path)) {
            Ok(true) => {
                "git ignores it, so it may hold what nobody else shall see: give its text with --var NAME=@FILE"
            }
            _ => "git add it, so that a reviewer sees what is sent",
        };
        Err(Failure::new(
            code::BAD_ATTACHMENT,
            format!("{path} is not tracked by git, so it is not attached"),
        )
        .at(loaded.path.clone())
        .hint(tracks))
    }
}

/// `path` seen from `folder`, without `.` and `..`; `None` if it leads out of the repository.
fn normal_path(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\\', '\0', ':']) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part if part.eq_ignore_ascii_case(".git") => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The id that a text has as a blob. It only tells whether a file is what HEAD holds: the looks for
/// forged hashes, which take git most of the time, are made where git stores the file.
pub(super) fn blob_id(text: &str) -> Option<Oid> {
    let hash = Sha1::new()
        .chain_update(format!("blob {}\0", text.len()))
        .chain_update(text)
        .finalize();
    Oid::from_bytes(&hash).ok()
}

/// Whether a text of the working copy is what was `committed`. `own` is the blob that it would be,
/// where that is known.
pub(super) fn same_as_committed(committed: Option<Oid>, own: Option<Oid>, text: &str) -> bool {
    let Some(committed) = committed else {
        return false;
    };
    let own = own.or_else(|| blob_id(text));
    // git may have stored the file with other line ends than the working copy has.
    own == Some(committed)
        || text.contains("\r\n") && blob_id(&text.replace("\r\n", "\n")) == Some(committed)
}
