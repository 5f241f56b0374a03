//! Changes to what is live, one prompt after the other, until somebody presses Ctrl-C.

use super::aftermath::{listed, print_changes, say_live, say_pending};
use super::interrupt::ReleaseWatch;
use super::release_args::ReleaseArgs;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::name::PromptName;
use crate::releases::{Change, Options, Planned, Store};

/// What a command does with planned changes.
pub(super) struct InTurn<'a> {
    /// What was done to a prompt, such as "rolled back".
    pub(super) did: &'a str,
    pub(super) release: &'a ReleaseArgs,
    pub(super) store: &'a Store,
    pub(super) options: &'a Options,
    /// Whether one prompt was named: it fails then with its own exit code.
    pub(super) is_one: bool,
}

impl InTurn<'_> {
    /// Makes each change, says what is live then, and how it ended. A prompt that fails leaves the
    /// others as they are meant.
    ///
    /// # Errors
    /// The only one failed, or somebody pressed Ctrl-C.
    pub(super) fn run(
        &self,
        plans: Vec<Planned>,
        session: &mut Session,
        mut make: impl FnMut(Planned, &mut Session) -> Result<Change, Failure>,
    ) -> Result<Exit, Failure> {
        let mut changes: Vec<Change> = Vec::new();
        let mut failed = false;
        let interrupt = ReleaseWatch::new(self.store);
        let mut rest: Vec<PromptName> = plans.iter().map(|it| it.change().name.clone()).collect();
        rest.reverse();
        for planned in plans {
            if interrupt.came() {
                break;
            }
            match make(planned, session) {
                Ok(change) => changes.push(change),
                // A git that was stopped says nothing worth telling.
                Err(_) if interrupt.came() => break,
                Err(failure) if self.is_one => return Err(failure),
                // The others are no worse for it.
                Err(failure) => {
                    session.ui.failure(&failure);
                    failed = true;
                }
            }
            rest.pop();
        }
        if self.release.format.is_json() {
            print_changes(&changes, true, self.release.dry_run, self.store, session);
        }
        say_live(&changes, self.release, self.store, session);
        if !self.release.dry_run {
            say_pending(&changes, self.store, self.options, session);
        }
        if !rest.is_empty() {
            let done = match changes.as_slice() {
                [] => format!("nothing was {}", self.did),
                some => format!("{} {}", listed(some.iter().map(|it| &it.name)), self.did),
            };
            let rest: Vec<&PromptName> = rest.iter().collect();
            return Err(interrupt.stopped(&done, &rest, self.store));
        }
        Ok(if failed { Exit::Verdict } else { Exit::Done })
    }

    /// Says one change, where a person reads along.
    pub(super) fn tell(&self, change: &Change, session: &mut Session) {
        if !self.release.format.is_json() {
            let one = std::slice::from_ref(change);
            print_changes(one, false, self.release.dry_run, self.store, session);
        }
    }
}
