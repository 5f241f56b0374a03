//! A repository, to look at how it is set up here.

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

/// Whoever has the set-up can ask the releases, the prompts and the repository.
impl Deref for Setup<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store
    }
}
