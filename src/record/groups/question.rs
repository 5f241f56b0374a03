//! What is asked of logs.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::dimension::{Dimension, Releases};
use crate::record::filter::Filter;

/// What is asked of the logs.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which executions.
    pub filter: Filter,
    /// What each group has in common: up to two.
    pub by: Vec<Dimension>,
    /// JSON pointers into the answers.
    pub values: Vec<String>,
    /// The label of an outcome that is a win.
    pub win: String,
    /// Whether each group knows the models, environments and labels of its executions.
    pub with_mix: bool,
    /// Whether each group knows where its money went.
    pub with_costs: bool,
    /// Whose days and hours count.
    pub zone: TimeZone,
    /// The releases of prompts, where groups go by them.
    pub releases: Releases,
    /// Whether past sums do not count, since they may have come with the repository.
    pub without_past: bool,
    /// The time that counts as now: what is dated later is counted.
    pub now: Timestamp,
}
