//! What people must know about a row of releases, and the words for it.

use std::fmt;

use super::tag::TagName;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::hint::Hint;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::Next;
use crate::prompt::version::Version;

/// Something about a row that people must know, and that does not change what counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseWarning {
    /// The tag of this number is no release, and is passed over.
    InvalidTag { number: u64, why: InvalidTag },
    /// These numbers are missing.
    Gap {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// Tags so far above the row that they are not read.
    Stray {
        /// The lowest number of them.
        first: u64,
        /// How many there are.
        count: usize,
    },
    /// A release does not name the one before it as the one that was active, though that is there.
    Chain { number: u64 },
    /// A release says that a rollback from it returns to one that does not lie below.
    Under { number: u64 },
    /// A release is dated ahead of now, so that what was live at a given time is not known from there on.
    Ahead { number: u64 },
    /// The tag of the version that a release names is missing.
    NoVersionTag {
        /// The release's number.
        number: u64,
        version: Version,
    },
    /// The remote moved or dropped a tag that this clone saw. What it saw first goes on counting.
    Changed(Changed),
}

/// Why a tag is no version and no release. In words it goes on after the tag's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidTag {
    /// It is a lightweight tag, or names something that is no tag object.
    NotAnnotated,
    /// Its object is not text.
    NotText,
    /// Its trailers are incomplete or unknown.
    NoTrailers,
    /// It was made under this other name.
    MadeAs(String),
    /// Its message names another prompt, version or environment than its name does.
    OtherNames,
    /// It names no commit.
    NoCommit,
    /// The tag of its version holds another content or commit.
    Disagrees(Version),
}

impl fmt::Display for InvalidTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnnotated => f.write_str("is not annotated (promptctl did not make it)"),
            Self::NotText => f.write_str("is not text (promptctl did not make it)"),
            Self::NoTrailers => {
                f.write_str("lacks trailers or has wrong ones (promptctl did not make it)")
            }
            Self::MadeAs(name) => write!(f, "was made as {name}"),
            Self::OtherNames => {
                f.write_str("names another prompt, version or environment in its message")
            }
            Self::NoCommit => f.write_str("does not name a commit"),
            Self::Disagrees(version) => write!(f, "disagrees with the tag of {version}"),
        }
    }
}

/// A tag that the remote moved or dropped after this clone saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub remote: String,
    /// The tag, with the prefix.
    pub tag: String,
    /// The object that this clone saw first, or that a person accepted.
    pub first: String,
    /// What the remote says now; `None` where it dropped the tag.
    pub now: Option<String>,
    /// Whether what was seen first is a version or a release; else it counts for nothing.
    pub is_sound: bool,
}

impl ReleaseWarning {
    /// The note in words. `prefix` is that of all tags.
    pub fn finding(&self, name: &PromptName, environment: &Environment, prefix: &str) -> Finding {
        let tag = |number: u64| {
            let tag = TagName::Release {
                name: name.clone(),
                environment: environment.clone(),
                number,
            };
            format!("{prefix}{tag}")
        };
        let doctor = || Next::Doctor.that("tells what to do about it");
        match self {
            Self::InvalidTag { number, why } => Finding::warning(
                code::BAD_TAG,
                format!("the tag {} {why}: it is passed over", tag(*number)),
            )
            .help(doctor()),
            Self::Gap { first, last } => Finding::warning(code::RELEASE_GAP, gap(*first, *last, name, environment))
                .help(Hint::sentence(["a tag was deleted: ".into(), Next::Doctor.into(), " tells whether this clone still has it".into()])),
            Self::Stray { first, count } => Finding::warning(
                code::STRAY_TAG,
                format!(
                    "{} above the releases of {name} in {environment} and {} not read, from {} on",
                    if *count == 1 { "a tag lies far".to_owned() } else { format!("{count} tags lie far") },
                    if *count == 1 { "is" } else { "are" },
                    tag(*first)
                ),
            )
            .help("releases count 1, 2, 3; the host can delete the tag"),
            Self::Chain { number } => Finding::warning(
                code::BROKEN_CHAIN,
                format!(
                    "release {number} of {name} in {environment} does not name the release before it as the one it follows"
                ),
            )
            .help(Hint::sentence([
                "a tag between them was deleted, or this one was made by hand: ".into(),
                Next::Releases.into(),
                " shows who made it".into(),
            ])),
            Self::Under { number } => Finding::warning(
                code::BROKEN_CHAIN,
                format!(
                    "release {number} of {name} in {environment} names a later release as the one below it: nothing is read as below it"
                ),
            )
            .help(Hint::NameVersion),
            Self::Ahead { number } => Finding::warning(
                code::DATED_AHEAD,
                format!(
                    "release {number} of {name} in {environment} is dated ahead of now: what was live at a given time is not known from there on"
                ),
            )
            .help(Hint::sentence([
                "the order of releases is their number and never the clock; ".into(),
                Next::Releases.into(),
                " shows them all".into(),
            ])),
            Self::NoVersionTag { number, version } => Finding::warning(
                code::RELEASE_MISMATCH,
                format!(
                    "release {number} of {name} in {environment} names {version}, which has no tag"
                ),
            )
            .help(doctor()),
            Self::Changed(changed) => changed.finding(),
        }
    }
}

fn gap(first: u64, last: u64, name: &PromptName, environment: &Environment) -> String {
    if first == last {
        format!("release {first} of {name} in {environment} is missing")
    } else {
        format!("releases {first} to {last} of {name} in {environment} are missing")
    }
}

impl Changed {
    /// The command that ends it: one that puts the tag back as it was seen first, or where that was no
    /// version and no release, takes the remote's word.
    pub fn cure(&self) -> Next {
        if !self.is_sound {
            return Next::Accept(self.tag.clone());
        }
        let Self {
            remote, tag, first, ..
        } = self;
        let force = if self.now.is_some() { "--force " } else { "" };
        let push = format!("git push {force}{remote} {first}:refs/tags/{tag}");
        Next::All(vec![Next::Git(push), Next::Fetch])
    }

    /// It in words.
    pub fn finding(&self) -> Finding {
        let Self {
            remote, tag, first, ..
        } = self;
        let what = match &self.now {
            Some(now) => format!(
                "{remote} moved the tag {tag} from {} to {}",
                short(first),
                short(now)
            ),
            None => format!("{remote} no longer has the tag {tag} ({})", short(first)),
        };
        if !self.is_sound {
            return Finding::warning(
                code::TAG_GONE,
                format!("{what}; what this clone saw first was no version and no release"),
            )
            .help(self.cure());
        }
        Finding::error(
            code::TAG_GONE,
            format!("{what}; what this clone saw first goes on counting here"),
        )
        .help(Hint::sentence([
            "ask who did it; ".into(),
            self.cure().into(),
            " puts it back, ".into(),
            Next::Accept(tag.clone()).into(),
            " takes the remote's word".into(),
        ]))
    }
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
