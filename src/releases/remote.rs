//! The remote: which one it is, and its tags mirrored.

use std::collections::BTreeMap;

use super::made::Pending;
use super::namespace::Mirror;
use super::seen::Moved;
use super::store::Store;
use super::tag::{Tag, TagName, stands_for};
use super::warning::Changed;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::prompt::next::Next;
use crate::repository::{Git, GitOutput, ObjectId, explain, words_of};

/// From this many new references on, they are packed: each is a file of its own otherwise.
const WORTH_PACKING: usize = 1_000;

/// What a fetch brought.
#[derive(Debug, Clone, Default)]
pub struct Fetched {
    /// The remote asked.
    pub remote: String,
    /// The tags that are new in the mirror, with the prefix.
    pub new: Vec<String>,
    /// The tags that the remote moved or dropped since this clone first saw them.
    pub changed: Vec<Changed>,
    /// Tags that the remote has and this clone could not take in, such as one whose name this disk
    /// cannot hold.
    pub refused: Vec<String>,
    /// Tags of this clone that the remote has not confirmed.
    pub pending: Vec<Pending>,
    /// Tags of this clone that it did not make and that the remote does not have.
    pub foreign: Vec<Tag>,
}

impl Store {
    pub(crate) fn remote(&self) -> Result<&str, Failure> {
        self.require_known_remote()?;
        self.settings
            .remote
            .as_deref()
            .ok_or_else(|| self.no_remote())
    }

    /// That no remote is chosen, or that there is none.
    pub(crate) fn no_remote(&self) -> Failure {
        let names = self.remote_names();
        if names.is_empty() {
            return Failure::new(code::REMOTE_UNREACHABLE, "this repository has no remote")
                .hint("git remote add origin URL");
        }
        let failure = Failure::new(
            code::REMOTE_UNREACHABLE,
            format!(
                "this clone has several remotes, and none of them is called origin: {}",
                names.join(", ")
            ),
        );
        failure.hint(format!(
            "git config promptctl.remote {} says which one decides what is live",
            names[0]
        ))
    }

    /// Fails where one push would go to several places, none of which can be asked what it took.
    pub(crate) fn require_one_push_url(&self, remote: &str) -> Result<(), Failure> {
        let mut urls = self.config_values(&format!("remote.{remote}.pushurl"));
        if urls.is_empty() {
            urls = self.config_values(&format!("remote.{remote}.url"));
        }
        if urls.len() < 2 {
            return Ok(());
        }
        Err(Failure::new(
            code::MANY_PUSH_URLS,
            format!("the remote {remote} has {} push URLs", urls.len()),
        )
        .hint("one push to several places cannot be taken or refused as a whole")
        .hint("git config promptctl.remote NAME names another remote for releases"))
    }

    fn mirror_refspec(&self, remote: &str) -> String {
        let prefix = &self.settings.prefix;
        format!("+refs/tags/{prefix}*:refs/promptctl/{remote}/{prefix}*")
    }

    /// Sets the clone up so that a plain `git fetch` keeps the mirror fresh. No network.
    ///
    /// # Errors
    /// The clone's configuration cannot be written.
    pub fn configure_mirror(&self) -> Result<bool, Failure> {
        let Some(remote) = self.settings.remote.as_deref() else {
            return Ok(false);
        };
        if !self.lacks_mirror()? {
            return Ok(false);
        }
        let refspec = self.mirror_refspec(remote);
        let key = format!("remote.{remote}.fetch");
        Git::read_when_unlocked(|| self.git().args(["config", "--add", &key, &refspec]))?;
        Ok(true)
    }

    /// Whether there is a remote whose tags a plain `git fetch` does not bring yet.
    ///
    /// # Errors
    /// The remote is not one of this clone.
    pub fn lacks_mirror(&self) -> Result<bool, Failure> {
        self.require_known_remote()?;
        let remote = self.settings.remote.as_deref();
        Ok(remote.is_some_and(|remote| !self.mirror_is_configured(remote)))
    }

    /// Whether a plain `git fetch` brings the remote's tags into the mirror.
    pub(crate) fn mirror_is_configured(&self, remote: &str) -> bool {
        let refspec = self.mirror_refspec(remote);
        let configured = self.config_values(&format!("remote.{remote}.fetch"));
        configured.contains(&refspec)
    }

