//! From a reference to a prompt: the file, its partials and its digest, from the working copy or a commit.

use git2::{ObjectType, Oid};
use jiff::Timestamp;
use rayon::prelude::*;

use super::files::{Listing, PromptFile, WorkTree, join_root};
use super::release::State;
use super::tag::{Action, TagName};
use super::{Store, process};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::digest::{Digest, digest};
use crate::prompt::document::{self, Document};
use crate::prompt::finding::{Finding, Position};
use crate::prompt::name::{Environment, PromptName, nearest, partial_path};
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::template::{self, Partial, Partials};
use crate::prompt::version::Version;

/// The largest attachment, in bytes.
const MAX_ATTACHMENT: usize = 20 * 1024 * 1024;

/// Where a prompt was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The files of the working copy.
    WorkingCopy,
    /// A commit, by its id.
    Commit(String),
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
    /// The commit that holds this content: the one read from, or HEAD for a clean working copy.
    pub commit: Option<String>,
    /// The id of the file's blob.
    pub blob: String,
    /// Whether the working copy differs from HEAD.
    pub dirty: bool,
    /// The file's text.
    pub text: String,
    /// What it says.
    pub document: Document,
    /// The partials that it includes, through partials too.
    pub partials: Partials,
    /// The digest of its content.
    pub digest: Digest,
    /// The environment that was asked for, if one was.
    pub environment: Option<Environment>,
}

impl Loaded {
    /// The version that this content has.
    pub fn version(&self) -> Version {
        self.document.version_or_first()
    }

    /// Whether the `digest:` line disagrees with the content.
    pub fn is_unbumped(&self) -> bool {
        self.document
            .digest
            .as_deref()
            .is_some_and(|line| line != self.digest.short())
    }
}

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
struct Draft<'a> {
    tree: WorkTree,
    path: &'a str,
    text: &'a str,
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
    repo: &'a git2::Repository,
    tree: git2::Tree<'a>,
}

impl CommitTree<'_> {
    /// The id of the blob at `path`, if a regular file stands there.
    pub(super) fn blob_id(&self, path: &str) -> Option<Oid> {
        let entry = self.tree.get_path(std::path::Path::new(path)).ok()?;
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
    pub(super) digest: Digest,
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
    let digest = digest(&document, &partials);
    Ok(Some(Assembled {
        text,
        document,
        partials,
        digest,
    }))
}

