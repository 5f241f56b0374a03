//! Changing what is live: the demand, and the tags that carry it out.

use super::made::SendState;
use super::plan::{Planned, VersionPlan};
use super::release::Release;
use super::request::{Change, Options, PreviouslySeen};
use super::sending::Sent;
use super::signature::Signing;
use super::store::Store;
use super::tag::{Previous, Tag};
use crate::error::Failure;
use crate::prompt::code::{self};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::Next;
use crate::prompt::version::Version;
use crate::repository::{Git, NewTag, ObjectId, RefsError, Running, explain};

/// The longest message given to git as an argument, in bytes: Windows takes 32 KB for all of them.
const MAX_ARGUMENT: usize = 8 * 1024;

/// A tag whose object is in the repository, and no reference yet.
type WrittenTag = (Tag, ObjectId);

/// A planned change that is on its way.
pub struct Releasing<'a> {
    store: &'a Store,
    planned: Planned,
    options: &'a Options,
    /// The call of git that makes its tag, where that is all there is to do.
    tagging: Option<Running>,
}

impl Releasing<'_> {
    /// Waits until the change is made.
    ///
    /// # Errors
    /// As [`Store::release_planned`].
    pub fn finish(self) -> Result<Change, Failure> {
        match self.tagging {
            Some(tagging) => self.store.end_tagging(tagging, self.planned),
            None => self.store.release_all(self.planned, self.options),
        }
    }
}

impl Store {
    /// Notes what this clone has seen of these prompts, then asks the remote what it has, where the
    /// releases go there.
    ///
    /// # Errors
    /// The remote cannot be reached.
    pub fn ask_remote(
        &self,
        names: &[&PromptName],
        branches: &[String],
        push: bool,
    ) -> Result<PreviouslySeen, Failure> {
        let before = names
            .iter()
            .map(|name| Ok(((*name).clone(), self.seen(name)?)));
        let before = PreviouslySeen(before.collect::<Result<_, Failure>>()?);
        if push && self.has_remote() {
            self.refresh(names, branches)?;
        }
        Ok(before)
    }

    /// Makes a planned change: the tags are written, sent where that is wanted, and only then
    /// become references of this clone.
    ///
    /// # Errors
    /// The tags cannot be made, the remote refuses them, or somebody was faster. Nothing is
    /// changed then.
    pub fn release_planned(&self, planned: Planned, options: &Options) -> Result<Change, Failure> {
        self.begin_release(planned, options)?.finish()
    }

