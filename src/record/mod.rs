//! The execution log: one JSON object a line, only ever appended to.
//!
//! [`entry`] says what a line holds, [`log`] appends and reads, [`privacy`] keeps out of the log
//! what shall not be in it. Nothing here knows git, the API or the terminal.

pub mod entry;
pub mod filter;
pub mod log;
pub mod privacy;
