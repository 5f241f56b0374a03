//! No more findings of one file than a person can read.

use std::collections::{BTreeMap, HashMap};

use super::Finding;
use crate::prompt::code;

/// How many findings of one file are reported.
pub(super) const MAX_OF_FILE: usize = 200;

/// The findings, of each file no more than a person can read: the errors first, and a last one that
/// tells how many there are beside them.
pub(super) fn bounded(findings: Vec<Finding>) -> Vec<Finding> {
    let mut counts: HashMap<Option<&str>, (usize, usize)> = HashMap::new();
    for finding in &findings {
        let count = counts.entry(finding.path.as_deref()).or_default();
        count.0 += 1;
        count.1 += usize::from(finding.is_error());
    }
    if counts.values().all(|(all, _)| *all <= MAX_OF_FILE) {
        return findings;
    }
    let room: HashMap<Option<String>, (usize, usize, usize)> = counts
        .into_iter()
        .map(|(path, (all, errors))| {
            let errors_shown = errors.min(MAX_OF_FILE);
            let room = (errors_shown, MAX_OF_FILE - errors_shown, all);
            (path.map(str::to_owned), room)
        })
        .collect();
    let mut left = room.clone();
    let mut kept: Vec<Finding> = Vec::new();
    let mut dropped: BTreeMap<Option<String>, (usize, bool)> = BTreeMap::new();
    for finding in findings {
        let (errors, warnings, _) = left.entry(finding.path.clone()).or_default();
        let room = if finding.is_error() { errors } else { warnings };
        match room.checked_sub(1) {
            Some(less) => {
                *room = less;
                kept.push(finding);
            }
            None => {
                let is_error = finding.is_error();
                let gone = dropped.entry(finding.path).or_default();
                gone.0 += 1;
                gone.1 |= is_error;
            }
        }
    }
    for (path, (count, is_error)) in dropped {
        let message = format!("{count} more findings in this file are not shown");
        let mut last = if is_error {
            Finding::error(code::MANY_FINDINGS, message)
        } else {
            Finding::warning(code::MANY_FINDINGS, message)
        }
        .help("mend those that are shown first");
        last.path = path;
        kept.push(last);
    }
    kept
}
