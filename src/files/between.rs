//! The prompts that differ between two commits, or between a commit and the working copy.
//!
//! Only what differs is parsed: trees are compared first, and other prompts are looked at only
//! where a partial changed that they may include.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use memchr::memmem;
use rayon::prelude::*;

use super::content::is_below;
use super::content::{Files, same_as_committed};
use super::load::{Loaded, clash_of};
use super::prompts::Prompts;
use super::unusable::{bad_name, hidden_folder, no_folder, not_regular};
use super::work_tree::{Listing, join_root};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::{PromptName, SUFFIXES, partial_of_path};
use crate::prompt::template::inclusions;
use crate::repository::{CommitTree, EntryKind, ObjectId};

/// The prompts that differ between two sides.
#[derive(Debug, Default)]
pub struct Between {
    /// As the old side holds them.
    pub before: Vec<Loaded>,
    /// As the new side holds them.
    pub after: Vec<Loaded>,
    /// The partials that differ, whether a prompt includes them or not.
    pub partials: Vec<PartialChange>,
    /// What keeps prompts of the new side from being used; those are on neither side.
    pub findings: Vec<Finding>,
}

/// A partial that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialChange {
    /// Its file.
    pub path: String,
    /// Its text on the old side, where it is there.
    pub before: Option<String>,
    /// Its text on the new side, where it is there.
    pub after: Option<String>,
}

/// Gives the text of a file of a side.
type Texts<'s> = Box<dyn Fn(&str) -> Option<String> + 's>;

/// One side: a commit, or the working copy.
#[derive(Clone, Copy)]
enum Side {
    Commit(ObjectId),
    WorkingCopy,
}

/// How the name of the file ends that holds the figures of a judge, in place of a prompt's ending.
pub const FIGURES: &str = ".calibration.json";

impl Prompts {
    /// The prompts that differ between two revisions, or between one and the working copy, in the
    /// order of their names. A prompt whose partials differ counts. `before` is the same repository
    /// with the folders that held prompts on the old side.
    ///
    /// # Errors
    /// There is no such revision, or git's objects cannot be read.
    pub fn between(&self, before: &Self, from: &str, to: Option<&str>) -> Result<Between, Failure> {
        let old = Side::Commit(self.resolve_commit(from)?);
        let new = match to {
            Some(to) => Side::Commit(self.resolve_commit(to)?),
            None => Side::WorkingCopy,
        };
        let paths = self.paths_between(before, old, new);
        let mut names = BTreeSet::new();
        if before.roots != self.roots {
            let all = [before.texts_of(old).0, self.texts_of(new).0];
            names.extend(all.into_iter().flat_map(|all| all.files).map(|it| it.name));
        }
        let mut partials = BTreeSet::new();
        for path in &paths {
            let Some(below) = self.below_roots(path) else {
                continue;
            };
            match PromptName::from_path(below) {
                Some(Ok(name)) => drop(names.insert(name)),
                _ => partials.extend(partial_of_path(below)),
            }
        }
        if !partials.is_empty() {
            before.add_users(old, &partials, &mut names);
            self.add_users(new, &partials, &mut names);
        }
        let others = paths.iter().filter(|path| {
            let below = self.below_roots(path);
            below.is_none_or(|below| {
                PromptName::from_path(below).is_none() && partial_of_path(below).is_none()
            })
        });
        let others = others.filter_map(|path| path.rsplit('/').next());
        before.add_attaching(old, others.clone(), &mut names);
        // In the working copy any file may be another; who attaches one is looked at.
        match new {
            Side::Commit(_) => self.add_attaching(new, others, &mut names),
            Side::WorkingCopy => {
                let any = ["path:", "datasets:"].into_iter();
                self.add_attaching(new, any, &mut names);
                names.extend(self.with_figures());
            }
        }
        names.extend(paths.iter().filter_map(|path| self.with_figures_at(path)));
        let partials = {
            let (old, new) = (before.texts_of(old).1, self.texts_of(new).1);
            let changed = paths.iter().filter(|path| {
                let below = self.below_roots(path);
                below.is_some_and(|below| partial_of_path(below).is_some())
            });
            let change = |path: &String| PartialChange {
                path: path.clone(),
                before: old(path),
                after: new(path),
            };
            changed.map(change).collect()
        };
        let unusable = self.unusable(before.tree_of(old), new, &paths);
        let (before, _) = before.load_side(old, &names)?;
        let (after, mut findings) = self.load_side(new, &names)?;
        findings.extend(unusable);
        // A file that cannot be used is reported; it is not a prompt that was removed.
        let broken: BTreeSet<&str> = findings
            .iter()
            .filter(|finding| finding.is_error())
            .filter_map(|finding| finding.path.as_deref())
            .collect();
        let hidden: Vec<&str> = findings.iter().filter_map(hidden_folder).collect();
        let is_unread = |path: &str| {
            broken.contains(path) || hidden.iter().any(|folder| is_below(path, folder))
        };
        let before = before
            .into_iter()
            .filter(|prompt| !is_unread(&prompt.path))
            .collect();
        Ok(Between {
            before,
            after,
            partials,
            findings,
        })
    }

