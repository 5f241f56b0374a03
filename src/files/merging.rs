//! What git's merge driver must know of the repository: the partials on both sides.

use super::content::{Files, read_partial, same_as_committed};
use super::prompts::Prompts;
use super::work_tree::WorkTree;
use crate::prompt::digest::{Digest, digest};
use crate::prompt::document::Document;
use crate::prompt::finding::Finding;
use crate::prompt::merge::{MergeSide, merge_text};
use crate::prompt::name::PromptName;
use crate::prompt::template;
use crate::repository::{CommitTree, ObjectId};

/// A merge of one prompt file that git asks for.
#[derive(Debug, Clone, Copy)]
pub struct MergeRequest<'a> {
    /// The file, relative to the top of the repository.
    pub path: &'a str,
    /// What git calls the common ancestor.
    pub base: &'a str,
    /// What git calls our side.
    pub ours: &'a str,
    /// What git calls the other side.
    pub theirs: &'a str,
    /// Our side's text.
    pub our_text: &'a str,
    /// The other side's text.
    pub their_text: &'a str,
}

/// The files of both sides.
pub struct BothSides<'a> {
    prompts: &'a Prompts,
    path: &'a str,
    /// While git merges, the working copy still holds ours.
    work_tree: WorkTree,
    ours: Option<CommitTree<'a>>,
    base: Option<CommitTree<'a>>,
    theirs: Option<CommitTree<'a>>,
}

impl Prompts {
    /// The two sides of a merge, as far as git's words for them name commits: git 2.44 and newer say
    /// them. Without them, both sides have the partials of the working copy.
    pub fn both_sides<'a>(&'a self, asked: MergeRequest<'a>) -> BothSides<'a> {
        let holds = |commit: &ObjectId, text: &str| {
            // A word may name something else by accident: the file tells.
            let committed = self
                .commit_tree(*commit)
                .and_then(|tree| tree.blob_id(asked.path));
            same_as_committed(committed, None, text)
        };
        let ours = self.labelled(asked.ours);
        let ours = ours.filter(|commit| holds(commit, asked.our_text));
        let theirs = self.labelled(asked.theirs);
        let theirs = theirs.filter(|commit| holds(commit, asked.their_text));
        let base = theirs.and_then(|theirs| {
            let of_pick = asked
                .base
                .strip_prefix("parent of ")
                .map(|_| self.parent(theirs));
            let of_merge = || self.parting(ours.or_else(|| self.head_commit())?, theirs);
            of_pick.unwrap_or_else(of_merge)
        });
        BothSides {
            prompts: self,
            path: asked.path,
            work_tree: self.work_tree(),
            ours: ours.and_then(|commit| self.commit_tree(commit)),
            base: base.and_then(|commit| self.commit_tree(commit)),
            theirs: theirs.and_then(|commit| self.commit_tree(commit)),
        }
    }

    /// The commit that git's words mean: a branch, or `1a2b3c4 (message)`.
    fn labelled(&self, words: &str) -> Option<ObjectId> {
        let first = words.split(" (").next().unwrap_or(words);
        self.revision(first)
    }

    /// The name of the prompt at a path relative to the top of the repository, if it is one's.
    pub fn name_of_path(&self, path: &str) -> Option<PromptName> {
        PromptName::from_path(self.below_roots(path)?)?.ok()
    }
}

impl BothSides<'_> {
    /// The digest of a document with the partials of a side.
    pub fn digest(&self, whose: MergeSide, document: &Document) -> Digest {
        let files = SideFiles { sides: self, whose };
        let roots = &self.prompts.roots;
        let partials = template::gather(document, |name| {
            read_partial(&files, roots, self.path, name)
        });
        // Without its partials the digest fits nothing, so that the next check finds it.
        digest(document, &partials.unwrap_or_default())
    }
}

struct SideFiles<'a> {
    sides: &'a BothSides<'a>,
    whose: MergeSide,
}

impl Files for SideFiles<'_> {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        let ours = match &self.sides.ours {
            Some(ours) => ours.read_file(path)?,
            None => self.sides.work_tree.read(path)?,
        };
        let (Some(theirs), false) = (&self.sides.theirs, self.whose == MergeSide::Ours) else {
            return Ok(ours);
        };
        let theirs = theirs.read_file(path)?;
        if self.whose == MergeSide::Theirs {
            return Ok(theirs);
        }
        let base = match &self.sides.base {
            Some(base) => base.read_file(path)?,
            None => None,
        };
        if base == ours {
            return Ok(theirs);
        }
        if base == theirs {
            return Ok(ours);
        }
        let text = |bytes: &Option<Vec<u8>>| match bytes {
            Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            None => String::new(),
        };
        let merged = merge_text(&text(&base), &text(&ours), &text(&theirs));
        Ok(merged.map(String::into_bytes).or(ours))
    }
}
