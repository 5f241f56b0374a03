//! References: rows of them by prefix, single ones by name.

use super::handle::Repository;
use super::id::ObjectId;
use super::process::{Git, RefsError, explain};
use crate::error::Failure;
use crate::prompt::code;

/// One reference of a row.
pub(crate) struct Ref {
    /// What stands after the prefix that was asked for.
    pub(crate) rest: String,
    /// The object that it names: for an annotated tag the tag itself.
    pub(crate) id: ObjectId,
}

impl Repository {
    /// The references that begin with `prefix`, which ends with `/`, in order of their names.
    pub(crate) fn refs_below(&self, prefix: &str) -> Result<Vec<Ref>, Failure> {
        let mut found = Vec::new();
        self.each_ref(prefix, |rest, id| {
            let rest = rest.to_owned();
            found.push(Ref { rest, id });
            true
        })?;
        Ok(found)
    }

    /// The branches of this clone, and those of its remotes: `main`, `origin/main`.
    pub fn branches(&self) -> Vec<String> {
        let below = |prefix| self.refs_below(prefix).unwrap_or_default();
        let all = below("refs/heads/").into_iter();
        let all = all.chain(below("refs/remotes/"));
        all.map(|branch| branch.rest).collect()
    }

    pub(crate) fn any_ref(&self, prefix: &str) -> Result<bool, Failure> {
        let mut any = false;
        self.each_ref(prefix, |_, _| {
            any = true;
            false
        })?;
        Ok(any)
    }

    /// Calls `see` with what stands after `prefix`, and with the object, for each reference that
    /// begins with `prefix`, in order of their names, until it says no.
    pub(crate) fn each_ref(
        &self,
        prefix: &str,
        mut see: impl FnMut(&str, ObjectId) -> bool,
    ) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(
                code::UNSUPPORTED_REPOSITORY,
                format!("the references of the repository could not be read: {error}"),
            )
            .hint("git fsck tells more")
        };
        let relative = prefix.try_into().map_err(|error| failed(&error))?;
        let platform = self.refs.iter().map_err(|error| failed(&error))?;
        let row = match platform.prefixed(relative) {
            Ok(row) => row,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&error)),
        };
        for reference in row {
            let reference = reference.map_err(|error| failed(&error))?;
            // A name that is not UTF-8 is none of ours.
            let name = std::str::from_utf8(reference.name.as_bstr()).unwrap_or_default();
            let (Some(rest), Some(id)) = (name.strip_prefix(prefix), reference.target.try_id())
            else {
                continue;
            };
            let id =
                ObjectId::from_bytes(id.as_bytes()).ok_or_else(|| failed(&"it names no object"))?;
            if !see(rest, id) {
                break;
            }
        }
        Ok(())
    }

    /// The object that a reference names; `None` if there is no such reference.
    pub(crate) fn ref_target(&self, name: &str) -> Option<ObjectId> {
        // A name in full, so that no other is tried where it does not exist.
        let name = <&gix_ref::FullNameRef>::try_from(name).ok()?;
        let found = self.refs.try_find(name.as_partial_name()).ok()??;
        ObjectId::from_bytes(found.target.try_id()?.as_bytes())
    }

    /// Changes references in one transaction; each line is a command of `git update-ref --stdin`.
    ///
    /// # Errors
    /// A reference is locked, exists already, or cannot be written.
    pub(crate) fn update_refs(&self, commands: &[String]) -> Result<(), RefsError> {
        if commands.is_empty() {
            return Ok(());
        }
        let script = format!("start\n{}\nprepare\ncommit\n", commands.join("\n"));
        if self.update_refs_early(&script) {
            return Ok(());
        }
        let said = Git::say_when_free(|| {
            self.git()
                .args(["update-ref", "--stdin"])
                .apart()
                .input(script.as_bytes())
        });
        let said = said.map_err(RefsError::Other)?;
        match said.ok {
            true => Ok(()),
            false if said.found_the_ref() => Err(RefsError::Exists(explain(&said.err))),
            false => Err(RefsError::Other(explain(&said.err))),
        }
    }
}
