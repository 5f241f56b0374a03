//! The record: the object of each of the remote's tags as this clone first saw it, and what a person
//! accepted since.
//!
//! A published tag is never moved. Where the remote moves or drops one all the same, what was seen first
//! goes on counting here until a person accepts the remote's word.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::store::Store;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::repository::{ObjectId, lines};

/// What the record says of tags, by what stands after the prefix.
#[derive(Debug, Default)]
pub(crate) struct SeenTags {
    tags: BTreeMap<String, SeenTag>,
    /// The time of the first line, in seconds since 1970.
    pub(crate) since: Option<i64>,
}

/// What counts of one tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeenTag {
    Object(ObjectId),
    /// Nothing: a person accepted that the remote dropped it.
    Gone,
}

/// A tag that is not what was seen first: what that was, and what the remote says now.
pub(crate) type Moved = (String, ObjectId, Option<ObjectId>);

/// What a comparison of the remote's tags with the record found.
#[derive(Debug, Default)]
pub(crate) struct TagComparison {
    /// The tags that count, by what stands after the prefix.
    pub(crate) tags: BTreeMap<String, ObjectId>,
    /// The tags that are not what this clone saw first, with what the remote says now.
    pub(crate) changed: Vec<Moved>,
    /// The tags that the record does not hold.
    pub(crate) new: Vec<(String, ObjectId)>,
}

impl SeenTags {
    pub(crate) fn get(&self, tag: &str) -> Option<SeenTag> {
        self.tags.get(tag).copied()
    }

    fn read(&mut self, lines: &str, wanted: impl Fn(&str) -> bool) {
        for line in lines.lines() {
            // What is no line of ours is left alone.
            let mut fields = line.splitn(4, ' ');
            let (Some(kind), Some(time), Some(id), Some(tag)) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            if !wanted(tag) {
                continue;
            }
            let sight = match (id, ObjectId::parse(id)) {
                ("none", _) => SeenTag::Gone,
                (_, Some(id)) => SeenTag::Object(id),
                _ => continue,
            };
            let time = time.parse().ok();
            self.since = match (self.since, time) {
                (Some(since), Some(time)) => Some(since.min(time)),
                (since, time) => since.or(time),
            };
            match (kind, self.tags.entry(tag.to_owned())) {
                ("seen", Entry::Vacant(free)) => drop(free.insert(sight)),
                // Made again after a person accepted that it was gone.
                ("seen", Entry::Occupied(mut held)) if *held.get() == SeenTag::Gone => {
                    held.insert(sight);
                }
                ("accepted", Entry::Vacant(free)) => drop(free.insert(sight)),
                ("accepted", Entry::Occupied(mut held)) => drop(held.insert(sight)),
                // The first sight counts.
                _ => {}
            }
        }
    }

    /// Holds what the remote says now against the record. `now` and the record are of the same tags.
    pub(crate) fn compare(&self, now: BTreeMap<String, ObjectId>) -> TagComparison {
        let mut compared = TagComparison::default();
        for (tag, sight) in &self.tags {
            let theirs = now.get(tag).copied();
            match (sight, theirs) {
                (SeenTag::Object(first), theirs) if theirs != Some(*first) => {
                    compared.changed.push((tag.clone(), *first, theirs));
                    compared.tags.insert(tag.clone(), *first);
                }
                _ => {}
            }
        }
        for (tag, id) in now {
            match self.tags.get(&tag) {
                // Or put back after a person accepted that it was gone: it counts again.
                None | Some(SeenTag::Gone) => {
                    compared.new.push((tag.clone(), id));
                    compared.tags.insert(tag, id);
                }
                Some(SeenTag::Object(first)) => drop(compared.tags.insert(tag, *first)),
            }
        }
        compared
    }
}

impl Store {
    /// The record of one prompt's tags. Without a remote there is none.
    ///
    /// # Errors
    /// The record is there and cannot be read: what was moved would be believed.
    pub(crate) fn seen(&self, name: &PromptName) -> Result<SeenTags, Failure> {
        let mut seen = SeenTags::default();
        if let Some(folder) = self.record_folder() {
            let below = format!("{name}/");
            let is_own = |tag: &str| {
                let rest = tag.strip_prefix(&below);
                // The tags of `a/b` are not those of `a`.
                rest.is_some_and(|rest| rest.split('/').count() <= 2)
            };
            seen.read(&read_file(&folder.join(shard_name(name.as_str())))?, is_own);
        }
        Ok(seen)
    }

    /// The record of all tags.
    ///
    /// # Errors
    /// As [`Store::seen`].
    pub(crate) fn seen_all(&self) -> Result<SeenTags, Failure> {
        let mut seen = SeenTags::default();
        let folder = self.record_folder();
        let files = folder.and_then(|folder| std::fs::read_dir(folder).ok());
        for file in files.into_iter().flatten().filter_map(Result::ok) {
            seen.read(&read_file(&file.path())?, |_| true);
        }
        Ok(seen)
    }

