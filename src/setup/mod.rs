//! Setting a repository up, and finding what is wrong with it: `init`, git's hooks and drivers, and
//! `doctor`.

mod doctor;
mod drivers;
mod hooks;
mod init;

pub use drivers::ATTRIBUTES;
pub use hooks::PlannedHook;
pub use init::{Adoptable, init_repository, is_in_repository};

use std::ops::Deref;

use crate::releases::Store;

/// How a repository is set up here, and what is wrong with it.
pub struct Setup<'a> {
    store: &'a Store,
}

impl<'a> Setup<'a> {
    /// Of this repository.
    pub fn of(store: &'a Store) -> Self {
        Self { store }
    }
}

/// What releases, prompts and repository say of themselves is at hand.
impl Deref for Setup<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store
    }
}
