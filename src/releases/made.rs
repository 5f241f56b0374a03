//! The journal: the tags that this clone made, and what became of them at the remote.
//!
//! Only what stands here is pending: a tag that came from elsewhere, such as a fork's, is never sent.

use std::collections::BTreeMap;

use super::store::Store;
use super::tag::Tag;
use crate::error::Failure;
use crate::repository::{ObjectId, lines};

/// What stands in the place of the remote where there was none; no remote can be called so.
const NO_REMOTE: &str = "-";

/// What became of a tag that this clone made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendState {
    /// It waits to be sent.
    Made,
    /// It was sent, and nobody knows yet whether the remote took it.
    Sending,
    /// The remote has it.
    Confirmed,
    /// It will never be sent: somebody was faster, or the remote refused it.
    Lost,
}

impl SendState {
    const ALL: [Self; 4] = [Self::Made, Self::Sending, Self::Confirmed, Self::Lost];

    fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Sending => "sending",
            Self::Confirmed => "confirmed",
            Self::Lost => "lost",
        }
    }
}

/// The tags that this clone made for its remote: by the tag and its object.
pub(crate) type Made = BTreeMap<(Tag, ObjectId), SendState>;

/// A tag that this clone made and that the remote has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub tag: Tag,
    /// Whether it can never be sent, because somebody was faster.
    pub lost: bool,
    pub(crate) object: ObjectId,
}

impl Store {
    /// Writes down what became of tags. With a remote, this comes before the reference, or the push,
    /// that it is about. Without one, it says which tags may be sent to the remote that comes later.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub(crate) fn journal(&self, fate: SendState, tags: &[(Tag, ObjectId)]) -> Result<(), Failure> {
        let remote = self.settings.remote.as_deref().unwrap_or(NO_REMOTE);
        let line = |(tag, id): &(Tag, ObjectId)| format!("{} {id} {remote} {tag}\n", fate.as_str());
        if tags.is_empty() {
            return Ok(());
        }
        let lines: String = tags.iter().map(line).collect();
        self.remember(&[(self.memory().join("made"), lines)])
    }

    /// The tags that this clone made for its remote.
    pub(crate) fn made(&self) -> Made {
        let Some(remote) = self.settings.remote.as_deref() else {
            return Made::new();
        };
        // What cannot be read is as if it were not ours: nothing is sent then.
        let lines = lines(&self.memory().join("made")).unwrap_or_default();
        let others: Vec<String> = self
            .remote_names()
            .into_iter()
            .filter(|name| name != remote)
            .collect();
        read(&lines, &self.settings.prefix, |name| {
            // What was made for a remote that was renamed since is still ours.
            !others.iter().any(|other| other == name)
        })
    }
}

fn read(lines: &str, prefix: &str, is_own: impl Fn(&str) -> bool) -> Made {
    let mut made = Made::new();
    for line in lines.lines() {
        let mut fields = line.splitn(4, ' ');
        let fate = fields.next().unwrap_or_default();
        let fate = SendState::ALL.into_iter().find(|it| it.as_str() == fate);
        let id = fields.next().and_then(ObjectId::parse);
        let own = fields.next().is_some_and(&is_own);
        let tag = fields.next().and_then(|full| Tag::parse(prefix, full));
        if let (Some(fate), Some(id), true, Some(tag)) = (fate, id, own, tag) {
            made.insert((tag, id), fate);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_about_a_tag_counts() {
        let id = "1".repeat(40);
        let lines = format!(
            "made {id} origin prompts/a/v1\nsending {id} origin prompts/a/v1\nmade {id} fork prompts/a/v2\nsold {id} origin x\nmade y origin x\n"
        );
        let made = read(&lines, "prompts/", |remote| remote != "fork");
        let id = ObjectId::parse(&id).expect("an id");
        let tag = Tag::parse("prompts/", "prompts/a/v1").expect("a tag");
        assert_eq!(
            made.into_iter().collect::<Vec<_>>(),
            [((tag, id), SendState::Sending)]
        );
    }
}
