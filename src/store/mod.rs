//! The git repository: the only place that names git2 or starts git.
//!
//! Single objects and references are read through libgit2, rows of references through `gix-ref`
//! (which seeks in packed references instead of reading them all). History, commits, tags and the
//! network go through the `git` program, so that identity, signing, hooks, filters and credentials
//! are those of the user.

mod between;
mod commit;
mod content;
mod doctor;
mod drivers;
mod early;
mod everything;
mod files;
mod history;
mod hooks;
mod live;
mod load;
mod made;
mod memory;
mod merging;
mod note;
mod open;
mod overview;
mod partial;
mod plan;
mod policy;
mod process;
mod publish;
mod refs;
mod rehearsal;
mod release;
mod remote;
mod resolve;
mod row;
mod running;
mod seen;
mod sending;
mod setup;
mod signature;
mod since;
mod staged;
mod tag;
mod tagger;
mod tagging;
mod tracked;
mod verify;
mod versions;

use std::cell::{Cell, OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::Repository;
use jiff::Timestamp;

use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::Environment;
use crate::prompt::quote::shell_word;
use crate::prompt::remote::RemoteName;

pub use between::Between;
pub use commit::{FileChange, FileMove, Written};
pub use doctor::{Repair, Trouble};
pub use drivers::ATTRIBUTES;
pub use files::{Listing, PromptFile};
pub use history::{HistoryEntry, Numbers};
pub use hooks::PlannedHook;
pub use load::{Loaded, Source};
pub use merging::{Asked, BothSides};
pub use note::{Changed, Note, Void};
pub use open::{GitVariables, Start, Surroundings};
pub use plan::Planned;
pub use policy::{Place, Rules};
pub use process::OF_ONE_REPOSITORY;
pub use publish::{Back, Before, Change, Demand, Options, Releasing};
pub use release::{Active, Overview, Release, Releases, State};
pub use remote::Fetched;
pub use sending::{Group, Pending, Pushed};
pub use setup::{Adoptable, init_repository, is_in_repository};
pub use signature::{Signer, Signers, Signing};
pub use since::{Base, Blobs, VersionTags};
pub use tag::{Action, TagName};
pub use verify::{Live, Proof};

use process::{Git, Hooks, Pinned};

/// The configuration, at the top of the repository.
const CONFIG_FILE: &str = "promptctl.yaml";

/// What the configuration says about a repository.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folders that hold prompts, relative to the top of the repository, without a trailing `/`.
    pub roots: Vec<String>,
    /// What the names of all tags begin with, such as `prompts/`.
    pub prefix: String,
    /// The remote that says what is live; none where the repository has none.
    pub remote: Option<RemoteName>,
    /// The configured environments.
    pub environments: Vec<Environment>,
    /// Whether nobody is there to answer a question that git would ask.
    pub unattended: bool,
    /// The time that counts as now.
    pub now: Timestamp,
    /// What of the environment holds here; [`Store::open`] finds it out.
    pub surroundings: Surroundings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roots: vec!["prompts".to_owned()],
            prefix: "prompts/".to_owned(),
            remote: None,
            environments: vec![Environment::production()],
            unattended: true,
            now: Timestamp::UNIX_EPOCH,
            surroundings: Surroundings::default(),
        }
    }
}

/// A git repository that holds prompts.
pub struct Store {
    repo: Repository,
    refs: gix_ref::file::Store,
    top: PathBuf,
    settings: Settings,
    early: RefCell<Option<early::Early>>,
    mirror: RefCell<Option<refs::Mirror>>,
    /// The remote's default branch as it said itself, where this clone does not know it.
    default_branch_asked: RefCell<Option<String>>,
    /// Whether what is seen of the remote is not written down.
    writes_nothing: Cell<bool>,
    has_own_ssh: OnceCell<bool>,
    /// What says that this run writes here; after `early`, whose calls end first.
    note: Arc<running::Note>,
    /// The folder of a dry run, which is removed at its end.
    scratch: Option<tempfile::TempDir>,
}

