//! The numbers of versions that have a tag, from one pass over the references.

use std::collections::HashMap;

use super::store::Store;
use super::tag::TagName;
use crate::error::Failure;
use crate::prompt::digest::Digest;
use crate::prompt::name::PromptName;
use crate::prompt::version::Version;
use crate::repository::ObjectId;

/// The tags of versions: which object each names.
#[derive(Debug, Default)]
pub struct VersionTags {
    objects: HashMap<(PromptName, Version), ObjectId>,
    highest: HashMap<PromptName, Version>,
}

impl VersionTags {
    /// The highest number of a prompt that has a tag.
    pub fn highest(&self, name: &PromptName) -> Option<Version> {
        self.highest.get(name).copied()
    }
}

impl Store {
    /// The version tags of all prompts, from one pass over the references.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn version_tags(&self) -> Result<VersionTags, Failure> {
        let mut tags = VersionTags::default();
        let (own, confirmed) = (self.local_space(), self.true_space());
        let spaces = if own == confirmed {
            vec![own]
        } else {
            // What the remote confirmed counts, so it comes last.
            vec![own, confirmed]
        };
        for space in spaces {
            for found in self.refs_below(&space.base)? {
                if let Some(TagName::Version { name, version }) = TagName::parse(&found.rest) {
                    let highest = tags.highest.entry(name.clone()).or_insert(version);
                    *highest = version.max(*highest);
                    tags.objects.insert((name, version), found.id);
                }
            }
        }
        Ok(tags)
    }

    /// The digest that a version was published with, or is pending with; `None` where it has no tag.
    ///
    /// # Errors
    /// Its tag is not one that promptctl made.
    pub fn tagged_digest(
        &self,
        tags: &VersionTags,
        name: &PromptName,
        version: Version,
    ) -> Result<Option<Digest>, Failure> {
        let Some(object) = tags.objects.get(&(name.clone(), version)) else {
            return Ok(None);
        };
        let tag = TagName::Version {
            name: name.clone(),
            version,
        };
        Ok(Some(self.tag_trailers(*object, &tag)?.digest))
    }

    /// The highest version of a prompt that has a tag.
    pub fn highest_published(&self, name: &PromptName) -> Option<Version> {
        let versions = self.tagged_versions(name).ok()?;
        versions.into_keys().max()
    }
}
