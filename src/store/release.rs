//! Releases: what was live where, what is, and what a rollback returns to.

use std::collections::BTreeMap;

use git2::Oid;
use jiff::Timestamp;

use super::Store;
use super::refs::Space;
use super::tag::{Action, TagName, Trailers, parse_number, words};
use crate::error::Failure;
use crate::prompt::code;
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

/// A version tag as it was found.
pub(super) struct VersionTag {
    pub(super) object: Oid,
    pub(super) commit: Oid,
    pub(super) trailers: Trailers,
}

struct TagObject {
    commit: Oid,
    trailers: Trailers,
    by: String,
    time: Timestamp,
    message: String,
}

impl Store {
    fn read_tag(&self, object: Oid, tag: &TagName) -> Result<TagObject, Failure> {
        let full = format!("{}{tag}", self.settings.prefix);
        let found = self.repo.find_tag(object).map_err(|_| {
            Failure::new(
                code::BAD_TAG,
                format!("the tag {full} is not annotated: promptctl did not make it"),
            )
            .hint(format!(
                "look at it with git show {full}, then remove it: git tag -d {full}"
            ))
        })?;
        let message = found.message().ok().flatten().unwrap_or_default();
        let bad = |what: &str| {
            Failure::new(code::BAD_TAG, format!("the tag {full} {what}")).hint(format!(
                "look at it with git show {full}; promptctl doctor tells what is wrong"
            ))
        };
        let trailers = Trailers::parse(message)
            .ok_or_else(|| bad("has no trailers: promptctl did not make it"))?;
        let fits = match (tag, &trailers.release) {
            (TagName::Version { name, version }, None) => {
                *name == trailers.prompt && *version == trailers.version
            }
            (
                TagName::Release {
                    name, environment, ..
                },
                Some(release),
            ) => *name == trailers.prompt && *environment == release.environment,
            _ => false,
        };
        if !fits {
            return Err(bad(
                "names another prompt, version or environment in its message",
            ));
        }
        let commit = found
            .target()
            .and_then(|target| target.peel_to_commit())
            .map_err(|_| {
                Failure::new(
                    code::SHALLOW,
                    format!("the commit of the tag {full} is not in this clone"),
                )
                .hint("promptctl fetch brings it")
            })?
            .id();
        let (by, time) = found
            .tagger()
            .map_or((String::new(), Timestamp::UNIX_EPOCH), |tagger| {
                (
                    tagger.name().unwrap_or_default().to_owned(),
                    Timestamp::from_second(tagger.when().seconds())
                        .unwrap_or(Timestamp::UNIX_EPOCH),
                )
            });
        Ok(TagObject {
            commit,
            trailers,
            by,
            time,
            message: words(message).to_owned(),
        })
    }

    /// The tag of a version: where the remote confirmed one that one, else this clone's own.
    pub(super) fn version_tag(&self, tag: &TagName) -> Result<Option<VersionTag>, Failure> {
        let spaces = [self.true_space(), self.local_space()];
        let object = spaces
            .iter()
            .find_map(|space| self.ref_target(&space.reference(tag)));
        let Some(object) = object else {
            return Ok(None);
        };
        let read = self.read_tag(object, tag)?;
        Ok(Some(VersionTag {
            object,
            commit: read.commit,
            trailers: read.trailers,
        }))
    }

    /// The versions of a prompt that have a tag, each with whether the remote confirmed it.
    pub(super) fn tagged_versions(
        &self,
        name: &PromptName,
    ) -> Result<BTreeMap<Version, bool>, Failure> {
        let mut versions = BTreeMap::new();
        let confirmed = self.true_space();
        for (space, is_confirmed) in [
            (self.local_space(), self.local_space() == confirmed),
            (confirmed, true),
        ] {
            for found in self.refs_below(&format!("{}{name}/", space.base))? {
                if let Ok(version) = found.rest.parse::<Version>() {
                    versions.insert(version, is_confirmed);
                }
            }
        }
        Ok(versions)
    }

    /// The highest number that `space` holds for a prompt in an environment, checked to have no gap.
    fn newest_number(
        &self,
        space: &Space,
        name: &PromptName,
        environment: &Environment,
    ) -> Result<Option<(u32, Oid)>, Failure> {
        let below = format!("{}{name}/{environment}/", space.base);
        let mut numbers: Vec<(u32, Oid)> = self
            .refs_below(&below)?
            .into_iter()
            .filter_map(|found| Some((parse_number(&found.rest)?, found.id)))
            .collect();
        numbers.sort_unstable();
        if let Some(missing) = first_gap(numbers.iter().map(|(number, _)| *number)) {
            return Err(self.gap(name, environment, missing));
        }
        Ok(numbers.last().copied())
    }