    /// Sets a key of this clone's configuration, or takes it out.
    pub(crate) fn set_key(&self, key: &str, value: Option<&str>) -> Result<(), Failure> {
        let is_so = match value {
            Some(value) => self.config_values(key) == [value],
            None => self.config_values(key).is_empty(),
        };
        if is_so {
            return Ok(());
        }
        Git::read_when_unlocked(|| match value {
            Some(value) => self.git().args(["config", "--replace-all", key, value]),
            None => self.git().args(["config", "--unset-all", key]),
        })
        .map(drop)
    }

    /// Makes this clone agree with the remote about all tags, and about the branches that say who may
    /// release.
    ///
    /// # Errors
    /// No remote, or one that cannot be reached.
    pub fn fetch(&self, branches: &[String]) -> Result<Fetched, Failure> {
        let fetched = self.fetch_all(branches)?;
        self.note_default_branch(&fetched.remote);
        Ok(fetched)
    }

    /// The same on the way to something else, which notes nothing that it need not.
    ///
    /// # Errors
    /// As [`Store::fetch`].
    pub fn fetch_all(&self, branches: &[String]) -> Result<Fetched, Failure> {
        let remote = self.remote()?.to_owned();
        self.configure_mirror()?;
        let is_first = self.mirror() != Mirror::Whole;
        // Another process may have finished its own first fetch meanwhile.
        if is_first && self.config_value(Self::MIRROR_KEY).is_none() {
            self.set_key(Self::MIRROR_KEY, Some(Self::UNFINISHED))?;
        }
        let before = self.mirrored()?;
        let refspec = self.mirror_refspec(&remote);
        let pattern = format!("refs/tags/{}*", self.settings.prefix);
        let refused = self.fetch_tags(&remote, &[refspec], branches, &[pattern])?;
        self.set_key(Self::MIRROR_KEY, Some(&self.mirror_name(&remote)))?;
        self.set_key(Self::PARTIAL_KEY, None)?;
        // It is whole for this run, whatever another one that begins says of it.
        self.know_mirror(Mirror::Whole);
        self.note_fetched();
        let compared = self.compared()?;
        self.keep(&compared.changed)?;
        let is_new = |tag: &&String| !before.contains_key(*tag);
        let after = self.mirrored()?;
        let new: Vec<String> = after
            .keys()
            .filter(is_new)
            .map(|rest| format!("{}{rest}", self.settings.prefix))
            .collect();
        if new.len() >= WORTH_PACKING {
            // Loose, they take a file each. That they stay so is no reason to fail.
            drop(self.git().args(["pack-refs", "--all"]).run());
        }
        let (pending, foreign) = self.unconfirmed()?;
        Ok(Fetched {
            new,
            changed: self.changes(compared.changed),
            refused,
            pending,
            foreign,
            remote,
        })
    }

    fn mirrored(&self) -> Result<BTreeMap<String, ObjectId>, Failure> {
        let Some(mirror) = self.mirror_space() else {
            return Ok(BTreeMap::new());
        };
        let found = self.refs_below(&mirror.base)?;
        Ok(found.into_iter().map(|it| (it.rest, it.id)).collect())
    }

    /// Fetches what the remote says of these prompts and branches; the whole mirror where there is
    /// none yet, since half a mirror would say that the other prompts were never published.
    ///
    /// # Errors
    /// No remote, or one that cannot be reached.
    pub fn refresh(&self, names: &[&PromptName], branches: &[String]) -> Result<(), Failure> {
        let remote = self.remote()?.to_owned();
        if self.mirror() != Mirror::Whole {
            return self.fetch_all(branches).map(drop);
        }
        let prefix = &self.settings.prefix;
        let refspec = |name: &&PromptName| {
            format!("+refs/tags/{prefix}{name}/*:refs/promptctl/{remote}/{prefix}{name}/*")
        };
        let refspecs: Vec<String> = names.iter().map(refspec).collect();
        let pattern = |name: &&PromptName| format!("refs/tags/{prefix}{name}/*");
        let patterns: Vec<String> = names.iter().map(pattern).collect();
        self.fetch_tags(&remote, &refspecs, branches, &patterns)?;
        for name in names {
            let now = self.prompt_refs(name)?;
            let compared = self.seen(name)?.compare(now);
            self.note_seen(&compared.new)?;
            self.keep(&compared.changed)?;
        }
        Ok(())
    }

    /// The references of a prompt's tags as the mirror has them, by what stands after the prefix.
    pub(crate) fn prompt_refs(
        &self,
        name: &PromptName,
    ) -> Result<BTreeMap<String, ObjectId>, Failure> {
        let mut refs = BTreeMap::new();
        self.each_ref(&format!("{}{name}/", self.true_space().base), |rest, id| {
            // The tags of `a/b` are not those of `a`; what is no tag of ours is left alone.
            if let Some(tag) = stands_for(&format!("{name}/{rest}"))
                && TagName::parse(&tag).is_some_and(|tag| tag.prompt() == name)
            {
                refs.entry(tag).or_insert(id);
            }
            true
        })?;
        Ok(refs)
    }

