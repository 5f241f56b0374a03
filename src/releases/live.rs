//! What is live, read from tags, each checked before it is believed.

use std::collections::BTreeMap;

use super::made::SendState;
use super::namespace::Mirror;
use super::newest::Read;
use super::release::{Release, Releases, State};
use super::row::{self, ReadTag};
use super::seen::Moved;
use super::store::Store;
use super::tag::{EVIDENCE, TagName, parse_number};
use super::tag_object::Unread;
use super::warning::{Changed, ReleaseWarning};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::Next;
use crate::prompt::version::Version;
use crate::repository::ObjectId;

/// The tags of one prompt that count, and what is odd about them.
pub(crate) struct PromptTags<'a> {
    store: &'a Store,
    name: &'a PromptName,
    /// By what stands after the prefix.
    tags: BTreeMap<String, ObjectId>,
    /// What the remote moved or dropped.
    pub(crate) changed: Vec<Changed>,
}

impl Store {
    /// The tag of a version that counts, where it can be read; one that cannot be is as if it were
    /// not there.
    pub(crate) fn confirmed_version(
        &self,
        name: &PromptName,
        version: Version,
    ) -> Option<ObjectId> {
        self.prompt_tags(name).ok()?.version(version)
    }

    /// The versions of a prompt that have a tag, each with whether the remote confirmed it.
    pub(crate) fn tagged_versions(
        &self,
        name: &PromptName,
    ) -> Result<BTreeMap<Version, bool>, Failure> {
        let tags = self.prompt_tags(name)?;
        let mut versions = BTreeMap::new();
        for (tag, _) in self.pending_of(name, &tags) {
            if let TagName::Version { version, .. } = tag {
                versions.insert(version, false);
            }
        }
        versions.extend(tags.versions().map(|version| (version, true)));
        Ok(versions)
    }

