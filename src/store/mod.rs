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
mod merging;
mod overview;
mod plan;
mod policy;
mod process;
mod publish;
mod refs;
mod release;
mod remote;
mod resolve;
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

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use git2::{ErrorClass, ErrorCode, Repository};

use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::Environment;

pub use between::Between;
pub use commit::{FileChange, Written};
pub use doctor::{Repair, Trouble};
pub use drivers::ATTRIBUTES;
pub use files::{Listing, PromptFile};
pub use history::{HistoryEntry, Numbers};
pub use hooks::PlannedHook;
pub use load::{Loaded, Source};
pub use merging::{Asked, BothSides};
pub use plan::Planned;
pub use policy::{Place, Rules};
pub use publish::{Change, Demand, Options, Releasing};
pub use release::{Active, Overview, Release, Releases, State};
pub use remote::{Fetched, Pending};
pub use setup::{Adoptable, init_repository};
pub use signature::{Signer, Signers, Signing};
pub use since::{Base, Blobs, VersionTags};
pub use tag::{Action, TagName};
pub use verify::{Live, Proof};

use process::Git;

/// What the configuration says about a repository.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folders that hold prompts, relative to the top of the repository, without a trailing `/`.
    pub roots: Vec<String>,
    /// What the names of all tags begin with, such as `prompts/`.
    pub prefix: String,
    /// The remote that says what is live; none where the repository has none.
    pub remote: Option<String>,
    /// The configured environments.
    pub environments: Vec<Environment>,
    /// Whether nobody is there to answer a question that git would ask.
    pub unattended: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roots: vec!["prompts".to_owned()],
            prefix: "prompts/".to_owned(),
            remote: None,
            environments: vec![Environment::production()],
            unattended: true,
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
}

impl Store {
    /// Opens the repository that `directory` is in.
    ///
    /// # Errors
    /// There is none, or it is in a format or of an owner that is refused.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        // As git reads: its checksums of packed data are looked at, and the content of a version is
        // compared with its digest in any case.
        git2::opts::strict_hash_verification(false);
        let repo =
            Repository::discover(directory).map_err(|error| cannot_open(directory, &error))?;
        Ok(Self::of(repo, Settings::default()))
    }

    /// The repository at `path` once more, for another thread: git2's handle cannot be shared.
    fn open_again(path: &Path, settings: &Settings) -> Result<Self, Failure> {
        let repo = Repository::open(path).map_err(|error| cannot_open(path, &error))?;
        Ok(Self::of(repo, settings.clone()))
    }

    fn of(repo: Repository, settings: Settings) -> Self {
        let top = repo.workdir().unwrap_or_else(|| repo.path()).to_path_buf();
        // The references of all worktrees stand in the common directory.
        let refs = gix_ref::file::Store::at(repo.commondir().to_path_buf(), gix_hash::Kind::Sha1);
        Self {
            repo,
            refs,
            top,
            settings,
            early: RefCell::new(None),
        }
    }

    /// The same repository with what the configuration says; without a remote in it, `origin` or
    /// the only remote is taken.
    #[must_use]
    pub fn with_settings(mut self, mut settings: Settings) -> Self {
        if settings.remote.is_none() {
            let remotes = self.repo.remotes().ok();
            let names: Vec<&str> = remotes
                .iter()
                .flat_map(|names| names.iter())
                .filter_map(|name| name.ok().flatten())
                .collect();
            settings.remote = match names.as_slice() {
                names if names.contains(&"origin") => Some("origin".to_owned()),
                [only] => Some((*only).to_owned()),
                _ => None,
            };
        }
        self.settings = settings;
        self
    }

    /// What the configuration says.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether git knows a remote of this name.
    pub fn has_remote_named(&self, name: &str) -> bool {
        self.repo.find_remote(name).is_ok()
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

    fn git(&self) -> Git {
        Git::new(&self.top).quiet_terminal(self.settings.unattended)
    }

    /// The text of `promptctl.yaml`: of the working copy, or of HEAD in a repository without one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn config_text(&self) -> Result<Option<String>, Failure> {
        use content::Files;
        const FILE: &str = "promptctl.yaml";
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

fn cannot_open(directory: &Path, error: &git2::Error) -> Failure {
    let at = directory.display();
    let words = error.message();
    if error.code() == ErrorCode::NotFound {
        return Failure::new(
            code::NO_REPOSITORY,
            format!("{at} is not inside a git repository"),
        )
        .hint("promptctl init makes a repository of prompts here; -C DIR names another folder");
    }
    if error.code() == ErrorCode::Owner {
        let path = Repository::discover_path(directory, std::iter::empty::<&Path>()).map_or_else(
            |_| directory.to_path_buf(),
            |git_dir| git_dir.parent().unwrap_or(&git_dir).to_path_buf(),
        );
        return Failure::new(
            code::UNSAFE_OWNER,
            format!(
                "the repository at {} belongs to another user",
                path.display()
            ),
        )
        .hint(format!(
            "git config --global --add safe.directory {}",
            path.display()
        ));
    }
    let unsupported = |what: &str| {
        Failure::new(
            code::UNSUPPORTED_REPOSITORY,
            format!("the repository at {at} {what}, which promptctl cannot read"),
        )
    };
    if words.contains("refstorage") || words.contains("reftable") {
        return unsupported("keeps its references in a reftable")
            .hint("git refs migrate --ref-format=files");
    }
    if words.contains("objectformat") || words.contains("object format") || words.contains("sha256")
    {
        return unsupported("names its objects by SHA-256")
            .hint("keep prompts in a SHA-1 repository: git init --object-format=sha1");
    }
    if words.contains("partialclone") {
        return unsupported("is a partial clone")
            .hint("make a full one: git clone URL, or git clone --depth 1 URL for a small one");
    }
    if error.class() == ErrorClass::Repository || error.code() == ErrorCode::Invalid {
        return unsupported(&format!("is in a format of its own ({words})"));
    }
    Failure::new(
        code::UNSUPPORTED_REPOSITORY,
        format!("the repository at {at} could not be opened: {words}"),
    )
}