    /// Fetches tags and branches. Returns the tags that the remote has and that did not arrive.
    fn fetch_tags(
        &self,
        remote: &str,
        refspecs: &[String],
        branches: &[String],
        patterns: &[String],
    ) -> Result<Vec<String>, Failure> {
        let default = self.default_of(remote)?;
        let mut wanted: Vec<&str> = branches.iter().map(String::as_str).collect();
        wanted.extend(default.as_deref());
        wanted.sort_unstable();
        wanted.dedup();
        let tracked =
            |branch: &&str| format!("+refs/heads/{branch}:refs/remotes/{remote}/{branch}");
        let mut output;
        loop {
            let branches: Vec<String> = wanted.iter().map(tracked).collect();
            output = if self.is_shallow() {
                // A depth would cut the branches shorter than they are.
                let output = self.fetch_refspecs(remote, refspecs, &["--depth", "1"])?;
                if output.ok && !branches.is_empty() {
                    self.fetch_refspecs(remote, &branches, &[])?
                } else {
                    output
                }
            } else {
                let all: Vec<String> = refspecs.iter().chain(&branches).cloned().collect();
                self.fetch_refspecs(remote, &all, &[])?
            };
            // A branch that the remote no longer has must not decide either.
            let gone = wanted
                .iter()
                .position(|branch| output.is_missing(&format!("refs/heads/{branch}")));
            let Some(gone) = gone.filter(|_| !output.ok) else {
                break;
            };
            let tracking = format!("refs/remotes/{remote}/{}", wanted.remove(gone));
            if self.ref_target(&tracking).is_some() {
                self.update_refs(&[format!("delete {tracking}")])?;
            }
        }
        if output.ok {
            return Ok(Vec::new());
        }
        // Some arrived, or none: the remote says which there are.
        let Ok(theirs) = self.ask(remote, patterns) else {
            return Err(unreachable(remote, &output.err));
        };
        let ours = self.mirrored()?;
        let missing: Vec<String> = theirs
            .iter()
            .filter(|(tag, id)| ours.get(*tag) != Some(*id))
            .map(|(tag, _)| format!("{}{tag}", self.settings.prefix))
            .collect();
        if !missing.is_empty() && missing.len() == theirs.len() {
            return Err(explain(&output.err));
        }
        // A branch of yesterday must not decide who may release.
        if !self.has_branches(remote, &wanted)? {
            return Err(explain(&output.err));
        }
        Ok(missing)
    }

    /// Whether this clone has these branches as the remote has them.
    fn has_branches(&self, remote: &str, branches: &[&str]) -> Result<bool, Failure> {
        let output = self
            .git()
            .args(["ls-remote", "--heads", "--end-of-options", remote])
            .args(branches.iter().map(|branch| format!("refs/heads/{branch}")))
            .run()?;
        if !output.ok {
            return Err(unreachable(remote, &output.err));
        }
        Ok(branches.iter().all(|branch| {
            let name = format!("\trefs/heads/{branch}");
            let theirs = output.out.lines().find_map(|line| line.strip_suffix(&name));
            let ours = self.ref_target(&format!("refs/remotes/{remote}/{branch}"));
            theirs == ours.map(|id| id.to_string()).as_deref()
        }))
    }

    fn fetch_refspecs(
        &self,
        remote: &str,
        refspecs: &[String],
        depth: &[&str],
    ) -> Result<GitOutput, Failure> {
        let fetch = |depth: &[&str]| {
            Git::run_when_unlocked(|| {
                self.git()
                    .args([
                        "fetch",
                        "--quiet",
                        "--no-tags",
                        "--no-write-fetch-head",
                        "--prune",
                    ])
                    .args(depth)
                    .args(["--end-of-options", remote])
                    .args(refspecs)
            })
        };
        let output = fetch(depth)?;
        if !output.ok && output.err.is_empty() && !depth.is_empty() {
            // With a depth, git fails without a word where the remote has no such tag.
            return fetch(&[]);
        }
        Ok(output)
    }

