//! The version of a merged prompt.

use crate::prompt::digest::Digest;
use crate::prompt::version::Version;

/// How a side is numbered.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub(super) version: Option<Version>,
    /// Its `digest:` line.
    pub(super) digest: Option<String>,
    /// The digest of what it says; none for a side that is no valid prompt.
    pub(super) content: Option<Digest>,
}

impl Side {
    fn number(&self) -> Version {
        self.version.unwrap_or(Version::FIRST)
    }

    /// Whether its line fits its content.
    fn is_bumped(&self) -> bool {
        self.content
            .as_ref()
            .is_some_and(|content| self.digest.as_deref() == Some(content.short()))
    }
}

/// The `version:` and `digest:` lines of the merged file; none where it has no such line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) version: Option<Version>,
    pub(super) digest: Option<String>,
}

impl Number {
    /// None where no number is left. The number of the merged content, whose digest is not known while there are conflicts.
    pub(super) fn of(
        base: &Side,
        ours: &Side,
        theirs: &Side,
        merged: Option<&Digest>,
        published: Option<Version>,
    ) -> Option<Self> {
        let is_of = |side: &Side| merged.is_some() && side.content.as_ref() == merged;
        // A number that the other side gave meanwhile may stand for other content there.
        let is_free = |side: &Side, other: &Side| {
            side.number() > other.number()
                || base.version.is_some() && other.version == base.version
                || other.version.is_none() && base.version.is_none() && base.content.is_some()
        };
        Some(match (is_of(ours), is_of(theirs)) {
            (true, true) => {
                let rank = |side: &Side| (side.number(), side.is_bumped(), side.version.is_some());
                Self::kept(if rank(theirs) > rank(ours) {
                    theirs
                } else {
                    ours
                })
            }
            (true, false) if is_free(ours, theirs) => Self::kept(ours),
            (false, true) if is_free(theirs, ours) => Self::kept(theirs),
            _ => return Self::next(ours, theirs, merged, published),
        })
    }

    /// The side's own lines, as they stand: a line that does not fit must still be noticed.
    fn kept(side: &Side) -> Self {
        Self {
            version: side.version,
            digest: side.digest.clone(),
        }
    }

    fn next(
        ours: &Side,
        theirs: &Side,
        merged: Option<&Digest>,
        published: Option<Version>,
    ) -> Option<Self> {
        let is_numbered = [ours, theirs]
            .iter()
            .any(|side| side.version.is_some() || side.digest.is_some());
        if !is_numbered {
            return Some(Self {
                version: None,
                digest: None,
            });
        }
        let own = ours.number().max(theirs.number());
        let next = Version::free(Some(own), &published.into_iter().collect())?;
        // Until the conflicts are resolved the line fits nothing, so that it cannot be forgotten.
        let stale = || ours.digest.clone().or_else(|| theirs.digest.clone());
        Some(Self {
            version: Some(next),
            digest: merged.map_or_else(stale, |digest| Some(digest.short().to_owned())),
        })
    }
}
