//! Loading all prompts at once: on all cores, and what they share is read once.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::content::{Files, assemble, same_as_committed};
use super::load::{Loaded, in_working_copy};
use super::prompts::Prompts;
use super::work_tree::{Listing, WorkTree, join_root};
use crate::prompt::finding::Finding;
use crate::repository::{CommitTree, ObjectId};

/// The working copy, with what many prompts ask of it known beforehand.
struct Prepared<'a> {
    tree: &'a WorkTree,
    /// The folders that hold prompts and lie inside the repository.
    folders: HashSet<&'a str>,
    /// The bytes of the partials, by path.
    partials: HashMap<&'a str, Vec<u8>>,
}

impl<'a> Prepared<'a> {
    fn new(tree: &'a WorkTree, listing: &'a Listing) -> Self {
        let folders: HashSet<&str> = listing
            .files
            .iter()
            .map(|file| folder(&file.path))
            .collect();
        let inside = |folder: &&str| tree.inside(&tree.top.join(folder));
        let partials = listing.partials.values().filter_map(|path| {
            // What cannot be read is reported by the prompts that ask for it.
            Some((path.as_str(), tree.read(path).ok().flatten()?))
        });
        Self {
            tree,
            folders: folders.into_iter().filter(inside).collect(),
            partials: partials.collect(),
        }
    }
}

impl Files for Prepared<'_> {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        if let Some(bytes) = self.partials.get(path) {
            Ok(Some(bytes.clone()))
        } else if self.folders.contains(folder(path)) {
            self.tree.read_inside(path)
        } else {
            self.tree.read(path)
        }
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Prompts {
    /// All prompts of the working copy with their contents; what cannot be loaded is reported with its
    /// findings.
    pub fn load_all(&self) -> (Vec<Loaded>, Vec<Finding>) {
        self.load_listed(self.list())
    }

    /// The same for a listing that was made before.
    pub fn load_listed(&self, listing: Listing) -> (Vec<Loaded>, Vec<Finding>) {
        self.load_each(listing, |prompt| {
            // Whoever asks for contents asks for digests: they are computed here, on all cores.
            prompt.digest();
            prompt
        })
    }

    /// What `see` makes of each prompt of a listing, on all cores; so the prompts need not be held
    /// in memory all at once.
    pub fn load_each<T: Send>(
        &self,
        mut listing: Listing,
        see: impl Fn(Loaded) -> T + Sync,
    ) -> (Vec<T>, Vec<Finding>) {
        let mut findings = std::mem::take(&mut listing.findings);
        let mut seen = Vec::with_capacity(listing.files.len());
        let read = if self.is_bare() {
            self.load_committed(&listing, see)
        } else {
            self.load_files(&listing, see)
        };
        for prompt in read {
            match prompt {
                Ok(prompt) => seen.extend(prompt),
                Err(found) => findings.extend(found),
            }
        }
        (seen, findings)
    }

    fn load_committed<T>(
        &self,
        listing: &Listing,
        see: impl Fn(Loaded) -> T,
    ) -> Vec<Result<Option<T>, Vec<Finding>>> {
        let Some(head) = self.head_commit() else {
            return Vec::new();
        };
        let names = listing.files.iter().map(|file| &file.name);
        names
            .map(|name| Ok(self.load_at(head, name)?.map(&see)))
            .collect()
    }

    fn load_files<T: Send>(
        &self,
        listing: &Listing,
        see: impl Fn(Loaded) -> T + Sync,
    ) -> Vec<Result<Option<T>, Vec<Finding>>> {
        let tree = self.work_tree();
        let prepared = Prepared::new(&tree, listing);
        let head = self.head_commit();
        let committed = head
            .and_then(|commit| self.commit_tree(commit))
            .map_or_else(HashMap::new, |head| self.blobs_below_roots(&head));
        let is_same = |path: &str, blob: Option<ObjectId>, text: &str| {
            same_as_committed(committed.get(path).copied(), blob, text)
        };
        // A partial is asked for by every prompt that includes it.
        let partials: HashMap<&str, bool> = prepared
            .partials
            .iter()
            .filter_map(|(path, bytes)| Some((*path, std::str::from_utf8(bytes).ok()?)))
            .map(|(path, text)| (path, is_same(path, None, text)))
            .collect();
        let is_committed = |path: &str, blob: Option<ObjectId>, text: &str| {
            let known = partials.get(path).copied();
            known.unwrap_or_else(|| is_same(path, blob, text))
        };
        listing
            .files
            .par_iter()
            .map(|file| {
                let assembled = assemble(&prepared, &tree.roots, &file.path)?;
                Ok(assembled.map(|assembled| {
                    see(in_working_copy(file.clone(), assembled, head, is_committed))
                }))
            })
            .collect()
    }

    /// The regular files below the roots of a commit, from one walk.
    pub(crate) fn blobs_below_roots(&self, head: &CommitTree<'_>) -> HashMap<String, ObjectId> {
        blobs_below(&self.roots, head)
    }
}

/// The regular files below these `roots` of a commit, from one walk.
pub(super) fn blobs_below(roots: &[String], commit: &CommitTree<'_>) -> HashMap<String, ObjectId> {
    let mut blobs = HashMap::new();
    for root in roots {
        commit.walk(root, |file| {
            if !file.is_link {
                let below = format!("{}{}", file.folder, file.name);
                blobs.insert(join_root(root, &below), file.id);
            }
        });
    }
    blobs
}
