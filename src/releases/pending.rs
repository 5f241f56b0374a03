//! The tags of this clone that the remote has not confirmed.

use super::made::{Pending, SendState};
use super::store::Store;
use super::tag::{Previous, Tag, TagName};
use crate::error::Failure;
use crate::prompt::name::{Environment, PromptName};
use crate::repository::ObjectId;

impl Store {
    /// The tags of this clone that the remote has not confirmed: those that it made, and the names of
    /// those that came from elsewhere.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn unconfirmed(&self) -> Result<(Vec<Pending>, Vec<Tag>), Failure> {
        let (Some(mirror), true) = (self.mirror_space(), self.has_mirror()) else {
            return Ok((Vec::new(), Vec::new()));
        };
        let made = self.made();
        let mut pending = Vec::new();
        let mut foreign = Vec::new();
        let seen = self.seen_all()?;
        for found in self.refs_below(&self.local_space().base)? {
            let Some(tag) = TagName::parse(&found.rest) else {
                continue;
            };
            let theirs = self.ref_target(&mirror.reference(&tag));
            if theirs == Some(found.id) {
                continue;
            }
            let key = (self.tag(tag), found.id);
            match made.get(&key) {
                // Another took its place at the remote after it was there; that is reported with the tag.
                Some(SendState::Confirmed) => {}
                Some(fate) => pending.push(Pending {
                    lost: *fate == SendState::Lost || theirs.is_some(),
                    tag: key.0,
                    object: found.id,
                }),
                // What this clone saw at the remote came from there.
                None if seen.get(&found.rest).is_some() => {}
                None => foreign.push(key.0),
            }
        }
        pending.sort_by(|a, b| a.tag.name.order().cmp(&b.tag.name.order()));
        self.mark_lost(&mut pending)?;
        Ok((pending, foreign))
    }

    /// The tags that were on their way to the remote when it was last heard of, so that nobody here knows
    /// whether it has them.
    pub fn on_their_way(&self) -> Vec<(Tag, ObjectId)> {
        let made = self.made().into_iter();
        let sending = made.filter(|(_, fate)| *fate == SendState::Sending);
        let unknown = sending.map(|(key, _)| key).filter(|(tag, _)| {
            let theirs = self.mirror_space();
            theirs.is_none_or(|it| self.ref_target(&it.reference(&tag.name)).is_none())
        });
        let mut unknown: Vec<(Tag, ObjectId)> = unknown.collect();
        unknown.sort();
        unknown
    }

    /// The tags that this clone made and that the remote has not confirmed.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn pending(&self) -> Result<Vec<Pending>, Failure> {
        self.unconfirmed().map(|(pending, _)| pending)
    }

    /// After one lost release all later ones of that row are lost: number, `Under` and `Previous` are
    /// part of each. So is one that does not follow what is live, and one whose version lost.
    fn mark_lost(&self, pending: &mut [Pending]) -> Result<(), Failure> {
        let mut row: Option<(PromptName, Environment)> = None;
        let mut before: Option<ObjectId> = None;
        let mut is_row_lost = false;
        for entry in pending.iter_mut() {
            let TagName::Release {
                name, environment, ..
            } = &entry.tag.name
            else {
                continue;
            };
            let own = (name.clone(), environment.clone());
            if row.as_ref() != Some(&own) {
                let releases = self.releases(name, environment)?;
                before = releases.newest().map(|newest| newest.object);
                is_row_lost = false;
                row = Some(own);
            }
            let follows = self.follows(entry, before);
            is_row_lost |= entry.lost || !follows || !self.agrees(entry);
            entry.lost = is_row_lost;
            before = Some(entry.object);
        }
        Ok(())
    }

    /// Whether a pending release names what the remote has under the number of its version, if anything.
    fn agrees(&self, entry: &Pending) -> bool {
        let Ok((commit, trailers)) = self.tag_target(entry.object, &entry.tag.name) else {
            return false;
        };
        let version = TagName::Version {
            name: entry.tag.name.prompt().clone(),
            version: trailers.version,
        };
        let held = self.confirmed_version(entry.tag.name.prompt(), trailers.version);
        held.is_none_or(|held| {
            self.tag_target(held, &version)
                .is_ok_and(|(other, held)| other == commit && held.digest == trailers.digest)
        })
    }

    /// Whether a pending release says that it follows this one.
    fn follows(&self, entry: &Pending, before: Option<ObjectId>) -> bool {
        let trailers = self.tag_trailers(entry.object, &entry.tag.name).ok();
        let release = trailers.and_then(|trailers| trailers.release);
        match release.map(|release| release.previous) {
            Some(Previous::Object(id)) => before == Some(id),
            Some(Previous::Nothing) => before.is_none(),
            Some(Previous::Unsaid) | None => false,
        }
    }
}
