//! What is live of every prompt, from one pass over the tags.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::thread;

use git2::Oid;
use rayon::prelude::*;

use super::Store;
use super::live::first_gap;
use super::load::Loaded;
use super::release::{Overview, State};
use super::tag::{TagName, parse_number};
use crate::error::Failure;
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
    versions: Vec<(Version, Oid)>,
    releases: Vec<(u32, Oid)>,
}

impl Rows {
    fn add(&mut self, tag: &str, object: Oid) {
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
    fn object(&self, tag: &TagName) -> Option<Oid> {
        let TagName::Version { name, version } = tag else {
            return None;
        };
        let versions = &self.rows.get(*self.index.get(name.as_str())?)?.versions;
        let at = versions.binary_search_by_key(version, |(version, _)| *version);
        at.ok().map(|at| versions[at].1)
    }
}

impl Row {
    /// The newest release; `None` where no release stands here.
    fn newest(&self) -> Option<Newest> {
        let release = self.releases.last().copied()?;
        let (name, environment) = self.below.rsplit_once('/')?;
        Some(Newest {
            name: name.parse().ok()?,
            environment: environment.parse().ok()?,
            release,
        })
    }
}

/// The newest release of a prompt in an environment.
struct Newest {
    name: PromptName,
    environment: Environment,
    release: (u32, Oid),
}

impl Store {
    /// What is live of every prompt in every environment, from one pass over the tags.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn overview(&self) -> Result<Overview, Failure> {
        let mut overview = Overview::default();
        if !self.knows_releases()? {
            return Ok(overview);
        }
        let rows = self.rows()?;
        let mut newest = Vec::new();
        for row in &rows.rows {
            if !row.versions.is_empty()
                && let Ok(name) = row.below.parse()
            {
                let versions = row.versions.iter().map(|(version, _)| *version);
                overview.published.insert(name, versions.collect());
            }
            let Some(found) = row.newest() else { continue };
            match first_gap(row.releases.iter().map(|(number, _)| *number)) {
                None => newest.push(found),
                Some(missing) => {
                    let gap = self.gap(&found.name, &found.environment, missing);
                    overview.add(found, Err(gap));
                }
            }
        }
        let states = self.states(&rows, &newest)?;
        for (found, state) in newest.into_iter().zip(states) {
            overview.add(found, state);
        }
        Ok(overview)
    }

    /// The same while this thread does `work`, where there are so many tags that it pays.
    pub fn overview_beside<T>(&self, work: impl FnOnce() -> T) -> (Result<Overview, Failure>, T) {
        if self.packed_refs_size() < PACKED_WORTH_A_THREAD {
            return (self.overview(), work());
        }
        let (path, settings) = (self.repo.path(), &self.settings);
        thread::scope(|scope| {
            let overview = scope.spawn(|| Self::open_again(path, settings)?.overview());
            let done = work();
            let overview = overview.join();
            (overview.unwrap_or_else(|panic| resume_unwind(panic)), done)
        })
    }

    /// The bytes of the file that holds most references where there are many of them.
    fn packed_refs_size(&self) -> u64 {
        let path = self.repo.commondir().join("packed-refs");
        path.metadata().map_or(0, |file| file.len())
    }

    fn rows(&self) -> Result<Rows, Failure> {
        let mut rows = Rows::default();
        self.each_ref(&self.true_space().base, |tag, object| {
            rows.add(tag, object);
            true
        })?;
        for row in &mut rows.rows {
            row.versions.sort_unstable();
            row.releases.sort_unstable();
        }
        Ok(rows)
    }

    /// What each of the newest releases means, read on all cores where there are many.
    fn states(
        &self,
        rows: &Rows,
        newest: &[Newest],
    ) -> Result<Vec<Result<State, Failure>>, Failure> {
        if newest.len() < WORTH_A_THREAD {
            return Ok(newest
                .iter()
                .map(|found| self.state_in(rows, found))
                .collect());
        }
        // Small shares, since a core may have other work to do first.
        let share = newest.len().div_ceil(4 * rayon::current_num_threads());
        let (path, settings) = (self.repo.path(), &self.settings);
        let shares: Vec<Vec<_>> = newest
            .par_chunks(share)
            .map(|share| {
                let store = Self::open_again(path, settings)?;
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
        see: impl Fn(Result<Loaded, Failure>) -> T + Sync,
    ) -> Result<Vec<T>, Failure> {
        self.each_name(names, |store, name| {
            see(store.load_active(name, environment))
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
        let (path, settings) = (self.repo.path(), &self.settings);
        let shares: Vec<Vec<T>> = names
            .par_chunks(share)
            .map(|share| {
                let store = Self::open_again(path, settings)?;
                Ok(share.iter().map(|name| see(&store, name)).collect())
            })
            .collect::<Result<_, Failure>>()?;
        Ok(shares.into_iter().flatten().collect())
    }

    fn state_in(&self, rows: &Rows, found: &Newest) -> Result<State, Failure> {
        self.state_of(&found.name, &found.environment, found.release, |tag| {
            rows.object(tag)
        })
    }
}

impl Overview {
    fn add(&mut self, found: Newest, state: Result<State, Failure>) {
        match state {
            Ok(state) => {
                let states = self.states.entry(found.name).or_default();
                states.insert(found.environment, state);
            }
            Err(failure) => {
                self.unsound.insert((found.name, found.environment));
                self.failures.push(failure);
            }
        }
    }
}
