//! Making a repository of prompts, or finding what one already has.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::clone::Setup;
use crate::error::Failure;
use crate::files::join_root;
use crate::prompt::name::{PromptName, SUFFIXES};
use crate::repository::{Git, GitTarget, Hooks, Start, require_identity, write_failure};

/// What `init --adopt` found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoptable {
    /// The folders that become roots.
    pub roots: Vec<String>,
    /// The prompts, with the names that they get, and their files.
    pub prompts: Vec<(PromptName, String)>,
    /// Files that cannot have a name, each with the reason.
    pub refused: Vec<(String, String)>,
    /// The files of prompts that HEAD does not hold.
    pub uncommitted: Vec<String>,
}

/// Makes a git repository in the folder, with the folders on the way to it, unless there is one.
///
/// # Errors
/// The folder cannot be made, or git fails.
pub fn init_repository(start: &Start, unattended: bool) -> Result<bool, Failure> {
    let directory = &start.directory;
    if is_in_repository(start)? {
        fs::create_dir_all(directory).map_err(|error| write_failure(directory, error))?;
        return Ok(false);
    }
    let there = existing(directory);
    // The first commit needs an identity, and without it nothing shall be left behind.
    require_identity(|| outside(there, unattended))?;
    fs::create_dir_all(directory).map_err(|error| write_failure(directory, error))?;
    // The formats that promptctl reads, whatever git takes by default; a git that does not know
    // these variables makes no other.
    outside(directory, unattended)
        .env("GIT_DEFAULT_HASH", "sha1")
        .env("GIT_DEFAULT_REF_FORMAT", "files")
        .args(["init", "--quiet"])
        .read()?;
    Ok(true)
}

/// Whether the folder is in a repository, or would be if it existed.
///
/// # Errors
/// It is in one that is refused.
pub fn is_in_repository(start: &Start) -> Result<bool, Failure> {
    let above = Start {
        directory: existing(&start.directory).to_path_buf(),
        ..start.clone()
    };
    Ok(start.variables.dir.is_some() || above.finds_one()?)
}

/// What exists of a folder's path so far.
fn existing(directory: &Path) -> &Path {
    let mut folders = directory.ancestors();
    folders.find(|folder| folder.is_dir()).unwrap_or(directory)
}

/// A call of git in a folder that is in no repository.
fn outside(directory: &Path, unattended: bool) -> Git {
    let nowhere = GitTarget {
        top: directory,
        git_dir: None,
        work_tree: None,
        is_elsewhere: false,
        no_config: None,
        note: None,
        unattended,
        has_own_ssh: false,
    };
    Git::new(&nowhere, Hooks::Silent)
}

impl Setup<'_> {
    /// The prompt files anywhere in the working copy, ignored ones left out, with the roots under
    /// which their names are shortest.
    ///
    /// # Errors
    /// git cannot list the files.
    pub fn adoptable(&self) -> Result<Adoptable, Failure> {
        let said = self
            .git()
            .args(["ls-files", "-z", "--cached", "--others"])
            .args(["--exclude-standard", "--deduplicate"])
            .read()?;
        let is_prompt = |path: &str| SUFFIXES.iter().any(|suffix| path.ends_with(suffix));
        let files: Vec<String> = said
            .split('\0')
            .filter(|path| is_prompt(path) && self.top().join(path).is_file())
            .map(str::to_owned)
            .collect();
        let roots = roots_for(&files);
        let mut found = name_all(&files, roots).unwrap_or_else(|| {
            // Two files would share a name: from the top of the repository they cannot.
            name_all(&files, vec![".".to_owned()]).unwrap_or_default()
        });
        let head = self.head_commit().and_then(|head| self.commit_tree(head));
        let is_committed = |path: &str| head.as_ref().is_some_and(|it| it.blob_id(path).is_some());
        let paths = found.prompts.iter().map(|(_, path)| path);
        found.uncommitted = paths.filter(|path| !is_committed(path)).cloned().collect();
        Ok(found)
    }

    /// The branch that others branch off: what the remote names so, else the current one.
    pub fn default_branch(&self) -> String {
        let remote = self.settings().remote.as_deref().unwrap_or("origin");
        let start = format!("refs/remotes/{remote}/");
        let target = self.symbolic(&format!("{start}HEAD"));
        target
            .and_then(|target| target.strip_prefix(&start).map(str::to_owned))
            .or_else(|| self.branch())
            .unwrap_or_else(|| "main".to_owned())
    }

    /// Whether the repository has tags that are not promptctl's.
    pub fn has_foreign_tags(&self) -> bool {
        self.refs_below("refs/tags/").is_ok_and(|tags| {
            tags.iter()
                .any(|tag| !tag.rest.starts_with(&self.settings().prefix))
        })
    }
}