    /// The same for who has something to do meanwhile.
    ///
    /// # Errors
    /// git cannot be started.
    pub fn begin_release<'a>(
        &'a self,
        planned: Planned,
        options: &'a Options,
    ) -> Result<Releasing<'a>, Failure> {
        let mut tagging = None;
        if self.is_one_tag(&planned, options) {
            tagging = Some(self.tag_in_place(&planned).begin()?);
        }
        Ok(Releasing {
            store: self,
            planned,
            options,
            tagging,
        })
    }

    /// Whether the change is one tag of a clone without a remote, which `git tag` makes at once. Where
    /// git was started early for more, that is faster.
    fn is_one_tag(&self, planned: &Planned, options: &Options) -> bool {
        self.settings.remote.is_none()
            && planned.version == VersionPlan::Confirmed
            && planned.release_tags.len() == 1
            && !self.is_ready_to_release()
            && options.signing == Signing::AsSetUp
            && options.rules.signers.is_none()
            && planned.release_message(&planned.previous).len() <= MAX_ARGUMENT
    }

    /// The call that makes the tag of a release, or nothing at all, whenever we are killed: its
    /// message is an argument, since an input could end early.
    fn tag_in_place(&self, planned: &Planned) -> Git {
        self.git()
            .args(["tag", "-a", "--cleanup=verbatim", "-m"])
            .arg(planned.release_message(&planned.previous))
            .arg("--end-of-options")
            .args(planned.release_tags.iter().map(Tag::to_string))
            .arg(planned.commit.to_string())
    }

    fn end_tagging(&self, tagging: Running, planned: Planned) -> Result<Change, Failure> {
        let mut output = tagging.end()?;
        if output.met_a_lock() {
            output = Git::run_when_free(|| self.tag_in_place(&planned))?;
        }
        if output.ok {
            let made = planned.release_tags.into_iter().filter_map(|tag| {
                let id = self.ref_target(&format!("refs/tags/{tag}"))?;
                Some((tag, id))
            });
            let made: Vec<(Tag, ObjectId)> = made.collect();
            let mut change = planned.change;
            change.note = self
                .journal(SendState::Made, &made)
                .err()
                .map(|it| it.message);
            return Ok(change);
        }
        if output.found_the_ref() {
            return Err(self.lost_locally(&planned.change));
        }
        Err(explain(&output.err))
    }

    /// Makes many planned changes with as few calls of git as one takes: all or none. `None` where they
    /// cannot go together, or did not; each by itself tells then what stands in its way.
    pub fn release_together(&self, planned: &[Planned], options: &Options) -> Option<Vec<Change>> {
        if !planned.iter().all(Planned::is_plain) {
            return None;
        }
        let new = planned.iter().flat_map(new_tags).collect();
        let (tags, unsigned) = self.write_checked(new, options).ok()?;
        let mut changes: Vec<Change> = planned.iter().map(|it| it.change.clone()).collect();
        for change in &mut changes {
            change.unsigned.clone_from(&unsigned);
        }
        if options.push && self.has_remote() {
            let names: Vec<&PromptName> = planned.iter().map(|it| &it.change.name).collect();
            match self.send(&names, &tags).ok()? {
                Sent::Accepted => {}
                Sent::Overtaken => return None,
            }
            let note = self.confirm(&tags).map(|failure| failure.message);
            for change in &mut changes {
                change.pushed = true;
            }
            // Told once.
            if let Some(first) = changes.first_mut() {
                first.note = note;
            }
        } else if self.keep_here(&tags).is_err() {
            return None;
        }
        Some(changes)
    }

    /// Writes the objects of tags, signed as it is wanted, and by a key that counts where that is a
    /// rule; and why they are not signed where that was tried in vain.
    fn write_checked(
        &self,
        new: Vec<(Tag, NewTag)>,
        options: &Options,
    ) -> Result<(Vec<WrittenTag>, Option<String>), Failure> {
        let (tags, new): (Vec<Tag>, Vec<NewTag>) = new.into_iter().unzip();
        let written = self.write_signed(&new, options.signing)?;
        if let (Some(signers), Signing::Required) = (&options.rules.signers, options.signing) {
            for (tag, object) in tags.iter().zip(&written.objects) {
                self.check_new_tag(tag, *object, signers)?;
            }
        }
        let tags = tags.into_iter().zip(written.objects).collect();
        Ok((tags, written.unsigned))
    }

    /// Makes tags references of this clone.
    pub(super) fn keep_here(&self, tags: &[(Tag, ObjectId)]) -> Result<(), RefsError> {
        let is_here = |(tag, id): &&(Tag, ObjectId)| {
            self.ref_target(&format!("refs/tags/{tag}")) == Some(*id)
        };
        let new: Vec<(Tag, ObjectId)> = tags.iter().filter(|tag| !is_here(tag)).cloned().collect();
        // The journal first: a reference that it does not know counts as somebody else's.
        self.journal(SendState::Made, &new)
            .map_err(RefsError::Other)?;
        let commands: Vec<String> = new
            .iter()
            .map(|(tag, id)| format!("create refs/tags/{tag} {id}"))
            .collect();
        self.update_refs(&commands)
    }

    fn release_all(&self, planned: Planned, options: &Options) -> Result<Change, Failure> {
        let (mut tags, mut unsigned) = self.write_checked(new_tags(&planned), options)?;
        // A second one, above a stray, follows the first.
        for tag in planned.release_tags.iter().skip(1) {
            let previous = tags
                .last()
                .map_or(Previous::Nothing, |(_, object)| Previous::Object(*object));
            let (next, why) =
                self.write_checked(vec![release_tag(&planned, tag, &previous)], options)?;
            tags.extend(next);
            unsigned = unsigned.or(why);
        }
        if let VersionPlan::Pending(object) = planned.version {
            tags.insert(0, (planned.version_tag.clone(), object));
        }
        let mut change = planned.change;
        change.unsigned = unsigned;
        if options.push && self.has_remote() {
            match self.send(&[&change.name], &tags)? {
                Sent::Accepted => {
                    change.note = self.confirm(&tags).map(|failure| failure.message);
                }
                Sent::Overtaken => return Err(self.overtaken(&change)),
            }
            change.pushed = true;
            return Ok(change);
        }
        // A reference that appeared since the decision means that another process was faster.
        self.keep_here(&tags).map_err(|error| match error {
            RefsError::Exists(_) => self.lost_locally(&change),
            RefsError::Other(failure) => failure,
        })?;
        Ok(change)
    }

    /// Who was faster, from what the remote says now.
    fn overtaken(&self, change: &Change) -> Failure {
        let fetched = self.refresh(&[&change.name], &[]);
        let newest = fetched
            .and_then(|()| self.releases(&change.name, &change.environment))
            .ok()
            .and_then(|releases| releases.newest().cloned());
        self.overtaken_by(change, newest.as_ref())
    }

    fn overtaken_by(&self, change: &Change, newest: Option<&Release>) -> Failure {
        let what = match newest {
            Some(newest) => format!(
                "somebody was faster: {} {} {} {} in {} at {} (release {})",
                newest.by,
                newest.action.past(),
                change.name,
                newest.version,
                change.environment,
                newest.time,
                newest.number
            ),
            None => format!(
                "somebody was faster: the tags of {} exist already",
                change.name
            ),
        };
        Failure::new(code::OVERTAKEN, what).hint(
            Next::releases_of(&change.name, &change.environment).after("nothing was changed; "),
        )
    }

    /// Who was faster in this clone.
    fn lost_locally(&self, change: &Change) -> Failure {
        let foreign = self.unconfirmed().map(|(_, foreign)| foreign);
        let in_the_way = foreign
            .unwrap_or_default()
            .into_iter()
            .find(|tag| change.tags.contains(tag));
        if let Some(tag) = in_the_way {
            return Failure::new(
                code::FOREIGN_TAG,
                format!("the tag {tag} of this clone is in the way, and it was not made here"),
            )
            .hint(format!(
                "git tag -d {tag} takes it away; it came from another repository or was made by hand"
            ));
        }
        let newest = self
            .releases(&change.name, &change.environment)
            .ok()
            .and_then(|releases| releases.entries.last().cloned());
        self.overtaken_by(change, newest.as_ref())
    }

    /// The highest version ever released to an environment.
    ///
    /// # Errors
    /// The tags are not sound.
    pub fn highest_released(
        &self,
        name: &PromptName,
        environment: &Environment,
    ) -> Result<Option<Version>, Failure> {
        let releases = self.releases(name, environment)?;
        Ok(releases.entries.iter().map(|entry| entry.version).max())
    }
}

/// The tags of a change that can be made at once: of its version, where that is new, and of its first
/// release.
fn new_tags(planned: &Planned) -> Vec<(Tag, NewTag)> {
    let version = (planned.version == VersionPlan::New).then(|| {
        new_tag(
            planned,
            &planned.version_tag,
            planned.version_message.clone(),
        )
    });
    let first = planned.release_tags.first();
    let release = first.map(|tag| release_tag(planned, tag, &planned.previous));
    version.into_iter().chain(release).collect()
}

fn release_tag(planned: &Planned, tag: &Tag, previous: &Previous) -> (Tag, NewTag) {
    new_tag(planned, tag, planned.release_message(previous))
}

fn new_tag(planned: &Planned, tag: &Tag, message: String) -> (Tag, NewTag) {
    let new = NewTag {
        name: tag.to_string(),
        commit: planned.commit,
        message,
    };
    (tag.clone(), new)
}
