//! The history of one prompt: which commits made which versions.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use git2::Oid;
use jiff::Timestamp;

use super::Store;
use super::files::join_root;
use super::load::{Loaded, first_failure};
use super::tag::TagName;
use crate::error::{Exit, Failure};
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::prompt::quote::{shell_path, shell_word};
use crate::prompt::version::Version;

/// A version, as history tells it.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    /// The version.
    pub version: Version,
    /// The commit that made this version: the first that holds it with the content that it has now.
    pub commit: String,
    /// Who made that commit.
    pub author: String,
    /// When.
    pub time: Timestamp,
    /// The first line of its message.
    pub message: String,
    /// Whether it has a version tag that counts.
    pub published: bool,
    /// Whether it has a version tag that the remote has not confirmed.
    pub pending: bool,
    /// The prompt as that commit holds it; none where it cannot be loaded.
    pub loaded: Option<Box<Loaded>>,
}

/// The version numbers that are taken.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    /// In commits of HEAD or its upstream, or in tags.
    pub taken: BTreeSet<Version>,
}

impl Numbers {
    /// The highest number that is taken.
    pub fn highest(&self) -> Option<Version> {
        self.taken.last().copied()
    }

    /// The first number above all that are taken and `own`, that of the file.
    ///
    /// # Errors
    /// The file has the last number that there is.
    pub fn next(&self, own: Option<Version>) -> Result<Version, Failure> {
        Version::free(own, &self.taken).ok_or_else(|| {
            let below = self.taken.range(..Version::LAST).next_back().copied();
            let free = Version::free(below, &BTreeSet::new()).unwrap_or(Version::FIRST);
            Failure::new(
                code::NO_NUMBER_LEFT,
                format!("{} is the highest number there is: none comes after it", Version::LAST),
            )
            .hint(format!(
                "write a number that people count to, such as `version: {}`, and run the command again; nothing was changed",
                free.number()
            ))
        })
    }

    /// Whether the last number there is was taken, by a tag or a commit, and is passed over.
    pub fn passes_over(&self) -> Option<Version> {
        self.taken
            .last()
            .copied()
            .filter(|last| *last == Version::LAST)
    }
}

/// The commits that hold a version.
struct Held {
    /// What its `digest:` line says.
    digest: Option<String>,
    /// The newest of them.
    newest: LogLine,
    /// The first with the same line, where it is another.
    first: Option<LogLine>,
}

struct LogLine {
    commit: Oid,
    author: String,
    time: Timestamp,
    message: String,
}

impl Store {
    /// The paths at which a prompt can stand.
    fn possible_paths(&self, name: &PromptName) -> Vec<String> {
        self.settings
            .roots
            .iter()
            .flat_map(|root| name.paths().map(|below| join_root(root, &below)))
            .collect()
    }

    /// The paths whose history is a prompt's: with one root, that of HEAD's file. git's
    /// commit-graph helps with one path and not with several.
    fn followed_paths(&self, name: &PromptName) -> Vec<String> {
        let mut paths = self.possible_paths(name);
        if self.settings.roots.len() > 1 {
            return paths;
        }
        let tree = self.head_commit().and_then(|head| self.commit_tree(head));
        let held = tree.and_then(|tree| paths.iter().position(|path| tree.blob_id(path).is_some()));
        match held {
            Some(at) => vec![paths.swap_remove(at)],
            None => paths,
        }
    }

    /// The commits reachable from `revisions` that changed one of `paths`, newest first.
    fn log(&self, revisions: &[&str], paths: &[String]) -> Result<Vec<LogLine>, Failure> {
        let mut lines = Vec::new();
        self.each_log_line(revisions, paths, |line| lines.push(line))?;
        Ok(lines)
    }

    /// Calls `see` with each of these commits as soon as git has found it, while git looks on.
    fn each_log_line(
        &self,
        revisions: &[&str],
        paths: &[String],
        mut see: impl FnMut(LogLine),
    ) -> Result<(), Failure> {
        self.git()
            .args(["log", "-z", "--format=%H%x1f%an%x1f%at%x1f%s"])
            .arg("--end-of-options")
            .args(revisions)
            .paths(paths)
            .each_entry(|entry| {
                let mut fields = entry.trim_start_matches('\n').split('\u{1f}');
                let mut line = || {
                    Some(LogLine {
                        commit: Oid::from_str(fields.next()?).ok()?,
                        author: fields.next()?.to_owned(),
                        time: Timestamp::from_second(fields.next()?.parse().ok()?).ok()?,
                        message: fields.next()?.to_owned(),
                    })
                };
                line().into_iter().for_each(&mut see);
            })
    }

