//! `--dry-run`: what a command would do, and nothing done.

use std::fmt::Display;

use clap::Args;

use super::session::Session;
use crate::config::Config;
use crate::error::Failure;
use crate::files::FileChange;
use crate::releases::Store;

/// `--dry-run`, which every command has that writes or costs.
#[derive(Debug, Args)]
pub(super) struct PlanArg {
    /// Say what would happen, and change nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
}

impl PlanArg {
    /// What is asked for is done.
    pub(super) fn done() -> Self {
        Self { dry_run: false }
    }

    /// The repository and its settings; for a dry run one that nothing is written into.
    pub(super) fn store(&self, session: &Session) -> Result<(Store, Config), Failure> {
        let (store, config) = session.store()?;
        if self.dry_run {
            store.write_nothing();
        }
        Ok((store, config))
    }

    /// Changes files and commits exactly them, or only writes them. The id of the commit, if one was
    /// made.
    pub(super) fn write(
        &self,
        store: &Store,
        changes: &[FileChange],
        message: Option<&str>,
    ) -> Result<Option<String>, Failure> {
        if self.dry_run {
            return Ok(None);
        }
        match message {
            Some(message) => {
                let written = store.commit(changes, message)?;
                Ok(written.commit.map(|id| id.to_string()))
            }
            None => store.write_files(changes).map(|()| None),
        }
    }

    /// Says what was done. What would be done is what was asked for, so it is data. JSON says it by
    /// itself.
    pub(super) fn say(&self, done: impl Display, would: impl Display, session: &mut Session) {
        match (session.ui.json, self.dry_run) {
            (true, _) => {}
            (false, true) => session.ui.line(would),
            (false, false) => session.ui.status(done),
        }
    }
}
