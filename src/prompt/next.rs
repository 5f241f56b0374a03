//! A step that a person can take next, as a fact: whoever knows the command line has the line to
//! type.

use super::code::Code;
use super::name::{Environment, PromptName};
use super::version::Version;

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Bring what the remote has.
    Fetch,
    /// Take the remote's word for a tag that it moved or dropped.
    Accept(String),
    /// Send what was made here, of one prompt or of all.
    Push(Option<PromptName>),
    /// Look at what is wrong with the clone.
    Doctor,
    /// Have put right what takes no decision.
    Repair,
    /// Look at what is live everywhere.
    Status,
    /// Look at the versions of a prompt.
    History(PromptName),
    /// Look at all releases.
    Releases,
    /// Look at the releases of one row.
    ReleasesOf(PromptName, Environment),
    /// Give the content of the prompt of this name the next number.
    Bump(String),
    /// Bring an archived prompt back into use.
    Unarchive(PromptName),
    /// Release a version.
    Publish(PromptName, VersionChoice, Environment),
    /// Release a version whose number leaps, which this code refuses.
    PublishLeap(PromptName, Version, Code),
    /// Release to an environment that is new.
    PublishToNew(Environment),
    /// Go back to an earlier release.
    RollBack(PromptName, Environment, Back),
    /// Take a prompt out of an environment.
    Unpublish(PromptName, Environment),
    /// Record an evaluation.
    Record(Recording),
    /// Hold a judge against labels of people.
    Calibrate(PromptName),
    /// Add the judges that are bundled.
    SeedJudges,
    /// A line for git, in git's own words.
    Git(String),
    /// One after the other, as long as each succeeds.
    All(Vec<Self>),
}

/// Which version is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionChoice {
    /// That of the file.
    OfFile,
    /// This one.
    Version(Version),
    /// One that the reader chooses.
    Any,
}

/// How far a rollback goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// To what was live before.
    Once,
    /// One further, though somebody went back already.
    Again,
    /// To this version.
    To(Version),
    /// To a version that the reader chooses.
    ToAny,
}

/// An evaluation that is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Of which prompt.
    pub name: PromptName,
    /// Of which version, where it is not that of the file.
    pub version: Option<Version>,
    /// What it is compared with, as a reference.
    pub base: Option<String>,
    /// Why every case is asked again.
    pub afresh: Option<&'static str>,
}

impl Recording {
    /// Of what the prompt's file holds.
    pub fn of_file(name: &PromptName) -> Self {
        Self {
            name: name.clone(),
            version: None,
            base: None,
            afresh: None,
        }
    }

    /// The same, compared with `base`.
    #[must_use]
    pub fn against(mut self, base: &str) -> Self {
        self.base = Some(base.to_owned());
        self
    }

    /// The same, with every case asked again.
    #[must_use]
    pub fn afresh(mut self, why: &'static str) -> Self {
        self.afresh = Some(why);
        self
    }
}

impl From<Recording> for Next {
    fn from(recording: Recording) -> Self {
        Self::Record(recording)
    }
}

impl Next {
    /// Gives the content of a prompt the next number.
    pub fn bump(name: &PromptName) -> Self {
        Self::Bump(name.to_string())
    }

    /// Releases a version.
    pub fn publish(name: &PromptName, which: VersionChoice, environment: &Environment) -> Self {
        Self::Publish(name.clone(), which, environment.clone())
    }

    /// Goes back to an earlier release.
    pub fn roll_back(name: &PromptName, environment: &Environment, back: Back) -> Self {
        Self::RollBack(name.clone(), environment.clone(), back)
    }

    /// Takes a prompt out of an environment.
    pub fn unpublish(name: &PromptName, environment: &Environment) -> Self {
        Self::Unpublish(name.clone(), environment.clone())
    }

    /// Shows the releases of one row.
    pub fn releases_of(name: &PromptName, environment: &Environment) -> Self {
        Self::ReleasesOf(name.clone(), environment.clone())
    }
}
