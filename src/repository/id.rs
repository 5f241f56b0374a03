//! The names of objects.

use std::fmt;

use git2::Oid;

/// The name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(pub(super) Oid);

impl ObjectId {
    /// The name that no object has.
    pub(crate) const NONE: Self = Self(Oid::ZERO_SHA1);

    /// Reads the 40 digits of a name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_whole = text.len() == 40;
        is_whole.then(|| Oid::from_str(text).ok().map(Self))?
    }

    /// The name that these 20 bytes are.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Oid::from_bytes(bytes).ok().map(Self)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
