//! The remote: its tags mirrored, pending ones sent.

use std::collections::BTreeSet;

use git2::Oid;

use super::Store;
use super::process::{Git, refused, words_of};
use super::tag::TagName;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::PromptName;

/// What a fetch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The remote asked.
    pub remote: String,
    /// The tags that are new in the mirror, with the prefix.
    pub new: Vec<String>,
    /// The tags that the remote no longer has.
    pub gone: Vec<String>,
    /// Tags of this clone that the remote has not confirmed.
    pub pending: Vec<Pending>,
}

/// A tag that the remote has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The tag.
    pub tag: TagName,
    /// Its name with the prefix.
    pub full: String,
    /// Whether the remote holds another tag of that name, so that this one can never be sent.
    pub lost: bool,
}

/// What became of an attempt to send tags.
pub(super) enum Sent {
    /// The remote has them all.
    Accepted,
    /// The remote holds other tags of the same names.
    Overtaken,
}

impl Store {
    fn remote(&self) -> Result<&str, Failure> {
        self.require_known_remote()?;
        self.settings.remote.as_deref().ok_or_else(|| {
            Failure::new(code::REMOTE_UNREACHABLE, "this repository has no remote")
                .hint("git remote add origin URL; with several remotes, name one: `remote:` in promptctl.yaml")
        })
    }

    fn mirror_refspec(&self, remote: &str) -> String {
        format!(
            "+refs/tags/{}*:refs/promptctl/{remote}/*",
            self.settings.prefix
        )
    }

    /// Sets the clone up so that a plain `git fetch` keeps the mirror fresh. No network.
    ///
    /// # Errors
    /// The clone's configuration cannot be written.
    pub fn configure_mirror(&self) -> Result<bool, Failure> {
        self.require_known_remote()?;
        let Some(remote) = self.settings.remote.as_deref() else {
            return Ok(false);
        };
        if self.mirror_is_configured(remote)? {
            return Ok(false);
        }
        let refspec = self.mirror_refspec(remote);
        let key = format!("remote.{remote}.fetch");
        Git::read_when_unlocked(|| self.git().args(["config", "--add", &key, &refspec]))?;
        Ok(true)
    }

    /// Whether a plain `git fetch` brings the remote's tags into the mirror.
    pub(super) fn mirror_is_configured(&self, remote: &str) -> Result<bool, Failure> {
        let refspec = self.mirror_refspec(remote);
        let key = format!("remote.{remote}.fetch");
        let configured = self.git().args(["config", "--get-all", &key]).say()?.out;
        Ok(configured.lines().any(|line| line == refspec))
    }

    /// Notes that the mirror says what is live from now on.
    fn trust_mirror(&self, remote: &str) -> Result<(), Failure> {
        if self.config_value(Self::MIRROR_KEY).as_deref() == Some(remote) {
            return Ok(());
        }
        Git::read_when_unlocked(|| self.git().args(["config", Self::MIRROR_KEY, remote])).map(drop)
    }

    /// Makes this clone agree with the remote about all tags.
    ///
    /// # Errors
    /// No remote, or one that cannot be reached.
    pub fn fetch(&self) -> Result<Fetched, Failure> {
        let remote = self.remote()?.to_owned();
        self.configure_mirror()?;
        let before = self.mirrored()?;
        self.fetch_refspec(&remote, &self.mirror_refspec(&remote), true)?;
        self.trust_mirror(&remote)?;
        let after = self.mirrored()?;
        let name = |(rest, _): &(String, Oid)| format!("{}{rest}", self.settings.prefix);
        Ok(Fetched {
            new: after.difference(&before).map(name).collect(),
            gone: before
                .iter()
                .filter(|(rest, _)| !after.iter().any(|(other, _)| other == rest))
                .map(name)
                .collect(),
            pending: self.pending()?,
            remote,
        })
    }

    fn mirrored(&self) -> Result<BTreeSet<(String, Oid)>, Failure> {
        let Some(mirror) = self.mirror_space() else {
            return Ok(BTreeSet::new());
        };
        Ok(self
            .refs_below(&mirror.base)?
            .into_iter()
            .map(|found| (found.rest, found.id))
            .collect())
    }

    /// Fetches what the remote says of one prompt; the whole mirror where there is none yet, since
    /// half a mirror would say that the other prompts were never published.
    pub(super) fn refresh(&self, name: &PromptName) -> Result<(), Failure> {
        let remote = self.remote()?.to_owned();
        if !self.has_mirror() {
            return self.fetch().map(drop);
        }
        let refspec = format!(
            "+refs/tags/{}{name}/*:refs/promptctl/{remote}/{name}/*",
            self.settings.prefix
        );
        self.fetch_refspec(&remote, &refspec, true)
    }

