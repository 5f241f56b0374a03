//! What was found in logs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::dimension::{Dimension, Value};
use super::figures::Group;

/// A log, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// How many lines it has.
    pub lines: u64,
    /// What is not sound in it.
    pub skipped: Vec<Skipped>,
    /// How often the time went back from one line to the next by more than an hour.
    pub backwards: u64,
}

/// Lines that were left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The first of them; 0 where an archive ends early.
    pub line: u64,
    /// Its schema, where a newer version of promptctl wrote it.
    pub newer_schema: Option<u64>,
}

/// What was met on the way that is no reason to leave a line out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// Records whose id another one had before.
    pub duplicates: u64,
    /// Records that `log prune` took away and that were appended again: past sums stand for them.
    pub summed: u64,
    /// Outcomes of executions that no log has.
    pub unknown: u64,
    /// Outcomes whose figures a later one replaced.
    pub replaced: u64,
    /// Records that are dated later than a day from now.
    pub ahead: u64,
    /// Outcomes that are dated later than a day from now.
    pub ahead_outcomes: u64,
}

/// Executions that `log prune` took away, of which daily sums are left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// How many of them count.
    pub executions: u64,
    /// How many the question cannot ask for, each with why.
    pub unanswered: BTreeMap<String, u64>,
    /// How many lines of sums are not sound.
    pub bad: u64,
    /// How many executions stand in several sums, and count once.
    pub repeated: u64,
    /// How many count twice, because sums have some executions in common and others not.
    pub overlapping: u64,
}

/// Executions in groups.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// What each group has in common.
    pub by: Vec<Dimension>,
    /// The JSON pointers into the answers.
    pub values: Vec<String>,
    /// The groups, by what they have in common.
    pub groups: BTreeMap<Vec<Value>, Group>,
    /// The files that were read.
    pub sources: Vec<Source>,
    /// What was met on the way.
    pub met: Met,
    /// What was there before the logs.
    pub past: Past,
    /// Whether what was kept of an earlier reading did not fit the logs, so that all was read anew.
    pub was_wrong: bool,
}

impl Groups {
    /// The same by the first alone of what the groups have in common.
    #[must_use]
    pub fn by_first(&self) -> Self {
        let mut groups: BTreeMap<Vec<Value>, Group> = BTreeMap::new();
        for (key, group) in &self.groups {
            let key = key.iter().take(1).cloned().collect();
            groups.entry(key).or_default().merge(group);
        }
        Self {
            by: self.by.iter().take(1).cloned().collect(),
            groups,
            ..self.clone()
        }
    }

    /// When the first and the last execution began.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.groups.values().filter_map(|group| group.first()).min();
        let last = self.groups.values().filter_map(|group| group.last()).max();
        first.zip(last)
    }
}
