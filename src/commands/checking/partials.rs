//! What is other than where the branch began, beside the prompts that are checked.

use std::collections::BTreeSet;

use crate::files::{Base, Blobs, Loaded};
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::lint::PartialFile;
use crate::prompt::template::inclusions;
use crate::releases::Store;

/// The partials, and what is other than where the branch began: everything, where none is named.
pub(super) struct Changes {
    pub(super) partials: Vec<PartialFile>,
    /// The paths of the partials that changed there, or since HEAD.
    pub(super) paths: BTreeSet<String>,
    before: Option<Blobs>,
    /// The names of the partials that are gone, and of those that include one of them.
    lost: BTreeSet<String>,
}

impl Changes {
    pub(super) fn new(store: &Store, partials: Vec<PartialFile>, base: Option<&Base>) -> Self {
        let before = base.map(|base| store.blobs_of(base));
        Self {
            paths: changed_paths(store, &partials, before.as_ref()),
            lost: lost_partials(store, &partials, before.as_ref()),
            before,
            partials,
        }
    }

    /// Whether a prompt is another, or a partial of it is.
    pub(super) fn concern(&self, prompt: &Loaded) -> bool {
        let is_lost = |text: &str| {
            let mut included = inclusions(text).into_iter();
            included.any(|it| self.lost.contains(&it.name))
        };
        let mut partials = prompt.partials.values();
        self.is_new(&prompt.path, &prompt.text)
            || partials.any(|partial| self.paths.contains(&partial.path))
            || (!self.lost.is_empty() && is_lost(&prompt.text))
    }

    /// Whether what is wrong with a file that cannot be loaded came since.
    pub(super) fn concern_unreadable(&self, store: &Store, finding: &Finding) -> bool {
        let Some(path) = &finding.path else {
            return true;
        };
        let is_changed = |path: &str| {
            let text = store.read_text(path);
            text.map_or(true, |text| self.is_new(path, &text.unwrap_or_default()))
        };
        // Where two files clash, the one that came may be the first of them.
        let is_clash = finding.code == code::NAME_CLASH;
        let other = finding.subject.as_deref().filter(|_| is_clash);
        let is_lost = finding.code == code::MISSING_PARTIAL && !self.lost.is_empty();
        is_lost || is_changed(path) || other.is_some_and(is_changed)
    }

    fn is_new(&self, path: &str, text: &str) -> bool {
        let before = self.before.as_ref();
        before.is_none_or(|before| before.differ(path, text))
    }
}

/// The partials that differ from where the branch began, or from HEAD.
fn changed_paths(
    store: &Store,
    partials: &[PartialFile],
    before: Option<&Blobs>,
) -> BTreeSet<String> {
    let head;
    let before = match (before, store.head_commit()) {
        (Some(before), _) => before,
        (None, Some(commit)) if !partials.is_empty() => {
            head = store.blobs_at(commit);
            &head
        }
        _ => return BTreeSet::new(),
    };
    partials
        .iter()
        .filter(|partial| before.differ(&partial.path, &partial.text))
        .map(|partial| partial.path.clone())
        .collect()
}

/// The names of partials that were there where the branch began and are gone, and of those that
/// include one of them.
fn lost_partials(
    store: &Store,
    partials: &[PartialFile],
    before: Option<&Blobs>,
) -> BTreeSet<String> {
    let is_here = |path: &str| partials.iter().any(|partial| partial.path == path);
    let gone = before.into_iter().flat_map(Blobs::paths);
    let gone = gone.filter(|path| !is_here(path));
    let mut lost: BTreeSet<String> = gone.filter_map(|path| store.partial_name(path)).collect();
    loop {
        let includes_lost = |partial: &&PartialFile| {
            !lost.contains(&partial.name)
                && inclusions(&partial.text)
                    .iter()
                    .any(|it| lost.contains(&it.name))
        };
        let more: Vec<String> = match lost.is_empty() {
            true => Vec::new(),
            false => (partials.iter().filter(includes_lost))
                .map(|partial| partial.name.clone())
                .collect(),
        };
        if more.is_empty() {
            return lost;
        }
        lost.extend(more);
    }
}
