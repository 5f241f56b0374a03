//! What a report is made of.

use super::super::budgets::Budget;
use super::steps::Steps;
use crate::record::costs::Costs;
use crate::record::groups::Groups;
use crate::releases::{Evidence, Release};

/// All that a page is made of.
pub(super) struct Found {
    pub(super) versions: Groups,
    pub(super) over_time: Groups,
    /// By step and model.
    pub(super) by_model: Groups,
    pub(super) steps: Steps,
    pub(super) costs: Costs,
    pub(super) releases: Vec<Release>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) budgets: Vec<Budget>,
    /// The one whose releases are shown; none where those of all are.
    pub(super) environment: Option<String>,
}
