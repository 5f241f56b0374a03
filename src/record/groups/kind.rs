//! What of an execution decides how it counts.

/// What of an execution decides how what became of it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::record) struct Kind {
    pub(in crate::record) is_priced: bool,
    /// Whether its status is ok, so that an outcome of it can come.
    pub(in crate::record) is_ok: bool,
}
