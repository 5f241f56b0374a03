//! How a row of releases is read, numbered and rolled back. A row is what was released of one
//! prompt in one environment.
//!
//! Nothing here reads a repository: the tags come in as they were found, in order of their numbers.
//! Whoever may push tags may release: only a host's rules and signatures say who that is. But without a
//! key nobody can, by any tag, stop an honest release from becoming live, use the numbers up, or lead a
//! rollback to content that nobody signed for.

use std::cell::RefCell;

use super::release::{Release, Releases};
use super::tag::{Action, Previous};
use super::warning::{InvalidTag, ReleaseWarning};
use crate::prompt::version::Version;

/// How far a number may lie above the one before it and still count.
pub(crate) const REACH: u64 = 1_000;

/// How many of these rising numbers count. Those after them are strays: they count when the row has
/// come that far.
pub(crate) fn within_reach(numbers: impl IntoIterator<Item = u64>) -> usize {
    let mut reach = 0;
    let near = |number: &u64| {
        let near = number - reach <= REACH;
        reach = *number;
        near
    };
    numbers.into_iter().take_while(near).count()
}

/// What a tag of a row says by itself.
pub(crate) enum ReadTag {
    /// A release.
    Sound(Box<Release>),
    /// Nothing: it was not made by promptctl, was made under another name, or disagrees with the tag
    /// of its version.
    InvalidTag(InvalidTag),
}

/// Reads a row: `tags` are those within reach, rising; `strays` are the numbers above them.
pub(crate) fn read(tags: impl IntoIterator<Item = (u64, ReadTag)>, strays: Vec<u64>) -> Releases {
    let mut row = Releases::default();
    for (number, found) in tags {
        let has_gap = number > row.reach + 1;
        if has_gap {
            let (first, last) = (row.reach + 1, number - 1);
            row.notes.push(ReleaseWarning::Gap { first, last });
        }
        row.reach = number;
        match found {
            ReadTag::InvalidTag(why) => row.notes.push(ReleaseWarning::InvalidTag { number, why }),
            ReadTag::Sound(release) => row.take(*release, has_gap),
        }
    }
    if let Some(&first) = strays.first() {
        let count = strays.len();
        row.notes.push(ReleaseWarning::Stray { first, count });
    }
    row.strays = strays;
    row
}

impl Releases {
    fn take(&mut self, mut release: Release, has_gap: bool) {
        let number = release.number;
        if release.under.is_some_and(|under| under >= number) {
            release.under = None;
            self.notes.push(ReleaseWarning::Under { number });
        }
        // That it follows what is missing is said of the gap.
        if !has_gap && !follows(&release, self.entries.last()) {
            self.notes.push(ReleaseWarning::Chain { number });
        }
        self.entries.push(release);
    }

    /// The numbers of the next release: one, unless it would bring a stray within reach. That one
    /// would stand above it, so that the release is made a second time, above the stray.
    pub(crate) fn next_numbers(&self) -> Vec<u64> {
        let first = self.entries.last().map_or(0, |last| last.number);
        let next = self.reach.max(first) + 1;
        let mut top = next;
        for &stray in self.strays.iter().filter(|&&stray| stray > next) {
            if stray - top > REACH {
                break;
            }
            // Where another lies just above, that one too.
            top = stray + 1;
        }
        if top == next {
            vec![next]
        } else {
            vec![next, top]
        }
    }
}

/// Whether a release names the one before it as the one that was active when it was made.
pub(crate) fn follows(release: &Release, before: Option<&Release>) -> bool {
    match (&release.previous, before) {
        (Previous::Unsaid, before) => before.is_none_or(|it| it.previous == Previous::Unsaid),
        (Previous::Nothing, before) => before.is_none(),
        (Previous::Object(object), before) => before.is_some_and(|it| it.object == *object),
    }
}

/// What lies below `top`, the topmost first: each an entry that its `Under` leads to. With it the
/// number at which the stack breaks off, because no entry stands there.
pub(crate) fn stack<'a>(entries: &'a [Release], top: &Release) -> (Vec<&'a Release>, Option<u64>) {
    let mut below: Vec<&Release> = Vec::new();
    let mut next = top.under;
    while let Some(number) = next {
        let Some(entry) = find(entries, number) else {
            return (below, Some(number));
        };
        // `Under` was read to name a lower number, so that this ends.
        below.push(entry);
        next = entry.under;
    }
    (below, None)
}