    /// What stands on the new side where a prompt could, and is none: a link, a folder, a name that
    /// no prompt can have, a second file of one name. What was so on the old side is left out.
    fn unusable(
        &self,
        old: Option<CommitTree<'_>>,
        new: Side,
        paths: &BTreeSet<String>,
    ) -> Vec<Finding> {
        let Some(tree) = self.tree_of(new) else {
            let was_so = |finding: &Finding| {
                let path = finding.path.as_deref().unwrap_or_default();
                let is_changed = |path: &str| paths.contains(path);
                match finding.code {
                    code::NAME_CLASH => {
                        !is_changed(path) && !finding.subject.as_deref().is_some_and(is_changed)
                    }
                    _ => old.as_ref().is_some_and(|old| {
                        let found = self.unusable_at(old, path);
                        found.is_some_and(|found| found.code == finding.code)
                    }),
                }
            };
            let mut found = self.list().findings;
            found.retain(|finding| !was_so(finding));
            for finding in &mut found {
                if let (code::NAME_CLASH, Some(first)) = (finding.code, finding.subject.clone()) {
                    *finding = clash_of(&first, std::mem::take(&mut finding.message));
                }
            }
            return found;
        };
        let mut found: BTreeMap<String, Finding> = BTreeMap::new();
        let above = |path: &str| -> Vec<String> {
            let ends = path.match_indices('/').map(|(at, _)| path[..at].to_owned());
            ends.chain([path.to_owned()]).collect()
        };
        let places: BTreeSet<String> = paths.iter().flat_map(|path| above(path)).collect();
        for path in places {
            if let Some(finding) = self.unusable_at(&tree, &path) {
                let was_so = old.as_ref().and_then(|old| self.unusable_at(old, &path));
                let was_so = was_so.is_some_and(|it| it.code == finding.code);
                if !was_so || paths.contains(&path) {
                    found.insert(path, finding);
                }
            } else if let Some(clash) = self.clash_at(&tree, &path) {
                found.insert(path, clash);
            }
        }
        found.into_values().collect()
    }

    /// Why what stands at a path of a commit is no prompt, where its name says that it is one; and
    /// why a folder that holds prompts is none.
    fn unusable_at(&self, tree: &CommitTree<'_>, path: &str) -> Option<Finding> {
        let kind = tree.entry_kind(path)?;
        if self.roots.iter().any(|root| root == path) {
            return match kind {
                EntryKind::Folder => None,
                EntryKind::Link => Some(not_regular(path, true)),
                EntryKind::File | EntryKind::OtherRepository => Some(no_folder(path, false)),
            };
        }
        let below = self.below_roots(path)?;
        if !SUFFIXES.iter().any(|suffix| below.ends_with(suffix)) {
            return None;
        }
        match kind {
            EntryKind::File => match PromptName::from_path(below)? {
                Ok(_) => None,
                Err(error) => Some(bad_name(path, &error.to_string())),
            },
            kind => Some(not_regular(path, kind == EntryKind::Link)),
        }
    }

