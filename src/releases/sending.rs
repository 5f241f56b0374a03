//! Sending tags to the remote, and those that wait for it.

use std::collections::BTreeSet;

use crate::repository::{GitOutput, ObjectId, refused, words_of};

use super::made::{Pending, SendState};
use super::remote::unreachable;
use super::store::Store;
use super::tag::{Tag, TagName};
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code::{self, Code};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::Next;

/// What became of an attempt to send tags.
pub(crate) enum Sent {
    /// The remote has them all.
    Accepted,
    /// The remote holds other tags of the same names.
    Overtaken,
}

/// What became of the pending tags of a prompt in an environment.
#[derive(Debug, Default)]
pub struct Pushed {
    /// The tags that the remote took.
    pub sent: Vec<Tag>,
    /// The tags that lost: somebody was faster, or one below them lost.
    pub lost: Vec<Tag>,
    /// Those that were refused, with why; they stay pending.
    pub refused: Vec<(Vec<Tag>, Failure)>,
    /// What could not be written down here although the remote took it.
    pub warnings: Vec<Failure>,
}

/// Tags that are sent together: a release with the versions that stand before it.
#[derive(Debug, Clone)]
pub struct Group {
    /// The prompt.
    pub name: PromptName,
    /// The environment of its release; none for versions alone.
    pub environment: Option<Environment>,
    tags: Vec<Pending>,
}

impl Group {
    pub fn tags(&self) -> Vec<Tag> {
        self.tags.iter().map(|entry| entry.tag.clone()).collect()
    }

    fn objects(&self) -> Vec<(Tag, ObjectId)> {
        let pair = |entry: &Pending| (entry.tag.clone(), entry.object);
        self.tags.iter().map(pair).collect()
    }
}

