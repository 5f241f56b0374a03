//! One tag, read from its object and checked before it is believed.

use jiff::Timestamp;

use super::measured;
use super::recorded::Evidence;
use super::release::Release;
use super::store::Store;
use super::tag::{Action, Previous, Tag, TagContent, TagName, Trailers, words};
use super::warning::InvalidTag;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::evidence::Measured;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::Next;
use crate::repository::{NoTag, ObjectId, Peeled};
/// A version tag as it was found.
pub(crate) struct VersionTag {
    pub(crate) object: ObjectId,
    pub(crate) commit: ObjectId,
    pub(crate) trailers: Trailers,
}

/// What the object of a tag says.
pub(super) struct TagObject {
    pub(super) commit: ObjectId,
    pub(super) trailers: Trailers,
    /// What evidence measured.
    measured: Option<Measured>,
    by: String,
    time: Timestamp,
    message: String,
}

/// Why a tag says nothing.
pub(super) enum Unread {
    /// It is none of ours, or was made under another name.
    InvalidTag(InvalidTag),
    /// The tag, or what it names, is not in this clone.
    Missing,
}

impl Store {
    pub(super) fn read_tag(&self, object: ObjectId, tag: &TagName) -> Result<TagObject, Unread> {
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
        let measured = match tag {
            TagName::Evidence { .. } => Some(
                measured::read(content.message)
                    .ok_or(Unread::InvalidTag(InvalidTag::NoTrailers))?,
            ),
            TagName::Version { .. } | TagName::Release { .. } => None,
        };
        let fits = match (tag, &trailers.release) {
            (TagName::Evidence { name, .. }, None) => *name == trailers.prompt,
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
            measured,
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
    pub(super) fn unread(&self, tag: &TagName, unread: &Unread) -> Failure {
        let full = self.full(tag);
        match unread {
            Unread::Missing => Failure::new(
                code::NOT_FETCHED,
                format!("the tag {full}, or the commit that it names, is not in this clone"),
            )
            .hint(Next::Fetch.that("brings it")),
            Unread::InvalidTag(void) => {
                Failure::new(code::BAD_TAG, format!("the tag {full} {void}"))
                    .hint(Next::Doctor.that("tells what to do about it"))
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
}

impl TagObject {
    pub(super) fn release(
        self,
        name: &PromptName,
        environment: &Environment,
        number: u64,
        object: ObjectId,
    ) -> Release {
        let release = self.trailers.release;
        let evidence = release.as_ref().and_then(|release| release.evidence);
        let (action, under, previous) = release
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
            evidence,
            commit: self.commit,
            by: self.by,
            time: self.time,
            message: self.message,
            pending: false,
        }
    }

    /// The same as evidence, where it is that.
    pub(super) fn evidence(
        self,
        name: &PromptName,
        number: u64,
        object: ObjectId,
    ) -> Option<Evidence> {
        Some(Evidence {
            name: name.clone(),
            number,
            object,
            commit: self.commit,
            version: self.trailers.version,
            digest: self.trailers.digest,
            measured: self.measured?,
            by: self.by,
            time: self.time,
            pending: false,
        })
    }
}
