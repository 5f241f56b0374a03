//! What is live, read from tags, each checked before it is believed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::made::SendState;
use super::namespace::Mirror;
use super::release::{Active, Release, Releases, State};
use super::row::{self, ReadTag};
use super::seen::Moved;
use super::store::Store;
use super::tag::{Action, Previous, Tag, TagContent, TagName, Trailers, parse_number, words};
use super::warning::{Changed, InvalidTag, ReleaseWarning};
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;
use crate::repository::{NoTag, ObjectId, Peeled};

/// A version tag as it was found.
pub(crate) struct VersionTag {
    pub(crate) object: ObjectId,
    pub(crate) commit: ObjectId,
    pub(crate) trailers: Trailers,
}

/// What the object of a tag says.
struct TagObject {
    commit: ObjectId,
    trailers: Trailers,
    by: String,
    time: Timestamp,
    message: String,
}

/// Why a tag says nothing.
enum Unread {
    /// It is none of ours, or was made under another name.
    InvalidTag(InvalidTag),
    /// The tag, or what it names, is not in this clone.
    Missing,
}

/// What an environment says about a prompt, with what people must know about it.
pub(crate) type Read = Result<(State, Vec<ReleaseWarning>), Failure>;

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
    fn read_tag(&self, object: ObjectId, tag: &TagName) -> Result<TagObject, Unread> {
        let data = self.tag_object(object).map_err(|missing| match missing {
            NoTag::Missing => Unread::Missing,
            NoTag::OtherKind => Unread::InvalidTag(InvalidTag::NotAnnotated),
        })?;
        let content = TagContent::parse(&data).ok_or(Unread::InvalidTag(InvalidTag::NotText))?;
        let trailers =
            Trailers::parse(content.message).ok_or(Unread::InvalidTag(InvalidTag::NoTrailers))?;
        // A release stays what it was when somebody gives its tag another number.
        if content.name.strip_prefix(&self.settings.prefix) != Some(&tag.to_string()) {
            return Err(Unread::InvalidTag(InvalidTag::MadeAs(
                content.name.to_owned(),
            )));
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
            return Err(Unread::InvalidTag(InvalidTag::OtherNames));
        }
        let commit = self.commit_of(&content)?;
        Ok(TagObject {
            commit,
            trailers,
            by: content.by.to_owned(),
            time: Timestamp::from_second(content.seconds).unwrap_or(Timestamp::UNIX_EPOCH),
            message: words(content.message).to_owned(),
        })
    }

    /// The commit that a tag names, if this clone holds it.
    fn commit_of(&self, tag: &TagContent<'_>) -> Result<ObjectId, Unread> {
        let target = ObjectId::parse(tag.target).ok_or(Unread::InvalidTag(InvalidTag::NoCommit))?;
        if tag.target_kind == "commit" {
            // The tag says what it names, so that the commit itself need not be read.
            let is_here = self.has_object(target);
            return is_here.then_some(target).ok_or(Unread::Missing);
        }
        match self.peel(target) {
            Peeled::Commit(commit) => Ok(commit),
            Peeled::Other => Err(Unread::InvalidTag(InvalidTag::NoCommit)),
            Peeled::Missing => Err(Unread::Missing),
        }
    }

    /// The failure that a tag cannot be read, for whoever needs just this one.
    fn unread(&self, tag: &TagName, unread: &Unread) -> Failure {
        let full = self.full(tag);
        match unread {
            Unread::Missing => Failure::new(
                code::NOT_FETCHED,
                format!("the tag {full}, or the commit that it names, is not in this clone"),
            )
            .hint("promptctl fetch brings it"),
            Unread::InvalidTag(void) => {
                Failure::new(code::BAD_TAG, format!("the tag {full} {void}"))
                    .hint("promptctl doctor tells what to do about it")
            }
        }
    }

    /// A tag with the prefix.
    pub(crate) fn tag(&self, name: TagName) -> Tag {
        Tag::new(&self.settings.prefix, name)
    }

    /// The name of a tag with the prefix.
    pub(crate) fn full(&self, tag: &TagName) -> String {
        format!("{}{tag}", self.settings.prefix)
    }

    /// What the message of a tag says to machines.
    pub(crate) fn tag_trailers(
        &self,
        object: ObjectId,
        tag: &TagName,
    ) -> Result<Trailers, Failure> {
        self.tag_target(object, tag).map(|(_, trailers)| trailers)
    }

    /// The commit that a tag names, and what its message says to machines.
    pub(crate) fn tag_target(
        &self,
        object: ObjectId,
        tag: &TagName,
    ) -> Result<(ObjectId, Trailers), Failure> {
        self.read_tag(object, tag)
            .map(|read| (read.commit, read.trailers))
            .map_err(|unread| self.unread(tag, &unread))
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

    /// The tag of a version: the one that counts, else one that this clone made and did not send.
    pub(crate) fn version_tag(&self, tag: &TagName) -> Result<Option<VersionTag>, Failure> {
        let TagName::Version { name, version } = tag else {
            return Ok(None);
        };
        let tags = self.prompt_tags(name)?;
        let pending = || {
            let waiting = self.pending_of(name, &tags);
            let found = waiting.into_iter().find(|(other, _)| other == tag);
            found.map(|(_, object)| object)
        };
        let Some(object) = tags.version(*version).or_else(pending) else {
            return Ok(None);
        };
        let (commit, trailers) = self.tag_target(object, tag)?;
        Ok(Some(VersionTag {
            object,
            commit,
            trailers,
        }))
    }

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
                TagName::Release { .. } => None,
            })
    }

    /// The tags of a row that are within reach, rising, and the numbers of those that are not.
    pub(crate) fn row(&self, environment: &Environment) -> (Vec<(u64, ObjectId)>, Vec<u64>) {
        let below = format!("{}/{environment}/", self.name);
        let row = self
            .tags
            .range(below.clone()..)
            .take_while(|(tag, _)| tag.starts_with(&below))
            .filter_map(|(tag, id)| Some((parse_number(&tag[below.len()..])?, *id)));
        let row = row.collect();
        self.store.cut(row)
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
        .hint("a clone that still has it can push it back; promptctl fetch then reads it again")
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

impl Store {
    /// Sorts a row and takes the strays off its end. A partial mirror has the newest release alone.
    pub(crate) fn cut(&self, mut row: Vec<(u64, ObjectId)>) -> (Vec<(u64, ObjectId)>, Vec<u64>) {
        if matches!(self.mirror(), Mirror::Partial(_)) {
            row.sort_unstable();
            return (row, Vec::new());
        }
        within_reach(row)
    }

    /// What one tag of a row says; `of_version` finds the tag of the version that must agree.
    ///
    /// # Errors
    /// It is not in this clone.
    pub(crate) fn found(
        &self,
        name: &PromptName,
        environment: &Environment,
        (number, object): (u64, ObjectId),
        of_version: &dyn Fn(Version) -> Option<ObjectId>,
    ) -> Result<(ReadTag, Option<ReleaseWarning>), Failure> {
        let tag = TagName::Release {
            name: name.clone(),
            environment: environment.clone(),
            number,
        };
        let read = match self.read_tag(object, &tag) {
            Ok(read) => read,
            Err(Unread::Missing) => return Err(self.unread(&tag, &Unread::Missing)),
            Err(Unread::InvalidTag(void)) => return Ok((ReadTag::InvalidTag(void), None)),
        };
        let release = read.release(name, environment, number, object);
        let version = release.version;
        let missing = ReleaseWarning::NoVersionTag { number, version };
        // An unpublish releases no content that could be another.
        if release.action == Action::Unpublish {
            return Ok((ReadTag::Sound(Box::new(release)), None));
        }
        let tag = TagName::Version {
            name: name.clone(),
            version,
        };
        let note = match of_version(version).map(|object| self.read_tag(object, &tag)) {
            None | Some(Err(Unread::InvalidTag(_))) => Some(missing),
            Some(Err(Unread::Missing)) => return Err(self.unread(&tag, &Unread::Missing)),
            Some(Ok(held)) => {
                if held.trailers.digest != release.digest || held.commit != release.commit {
                    return Ok((ReadTag::InvalidTag(InvalidTag::Disagrees(version)), None));
                }
                None
            }
        };
        Ok((ReadTag::Sound(Box::new(release)), note))
    }

    /// What the newest sound tag of a row says, read from the top.
    ///
    /// # Errors
    /// A tag is not in this clone, or none of the row is sound.
    pub(crate) fn newest_state(
        &self,
        name: &PromptName,
        environment: &Environment,
        row: &[(u64, ObjectId)],
        strays: &[u64],
        of_version: &dyn Fn(Version) -> Option<ObjectId>,
    ) -> Read {
        let mut notes = Vec::new();
        let is_partial = matches!(self.mirror(), Mirror::Partial(_));
        if !is_partial {
            notes.extend(gaps(row));
            if let Some(&first) = strays.first() {
                let count = strays.len();
                notes.push(ReleaseWarning::Stray { first, count });
            }
        }
        let mut newest: Option<Release> = None;
        for (at, (number, object)) in row.iter().enumerate().rev() {
            let (found, note) = self.found(name, environment, (*number, *object), of_version)?;
            match (found, &newest) {
                (ReadTag::InvalidTag(why), None) => notes.push(ReleaseWarning::InvalidTag {
                    number: *number,
                    why,
                }),
                (ReadTag::InvalidTag(_), Some(_)) => continue,
                (ReadTag::Sound(release), None) => {
                    notes.extend(note);
                    let is_known =
                        is_partial || at == 0 || is_next_to(row, *number, &release.previous);
                    newest = Some(*release);
                    if is_known {
                        break;
                    }
                    // Whether it follows the one before it must be read from that one.
                }
                (ReadTag::Sound(before), Some(newest)) => {
                    if !has_gap_below(row, newest.number) && !row::follows(newest, Some(&before)) {
                        let number = newest.number;
                        notes.push(ReleaseWarning::Chain { number });
                    }
                    return Ok((state_of(newest), notes));
                }
            }
        }
        match &newest {
            Some(newest) => {
                let is_known = is_partial
                    || has_gap_below(row, newest.number)
                    || row::follows(newest, None)
                    || is_next_to(row, newest.number, &newest.previous);
                if !is_known {
                    let number = newest.number;
                    notes.push(ReleaseWarning::Chain { number });
                }
                Ok((state_of(newest), notes))
            }
            None if row.is_empty() => Ok((State::Never, notes)),
            None => Err(self.all_void(name, environment, &notes)),
        }
    }

    fn all_void(
        &self,
        name: &PromptName,
        environment: &Environment,
        notes: &[ReleaseWarning],
    ) -> Failure {
        let failure = Failure::new(
            code::BAD_TAG,
            format!(
                "no release tag of {name} in {environment} is sound: nobody can say what is live"
            ),
        );
        let first = notes
            .iter()
            .find(|note| matches!(note, ReleaseWarning::InvalidTag { .. }));
        let failure = match first {
            Some(note) => failure.hint(
                note.finding(name, environment, &self.settings.prefix)
                    .message,
            ),
            None => failure,
        };
        failure.hint(format!(
            "promptctl publish {name} --env {environment} makes a sound one"
        ))
    }

    /// What people must know about a row, in words.
    pub fn words_of(
        &self,
        notes: &[ReleaseWarning],
        name: &PromptName,
        environment: &Environment,
    ) -> Vec<Finding> {
        let prefix = &self.settings.prefix;
        let words = |note: &ReleaseWarning| note.finding(name, environment, prefix);
        notes.iter().map(words).collect()
    }
}

/// Whether a release says that it follows the tag below it.
fn is_next_to(row: &[(u64, ObjectId)], number: u64, previous: &Previous) -> bool {
    let below = row.iter().rev().find(|(other, _)| *other < number);
    matches!((below, previous), (Some((_, object)), Previous::Object(id)) if object == id)
}

/// Sorts a row and takes the strays off its end.
pub(crate) fn within_reach(mut row: Vec<(u64, ObjectId)>) -> (Vec<(u64, ObjectId)>, Vec<u64>) {
    row.sort_unstable();
    let count = row::within_reach(row.iter().map(|(number, _)| *number));
    let strays = row[count..].iter().map(|(number, _)| *number).collect();
    row.truncate(count);
    (row, strays)
}

/// Whether the number below a release is missing, which is reported by itself.
fn has_gap_below(row: &[(u64, ObjectId)], number: u64) -> bool {
    number > 1 && !row.iter().any(|(other, _)| other + 1 == number)
}

fn gaps(row: &[(u64, ObjectId)]) -> impl Iterator<Item = ReleaseWarning> {
    let mut reach = 0;
    row.iter().filter_map(move |(number, _)| {
        let (first, last) = (reach + 1, number - 1);
        reach = *number;
        (first <= last).then_some(ReleaseWarning::Gap { first, last })
    })
}

fn state_of(newest: &Release) -> State {
    let Release {
        number, by, time, ..
    } = newest.clone();
    if newest.action == Action::Unpublish {
        return State::Unpublished { by, number, time };
    }
    State::Live(Active {
        number,
        version: newest.version,
        digest: newest.digest.clone(),
        commit: newest.commit,
        by,
        time,
    })
}

impl TagObject {
    fn release(
        self,
        name: &PromptName,
        environment: &Environment,
        number: u64,
        object: ObjectId,
    ) -> Release {
        let (action, under, previous) = self
            .trailers
            .release
            .map_or((Action::Publish, None, Previous::Unsaid), |release| {
                (release.action, release.under, release.previous)
            });
        Release {
            name: name.clone(),
            environment: environment.clone(),
            number,
            object,
            action,
            version: self.trailers.version,
            digest: self.trailers.digest,
            under,
            previous,
            commit: self.commit,
            by: self.by,
            time: self.time,
            message: self.message,
            pending: false,
        }
    }
}
