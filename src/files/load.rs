//! Loading: prompts of the working copy and of commits.

use std::sync::OnceLock;

use super::content::{
    Assembled, Draft, assemble, blob_id, is_below, read_partial, same_as_committed,
};
use super::prompts::Prompts;
use super::unusable::hidden_folder;
use super::work_tree::{Listing, PromptFile, WorkTree, join_root};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::digest::{Digest, digest};
use crate::prompt::document::Document;
use crate::prompt::finding::Finding;
use crate::prompt::hint::Hint;
use crate::prompt::name::{Environment, PromptName, nearest};
use crate::prompt::template::{self, Partials};
use crate::prompt::version::Version;
use crate::repository::ObjectId;

/// Where a prompt was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The files of the working copy, which are as this commit, HEAD, has them.
    Clean(ObjectId),
    /// The files of the working copy, which HEAD does not have so.
    Changed,
    Commit(ObjectId),
    /// A snapshot that names no commit.
    Snapshot,
}

/// A prompt with everything that its content is made of.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The prompt's name.
    pub name: PromptName,
    /// The file, relative to the top of the repository.
    pub path: String,
    /// Where it was read from.
    pub source: Source,
    /// The id of the file's blob.
    pub blob: String,
    /// The file's text.
    pub text: String,
    /// What it says.
    pub document: Document,
    /// The partials that it includes, through partials too.
    pub partials: Partials,
    digest: OnceLock<Digest>,
    /// The environment that was asked for, if one was.
    pub environment: Option<Environment>,
    /// What people must know about the releases that say that this is live.
    pub notices: Vec<Finding>,
}

impl Loaded {
    /// A prompt as a snapshot holds it: read elsewhere, by somebody who had the repository.
    pub fn from_snapshot(
        name: PromptName,
        path: String,
        (commit, blob): (Option<String>, String),
        text: String,
        (document, partials): (Document, Partials),
    ) -> Self {
        let commit = commit.as_deref().and_then(ObjectId::parse);
        let source = commit.map_or(Source::Snapshot, Source::Commit);
        Self {
            name,
            path,
            source,
            blob,
            text,
            document,
            partials,
            digest: OnceLock::new(),
            environment: None,
            notices: Vec::new(),
        }
    }

    /// The digest of its content, computed when it is first asked for.
    pub fn digest(&self) -> &Digest {
        self.digest
            .get_or_init(|| digest(&self.document, &self.partials))
    }

    /// The commit that holds this content: the one read from, or HEAD for a clean working copy.
    pub fn commit(&self) -> Option<ObjectId> {
        match self.source {
            Source::Clean(commit) | Source::Commit(commit) => Some(commit),
            Source::Changed | Source::Snapshot => None,
        }
    }

    /// Whether it was read from a working copy that differs from HEAD.
    pub fn is_dirty(&self) -> bool {
        self.source == Source::Changed
    }

    /// The version that this content has.
    pub fn version(&self) -> Version {
        self.document.version_or_first()
    }

    /// Whether the `digest:` line disagrees with the content.
    pub fn is_unbumped(&self) -> bool {
        self.document
            .digest
            .as_deref()
            .is_some_and(|line| line != self.digest().short())
    }
}

impl Prompts {
    pub(crate) fn work_tree(&self) -> WorkTree {
        WorkTree {
            top: self.top().to_path_buf(),
            roots: self.roots.clone(),
        }
    }

    /// All prompts: of the working copy, or of HEAD in a repository without one.
    pub fn list(&self) -> Listing {
        if !self.is_bare() {
            return self.work_tree().list(&self.tracked_files());
        }
        self.head_commit()
            .map(|commit| self.list_at(commit))
            .unwrap_or_default()
    }

    /// All prompts of a commit.
    pub(crate) fn list_at(&self, commit: ObjectId) -> Listing {
        let mut listing = Listing::default();
        let Some(tree) = self.commit_tree(commit) else {
            return listing;
        };
        for root in &self.roots {
            tree.walk(root, |file| {
                let below = format!("{}{}", file.folder, file.name);
                if let Some(Ok(name)) = PromptName::from_path(&below) {
                    let path = join_root(root, &below);
                    listing.files.push(PromptFile { name, path });
                }
            });
        }
        listing.files.sort();
        listing.files.dedup_by(|a, b| a.name == b.name);
        listing
    }

