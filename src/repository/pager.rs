//! The pager that git would use.

use std::path::Path;

use super::process::{Git, GitTarget, Hooks};

/// The command line of the pager that git would use in this folder: `GIT_PAGER`, `core.pager`, `PAGER`,
/// or what git was built with.
pub fn pager(folder: &Path) -> Option<String> {
    let found_by_git = GitTarget {
        top: folder,
        git_dir: None,
        work_tree: None,
        is_elsewhere: false,
        no_config: None,
        unattended: false,
        has_own_ssh: true,
        note: None,
    };
    let git = Git::new(&found_by_git, Hooks::Silent);
    let output = git.args(["var", "GIT_PAGER"]).read().ok()?;
    Some(output.trim().to_owned()).filter(|pager| !pager.is_empty())
}
