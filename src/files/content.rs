//! What a prompt's content is made of: its file, its partials and its attachments, from the
//! working copy or from the tree of a commit.

use sha1::{Digest as _, Sha1};

use super::work_tree::{WorkTree, join_root};
use crate::prompt::code;
use crate::prompt::document::{self, Document};
use crate::prompt::finding::{Finding, Span};
use crate::prompt::name::partial_path;
use crate::prompt::template::{self, Partial, Partials};
use crate::repository::{CommitTree, ObjectId};

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
            .at(Span::from_range(&before, before.len()..before.len()))
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

/// Whether a file stands below a folder.
pub(super) fn is_below(path: &str, root: &str) -> bool {
    root == "."
        || root.is_empty()
        || path
            .strip_prefix(root)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// The id that a text has as a blob. It only tells whether a file is what HEAD holds: the looks for
/// forged hashes, which take git most of the time, are made where git stores the file.
pub(crate) fn blob_id(text: &str) -> Option<ObjectId> {
    let hash = Sha1::new()
        .chain_update(format!("blob {}\0", text.len()))
        .chain_update(text)
        .finalize();
    ObjectId::from_bytes(&hash)
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