/// A partial by name: the root of the prompt that asks comes first.
fn read_partial(
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
    pub(super) fn work_tree(&self) -> WorkTree {
        WorkTree {
            top: self.top.clone(),
            roots: self.settings.roots.clone(),
        }
    }

    /// All prompts: of the working copy, or of HEAD in a repository without one.
    pub fn list(&self) -> Listing {
        if !self.is_bare() {
            return self.work_tree().list();
        }
        self.head_commit()
            .map(|commit| self.list_at(commit))
            .unwrap_or_default()
    }

    /// All prompts of a commit.
    pub(super) fn list_at(&self, commit: Oid) -> Listing {
        let mut listing = Listing::default();
        let Ok(tree) = self
            .repo
            .find_commit(commit)
            .and_then(|commit| commit.tree())
        else {
            return listing;
        };
        for root in &self.settings.roots {
            let top = if root == "." || root.is_empty() {
                Some(tree.clone())
            } else {
                tree.get_path(std::path::Path::new(root))
                    .ok()
                    .and_then(|entry| self.repo.find_tree(entry.id()).ok())
            };
            let Some(top) = top else { continue };
            // A walk stops only when its callback says so.
            drop(top.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
                if entry.kind() == Some(ObjectType::Blob)
                    && let Ok(file) = entry.name()
                    && let Some(Ok(name)) = PromptName::of_path(&format!("{folder}{file}"))
                {
                    let path = join_root(root, &format!("{folder}{file}"));
                    listing.files.push(PromptFile { name, path });
                }
                git2::TreeWalkResult::Ok
            }));
        }
        listing.files.sort();
        listing.files.dedup_by(|a, b| a.name == b.name);
        listing
    }

    /// All prompts of the working copy with their contents, read in parallel; what cannot be
    /// loaded is told by its findings.
    pub fn load_all(&self) -> (Vec<Loaded>, Vec<Finding>) {
        let listing = self.list();
        let mut findings = listing.findings;
        let mut loaded = Vec::with_capacity(listing.files.len());
        if self.is_bare() {
            for file in &listing.files {
                match self
                    .head_commit()
                    .map(|commit| self.load_at(commit, &file.name))
                {
                    Some(Ok(Some(prompt))) => loaded.push(prompt),
                    Some(Err(found)) => findings.extend(found),
                    _ => {}
                }
            }
            return (loaded, findings);
        }
        let tree = self.work_tree();
        let read: Vec<_> = listing
            .files
            .into_par_iter()
            .map(|file| {
                let assembled = assemble(&tree, &tree.roots, &file.path);
                (file, assembled)
            })
            .collect();
        let head = self.head_commit();
        let head_tree = head.and_then(|commit| self.commit_tree(commit));
        for (file, assembled) in read {
            match assembled {
                Ok(Some(assembled)) => {
                    loaded.push(self.in_working_copy(file, assembled, head, head_tree.as_ref()));
                }
                Ok(None) => {}
                Err(found) => findings.extend(found),
            }
        }
        (loaded, findings)
    }

    /// The prompt that a reference names.
    ///
    /// # Errors
    /// There is no such prompt, version, environment or revision, nothing is live there, or the
    /// file is not valid.
    pub fn load(&self, reference: &Reference) -> Result<Loaded, Failure> {
        match &reference.selector {
            Selector::WorkingCopy => self.load_working_copy(&reference.name),
            Selector::Version(version) => self.load_version(&reference.name, *version),
            Selector::Named(text) => self.load_named(&reference.name, text),
        }
    }

    /// The prompt's file in the working copy; in a repository without one, that of HEAD.
    fn load_working_copy(&self, name: &PromptName) -> Result<Loaded, Failure> {
        if self.is_bare() {
            let loaded = match self.head_commit() {
                Some(commit) => self.load_at(commit, name).map_err(first_failure)?,
                None => None,
            };
            return loaded.ok_or_else(|| self.unknown_prompt(name));
        }
        let tree = self.work_tree();
        let file = tree.locate(name).ok_or_else(|| self.unknown_prompt(name))?;
        let assembled = assemble(&tree, &tree.roots, &file.path)
            .map_err(first_failure)?
            .ok_or_else(|| self.unknown_prompt(name))?;
        let head = self.head_commit();
        let head_tree = head.and_then(|commit| self.commit_tree(commit));
        Ok(self.in_working_copy(file, assembled, head, head_tree.as_ref()))
    }

    fn in_working_copy(
        &self,
        file: PromptFile,
        assembled: Assembled,
        head: Option<Oid>,
        head_tree: Option<&CommitTree<'_>>,
    ) -> Loaded {
        let blob = Oid::hash_object(ObjectType::Blob, assembled.text.as_bytes())
            .map_or_else(|_| String::new(), |id| id.to_string());
        let dirty = head_tree.is_none_or(|tree| {
            !same_as_committed(tree, &file.path, &assembled.text)
                || assembled
                    .partials
                    .values()
                    .any(|partial| !same_as_committed(tree, &partial.path, &partial.text))
        });
        Loaded {
            name: file.name,
            path: file.path,
            source: Source::WorkingCopy,
            commit: head.filter(|_| !dirty).map(|id| id.to_string()),
            blob,
            dirty,
            text: assembled.text,
            document: assembled.document,
            partials: assembled.partials,
            digest: assembled.digest,
            environment: None,
        }
    }

    pub(super) fn commit_tree(&self, commit: Oid) -> Option<CommitTree<'_>> {
        let tree = self.repo.find_commit(commit).ok()?.tree().ok()?;
        Some(CommitTree {
            repo: &self.repo,
            tree,
        })
    }

    /// The prompt as a commit holds it; `None` if the commit does not.
    pub(super) fn load_at(
        &self,
        commit: Oid,
        name: &PromptName,
    ) -> Result<Option<Loaded>, Vec<Finding>> {
        let Some(tree) = self.commit_tree(commit) else {
            return Err(vec![Finding::error(
                code::SHALLOW,
                format!("commit {commit} is not in this clone"),
            )
            .help("promptctl fetch brings the commits of releases, git fetch --unshallow the whole history")]);
        };
        let found = self.settings.roots.iter().find_map(|root| {
            name.paths().into_iter().find_map(|below| {
                let path = join_root(root, &below);
                tree.blob_id(&path).map(|blob| (path, blob))
            })
        });
        let Some((path, blob)) = found else {
            return Ok(None);
        };
        let Some(assembled) = assemble(&tree, &self.settings.roots, &path)? else {
            return Ok(None);
        };
        Ok(Some(Loaded {
            name: name.clone(),
            path,
            source: Source::Commit(commit.to_string()),
            commit: Some(commit.to_string()),
            blob: blob.to_string(),
            dirty: false,
            text: assembled.text,
            document: assembled.document,
            partials: assembled.partials,
            digest: assembled.digest,
            environment: None,
        }))
    }

    fn load_version(&self, name: &PromptName, version: Version) -> Result<Loaded, Failure> {
        let tag = TagName::Version {
            name: name.clone(),
            version,
        };
        if let Some(found) = self.version_tag(&tag)? {
            let loaded = self
                .load_at(found.commit, name)
                .map_err(first_failure)?
                .ok_or_else(|| self.tag_without_file(&tag))?;
            if loaded.digest != found.trailers.digest || loaded.version() != version {
                return Err(Failure::new(
                    code::RELEASE_MISMATCH,
                    format!(
                        "the tag {}{tag} does not hold the content that its message names",
                        self.settings.prefix
                    ),
                )
                .hint("the tag was made or moved by hand: promptctl doctor tells what is wrong"));
            }
            return Ok(loaded);
        }
        let commit = self.newest_commit_with(name, version)?;
        let loaded = commit
            .map(|commit| self.load_at(commit, name).map_err(first_failure))
            .transpose()?
            .flatten();
        loaded.ok_or_else(|| self.unknown_version(name, version))
    }

    fn tag_without_file(&self, tag: &TagName) -> Failure {
        Failure::new(
            code::RELEASE_MISMATCH,
            format!("the commit of the tag {}{tag} does not hold the prompt's file", self.settings.prefix),
        )
        .hint("was the prompt published under another root? `roots:` in promptctl.yaml must name that folder")
    }

    fn load_named(&self, name: &PromptName, text: &str) -> Result<Loaded, Failure> {
        if let Ok(environment) = text.parse::<Environment>()
            && self.is_environment(name, &environment)
        {
            return self.load_active(name, &environment);
        }
        let commit = self
            .repo
            .revparse_single(text)
            .and_then(|object| object.peel_to_commit());
        let Ok(commit) = commit else {
            let environments = self.environments_of(name)?;
            let known = environments.iter().map(Environment::as_str);
            let failure = Failure::new(
                code::UNKNOWN_REVISION,
                format!("`{text}` is neither a version, an environment nor a git revision"),
            );
            return Err(match nearest(text, known) {
                Some(near) => failure.hint(format!("did you mean {name}@{near}?")),
                None => failure.hint(format!(
                    "promptctl history {name} shows the versions, promptctl status the environments"
                )),
            });
        };
        self.load_at(commit.id(), name)
            .map_err(first_failure)?
            .ok_or_else(|| {
                Failure::new(
                    code::UNKNOWN_PROMPT,
                    format!("{text} does not hold a prompt named {name}"),
                )
                .hint(format!(
                    "promptctl history {name} shows the commits that do"
                ))
            })
    }

    /// Whether `environment` means an environment here: it is configured, or something was released there.
    pub(super) fn is_environment(&self, name: &PromptName, environment: &Environment) -> bool {
        if self.settings.environments.contains(environment) {
            return true;
        }
        let first = TagName::Release {
            name: name.clone(),
            environment: environment.clone(),
            number: 1,
        };
        let spaces = [Some(self.local_space()), self.mirror_space()];
        let bases: Vec<String> = spaces
            .into_iter()
            .flatten()
            .map(|space| space.base)
            .collect();
        bases
            .iter()
            .any(|base| self.ref_target(&format!("{base}{first}")).is_some())
            || self
                .git()
                .args(["for-each-ref", "--count=1", "--format=x"])
                .args(bases.iter().map(|base| format!("{base}**/{environment}/1")))
                .read()
                .is_ok_and(|out| !out.is_empty())
    }

    /// The prompt as it is live in an environment.
    ///
    /// # Errors
    /// Nothing is live there, or its tags are not sound.
    pub fn load_active(
        &self,
        name: &PromptName,
        environment: &Environment,
    ) -> Result<Loaded, Failure> {
        let active = match self.state(name, environment)? {
            State::Live(active) => active,
            other => return Err(self.not_live(name, environment, &other)),
        };
        let commit =
            Oid::from_str(&active.commit).map_err(|error| process::explain(error.message()))?;
        let mut loaded = self
            .load_at(commit, name)
            .map_err(first_failure)?
            .ok_or_else(|| {
                self.tag_without_file(&TagName::Release {
                    name: name.clone(),
                    environment: environment.clone(),
                    number: active.number,
                })
            })?;
        if loaded.digest != active.digest {
            return Err(Failure::new(
                code::RELEASE_MISMATCH,
                format!(
                    "release {} of {name} in {environment} does not hold the content that it names",
                    active.number
                ),
            )
            .hint("promptctl doctor tells what is wrong"));
        }
        loaded.environment = Some(environment.clone());
        Ok(loaded)
    }

    /// The prompt as it was live in an environment at a time.
    ///
    /// # Errors
    /// Nothing was live then, or the tags are not sound.
    pub fn load_active_at(
        &self,
        name: &PromptName,
        environment: &Environment,
        time: Timestamp,
    ) -> Result<Loaded, Failure> {
        let releases = self.releases(name, environment)?;
        if releases.entries.is_empty() {
            return self.load_active(name, environment);
        }
        let live = releases
            .newest_at(time)
            .filter(|entry| entry.action != Action::Unpublish)
            .ok_or_else(|| {
                Failure::new(
                    code::NOT_LIVE,
                    format!("{name} was not live in {environment} at {time}"),
                )
                .hint(format!("promptctl releases {name} --env {environment}"))
            })?;
        let mut loaded = self.load_version(name, live.version)?;
        loaded.environment = Some(environment.clone());
        Ok(loaded)
    }

    /// Fails where this clone cannot know what is live, because it has not fetched the tags.
    ///
    /// # Errors
    /// The remote's tags were not fetched.
    pub fn require_releases(&self) -> Result<(), Failure> {
        if self.knows_releases()? {
            Ok(())
        } else {
            Err(self.not_fetched())
        }
    }

    fn not_fetched(&self) -> Failure {
        Failure::new(
            code::NOT_FETCHED,
            format!(
                "this clone has not fetched the releases of {}",
                self.settings.remote.as_deref().unwrap_or("its remote")
            ),
        )
        .hint("promptctl fetch")
    }

    /// The file that a new prompt of this name gets.
    pub fn path_for(&self, name: &PromptName) -> String {
        self.path_below_root(&name.paths()[0])
    }

    /// A path below the root that new files go to.
    pub fn path_below_root(&self, below: &str) -> String {
        let root = self.settings.roots.last().map_or("prompts", String::as_str);
        join_root(root, below)
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
        let assembled = assemble(&draft, &self.settings.roots, path)
            .map_err(first_failure)?
            .ok_or_else(|| self.unknown_prompt(name))?;
        let file = PromptFile {
            name: name.clone(),
            path: path.to_owned(),
        };
        let head = self.head_commit();
        let head_tree = head.and_then(|commit| self.commit_tree(commit));
        Ok(self.in_working_copy(file, assembled, head, head_tree.as_ref()))
    }

    fn not_live(&self, name: &PromptName, environment: &Environment, state: &State) -> Failure {
        match state {
            State::NotFetched => self.not_fetched(),
            State::Unpublished { by, number, .. } => Failure::new(
                code::NOT_LIVE,
                format!(
                    "{name} is not live in {environment}: {by} unpublished it (release {number})"
                ),
            )
            .hint(format!(
                "promptctl rollback {name} --env {environment} brings it back"
            )),
            State::Never | State::Live(_) => {
                let failure = Failure::new(
                    code::NOT_LIVE,
                    format!("{name} was never published to {environment}"),
                );
                if self.knows(name) {
                    failure.hint(format!("promptctl publish {name} --env {environment}"))
                } else {
                    self.unknown_prompt(name)
                }
            }
        }
    }

    fn knows(&self, name: &PromptName) -> bool {
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
        match nearest(
            name.as_str(),
            listing.files.iter().map(|file| file.name.as_str()),
        ) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None if listing.files.is_empty() => failure.hint(format!(
                "there are no prompts below {}: promptctl new {name} makes one",
                self.settings.roots.join(", ")
            )),
            None => failure.hint("promptctl list shows all prompts"),
        }
    }

    fn unknown_version(&self, name: &PromptName, version: Version) -> Failure {
        if !self.has_mirror() && self.settings.remote.is_some() && self.is_shallow() {
            return Failure::new(
                code::NOT_FETCHED,
                format!(
                    "{name} {version} is not in this shallow clone, and its tags were not fetched"
                ),
            )
            .hint("promptctl fetch");
        }
        if !self.knows(name) {
            return self.unknown_prompt(name);
        }
        Failure::new(code::UNKNOWN_VERSION, format!("{name} has no {version}"))
            .hint(format!("promptctl history {name} shows its versions"))
    }

    /// The bytes of an attachment named by a path relative to the prompt file's folder.
    ///
    /// # Errors
    /// It leads out of the repository, does not exist, or is larger than 20 MB.
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
            Source::WorkingCopy if !self.is_bare() => self.work_tree().read(&full),
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
            ".git" => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn same_as_committed(tree: &CommitTree<'_>, path: &str, text: &str) -> bool {
    let Some(id) = tree.blob_id(path) else {
        return false;
    };
    if Oid::hash_object(ObjectType::Blob, text.as_bytes()).is_ok_and(|own| own == id) {
        return true;
    }
    // git may have stored the file with other line ends than the working copy has.
    text.contains("\r\n")
        && tree
            .repo
            .find_blob(id)
            .is_ok_and(|blob| blob.content() == text.replace("\r\n", "\n").as_bytes())
}

/// The first of several findings as a failure that says how many more there are.
pub(super) fn first_failure(findings: Vec<Finding>) -> Failure {
    let more = findings.len().saturating_sub(1);
    match findings.into_iter().next() {
        None => Failure::new(code::INVALID_PROMPT, "the prompt is not valid"),
        Some(first) => {
            let failure = Failure::from(first);
            if more == 0 {
                failure
            } else {
                failure.hint(format!(
                    "{more} more like this: promptctl validate shows all"
                ))
            }
        }
    }
}
