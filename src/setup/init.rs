//! Making a repository of prompts, or finding what one already has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::clone::Setup;
use crate::error::Failure;
use crate::prompt::name::{PromptName, SUFFIXES};
use crate::repository::{
    Git, GitTarget, Hooks, Start, private_folder, require_identity, write_failure,
};

/// What `init --adopt` found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoptable {
    /// The folders that become roots beside those that are roots already.
    pub roots: Vec<String>,
    /// The prompts, with the names that they get, and their files.
    pub prompts: Vec<(PromptName, String)>,
    /// Files that cannot have a name.
    pub refused: Vec<Refused>,
    /// The files of prompts that HEAD does not hold.
    pub uncommitted: Vec<String>,
}

/// A file that cannot have a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it stands.
    pub path: String,
    /// Why it cannot.
    pub reason: String,
    /// Where it could stand instead, if that is plain.
    pub better: Option<String>,
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
    make(directory, unattended)?;
    Ok(true)
}

/// Makes a repository in the formats that promptctl reads, whatever git takes by default; a git that
/// does not know these variables makes no other.
fn make(directory: &Path, unattended: bool) -> Result<(), Failure> {
    outside(directory, unattended)
        .env("GIT_DEFAULT_HASH", "sha1")
        .env("GIT_DEFAULT_REF_FORMAT", "files")
        .args(["init", "--quiet"])
        .read()
        .map(drop)
}

/// A repository that stands for one which a dry run does not make: in a folder of its own, over the
/// files that are there.
#[derive(Debug)]
pub struct ScratchRepository {
    /// What opens it.
    pub start: Start,
    _folder: tempfile::TempDir,
}

impl ScratchRepository {
    /// Makes it for this folder, which need not exist.
    ///
    /// # Errors
    /// The scratch folder cannot be written, or git fails.
    pub fn new(start: &Start, unattended: bool) -> Result<Self, Failure> {
        let there = existing(&start.directory);
        require_identity(|| outside(there, unattended))?;
        let folder = private_folder("promptctl-dry-run-", None)
            .map_err(|error| write_failure(Path::new("the scratch folder"), error))?;
        let (git_dir, empty) = (folder.path().join(".git"), folder.path().join("empty"));
        let failed = |error: std::io::Error| write_failure(folder.path(), error);
        fs::create_dir_all(&empty).map_err(failed)?;
        make(folder.path(), unattended)?;
        let files = match start.directory.is_dir() {
            true => start.directory.clone(),
            false => empty,
        };
        let mut start = Start {
            directory: files.clone(),
            ..start.clone()
        };
        start.variables.dir = Some(git_dir);
        start.variables.work_tree = Some(files);
        Ok(Self {
            start,
            _folder: folder,
        })
    }
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
    /// The prompt files anywhere in the working copy, ignored ones left out, with the roots beside those
    /// that are `known` under which their names are shortest.
    ///
    /// # Errors
    /// git cannot list the files.
    pub fn adoptable(&self, known: &[String]) -> Result<Adoptable, Failure> {
        let output = self
            .git()
            .args(["ls-files", "-z", "--cached", "--others"])
            .args(["--exclude-standard", "--deduplicate"])
            .read()?;
        let is_prompt = |path: &str| SUFFIXES.iter().any(|suffix| path.ends_with(suffix));
        let files: Vec<String> = output
            .split('\0')
            .filter(|path| is_prompt(path) && self.top().join(path).is_file())
            .map(str::to_owned)
            .collect();
        let mut found = adopted(&files, known);
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

/// The files with their names, below the roots that are `known` and those that they need.
fn adopted(files: &[String], known: &[String]) -> Adoptable {
    let elsewhere = files.iter().filter(|file| root_of(file, known).is_none());
    let elsewhere: Vec<&str> = elsewhere.map(String::as_str).collect();
    let mut roots = roots_for(&elsewhere);
    loop {
        let all: Vec<String> = known.iter().chain(&roots).cloned().collect();
        let (mut found, clashing) = name_all(files, &all);
        let from_top = |root: &&String| {
            let mut below = elsewhere
                .iter()
                .filter(|file| root_of(file, &all) == Some(*root));
            below.all(|file| is_nameable(folder_of(file)))
        };
        // From the top of the repository two files share no name.
        let is_to_go = |root: &&String| *root != "." && clashing.contains(*root);
        let gone: Vec<String> = roots
            .iter()
            .filter(is_to_go)
            .filter(from_top)
            .cloned()
            .collect();
        if gone.is_empty() {
            found.roots = roots;
            return found;
        }
        roots.retain(|root| !gone.contains(root) && root != ".");
        roots.push(".".to_owned());
    }
}

/// The folder in which a file stands; empty at the top.
fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The part of a path below a folder; none where it is elsewhere.
fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    match root {
        "." | "" => Some(path),
        root if path == root => Some(""),
        root => path.strip_prefix(root)?.strip_prefix('/'),
    }
}

/// The deepest of the roots that holds a file.
fn root_of<'a>(file: &str, roots: &'a [String]) -> Option<&'a String> {
    let holding = roots.iter().filter(|root| below(file, root).is_some());
    holding.max_by_key(|root| match root.as_str() {
        "." => 0,
        root => root.split('/').count(),
    })
}

/// Whether a folder below a root can be the beginning of a name.
fn is_nameable(folder: &str) -> bool {
    folder.is_empty() || format!("{folder}/a").parse::<PromptName>().is_ok()
}

