//! What a run of git gave.

use std::time::Duration;

/// What a call of `git` said.
pub(crate) struct GitOutput {
    /// Whether git exited with 0.
    pub(crate) ok: bool,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

/// How long a lock that another process holds is waited for.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(10);