impl Store {
    /// Opens the repository that is meant.
    ///
    /// # Errors
    /// There is none, or it is in a format or of an owner that is refused.
    pub fn open(start: &Start) -> Result<Self, Failure> {
        // As git reads: its checksums of packed data are looked at, and the content of a version is
        // compared with its digest in any case.
        git2::opts::strict_hash_verification(false);
        let (repo, surroundings) = start.open()?;
        let settings = Settings {
            surroundings,
            ..Settings::default()
        };
        Ok(Self::of(repo, settings))
    }

    /// The repository at `path` once more, for another thread: git2's handle cannot be shared.
    fn open_again(path: &Path, settings: &Settings) -> Result<Self, Failure> {
        let repo = settings.surroundings.open_again(path)?;
        Ok(Self::of(repo, settings.clone()))
    }

    fn of(repo: Repository, settings: Settings) -> Self {
        let top = repo.workdir().unwrap_or_else(|| repo.path()).to_path_buf();
        // The references of all worktrees stand in the common directory.
        let refs = gix_ref::file::Store::at(repo.commondir().to_path_buf(), gix_hash::Kind::Sha1);
        let note = Arc::new(running::Note::new(repo.commondir()));
        Self {
            repo,
            refs,
            top,
            settings,
            early: RefCell::new(None),
            mirror: RefCell::new(None),
            default_branch_asked: RefCell::new(None),
            writes_nothing: Cell::new(false),
            has_own_ssh: OnceCell::new(),
            note,
            scratch: None,
        }
    }

    /// The same repository with what the configuration says; without a remote in it, `origin` or
    /// the only remote is taken.
    ///
    /// # Errors
    /// The only remote has a name that cannot be used.
    pub fn with_settings(mut self, mut settings: Settings) -> Result<Self, Failure> {
        // A clone can say for itself which remote counts, as a fork must.
        if let Some(own) = self.own_remote()? {
            settings.remote = Some(own);
        } else if settings.remote.is_none() {
            settings.remote = self.usual_remote()?;
        }
        settings.surroundings = std::mem::take(&mut self.settings.surroundings);
        self.settings = settings;
        self.forget_mirror();
        Ok(self)
    }

    /// The remote that this clone's own configuration names.
    fn own_remote(&self) -> Result<Option<RemoteName>, Failure> {
        const KEY: &str = "promptctl.remote";
        let Some(name) = self.config_value(KEY) else {
            return Ok(None);
        };
        let remote = name.parse().map_err(|fault| {
            Failure::new(
                code::BAD_CONFIG,
                format!("`{name}`, which git's configuration names as {KEY}, is not the name of a remote: {fault}"),
            )
            .hint(format!("git config {KEY} origin, for example; git remote lists the names"))
        })?;
        Ok(Some(remote))
    }

    /// The remote that is meant where nothing names one.
    fn usual_remote(&self) -> Result<Option<RemoteName>, Failure> {
        let names = self.remote_names();
        let name = match names.as_slice() {
            names if names.iter().any(|name| name == "origin") => "origin",
            [only] => only,
            _ => return Ok(None),
        };
        let remote = name.parse().map_err(|fault| {
            Failure::new(
                code::BAD_CONFIG,
                format!("the only remote of this clone is called `{name}`, and promptctl cannot use that name: {fault}"),
            )
            .hint(format!("git remote rename {} origin", shell_word(name)))
        })?;
        Ok(Some(remote))
    }

    /// Fails where the remote is not one of this clone: nothing is sent to what merely stands in a
    /// file.
    ///
    /// # Errors
    /// The settings name a remote for which this clone has no URL.
    pub fn require_known_remote(&self) -> Result<(), Failure> {
        match &self.settings.remote {
            Some(remote) if !self.has_remote_named(remote) => Err(unknown_remote(remote)),
            _ => Ok(()),
        }
    }

    /// From now on nothing is remembered of the remote.
    pub fn write_nothing(&self) {
        self.writes_nothing.set(true);
    }