    /// The prompt's file in the working copy; in a repository without one, that of HEAD.
    pub(crate) fn load_working_copy(&self, name: &PromptName) -> Result<Loaded, Failure> {
        if self.is_bare() {
            let loaded = match self.head_commit() {
                Some(commit) => self.load_at(commit, name).map_err(Failure::from)?,
                None => None,
            };
            return loaded.ok_or_else(|| self.unknown_prompt(name));
        }
        let tree = self.work_tree();
        let file = tree.locate(name).ok_or_else(|| self.unknown_prompt(name))?;
        let assembled = assemble(&tree, &tree.roots, &file.path)
            .map_err(Failure::from)?
            .ok_or_else(|| self.unknown_prompt(name))?;
        Ok(self.beside_head(file, assembled))
    }

    /// What was assembled, held against what is committed.
    fn beside_head(&self, file: PromptFile, assembled: Assembled) -> Loaded {
        let head = self.head_commit();
        let tree = head.and_then(|commit| self.commit_tree(commit));
        in_working_copy(file, assembled, head, |path, blob, text| {
            let committed = tree.as_ref().and_then(|tree| tree.blob_id(path));
            same_as_committed(committed, blob, text)
        })
    }

    /// The prompt as a commit holds it; `None` if the commit does not.
    pub(crate) fn load_at(
        &self,
        commit: ObjectId,
        name: &PromptName,
    ) -> Result<Option<Loaded>, Vec<Finding>> {
        self.load_below(&self.roots, commit, name)
    }

    /// The prompt as a commit holds it below these `roots`; `None` if the commit does not.
    pub(crate) fn load_below(
        &self,
        roots: &[String],
        commit: ObjectId,
        name: &PromptName,
    ) -> Result<Option<Loaded>, Vec<Finding>> {
        let Some(tree) = self.commit_tree(commit) else {
            return Err(vec![
                Finding::error(
                    code::SHALLOW,
                    format!("commit {commit} is not in this clone"),
                )
                .help(Hint::FetchHistory),
            ]);
        };
        let found = roots.iter().find_map(|root| {
            name.paths().into_iter().find_map(|below| {
                let path = join_root(root, &below);
                tree.blob_id(&path).map(|blob| (path, blob))
            })
        });
        let Some((path, blob)) = found else {
            return Ok(None);
        };
        let Some(assembled) = assemble(&tree, roots, &path)? else {
            return Ok(None);
        };
        Ok(Some(Loaded {
            name: name.clone(),
            path,
            source: Source::Commit(commit),
            blob: blob.to_string(),
            text: assembled.text,
            document: assembled.document,
            partials: assembled.partials,
            digest: OnceLock::new(),
            environment: None,
            notices: Vec::new(),
        }))
    }

    /// Whether the working copy or HEAD has such a prompt.
    pub(crate) fn knows(&self, name: &PromptName) -> bool {
        self.work_tree().locate(name).is_some()
            || self
                .head_commit()
                .and_then(|commit| self.load_at(commit, name).ok().flatten())
                .is_some()
    }

