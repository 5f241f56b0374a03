//! The partials that changed or are gone beside the prompts that are checked.

use std::collections::BTreeSet;

use crate::files::Blobs;
use crate::prompt::lint::PartialFile;
use crate::prompt::template::inclusions;
use crate::releases::Store;

/// The partials that differ from where the branch began, or from HEAD.
pub(super) fn changed_paths(
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
pub(super) fn lost_partials(
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
