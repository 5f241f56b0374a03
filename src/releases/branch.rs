//! The branches that the rules of publishing name, and what they hold.

use super::store::Store;
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::quote::{shell_path, shell_word};
use crate::repository::ObjectId;

impl Store {
    /// Whether a commit reachable from `branch` holds this content under this number; the
    /// remote's branch of that name counts where there is one.
    ///
    /// # Errors
    /// There is no such branch, or history cannot be read.
    pub(crate) fn branch_holds(&self, branch: &str, loaded: &Loaded) -> Result<bool, Failure> {
        let (reference, tip) = self.branch_tip(branch)?;
        let same = |commit: ObjectId| self.holds(commit, loaded);
        if same(tip) {
            return Ok(true);
        }
        let mut paths = self.possible_paths(&loaded.name);
        paths.extend(loaded.partials.values().map(|partial| partial.path.clone()));
        Ok(self
            .log(&[&reference], &paths)?
            .into_iter()
            .any(|line| same(line.commit)))
    }

    /// A branch and its newest commit: the remote's branch of that name where there is one.
    pub(crate) fn branch_tip(&self, branch: &str) -> Result<(String, ObjectId), Failure> {
        let remote = self
            .settings
            .remote
            .as_deref()
            .map(|remote| format!("refs/remotes/{remote}/{branch}"));
        let names = remote.into_iter().chain([format!("refs/heads/{branch}")]);
        names
            .filter_map(|name| self.ref_target(&name).map(|tip| (name, tip)))
            .next()
            .ok_or_else(|| self.unknown_branch(branch))
    }

    fn unknown_branch(&self, branch: &str) -> Failure {
        let failure = Failure::new(
            code::WRONG_BRANCH,
            format!("the branch {branch}, which `requireBranch` names, is not in this clone"),
        )
        .exit(Exit::Verdict);
        match self.settings.remote.as_deref() {
            Some(remote) if self.fetches_only_a_part(remote) => failure.hint(format!(
                "git fetch {remote} {}",
                shell_word(&format!(
                    "+refs/heads/{branch}:refs/remotes/{remote}/{branch}"
                ))
            )),
            Some(remote) => failure.hint(format!("git fetch {remote}")),
            None => failure.hint(format!("git branch {}", shell_path(branch))),
        }
        .hint("if it is called otherwise, `requireBranch` in promptctl.yaml must say so")
    }
}
