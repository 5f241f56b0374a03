//! What is live of every prompt, from one pass over the tags.

use std::collections::{BTreeMap, HashMap};
use std::panic::resume_unwind;
use std::thread;

use crate::repository::ObjectId;
use rayon::prelude::*;

use super::namespace::Mirror;
use super::newest::Read;
use super::release::{Overview, State};
use super::seen::{Moved, TagComparison};
use super::store::Store;
use super::tag::{TagName, parse_number, stands_for};
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;

/// The number of tags whose reading takes longer than opening the repository in another thread.
const WORTH_A_THREAD: usize = 200;
/// The same for the bytes of packed references.
const PACKED_WORTH_A_THREAD: u64 = 32 * 1024;
/// The same for prompts that are read whole.
const CONTENTS_WORTH_A_THREAD: usize = 20;

/// All tags, in rows of those whose names differ only in the last part. Names are parsed once a
/// row, not once a tag.
#[derive(Default)]
struct Rows {
    rows: Vec<Row>,
    /// Where the row of a name is.
    index: HashMap<String, usize>,
}

/// The tags below one name: versions below that of a prompt, releases below that of an environment.
#[derive(Default)]
struct Row {
    below: String,
    versions: Vec<(Version, ObjectId)>,
    releases: Vec<(u64, ObjectId)>,
}

impl Rows {
    fn add(&mut self, tag: &str, object: ObjectId) {
        let Some((below, last)) = tag.rsplit_once('/') else {
            return;
        };
        // References come in order, so that most follow another one of their row.
        if self.rows.last().is_none_or(|row| row.below != below) {
            self.begin(below);
        }
        let at = self.index.get(below).copied().unwrap_or_default();
        let Some(row) = self.rows.get_mut(at) else {
            return;
        };
        if let Ok(version) = last.parse() {
            row.versions.push((version, object));
        } else if let Some(number) = parse_number(last) {
            row.releases.push((number, object));
        }
    }

    fn begin(&mut self, below: &str) {
        if !self.index.contains_key(below) {
            self.index.insert(below.to_owned(), self.rows.len());
            self.rows.push(Row {
                below: below.to_owned(),
                ..Row::default()
            });
        }
    }

    /// The object of a version's tag.
    fn object(&self, name: &PromptName, version: Version) -> Option<ObjectId> {
        let versions = &self.rows.get(*self.index.get(name.as_str())?)?.versions;
        let at = versions.binary_search_by_key(&version, |(version, _)| *version);
        at.ok().map(|at| versions[at].1)
    }
}

/// The releases of a prompt in an environment.
struct ReleaseRow {
    name: PromptName,
    environment: Environment,
    row: Vec<(u64, ObjectId)>,
    strays: Vec<u64>,
}

