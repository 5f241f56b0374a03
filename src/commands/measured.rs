//! What the commands that measure share: which executions they ask for, and how figures are named, shown
//! and accompanied.

pub(super) mod ask;
pub(super) mod figures;
pub(super) mod key;
pub(super) mod models;
pub(super) mod notes;
