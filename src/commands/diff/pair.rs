//! The two contents of a prompt that are compared.

use std::collections::BTreeMap;

use super::super::change::side;
use super::super::common::variables_of;
use crate::experiment::judge::{calibration, is_judge};
use crate::files::Loaded;
use crate::prompt::diff::{Attachments, Lone, PromptDiff, compare, renames};
use crate::prompt::name::PromptName;
use crate::releases::Store;

/// The two contents of a prompt that are compared.
#[derive(Default)]
pub(super) struct Pair {
    pub(super) before: Option<Loaded>,
    pub(super) after: Option<Loaded>,
    /// Whether these are one prompt under two names.
    pub(super) is_rename: bool,
    /// The files that each attaches.
    pub(super) attachments: [Attachments; 2],
    /// The datasets that each names.
    pub(super) datasets: [Attachments; 2],
    /// The figures that labels gave of each, where it is a judge.
    pub(super) figures: [Attachments; 2],
}

impl Pair {
    /// Reads the files that each side attaches.
    pub(super) fn add_attachments(&mut self, old: &Store, new: &Store) {
        let of = |store: &Store, side: &Option<Loaded>| {
            let loaded = side
                .as_ref()
                .filter(|side| side.attached().next().is_some());
            loaded
                .map(|loaded| store.attachments(loaded))
                .unwrap_or_default()
        };
        self.attachments = [of(old, &self.before), of(new, &self.after)];
        let sides = [(old, &self.before), (new, &self.after)];
        self.datasets = sides.map(|(store, side)| {
            let named = side.iter().map(|loaded| {
                let paths = loaded.document.datasets.iter();
                store.contents_of(loaded, paths.map(|it| it.value.as_str()))
            });
            named.flatten().collect()
        });
        self.figures = sides.map(|(store, side)| {
            let judge = side.as_ref().filter(|loaded| is_judge(loaded));
            let file = judge.map(|loaded| {
                let path = calibration::path_of(loaded);
                store.contents_of(loaded, [path.as_str()])
            });
            file.unwrap_or_default()
        });
    }

    /// Whether the content changed and its number did not. Under a new name any number is new.
    pub(super) fn is_unraised(&self) -> bool {
        let Some(after) = &self.after else {
            return false;
        };
        let is_same_number = |before: &Loaded| {
            before.name == after.name
                && before.version() == after.version()
                && before.digest() != after.digest()
        };
        after.is_unbumped() || self.before.as_ref().is_some_and(is_same_number)
    }

    /// The new content, or the old one of a prompt that is gone.
    pub(super) fn any(&self) -> Option<&Loaded> {
        self.after.as_ref().or(self.before.as_ref())
    }

    pub(super) fn is_same(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                before.name == after.name
                    && before.blob == after.blob
                    && before.digest() == after.digest()
                    && self.attachments[0] == self.attachments[1]
                    && self.datasets[0] == self.datasets[1]
                    && self.figures[0] == self.figures[1]
            }
            _ => false,
        }
    }

    /// The old name of a prompt that has another now.
    pub(super) fn renamed_from(&self) -> Option<&PromptName> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        let is_renamed = self.is_rename && before.name != after.name;
        is_renamed.then_some(&before.name)
    }

    pub(super) fn diff(&self) -> PromptDiff {
        let (before, after) = (self.before.as_ref(), self.after.as_ref());
        let [old, new] = [before, after].map(|side| side.map(variables_of).unwrap_or_default());
        let diff = compare(
            before.map(|loaded| side(loaded, &old)),
            after.map(|loaded| side(loaded, &new)),
        );
        let [old, new] = &self.attachments;
        let diff = diff.with_attachments(old, new);
        let [old, new] = &self.datasets;
        let diff = diff.with_evaluation("datasets", old, new);
        let [old, new] = &self.figures;
        let diff = diff.with_evaluation("calibration", old, new);
        match self.renamed_from() {
            Some(from) => diff.renamed(from),
            None => diff,
        }
    }
}

/// The same pairs, where a prompt that is gone and the new one that it became are one.
pub(super) fn with_renames(mut pairs: BTreeMap<PromptName, Pair>) -> BTreeMap<PromptName, Pair> {
    let [mut gone, mut new] = [Vec::new(), Vec::new()];
    for pair in pairs.values() {
        match (&pair.before, &pair.after) {
            (Some(before), None) => gone.push(lone(before)),
            (None, Some(after)) => new.push(lone(after)),
            _ => {}
        }
    }
    let renamed: Vec<(PromptName, PromptName)> = renames(&gone, &new)
        .into_iter()
        .map(|(from, to)| (from.clone(), to.clone()))
        .collect();
    for (from, to) in renamed {
        let before = pairs.remove(&from).and_then(|pair| pair.before);
        if let Some(pair) = pairs.get_mut(&to) {
            pair.before = before;
            pair.is_rename = true;
        }
    }
    pairs
}

fn lone(loaded: &Loaded) -> Lone<'_> {
    Lone {
        name: &loaded.name,
        digest: loaded.digest(),
        text: &loaded.text,
    }
}
