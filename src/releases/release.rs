//! Releases: what was live where, what is, and what a rollback returns to.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::ObjectId;
use jiff::Timestamp;

use super::tag::{Action, Previous};
use super::warning::{Changed, ReleaseWarning};
use crate::error::Failure;
use crate::prompt::digest::Digest;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;

/// One entry of an environment's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The prompt.
    pub name: PromptName,
    /// Where it was released.
    pub environment: Environment,
    /// The release's number, from 1.
    pub number: u64,
    /// The object of its tag.
    pub(crate) object: ObjectId,
    /// What the release did.
    pub action: Action,
    /// The version that it made live, or for an unpublish took out.
    pub version: Version,
    /// The digest of that version.
    pub digest: Digest,
    /// The release that a rollback returns to.
    pub under: Option<u64>,
    /// The release that was active when this one was made, as it says.
    pub(crate) previous: Previous,
    /// The evidence that it names: its number and object.
    pub(crate) evidence: Option<(u64, ObjectId)>,
    /// The id of the released version's commit.
    pub commit: ObjectId,
    /// Who released it.
    pub by: String,
    /// When, by the clock of who released it. Order is the number, never the clock.
    pub time: Timestamp,
    /// Why, in the words of who released it.
    pub message: String,
    /// Whether the remote has not confirmed it.
    pub pending: bool,
}

impl Release {
    /// Whether somebody said why, rather than leaving the message to promptctl.
    pub fn has_own_message(&self) -> bool {
        self.message
            != self
                .action
                .words(&self.name, self.version, &self.environment)
    }
}

/// The releases of one prompt in one environment, in order of their numbers.
#[derive(Debug, Clone, Default)]
pub struct Releases {
    /// First those that count, then those that the remote has not confirmed.
    pub entries: Vec<Release>,
    /// What people must know about the row.
    pub notes: Vec<ReleaseWarning>,
    /// The highest number that was read, whether it counts or not.
    pub(crate) reach: u64,
    /// The numbers that lie too far above to be read.
    pub(crate) strays: Vec<u64>,
}

impl Releases {
    /// The releases that count.
    pub fn confirmed(&self) -> &[Release] {
        let count = self
            .entries
            .iter()
            .take_while(|entry| !entry.pending)
            .count();
        &self.entries[..count]
    }

    /// Whether this content was ever released here.
    pub(super) fn held(&self, version: Version, digest: &Digest) -> bool {
        let mut entries = self.confirmed().iter();
        entries.any(|entry| entry.version == version && entry.digest == *digest)
    }

    /// The newest release that counts.
    pub fn newest(&self) -> Option<&Release> {
        self.confirmed().last()
    }

    /// The first release that is dated ahead of `now`: from it on, nobody can say what was live when.
    pub fn dated_ahead(&self, now: Timestamp) -> Option<&Release> {
        self.confirmed().iter().find(|entry| entry.time > now)
    }

    /// The release that was the newest at `time`: release n takes effect at the latest time among 1…n.
    pub fn newest_at(&self, time: Timestamp) -> Option<&Release> {
        let mut effective = Timestamp::MIN;
        self.confirmed()
            .iter()
            .take_while(|entry| {
                effective = effective.max(entry.time);
                effective <= time
            })
            .last()
    }
}

/// What is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// The release that made it so.
    pub number: u64,
    pub version: Version,
    pub digest: Digest,
    /// The commit that holds it.
    pub commit: ObjectId,
    /// Who released it.
    pub by: String,
    /// When.
    pub time: Timestamp,
}

/// What an environment says about a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A version is live.
    Live(Active),
    /// It was taken out.
    Unpublished {
        /// Who took it out.
        by: String,
        /// The release that did.
        number: u64,
        /// When.
        time: Timestamp,
    },
    /// Nothing was ever released there.
    Never,
    /// The clone has not fetched the remote's tags.
    NotFetched,
}

/// What is live of every prompt.
#[derive(Debug, Default)]
pub struct Overview {
    /// By prompt and environment; only where something was ever released.
    pub states: BTreeMap<PromptName, BTreeMap<Environment, State>>,
    /// The versions of each prompt that have a tag.
    pub published: BTreeMap<PromptName, Vec<Version>>,
    /// Where tags are not sound, so that nobody can say what is live.
    pub unsound: BTreeSet<(PromptName, Environment)>,
    /// What is wrong there.
    pub failures: Vec<Failure>,
    /// What people must know about the rows that can be read.
    pub notes: Vec<(PromptName, Environment, ReleaseWarning)>,
    /// The tags that the remote moved or dropped after this clone saw them.
    pub changed: Vec<Changed>,
}

impl Overview {
    /// The live version of a prompt in each environment.
    pub fn live(&self, name: &PromptName) -> impl Iterator<Item = (&Environment, &Active)> {
        self.states
            .get(name)
            .into_iter()
            .flatten()
            .filter_map(|(environment, state)| match state {
                State::Live(active) => Some((environment, active)),
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::releases::row::tests::release;

    #[test]
    fn skewed_clocks_do_not_change_what_was_live() {
        let mut entries = vec![
            release(1, Action::Publish, 1, None),
            release(2, Action::Publish, 2, Some(1)),
            release(3, Action::Publish, 3, Some(2)),
        ];
        for (entry, second) in entries.iter_mut().zip([100, 50, 200]) {
            entry.time = Timestamp::from_second(second).expect("a time");
        }
        let releases = Releases {
            entries,
            ..Releases::default()
        };
        let at = |second| {
            releases
                .newest_at(Timestamp::from_second(second).expect("a time"))
                .map(|entry| entry.number)
        };
        assert_eq!(
            [at(60), at(100), at(199), at(200)],
            [None, Some(2), Some(2), Some(3)]
        );
    }
}
