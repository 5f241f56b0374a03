//! The environment of this process, read once.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::openai::key::ApiKey;
use crate::prompt::code;
use crate::repository::GitVariables;

/// How the variables that name stored prompts begin.
const STORED: [&str; 2] = ["OPENAI_PROMPT_ID_", "OPENAI_PROMPT_VERSION_"];

/// What the process was started with. Keys are not in it: they are read when a call needs them.
#[derive(Debug, Clone, Default)]
pub struct Environ {
    /// `PROMPTCTL_EDITOR`.
    pub editor: Option<String>,
    /// Whether `GIT_EDITOR`, `VISUAL` or `EDITOR` is set, of which git chooses.
    pub has_editor_for_git: bool,
    /// Whether `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// Whether `CLICOLOR_FORCE` is set, and neither empty nor 0.
    pub forces_color: bool,
    /// Whether `TERM` is `dumb`.
    pub dumb_terminal: bool,
    /// `PROMPTCTL_PAGER`; empty where it is set to nothing.
    pub pager: Option<String>,
    /// Whether `LESS` is set, so that the person has wishes about that pager.
    pub has_less: bool,
    /// `COLUMNS`, the width of the terminal.
    pub columns: Option<usize>,
    /// `PROMPTCTL_WIDTH`, a width for which tables are laid out also in a pipe.
    pub width: Option<usize>,
    /// `OPENAI_BASE_URL`.
    pub openai_base_url: Option<String>,
    /// `OPENAI_ORG_ID`.
    pub openai_org_id: Option<String>,
    /// `OPENAI_PROJECT_ID`.
    pub openai_project_id: Option<String>,
    /// `OPENAI_PROMPT_ID_…` and `OPENAI_PROMPT_VERSION_…`, by their whole names.
    pub stored_prompts: BTreeMap<String, String>,
    /// `SSL_CERT_FILE`, own roots of trust.
    pub ssl_cert_file: Option<PathBuf>,
    /// `PROMPTCTL_LOG`, another place for the execution log.
    pub log: Option<PathBuf>,
    /// `PROMPTCTL_PRICES`, a file of the user's own prices.
    pub prices: Option<PathBuf>,
    /// `PROMPTCTL_CONFIG`, or `promptctl/config.yaml` in the user's configuration folder.
    pub user_config: Option<PathBuf>,
    /// The folder `promptctl` in the user's folder for caches.
    pub cache: Option<PathBuf>,
    /// `GITHUB_ACTIONS`, whether this is a job of GitHub's.
    pub is_github_actions: bool,
    /// `GITHUB_BASE_REF` or `CI_MERGE_REQUEST_TARGET_BRANCH_NAME`, the branch that a pull request
    /// goes to.
    pub base_branch: Option<String>,
    /// `CI_MERGE_REQUEST_DIFF_BASE_SHA`, the commit at which the branch of a merge request began.
    pub base_commit: Option<String>,
    /// Whether `GIT_INDEX_FILE` is the index that git makes for a commit of single files: what a
    /// hook stages there is lost from the index that stays.
    pub is_partial_commit: bool,
    /// What git's own variables say.
    pub git: GitVariables,
    /// `PROMPTCTL_NOW`, a time that stands for now, for tests and demonstrations.
    pub now: Option<jiff::Timestamp>,
}

