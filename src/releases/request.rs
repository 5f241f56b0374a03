//! What of a prompt shall be live, and what became of it.

use super::policy::Rules;
use super::release::Release;
use super::seen::{SeenTag, SeenTags};
use super::signature::Signing;
use super::tag::{Action, Tag, TagName};
use crate::files::Loaded;
use crate::prompt::code::Code;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;
use crate::repository::ObjectId;

/// What is wanted.
#[derive(Debug, Clone)]
pub enum ReleaseRequest {
    /// This content shall be live.
    Publish(Box<Loaded>),
    /// What was live before shall be live again.
    Rollback(RollbackTarget),
    /// Nothing shall be live.
    Unpublish,
}

/// How far a rollback goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollbackTarget {
    /// To what was live before.
    Below {
        /// Whether to do so also where somebody else has rolled back just now.
        again: bool,
    },
    /// To this version from further down.
    To(Version),
    /// To what was live before this version; nothing where it is not live.
    Undo(Version),
}

/// The releases that this clone had seen before it asked the remote.
#[derive(Debug, Default)]
pub struct PreviouslySeen(pub(super) std::collections::BTreeMap<PromptName, SeenTags>);

impl PreviouslySeen {
    /// Whether the tag of a release had been seen.
    pub(crate) fn knows(&self, release: &Release) -> bool {
        let tag = TagName::Release {
            name: release.name.clone(),
            environment: release.environment.clone(),
            number: release.number,
        };
        let seen = self.0.get(&release.name);
        seen.is_some_and(|seen| seen.get(&tag.to_string()) == Some(SeenTag::Object(release.object)))
    }
}

/// How it is wanted.
#[derive(Debug)]
pub struct Options {
    /// Where.
    pub environment: Environment,
    /// Why, for people.
    pub message: Option<String>,
    /// Whether to send the tags to the remote, where there is one.
    pub push: bool,
    /// What was known of the remote before it was asked.
    pub before: PreviouslySeen,
    /// What must hold before something is published, and whose signatures count for a rollback.
    pub rules: Rules,
    /// Whether the tags are signed.
    pub signing: Signing,
    /// The codes of what is let through, which the release says.
    pub allowed: Vec<Code>,
}

/// What changed, or would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The prompt.
    pub name: PromptName,
    /// Where.
    pub environment: Environment,
    /// What was done.
    pub action: Action,
    /// The version that was live before.
    pub from: Option<Version>,
    /// The version that is live now.
    pub to: Option<Version>,
    /// The id of the released version's commit.
    pub commit: ObjectId,
    /// The tags made.
    pub tags: Vec<Tag>,
    /// Whether the remote has them.
    pub pushed: bool,
    /// Why the tags are not signed, where that was tried in vain.
    pub unsigned: Option<String>,
    /// The releases that a rollback passed over because nobody signed for them.
    pub passed: Vec<Release>,
    /// What could not be written down here although the remote took the tags.
    pub note: Option<String>,
}