    /// The remote's default branch: as this clone knows it, else as the remote says.
    fn default_of(&self, remote: &str) -> Result<Option<String>, Failure> {
        let known = self.symbolic(&format!("refs/remotes/{remote}/HEAD"));
        let target = known.and_then(|target| {
            let branch = target.strip_prefix(&format!("refs/remotes/{remote}/"))?;
            Some(branch.to_owned())
        });
        if target.is_some() {
            return Ok(target);
        }
        let output = self
            .git()
            .args(["ls-remote", "--symref", "--end-of-options", remote, "HEAD"])
            .run()?;
        if !output.ok {
            return Err(unreachable(remote, &output.err));
        }
        let branch = output.out.lines().find_map(|line| {
            let target = line.strip_prefix("ref: refs/heads/")?;
            target.strip_suffix("\tHEAD").map(str::to_owned)
        });
        self.default_branch_asked.borrow_mut().clone_from(&branch);
        Ok(branch)
    }

    /// Notes the default branch as `git remote set-head` does, where this clone does not know it.
    fn note_default_branch(&self, remote: &str) {
        let Some(branch) = self.default_branch_asked.borrow().clone() else {
            return;
        };
        let head = format!("refs/remotes/{remote}/HEAD");
        let target = format!("refs/remotes/{remote}/{branch}");
        if !self.has_ref(&head) && self.ref_target(&target).is_some() {
            // Without it the remote is asked again the next time.
            drop(self.git().args(["symbolic-ref", &head, &target]).run());
        }
    }

    /// Keeps objects that the remote moved away from or dropped, so that git does not discard them.
    fn keep(&self, changed: &[Moved]) -> Result<(), Failure> {
        let remote = self.remote()?;
        let prefix = &self.settings.prefix;
        let commands: Vec<String> = changed
            .iter()
            .map(|(tag, first, _)| {
                let name = format!("refs/promptctl-kept/{remote}/{prefix}{tag}/{first}");
                (name, first)
            })
            .filter(|(name, first)| self.ref_target(name).is_none() && self.has_object(**first))
            .map(|(name, first)| format!("update {name} {first}"))
            .collect();
        Ok(self.update_refs(&commands)?)
    }

    /// Takes the remote's word about tags that it moved or dropped. `tags` are names with the prefix.
    ///
    /// # Errors
    /// The remote cannot be reached, or a tag is as this clone saw it.
    pub fn accept(&self, tags: &[String]) -> Result<Vec<Changed>, Failure> {
        let compared = self.compared()?;
        let mut accepted = Vec::new();
        for tag in tags {
            let plain = tag.strip_prefix("refs/tags/").unwrap_or(tag);
            let rest = plain.strip_prefix(&self.settings.prefix).unwrap_or(plain);
            // One below the name of a release stood for that release.
            let stood_for = stands_for(rest).unwrap_or_else(|| rest.to_owned());
            let found = compared
                .changed
                .iter()
                .find(|(other, ..)| *other == stood_for);
            let Some((tag, first, now)) = found else {
                return Err(Failure::usage(format!(
                    "the remote has not moved or dropped the tag {}{rest}",
                    self.settings.prefix
                ))
                .hint(Next::Doctor.that("lists the tags that it has")));
            };
            accepted.push((tag.clone(), *first, *now));
        }
        let words: Vec<(String, Option<ObjectId>)> = accepted
            .iter()
            .map(|(tag, _, now)| (tag.clone(), *now))
            .collect();
        self.note_accepted(&words)?;
        // This clone's own tag of that name follows, so that it is not taken for one of a fork.
        let mut commands = Vec::new();
        for (tag, first, now) in &accepted {
            let own = format!("refs/tags/{}{tag}", self.settings.prefix);
            if self.ref_target(&own) == Some(*first) {
                commands.push(match now {
                    Some(now) => format!("update {own} {now}"),
                    None => format!("delete {own}"),
                });
            }
        }
        self.update_refs(&commands)?;
        Ok(self.changes(accepted))
    }

    /// The tags of the remote that match, by what stands after the prefix. A pattern matches the ends
    /// of names too, so that whole names are compared.
    pub(crate) fn ask(
        &self,
        remote: &str,
        patterns: &[String],
    ) -> Result<BTreeMap<String, ObjectId>, Failure> {
        let base = format!("refs/tags/{}", self.settings.prefix);
        let output = self
            .git()
            .args(["ls-remote", "--refs", "--end-of-options", remote])
            .args(patterns)
            .run()?;
        if !output.ok {
            return Err(unreachable(remote, &output.err));
        }
        let tag = |line: &str| {
            let (id, name) = line.split_once('\t')?;
            Some((name.strip_prefix(&base)?.to_owned(), ObjectId::parse(id)?))
        };
        Ok(output.out.lines().filter_map(tag).collect())
    }
}

pub(crate) fn unreachable(remote: &str, err: &str) -> Failure {
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
