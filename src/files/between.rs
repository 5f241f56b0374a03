//! The prompts that differ between two commits, or between a commit and the working copy.
//!
//! Only what differs is parsed: trees are compared first, and other prompts are looked at only
//! where a partial changed that they may include.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use memchr::memmem;
use rayon::prelude::*;

use super::content::{Files, same_as_committed};
use super::load::Loaded;
use super::prompts::Prompts;
use super::work_tree::Listing;
use crate::error::Failure;
use crate::prompt::finding::Finding;
use crate::prompt::name::{PromptName, partial_of_path};
use crate::prompt::template::inclusions;
use crate::repository::{CommitTree, ObjectId};

/// The prompts that differ between two sides.
#[derive(Debug, Default)]
pub struct Between {
    /// As the old side holds them.
    pub before: Vec<Loaded>,
    /// As the new side holds them.
    pub after: Vec<Loaded>,
    /// What keeps prompts of the new side from being used; those are on neither side.
    pub findings: Vec<Finding>,
}

/// Gives the text of a file of a side.
type Texts<'s> = Box<dyn Fn(&str) -> Option<String> + 's>;

/// One side: a commit, or the working copy.
#[derive(Clone, Copy)]
enum Side {
    Commit(ObjectId),
    WorkingCopy,
}

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
            Side::WorkingCopy => self.add_attaching(new, ["path:"].into_iter(), &mut names),
        }
        let (before, _) = before.load_side(old, &names)?;
        let (after, findings) = self.load_side(new, &names)?;
        // A file that cannot be used is reported; it is not a prompt that was removed.
        let broken: BTreeSet<&str> = findings
            .iter()
            .filter(|finding| finding.is_error())
            .filter_map(|finding| finding.path.as_deref())
            .collect();
        let before = before
            .into_iter()
            .filter(|prompt| !broken.contains(prompt.path.as_str()))
            .collect();
        Ok(Between {
            before,
            after,
            findings,
        })
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

    /// Adds the prompts of a side that may attach a file of one of these names.
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
        let path = memmem::Finder::new("path");
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
            if holds(&path) && files.iter().any(holds) {
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
