//! Ctrl-C, where a command has something to say when it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::aftermath::listed;
use super::common::count;
use crate::error::{Exit, Failure};
use crate::openai::client::{block_on, interrupted};
use crate::prompt::name::PromptName;
use crate::releases::{Store, Tag};
use crate::repository::ObjectId;

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

/// Ctrl-C while tags are sent to the remote.
pub(super) struct ReleaseWatch {
    interrupt: Interrupt,
    /// What nobody knew of before.
    before: Vec<(Tag, ObjectId)>,
}

impl ReleaseWatch {
    /// From now on Ctrl-C is noted and does not end the process by itself.
    pub(super) fn new(store: &Store) -> Self {
        Self {
            before: store.on_their_way(),
            interrupt: Interrupt::watch(),
        }
    }

    /// Whether it came.
    pub(super) fn came(&self) -> bool {
        self.interrupt.came()
    }

    /// Of which of these prompts' tags it is not known now whether the remote has them.
    pub(super) fn unknown(&self, names: &[&PromptName], store: &Store) -> Vec<String> {
        let unknown = store.on_their_way().into_iter();
        let unknown = unknown.filter(|it| !self.before.contains(it));
        let unknown = unknown.map(|(tag, _)| tag);
        unknown
            .filter(|tag| names.contains(&tag.name.prompt()))
            .map(|tag| tag.to_string())
            .collect()
    }

    /// What ends a release: what was done, what is known of the tags of the others, and what to run next.
    pub(super) fn stopped(&self, done: &str, names: &[&PromptName], store: &Store) -> Failure {
        let again = "the same command again completes it, or says that it is done";
        let unknown = self.unknown(names, store);
        if unknown.is_empty() {
            let names = listed(names.iter().copied());
            let told = format!("interrupted: {done}; of {names} the remote took no tag");
            return stopped(told).hint(again);
        }
        let tags = unknown.join(", ");
        stopped(format!(
            "interrupted: {done}; it is not known whether the remote has {tags}"
        ))
        .hint("promptctl fetch asks the remote, and promptctl status shows what is live then")
        .hint(again)
    }
}

/// What ends a command that somebody stopped: what was done, and what was not.
pub(super) fn stopped(done: impl Into<String>) -> Failure {
    Failure::usage(done).exit(Exit::Interrupted)
}

/// What is said when calls under way are waited for after Ctrl-C.
pub(super) fn waiting(calls: usize) -> String {
    let calls = count(calls, "call");
    format!("waiting for {calls} under way; Ctrl-C again ends at once")
}
