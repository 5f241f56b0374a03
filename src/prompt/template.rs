//! Templates: Handlebars, strict about missing variables.

use std::collections::BTreeMap;

/// Partials by name.
pub type Partials = BTreeMap<String, Partial>;

/// A shared template fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    /// The template.
    pub text: String,
    /// The file, relative to the top of the repository.
    pub path: String,
}
