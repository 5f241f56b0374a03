//! Ctrl-C, where a command has something to say when it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Exit, Failure};
use crate::openai::client::{block_on, interrupted};

/// Whether somebody pressed Ctrl-C.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on Ctrl-C is noted and does not end the process by itself.
    pub(super) fn watch() -> Self {
        let came = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&came);
        std::thread::spawn(move || {
            // Where the signal cannot be caught it ends the process, as it would without this.
            drop(block_on(async { interrupted().await }));
            note.store(true, Ordering::Relaxed);
        });
        Self(came)
    }

    /// Whether it came.
    pub(super) fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What ends a command that somebody stopped: what was done, and what was not.
pub(super) fn stopped(done: impl Into<String>) -> Failure {
    Failure::usage(done).exit(Exit::Interrupted)
}
