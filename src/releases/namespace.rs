//! Where tags are read from, and what of the remote's a clone has.

use super::tag::TagName;
use crate::prompt::name::Environment;

/// Where tags are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagNamespace {
    /// What the names of its references begin with, such as `refs/tags/prompts/`.
    pub(crate) base: String,
}

impl TagNamespace {
    pub(crate) fn reference(&self, tag: &TagName) -> String {
        format!("{}{tag}", self.base)
    }
}

/// What of the remote's tags a clone has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mirror {
    /// Nothing: nobody can say what is live.
    None,
    /// What is live in these environments, and nothing else.
    Partial(Vec<Environment>),
    /// All of them, or there is no remote.
    Whole,
}