    /// The tags of a prompt that count: what this clone saw first, where the remote says otherwise
    /// now. What is new is written down as seen.
    pub(crate) fn prompt_tags<'a>(
        &'a self,
        name: &'a PromptName,
    ) -> Result<PromptTags<'a>, Failure> {
        let now = self.prompt_refs(name)?;
        let compared = self.seen(name)?.compare(now);
        if !self.writes_nothing.get() && !compared.new.is_empty() {
            // A disk that cannot be written is no reason not to say what is live.
            drop(self.note_seen(&compared.new));
        }
        Ok(PromptTags {
            store: self,
            name,
            tags: compared.tags,
            changed: self.changes(compared.changed),
        })
    }

    /// What the remote moved or dropped, as facts.
    pub(crate) fn changes(&self, changed: Vec<Moved>) -> Vec<Changed> {
        let remote = self.settings.remote.as_deref().unwrap_or_default();
        changed
            .into_iter()
            .map(|(tag, first, now)| Changed {
                is_sound: TagName::parse(&tag).is_some_and(|name| {
                    !matches!(self.read_tag(first, &name), Err(Unread::InvalidTag(_)))
                }),
                remote: remote.to_owned(),
                tag: format!("{}{tag}", self.settings.prefix),
                first: first.to_string(),
                now: now.map(|now| now.to_string()),
            })
            .collect()
    }

    /// The tags of a prompt that this clone made and that wait to be sent, versions first.
    pub(crate) fn pending_of(
        &self,
        name: &PromptName,
        tags: &PromptTags<'_>,
    ) -> Vec<(TagName, ObjectId)> {
        let mut waiting: Vec<(TagName, ObjectId)> = self
            .made()
            .into_iter()
            .filter(|((tag, id), fate)| {
                matches!(fate, SendState::Made | SendState::Sending)
                    && tag.name.prompt() == name
                    && self.ref_target(&format!("refs/tags/{tag}")) == Some(*id)
                    && !tags.tags.contains_key(&tag.name.to_string())
            })
            .map(|((tag, id), _)| (tag.name, id))
            .collect();
        waiting.sort_by(|(a, _), (b, _)| a.order().cmp(&b.order()));
        waiting
    }

    /// What an environment says about a prompt, read from its newest release.
    ///
    /// # Errors
    /// No tag of it can be read.
    pub fn state(&self, name: &PromptName, environment: &Environment) -> Result<State, Failure> {
        self.state_and_notes(name, environment)
            .map(|(state, _)| state)
    }

    /// The same with what people must know about it.
    ///
    /// # Errors
    /// As [`Store::state`].
    pub fn state_and_notes(&self, name: &PromptName, environment: &Environment) -> Read {
        if !self.knows_releases_of(environment) {
            return Ok((State::NotFetched, Vec::new()));
        }
        let tags = self.prompt_tags(name)?;
        let (row, strays) = tags.row(environment);
        tags.state(environment, &row, &strays)
    }

    /// Whether this clone can know what is live in all environments.
    pub(crate) fn knows_releases(&self) -> bool {
        self.mirror() == Mirror::Whole
    }

    /// Whether this clone can know what is live in an environment.
    pub(crate) fn knows_releases_of(&self, environment: &Environment) -> bool {
        match self.mirror() {
            Mirror::None => false,
            Mirror::Partial(known) => known.contains(environment),
            Mirror::Whole => true,
        }
    }

    /// Whether the clone was told to bring no tags, or a single branch.
    pub(crate) fn fetches_only_a_part(&self, remote: &str) -> bool {
        let without_tags = self
            .config_value(&format!("remote.{remote}.tagopt"))
            .is_some_and(|value| value == "--no-tags");
        let refspecs = self.config_values(&format!("remote.{remote}.fetch"));
        let is_whole =
            |refspec: &String| refspec.contains("refs/heads/*:") || refspec.contains("refs/*:");
        // A bare clone has no such setting, and all tags.
        without_tags || (!refspecs.is_empty() && !refspecs.iter().any(is_whole))
    }

    /// All releases of a prompt in an environment.
    ///
    /// # Errors
    /// A tag of it, or what it names, is not in this clone.
    pub fn releases(
        &self,
        name: &PromptName,
        environment: &Environment,
    ) -> Result<Releases, Failure> {
        self.require_releases()?;
        let tags = self.prompt_tags(name)?;
        let mut releases = tags.releases(environment)?;
        let last = releases.reach;
        for (tag, object) in self.pending_of(name, &tags) {
            let TagName::Release {
                environment: other,
                number,
                ..
            } = &tag
            else {
                continue;
            };
            if other == environment
                && *number > last
                && let Ok(read) = self.read_tag(object, &tag)
            {
                let release = read.release(name, environment, *number, object);
                releases.entries.push(Release {
                    pending: true,
                    ..release
                });
            }
        }
        Ok(releases)
    }

    /// The same for who asks what was live at a time: it is noted where a release is dated ahead of now.
    ///
    /// # Errors
    /// As [`Store::releases`].
    pub fn releases_at(
        &self,
        name: &PromptName,
        environment: &Environment,
    ) -> Result<Releases, Failure> {
        let mut releases = self.releases(name, environment)?;
        let ahead = releases.dated_ahead(self.settings.now);
        let ahead = ahead.map(|entry| ReleaseWarning::Ahead {
            number: entry.number,
        });
        releases.notes.extend(ahead);
        Ok(releases)
    }

    /// The environments in which a prompt was ever released, and the configured ones.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn environments_of(&self, name: &PromptName) -> Result<Vec<Environment>, Failure> {
        let mut found = self.settings.environments.clone();
        let tags = self.prompt_tags(name)?;
        let pending = self.pending_of(name, &tags);
        let pending = pending.iter().map(|(tag, _)| tag.to_string());
        for tag in tags.tags.keys().cloned().chain(pending) {
            if let Some(TagName::Release { environment, .. }) = TagName::parse(&tag)
                && !found.contains(&environment)
            {
                found.push(environment);
            }
        }
        Ok(found)
    }
}