impl Environ {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let text = |name: &str| text_in(name);
        let path = |name: &str| path_in(name);
        let config_home = xdg("XDG_CONFIG_HOME")
            .or_else(|| path("APPDATA"))
            .or_else(|| path("HOME").map(|home| home.join(".config")));
        Self {
            editor: text("PROMPTCTL_EDITOR"),
            has_editor_for_git: ["GIT_EDITOR", "VISUAL", "EDITOR"]
                .into_iter()
                .any(|name| text(name).is_some()),
            no_color: text("NO_COLOR").is_some(),
            forces_color: text("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            pager: set_in("PROMPTCTL_PAGER"),
            has_less: set_in("LESS").is_some(),
            dumb_terminal: text("TERM").as_deref() == Some("dumb"),
            columns: text("COLUMNS").and_then(|value| value.parse().ok()),
            width: text("PROMPTCTL_WIDTH").and_then(|value| value.parse().ok()),
            openai_base_url: text("OPENAI_BASE_URL"),
            openai_org_id: text("OPENAI_ORG_ID"),
            openai_project_id: text("OPENAI_PROJECT_ID"),
            stored_prompts: stored_prompts(),
            ssl_cert_file: path("SSL_CERT_FILE"),
            log: path("PROMPTCTL_LOG"),
            prices: path("PROMPTCTL_PRICES"),
            user_config: path("PROMPTCTL_CONFIG")
                .or_else(|| config_home.map(|home| home.join("promptctl/config.yaml"))),
            cache: cache_home().map(|home| home.join("promptctl")),
            is_github_actions: text("GITHUB_ACTIONS").as_deref() == Some("true"),
            base_branch: ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"]
                .into_iter()
                .find_map(text),
            base_commit: text("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
            is_partial_commit: text("GIT_INDEX_FILE")
                .is_some_and(|path| path.contains("next-index-")),
            git: git_variables(),
            now: text("PROMPTCTL_NOW").and_then(|value| value.parse().ok()),
        }
    }

    /// Where the execution log of the repository with this top is.
    pub fn log_below(&self, top: &Path) -> PathBuf {
        let named = self.log.clone();
        named.unwrap_or_else(|| top.join(".promptctl/executions.jsonl"))
    }

    /// The folder that the process was started in.
    ///
    /// # Errors
    /// It was removed.
    pub fn current_dir() -> Result<PathBuf, Failure> {
        env::current_dir().map_err(|error| {
            Failure::from_io(code::NO_FOLDER, "the current folder cannot be used", error)
                .hint("cd into a folder that exists, or name one with -C DIR")
        })
    }

    /// The arguments of this process.
    pub fn arguments() -> Vec<OsString> {
        env::args_os().collect()
    }

    /// The path of the running program, which `demo` starts as a person would.
    ///
    /// # Errors
    /// The system cannot tell.
    pub fn program() -> Result<PathBuf, Failure> {
        env::current_exe().map_err(|error| {
            Failure::from_io(
                code::NO_FOLDER,
                "the path of this program is not known",
                error,
            )
        })
    }
}

/// The text of an environment variable; none where it is empty.
#[allow(clippy::disallowed_methods)]
pub(super) fn text_in(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

/// The text of an environment variable, which may be empty.
#[allow(clippy::disallowed_methods)]
fn set_in(variable: &str) -> Option<String> {
    env::var(variable).ok()
}

#[allow(clippy::disallowed_methods)]
fn path_in(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The key in an environment variable, if one is there.
///
/// # Errors
/// The value cannot be a key. It is not repeated.
pub(super) fn key_in(variable: &str) -> Result<Option<ApiKey>, Failure> {
    match text_in(variable) {
        Some(value) => ApiKey::new(&value)
            .map(Some)
            .map_err(|failure| failure.at(format!("${variable}"))),
        None => Ok(None),
    }
}

#[allow(clippy::disallowed_methods)]
fn stored_prompts() -> BTreeMap<String, String> {
    env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let is_ours = STORED.iter().any(|start| name.starts_with(start));
            let value = value.into_string().ok()?;
            (is_ours && !value.is_empty()).then_some((name, value))
        })
        .collect()
}

/// The user's folder for what can be made again.
fn cache_home() -> Option<PathBuf> {
    let from_io = || {
        if cfg!(windows) {
            return path_in("LOCALAPPDATA");
        }
        let below = if cfg!(target_os = "macos") {
            "Library/Caches"
        } else {
            ".cache"
        };
        path_in("HOME").map(|home| home.join(below))
    };
    xdg("XDG_CACHE_HOME").or_else(from_io)
}

/// A folder of the XDG specification, which says that a relative path is ignored: it would name
/// another folder in each repository, and one that a stranger fills.
fn xdg(variable: &str) -> Option<PathBuf> {
    path_in(variable).filter(|path| path.is_absolute())
}

fn git_variables() -> GitVariables {
    let mut objects: Vec<PathBuf> = path_in("GIT_OBJECT_DIRECTORY").into_iter().collect();
    if let Some(others) = path_in("GIT_ALTERNATE_OBJECT_DIRECTORIES") {
        objects.extend(env::split_paths(&others).filter(|path| path.is_absolute()));
    }
    GitVariables {
        dir: path_in("GIT_DIR"),
        work_tree: path_in("GIT_WORK_TREE"),
        objects,
        has_ssh: ["GIT_SSH_COMMAND", "GIT_SSH"]
            .iter()
            .any(|name| path_in(name).is_some()),
    }
}
