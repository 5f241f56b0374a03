//! What a prompt's content is made of: its file, its partials and its attachments, from the
//! working copy or from the tree of a commit.

use sha1::{Digest as _, Sha1};

use super::load::{Loaded, Source};
use super::prompts::Prompts;
use super::work_tree::{WorkTree, join_root};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::document::{self, Document};
use crate::prompt::finding::{Finding, Position};
use crate::prompt::name::partial_path;
use crate::prompt::template::{self, Partial, Partials};
use crate::repository::{CommitTree, ObjectId};

/// The largest attachment, in bytes.
const MAX_ATTACHMENT: usize = 20 * 1024 * 1024;

/// Something that files can be read from by path.
pub(crate) trait Files {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding>;
}

impl Files for WorkTree {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        self.read(path)
    }
}

/// The working copy with one file as it would be.
pub(crate) struct Draft<'a> {
    pub(crate) tree: WorkTree,
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
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

impl Files for CommitTree<'_> {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        self.read(path).map_err(|words| {
            Finding::error(
                code::SHALLOW,
                format!("the object of {path} is not in this clone: {words}"),
            )
            .in_file(path)
            .help("git fetch brings missing objects")
        })
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
pub(crate) struct Assembled {
    pub(crate) text: String,
    pub(crate) document: Document,
    pub(crate) partials: Partials,
}

/// Reads a prompt and its partials from `files`.
///
/// # Errors
/// All that is wrong with the file, each with its place. `Ok(None)` if there is no file.
pub(crate) fn assemble(
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
pub(crate) fn read_partial(
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

impl Prompts {
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
            Source::Commit(id) => ObjectId::parse(id)
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

    /// The partials that a document at `path` includes, of the working copy; none if one is missing.
    pub fn partials_of(&self, path: &str, document: &Document) -> Partials {
        let files = self.work_tree();
        let read = |name: &str| read_partial(&files, &self.roots, path, name);
        template::gather(document, read).unwrap_or_default()
    }

    /// Refuses a file of the working copy that git's index does not hold.
    fn require_tracked(&self, path: &str, loaded: &Loaded) -> Result<(), Failure> {
        let is_tracked = self.is_in_index(path).map_err(|words| {
            Failure::new(
                code::BAD_ATTACHMENT,
                format!("git's index could not be read: {words}"),
            )
            .at(loaded.path.clone())
        })?;
        if is_tracked {
            return Ok(());
        }
        let tracks = if self.is_ignored(path) {
            "git ignores it, so it may hold what nobody else shall see: give its text with --var NAME=@FILE"
        } else {
            "git add it, so that a reviewer sees what is sent"
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
pub(crate) fn blob_id(text: &str) -> Option<ObjectId> {
    let hash = Sha1::new()
        .chain_update(format!("blob {}\0", text.len()))
        .chain_update(text)
        .finalize();
    ObjectId::of_bytes(&hash)
}

/// Whether a text of the working copy is what was `committed`. `own` is the blob that it would be,
/// where that is known.
pub(crate) fn same_as_committed(
    committed: Option<ObjectId>,
    own: Option<ObjectId>,
    text: &str,
) -> bool {
    let Some(committed) = committed else {
        return false;
    };
    let own = own.or_else(|| blob_id(text));
    // git may have stored the file with other line ends than the working copy has.
    own == Some(committed)
        || text.contains("\r\n") && blob_id(&text.replace("\r\n", "\n")) == Some(committed)
}
