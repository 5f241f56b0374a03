//! The execution log: one JSON object a line, only ever appended to.
//!
//! [`entry`] says what a line holds, [`log`] appends and reads, [`privacy`] keeps out of the log
//! what shall not be in it, [`archive`] keeps it small, [`mend`] sets torn lines apart, [`export`] writes it for other programs,
//! [`feed`] reads what others tell. Nothing here knows git, the API or the terminal.

pub mod archive;
pub mod entry;
pub mod export;
pub mod feed;
pub mod filter;
pub mod log;
pub mod mend;
pub mod privacy;
