//! Calls of git that a publish in one clone ends with, started before they are needed.
//!
//! Starting git takes as long as deciding about a release does, and the two can go on at once. What
//! was started in vain ends by itself: without a word on its standard input it changes nothing.

use super::handle::Repository;
use super::started::{Early, Started};

impl Repository {
    /// Starts what a release in this clone alone will need of git.
    pub fn get_ready_to_release(&self) {
        let early = Early {
            settings: Started::new(self.git().args(["var", "-l"])),
            references: Started::new(self.git().args(["update-ref", "--stdin"])),
        };
        *self.early.borrow_mut() = Some(early);
    }

    /// Whether such calls were started.
    pub(crate) fn is_ready_to_release(&self) -> bool {
        self.early.borrow().is_some()
    }

    /// What `git var -l` says, from the call that was started or from one made now.
    pub(crate) fn settings_and_identity(&self) -> Option<String> {
        let started = (self.early.borrow_mut().as_mut()).and_then(|early| early.settings.take());
        match started.and_then(|started| started.finish(b"")) {
            Some(output) => Some(output),
            None => self.git().args(["var", "-l"]).read().ok(),
        }
    }

    /// Changes references by the call that was started. Returns whether it did; if not, nothing was
    /// changed, and another call says why.
    pub(crate) fn update_refs_early(&self, script: &str) -> bool {
        let started = (self.early.borrow_mut().as_mut()).and_then(|early| early.references.take());
        started.is_some_and(|started| started.finish(script.as_bytes()).is_some())
    }
}