impl Store {
    /// What is live of every prompt in every environment, from one pass over the tags.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn overview(&self) -> Result<Overview, Failure> {
        let mut overview = Overview::default();
        let mirror = self.mirror();
        if mirror == Mirror::None {
            return Ok(overview);
        }
        let (mut rows, changed) = self.rows()?;
        overview.changed = self.changes(changed);
        let mut found = Vec::new();
        for row in &mut rows.rows {
            if !row.versions.is_empty()
                && let Ok(name) = row.below.parse()
            {
                let versions = row.versions.iter().map(|(version, _)| *version);
                overview.published.insert(name, versions.collect());
            }
            let releases = std::mem::take(&mut row.releases);
            if let Some((name, environment)) = row.below.rsplit_once('/')
                && !releases.is_empty()
                && let (Ok(name), Ok(environment)) = (name.parse(), environment.parse())
            {
                if matches!(&mirror, Mirror::Partial(known) if !known.contains(&environment)) {
                    continue;
                }
                let (row, strays) = self.cut(releases);
                found.push(ReleaseRow {
                    name,
                    environment,
                    row,
                    strays,
                });
            }
        }
        let states = self.states(&rows, &found)?;
        for (found, state) in found.into_iter().zip(states) {
            overview.add(found, state);
        }
        Ok(overview)
    }

    /// The same while this thread does `work`, where there are so many tags that it pays.
    pub fn overview_beside<T>(&self, work: impl FnOnce() -> T) -> (Result<Overview, Failure>, T) {
        if self.packed_refs_size() < PACKED_WORTH_A_THREAD {
            return (self.overview(), work());
        }
        let (again, settings) = (self.again(), &self.settings);
        thread::scope(|scope| {
            let overview = scope.spawn(|| Self::open_again(&again, settings)?.overview());
            let done = work();
            let overview = overview.join();
            (overview.unwrap_or_else(|panic| resume_unwind(panic)), done)
        })
    }

    /// The bytes of the file that holds most references where there are many of them.
    fn packed_refs_size(&self) -> u64 {
        let path = self.common_dir().join("packed-refs");
        path.metadata().map_or(0, |file| file.len())
    }

    /// The tags that count, and those that the remote moved or dropped.
    fn rows(&self) -> Result<(Rows, Vec<Moved>), Failure> {
        let mut rows = Rows::default();
        let mut changed = Vec::new();
        let base = self.true_space().base;
        if self.settings.remote.is_none() {
            self.each_ref(&base, |tag, object| {
                rows.add(tag, object);
                true
            })?;
        } else {
            let compared = self.compared()?;
            for (tag, object) in &compared.tags {
                rows.add(tag, *object);
            }
            changed = compared.changed;
        }
        for row in &mut rows.rows {
            row.versions.sort_unstable();
            row.releases.sort_unstable();
        }
        Ok((rows, changed))
    }

    /// All of the remote's tags held against the record. What is new is written down as seen.
    ///
    /// # Errors
    /// The references cannot be read.
    pub(crate) fn compared(&self) -> Result<TagComparison, Failure> {
        let mut now = BTreeMap::new();
        let mut others = BTreeMap::new();
        self.each_ref(&self.true_space().base, |tag, object| {
            // What is no tag of ours is left alone.
            if let Some(tag) = stands_for(tag) {
                now.entry(tag).or_insert(object);
            }
            if TagName::parse(tag).is_none() {
                others.insert(tag.to_owned(), object);
            }
            true
        })?;
        let mut compared = self.seen_all()?.compare(now);
        compared.tags.extend(others);
        if !self.writes_nothing.get() && !compared.new.is_empty() {
            // A disk that cannot be written is no reason not to say what is live.
            drop(self.note_seen(&compared.new));
        }
        Ok(compared)
    }

    /// What each of the newest releases means, read on all cores where there are many.
    fn states(&self, rows: &Rows, newest: &[ReleaseRow]) -> Result<Vec<Read>, Failure> {
        if newest.len() < WORTH_A_THREAD {
            return Ok(newest
                .iter()
                .map(|found| self.state_in(rows, found))
                .collect());
        }
        // Small shares, since a core may have other work to do first.
        let share = newest.len().div_ceil(4 * rayon::current_num_threads());
        let (again, settings) = (self.again(), &self.settings);
        let shares: Vec<Vec<_>> = newest
            .par_chunks(share)
            .map(|share| {
                let store = Self::open_again(&again, settings)?;
                Ok(share
                    .iter()
                    .map(|found| store.state_in(rows, found))
                    .collect())
            })
            .collect::<Result<_, Failure>>()?;
        Ok(shares.into_iter().flatten().collect())
    }

    /// What `see` makes of each of these prompts as it is live in an environment, on all cores where
    /// there are many.
    ///
    /// # Errors
    /// The repository cannot be opened once more.
    pub fn each_live<T: Send>(
        &self,
        names: &[&PromptName],
        environment: &Environment,
        overview: &Overview,
        see: impl Fn(Result<Loaded, Failure>) -> T + Sync,
    ) -> Result<Vec<T>, Failure> {
        self.each_name(names, |store, name| {
            see(store.load_live(name, environment, overview))
        })
    }

    /// What `see` makes of each of these names, on all cores where there are many.
    ///
    /// # Errors
    /// The repository cannot be opened once more.
    pub fn each_name<T: Send>(
        &self,
        names: &[&PromptName],
        see: impl Fn(&Self, &PromptName) -> T + Sync,
    ) -> Result<Vec<T>, Failure> {
        if names.len() < CONTENTS_WORTH_A_THREAD {
            return Ok(names.iter().map(|name| see(self, name)).collect());
        }
        let share = names.len().div_ceil(rayon::current_num_threads());
        let (again, settings) = (self.again(), &self.settings);
        let shares: Vec<Vec<T>> = names
            .par_chunks(share)
            .map(|share| {
                let store = Self::open_again(&again, settings)?;
                Ok(share.iter().map(|name| see(&store, name)).collect())
            })
            .collect::<Result<_, Failure>>()?;
        Ok(shares.into_iter().flatten().collect())
    }

    fn state_in(&self, rows: &Rows, found: &ReleaseRow) -> Read {
        let ReleaseRow {
            name,
            environment,
            row,
            strays,
        } = found;
        self.newest_state(name, environment, row, strays, &|version| {
            rows.object(name, version)
        })
    }
}

impl Overview {
    fn add(&mut self, found: ReleaseRow, state: Read) {
        let ReleaseRow {
            name, environment, ..
        } = found;
        match state {
            Ok((State::Never, _)) => {}
            Ok((state, notes)) => {
                for note in notes {
                    self.notes.push((name.clone(), environment.clone(), note));
                }
                let states = self.states.entry(name).or_default();
                states.insert(environment, state);
            }
            Err(failure) => {
                self.unsound.insert((name, environment));
                self.failures.push(failure);
            }
        }
    }
}
