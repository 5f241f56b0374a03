//! The versions that an export holds, of one prompt or of several.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::draft::{Draft, refused};
use super::{Foreign, Refused};
use crate::prompt::code;
use crate::prompt::document::Located;
use crate::prompt::finding::{Finding, Severity, Span};

/// One version of one prompt.
pub(super) struct Entry<'v> {
    pub(super) map: Cow<'v, Map<String, Value>>,
    /// Where it stands in the file.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) version: Option<u64>,
}

/// The number of a version, which tools also write as a text or with a point: `2`, `"2"`, `2.0`.
pub(super) fn number(version: &Value) -> Option<u64> {
    let text = match version {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}

/// Names a version that has no number.
pub(super) fn check_number(
    map: &Map<String, Value>,
    place: impl Fn(&str) -> Option<Span>,
    draft: &mut Draft,
) {
    let version = map.get("version").filter(|it| !it.is_null());
    if let Some(version) = version.filter(|it| number(it).is_none()) {
        let message = format!(
            "its version {version} is no number that a version here can have: it gets the next one"
        );
        draft.lose(code::SOURCE_CHANGED, place("version"), message);
    }
}

/// The entries in the order of their names and numbers; those without a number come after.
pub(super) fn in_order(entries: &mut [Entry<'_>]) {
    entries.sort_by(|a, b| {
        let key = |it: &Entry<'_>| (it.version.is_none(), it.version);
        (&a.name, key(a)).cmp(&(&b.name, key(b)))
    });
}

/// Reads each entry. A version that stands there more than once, with something else under one of
/// the `keys`, is refused each time: nothing says which is meant. With the same, it is taken once.
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
        let refused = |one: &Entry<'_>, why| Refused {
            name: one.name.clone(),
            version: one.version,
            why: Box::new(why),
        };
        match those {
            [one] => all.push(read(one).map_err(|why| refused(one, why))),
            [one, more @ ..] if is_clear => {
                let (united, note) = united(one, more, located);
                let read = read(&united).map_err(|why| refused(one, why));
                all.push(read.map(|mut foreign| {
                    foreign.lost.push(note);
                    foreign
                }));
            }
            several => all.extend(
                several
                    .iter()
                    .map(|it| Err(refused(it, twice(it, located)))),
            ),
        }
    }
    all
}

/// One entry of several that say the same, with the labels and tags of all.
fn united<'v>(one: &Entry<'v>, more: &[Entry<'v>], located: &Located) -> (Entry<'v>, Finding) {
    let mut map = one.map.clone().into_owned();
    let mut differing = BTreeSet::new();
    for (key, value) in more.iter().flat_map(|it| it.map.iter()) {
        match (
            map.entry(key.clone()).or_insert_with(|| value.clone()),
            value,
        ) {
            (Value::Array(all), Value::Array(more)) => {
                for item in more {
                    if !all.contains(item) {
                        all.push(item.clone());
                    }
                }
            }
            (known, value) if known != value => drop(differing.insert(format!("`{key}`"))),
            _ => {}
        }
    }
    let version = one.version.unwrap_or_default();
    let times = more.len() + 1;
    let mut message = format!(
        "version {version} stands in the file {times} times with the same text: it is taken once, with all labels and tags"
    );
    if !differing.is_empty() {
        let keys: Vec<String> = differing.into_iter().collect();
        message.push_str(&format!("; of {} the first counts", keys.join(", ")));
    }
    let mut note = Finding::error(code::SOURCE_CHANGED, message);
    note.severity = Severity::Note;
    note.span = located.place(&one.path);
    let united = Entry {
        map: Cow::Owned(map),
        path: one.path.clone(),
        name: one.name.clone(),
        version: one.version,
    };
    (united, note)
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
