//! The mirror of the remote's tags: where it stands, and what of it this clone has.

use super::namespace::{Mirror, TagNamespace};
use super::store::Store;

impl Store {
    /// The key of git's configuration that says of which remote and prefix this clone has the
    /// whole mirror.
    pub(crate) const MIRROR_KEY: &'static str = "promptctl.mirror";
    /// The key that holds the environments of a mirror that has only what is live there.
    pub(crate) const PARTIAL_KEY: &'static str = "promptctl.partialMirror";
    /// The value of the first key while the mirror is fetched for the first time: a kill may leave
    /// half of it.
    pub(crate) const UNFINISHED: &'static str = "unfinished";

    /// The tags of this clone, whoever made them.
    pub(crate) fn local_space(&self) -> TagNamespace {
        TagNamespace {
            base: format!("refs/tags/{}", self.settings.prefix),
        }
    }

    /// The mirror of the remote's tags; `None` without a remote.
    pub(crate) fn mirror_space(&self) -> Option<TagNamespace> {
        let remote = self.settings.remote.as_deref()?;
        Some(TagNamespace {
            base: format!("refs/promptctl/{remote}/{}", self.settings.prefix),
        })
    }

    /// Where what is live is read from: the mirror, or without a remote this clone's tags.
    pub(crate) fn true_space(&self) -> TagNamespace {
        self.mirror_space().unwrap_or_else(|| self.local_space())
    }

    /// What of the remote's tags this clone has.
    pub(crate) fn mirror(&self) -> Mirror {
        let mut known = self.mirror.borrow_mut();
        known.get_or_insert_with(|| self.look_at_mirror()).clone()
    }

    /// Knows what the mirror is, because it was fetched just now.
    pub(crate) fn know_mirror(&self, mirror: Mirror) {
        *self.mirror.borrow_mut() = Some(mirror);
    }

    /// Forgets what is known of the mirror, because it was fetched.
    pub(crate) fn forget_mirror(&self) {
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
        let output = self.config_value(Self::MIRROR_KEY);
        if output == Some(self.mirror_name(remote)) {
            return Mirror::Whole;
        }
        let partial = self.config_values(Self::PARTIAL_KEY);
        if !partial.is_empty() {
            let known = partial.iter().filter_map(|name| name.parse().ok());
            return Mirror::Partial(known.collect());
        }
        // A plain `git fetch` may have made it.
        let is_there = output.as_deref() != Some(Self::UNFINISHED)
            && self.any_ref(&space.base).unwrap_or(false);
        if is_there {
            Mirror::Whole
        } else {
            Mirror::None
        }
    }

    /// What [`Store::MIRROR_KEY`] says of a whole mirror.
    pub(crate) fn mirror_name(&self, remote: &str) -> String {
        format!("{remote}/{}", self.settings.prefix)
    }

    /// Whether this clone has the whole mirror of its remote.
    pub(crate) fn has_mirror(&self) -> bool {
        self.settings.remote.is_some() && self.mirror() == Mirror::Whole
    }
}
