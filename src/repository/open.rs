//! Which repository is meant, and opening that one.
//!
//! A folder is a repository by its `.git`, by `GIT_DIR`, or because the command line names it: a
//! folder of files that happens to be laid out as a bare repository is none, since its settings
//! would be a stranger's.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use git2::{ErrorClass, ErrorCode, Repository, RepositoryOpenFlags};

use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::prompt::quote::shell_word;

/// Where the repository is looked for.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The folder to work in.
    pub directory: PathBuf,
    /// Whether the command line names that folder, which then may be a bare repository.
    pub is_named: bool,
    /// The folder that the process was started in.
    pub here: PathBuf,
    /// What git's variables say.
    pub variables: GitVariables,
}

/// What the environment says to git.
#[derive(Debug, Clone, Default)]
pub struct GitVariables {
    /// `GIT_DIR`, the repository.
    pub dir: Option<PathBuf>,
    /// `GIT_WORK_TREE`, its working tree.
    pub work_tree: Option<PathBuf>,
    /// `GIT_OBJECT_DIRECTORY` and `GIT_ALTERNATE_OBJECT_DIRECTORIES`: where the objects of a push
    /// stand that a hook judges.
    pub objects: Vec<PathBuf>,
    /// Whether `GIT_SSH_COMMAND` or `GIT_SSH` says how ssh is called.
    pub has_ssh: bool,
}

/// What of the environment holds for the repository that was opened.
#[derive(Debug, Clone, Default)]
pub struct GitEnvironment {
    /// The working tree, where `GIT_WORK_TREE` names one.
    pub(super) work_tree: Option<PathBuf>,
    /// Further folders of objects.
    pub(super) objects: Vec<PathBuf>,
    /// Whether git's variables are of another repository.
    pub(super) is_elsewhere: bool,
    /// Whether a variable says how ssh is called.
    pub(super) has_ssh: bool,
    /// An empty file that stands for the person's configuration, where the repository's own holds
    /// all of it already.
    pub(super) no_config: Option<PathBuf>,
}

impl Start {
    /// Opens the repository.
    ///
    /// # Errors
    /// There is none, or it is in a format or of an owner that is refused.
    pub(super) fn open(&self) -> Result<(Repository, GitEnvironment), Failure> {
        let variables = &self.variables;
        let mut surroundings = GitEnvironment {
            has_ssh: variables.has_ssh,
            ..GitEnvironment::default()
        };
        if let Some(named) = &variables.dir {
            let git_dir = self.directory.join(named);
            let repo = open_exactly(&git_dir).map_err(|error| match error.code() {
                ErrorCode::NotFound => Failure::new(
                    code::NO_REPOSITORY,
                    format!(
                        "GIT_DIR names {}, which is not a git repository",
                        named.display()
                    ),
                )
                .hint("unset GIT_DIR; -C DIR names the folder to work in"),
                _ => cannot_open(&git_dir, &error),
            })?;
            surroundings.work_tree = self.work_tree_of(&repo, &git_dir);
            surroundings.objects.clone_from(&variables.objects);
            surroundings.prepare(&repo)?;
            return Ok((repo, surroundings));
        }
        let Some(repo) = self.look_for()? else {
            return Err(self.not_found());
        };
        // Git sets no GIT_DIR for most hooks: its other variables are of the repository in which
        // the hook was started.
        surroundings.is_elsewhere = self.is_named
            && find(&self.here)
                .ok()
                .flatten()
                .is_none_or(|own| own.path() != repo.path());
        if !surroundings.is_elsewhere {
            surroundings.objects.clone_from(&variables.objects);
        }
        surroundings.prepare(&repo)?;
        Ok((repo, surroundings))
    }

    /// Whether there is a repository.
    ///
    /// # Errors
    /// It is in a format or of an owner that is refused.
    pub(crate) fn finds_one(&self) -> Result<bool, Failure> {
        Ok(self.look_for()?.is_some())
    }

    /// The repository, if there is one.
    ///
    /// # Errors
    /// It is in a format or of an owner that is refused.
    fn look_for(&self) -> Result<Option<Repository>, Failure> {
        if self.is_named && !has_dot_git(&self.directory) && looks_bare(&self.directory) {
            return match open_exactly(&self.directory) {
                Ok(repo) => Ok(Some(repo)),
                Err(error) => Err(cannot_open(&self.directory, &error)),
            };
        }
        find(&self.directory)
    }

    /// The working tree that goes with `GIT_DIR`, where that alone does not tell.
    fn work_tree_of(&self, repo: &Repository, git_dir: &Path) -> Option<PathBuf> {
        if let Some(tree) = &self.variables.work_tree {
            return Some(self.directory.join(tree));
        }
        let tells = repo.is_bare()
            || repo.is_worktree()
            || git_dir.file_name() == Some(OsStr::new(".git"))
            || repo
                .config()
                .is_ok_and(|config| config.get_entry("core.worktree").is_ok());
        // As git does.
        (!tells).then(|| self.directory.clone())
    }

