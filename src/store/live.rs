//! What is live, read from tags, each checked before it is believed.

use std::collections::BTreeMap;

use git2::{ObjectType, Oid};
use jiff::Timestamp;

use super::refs::Space;
use super::release::{Active, Release, Releases, State};
use super::tag::{Action, TagContent, TagName, Trailers, parse_number, words};
use super::{Loaded, Store};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;

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
        let bad = |what: &str| {
            let full = format!("{}{tag}", self.settings.prefix);
            Failure::new(code::BAD_TAG, format!("the tag {full} {what}")).hint(format!(
                "look at it with git show {full}, then remove it: git tag -d {full}"
            ))
        };
        let objects = self.repo.odb();
        let object = objects
            .as_ref()
            .ok()
            .and_then(|objects| objects.read(object).ok())
            .filter(|object| object.kind() == ObjectType::Tag)
            .ok_or_else(|| bad("is not annotated: promptctl did not make it"))?;
        let content = TagContent::parse(object.data())
            .ok_or_else(|| bad("is not text: promptctl did not make it"))?;
        let trailers = Trailers::parse(content.message)
            .ok_or_else(|| bad("has no trailers: promptctl did not make it"))?;
        // A release stays what it was when somebody gives its tag another number.
        if content.name.strip_prefix(&self.settings.prefix) != Some(&tag.to_string()) {
            return Err(bad(&format!("was made as {}", content.name)));
        }
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
        let commit = self.commit_of(&content).ok_or_else(|| {
            let full = format!("{}{tag}", self.settings.prefix);
            Failure::new(
                code::SHALLOW,
                format!("the commit of the tag {full} is not in this clone"),
            )
            .hint("promptctl fetch brings it")
        })?;
        Ok(TagObject {
            commit,
            trailers,
            by: content.by.to_owned(),
            time: Timestamp::from_second(content.seconds).unwrap_or(Timestamp::UNIX_EPOCH),
            message: words(content.message).to_owned(),
        })
    }

    /// The commit that a tag names, if this clone holds it.
    fn commit_of(&self, tag: &TagContent<'_>) -> Option<Oid> {
        let target = Oid::from_str(tag.target).ok()?;
        if tag.target_kind == "commit" {
            // The tag says what it names, so that the commit itself need not be read.
            return self.repo.odb().ok()?.exists(target).then_some(target);
        }
        let object = self.repo.find_object(target, None).ok()?;
        object.peel_to_commit().ok().map(|commit| commit.id())
    }

    /// What the message of a tag says to machines.
    pub(super) fn tag_trailers(&self, object: Oid, tag: &TagName) -> Result<Trailers, Failure> {
        self.read_tag(object, tag).map(|read| read.trailers)
    }

    /// The commit that a tag names, and what its message says to machines.
    pub(super) fn tag_target(
        &self,
        object: Oid,
        tag: &TagName,
    ) -> Result<(Oid, Trailers), Failure> {
        self.read_tag(object, tag)
            .map(|read| (read.commit, read.trailers))
    }

    /// Whether the number of a prompt's content was published with another content.
    pub fn is_taken(&self, loaded: &Loaded) -> bool {
        let tag = TagName::Version {
            name: loaded.name.clone(),
            version: loaded.version(),
        };
        self.version_tag(&tag)
            .is_ok_and(|found| found.is_some_and(|found| found.trailers.digest != *loaded.digest()))
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

    pub(super) fn gap(
        &self,
        name: &PromptName,
        environment: &Environment,
        missing: u32,
    ) -> Failure {
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
                .hint(format!(
                    "a clone that still has it can put it back: git push {remote} refs/tags/{tag}"
                )),
            None => failure
                .hint(
                    "git fsck --no-reflogs --unreachable lists the deleted tags that git still has",
                )
                .hint(format!("git update-ref refs/tags/{tag} ID puts one back")),
        }
    }

    /// What an environment says about a prompt, read from its newest release alone.
    ///
    /// # Errors
    /// Its tags are not sound.
    pub fn state(&self, name: &PromptName, environment: &Environment) -> Result<State, Failure> {
        if !self.knows_releases()? {
            return Ok(State::NotFetched);
        }
        match self.newest_number(&self.true_space(), name, environment)? {
            Some(newest) => self.state_of(name, environment, newest, |tag| {
                self.ref_target(&self.true_space().reference(tag))
            }),
            None => Ok(State::Never),
        }
    }

    /// Whether this clone can know what is live. A clone that was told to bring only a part holds
    /// only the tags that point into that part, which says nothing about the others.
    pub(super) fn knows_releases(&self) -> Result<bool, Failure> {
        let Some(remote) = self.settings.remote.as_deref() else {
            return Ok(true);
        };
        // What this clone has may be of any other remote then.
        if self.require_known_remote().is_err() {
            return Ok(false);
        }
        if self.has_mirror() {
            return Ok(true);
        }
        if self.is_shallow() || self.fetches_only_a_part(remote) {
            return Ok(false);
        }
        let was_cloned = self.any_ref(&format!("refs/remotes/{remote}/"))?;
        Ok(was_cloned || self.any_ref(&self.local_space().base)?)
    }

    /// Whether the clone was told to bring no tags, or a single branch.
    pub(super) fn fetches_only_a_part(&self, remote: &str) -> bool {
        let without_tags = self
            .config_value(&format!("remote.{remote}.tagopt"))
            .is_some_and(|value| value == "--no-tags");
        let refspecs = self.config_values(&format!("remote.{remote}.fetch"));
        let is_whole =
            |refspec: &String| refspec.contains("refs/heads/*:") || refspec.contains("refs/*:");
        // A bare clone has no such setting, and all tags.
        without_tags || (!refspecs.is_empty() && !refspecs.iter().any(is_whole))
    }

    /// What the newest release of a prompt in an environment means, given by its number and
    /// object; `version_tag` finds the object of the tag that must agree with it.
    pub(super) fn state_of(
        &self,
        name: &PromptName,
        environment: &Environment,
        (number, object): (u32, Oid),
        version_tag: impl FnOnce(&TagName) -> Option<Oid>,
    ) -> Result<State, Failure> {
        let release = self.release(name, environment, number, object, false)?;
        if release.action == Action::Unpublish {
            return Ok(State::Unpublished {
                by: release.by,
                number,
                time: release.time,
            });
        }
        let tag = version_name(&release);
        self.check_against(&release, &tag, version_tag(&tag))?;
        Ok(State::Live(Active {
            number,
            version: release.version,
            digest: release.digest,
            commit: release.commit,
            by: release.by,
            time: release.time,
        }))
    }

    /// Fails where a release disagrees with the tag of its version.
    pub(super) fn check_against_version(&self, release: &Release) -> Result<(), Failure> {
        let tag = version_name(release);
        // A pending release may stand on a version that is pending too.
        let space = if release.pending {
            self.local_space()
        } else {
            self.true_space()
        };
        let found = self.ref_target(&space.reference(&tag));
        let found = found.or_else(|| self.ref_target(&self.true_space().reference(&tag)));
        self.check_against(release, &tag, found)
    }

    fn check_against(
        &self,
        release: &Release,
        tag: &TagName,
        found: Option<Oid>,
    ) -> Result<(), Failure> {
        let wrong = |what: String| {
            Failure::new(
                code::RELEASE_MISMATCH,
                format!(
                    "release {} of {} in {} {what}",
                    release.number, release.name, release.environment
                ),
            )
            .hint(format!(
                "promptctl publish {}@vN --env {} makes a sound release",
                release.name, release.environment
            ))
        };
        let Some(found) = found else {
            return Err(wrong(format!(
                "names {}, which has no tag",
                release.version
            )));
        };
        let version = self.read_tag(found, tag)?;
        if version.commit.to_string() != release.commit || version.trailers.digest != release.digest
        {
            return Err(wrong(format!(
                "disagrees with the tag of {}",
                release.version
            )));
        }
        Ok(())
    }

    pub(super) fn release(
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
        self.require_releases()?;
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
}

/// The tag of the version that a release names.
fn version_name(release: &Release) -> TagName {
    TagName::Version {
        name: release.name.clone(),
        version: release.version,
    }
}

/// The first number missing from a sorted row that should count 1, 2, 3.
pub(super) fn first_gap(numbers: impl Iterator<Item = u32>) -> Option<u32> {
    (1..)
        .zip(numbers)
        .find(|(wanted, number)| wanted != number)
        .map(|(wanted, _)| wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_seen_wherever_it_is() {
        assert_eq!(first_gap([1, 2, 3].into_iter()), None);
        assert_eq!(first_gap([2, 3].into_iter()), Some(1));
        assert_eq!(first_gap([1, 2, 4, 5].into_iter()), Some(3));
    }
}
