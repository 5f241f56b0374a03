//! What the newest releases of a row say is live, without reading the others.

use super::namespace::Mirror;
use super::release::{Active, Release, State};
use super::row::{self, ReadTag};
use super::store::Store;
use super::tag::{Action, Previous, TagName};
use super::tag_object::Unread;
use super::warning::{InvalidTag, ReleaseWarning};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::{Next, VersionChoice};
use crate::prompt::version::Version;
use crate::repository::ObjectId;
/// What an environment says about a prompt, with what people must know about it.
pub(crate) type Read = Result<(State, Vec<ReleaseWarning>), Failure>;

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
        failure
            .hint(Next::publish(name, VersionChoice::OfFile, environment).that("makes a sound one"))
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
pub(super) fn within_reach(mut row: Vec<(u64, ObjectId)>) -> (Vec<(u64, ObjectId)>, Vec<u64>) {
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