/// The entry of this number.
pub(crate) fn find(entries: &[Release], number: u64) -> Option<&Release> {
    let at = entries.binary_search_by_key(&number, |entry| entry.number);
    at.ok().map(|at| &entries[at])
}

/// Where a bare rollback leads.
pub(crate) struct RollbackPath<'a> {
    /// The entry that it returns to: a version, or an unpublish, at which it stops.
    pub(crate) target: Option<&'a Release>,
    /// What lies below that entry, the topmost first.
    pub(crate) below: Vec<&'a Release>,
    /// The entries passed over because nobody signed for them, the topmost first.
    pub(crate) passed: Vec<&'a Release>,
    /// The number of the entry that is missing below.
    pub(crate) broken: Option<u64>,
}

/// Which entries of a row somebody signed for.
///
/// A publish is trusted if its signature counts, a rollback if the publish that it resolves to is.
/// Where no signature is required, everything is.
pub(crate) struct Trust<'a> {
    entries: &'a [Release],
    signed: Option<&'a dyn Fn(&Release) -> bool>,
    known: RefCell<Vec<Option<bool>>>,
}

/// What must be known before an answer: the place of an entry.
struct Needs(usize);

impl<'a> Trust<'a> {
    /// `signed` says whether a release's own signature counts; `None` where none is required.
    pub(crate) fn new(
        entries: &'a [Release],
        signed: Option<&'a dyn Fn(&Release) -> bool>,
    ) -> Self {
        Self {
            entries,
            signed,
            known: RefCell::new(vec![None; entries.len()]),
        }
    }

    /// Whether an entry of the row is trusted.
    pub(crate) fn trusts(&self, entry: &Release) -> bool {
        let at = self.index_of(entry.number);
        at.is_some_and(|at| self.answer(at))
    }

