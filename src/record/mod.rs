//! The execution log: one JSON object a line, only ever appended to.
//!
//! [`entry`] says what a line holds, [`log`] appends and reads, [`possible`] says which figures there can be, [`privacy`] keeps out of the log
//! what shall not be in it, [`archive`] keeps it small, [`mend`] sets torn lines apart, [`export`] writes it for other programs,
//! [`known`] appends what is not there yet, [`outcome_rows`] reads what others tell, [`backfill`] finds whose it is, [`groups`] makes figures of it, [`compare`] sets two versions side by side, [`costs`] says where the money goes. Nothing here knows git, the API or the terminal.

pub mod archive;
pub mod backfill;
mod brief;
pub mod compare;
pub mod costs;
pub mod entry;
pub mod export;
mod fields;
pub mod filter;
pub mod groups;
pub mod history;
pub mod id;
pub mod known;
pub mod log;
pub mod mend;
pub mod outcome_rows;
mod outcomes;
pub mod possible;
pub mod privacy;
mod prune;
mod regular;
