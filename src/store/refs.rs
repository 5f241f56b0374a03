//! References: rows of them by prefix, single ones by name.

use git2::Oid;

use super::Store;
use super::tag::TagName;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::Environment;

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

/// What of the remote's tags a clone has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mirror {
    /// Nothing: nobody can say what is live.
    None,
    /// What is live in these environments, and nothing else.
    Partial(Vec<Environment>),
    /// All of them, or there is no remote.
    Whole,
}

/// One reference of a row.
pub(super) struct Ref {
    /// What stands after the prefix that was asked for.
    pub(super) rest: String,
    /// The object that it names: for an annotated tag the tag itself.
    pub(super) id: Oid,
}

impl Store {
    /// The key of git's configuration that says of which remote and prefix this clone has the
    /// whole mirror.
    pub(super) const MIRROR_KEY: &'static str = "promptctl.mirror";
    /// The key that holds the environments of a mirror that has only what is live there.
    pub(super) const PARTIAL_KEY: &'static str = "promptctl.partialMirror";
    /// The value of the first key while the mirror is fetched for the first time: a kill may leave
    /// half of it.
    pub(super) const UNFINISHED: &'static str = "unfinished";

    /// The tags of this clone, whoever made them.
    pub(super) fn local_space(&self) -> Space {
        Space {
            base: format!("refs/tags/{}", self.settings.prefix),
        }
    }

    /// The mirror of the remote's tags; `None` without a remote.
    pub(super) fn mirror_space(&self) -> Option<Space> {
        let remote = self.settings.remote.as_deref()?;
        Some(Space {
            base: format!("refs/promptctl/{remote}/{}", self.settings.prefix),
        })
    }

    /// Where what is live is read from: the mirror, or without a remote this clone's tags.
    pub(super) fn true_space(&self) -> Space {
        self.mirror_space().unwrap_or_else(|| self.local_space())
    }

    /// What of the remote's tags this clone has.
    pub(super) fn mirror(&self) -> Mirror {
        let mut known = self.mirror.borrow_mut();
        known.get_or_insert_with(|| self.look_at_mirror()).clone()
    }

    /// Knows what the mirror is, because it was fetched just now.
    pub(super) fn know_mirror(&self, mirror: Mirror) {
        *self.mirror.borrow_mut() = Some(mirror);
    }

    /// Forgets what is known of the mirror, because it was fetched.
    pub(super) fn forget_mirror(&self) {
        *self.mirror.borrow_mut() = None;
    }

    fn look_at_mirror(&self) -> Mirror {
        // What this clone has may be of any other remote, where it does not know the one that is named.
        if self.require_known_remote().is_err() {
            return Mirror::None;
        }
        let (Some(remote), Some(space)) = (&self.settings.remote, self.mirror_space()) else {
            // Of several remotes, one must be chosen before anything can be known.
            return match self.remote_names().is_empty() {
                true => Mirror::Whole,
                false => Mirror::None,
            };
        };
        let said = self.config_value(Self::MIRROR_KEY);
        if said == Some(self.mirror_name(remote)) {
            return Mirror::Whole;
        }
        let partial = self.config_values(Self::PARTIAL_KEY);
        if !partial.is_empty() {
            let known = partial.iter().filter_map(|name| name.parse().ok());
            return Mirror::Partial(known.collect());
        }
        // A plain `git fetch` may have made it.
        let is_there =
            said.as_deref() != Some(Self::UNFINISHED) && self.any_ref(&space.base).unwrap_or(false);
        if is_there {
            Mirror::Whole
        } else {
            Mirror::None
        }
    }

    /// What [`Store::MIRROR_KEY`] says of a whole mirror.
    pub(super) fn mirror_name(&self, remote: &str) -> String {
        format!("{remote}/{}", self.settings.prefix)
    }

    /// Whether this clone has the whole mirror of its remote.
    pub(super) fn has_mirror(&self) -> bool {
        self.settings.remote.is_some() && self.mirror() == Mirror::Whole
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
