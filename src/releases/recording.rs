//! Recording an evaluation: a tag that is made once, under the next number that is free.

use super::made::SendState;
use super::measured;
use super::recorded::Evidence;
use super::sending::Sent;
use super::signature::{Signers, Signing};
use super::store::Store;
use super::tag::{Tag, TagName, Trailers, quoted};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::digest::Digest;
use crate::prompt::evidence::Measured;
use crate::prompt::name::PromptName;
use crate::prompt::next::Next;
use crate::prompt::version::Version;
use crate::repository::{NewTag, ObjectId, RefsError};

/// How often a number is tried that somebody else takes meanwhile.
const ATTEMPTS: usize = 50;

/// An evaluation that is to be recorded.
#[derive(Debug)]
pub struct NewEvidence {
    /// The prompt.
    pub name: PromptName,
    /// The commit that was evaluated.
    pub commit: ObjectId,
    pub version: Version,
    /// The digest of its content.
    pub digest: Digest,
    /// What was measured.
    pub measured: Measured,
    /// What people read.
    pub words: String,
    /// Whether it is recorded although the same was recorded before.
    pub is_again: bool,
}

/// How it is recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recording<'a> {
    /// Whether it goes to the remote at once.
    pub push: bool,
    /// Whose signature counts, where one is required.
    pub signers: Option<&'a Signers>,
}

/// What is measured: a content by a suite.
#[derive(Debug, Clone, Copy)]
pub struct Measurement<'a> {
    /// The prompt.
    pub name: &'a PromptName,
    /// The digest of its content.
    pub digest: &'a Digest,
    /// The digest of the suite.
    pub suite: &'a str,
    /// How often each case is asked.
    pub repeat: u32,
    /// The digest of what it is compared with, if it is.
    pub base: Option<&'a str>,
}

/// What became of it.
#[derive(Debug)]
pub struct Recorded {
    pub tag: Tag,
    /// Whether the same was recorded before.
    pub was_there: bool,
    /// Whether the remote has it.
    pub pushed: bool,
    /// What could not be noted here although it was done.
    pub note: Option<String>,
}

impl Store {
    /// Records an evaluation. A number that somebody took meanwhile is stepped over; where it was for
    /// the same, that is what is recorded.
    ///
    /// # Errors
    /// The tag cannot be made or signed, or the remote refuses it. Nothing is changed then.
    pub fn record(&self, new: &NewEvidence, how: Recording<'_>) -> Result<Recorded, Failure> {
        let name = &new.name;
        let push = how.push && self.has_remote();
        for _ in 0..ATTEMPTS {
            if let Some(same) = self.same(new, how.signers)? {
                return Ok(Recorded {
                    pushed: self.has_remote() && !same.pending,
                    tag: self.tag(same.tag()),
                    was_there: true,
                    note: None,
                });
            }
            let Some(tag) = self.free(name, push)? else {
                break;
            };
            let object = self.write_evidence(new, &tag, how.signers)?;
            let made = [(tag.clone(), object)];
            let mut recorded = Recorded {
                tag,
                was_there: false,
                pushed: push,
                note: None,
            };
            if push {
                match self.send(&[name], &made)? {
                    Sent::Accepted => {
                        recorded.note = self.confirm(&made).map(|failure| failure.message);
                        return Ok(recorded);
                    }
                    Sent::Overtaken => self.refresh(&[name], &[])?,
                }
                continue;
            }
            match self.keep_here(&made) {
                Ok(()) => return Ok(recorded),
                Err(RefsError::Exists(_)) => self.journal(SendState::Lost, &made)?,
                Err(RefsError::Other(failure)) => return Err(failure),
            }
        }
        Err(Failure::new(
            code::OVERTAKEN,
            format!("no number is free for the evidence of {name}"),
        )
        .hint(Next::Doctor.that("tells which tags are in the way")))
    }

    fn same(
        &self,
        new: &NewEvidence,
        signers: Option<&Signers>,
    ) -> Result<Option<Evidence>, Failure> {
        if new.is_again {
            return Ok(None);
        }
        let measured = &new.measured;
        let wanted = Measurement {
            name: &new.name,
            digest: &new.digest,
            suite: &measured.suite,
            repeat: measured.repeat,
            base: measured.base.as_ref().map(|base| base.digest.as_str()),
        };
        self.recorded(&wanted, signers)
    }

    /// The tag under the next number that is free.
    fn free(&self, name: &PromptName, push: bool) -> Result<Option<Tag>, Failure> {
        let Some(mut number) = self.evidence(name)?.next() else {
            return Ok(None);
        };
        loop {
            let tag = self.tag(TagName::Evidence {
                name: name.clone(),
                number,
            });
            // One of a fork may stand there.
            if push || self.ref_target(&format!("refs/tags/{tag}")).is_none() {
                return Ok(Some(tag));
            }
            number += 1;
        }
    }

    fn write_evidence(
        &self,
        new: &NewEvidence,
        tag: &Tag,
        signers: Option<&Signers>,
    ) -> Result<ObjectId, Failure> {
        let trailers = Trailers {
            prompt: new.name.clone(),
            version: new.version,
            digest: new.digest.clone(),
            release: None,
        };
        let mut message = quoted(&new.words);
        message.push_str(&trailers.lines());
        message.push_str(&measured::write(&new.measured));
        let signing = match signers {
            Some(_) => Signing::Required,
            None => Signing::AsSetUp,
        };
        let written = self.write_signed(
            &[NewTag {
                name: tag.to_string(),
                commit: new.commit,
                message,
            }],
            signing,
        )?;
        let object = written.objects.first().copied().unwrap_or(ObjectId::NONE);
        if let Some(signers) = signers {
            self.check_new_tag(tag, object, signers)?;
        }
        Ok(object)
    }
}