impl Store {
    /// The pending tags of these prompts and this environment, as they are sent together; and those
    /// that are lost.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn groups(
        &self,
        names: &[PromptName],
        environment: Option<&Environment>,
    ) -> Result<(Vec<Group>, Vec<Tag>), Failure> {
        let pending = self.pending()?;
        let is_wanted =
            |entry: &&Pending| names.is_empty() || names.contains(entry.tag.name.prompt());
        let (lost, open): (Vec<&Pending>, Vec<&Pending>) =
            pending.iter().filter(is_wanted).partition(|it| it.lost);
        let in_environment = |entry: &Pending| match &entry.tag.name {
            TagName::Release {
                environment: other, ..
            } => environment.is_none_or(|wanted| wanted == other),
            TagName::Version { .. } => environment.is_none(),
            // A release there may name it.
            TagName::Evidence { .. } => true,
        };
        let lost = lost
            .iter()
            .filter(|entry| in_environment(entry))
            .map(|entry| entry.tag.clone())
            .collect();
        let mut groups: Vec<Group> = Vec::new();
        let mut taken = BTreeSet::new();
        for release in open
            .iter()
            .filter(|it| matches!(it.tag.name, TagName::Release { .. }))
        {
            if !in_environment(release) {
                continue;
            }
            let TagName::Release {
                name, environment, ..
            } = &release.tag.name
            else {
                continue;
            };
            let trailers = self.tag_trailers(release.object, &release.tag.name)?;
            let version = TagName::Version {
                name: name.clone(),
                version: trailers.version,
            };
            let of_version = open.iter().find(|entry| entry.tag.name == version);
            let mut tags = Vec::new();
            if let Some(version) = of_version {
                // Of several releases the first that is taken brings it along.
                taken.insert(version.tag.clone());
                tags.push((*version).clone());
            }
            tags.push((*release).clone());
            groups.push(Group {
                name: name.clone(),
                environment: Some(environment.clone()),
                tags,
            });
        }
        let alone = open.iter().filter(|entry| {
            in_environment(entry)
                && matches!(entry.tag.name, TagName::Version { .. })
                && !taken.contains(&entry.tag)
        });
        groups.extend(alone.map(|entry| Group {
            name: entry.tag.name.prompt().clone(),
            environment: None,
            tags: vec![(*entry).clone()],
        }));
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        // Evidence goes first: releases may name it.
        let evidence = open.iter().filter(|entry| {
            in_environment(entry) && matches!(entry.tag.name, TagName::Evidence { .. })
        });
        let evidence = evidence.map(|entry| Group {
            name: entry.tag.name.prompt().clone(),
            environment: None,
            tags: vec![(*entry).clone()],
        });
        let groups = evidence.chain(groups).collect();
        Ok((groups, lost))
    }

    /// What is live where the tag of a release is.
    pub fn newest_beside(&self, tag: &Tag) -> Option<super::release::Release> {
        let TagName::Release {
            name, environment, ..
        } = &tag.name
        else {
            return None;
        };
        let releases = self.releases(name, environment).ok()?;
        releases.newest().cloned()
    }

    /// Sends one group of pending tags.
    ///
    /// # Errors
    /// The remote cannot be reached or refuses; nothing was changed then.
    pub fn push_group(&self, group: &Group, pushed: &mut Pushed) -> Result<bool, Failure> {
        let mut tags = group.objects();
        // A version may have gone with another release.
        let mirror = self.true_space().base;
        tags.retain(|(tag, id)| self.ref_target(&format!("{mirror}{}", tag.name)) != Some(*id));
        match self.send(&[&group.name], &tags)? {
            Sent::Accepted => {
                pushed.warnings.extend(self.confirm(&tags));
                pushed.sent.extend(tags.into_iter().map(|(tag, _)| tag));
                Ok(true)
            }
            Sent::Overtaken => {
                self.refresh(&[&group.name], &[])?;
                pushed.lost.extend(group.tags());
                Ok(false)
            }
        }
    }

    /// The codes that the release of a group lets through.
    ///
    /// # Errors
    /// Its tag cannot be read.
    pub fn allowed_by(&self, group: &Group) -> Result<Vec<Code>, Failure> {
        let mut allowed = Vec::new();
        for tag in &group.tags {
            let release = self.tag_trailers(tag.object, &tag.tag.name)?.release;
            allowed.extend(release.into_iter().flat_map(|release| release.allowed));
        }
        Ok(allowed)
    }

    /// The release of a group as it would become, with the content that it releases.
    ///
    /// # Errors
    /// A tag of it is not sound.
    pub fn released_by(&self, group: &Group) -> Result<Option<Loaded>, Failure> {
        let Some(release) = group
            .tags
            .iter()
            .find(|tag| matches!(tag.tag.name, TagName::Release { .. }))
        else {
            return Ok(None);
        };
        let (commit, trailers) = self.tag_target(release.object, &release.tag.name)?;
        let is_publish = trailers
            .release
            .is_some_and(|release| release.action == super::tag::Action::Publish);
        if !is_publish {
            return Ok(None);
        }
        let version = TagName::Version {
            name: group.name.clone(),
            version: trailers.version,
        };
        if let Some(held) = self.version_tag(&version)?
            && (held.trailers.digest != trailers.digest || held.commit != commit)
        {
            return Err(Failure::new(
                code::RELEASE_MISMATCH,
                format!(
                    "{} disagrees with the tag of {}, which the remote has",
                    release.tag, trailers.version
                ),
            )
            .hint(Next::bump(&group.name).that("gives the content a number of its own")));
        }
        let loaded = self.load_at(commit, &group.name).map_err(Failure::from)?;
        match loaded {
            Some(loaded) if *loaded.digest() == trailers.digest => Ok(Some(loaded)),
            _ => Err(Failure::new(
                code::RELEASE_MISMATCH,
                format!("{} does not hold the content that it names", release.tag),
            )
            .hint(Next::Doctor.that("tells what is wrong"))),
        }
    }

    /// Fails where a tag of a group lacks a signature of one of `signers`.
    ///
    /// # Errors
    /// So it is.
    pub fn check_group(
        &self,
        group: &Group,
        signers: &super::signature::Signers,
    ) -> Result<(), Failure> {
        group
            .tags
            .iter()
            .try_for_each(|tag| self.check_new_tag(&tag.tag, tag.object, signers))
    }

    /// Sends the tags of these prompts in one push that the remote takes whole or not at all. The
    /// journal knows of them before they leave.
    ///
    /// # Errors
    /// The remote cannot be reached or refuses.
    pub(crate) fn send(
        &self,
        names: &[&PromptName],
        tags: &[(Tag, ObjectId)],
    ) -> Result<Sent, Failure> {
        let remote = self.remote()?.to_owned();
        self.require_one_push_url(&remote)?;
        self.journal(SendState::Sending, tags)?;
        let mut output = self.push(&remote, tags, true)?;
        // The tags of several prompts go together or not at all.
        if output.lacks_atomic() && names.len() == 1 {
            // The version goes first: without a release it is harmless, and a release without its
            // version is not.
            for tag in tags {
                output = self.push(&remote, std::slice::from_ref(tag), false)?;
                if !output.ok {
                    break;
                }
            }
        }
        if output.ok {
            return Ok(Sent::Accepted);
        }
        let words = format!("{}\n{}", output.out, output.err);
        // What the remote holds now decides, whatever the answer was: it may have been lost on the way.
        let pattern = |name: &&PromptName| format!("refs/tags/{}{name}/*", self.settings.prefix);
        let patterns: Vec<String> = names.iter().map(pattern).collect();
        let theirs = self
            .ask(&remote, &patterns)
            .map_err(|_| unreachable(&remote, &output.err))?;
        let held = |tag: &Tag| theirs.get(&tag.name.to_string()).copied();
        if tags.iter().all(|(tag, id)| held(tag) == Some(*id)) {
            return Ok(Sent::Accepted);
        }
        let is_overtaken = tags
            .iter()
            .any(|(tag, id)| held(tag).is_some_and(|other| other != *id));
        // Whoever waits to be sent goes on waiting after a refusal.
        let was_pending = tags
            .iter()
            .any(|(tag, id)| self.ref_target(&format!("refs/tags/{tag}")) == Some(*id));
        let fate = match (is_overtaken, was_pending) {
            (true, _) | (false, false) => SendState::Lost,
            (false, true) => SendState::Made,
        };
        self.journal(fate, tags)?;
        if is_overtaken {
            return Ok(Sent::Overtaken);
        }
        Err(refusal(&remote, &words))
    }

    fn push(
        &self,
        remote: &str,
        tags: &[(Tag, ObjectId)],
        atomic: bool,
    ) -> Result<GitOutput, Failure> {
        let mut git = self
            .git_with_hooks()
            .args(["push", "--porcelain", "--no-follow-tags"]);
        if atomic {
            git = git.arg("--atomic");
        }
        git.args(["--end-of-options", remote])
            .args(tags.iter().map(|(tag, id)| format!("{id}:refs/tags/{tag}")))
            .run()
    }

    /// Records that the remote holds these tags: in the mirror, and as this clone's own. A pending
    /// tag of the same name stays, so that it is seen to have lost. What was accepted is done: what
    /// cannot be noted is a warning.
    pub(crate) fn confirm(&self, tags: &[(Tag, ObjectId)]) -> Option<Failure> {
        let note = || -> Result<(), Failure> {
            let Some(mirror) = self.mirror_space() else {
                return Ok(());
            };
            let mut commands = Vec::new();
            let mut seen = Vec::new();
            for (tag, id) in tags {
                commands.push(format!("update {}{} {id}", mirror.base, tag.name));
                if self.ref_target(&format!("refs/tags/{tag}")).is_none() {
                    commands.push(format!("update refs/tags/{tag} {id}"));
                }
                seen.push((tag.name.to_string(), *id));
            }
            self.note_seen(&seen)?;
            self.update_refs(&commands)?;
            self.journal(SendState::Confirmed, tags)
        };
        note().err()
    }
}

/// What a push said that failed although the remote answers.
fn refusal(remote: &str, words: &str) -> Failure {
    let reasons: Vec<String> = words.lines().filter_map(reason).collect();
    if reasons.is_empty() {
        // The reference was not even offered: a pre-push hook, or no permission to write.
        return refused(format!(
            "git did not send the tags to {remote}: {}",
            words_of(words)
        ))
        .hint(
            "nothing was changed; a pre-push hook or a missing permission to write stops a push",
        );
    }
    let mut failure = refused(format!("the remote {remote} refused the tags"));
    for reason in reasons.iter().take(5) {
        failure = failure.hint(format!("git says: {reason}"));
    }
    failure.hint("nothing was changed; a host's tag rules say who may create tags below the prefix")
}

/// A line of `git push --porcelain` that says why a reference was refused.
fn reason(line: &str) -> Option<String> {
    let line = line.trim();
    if let Some(words) = line.strip_prefix("remote:") {
        return Some(words.trim().to_owned()).filter(|words| !words.is_empty());
    }
    let mut fields = line.strip_prefix('!')?.trim_start().split('\t');
    let reference = fields.next()?.rsplit_once(':')?.1;
    Some(format!("{reference} {}", fields.next()?))
}