/// For each top-level folder, the deepest folder that holds all its prompt files; the top itself
/// where files stand there. What cannot be named from there has a root of its own.
fn roots_for(files: &[&str]) -> Vec<String> {
    let mut folders: Vec<&str> = files.iter().map(|file| folder_of(file)).collect();
    let is_top = folders.contains(&"");
    if is_top {
        folders.retain(|folder| !is_nameable(folder));
    }
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for folder in folders {
        let first = folder.split('/').next().unwrap_or(folder);
        groups.entry(first).or_default().push(folder);
    }
    let mut roots = Vec::new();
    for (first, mut folders) in groups {
        let root = match first {
            "prompts" => first.to_owned(),
            _ => common_folder(&folders),
        };
        folders.retain(|folder| !below(folder, &root).is_some_and(is_nameable));
        roots.push(root);
        let mut deeper: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for folder in folders {
            deeper
                .entry(through_unnameable(folder))
                .or_default()
                .push(folder);
        }
        roots.extend(deeper.values().map(|folders| common_folder(folders)));
    }
    roots.extend(is_top.then(|| ".".to_owned()));
    // New prompts go to the first.
    roots.sort_by_key(|root| root != "prompts");
    roots.dedup();
    roots
}

/// A folder's path up to the last segment that no name can have.
fn through_unnameable(folder: &str) -> &str {
    let ends = folder.match_indices('/').map(|(at, _)| at);
    let mut starts = ends.chain([folder.len()]);
    let end = starts.find(|end| is_nameable(folder[*end..].trim_start_matches('/')));
    &folder[..end.unwrap_or(folder.len())]
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

/// Names every file below its root, and says which roots hold files of one name.
fn name_all(files: &[String], roots: &[String]) -> (Adoptable, BTreeSet<String>) {
    let mut found = Adoptable::default();
    let mut clashing = BTreeSet::new();
    let mut seen: BTreeMap<String, (&String, &String)> = BTreeMap::new();
    for file in files {
        let Some(root) = root_of(file, roots) else {
            continue;
        };
        let reason = match below(file, root).and_then(PromptName::from_path) {
            Some(Ok(name)) => match seen.get(&name.as_str().to_lowercase()) {
                Some((first, other)) => {
                    if *other != root {
                        clashing.extend([(*other).clone(), root.clone()]);
                    }
                    format!("{first} has the name {name} already")
                }
                None => {
                    seen.insert(name.as_str().to_lowercase(), (file, root));
                    found.prompts.push((name, file.clone()));
                    continue;
                }
            },
            Some(Err(error)) if error.name.contains(' ') => {
                "it has a blank; names are made of letters, digits, `_` and `-`".to_owned()
            }
            Some(Err(error)) => error.reason.to_owned(),
            None => continue,
        };
        let better = better_path(file, root).filter(|path| !files.contains(path));
        found.refused.push(Refused {
            path: file.clone(),
            reason,
            better,
        });
    }
    found.prompts.sort();
    (found, clashing)
}

/// The path with a `-` for what no name can hold, where that makes it one.
fn better_path(file: &str, root: &str) -> Option<String> {
    let suffix = SUFFIXES.iter().find(|suffix| file.ends_with(*suffix))?;
    let start = file.len() - below(file, root)?.len();
    let fits = |char: char| char.is_ascii_alphanumeric() || "_-./".contains(char);
    let name = file[start..].strip_suffix(suffix)?;
    let name: String = name
        .chars()
        .map(|char| if fits(char) { char } else { '-' })
        .collect();
    let path = format!("{}{name}{suffix}", &file[..start]);
    let is_name = name.parse::<PromptName>().is_ok();
    (is_name && path != file).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adopt_below(known: &[&str], files: &[&str]) -> (Vec<String>, Vec<String>) {
        let owned =
            |list: &[&str]| -> Vec<String> { list.iter().map(|&it| it.to_owned()).collect() };
        let found = adopted(&owned(files), &owned(known));
        let names = found.prompts.iter().map(|(name, _)| name.to_string());
        (found.roots, names.collect())
    }

    fn adopt(files: &[&str]) -> (Vec<String>, Vec<String>) {
        adopt_below(&[], files)
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

    #[test]
    fn a_folder_that_cannot_be_in_a_name_is_a_root_or_above_one() {
        let told = |files: &[&str]| {
            let (roots, names) = adopt(files);
            (roots.join(" "), names.join(" "))
        };
        let pair = |roots: &str, names: &str| (roots.to_owned(), names.to_owned());
        assert_eq!(
            told(&[
                "a.prompt.yml",
                ".github/prompts/b.prompt.yml",
                "ai/c.prompt.yml"
            ]),
            pair(".github/prompts .", "a ai/c b")
        );
        // Two of one name: what can be named from the top is.
        assert_eq!(
            told(&[".github/prompts/a.prompt.yml", "ai/a.prompt.yml"]),
            pair(".github/prompts .", "a ai/a")
        );
        assert_eq!(
            told(&["x/prompts/a.prompt.yml", "y/prompts/a.prompt.yml"]),
            pair(".", "x/prompts/a y/prompts/a")
        );
        assert_eq!(
            told(&[
                "src/.hidden/x/a.prompt.yml",
                "src/v2/b.prompt.yml",
                "src/c.prompt.yml"
            ]),
            pair("src src/.hidden/x src/v2", "a b c")
        );
        let files = [".a/x.prompt.yml".to_owned(), ".b/x.prompt.yml".to_owned()];
        let found = adopted(&files, &[]);
        assert_eq!(found.prompts.len(), 1);
        assert_eq!(found.refused[0].path, ".b/x.prompt.yml");
    }

    #[test]
    fn what_is_below_a_root_already_stays_there() {
        assert_eq!(
            adopt_below(&["prompts"], &["prompts/a.prompt.yml", "ai/b.prompt.yml"]),
            (vec!["ai".to_owned()], vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(adopt_below(&["."], &["ai/b.prompt.yml"]).0, [""; 0]);
    }
}
