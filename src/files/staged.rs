//! What is to be committed: the prompts as git's index holds them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::content::{Files, assemble, same_as_committed};
use super::load::{Loaded, in_working_copy};
use super::prompts::Prompts;
use super::work_tree::{PromptFile, below_root};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::prompt::name::{PromptName, partial_of_path};
use crate::repository::{Git, ObjectId, Repository};

/// The files of the index.
struct IndexFiles<'a> {
    repository: &'a Repository,
    entries: HashMap<String, ObjectId>,
}

impl Files for IndexFiles<'_> {
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, Finding> {
        let Some(id) = self.entries.get(path) else {
            return Ok(None);
        };
        self.repository.blob(*id).map(Some).map_err(|words| {
            Finding::error(
                code::NOT_A_FILE,
                format!("what is staged of {path} could not be read: {words}"),
            )
            .in_file(path)
        })
    }
}

/// What a commit of the index would change.
#[derive(Debug, Default)]
pub struct Staged {
    /// The prompts, also those that change through a partial.
    pub prompts: Vec<Loaded>,
    /// What is wrong with those that cannot be loaded.
    pub findings: Vec<Finding>,
    /// The partials, by path, whether a prompt includes them or not.
    pub partials: BTreeMap<String, String>,
}

impl Staged {
    /// Whether no prompt and no partial is among it.
    pub fn is_empty(&self) -> bool {
        self.prompts.is_empty() && self.findings.is_empty() && self.partials.is_empty()
    }
}

impl Prompts {
    /// What a commit of the index would change, as it is staged.
    ///
    /// # Errors
    /// git cannot be asked.
    pub fn load_staged(&self) -> Result<Staged, Failure> {
        self.require_working_copy()?;
        let changed = self.staged_paths()?;
        let is_partial = |path: &String| {
            self.below_roots(path)
                .is_some_and(|it| partial_of_path(it).is_some())
        };
        let has_partials = changed.iter().any(is_partial);
        let is_prompt = |path: &String| {
            self.below_roots(path)
                .is_some_and(|it| PromptName::from_path(it).is_some())
        };
        if !has_partials && !changed.iter().any(is_prompt) {
            return Ok(Staged::default());
        }
        let files = self.index_files()?;
        let mut paths: Vec<&String> = files.entries.keys().collect();
        paths.sort();
        let head = self.head_commit();
        let tree = head.and_then(|commit| self.commit_tree(commit));
        let is_committed = |path: &str, blob: Option<ObjectId>, text: &str| {
            let committed = tree.as_ref().and_then(|tree| tree.blob_id(path));
            same_as_committed(committed, blob, text)
        };
        let is_gone = |path: &String| is_partial(path) && !files.entries.contains_key(path);
        let has_lost = changed.iter().any(is_gone);
        // A partial that is gone is known by what the prompt included before.
        let lost_one = |name: &PromptName| {
            let committed = head.filter(|_| has_lost).map(|it| self.load_at(it, name));
            let Some(Ok(Some(committed))) = committed else {
                return false;
            };
            let mut partials = committed.partials.into_values();
            partials.any(|partial| is_gone(&partial.path) && changed.contains(&partial.path))
        };
        let (mut prompts, mut findings) = (Vec::new(), Vec::new());
        for path in paths {
            let is_changed = changed.contains(path);
            if !is_changed && !has_partials {
                continue;
            }
            let name = match self.below_roots(path).and_then(PromptName::from_path) {
                Some(Ok(name)) => name,
                Some(Err(error)) if is_changed => {
                    findings.push(
                        Finding::error(code::BAD_NAME, error.to_string())
                            .in_file(path)
                            .help("rename the file: git mv keeps its history"),
                    );
                    continue;
                }
                _ => continue,
            };
            match assemble(&files, &self.roots, path) {
                Ok(Some(assembled)) => {
                    let mut partials = assembled.partials.values();
                    let is_meant = is_changed
                        || partials.any(|partial| changed.contains(&partial.path))
                        || lost_one(&name);
                    if is_meant {
                        let file = PromptFile {
                            name,
                            path: path.clone(),
                        };
                        prompts.push(in_working_copy(file, assembled, head, is_committed));
                    }
                }
                Ok(None) => {}
                Err(found) if is_changed => findings.extend(found),
                // What another prompt has wrong is not of this commit.
                Err(_) => {}
            }
        }
        let mut partials = BTreeMap::new();
        for path in changed.iter().filter(|path| is_partial(path)) {
            // One that is no text is reported with the prompts that include it.
            if let Ok(Some(bytes)) = files.read_file(path)
                && let Ok(text) = String::from_utf8(bytes)
            {
                partials.insert(path.clone(), text);
            }
        }
        Ok(Staged {
            prompts,
            findings,
            partials,
        })
    }

    /// Those of these files that the working copy has other than staged.
    ///
    /// # Errors
    /// git cannot be asked.
    pub fn unstaged(&self, paths: &[&str]) -> Result<Vec<String>, Failure> {
        let output = self
            .git()
            .args(["diff", "--name-only", "-z", "--no-ext-diff"])
            .paths(paths)
            .read()?;
        Ok(split(&output).collect())
    }

    /// Stages these files.
    ///
    /// # Errors
    /// git refuses.
    pub fn stage(&self, paths: &[&str]) -> Result<(), Failure> {
        Git::read_when_unlocked(|| self.git().arg("add").paths(paths)).map(drop)
    }

    fn staged_paths(&self) -> Result<BTreeSet<String>, Failure> {
        let output = self
            .git()
            .args([
                "diff",
                "--cached",
                "--name-only",
                "-z",
                "--no-renames",
                "--no-ext-diff",
            ])
            .read()?;
        Ok(split(&output).collect())
    }

    fn index_files(&self) -> Result<IndexFiles<'_>, Failure> {
        let output = self.git().args(["ls-files", "--stage", "-z"]).read()?;
        let entries = output.split('\0').filter_map(|entry| {
            let (about, path) = entry.split_once('\t')?;
            let mut about = about.split(' ');
            let is_file = about.next()?.starts_with("100");
            let id = ObjectId::parse(about.next()?)?;
            (is_file && self.below_roots(path).is_some()).then(|| (path.to_owned(), id))
        });
        Ok(IndexFiles {
            repository: self,
            entries: entries.collect(),
        })
    }

    /// The name of the partial at a path relative to the top of the repository, if it is one's.
    pub fn partial_name(&self, path: &str) -> Option<String> {
        partial_of_path(self.below_roots(path)?)
    }

    /// The path below the root that it stands in.
    pub(crate) fn below_roots<'a>(&self, path: &'a str) -> Option<&'a str> {
        let roots = &self.roots;
        roots.iter().find_map(|root| below_root(root, path))
    }
}

fn split(output: &str) -> impl Iterator<Item = String> {
    output
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
}
