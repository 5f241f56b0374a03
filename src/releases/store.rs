//! The prompts of a repository with what was released of them.

use std::cell::{Cell, RefCell};
use std::ops::Deref;

use jiff::Timestamp;

use crate::error::Failure;
use crate::files::Prompts;
use crate::prompt::CONFIG_FILE;
use crate::prompt::code;
use crate::prompt::name::Environment;
use crate::prompt::quote::shell_word;
use crate::prompt::remote::RemoteName;
use crate::repository::{Reopen, Repository, Start};

use super::namespace::Mirror;

/// What the configuration says about a repository.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folders that hold prompts, relative to the top of the repository, without a trailing `/`.
    pub roots: Vec<String>,
    /// The one of them that new prompts go to.
    pub first_root: String,
    /// What the names of all tags begin with, such as `prompts/`.
    pub prefix: String,
    /// The remote that says what is live; none where the repository has none.
    pub remote: Option<RemoteName>,
    /// The configured environments.
    pub environments: Vec<Environment>,
    /// Whether git must not ask, because nobody can answer.
    pub unattended: bool,
    /// The time that counts as now.
    pub now: Timestamp,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roots: vec!["prompts".to_owned()],
            first_root: "prompts".to_owned(),
            prefix: "prompts/".to_owned(),
            remote: None,
            environments: vec![Environment::production()],
            unattended: true,
            now: Timestamp::UNIX_EPOCH,
        }
    }
}

/// The prompts of a repository with what was released of them.
pub struct Store {
    pub(super) prompts: Prompts,
    pub(super) settings: Settings,
    pub(super) mirror: RefCell<Option<Mirror>>,
    /// The remote's default branch as it said itself, where this clone does not know it.
    pub(super) default_branch_asked: RefCell<Option<String>>,
    /// Whether what is seen of the remote is not written down.
    pub(super) writes_nothing: Cell<bool>,
}

/// Whoever has the releases can ask the prompts and the repository.
impl Deref for Store {
    type Target = Prompts;

    fn deref(&self) -> &Prompts {
        &self.prompts
    }
}

impl Store {
    /// Opens the repository that is meant.
    ///
    /// # Errors
    /// There is none, or it is in a format or of an owner that is refused.
    pub fn open(start: &Start) -> Result<Self, Failure> {
        Ok(Self::of(Repository::open(start)?, Settings::default()))
    }

    /// The same once more, for another thread.
    pub(super) fn open_again(again: &Reopen, settings: &Settings) -> Result<Self, Failure> {
        Ok(Self::of(again.open()?, settings.clone()))
    }

    fn of(mut repository: Repository, settings: Settings) -> Self {
        repository.set_unattended(settings.unattended);
        Self {
            prompts: Prompts::new(
                repository,
                settings.roots.clone(),
                settings.first_root.clone(),
            ),
            settings,
            mirror: RefCell::new(None),
            default_branch_asked: RefCell::new(None),
            writes_nothing: Cell::new(false),
        }
    }

    /// The same repository for a dry run: it reads all that this one has, and what it writes is gone
    /// when it is dropped.
    ///
    /// # Errors
    /// The scratch folder cannot be written.
    pub fn rehearsed(self) -> Result<Self, Failure> {
        // Only what asks a remote would write anything.
        if self.settings.remote.is_none() {
            return Ok(self);
        }
        let repository = self.prompts.into_repository().rehearsed()?;
        Ok(Self::of(repository, self.settings))
    }

    /// The same repository, its prompts in other folders.
    ///
    /// # Errors
    /// It cannot be opened once more.
    pub fn with_roots(&self, roots: Vec<String>) -> Result<Self, Failure> {
        let settings = Settings {
            roots,
            ..self.settings.clone()
        };
        Self::open_again(&self.again(), &settings)
    }

    /// The same repository with what the configuration says; without a remote in it, `origin` or
    /// the only remote is taken.
    ///
    /// # Errors
    /// The only remote has a name that cannot be used.
    pub fn with_settings(self, mut settings: Settings) -> Result<Self, Failure> {
        // A clone can say for itself which remote counts, as a fork must.
        if let Some(own) = self.own_remote()? {
            settings.remote = Some(own);
        } else if settings.remote.is_none() {
            settings.remote = self.usual_remote()?;
        }
        Ok(Self::of(self.prompts.into_repository(), settings))
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
}

/// The settings name a remote that the clone does not have.
pub fn unknown_remote(remote: &RemoteName) -> Failure {
    Failure::new(
        code::BAD_CONFIG,
        format!("`remote` names {remote}, which is not a remote of this clone"),
    )
    .at(CONFIG_FILE)
    .hint(format!("git remote add {remote} URL"))
}
