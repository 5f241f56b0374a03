//! Counts of what is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::state::State;

/// A counter that goes down again when this is dropped.
pub(super) struct CountGuard(Arc<State>, fn(&State) -> &AtomicUsize);

impl CountGuard {
    pub(super) fn new(state: &Arc<State>, counter: fn(&State) -> &AtomicUsize) -> Self {
        counter(state).fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(state), counter)
    }
}

impl Drop for CountGuard {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::Relaxed);
    }
}