    /// Where a rollback leads from the newest entry.
    pub(crate) fn way(&self) -> RollbackPath<'a> {
        let count = self.entries.len();
        self.until_known(|| self.way_from(count))
    }

    /// The newest entry that a new publish may stand on: what somebody signed for, or an unpublish.
    /// One that `replaces` what is live stands on what lay below that.
    pub(crate) fn ground(&self, replaces: bool) -> Option<u64> {
        let live = self.entries.last()?;
        let at = if !replaces {
            self.entries.len() - 1
        } else if self.trusts(live) {
            self.index_of(live.under?)?
        } else {
            self.entries.len().checked_sub(2)?
        };
        let mut candidates = self.entries[..=at].iter().rev();
        let found =
            candidates.find(|entry| entry.action == Action::Unpublish || self.trusts(entry));
        found.map(|entry| entry.number)
    }

    /// The entry that `rollback --to` means: the topmost with this version that a rollback can
    /// reach. Where that way is broken or passes entries over, any below counts, a trusted one first.
    pub(crate) fn to(&self, version: Version) -> Option<&'a Release> {
        let way = self.way();
        let is_wanted =
            |entry: &&&Release| entry.version == version && entry.action != Action::Unpublish;
        let reached = way.target.iter().chain(&way.below).find(is_wanted).copied();
        let is_whole = way.broken.is_none() && self.signed.is_none();
        if is_whole || reached.is_some_and(|entry| self.trusts(entry)) {
            return reached;
        }
        let below = &self.entries[..self.entries.len().saturating_sub(1)];
        let others: Vec<&Release> = below
            .iter()
            .rev()
            .filter(|entry| is_wanted(&entry))
            .collect();
        let trusted = others.iter().find(|entry| self.trusts(entry)).copied();
        trusted.or(reached).or(others.first().copied())
    }

    fn index_of(&self, number: u64) -> Option<usize> {
        let at = self
            .entries
            .binary_search_by_key(&number, |entry| entry.number);
        at.ok()
    }

    fn answer(&self, at: usize) -> bool {
        self.until_known(|| self.known(at))
    }

    /// Asks again until nothing more must be known. What an answer needs lies below it always, so
    /// this ends; a list takes the place of recursion, since rows can be long.
    fn until_known<T>(&self, ask: impl Fn() -> Result<T, Needs>) -> T {
        loop {
            let mut open = match ask() {
                Ok(answer) => return answer,
                Err(Needs(at)) => vec![at],
            };
            while let Some(&at) = open.last() {
                match self.judge(at) {
                    Ok(verdict) => {
                        self.known.borrow_mut()[at] = Some(verdict);
                        open.pop();
                    }
                    Err(Needs(below)) => open.push(below),
                }
            }
        }
    }

    fn known(&self, at: usize) -> Result<bool, Needs> {
        if self.signed.is_none() {
            return Ok(true);
        }
        self.known.borrow()[at].ok_or(Needs(at))
    }

    fn judge(&self, at: usize) -> Result<bool, Needs> {
        let entry = &self.entries[at];
        if entry.action != Action::Rollback {
            return Ok(self.signed.is_none_or(|signed| signed(entry)));
        }
        match self.origin_of(at)? {
            Some(origin) => self.known(origin),
            None => Ok(false),
        }
    }

    /// The place of the entry that a rollback returned to: of those that a rollback in its place could
    /// reach, the topmost that it looks like. Its own place for anything else.
    fn origin_of(&self, at: usize) -> Result<Option<usize>, Needs> {
        let entry = &self.entries[at];
        if entry.action != Action::Rollback {
            return Ok(Some(at));
        }
        let way = self.way_from(at)?;
        let is_same = |other: &&&Release| {
            other.action != Action::Unpublish
                && other.version == entry.version
                && other.digest == entry.digest
                && other.under == entry.under
        };
        // Or the one before it, made again.
        let again = at.checked_sub(1).map(|before| &self.entries[before]);
        let again = again.filter(|before| before.action == Action::Rollback);
        let origin = again
            .iter()
            .chain(&way.target)
            .chain(&way.below)
            .find(is_same)
            .copied();
        Ok(origin.and_then(|origin| self.index_of(origin.number)))
    }

    /// The publish or unpublish that an entry resolves to, where that is trusted.
    pub(crate) fn origin(&self, entry: &Release) -> Option<&'a Release> {
        let mut at = self.index_of(entry.number)?;
        if !self.answer(at) {
            return None;
        }
        // Each lies below the one before it, so this ends.
        loop {
            let below = self.until_known(|| self.origin_of(at))?;
            if below == at {
                return Some(&self.entries[at]);
            }
            at = below;
        }
    }

    /// Where a rollback leads from the newest of the first `count` entries.
    fn way_from(&self, count: usize) -> Result<RollbackPath<'a>, Needs> {
        let mut way = RollbackPath {
            target: None,
            below: Vec::new(),
            passed: Vec::new(),
            broken: None,
        };
        let entries = &self.entries[..count];
        let Some((active, rest)) = entries.split_last() else {
            return Ok(way);
        };
        let top = if self.known(count - 1)? {
            let Some(under) = active.under else {
                // It was made to stand on nothing, because nobody signed for what lies below.
                for (at, entry) in rest.iter().enumerate().rev() {
                    if entry.action != Action::Unpublish && !self.known(at)? {
                        way.passed.push(entry);
                    }
                }
                return Ok(way);
            };
            match self.index_of(under) {
                Some(at) => &entries[..=at],
                None => {
                    way.broken = Some(under);
                    return Ok(way);
                }
            }
        } else {
            rest
        };
        for (at, entry) in top.iter().enumerate().rev() {
            if entry.action == Action::Unpublish || self.known(at)? {
                way.target = Some(entry);
                (way.below, way.broken) = stack(self.entries, entry);
                break;
            }
            way.passed.push(entry);
        }
        Ok(way)
    }
}

/// Whether the newest of `entries` is a rollback to what a rollback could return to. One that says so
/// of another version would go past every rule.
pub(crate) fn is_true_rollback(entries: &[Release], trust: &Trust<'_>) -> bool {
    let Some(last) = entries.len().checked_sub(1) else {
        return false;
    };
    let origin = trust.until_known(|| trust.origin_of(last));
    entries[last].action == Action::Rollback && origin.is_some()
}

#[cfg(test)]
#[path = "row/tests.rs"]
pub(crate) mod tests;