    fn gap(&self, name: &PromptName, environment: &Environment, missing: u32) -> Failure {
        let tag = format!("{}{name}/{environment}/{missing}", self.settings.prefix);
        let failure = Failure::new(
            code::RELEASE_GAP,
            format!(
                "release {missing} of {name} in {environment} is missing: the tag {tag} was deleted or not fetched"
            ),
        );
        match &self.settings.remote {
            Some(remote) => failure
                .hint("promptctl fetch brings the tags that the remote has")
                .hint(format!("a clone that still has it can put it back: git push {remote} refs/tags/{tag}")),
            None => failure.hint("promptctl doctor --fix numbers nothing anew: restore the tag from a clone that has it"),
        }
    }

    /// What an environment says about a prompt, read from its newest release alone.
    ///
    /// # Errors
    /// Its tags are not sound.
    pub fn state(&self, name: &PromptName, environment: &Environment) -> Result<State, Failure> {
        let space = self.true_space();
        match self.newest_number(&space, name, environment)? {
            Some((number, object)) => self.state_of(name, environment, number, object),
            None if self.knows_releases()? => Ok(State::Never),
            None => Ok(State::NotFetched),
        }
    }

    /// Whether an empty answer means that there is nothing, rather than that nothing was fetched:
    /// a clone brings all tags unless it is shallow or was told not to.
    pub(super) fn knows_releases(&self) -> Result<bool, Failure> {
        if self.settings.remote.is_none() || self.has_mirror() {
            return Ok(true);
        }
        let local = self.local_space();
        if !self.refs_below(&local.base)?.is_empty() {
            return Ok(true);
        }
        let remote = self.settings.remote.as_deref().unwrap_or_default();
        let without_tags = self
            .config_value(&format!("remote.{remote}.tagopt"))
            .as_deref()
            == Some("--no-tags");
        let was_cloned = !self
            .refs_below(&format!("refs/remotes/{remote}/"))?
            .is_empty();
        Ok(was_cloned && !without_tags && !self.is_shallow())
    }

    fn state_of(
        &self,
        name: &PromptName,
        environment: &Environment,
        number: u32,
        object: Oid,
    ) -> Result<State, Failure> {
        let release = self.release(name, environment, number, object, false)?;
        if release.action == Action::Unpublish {
            return Ok(State::Unpublished {
                by: release.by,
                number,
                time: release.time,
            });
        }
        self.check_against_version(&release)?;
        Ok(State::Live(Active {
            number,
            version: release.version,
            digest: release.digest,
            commit: release.commit,
            by: release.by,
            time: release.time,
        }))
    }

    fn check_against_version(&self, release: &Release) -> Result<(), Failure> {
        let tag = TagName::Version {
            name: release.name.clone(),
            version: release.version,
        };
        let wrong = |what: String| {
            Failure::new(
                code::RELEASE_MISMATCH,
                format!(
                    "release {} of {} in {} {what}",
                    release.number, release.name, release.environment
                ),
            )
            .hint("promptctl fetch brings the tags that the remote has; promptctl doctor tells what is wrong")
        };
        let Some(found) = self.ref_target(&self.true_space().reference(&tag)) else {
            return Err(wrong(format!(
                "names {}, which has no tag",
                release.version
            )));
        };
        let version = self.read_tag(found, &tag)?;
        if version.commit.to_string() != release.commit || version.trailers.digest != release.digest
        {
            return Err(wrong(format!(
                "disagrees with the tag of {}",
                release.version
            )));
        }
        Ok(())
    }

    fn release(
        &self,
        name: &PromptName,
        environment: &Environment,
        number: u32,
        object: Oid,
        pending: bool,
    ) -> Result<Release, Failure> {
        let tag = TagName::Release {
            name: name.clone(),
            environment: environment.clone(),
            number,
        };
        let read = self.read_tag(object, &tag)?;
        let (action, under) = read
            .trailers
            .release
            .map_or((Action::Publish, None), |release| {
                (release.action, release.under)
            });
        Ok(Release {
            name: name.clone(),
            environment: environment.clone(),
            number,
            action,
            version: read.trailers.version,
            digest: read.trailers.digest,
            under,
            commit: read.commit.to_string(),
            by: read.by,
            time: read.time,
            message: read.message,
            pending,
        })
    }