    fn not_found(&self) -> Failure {
        let at = self.directory.display();
        let folder = real(&self.directory);
        if let Some(bare) = folder.ancestors().find(|folder| looks_bare(folder)) {
            return Failure::new(
                code::NO_REPOSITORY,
                format!(
                    "{} is laid out as a bare repository, and one that is only found is not used: its settings may be a stranger's",
                    bare.display()
                ),
            )
            .hint(Hint::NameRepository(bare.to_string_lossy().into_owned()));
        }
        Failure::new(
            code::NO_REPOSITORY,
            format!("{at} is not inside a git repository"),
        )
        .hint(Hint::MakeRepository)
    }
}

impl GitEnvironment {
    /// Makes a handle see what the environment says.
    fn prepare(&self, repo: &Repository) -> Result<(), Failure> {
        let failed = |error: git2::Error| cannot_open(repo.path(), &error);
        if let Some(tree) = &self.work_tree {
            repo.set_workdir(tree, false).map_err(failed)?;
        }
        if !self.objects.is_empty() {
            let objects = repo.odb().map_err(failed)?;
            for folder in self.objects.iter().filter_map(|folder| folder.to_str()) {
                objects.add_disk_alternate(folder).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The repository of this handle's path once more.
    pub(super) fn open_again(&self, git_dir: &Path) -> Result<Repository, Failure> {
        let repo = open_exactly(git_dir).map_err(|error| cannot_open(git_dir, &error))?;
        self.prepare(&repo)?;
        Ok(repo)
    }
}

/// The repository that a folder is in: the nearest folder above with a `.git` that is one.
fn find(directory: &Path) -> Result<Option<Repository>, Failure> {
    for folder in real(directory).ancestors() {
        if !has_dot_git(folder) {
            continue;
        }
        match Repository::open_ext(folder, RepositoryOpenFlags::NO_SEARCH, [""; 0]) {
            // Where its `.git` is none, the folder itself is tried: that one was not asked for.
            Ok(repo) if real(repo.path()) != folder => return Ok(Some(repo)),
            Err(error) if error.code() != ErrorCode::NotFound => {
                return Err(cannot_open(folder, &error));
            }
            // A link of a worktree or a submodule to a repository that is gone.
            Err(_) if folder.join(".git").is_file() => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

/// The repository that this path is, and no other.
fn open_exactly(git_dir: &Path) -> Result<Repository, git2::Error> {
    let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT;
    Repository::open_ext(git_dir, flags, [""; 0])
}

fn has_dot_git(folder: &Path) -> bool {
    folder.join(".git").exists()
}

/// Whether a folder has what git takes for a repository.
fn looks_bare(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// A path without links, such as the system names the folder that a process was started in.
fn real(path: &Path) -> PathBuf {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    // Windows answers with a form that few programs read.
    match real.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
        Some(text) if !text.starts_with("UNC") => PathBuf::from(text),
        _ => real,
    }
}

/// What git2 says where a repository is not opened, and what to do about it.
pub(super) fn cannot_open(directory: &Path, error: &git2::Error) -> Failure {
    let at = directory.display();
    let words = error.message();
    if error.code() == ErrorCode::Owner {
        let path = match directory.file_name() {
            Some(name) if name == OsStr::new(".git") => directory.parent().unwrap_or(directory),
            _ => directory,
        };
        let path = path.to_string_lossy();
        return Failure::new(
            code::UNSAFE_OWNER,
            format!("the repository at {path} belongs to another user"),
        )
        .hint(format!(
            "git config --global --add safe.directory {}",
            shell_word(path.trim_end_matches('/'))
        ));
    }
    let unsupported = |what: &str| {
        Failure::new(
            code::UNSUPPORTED_REPOSITORY,
            format!("the repository at {at} {what}, which promptctl cannot read"),
        )
    };
    if words.contains("refstorage") || words.contains("reftable") {
        return unsupported("keeps its references in a reftable")
            .hint("git clone --ref-format=files URL makes a clone that promptctl reads")
            .hint("git refs migrate --ref-format=files converts it where it stands, with git 2.48 or newer");
    }
    if words.contains("objectformat") || words.contains("object format") || words.contains("sha256")
    {
        return unsupported("names its objects by SHA-256")
            .hint("git init --object-format=sha1 --ref-format=files NEW makes one that promptctl reads")
            .hint("git fast-export --all | git -C NEW fast-import takes the history over; no clone can convert it");
    }
    if words.contains("partialclone") {
        return unsupported("is a partial clone")
            .hint("make a full one: git clone URL, or git clone --depth 1 URL for a small one");
    }
    if error.class() == ErrorClass::Repository || error.code() == ErrorCode::Invalid {
        return unsupported(&format!("is in a format of its own ({words})"));
    }
    Failure::new(
        code::UNSUPPORTED_REPOSITORY,
        format!("the repository at {at} could not be opened: {words}"),
    )
}