/// For each top-level folder, the deepest folder that holds all its prompt files; the top itself
/// where files stand there.
fn roots_for(files: &[String]) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in files {
        let Some((folder, _)) = file.rsplit_once('/') else {
            return vec![".".to_owned()];
        };
        let first = folder.split('/').next().unwrap_or(folder);
        groups.entry(first).or_default().push(folder);
    }
    groups
        .values()
        .map(|folders| {
            if folders
                .iter()
                .any(|folder| folder.split('/').next() == Some("prompts"))
            {
                return "prompts".to_owned();
            }
            common_folder(folders)
        })
        .collect()
}

fn common_folder(folders: &[&str]) -> String {
    let mut common: Vec<&str> = folders
        .first()
        .map(|first| first.split('/').collect())
        .unwrap_or_default();
    for folder in folders {
        let same = common
            .iter()
            .zip(folder.split('/'))
            .take_while(|(a, b)| *a == b)
            .count();
        common.truncate(same);
    }
    common.join("/")
}

/// Names every file below its root; `None` if two would have the same name.
fn name_all(files: &[String], roots: Vec<String>) -> Option<Adoptable> {
    let mut found = Adoptable {
        roots,
        ..Adoptable::default()
    };
    let mut seen = BTreeMap::new();
    for file in files {
        let root = found
            .roots
            .iter()
            .find(|root| file.starts_with(&join_root(root, "")))?;
        let below = if root == "." {
            file
        } else {
            &file[root.len() + 1..]
        };
        match PromptName::from_path(below) {
            Some(Ok(name)) => {
                if seen.insert(name.as_str().to_lowercase(), ()).is_some() {
                    return None;
                }
                found.prompts.push((name, file.clone()));
            }
            Some(Err(error)) => found.refused.push((file.clone(), error.reason.to_owned())),
            None => {}
        }
    }
    found.prompts.sort();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adopt(files: &[&str]) -> (Vec<String>, Vec<String>) {
        let files: Vec<String> = files.iter().map(|&file| file.to_owned()).collect();
        let found = name_all(&files, roots_for(&files)).unwrap_or_default();
        let names = found
            .prompts
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        (found.roots, names)
    }

    #[test]
    fn names_are_as_short_as_they_can_be() {
        assert_eq!(
            adopt(&[
                "src/app/prompts/a.prompt.yml",
                "src/app/prompts/b/c.prompt.yml"
            ]),
            (
                vec!["src/app/prompts".to_owned()],
                vec!["a".to_owned(), "b/c".to_owned()]
            )
        );
        assert_eq!(
            adopt(&[".github/prompts/a.prompt.yml", "evals/b.prompt.yml"]).0,
            [".github/prompts", "evals"]
        );
        assert_eq!(
            adopt(&["a.prompt.yml", "x/b.prompt.yaml"]),
            (vec![".".to_owned()], vec!["a".to_owned(), "x/b".to_owned()])
        );
        assert_eq!(adopt(&["prompts/x/a.prompt.yml"]).1, ["x/a"]);
    }
}
