//! References: rows of them by prefix, single ones by name.

use git2::Oid;

use super::Store;
use super::tag::TagName;
use crate::error::Failure;
use crate::prompt::code;

/// Where tags are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Space {
    /// What the names of its references begin with, such as `refs/tags/prompts/`.
    pub(super) base: String,
}

impl Space {
    pub(super) fn reference(&self, tag: &TagName) -> String {
        format!("{}{tag}", self.base)
    }
}

/// One reference of a row.
pub(super) struct Ref {
    /// What stands after the prefix that was asked for.
    pub(super) rest: String,
    /// The object that it names: for an annotated tag the tag itself.
    pub(super) id: Oid,
}

impl Store {
    /// The key of git's configuration that says for which remote this clone keeps a mirror.
    pub(super) const MIRROR_KEY: &'static str = "promptctl.mirror";

    /// The tags of this clone, confirmed or not.
    pub(super) fn local_space(&self) -> Space {
        Space {
            base: format!("refs/tags/{}", self.settings.prefix),
        }
    }

    /// The mirror of the remote's tags; `None` without a remote.
    pub(super) fn mirror_space(&self) -> Option<Space> {
        let remote = self.settings.remote.as_deref()?;
        Some(Space {
            base: format!("refs/promptctl/{remote}/"),
        })
    }

    /// Whether the mirror says what is live: it was fetched once.
    pub(super) fn has_mirror(&self) -> bool {
        let Some(mirror) = self.mirror_space() else {
            return false;
        };
        self.config_value(Self::MIRROR_KEY).as_deref() == self.settings.remote.as_deref()
            || self.any_ref(&mirror.base).unwrap_or(false)
    }

    /// Where the tags that count are read from: the mirror where there is one, else this clone's.
    pub(super) fn true_space(&self) -> Space {
        self.mirror_space()
            .filter(|_| self.has_mirror())
            .unwrap_or_else(|| self.local_space())
    }

    /// The references that begin with `prefix`, which ends with `/`, in order of their names.
    pub(super) fn refs_below(&self, prefix: &str) -> Result<Vec<Ref>, Failure> {
        let mut found = Vec::new();
        self.each_ref(prefix, |rest, id| {
            let rest = rest.to_owned();
            found.push(Ref { rest, id });
            true
        })?;
        Ok(found)
    }

    pub(super) fn any_ref(&self, prefix: &str) -> Result<bool, Failure> {
        let mut any = false;
        self.each_ref(prefix, |_, _| {
            any = true;
            false
        })?;
        Ok(any)
    }

    /// Calls `see` with what stands after `prefix`, and with the object, for each reference that
    /// begins with `prefix`, in order of their names, until it says no.
    pub(super) fn each_ref(
        &self,
        prefix: &str,
        mut see: impl FnMut(&str, Oid) -> bool,
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
            let id = Oid::from_bytes(id.as_bytes()).map_err(|error| failed(&error))?;
            if !see(rest, id) {
                break;
            }
        }
        Ok(())
    }

    /// The object that a reference names; `None` if there is no such reference.
    pub(super) fn ref_target(&self, name: &str) -> Option<Oid> {
        // A name in full, so that no other is tried where it does not exist.
        let name = <&gix_ref::FullNameRef>::try_from(name).ok()?;
        let found = self.refs.try_find(name.as_partial_name()).ok()??;
        Oid::from_bytes(found.target.try_id()?.as_bytes()).ok()
    }
}