    fn fetch_refspec(&self, remote: &str, refspec: &str, prune: bool) -> Result<(), Failure> {
        let fetch = |depth: &[&str]| {
            Git::say_when_unlocked(|| {
                let mut git =
                    self.git()
                        .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]);
                if prune {
                    git = git.arg("--prune");
                }
                git.args(depth).args(["--end-of-options", remote, refspec])
            })
        };
        let mut said = fetch(if self.is_shallow() {
            &["--depth", "1"]
        } else {
            &[]
        })?;
        if !said.ok && said.err.is_empty() {
            // With a depth, git fails without a word where the remote has no such tag.
            said = fetch(&[])?;
        }
        if said.ok {
            Ok(())
        } else {
            Err(unreachable(remote, &said.err))
        }
    }

    /// The tags of this clone that the remote has not confirmed.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn pending(&self) -> Result<Vec<Pending>, Failure> {
        let Some(mirror) = self.mirror_space().filter(|_| self.has_mirror()) else {
            return Ok(Vec::new());
        };
        let mut pending = Vec::new();
        let confirmed: std::collections::BTreeMap<String, Oid> = self
            .refs_below(&mirror.base)?
            .into_iter()
            .map(|found| (found.rest, found.id))
            .collect();
        for found in self.refs_below(&self.local_space().base)? {
            let Some(tag) = TagName::parse(&found.rest) else {
                continue;
            };
            let theirs = confirmed.get(&found.rest);
            if theirs != Some(&found.id) {
                pending.push(Pending {
                    full: format!("{}{tag}", self.settings.prefix),
                    tag,
                    lost: theirs.is_some(),
                });
            }
        }
        pending.sort_by(|a, b| order(&a.tag).cmp(&order(&b.tag)));
        Ok(pending)
    }

    /// Sends tags in one push that the remote takes whole or not at all.
    ///
    /// # Errors
    /// The remote cannot be reached or refuses.
    pub(super) fn send(&self, name: &PromptName, tags: &[(String, Oid)]) -> Result<Sent, Failure> {
        let remote = self.remote()?.to_owned();
        let said = self.push(&remote, tags, true)?;
        let said = if !said.ok && said.err.contains("does not support --atomic") {
            // Version tags stand first, and one without a release is harmless.
            self.push(&remote, tags, false)?
        } else {
            said
        };
        if said.ok {
            return Ok(Sent::Accepted);
        }
        let words = format!("{}\n{}", said.out, said.err);
        // What the remote holds now decides, whatever the answer was: it may have been lost on the way.
        let theirs = self
            .ask(&remote, name)
            .map_err(|_| unreachable(&remote, &said.err))?;
        let held = |full: &str| {
            theirs
                .iter()
                .find(|(other, _)| other == full)
                .map(|(_, id)| *id)
        };
        if tags.iter().all(|(full, id)| held(full) == Some(*id)) {
            return Ok(Sent::Accepted);
        }
        if tags
            .iter()
            .any(|(full, id)| held(full).is_some_and(|other| other != *id))
        {
            return Ok(Sent::Overtaken);
        }
        Err(refusal(&remote, &words))
    }

    fn push(
        &self,
        remote: &str,
        tags: &[(String, Oid)],
        atomic: bool,
    ) -> Result<super::process::Said, Failure> {
        let mut git = self
            .git_with_hooks()
            .args(["push", "--porcelain", "--no-follow-tags"]);
        if atomic {
            git = git.arg("--atomic");
        }
        git.args(["--end-of-options", remote])
            .args(
                tags.iter()
                    .map(|(full, id)| format!("{id}:refs/tags/{full}")),
            )
            .say()
    }

    fn ask(&self, remote: &str, name: &PromptName) -> Result<Vec<(String, Oid)>, Failure> {
        let pattern = format!("refs/tags/{}{name}/*", self.settings.prefix);
        let said = self
            .git()
            .args(["ls-remote", "--refs", "--end-of-options", remote, &pattern])
            .read()?;
        Ok(said
            .lines()
            .filter_map(|line| {
                let (id, name) = line.split_once('\t')?;
                Some((
                    name.strip_prefix("refs/tags/")?.to_owned(),
                    Oid::from_str(id).ok()?,
                ))
            })
            .collect())
    }

    /// Records that the remote holds these tags: in the mirror, and as this clone's own. A pending
    /// tag of the same name stays, so that it is seen to have lost.
    pub(super) fn confirm(&self, tags: &[(String, Oid)]) -> Result<(), Failure> {
        let remote = self.remote()?.to_owned();
        let mut commands = Vec::new();
        for (full, id) in tags {
            let below = full.strip_prefix(&self.settings.prefix).unwrap_or(full);
            commands.push(format!("update refs/promptctl/{remote}/{below} {id}"));
            if self.ref_target(&format!("refs/tags/{full}")).is_none() {
                commands.push(format!("update refs/tags/{full} {id}"));
            }
        }
        self.update_refs(&commands)
    }

    /// Sends pending tags, each release with its version in one push. Returns the tags sent and
    /// those that lost against others of the same name.
    ///
    /// # Errors
    /// No remote, or one that cannot be reached or refuses; what was sent before stays sent.
    pub fn push_pending(
        &self,
        only: Option<&PromptName>,
    ) -> Result<(Vec<String>, Vec<String>), Failure> {
        self.remote()?;
        self.fetch()?;
        let mut sent = Vec::new();
        let mut lost = Vec::new();
        let pending: Vec<Pending> = self
            .pending()?
            .into_iter()
            .filter(|entry| only.is_none_or(|name| name == name_of(&entry.tag)))
            .collect();
        lost.extend(
            pending
                .iter()
                .filter(|entry| entry.lost)
                .map(|entry| entry.full.clone()),
        );
        let open: Vec<&Pending> = pending.iter().filter(|entry| !entry.lost).collect();
        for group in groups(&open) {
            let mut tags = Vec::new();
            for entry in &group {
                if let Some(id) = self.ref_target(&format!("refs/tags/{}", entry.full)) {
                    tags.push((entry.full.clone(), id));
                }
            }
            let Some(first) = group.first() else { continue };
            match self.send(name_of(&first.tag), &tags)? {
                Sent::Accepted => {
                    self.confirm(&tags)?;
                    sent.extend(tags.into_iter().map(|(full, _)| full));
                }
                Sent::Overtaken => {
                    self.refresh(name_of(&first.tag))?;
                    lost.extend(tags.into_iter().map(|(full, _)| full));
                }
            }
        }
        Ok((sent, lost))
    }

    /// Seeds the mirror with the tags that this clone already has, before it makes pending ones.
    pub(super) fn seed_mirror(&self) -> Result<(), Failure> {
        let (Some(remote), false) = (self.settings.remote.clone(), self.has_mirror()) else {
            return Ok(());
        };
        self.configure_mirror()?;
        let commands: Vec<String> = self
            .refs_below(&self.local_space().base)?
            .into_iter()
            .map(|found| format!("update refs/promptctl/{remote}/{} {}", found.rest, found.id))
            .collect();
        self.update_refs(&commands)?;
        self.trust_mirror(&remote)
    }
}

