//! Releases: what was live where, what is, and what a rollback returns to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::tag::Action;
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
    pub number: u32,
    /// What the release did.
    pub action: Action,
    /// The version that it made live, or for an unpublish took out.
    pub version: Version,
    /// The digest of that version.
    pub digest: Digest,
    /// The release that a rollback returns to.
    pub under: Option<u32>,
    /// The id of the released version's commit.
    pub commit: String,
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

    /// The newest release that counts.
    pub fn newest(&self) -> Option<&Release> {
        self.confirmed().last()
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

/// What lies below the newest of `entries`, the topmost first: each a release that a rollback can return to.
pub(super) fn stack(entries: &[Release]) -> Vec<&Release> {
    let mut below = Vec::new();
    let mut next = entries.last().and_then(|top| top.under);
    while let Some(number) = next {
        let found = entries.iter().find(|entry| entry.number == number);
        // `Under` always names an earlier release; anything else would go round for ever.
        let Some(entry) = found.filter(|entry| {
            below
                .last()
                .is_none_or(|last: &&Release| last.number > entry.number)
        }) else {
            break;
        };
        below.push(entry);
        next = entry.under;
    }
    below
}

/// Whether the newest of `entries` is a rollback to what lay below, or such a one made again. One
/// that says so of another version would go past every rule.
pub(super) fn is_true_rollback(entries: &[Release]) -> bool {
    let Some((top, before)) = entries.split_last() else {
        return false;
    };
    let is_same = |entry: &Release| {
        entry.action != Action::Unpublish
            && entry.version == top.version
            && entry.digest == top.digest
            && entry.under == top.under
    };
    top.action == Action::Rollback
        && (stack(before).into_iter().any(is_same)
            || before.last().is_some_and(is_same) && is_true_rollback(before))
}

/// What is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// The release that made it so.
    pub number: u32,
    /// The version.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// The commit that holds it.
    pub commit: String,
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
        number: u32,
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

    fn release(number: u32, action: Action, version: u32, under: Option<u32>) -> Release {
        Release {
            name: "a".parse().expect("a name"),
            environment: Environment::production(),
            number,
            action,
            version: Version::new(version).expect("a version"),
            digest: Digest::parse(&"0".repeat(64)).expect("a digest"),
            under,
            commit: String::new(),
            by: String::new(),
            time: Timestamp::UNIX_EPOCH,
            message: String::new(),
            pending: false,
        }
    }

    fn below(entries: &[Release]) -> Vec<u32> {
        stack(entries)
            .iter()
            .map(|entry| entry.version.number())
            .collect()
    }

    #[test]
    fn a_second_rollback_goes_one_further_back_and_never_forward() {
        use Action::{Publish, Rollback};
        let mut list = vec![
            release(1, Publish, 1, None),
            release(2, Publish, 2, Some(1)),
            release(3, Publish, 3, Some(2)),
        ];
        assert_eq!(below(&list), [2, 1]);
        list.push(release(4, Rollback, 2, Some(1)));
        assert_eq!(below(&list), [1]);
        list.push(release(5, Rollback, 1, None));
        assert_eq!(below(&list), [0u32; 0]);
    }

    #[test]
    fn a_rollback_is_true_where_it_returns_to_what_lay_below() {
        use Action::{Publish, Rollback};
        let mut list = vec![
            release(1, Publish, 1, None),
            release(2, Publish, 2, Some(1)),
        ];
        assert!(!is_true_rollback(&list));
        list.push(release(3, Rollback, 1, None));
        assert!(is_true_rollback(&list));
        // Made again.
        list.push(release(4, Rollback, 1, None));
        assert!(is_true_rollback(&list));
        // Neither below, nor with that below it.
        for other in [
            release(5, Rollback, 3, None),
            release(5, Rollback, 1, Some(2)),
        ] {
            list.push(other);
            assert!(!is_true_rollback(&list));
            list.pop();
        }
    }

    #[test]
    fn an_under_that_points_forward_ends_the_stack() {
        let list = [
            release(1, Action::Publish, 1, Some(2)),
            release(2, Action::Publish, 2, Some(1)),
        ];
        assert_eq!(below(&list), [1]);
    }

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
        let releases = Releases { entries };
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
