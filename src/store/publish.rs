//! Changing what is live: the demand, and the tags that carry it out.

use super::plan::Planned;
use super::policy::Rules;
use super::process::{Git, Running, explain, is_lock_message};
use super::release::Release;
use super::remote::Sent;
use super::signature::Signing;
use super::tag::Action;
use super::tagging::NewTag;
use super::{Loaded, Store};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;

/// The longest message given to git as an argument, in bytes: Windows takes 32 KB for all of them.
const MAX_ARGUMENT: usize = 8 * 1024;

/// What is wanted.
#[derive(Debug, Clone)]
pub enum Demand {
    /// This content shall be live.
    Publish(Box<Loaded>),
    /// What was live before shall be live again, or this version from further down.
    Rollback(Option<Version>),
    /// Nothing shall be live.
    Unpublish,
}

/// How it is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where.
    pub environment: Environment,
    /// Why, for people.
    pub message: Option<String>,
    /// Whether to send the tags to the remote, where there is one.
    pub push: bool,
    /// Whether the remote's tags were fetched just now, so that they need not be again.
    pub is_fresh: bool,
    /// What must hold before something is published.
    pub rules: Rules,
    /// Whether the tags are signed.
    pub signing: Signing,
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
    /// The tags made, with the prefix.
    pub tags: Vec<String>,
    /// Whether the remote has them.
    pub pushed: bool,
    /// Why the tags are not signed, where that was tried in vain.
    pub unsigned: Option<String>,
}

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
            self.seed_mirror()?;
            tagging = Some(self.tag_in_place(&planned).begin()?);
        }
        Ok(Releasing {
            store: self,
            planned,
            options,
            tagging,
        })
    }

    /// Whether the change is one tag of this clone alone, which `git tag` makes at once. Where git
    /// was started early for more, that is faster.
    fn is_one_tag(&self, planned: &Planned, options: &Options) -> bool {
        let has_version = planned.version_message.is_none()
            && (!planned.send_version
                || planned.version_tag
                    == self.ref_target(&format!("refs/tags/{}", planned.version_name)));
        has_version
            && self.early.borrow().is_none()
            && !(options.push && self.has_remote())
            && options.signing == Signing::AsSetUp
            && options.rules.signers.is_none()
            && planned.release_message.len() <= MAX_ARGUMENT
    }

    /// The call that makes the tag of a release, or nothing at all, whenever we are killed: its
    /// message is an argument, since an input could end early.
    fn tag_in_place(&self, planned: &Planned) -> Git {
        self.git()
            .args(["tag", "-a", "--cleanup=verbatim", "-m"])
            .arg(&planned.release_message)
            .arg("--end-of-options")
            .arg(&planned.release_name)
            .arg(planned.commit.to_string())
    }

    fn end_tagging(&self, tagging: Running, planned: Planned) -> Result<Change, Failure> {
        let mut said = tagging.end()?;
        if !said.ok && is_lock_message(&said.err) {
            said = Git::say_when_free(|| self.tag_in_place(&planned))?;
        }
        if said.ok {
            return Ok(planned.change);
        }
        if said.err.contains("already exists") {
            return Err(self.lost_locally(&planned.change));
        }
        Err(explain(&said.err))
    }

    fn release_all(&self, planned: Planned, options: &Options) -> Result<Change, Failure> {
        let mut new = Vec::new();
        if let Some(message) = planned.version_message.clone() {
            new.push(NewTag {
                name: planned.version_name.clone(),
                commit: planned.commit,
                message,
            });
        }
        new.push(NewTag {
            name: planned.release_name.clone(),
            commit: planned.commit,
            message: planned.release_message.clone(),
        });
        let written = self.write_signed(&new, options.signing)?;
        if let Some(signers) = &options.rules.signers {
            for (tag, object) in new.iter().zip(&written.objects) {
                self.check_new_tag(&tag.name, *object, signers)?;
            }
        }
        let mut objects = written.objects.into_iter();
        let version = match planned.version_tag {
            Some(object) => Some(object),
            None => objects.next(),
        };
        let mut tags = Vec::new();
        if let Some(version) = version
            && (planned.send_version || planned.version_message.is_some())
        {
            tags.push((planned.version_name.clone(), version));
        }
        tags.extend(
            objects
                .next()
                .map(|release| (planned.release_name.clone(), release)),
        );
        let mut change = planned.change;
        change.unsigned = written.unsigned;
        if options.push && self.has_remote() {
            match self.send(&change.name, &tags)? {
                Sent::Accepted => self.confirm(&tags)?,
                Sent::Overtaken => return Err(self.overtaken(&change)),
            }
            change.pushed = true;
            return Ok(change);
        }
        self.seed_mirror()?;
        let commands: Vec<String> = tags
            .iter()
            .filter(|(full, id)| self.ref_target(&format!("refs/tags/{full}")) != Some(*id))
            .map(|(full, id)| format!("create refs/tags/{full} {id}"))
            .collect();
        // A reference that appeared since the decision means that another process was faster.
        self.update_refs(&commands).map_err(|failure| {
            match failure.message.contains("reference already exists") {
                true => self.lost_locally(&change),
                false => failure,
            }
        })?;
        Ok(change)
    }

    /// Who was faster, from what the remote says now.
    fn overtaken(&self, change: &Change) -> Failure {
        let fetched = self.refresh(&change.name);
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
        Failure::new(code::OVERTAKEN, what).hint(format!(
            "nothing was changed; promptctl releases {} --env {}",
            change.name, change.environment
        ))
    }

    /// Who was faster in this clone.
    fn lost_locally(&self, change: &Change) -> Failure {
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
