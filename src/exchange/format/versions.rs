//! The versions that an export holds, of one prompt or of several.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::draft::refused;
use super::{Foreign, Refused};
use crate::prompt::document::Located;
use crate::prompt::finding::Finding;

/// One version of one prompt.
pub(super) struct Entry<'v> {
    pub(super) map: Cow<'v, Map<String, Value>>,
    /// Where it stands in the file.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) version: Option<u64>,
}

/// The entries in the order of their names and numbers.
pub(super) fn in_order(entries: &mut [Entry<'_>]) {
    entries.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
}

/// Reads each entry. A version that stands there more than once, with something else under one of
/// the `keys`, is refused each time: nothing says which is meant.
pub(super) fn each(
    entries: &[Entry<'_>],
    keys: &[&str],
    located: &Located,
    read: impl Fn(&Entry<'_>) -> Result<Foreign, Finding>,
) -> Vec<Result<Foreign, Refused>> {
    let is_same = |a: &Entry<'_>, b: &Entry<'_>| a.name == b.name && a.version == b.version;
    let of_version = entries.chunk_by(|a, b| a.version.is_some() && is_same(a, b));
    let mut all = Vec::new();
    for those in of_version {
        let says = |one: &Entry<'_>| {
            keys.iter()
                .all(|key| one.map.get(*key) == those[0].map.get(*key))
        };
        let is_clear = those.iter().all(says);
        for one in those {
            let read = match is_clear {
                true => read(one),
                false => Err(twice(one, located)),
            };
            all.push(read.map_err(|why| Refused {
                name: one.name.clone(),
                version: one.version,
                why: Box::new(why),
            }));
        }
    }
    all
}

fn twice(one: &Entry<'_>, located: &Located) -> Finding {
    let version = one.version.unwrap_or_default();
    refused(
        located.place(&one.path),
        format!(
            "version {version} of {} stands in the file more than once, and they differ",
            one.name
        ),
        "keep the one that is right",
    )
}
