//! The mirror, pending tags, and what the remote has that this clone has not.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::ObjectId;

use super::super::clone::Setup;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::next::Next;
use crate::releases::{Diagnostic, Repair};

impl Setup<'_> {
    /// Compares with what is known of the remote. Tags that are in `known` troubles themselves are
    /// left out: the one of this clone may be the good one.
    pub(crate) fn troubles_of_remote(
        &self,
        known: &[Diagnostic],
    ) -> Result<Vec<Diagnostic>, Failure> {
        let mut troubles = Vec::new();
        // A remote that the settings name and git does not know is reported with the settings.
        let remote = self.settings().remote.as_ref();
        let Some(remote) = remote.filter(|remote| self.has_remote_named(remote)) else {
            return Ok(troubles);
        };
        if !self.mirror_is_configured(remote) {
            troubles.push(
                Diagnostic::warning(
                    code::NOT_FETCHED,
                    format!("git fetch does not bring the tags of {remote} into their mirror"),
                    Next::Fetch,
                )
                .repaired_by(Repair::ConfigureMirror),
            );
        }
        if !self.knows_releases() {
            troubles.push(Diagnostic::error(
                code::NOT_FETCHED,
                format!("this clone has not fetched the releases of {remote}"),
                Next::Fetch,
            ));
        }
        let known: BTreeSet<&str> = known
            .iter()
            .filter_map(|trouble| trouble.place.as_deref())
            .collect();
        let (pending, foreign) = self.unconfirmed()?;
        for entry in pending
            .into_iter()
            .filter(|entry| !known.contains(entry.tag.to_string().as_str()))
        {
            let full = entry.tag.to_string();
            troubles.push(if entry.lost {
                Diagnostic::error(
                    code::PENDING,
                    format!(
                        "the tag {full} was made here and lost: somebody was faster at {remote}"
                    ),
                    Next::Repair,
                )
                .at(full.clone())
                .repaired_by(Repair::DiscardTag(full))
            } else {
                Diagnostic::warning(
                    code::PENDING,
                    format!("the tag {full} is pending: {remote} has not confirmed it"),
                    Next::Push(None),
                )
                .at(full)
            });
        }
        for full in foreign
            .iter()
            .map(ToString::to_string)
            .filter(|full| !known.contains(full.as_str()))
        {
            troubles.push(
                Diagnostic::warning(
                    code::FOREIGN_TAG,
                    format!("the tag {full} was not made in this clone, and {remote} does not have it: it does not count"),
                    format!("git tag -d {full}"),
                )
                .at(full),
            );
        }
        Ok(troubles)
    }

    /// Asks the remote which tags it has, and compares. Changes nothing.
    ///
    /// # Errors
    /// The references of this clone cannot be read.
    pub fn troubles_online(&self) -> Result<Vec<Diagnostic>, Failure> {
        let mut troubles = Vec::new();
        let remote = self.settings().remote.as_ref();
        let Some(remote) = remote.filter(|remote| self.has_remote_named(remote)) else {
            return Ok(troubles);
        };
        let theirs = match self.ask(remote, &[format!("refs/tags/{}*", self.settings().prefix)]) {
            Ok(theirs) => theirs,
            Err(failure) => {
                let fix = failure.hints.first().cloned().unwrap_or_default();
                return Ok(vec![Diagnostic::of(&failure, fix)]);
            }
        };
        let space = self.true_space();
        // What was moved or dropped before the last fetch is reported already.
        let ours: BTreeMap<String, ObjectId> = self
            .refs_below(&space.base)?
            .into_iter()
            .map(|found| (found.rest, found.id))
            .collect();
        let unknown: Vec<&String> = theirs
            .keys()
            .filter(|tag| !ours.contains_key(*tag))
            .collect();
        if let Some(first) = unknown.first() {
            let more = match unknown.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            troubles.push(Diagnostic::warning(
                code::NOT_FETCHED,
                format!(
                    "{remote} has a tag that this clone has not fetched: {}{first}{more}",
                    self.settings().prefix
                ),
                Next::Fetch,
            ));
        }
        // Without a mirror, tags of this clone may never have been sent.
        if !self.has_mirror() {
            return Ok(troubles);
        }
        for (tag, id) in &ours {
            let full = format!("{}{tag}", self.settings().prefix);
            let (what, force) = match theirs.get(tag) {
                Some(other) if other == id => continue,
                Some(_) => ("has another than before", "--force "),
                None => ("no longer has", ""),
            };
            troubles.push(
                Diagnostic::error(
                    code::TAG_GONE,
                    format!("{remote} {what}: the tag {full}"),
                    format!("git push {force}{remote} {id}:refs/tags/{full}"),
                )
                .at(full),
            );
        }
        Ok(troubles)
    }
}
