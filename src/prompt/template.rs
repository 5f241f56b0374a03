//! Templates: Handlebars, strict about missing variables.

use std::collections::BTreeMap;

/// Partials by name.
pub type Partials = BTreeMap<String, Partial>;

/// A shared template fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    /// Its text.
    pub text: String,
    /// The file that holds it.
    pub path: String,
}
