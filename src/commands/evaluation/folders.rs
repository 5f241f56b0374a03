//! Where a clone keeps what evaluations leave behind.

use std::path::PathBuf;
use std::time::SystemTime;

use super::super::run_context::RunContext;
use super::super::session::Session;
use crate::error::Failure;
use crate::experiment::cache::Cache;
use crate::prompt::code;
use crate::record::log::OWN_FOLDER;
use crate::releases::Store;

/// What to do where git tracks what only this clone should have.
const TAKE_AWAY: &str = "git rm -r .promptctl takes it away; what is there is not to be trusted";

/// Where a clone keeps what evaluations leave behind.
pub(in crate::commands) fn own_folder(store: &Store) -> PathBuf {
    store.top().join(OWN_FOLDER)
}

/// The folder of the runs of before, to read them.
///
/// # Errors
/// They may have come with the repository, so that somebody else wrote what they say.
pub(in crate::commands) fn runs_folder(store: &Store) -> Result<PathBuf, Failure> {
    own_part(store, "evals", "so the runs in it are not read")
}

/// A folder of what only this clone should have; `so` says what follows where somebody else made it.
pub(in crate::commands) fn own_part(
    store: &Store,
    part: &str,
    so: &str,
) -> Result<PathBuf, Failure> {
    if store.is_brought(OWN_FOLDER) {
        let message =
            format!("git tracks files in .promptctl, or another repository is there, {so}");
        return Err(Failure::new(code::NOT_A_FILE, message).hint(TAKE_AWAY));
    }
    Ok(own_folder(store).join(part))
}

/// The cache of a repository; none where its settings switch it off.
pub(in crate::commands) fn cache_of(ground: &RunContext, session: &mut Session) -> Option<Cache> {
    if !ground.config.cache.is_on(&ground.config.log) {
        return None;
    }
    // An answer that came with the repository was written by whoever wrote the repository.
    if ground.store.is_brought(OWN_FOLDER) {
        session.ui.warning(
            "git tracks files in .promptctl, or another repository is there, so the cache is not used: answers have to come from a model",
        );
        session.ui.hint(TAKE_AWAY);
        return None;
    }
    let folder = own_folder(&ground.store).join("cache");
    let now = SystemTime::from(session.now);
    Some(Cache::new(folder, ground.config.cache.max_size, now))
}