    /// The versions of a prompt that commits reachable from HEAD hold, the newest commit first.
    ///
    /// # Errors
    /// History cannot be read.
    pub fn history(&self, name: &PromptName) -> Result<Vec<HistoryEntry>, Failure> {
        let tagged = self.tagged_versions(name)?;
        let mut entries: Vec<HistoryEntry> = Vec::new();
        let mut found: BTreeMap<Version, Held> = BTreeMap::new();
        if self.head_commit().is_none() {
            return Ok(entries);
        }
        self.each_log_line(&["HEAD"], &self.followed_paths(name), |line| {
            let Some((version, digest)) = self.number_at(line.commit, name) else {
                return;
            };
            match found.entry(version) {
                Entry::Vacant(free) => drop(free.insert(Held {
                    digest,
                    newest: line,
                    first: None,
                })),
                Entry::Occupied(mut held) if held.get().digest == digest => {
                    held.get_mut().first = Some(line);
                }
                Entry::Occupied(_) => {}
            }
        })?;
        let seen = found.keys().copied().collect();
        for (version, held) in found {
            let (line, loaded) = self.made_by(name, held);
            entries.push(HistoryEntry {
                version,
                commit: line.commit.to_string(),
                author: line.author,
                time: line.time,
                message: line.message,
                published: tagged.get(&version) == Some(&true),
                pending: tagged.get(&version) == Some(&false),
                loaded: loaded.map(Box::new),
            });
        }
        self.add_tagged(name, &tagged, &seen, &mut entries)?;
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.version));
        Ok(entries)
    }

    /// The commit that made a version, and the prompt as it holds it. The digest line may be older
    /// than the content, so the contents are compared.
    fn made_by(&self, name: &PromptName, held: Held) -> (LogLine, Option<Loaded>) {
        let load = |line: &LogLine| self.load_at(line.commit, name).ok().flatten();
        let newest = load(&held.newest);
        let Some(first) = held.first else {
            return (held.newest, newest);
        };
        let loaded = load(&first);
        let digest = |loaded: &Option<Loaded>| loaded.as_ref().map(|it| it.digest().clone());
        if loaded.is_some() && digest(&loaded) == digest(&newest) {
            (first, loaded)
        } else {
            (held.newest, newest)
        }
    }

    /// Adds the versions that have a tag and that no commit reachable from HEAD holds.
    fn add_tagged(
        &self,
        name: &PromptName,
        tagged: &BTreeMap<Version, bool>,
        seen: &BTreeSet<Version>,
        entries: &mut Vec<HistoryEntry>,
    ) -> Result<(), Failure> {
        for (version, confirmed) in tagged.iter().filter(|(version, _)| !seen.contains(version)) {
            let tag = TagName::Version {
                name: name.clone(),
                version: *version,
            };
            let Some(found) = self.version_tag(&tag)? else {
                continue;
            };
            let Ok(commit) = self.repo.find_commit(found.commit) else {
                continue;
            };
            entries.push(HistoryEntry {
                version: *version,
                commit: found.commit.to_string(),
                author: commit.author().name().unwrap_or_default().to_owned(),
                time: Timestamp::from_second(commit.time().seconds())
                    .unwrap_or(Timestamp::UNIX_EPOCH),
                message: commit
                    .summary()
                    .ok()
                    .flatten()
                    .unwrap_or_default()
                    .to_owned(),
                published: *confirmed,
                pending: !confirmed,
                loaded: self
                    .load_at(found.commit, name)
                    .map_err(first_failure)?
                    .map(Box::new),
            });
        }
        Ok(())
    }

    /// The version that a commit's file of the prompt has; `None` where there is no file, or none that loads.
    fn version_at(&self, commit: Oid, name: &PromptName) -> Option<Version> {
        self.number_at(commit, name).map(|(version, _)| version)
    }

    /// The same with what the `digest:` line says.
    fn number_at(&self, commit: Oid, name: &PromptName) -> Option<(Version, Option<String>)> {
        let tree = self.commit_tree(commit)?;
        let blob = self
            .possible_paths(name)
            .into_iter()
            .find_map(|path| tree.blob_id(&path))?;
        let blob = self.repo.find_blob(blob).ok()?;
        let text = std::str::from_utf8(blob.content()).ok()?;
        crate::prompt::document::parse(text)
            .ok()
            .map(|document| (document.version_or_first(), document.digest))
    }

    /// The newest commit reachable from HEAD that holds this version of a prompt.
    pub(super) fn newest_commit_with(
        &self,
        name: &PromptName,
        version: Version,
    ) -> Result<Option<Oid>, Failure> {
        let Some(head) = self.head_commit() else {
            return Ok(None);
        };
        if self.version_at(head, name) == Some(version) {
            return Ok(Some(head));
        }
        Ok(self
            .log(&["HEAD"], &self.possible_paths(name))?
            .into_iter()
            .map(|line| line.commit)
            .find(|commit| self.version_at(*commit, name) == Some(version)))
    }

    /// The version numbers that are taken for a name: in commits of HEAD, of its
    /// upstream and of what is being merged, and in tags.
    ///
    /// # Errors
    /// History or the references cannot be read.
    pub fn numbers(&self, name: &PromptName) -> Result<Numbers, Failure> {
        let mut numbers = Numbers {
            taken: self.tagged_versions(name)?.into_keys().collect(),
        };
        let mut revisions = Vec::new();
        if self.head_commit().is_some() {
            revisions.push("HEAD");
        }
        if self.repo.revparse_single("@{upstream}").is_ok() {
            revisions.push("@{upstream}");
        }
        // What is merged at this moment has numbers of its own.
        if self.repo.revparse_single("MERGE_HEAD").is_ok() {
            revisions.push("MERGE_HEAD");
        }
        if !revisions.is_empty() {
            for line in self.log(&revisions, &self.possible_paths(name))? {
                numbers.taken.extend(self.version_at(line.commit, name));
            }
        }
        Ok(numbers)
    }

    /// Whether git knows a commit by this name.
    pub fn is_revision(&self, text: &str) -> bool {
        self.repo
            .revparse_single(text)
            .and_then(|object| object.peel_to_commit())
            .is_ok()
    }

    /// The prompt as HEAD holds it.
    ///
    /// # Errors
    /// HEAD's file is not valid.
    pub fn committed(&self, name: &PromptName) -> Result<Option<Loaded>, Failure> {
        match self.head_commit() {
            Some(head) => self.load_at(head, name).map_err(first_failure),
            None => Ok(None),
        }
    }

    /// Whether a commit reachable from `branch` holds this content under this number; the
    /// remote's branch of that name counts where there is one.
    ///
    /// # Errors
    /// There is no such branch, or history cannot be read.
    pub(super) fn branch_holds(&self, branch: &str, loaded: &Loaded) -> Result<bool, Failure> {
        let (reference, tip) = self.branch_tip(branch)?;
        let same = |commit: Oid| self.holds(commit, loaded);
        if same(tip) {
            return Ok(true);
        }
        let mut paths = self.possible_paths(&loaded.name);
        paths.extend(loaded.partials.values().map(|partial| partial.path.clone()));
        Ok(self
            .log(&[&reference], &paths)?
            .into_iter()
            .any(|line| same(line.commit)))
    }

    /// A branch and its newest commit: the remote's branch of that name where there is one.
    pub(super) fn branch_tip(&self, branch: &str) -> Result<(String, Oid), Failure> {
        let remote = self
            .settings
            .remote
            .as_deref()
            .map(|remote| format!("refs/remotes/{remote}/{branch}"));
        let names = remote.into_iter().chain([format!("refs/heads/{branch}")]);
        names
            .filter_map(|name| self.ref_target(&name).map(|tip| (name, tip)))
            .next()
            .ok_or_else(|| self.unknown_branch(branch))
    }

    fn unknown_branch(&self, branch: &str) -> Failure {
        let failure = Failure::new(
            code::WRONG_BRANCH,
            format!("the branch {branch}, which `requireBranch` names, is not in this clone"),
        )
        .exit(Exit::Verdict);
        match self.settings.remote.as_deref() {
            Some(remote) if self.fetches_only_a_part(remote) => failure.hint(format!(
                "git fetch {remote} {}",
                shell_word(&format!(
                    "+refs/heads/{branch}:refs/remotes/{remote}/{branch}"
                ))
            )),
            Some(remote) => failure.hint(format!("git fetch {remote}")),
            None => failure.hint(format!("git branch {}", shell_path(branch))),
        }
        .hint("if it is called otherwise, `requireBranch` in promptctl.yaml must say so")
    }
}