    /// What the configuration says.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether this clone has a URL for a remote of this name.
    pub fn has_remote_named(&self, name: &RemoteName) -> bool {
        self.config_value(&format!("remote.{name}.url"))
            .is_some_and(|url| !url.is_empty())
    }

    /// The top of the working tree, or the repository itself where it has none.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Whether the repository has no working tree.
    pub fn is_bare(&self) -> bool {
        self.repo.workdir().is_none()
    }

    /// Whether the clone's history was cut off.
    pub fn is_shallow(&self) -> bool {
        self.repo.is_shallow()
    }

    /// The name of the current branch; `None` where HEAD is detached.
    pub fn branch(&self) -> Option<String> {
        let head = self.repo.find_reference("HEAD").ok()?;
        let target = head.symbolic_target().ok().flatten()?;
        target.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// The id of the commit that HEAD names; `None` where there is none yet.
    pub fn head(&self) -> Option<String> {
        self.head_commit().map(|id| id.to_string())
    }

    fn head_commit(&self) -> Option<git2::Oid> {
        self.repo
            .head()
            .ok()?
            .peel_to_commit()
            .ok()
            .map(|commit| commit.id())
    }

    /// A call of git that runs no hooks.
    fn git(&self) -> Git {
        Git::new(&self.pinned(), Hooks::Silent)
    }

    /// A commit or a push, which the person's hooks may stop.
    fn git_with_hooks(&self) -> Git {
        Git::new(&self.pinned(), Hooks::Run)
    }

    /// What git is told of the repository, so that it works on the one that was opened.
    fn pinned(&self) -> Pinned<'_> {
        let own_ssh =
            || self.settings.surroundings.has_ssh || self.config_value("core.sshCommand").is_some();
        Pinned {
            top: &self.top,
            git_dir: Some(without_slash(self.repo.path())),
            work_tree: self.repo.workdir().map(without_slash),
            is_elsewhere: self.settings.surroundings.is_elsewhere,
            no_config: self.settings.surroundings.no_config.as_deref(),
            unattended: self.settings.unattended,
            note: Some(&self.note),
            has_own_ssh: *self.has_own_ssh.get_or_init(own_ssh),
        }
    }

    /// The text of `promptctl.yaml`: of the working copy, or of HEAD in a repository without one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn config_text(&self) -> Result<Option<String>, Failure> {
        use content::Files;
        const FILE: &str = CONFIG_FILE;
        let bytes = if self.is_bare() {
            let tree = self
                .head_commit()
                .and_then(|commit| self.commit_tree(commit));
            tree.map_or(Ok(None), |tree| tree.read_file(FILE))
        } else {
            self.work_tree().read(FILE)
        }?;
        bytes
            .map(|bytes| {
                String::from_utf8(bytes).map_err(|_| {
                    Failure::new(code::BAD_CONFIG, format!("{FILE} is not UTF-8 text")).at(FILE)
                })
            })
            .transpose()
    }

    /// All values of a key of git's own configuration.
    fn config_values(&self, key: &str) -> Vec<String> {
        let mut values = Vec::new();
        if let Ok(config) = self.repo.config()
            && let Ok(entries) = config.multivar(key, None)
        {
            // What cannot be read is as if it were not set.
            drop(entries.for_each(|entry| {
                values.extend(entry.value().ok().map(str::to_owned));
            }));
        }
        values
    }

    /// A value of git's own configuration, such as `user.name`.
    fn config_value(&self, key: &str) -> Option<String> {
        self.repo.config().ok()?.get_string(key).ok()
    }
}

/// A folder without the slash that libgit2 ends it with, which would stand in git's messages.
fn without_slash(folder: &Path) -> &Path {
    folder.components().as_path()
}

/// The settings name a remote that the clone does not have.
pub fn unknown_remote(remote: &RemoteName) -> Failure {
    Failure::new(
        code::BAD_CONFIG,
        format!("`remote` names {remote}, which is not a remote of this clone"),
    )
    .at("promptctl.yaml")
    .hint(format!("git remote add {remote} URL"))
}
