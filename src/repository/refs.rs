//! References: rows of them by prefix, single ones by name.

use std::fs;
use std::time::SystemTime;

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

/// References of one prefix: what stands after it in their names, one behind the other, and where each
/// ends, with its object.
#[derive(Default)]
struct RefRow {
    names: String,
    ids: Vec<(usize, ObjectId)>,
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
        Ok(!self.first_refs(prefix, 1, &mut || ())?.ids.is_empty())
    }

    /// Calls `see` with what stands after `prefix`, and with the object, for each reference that
    /// begins with `prefix`, in order of their names, until it says no.
    pub(crate) fn each_ref(
        &self,
        prefix: &str,
        mut see: impl FnMut(&str, ObjectId) -> bool,
    ) -> Result<(), Failure> {
        let row = self.first_refs(prefix, usize::MAX, &mut || ())?;
        let mut start = 0;
        for (end, id) in row.ids {
            if !see(&row.names[start..end], id) {
                break;
            }
            start = end;
        }
        Ok(())
    }

    /// The first references that begin with `prefix`, at most so many. `meanwhile` is called before each
    /// of them is read.
    ///
    /// Git may pack references meanwhile, as it does in the background after a commit: a file that was
    /// listed is gone when it is opened, or one went over to the packed ones after those were read. What
    /// was read so does not count, and is read again.
    fn first_refs(
        &self,
        prefix: &str,
        most: usize,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<RefRow, Failure> {
        // Git packs once in a while, and not as often as this in a row.
        const TRIES: usize = 5;
        let mut tries = 1;
        loop {
            let before = self.packed_refs();
            let read = self.read_refs(prefix, most, meanwhile);
            if tries == TRIES || self.packed_refs() == before {
                return read;
            }
            tries += 1;
        }
    }

    /// What tells one state of the packed references from another.
    fn packed_refs(&self) -> Option<(SystemTime, u64)> {
        let packed = fs::metadata(self.common_dir().join("packed-refs")).ok()?;
        Some((packed.modified().ok()?, packed.len()))
    }

    fn read_refs(
        &self,
        prefix: &str,
        most: usize,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<RefRow, Failure> {
        let mut row = RefRow::default();
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(
                code::UNSUPPORTED_REPOSITORY,
                format!("the references of the repository could not be read: {error}"),
            )
            .hint("git fsck tells more")
        };
        let relative = prefix.try_into().map_err(|error| failed(&error))?;
        let platform = self.refs.iter().map_err(|error| failed(&error))?;
        meanwhile();
        let found = match platform.prefixed(relative) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(row),
            Err(error) => return Err(failed(&error)),
        };
        for reference in found {
            let reference = reference.map_err(|error| failed(&error))?;
            meanwhile();
            // A name that is not UTF-8 is none of ours.
            let name = std::str::from_utf8(reference.name.as_bstr()).unwrap_or_default();
            let (Some(rest), Some(id)) = (name.strip_prefix(prefix), reference.target.try_id())
            else {
                continue;
            };
            let id =
                ObjectId::from_bytes(id.as_bytes()).ok_or_else(|| failed(&"it names no object"))?;
            row.names.push_str(rest);
            row.ids.push((row.names.len(), id));
            if row.ids.len() == most {
                break;
            }
        }
        Ok(row)
    }

    /// The object that a reference names; `None` if there is no such reference.
    pub(crate) fn ref_target(&self, name: &str) -> Option<ObjectId> {
        // A name in full, so that no other is tried where it does not exist.
        let name = <&gix_ref::FullNameRef>::try_from(name).ok()?;
        let find = || self.refs.try_find(name.as_partial_name()).ok()?;
        // Packed after the packed ones were looked at and before its file was, it is found the second
        // time.
        let found = find().or_else(find)?;
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
        let output = Git::run_when_free(|| {
            self.git()
                .args(["update-ref", "--stdin"])
                .apart()
                .input(script.as_bytes())
        });
        let output = output.map_err(RefsError::Other)?;
        match output.ok {
            true => Ok(()),
            false if output.found_the_ref() => Err(RefsError::Exists(explain(&output.err))),
            false => Err(RefsError::Other(explain(&output.err))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::super::open::Start;
    use super::*;

    fn git(folder: &Path, arguments: &[&str]) {
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}");
    }

    /// A repository whose tags `a` to `h` are files of their own.
    fn with_loose_tags(folder: &Path) -> Repository {
        git(folder, &["init", "--quiet"]);
        git(folder, &["commit", "--quiet", "--allow-empty", "-m", "x"]);
        for tag in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            git(folder, &["tag", tag]);
        }
        Repository::open(&Start {
            directory: folder.to_owned(),
            here: folder.to_owned(),
            ..Start::default()
        })
        .unwrap()
    }

    /// Git packs references in the background after a commit: their files go while somebody reads them.
    #[test]
    fn references_that_are_packed_meanwhile_are_all_read() {
        // Before any is read, and between two of them.
        for moment in [1, 2, 5] {
            let folder = tempfile::tempdir().unwrap();
            let repository = with_loose_tags(folder.path());
            let mut step = 0;
            let mut pack = || {
                step += 1;
                if step == moment {
                    git(folder.path(), &["pack-refs", "--all"]);
                }
            };
            let row = repository.first_refs("refs/tags/", usize::MAX, &mut pack);
            assert_eq!(row.unwrap().names, "abcdefgh", "packed at step {moment}");
        }
    }
}
