//! What every command works with.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::{Config, Environ};
use crate::error::Failure;
use crate::output::ui::Ui;
use crate::releases::{Settings, Store};
use crate::repository::Start;

/// What every command works with: the way to the user, and what the process was started with.
pub struct Session {
    /// The way to the user.
    pub ui: Ui,
    /// The environment, read once.
    pub environ: Environ,
    /// The folder to work in.
    pub directory: PathBuf,
    /// Whether the command line names that folder.
    pub is_directory_named: bool,
    /// Makes the whole command line, for what prints its pages.
    pub(super) command_line: fn() -> clap::Command,
    /// The time that counts as now.
    pub now: Timestamp,
}

impl Session {
    /// The day that counts as today: everywhere the same, in UTC.
    pub fn today(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }

    /// Opens the repository with its configuration.
    ///
    /// # Errors
    /// There is no repository, or its configuration is not valid.
    pub fn store(&self) -> Result<(Store, Config), Failure> {
        let store = Store::open(&self.start())?;
        let config = match store.config_text()? {
            Some(text) => Config::parse(&text)?,
            None => Config::default(),
        };
        Ok((self.configured(store, &config)?, config))
    }

    /// The same for what uses the remote, which must be one of this clone then.
    ///
    /// # Errors
    /// As [`Session::store`]; or the settings name a remote that this clone does not have.
    pub fn store_and_remote(&self) -> Result<(Store, Config), Failure> {
        let (store, config) = self.store()?;
        store.require_known_remote()?;
        Ok((store, config))
    }

    /// Where the repository is looked for.
    pub(super) fn start(&self) -> Start {
        Start {
            directory: self.directory.clone(),
            is_named: self.is_directory_named,
            here: Environ::current_dir().unwrap_or_default(),
            variables: self.environ.git.clone(),
        }
    }

    /// The repository with what its configuration says.
    pub(super) fn configured(&self, store: Store, config: &Config) -> Result<Store, Failure> {
        store.with_settings(Settings {
            roots: config.roots.clone(),
            first_root: config.first_root.clone(),
            prefix: config.tag_prefix.clone(),
            remote: config.remote.clone(),
            environments: config
                .environments
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
            unattended: !self.ui.can_ask(),
            now: self.now,
        })
    }
}