    /// Adds tags to the record as they were seen now.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub(crate) fn note_seen(&self, tags: &[(String, ObjectId)]) -> Result<(), Failure> {
        let line = |tag: &str, id: ObjectId| format!("seen {} {id} {tag}\n", self.seconds());
        self.add_to_record(tags.iter().map(|(tag, id)| (tag.as_str(), line(tag, *id))))
    }

    /// Adds what a person accepted: what the remote says of these tags now.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub(crate) fn note_accepted(&self, tags: &[(String, Option<ObjectId>)]) -> Result<(), Failure> {
        let line = |tag: &str, id: Option<ObjectId>| {
            let id = id.map_or_else(|| "none".to_owned(), |id| id.to_string());
            format!("accepted {} {id} {tag}\n", self.seconds())
        };
        self.add_to_record(tags.iter().map(|(tag, id)| (tag.as_str(), line(tag, *id))))
    }

    fn add_to_record<'a>(
        &self,
        lines: impl Iterator<Item = (&'a str, String)>,
    ) -> Result<(), Failure> {
        let Some(folder) = self.record_folder() else {
            return Ok(());
        };
        let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
        for (tag, line) in lines {
            let path = folder.join(shard_name(prompt_of(tag)));
            files.entry(path).or_default().push_str(&line);
        }
        self.remember(&files.into_iter().collect::<Vec<_>>())
    }

    /// The folder of the record; none without a remote.
    fn record_folder(&self) -> Option<PathBuf> {
        let remote = self.settings.remote.as_deref()?;
        let folder = self.memory().join("seen").join(remote);
        // A prefix may hold `/`, and the tags of two prefixes are not the same.
        Some(folder.join(self.settings.prefix.replace('/', "%")))
    }

    fn seconds(&self) -> i64 {
        self.settings.now.as_second()
    }
}

/// The prompt's name in a tag such as `support/triage/v3` or `support/triage/production/7`.
fn prompt_of(tag: &str) -> &str {
    let (below, last) = tag.rsplit_once('/').unwrap_or((tag, ""));
    if last.starts_with('v') {
        return below;
    }
    below.rsplit_once('/').map_or(below, |(name, _)| name)
}

/// The file that holds a prompt's tags: few files for many prompts, and few lines for one.
fn shard_name(prompt: &str) -> String {
    let hash = Sha256::digest(prompt.as_bytes());
    format!("{:02x}", hash[0])
}

fn read_file(path: &Path) -> Result<String, Failure> {
    lines(path).map_err(|error| {
        Failure::from_io(
            code::WRITE_FAILED,
            "what this clone remembers of the remote's tags could not be read",
            error,
        )
        .at(path.display().to_string())
        .hint("check who owns the file")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> ObjectId {
        ObjectId::parse(&digit.to_string().repeat(40)).expect("an id")
    }

    fn seen(lines: &str) -> SeenTags {
        let mut seen = SeenTags::default();
        seen.read(lines, |_| true);
        seen
    }

    #[test]
    fn the_first_sight_counts_until_a_person_accepts_another() {
        let one = "1".repeat(40);
        let two = "2".repeat(40);
        let mut text = format!("seen 20 {one} a/v1\nseen 10 {two} a/v1\nwhatever\nseen x y\n");
        assert_eq!(seen(&text).get("a/v1"), Some(SeenTag::Object(id('1'))));
        assert_eq!(seen(&text).since, Some(10));
        text.push_str(&format!("accepted 30 {two} a/v1\n"));
        assert_eq!(seen(&text).get("a/v1"), Some(SeenTag::Object(id('2'))));
        text.push_str("accepted 30 none a/v1\n");
        assert_eq!(seen(&text).get("a/v1"), Some(SeenTag::Gone));
        // Made again, it is protected again.
        text.push_str(&format!("seen 40 {one} a/v1\nseen 50 {two} a/v1\n"));
        assert_eq!(seen(&text).get("a/v1"), Some(SeenTag::Object(id('1'))));
    }

    #[test]
    fn what_the_remote_moved_or_dropped_goes_on_counting() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let seen = seen(&format!(
            "seen 1 {one} a/v1\nseen 1 {one} a/v2\nseen 1 {two} a/v3\naccepted 1 none a/v4\n"
        ));
        let now = [("a/v2", '2'), ("a/v3", '2'), ("a/v4", '1'), ("a/v5", '1')];
        let now = now
            .into_iter()
            .map(|(tag, digit)| (tag.to_owned(), id(digit)));
        let compared = seen.compare(now.collect());
        let tags: Vec<(&str, ObjectId)> = compared
            .tags
            .iter()
            .map(|(tag, id)| (tag.as_str(), *id))
            .collect();
        assert_eq!(
            tags,
            [
                ("a/v1", id('1')),
                ("a/v2", id('1')),
                ("a/v3", id('2')),
                ("a/v4", id('1')),
                ("a/v5", id('1'))
            ]
        );
        assert_eq!(
            compared.changed,
            [
                ("a/v1".to_owned(), id('1'), None),
                ("a/v2".to_owned(), id('1'), Some(id('2')))
            ]
        );
        assert_eq!(
            compared.new,
            [("a/v4".to_owned(), id('1')), ("a/v5".to_owned(), id('1'))]
        );
    }

    #[test]
    fn a_tag_is_kept_with_its_prompt() {
        assert_eq!(prompt_of("support/triage/v3"), "support/triage");
        assert_eq!(prompt_of("support/triage/production/7"), "support/triage");
        assert_eq!(prompt_of("a/v1"), "a");
        assert_eq!(prompt_of("a"), "a");
    }
}