/// Version tags before releases, releases in order of their numbers.
fn order(tag: &TagName) -> (&PromptName, u8, &str, u32) {
    match tag {
        TagName::Version { name, version } => (name, 0, "", version.number()),
        TagName::Release {
            name,
            environment,
            number,
        } => (name, 1, environment.as_str(), *number),
    }
}

fn name_of(tag: &TagName) -> &PromptName {
    match tag {
        TagName::Version { name, .. } | TagName::Release { name, .. } => name,
    }
}

/// Pushes of at most three tags: a host announces no event for more in one push. A release goes
/// with the version tags that stand before it.
fn groups<'a>(pending: &[&'a Pending]) -> Vec<Vec<&'a Pending>> {
    let mut groups: Vec<Vec<&Pending>> = Vec::new();
    for entry in pending {
        let joins = groups.last().is_some_and(|group| {
            group.len() < 3
                && group.iter().all(|other| {
                    matches!(other.tag, TagName::Version { .. })
                        && name_of(&other.tag) == name_of(&entry.tag)
                })
        });
        match groups.last_mut().filter(|_| joins) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    groups
}

pub(super) fn unreachable(remote: &str, err: &str) -> Failure {
    Failure::new(
        code::REMOTE_UNREACHABLE,
        format!(
            "the remote {remote} could not be reached: {}",
            words_of(err)
        ),
    )
    .hint(format!(
        "git ls-remote {remote} shows whether git can reach it"
    ))
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
