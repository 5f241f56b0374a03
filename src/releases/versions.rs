//! Tags of versions that are not released.

use crate::repository::{NewTag, ObjectId};

use super::made::SendState;
use super::sending::Sent;
use super::store::Store;
use super::tag::{Tag, TagName, Trailers};
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::prompt::next::Next;

/// How many tags are sent at once: a host tells nobody of more.
const AT_ONCE: usize = 3;

impl Store {
    /// Makes the tags of versions that are published without being live anywhere, such as the
    /// earlier versions of a prompt that was imported; those that exist are left as they are.
    /// Returns the names of the tags made.
    ///
    /// # Errors
    /// - `P204`: a version is not committed.
    /// - `P206`: the number was published with other content.
    /// - `P212`, `P215`, `P216`: the remote does not take a tag; those sent before stay sent.
    pub fn tag_versions(&self, versions: &[Loaded], push: bool) -> Result<Vec<Tag>, Failure> {
        let mut made = Vec::new();
        let mut new = Vec::new();
        for loaded in versions {
            let tag = self.tag(TagName::Version {
                name: loaded.name.clone(),
                version: loaded.version(),
            });
            match self.version_tag(&tag.name)? {
                Some(found) if found.trailers.digest == *loaded.digest() => {}
                Some(_) => {
                    let message = format!(
                        "{} {} was published with other content",
                        loaded.name,
                        loaded.version()
                    );
                    return Err(Failure::new(code::NUMBER_TAKEN, message).hint(
                        Next::bump(&loaded.name).that("gives the new content the next number"),
                    ));
                }
                None => {
                    let Some(commit) = loaded.commit() else {
                        let message =
                            format!("{} {} is not committed", loaded.name, loaded.version());
                        return Err(
                            Failure::new(code::UNCOMMITTED, message).at(loaded.path.clone())
                        );
                    };
                    let trailers = Trailers {
                        prompt: loaded.name.clone(),
                        version: loaded.version(),
                        digest: loaded.digest().clone(),
                        release: None,
                    };
                    new.push((
                        tag.clone(),
                        NewTag {
                            name: tag.to_string(),
                            commit,
                            message: trailers.message(&format!(
                                "{} {}",
                                loaded.name,
                                loaded.version()
                            )),
                        },
                    ));
                }
            }
        }
        for group in new.chunks(AT_ONCE) {
            let Some((first, _)) = group.first() else {
                continue;
            };
            let name = first.name.prompt();
            let tags: Vec<NewTag> = group.iter().map(|(_, tag)| tag.clone()).collect();
            let objects = self.write_tags(&tags, None)?;
            let pairs: Vec<(Tag, ObjectId)> = group
                .iter()
                .map(|(tag, _)| tag.clone())
                .zip(objects)
                .collect();
            if push && self.has_remote() {
                match self.send(&[name], &pairs)? {
                    // What was accepted is done; a fetch makes up for a note that failed.
                    Sent::Accepted => drop(self.confirm(&pairs)),
                    Sent::Overtaken => {
                        return Err(Failure::new(
                            code::OVERTAKEN,
                            format!("somebody was faster: the tags of {name} exist already"),
                        )
                        .hint(Hint::sentence([
                            Next::Fetch.into(),
                            ", then the same command again".into(),
                        ])));
                    }
                }
            } else {
                self.journal(SendState::Made, &pairs)?;
                let commands: Vec<String> = pairs
                    .iter()
                    .map(|(tag, id)| format!("create refs/tags/{tag} {id}"))
                    .collect();
                self.update_refs(&commands)?;
            }
            made.extend(pairs.into_iter().map(|(tag, _)| tag));
        }
        Ok(made)
    }
}