    /// That another file of a commit has the name that a path has.
    fn clash_at(&self, tree: &CommitTree<'_>, path: &str) -> Option<Finding> {
        let name = PromptName::from_path(self.below_roots(path)?)?.ok()?;
        tree.blob_id(path)?;
        let places = self.roots.iter().flat_map(|root| {
            let paths = name.paths();
            paths.into_iter().map(move |below| join_root(root, &below))
        });
        let mut places = places.filter(|place| tree.blob_id(place).is_some());
        let (first, second) = (places.next()?, places.next()?);
        let message = format!("{first} and {second} have the same name");
        Some(clash_of(&first, message))
    }

    /// The files below the roots that differ.
    fn paths_between(&self, before: &Self, old: Side, new: Side) -> BTreeSet<String> {
        match (before.tree_of(old), new) {
            (Some(old), Side::Commit(_)) => match self.tree_of(new) {
                Some(new) => (self.repository.paths_between(&old, &new))
                    .into_iter()
                    .collect(),
                None => BTreeSet::new(),
            },
            (Some(old), Side::WorkingCopy) => self.changed_files(before.blobs_below_roots(&old)),
            (None, _) => BTreeSet::new(),
        }
    }

    fn tree_of(&self, side: Side) -> Option<CommitTree<'_>> {
        match side {
            Side::Commit(commit) => self.commit_tree(commit),
            Side::WorkingCopy => None,
        }
    }

    /// The files of the working copy that are not as a commit holds them.
    fn changed_files(&self, committed: HashMap<String, ObjectId>) -> BTreeSet<String> {
        let listing = self.list();
        let tree = self.work_tree();
        let paths: Vec<&String> = listing
            .files
            .iter()
            .map(|file| &file.path)
            .chain(listing.partials.values())
            .collect();
        let is_same = |path: &str| {
            let text = tree.read(path).ok().flatten();
            let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
            text.is_some_and(|text| same_as_committed(committed.get(path).copied(), None, &text))
        };
        let changed = paths.par_iter().filter(|path| !is_same(path));
        let mut changed: BTreeSet<String> = changed.map(|path| (*path).clone()).collect();
        let there: BTreeSet<&String> = paths.into_iter().collect();
        changed.extend(committed.into_keys().filter(|path| !there.contains(path)));
        changed
    }

    /// Adds the prompts of a side that may include one of these partials, also through others.
    fn add_users(&self, side: Side, changed: &BTreeSet<String>, names: &mut BTreeSet<PromptName>) {
        let (listing, texts) = self.texts_of(side);
        let mut wanted = changed.clone();
        let includes = |text: &str, wanted: &BTreeSet<String>| {
            inclusions(text)
                .iter()
                .any(|inclusion| wanted.contains(&inclusion.name))
        };
        // Until no further partial includes one that is wanted.
        loop {
            let more: Vec<String> = listing
                .partials
                .iter()
                .filter(|(name, _)| !wanted.contains(*name))
                .filter(|(_, path)| texts(path).is_some_and(|text| includes(&text, &wanted)))
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            wanted.extend(more);
        }
        let tags: Vec<memmem::Finder<'_>> = wanted
            .iter()
            .map(|name| memmem::Finder::new(name.as_bytes()))
            .collect();
        for file in listing.files {
            if names.contains(&file.name) {
                continue;
            }
            let Some(text) = texts(&file.path) else {
                continue;
            };
            // Whether it really does is known once it is loaded.
            if tags.iter().any(|tag| tag.find(text.as_bytes()).is_some()) {
                names.insert(file.name);
            }
        }
    }

    /// The prompts of the working copy that figures of labels stand beside.
    fn with_figures(&self) -> Vec<PromptName> {
        let tree = self.work_tree();
        let files = self.list().files.into_iter();
        let judges = files.filter(|file| {
            let stem = SUFFIXES.iter().find_map(|end| file.path.strip_suffix(end));
            stem.is_some_and(|stem| {
                tree.read(&format!("{stem}{FIGURES}"))
                    .is_ok_and(|it| it.is_some())
            })
        });
        judges.map(|file| file.name).collect()
    }

    /// The prompt that a path holds the figures of, if it does.
    fn with_figures_at(&self, path: &str) -> Option<PromptName> {
        let stem = path.strip_suffix(FIGURES)?;
        let mut all = SUFFIXES.iter().filter_map(|end| {
            let path = format!("{stem}{end}");
            PromptName::from_path(self.below_roots(&path)?)?.ok()
        });
        all.next()
    }

    /// Adds the prompts of a side that may attach a file of one of these names, or take cases from it.
    fn add_attaching<'n>(
        &self,
        side: Side,
        files: impl Iterator<Item = &'n str>,
        names: &mut BTreeSet<PromptName>,
    ) {
        let files: BTreeSet<&str> = files.collect();
        if files.is_empty() {
            return;
        }
        let files: Vec<memmem::Finder<'_>> = files.into_iter().map(memmem::Finder::new).collect();
        let naming = ["path", "datasets"].map(memmem::Finder::new);
        let (listing, texts) = self.texts_of(side);
        for file in listing.files {
            if names.contains(&file.name) {
                continue;
            }
            let Some(text) = texts(&file.path) else {
                continue;
            };
            let holds = |finder: &memmem::Finder<'_>| finder.find(text.as_bytes()).is_some();
            // Whether it really does is known once it is loaded.
            if naming.iter().any(holds) && files.iter().any(holds) {
                names.insert(file.name);
            }
        }
    }

    /// What stands below the roots of a side, and the texts.
    fn texts_of(&self, side: Side) -> (Listing, Texts<'_>) {
        let tree = self.tree_of(side);
        let Some(tree) = tree else {
            let tree = self.work_tree();
            let read = move |path: &str| String::from_utf8(tree.read(path).ok()??).ok();
            return (self.list(), Box::new(read));
        };
        let mut listing = match side {
            Side::Commit(commit) => self.list_at(commit),
            Side::WorkingCopy => Listing::default(),
        };
        let partials = self
            .blobs_below_roots(&tree)
            .into_keys()
            .filter_map(|path| {
                let name = partial_of_path(self.below_roots(&path)?)?;
                Some((name, path))
            });
        listing.partials = partials.collect::<BTreeMap<_, _>>();
        let read = move |path: &str| String::from_utf8(tree.read_file(path).ok()??).ok();
        (listing, Box::new(read))
    }

    fn load_side(
        &self,
        side: Side,
        names: &BTreeSet<PromptName>,
    ) -> Result<(Vec<Loaded>, Vec<Finding>), Failure> {
        let Side::Commit(commit) = side else {
            let mut listing = self.list();
            listing.files.retain(|file| names.contains(&file.name));
            listing.findings.clear();
            return Ok(self.load_listed(listing));
        };
        let names: Vec<&PromptName> = names.iter().collect();
        let share = names.len().div_ceil(rayon::current_num_threads()).max(1);
        let (again, roots, first) = (self.again(), &self.roots, &self.first_root);
        let shares: Vec<Vec<_>> = names
            .par_chunks(share)
            .map(|share| {
                let prompts = Self::new(again.open()?, roots.clone(), first.clone());
                Ok(share
                    .iter()
                    .map(|name| prompts.load_at(commit, name))
                    .collect())
            })
            .collect::<Result<_, Failure>>()?;
        let mut loaded = Vec::with_capacity(names.len());
        let mut findings = Vec::new();
        for prompt in shares.into_iter().flatten() {
            match prompt {
                Ok(prompt) => loaded.extend(prompt),
                Err(found) => findings.extend(found),
            }
        }
        Ok((loaded, findings))
    }
}
