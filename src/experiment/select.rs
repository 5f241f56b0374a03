//! Choosing among cases.

use super::case::{Case, Suite};
use crate::prompt::name::nearest;

/// Which cases are meant: all, unless ids or tags are named.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Ids, or unique beginnings of ids.
    pub cases: Vec<String>,
    /// Tags: a case with one of them is meant.
    pub tags: Vec<String>,
}

/// A case or a tag was named that the suite does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchCase {
    /// No case has this id.
    #[error("there is no case `{id}`")]
    Id {
        id: String,
        /// The nearest that there is.
        near: Option<String>,
    },
    /// Several ids begin so.
    #[error("several cases begin with `{id}`: {}", .found.join(", "))]
    Ambiguous {
        /// The beginning.
        id: String,
        /// Some of the ids.
        found: Vec<String>,
    },
    /// No case has this tag.
    #[error("no case has the tag `{tag}`")]
    Tag {
        tag: String,
        /// The nearest that there is.
        near: Option<String>,
    },
}

impl Selection {
    /// Whether all cases are meant.
    pub fn is_all(&self) -> bool {
        self.cases.is_empty() && self.tags.is_empty()
    }

    /// The numbers of the cases that are meant, in the order of the suite. With ids and tags, a case
    /// has to be named by both.
    ///
    /// # Errors
    /// An id or a tag that the suite does not have: asking for nothing must not look like passing.
    pub fn of(&self, suite: &Suite) -> Result<Vec<usize>, NoSuchCase> {
        let ids = self.ids(suite)?;
        for tag in &self.tags {
            let mut tags = suite.cases.iter().flat_map(|case| &case.tags);
            if !tags.clone().any(|known| known == tag) {
                let near = nearest(tag, tags.by_ref().map(String::as_str));
                return Err(NoSuchCase::Tag {
                    tag: tag.clone(),
                    near: near.map(str::to_owned),
                });
            }
        }
        let is_meant = |case: &Case| {
            let by_id = ids.is_empty() || ids.contains(&case.id.as_str());
            let by_tag = self.tags.is_empty() || case.tags.iter().any(|it| self.tags.contains(it));
            by_id && by_tag
        };
        let numbered = suite.cases.iter().enumerate();
        let meant = numbered.filter(|(_, case)| is_meant(case));
        Ok(meant.map(|(index, _)| index).collect())
    }

    /// The whole ids that are meant.
    fn ids<'s>(&self, suite: &'s Suite) -> Result<Vec<&'s str>, NoSuchCase> {
        const SHOWN: usize = 5;
        let known = || suite.cases.iter().map(|case| case.id.as_str());
        let find = |id: &String| {
            if let Some(whole) = known().find(|known| known == id) {
                return Ok(whole);
            }
            let mut begun =
                known().filter(|known| !id.is_empty() && known.starts_with(id.as_str()));
            match (begun.next(), begun.next()) {
                (Some(one), None) => Ok(one),
                (Some(first), Some(second)) => Err(NoSuchCase::Ambiguous {
                    id: id.clone(),
                    found: [first, second]
                        .into_iter()
                        .chain(begun)
                        .take(SHOWN)
                        .map(str::to_owned)
                        .collect(),
                }),
                (None, _) => Err(NoSuchCase::Id {
                    id: id.clone(),
                    near: nearest(id, known()).map(str::to_owned),
                }),
            }
        };
        self.cases.iter().map(find).collect()
    }
}
