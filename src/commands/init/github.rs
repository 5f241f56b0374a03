//! The workflow for GitHub that `init --github` writes.

use super::yaml_list;
use crate::config::Config;
use crate::error::Failure;
use crate::files::FileChange;
use crate::output::diff_markdown::MARKER;
use crate::prompt::code;
use crate::prompt::name::Environment;
use crate::releases::Store;
use crate::setup::Setup;

/// The file.
pub(super) const PATH: &str = ".github/workflows/promptctl.yml";

const TEMPLATE: &str = include_str!("workflow.yml");

/// How the line begins that differs from one branch to the next.
const BRANCHES: &str = "    branches: [";

/// The workflow, where the repository does not have it.
///
/// # Errors
/// Another file stands there.
pub(super) fn missing(store: &Store, config: &Config) -> Result<Option<FileChange>, Failure> {
    let text = text(store, config);
    let Some(own) = store.read_text(PATH)? else {
        return Ok(Some(FileChange::Write {
            path: PATH.to_owned(),
            text,
        }));
    };
    // Run on another branch, the command would name that one; the file is no other for it.
    let without_branch = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with(BRANCHES));
        lines.map(str::to_owned).collect()
    };
    if without_branch(&own) == without_branch(&text) {
        return Ok(None);
    }
    Err(Failure::new(
        code::IN_THE_WAY,
        format!("{PATH} exists, and is not what this version of promptctl writes"),
    )
    .at(PATH)
    .hint("to compare: git mv it to another name, run the same command again, then keep what you like of both"))
}

fn text(store: &Store, config: &Config) -> String {
    let production = Environment::production();
    let environments = || config.environments.iter().map(|(name, _)| name);
    let environment = environments()
        .find(|name| **name == production)
        .or_else(|| environments().next())
        .unwrap_or(&production);
    let branch = Setup::of(store).default_branch();
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    let action = format!("{}/.github/actions/promptctl@{version}", repository());
    TEMPLATE
        .replace("[BRANCH]", &format!("[{}]", yaml_list(&[branch])))
        .replace("ACTION", &action)
        .replace("VERSION", version)
        .replace("MARKER", MARKER)
        .replace("ENVIRONMENT", environment.as_str())
}

/// The repository of this project at GitHub, which holds the action.
fn repository() -> &'static str {
    env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/")
}
