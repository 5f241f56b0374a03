//! The options of `publish`, `rollback` and `unpublish`, and what they ask before they change what is live.

use super::common::{EnvArg, FormatArg};
use super::rules::{branches_of, rules_of, signers_of};
use super::session::Session;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::prompt::name::{Environment, PromptName};
use crate::releases::{Options, PreviouslySeen, Rules, Signing, Store};

/// What `publish`, `rollback` and `unpublish` share.
#[derive(Debug, clap::Args)]
pub(super) struct ReleaseArgs {
    /// Why, for people who read the list of releases
    #[arg(short, long, value_name = "TEXT")]
    pub(super) message: Option<String>,
    /// Say what would happen, and change nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Make the tags here and send them later with promptctl push
    #[arg(long)]
    pub(super) no_push: bool,
    #[command(flatten)]
    pub(super) format: FormatArg,
}

impl ReleaseArgs {
    /// Whether the releases go to a remote.
    pub(super) fn pushes(&self, store: &Store) -> bool {
        !self.no_push && store.has_remote()
    }

    /// The repository and its settings; for a dry run one that nothing is written into.
    pub(super) fn store(&self, session: &Session) -> Result<(Store, Config), Failure> {
        let (store, config) = session.store_and_remote()?;
        let store = if self.dry_run {
            store.rehearsed()?
        } else {
            store
        };
        Ok((store, config))
    }

    /// Asks the remote, and returns the options of a rollback or an unpublish: no rule stands in their
    /// way. Where releases must be signed, theirs is if git can sign, and a rollback returns to what
    /// somebody signed for.
    pub(super) fn options(
        &self,
        names: &[&PromptName],
        env: &EnvArg,
        store: &Store,
        config: &Config,
        session: &mut Session,
    ) -> Result<Options, Failure> {
        let before = store.ask_remote(names, &branches_of(store, config), !self.no_push)?;
        // A rollback warns where the remote has newer releases than this clone had seen.
        require_environment(&env.env, !self.no_push, store, config)?;
        let signers = signers_of(&env.env, store, config, session);
        let signing = if signers.is_some() {
            Signing::Tried
        } else {
            Signing::AsSetUp
        };
        Ok(Options {
            environment: env.env.clone(),
            message: self.message.clone(),
            push: !self.no_push,
            before,
            rules: Rules {
                signers,
                ..Rules::default()
            },
            signing,
            allowed: Vec::new(),
        })
    }

    /// Starts what a release needs of git, where it is one of this clone alone.
    pub(super) fn get_ready(&self, store: &Store) {
        if !self.dry_run && (self.no_push || !store.has_remote()) {
            store.get_ready_to_release();
        }
    }

    /// The options of a publish, once the remote was asked.
    pub(super) fn publish_options(
        &self,
        env: &EnvArg,
        store: &Store,
        config: &Config,
    ) -> Result<Options, Failure> {
        let rules = rules_of(&env.env, store, config)?;
        let signing = rules.signing();
        Ok(Options {
            environment: env.env.clone(),
            message: self.message.clone(),
            push: !self.no_push,
            before: PreviouslySeen::default(),
            rules,
            signing,
            allowed: Vec::new(),
        })
    }
}

/// `--yes`.
#[derive(Debug, clap::Args)]
pub(super) struct YesArg {
    /// Do not ask, where a terminal would be asked
    #[arg(short, long)]
    pub(super) yes: bool,
}

/// Asks a question of who sits at the terminal. Where nobody does, what was typed is meant.
///
/// # Errors
/// The answer is not yes.
pub(super) fn agree(question: &str, session: &mut Session) -> Result<(), Failure> {
    if !session.ui.can_ask() || session.ui.confirm(question) {
        return Ok(());
    }
    Err(Failure::usage("nothing was changed")
        .exit(Exit::Failed)
        .hint("--yes goes on without a question"))
}

/// Fails where an environment is neither declared nor used, as far as this clone or, where it asks
/// there, the remote knows. A declared one costs nothing.
pub(super) fn require_environment(
    environment: &Environment,
    asks: bool,
    store: &Store,
    config: &Config,
) -> Result<(), Failure> {
    // Somebody may have made it since this clone last fetched.
    if asks && store.has_remote() && !store.knows_environment(environment) {
        store.fetch_all(&branches_of(store, config))?;
    }
    store.require_environment(environment)
}