impl PromptTags<'_> {
    /// The object of a version's tag.
    pub(crate) fn version(&self, version: Version) -> Option<ObjectId> {
        self.tags.get(&format!("{}/{version}", self.name)).copied()
    }

    fn versions(&self) -> impl Iterator<Item = Version> {
        self.tags
            .keys()
            .filter_map(|tag| match TagName::parse(tag)? {
                TagName::Version { version, .. } => Some(version),
                TagName::Release { .. } | TagName::Evidence { .. } => None,
            })
    }

    /// The tags of evidence, by their numbers.
    pub(crate) fn evidence(&self) -> Vec<(u64, ObjectId)> {
        self.numbered(EVIDENCE)
    }

    /// The numbered tags below a name that stands below the prompt's.
    fn numbered(&self, below: &str) -> Vec<(u64, ObjectId)> {
        let below = format!("{}/{below}/", self.name);
        self.tags
            .range(below.clone()..)
            .take_while(|(tag, _)| tag.starts_with(&below))
            .filter_map(|(tag, id)| Some((parse_number(&tag[below.len()..])?, *id)))
            .collect()
    }

    /// The tags of a row that are within reach, rising, and the numbers of those that are not.
    pub(crate) fn row(&self, environment: &Environment) -> (Vec<(u64, ObjectId)>, Vec<u64>) {
        self.store.cut(self.numbered(environment.as_str()))
    }

    /// The whole row.
    pub(crate) fn releases(&self, environment: &Environment) -> Result<Releases, Failure> {
        let (row, strays) = self.row(environment);
        let mut notes = Vec::new();
        let mut found = Vec::with_capacity(row.len());
        for (number, object) in row {
            let (tag, missing) = self.found(environment, number, object)?;
            notes.extend(missing);
            found.push((number, tag));
        }
        let mut releases = row::read(found, strays);
        releases.notes.extend(notes);
        releases.notes.extend(self.changed_notes(environment));
        Ok(releases)
    }

    /// What the remote did to the tags of the versions, and to those of a row.
    fn changed_notes(&self, environment: &Environment) -> impl Iterator<Item = ReleaseWarning> {
        let is_of_row = |changed: &&Changed| {
            let below = changed.tag.strip_prefix(&self.store.settings.prefix);
            match below.and_then(TagName::parse) {
                Some(TagName::Release {
                    environment: other, ..
                }) => other == *environment,
                Some(TagName::Evidence { .. }) => false,
                _ => true,
            }
        };
        let changed = self.changed.iter().filter(is_of_row);
        changed.cloned().map(ReleaseWarning::Changed)
    }

    /// What one tag of a row says.
    fn found(
        &self,
        environment: &Environment,
        number: u64,
        object: ObjectId,
    ) -> Result<(ReadTag, Option<ReleaseWarning>), Failure> {
        let of_version = |version| self.version(version);
        self.store
            .found(self.name, environment, (number, object), &of_version)
            .map_err(|failure| self.lost(failure, environment, number))
    }

    /// The failure to read a tag, where the remote moved or dropped it and git has lost what this
    /// clone saw first.
    fn lost(&self, failure: Failure, environment: &Environment, number: u64) -> Failure {
        let tag = self.store.full(&TagName::Release {
            name: self.name.clone(),
            environment: environment.clone(),
            number,
        });
        let Some(changed) = self.changed.iter().find(|changed| changed.tag == tag) else {
            return failure;
        };
        let finding = changed.finding();
        Failure::new(
            code::TAG_GONE,
            format!(
                "the tag {tag} is not as this clone first saw it, and git no longer has that object ({})",
                changed.first
            ),
        )
        .hint(Hint::sentence([
            "a clone that still has it can push it back; ".into(),
            Next::Fetch.into(),
            " then reads it again".into(),
        ]))
        .hint(*finding.help.unwrap_or_default())
    }

    fn state(&self, environment: &Environment, row: &[(u64, ObjectId)], strays: &[u64]) -> Read {
        let of_version = |version| self.version(version);
        let (state, mut notes) = self
            .store
            .newest_state(self.name, environment, row, strays, &of_version)
            .map_err(|failure| {
                let last = row.last().map_or(0, |(number, _)| *number);
                self.lost(failure, environment, last)
            })?;
        notes.extend(self.changed_notes(environment));
        Ok((state, notes))
    }
}
