//! The history of one prompt: which commits made which versions, and which numbers are taken.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::store::Store;
use super::tag::TagName;
use crate::error::Failure;
use crate::files::{Loaded, LogLine};
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::prompt::version::Version;
use crate::repository::ObjectId;

/// A version, as history tells it.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    pub version: Version,
    /// The commit that made this version: the first that holds it with the content that it has now.
    pub commit: ObjectId,
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

/// The commits that have a version's number, newest first, each with what its `digest:` line says.
type Held = Vec<(LogLine, Option<String>)>;

impl Store {
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
            found.entry(version).or_default().push((line, digest));
        })?;
        let mut seen = BTreeSet::new();
        for (version, held) in found {
            let Some((line, loaded)) = self.made_by(name, held) else {
                continue;
            };
            // Where no commit has the content, the tag does.
            if loaded.as_ref().is_some_and(Loaded::is_unbumped) && tagged.contains_key(&version) {
                continue;
            }
            seen.insert(version);
            entries.push(HistoryEntry {
                version,
                commit: line.commit,
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

    /// The commit that made a version, and the prompt as it holds it: the content is that of the newest
    /// commit where it is what the `digest:` line says, if there is one. The line may be older than
    /// the content, so the contents are compared.
    fn made_by(&self, name: &PromptName, held: Held) -> Option<(LogLine, Option<Loaded>)> {
        let load = |line: &LogLine| self.load_at(line.commit, name).ok().flatten();
        let mut held = held.into_iter();
        let mut newest = held
            .next()
            .map(|(line, digest)| (load(&line), line, digest))?;
        let is_sound =
            |loaded: &Option<Loaded>| loaded.as_ref().is_some_and(|it| !it.is_unbumped());
        if !is_sound(&newest.0) {
            let older = held.clone().enumerate();
            let mut older = older.map(|(at, (line, digest))| (at, (load(&line), line, digest)));
            if let Some((at, sound)) = older.find(|(_, (loaded, ..))| is_sound(loaded)) {
                newest = sound;
                held.nth(at);
            }
        }
        let (loaded, line, digest) = newest;
        let first = held
            .rfind(|(_, other)| *other == digest)
            .map(|(line, _)| line);
        let Some(first) = first else {
            return Some((line, loaded));
        };
        let made = load(&first);
        let content = |loaded: &Option<Loaded>| loaded.as_ref().map(|it| it.digest().clone());
        if made.is_some() && content(&made) == content(&loaded) {
            Some((first, made))
        } else {
            Some((line, loaded))
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
            let Some(commit) = self.words_of_commit(found.commit) else {
                continue;
            };
            entries.push(HistoryEntry {
                version: *version,
                commit: found.commit,
                author: commit.author,
                time: commit.time,
                message: commit.summary,
                published: *confirmed,
                pending: !confirmed,
                loaded: self
                    .load_at(found.commit, name)
                    .map_err(Failure::from)?
                    .map(Box::new),
            });
        }
        Ok(())
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
        if self.is_revision("@{upstream}") {
            revisions.push("@{upstream}");
        }
        // What is merged at this moment has numbers of its own.
        if self.is_revision("MERGE_HEAD") {
            revisions.push("MERGE_HEAD");
        }
        if !revisions.is_empty() {
            for line in self.log(&revisions, &self.possible_paths(name))? {
                numbers.taken.extend(self.version_at(line.commit, name));
            }
        }
        Ok(numbers)
    }
}
