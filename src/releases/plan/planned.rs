//! What is to be done, before anything is written.

use super::super::gate::{Decision, Step, decide};
use super::super::release::{Release, Releases};
use super::super::request::{Change, Options};
use super::super::row::Trust;
use super::super::tag::{Action, Previous, Tag, Trailers};
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code::{self, Code};
use crate::prompt::digest::Digest;
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::prompt::next::Next;
use crate::prompt::quote::shell_paths;
use crate::prompt::version::Version;
use crate::repository::ObjectId;

/// What becomes of the tag of the version that is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionPlan {
    /// It is where it counts.
    Confirmed,
    /// This clone made it, and it must still be sent.
    Pending(ObjectId),
    /// It is to be made.
    New,
}

/// A change that was decided and not yet made.
pub struct Planned {
    pub(crate) change: Change,
    pub(crate) commit: ObjectId,
    pub(crate) version: VersionPlan,
    pub(crate) version_tag: Tag,
    pub(crate) version_message: String,
    /// The release's tags: one, or a second one above a stray.
    pub(crate) release_tags: Vec<Tag>,
    pub(crate) previous: Previous,
    pub(super) trailers: Trailers,
    pub(super) words: String,
    /// Whether the same content was released there before.
    pub(super) was_released: bool,
    /// The release that counts until the change is made.
    pub(super) live: Option<Release>,
    /// The release that a rollback returns to.
    pub(super) target: Option<Release>,
}

impl Planned {
    /// Decides by what the rules find in the content whether the change may be made. The release says
    /// what was let through.
    pub fn decide(&mut self, findings: Vec<Finding>, allowed: &[Code]) -> Decision {
        let decision = decide(
            findings,
            Step::Release {
                allowed,
                was_released: self.was_released,
            },
        );
        if let Some(release) = &mut self.trailers.release {
            let new = decision.let_through.iter().copied();
            release.allowed.extend(new);
            release.allowed.sort_unstable();
            release.allowed.dedup();
        }
        decision
    }

    /// The release that counts until the change is made.
    pub fn live(&self) -> Option<&Release> {
        self.live.as_ref()
    }

    /// The release that a rollback returns to.
    pub fn target(&self) -> Option<&Release> {
        self.target.as_ref()
    }

    /// Whether its tags are new and can all be made at once.
    pub(crate) fn is_plain(&self) -> bool {
        self.release_tags.len() == 1 && !matches!(self.version, VersionPlan::Pending(_))
    }

    /// What would change.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// The message of the release that follows this one.
    pub(crate) fn release_message(&self, previous: &Previous) -> String {
        let mut trailers = self.trailers.clone();
        if let Some(release) = &mut trailers.release {
            release.previous = previous.clone();
        }
        trailers.message(&self.words)
    }
}

/// A row with what is trusted of it.
pub(super) struct Row<'a> {
    pub(super) releases: &'a Releases,
    pub(super) trust: &'a Trust<'a>,
}

impl Row<'_> {
    /// What is live, or was taken out: the newest entry.
    pub(super) fn top(&self) -> Option<&Release> {
        self.releases.entries.last()
    }
}

pub(super) struct PlannedRelease<'a> {
    pub(super) name: &'a PromptName,
    pub(super) action: Action,
    pub(super) version: Version,
    pub(super) digest: &'a Digest,
    pub(super) commit: ObjectId,
    pub(super) under: Option<u64>,
    pub(super) row: &'a Row<'a>,
    pub(super) passed: Vec<Release>,
    pub(super) evidence: Option<(u64, ObjectId)>,
    pub(super) allowed: Vec<Code>,
    pub(super) options: &'a Options,
}

/// The failure of a prompt whose working copy differs from what is committed.
pub fn not_committed(loaded: &Loaded) -> Failure {
    // A version is its file and its partials: whichever of them changed must be committed.
    let partials = loaded
        .partials
        .values()
        .map(|partial| partial.path.as_str());
    let paths: Vec<&str> = std::iter::once(loaded.path.as_str())
        .chain(partials)
        .collect();
    let bump = loaded.is_unbumped().then(|| Next::bump(&loaded.name));
    let message = format!("{} has changes that are not committed", loaded.name);
    uncommitted(message, &paths, bump)
}

/// What is to be committed first: the files at these paths, after the step `before`.
pub fn uncommitted(message: String, paths: &[&str], before: Option<Next>) -> Failure {
    let all = shell_paths(paths.iter().copied());
    let commit = Next::Git(format!("git add {all} && git commit -m \"…\" -- {all}"));
    Failure::new(code::UNCOMMITTED, message)
        .at(paths.first().copied().unwrap_or_default())
        .hint(Next::All(before.into_iter().chain([commit]).collect()))
}