    /// All releases of a prompt in an environment.
    ///
    /// # Errors
    /// Its tags are not sound.
    pub fn releases(
        &self,
        name: &PromptName,
        environment: &Environment,
    ) -> Result<Releases, Failure> {
        let space = self.true_space();
        let below = format!("{name}/{environment}/");
        let mut entries = self.release_row(&space, name, environment, &below, false)?;
        if let Some(missing) = first_gap(entries.iter().map(|entry| entry.number)) {
            return Err(self.gap(name, environment, missing));
        }
        let local = self.local_space();
        if local != space {
            let last = entries.last().map_or(0, |entry| entry.number);
            let own = self.release_row(&local, name, environment, &below, true)?;
            entries.extend(own.into_iter().filter(|entry| entry.number > last));
        }
        Ok(Releases { entries })
    }

    fn release_row(
        &self,
        space: &Space,
        name: &PromptName,
        environment: &Environment,
        below: &str,
        pending: bool,
    ) -> Result<Vec<Release>, Failure> {
        let mut row: Vec<(u32, Oid)> = self
            .refs_below(&format!("{}{below}", space.base))?
            .into_iter()
            .filter_map(|found| Some((parse_number(&found.rest)?, found.id)))
            .collect();
        row.sort_unstable();
        row.into_iter()
            .map(|(number, object)| self.release(name, environment, number, object, pending))
            .collect()
    }

    /// The environments in which a prompt was ever released, and the configured ones.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn environments_of(&self, name: &PromptName) -> Result<Vec<Environment>, Failure> {
        let mut found = self.settings.environments.clone();
        for space in [self.true_space(), self.local_space()] {
            for tag in self.refs_below(&format!("{}{name}/", space.base))? {
                if let Some((environment, number)) = tag.rest.rsplit_once('/')
                    && parse_number(number).is_some()
                    && let Ok(environment) = environment.parse()
                    && !found.contains(&environment)
                {
                    found.push(environment);
                }
            }
        }
        Ok(found)
    }

    /// What is live of every prompt in every environment, from one pass over the tags.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn overview(&self) -> Result<Overview, Failure> {
        let mut rows: BTreeMap<(PromptName, Environment), Vec<(u32, Oid)>> = BTreeMap::new();
        let mut overview = Overview::default();
        let space = self.true_space();
        for found in self.refs_below(&space.base)? {
            match TagName::parse(&found.rest) {
                Some(TagName::Release {
                    name,
                    environment,
                    number,
                }) => rows
                    .entry((name, environment))
                    .or_default()
                    .push((number, found.id)),
                Some(TagName::Version { name, version }) => {
                    overview.published.entry(name).or_default().push(version);
                }
                None => {}
            }
        }
        for versions in overview.published.values_mut() {
            versions.sort_unstable();
        }
        for ((name, environment), mut numbers) in rows {
            numbers.sort_unstable();
            let state = match first_gap(numbers.iter().map(|(number, _)| *number)) {
                Some(missing) => Err(self.gap(&name, &environment, missing)),
                None => match numbers.last() {
                    Some((number, object)) => self.state_of(&name, &environment, *number, *object),
                    None => Ok(State::Never),
                },
            };
            match state {
                Ok(state) => {
                    overview
                        .states
                        .entry(name)
                        .or_default()
                        .insert(environment, state);
                }
                Err(failure) => overview.failures.push(failure),
            }
        }
        Ok(overview)
    }
}

/// What is live of every prompt.
#[derive(Debug, Default)]
pub struct Overview {
    /// By prompt and environment; only where something was ever released.
    pub states: BTreeMap<PromptName, BTreeMap<Environment, State>>,
    /// The versions of each prompt that have a tag.
    pub published: BTreeMap<PromptName, Vec<Version>>,
    /// Prompts whose tags are not sound.
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

/// The first number missing from a sorted row that should count 1, 2, 3.
fn first_gap(numbers: impl Iterator<Item = u32>) -> Option<u32> {
    (1..)
        .zip(numbers)
        .find(|(wanted, number)| wanted != number)
        .map(|(wanted, _)| wanted)
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

    #[test]
    fn a_gap_is_seen_wherever_it_is() {
        assert_eq!(first_gap([1, 2, 3].into_iter()), None);
        assert_eq!(first_gap([2, 3].into_iter()), Some(1));
        assert_eq!(first_gap([1, 2, 4, 5].into_iter()), Some(3));
    }
}
