//! A recorded evaluation as its tag holds it, and how the suite of a content is read.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::store::Store;
use super::tag::TagName;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::digest::Digest;
use crate::prompt::evidence::Measured;
use crate::prompt::judged::Checked;
use crate::prompt::name::PromptName;
use crate::prompt::version::Version;
use crate::repository::ObjectId;

/// A recorded evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The prompt.
    pub name: PromptName,
    /// The number of its tag.
    pub number: u64,
    /// The object of its tag.
    pub(crate) object: ObjectId,
    /// The commit that was evaluated.
    pub commit: ObjectId,
    /// The version that it held.
    pub version: Version,
    /// The digest of the content.
    pub digest: Digest,
    /// What was measured.
    pub measured: Measured,
    /// Who recorded it.
    pub by: String,
    /// When, by the clock of who recorded it. Order is the number.
    pub time: Timestamp,
    /// Whether the remote has not confirmed it.
    pub pending: bool,
}

impl Evidence {
    /// Its tag, without the prefix.
    pub fn tag(&self) -> TagName {
        TagName::Evidence {
            name: self.name.clone(),
            number: self.number,
        }
    }
}

/// What a suite is, as far as evidence must know.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteFacts {
    pub digest: String,
    /// How many cases it has.
    pub cases: usize,
    /// How often each is asked.
    pub repeat: u32,
    /// The digests of the cases that are asked, as they are written.
    pub asked: BTreeSet<String>,
    /// What labels have shown of the prompt, where it is a judge.
    pub judge: Option<JudgeFacts>,
}

/// What labels of people have shown of a judge, as a commit holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeFacts {
    /// The file that it stands in.
    pub path: String,
    /// The figures of this very content, or why they do not count; none where there are none.
    pub checked: Option<Result<Checked, String>>,
}

/// How the suite of a content is read, where it was committed.
#[derive(Clone, Copy)]
pub struct ReadSuite(pub fn(&Store, &Loaded) -> Result<SuiteFacts, Failure>);

impl std::fmt::Debug for ReadSuite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReadSuite")
    }
}