    /// The failure that names the nearest prompt.
    pub fn unknown_prompt(&self, name: &PromptName) -> Failure {
        let failure = Failure::new(
            code::UNKNOWN_PROMPT,
            format!("there is no prompt named {name}"),
        );
        let listing = self.list();
        let places: Vec<String> = self
            .roots
            .iter()
            .flat_map(|root| name.paths().map(|below| join_root(root, &below)))
            .collect();
        // In a folder that cannot be read it may be there.
        let mut findings = listing.findings.iter();
        let hiding = findings.find(|finding| {
            let folder = hidden_folder(finding);
            folder.is_some_and(|folder| places.iter().any(|place| is_below(place, folder)))
        });
        if let Some(finding) = hiding {
            return Failure::from(finding.clone());
        }
        let last = |file: &&PromptFile| file.name.last_segment() == name.last_segment();
        let mut alike = listing.files.iter().filter(last);
        let same_end = match (alike.next(), alike.next()) {
            (Some(file), None) => Some(file.name.as_str()),
            _ => None,
        };
        let mut names = listing.files.iter().map(|file| file.name.as_str());
        let folder = format!("{name}/");
        if names.clone().any(|other| other.starts_with(&folder)) {
            return failure.hint(Hint::ListBelow(name.clone()));
        }
        match same_end.or_else(|| nearest(name.as_str(), &mut names)) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None if listing.files.is_empty() => {
                failure.hint(Hint::NewPrompt(name.clone(), self.roots.clone()))
            }
            None => failure.hint(Hint::ListPrompts),
        }
    }

    /// A warning where two files of the working copy have this name: only the first is read.
    pub fn clash(&self, name: &PromptName) -> Option<Finding> {
        let tree = self.work_tree();
        let mut places = tree.places(name);
        let first = places.next()?;
        let message = match places.next() {
            Some(second) => format!("{first} and {second} have the same name"),
            None => format!("{first} and {} differ only in case", tree.twin(&first)?),
        };
        Some(clash_of(&first, message))
    }

    /// Refuses to change or release a prompt while two files of the working copy have its name.
    ///
    /// # Errors
    /// They have.
    pub fn require_one_file(&self, name: &PromptName) -> Result<(), Failure> {
        match self.clash(name) {
            None => Ok(()),
            Some(clash) => Err(refused_clash(&clash)),
        }
    }

    /// The partials that a document at `path` includes, of the working copy; none if one is missing.
    pub fn partials_of(&self, path: &str, document: &Document) -> Partials {
        let files = self.work_tree();
        let read = |name: &str| read_partial(&files, &self.roots, path, name);
        template::gather(document, read).unwrap_or_default()
    }

    /// The prompts of the working copy, or of HEAD in a repository without one, whose files hold a
    /// text somewhere.
    pub(crate) fn names_naming(&self, text: &str) -> Vec<PromptName> {
        let tree = self.work_tree();
        let head = self.head_commit().and_then(|head| self.commit_tree(head));
        let read = |path: &str| match (self.is_bare(), &head) {
            (false, _) => tree.read(path).ok().flatten(),
            (true, Some(head)) => head.read(path).ok().flatten(),
            (true, None) => None,
        };
        let finder = memchr::memmem::Finder::new(text);
        let files = self.list().files.into_iter();
        files
            .filter(|file| read(&file.path).is_some_and(|it| finder.find(&it).is_some()))
            .map(|file| file.name)
            .collect()
    }

    /// The file that a new prompt of this name gets.
    pub fn path_for(&self, name: &PromptName) -> String {
        self.path_below_root(&name.paths()[0])
    }

    /// A path below the root that new files go to, the one that the configuration names first.
    pub fn path_below_root(&self, below: &str) -> String {
        join_root(&self.first_root, below)
    }

    /// The same prompt of the working copy with another text, not written yet.
    ///
    /// # Errors
    /// The text is not a valid prompt.
    pub fn with_text(&self, loaded: &Loaded, text: String) -> Result<Loaded, Failure> {
        self.with_new_text(&loaded.name, &loaded.path, text)
    }

    /// A prompt of the working copy with this text, not written yet.
    ///
    /// # Errors
    /// The text is not a valid prompt.
    pub fn with_new_text(
        &self,
        name: &PromptName,
        path: &str,
        text: String,
    ) -> Result<Loaded, Failure> {
        let draft = Draft {
            tree: self.work_tree(),
            path,
            text: &text,
        };
        let assembled = assemble(&draft, &self.roots, path)
            .map_err(Failure::from)?
            .ok_or_else(|| self.unknown_prompt(name))?;
        let file = PromptFile {
            name: name.clone(),
            path: path.to_owned(),
        };
        Ok(self.beside_head(file, assembled))
    }
}

/// Two files that have one name, of which the first is read.
pub(super) fn clash_of(first: &str, message: String) -> Finding {
    Finding::warning(code::NAME_CLASH, message)
        .in_file(first)
        .help("only the first is read: rename or remove one of them with git mv or git rm")
}

/// Why a prompt is not changed or released while another file clashes with its own.
pub fn refused_clash(clash: &Finding) -> Failure {
    Failure::new(code::NAME_CLASH, clash.message.clone())
        .hint("rename or remove one of them with git mv or git rm; nothing was changed")
}

/// A prompt of the working copy. `is_committed` tells of a path, the blob that its file would be
/// where that is known, and its text, whether HEAD holds the same.
pub(crate) fn in_working_copy(
    file: PromptFile,
    assembled: Assembled,
    head: Option<ObjectId>,
    is_committed: impl Fn(&str, Option<ObjectId>, &str) -> bool,
) -> Loaded {
    let blob = blob_id(&assembled.text);
    let is_clean = is_committed(&file.path, blob, &assembled.text)
        && assembled
            .partials
            .values()
            .all(|partial| is_committed(&partial.path, None, &partial.text));
    let source = head
        .filter(|_| is_clean)
        .map_or(Source::Changed, Source::Clean);
    Loaded {
        name: file.name,
        path: file.path,
        source,
        blob: blob.map_or_else(String::new, |id| id.to_string()),
        text: assembled.text,
        document: assembled.document,
        partials: assembled.partials,
        digest: OnceLock::new(),
        environment: None,
        notices: Vec::new(),
    }
}
