//! Dry runs: what a command would do, in a copy that is thrown away.
//!
//! To say what would happen, a dry run asks the remote as the command itself does. What that brings
//! goes into a scratch repository that shares this one's objects, so that nothing here is written.

use std::fs;
use std::path::{Path, PathBuf};

use super::handle::{Reopen, Repository};
use super::process::write_failure;
use super::scratch::private_folder;
use super::tagging::{SCRATCH, config_lines};
use crate::error::Failure;

/// What of a repository a copy of its references and settings needs not have.
const LEFT_OUT: [&str; 9] = [
    "objects",
    "logs",
    "hooks",
    "worktrees",
    "modules",
    "lfs",
    "config",
    "config.worktree",
    "index",
];

/// Settings that say where the repository itself is, or what more to read.
const OWN: [&str; 4] = ["core.bare", "core.worktree", "include.", "includeif."];

impl Repository {
    /// The same repository for a dry run: it reads all that this one has, and what it writes is gone
    /// when it is dropped.
    ///
    /// # Errors
    /// The scratch folder cannot be written.
    pub(crate) fn rehearsed(self) -> Result<Self, Failure> {
        let scratch = private_folder("promptctl-dry-run-", None)
            .map_err(|error| write_failure(Path::new("the scratch folder"), error))?;
        let copy = scratch.path();
        let failed = |error: std::io::Error| write_failure(copy, error);
        copy_all(self.repo.commondir(), copy, &LEFT_OUT).map_err(failed)?;
        // What is of this working tree alone stands beside it.
        for name in ["HEAD", "index"] {
            let own = self.repo.path().join(name);
            if own.is_file() {
                fs::copy(&own, copy.join(name)).map_err(failed)?;
            }
        }
        fs::create_dir_all(copy.join("objects/info")).map_err(failed)?;
        fs::create_dir_all(copy.join("refs")).map_err(failed)?;
        let shared = self.folders_of_objects();
        let alternates: String = shared
            .iter()
            .map(|folder| format!("{}\n", folder.display()))
            .collect();
        fs::write(copy.join("objects/info/alternates"), alternates).map_err(failed)?;
        fs::write(copy.join("config"), self.whole_config()?).map_err(failed)?;
        let nothing = copy.join("promptctl-no-config");
        fs::write(&nothing, "").map_err(failed)?;
        let mut surroundings = self.surroundings.clone();
        surroundings.is_elsewhere = true;
        surroundings.objects.clear();
        surroundings.work_tree = self.repo.workdir().map(Path::to_path_buf);
        surroundings.no_config = Some(nothing);
        let again = Reopen {
            git_dir: copy.to_path_buf(),
            surroundings,
            unattended: self.unattended,
        };
        let mut rehearsed = again.open()?;
        rehearsed.scratch = Some(scratch);
        Ok(rehearsed)
    }

    fn folders_of_objects(&self) -> Vec<PathBuf> {
        let own = self.repo.commondir().join("objects");
        let others = self.surroundings.objects.iter();
        std::iter::once(&own)
            .chain(others)
            .map(|folder| fs::canonicalize(folder).unwrap_or_else(|_| folder.clone()))
            .collect()
    }

    /// All that git's configuration says here, conditional includes resolved: in a copy they would
    /// mean something else.
    fn whole_config(&self) -> Result<String, Failure> {
        let output = self
            .git()
            .args(["config", "--list", "-z", "--show-scope"])
            .read()?;
        let bare = self.is_bare();
        let mut config = format!("[core]\n\tbare = {bare}\n");
        let mut fields = output.split('\0');
        while let (Some(scope), Some(entry)) = (fields.next(), fields.next()) {
            let (key, value) = entry.split_once('\n').unwrap_or((entry, "true"));
            // What the command line says is said again in each call.
            if scope != "command" && !OWN.iter().any(|own| key.starts_with(own)) {
                config.push_str(&config_lines(key, value));
            }
        }
        Ok(config)
    }
}

/// Copies a folder without its locks, its scratch files, and what is named.
fn copy_all(from: &Path, to: &Path, left_out: &[&str]) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if left_out.contains(&&*text) || text.ends_with(".lock") || text.starts_with(SCRATCH) {
            continue;
        }
        let (path, target) = (entry.path(), to.join(&name));
        let copied = match entry.file_type()? {
            kind if kind.is_dir() => {
                fs::create_dir_all(&target).and_then(|()| copy_all(&path, &target, &[]))
            }
            kind if kind.is_file() => fs::copy(&path, &target).map(drop),
            _ => Ok(()),
        };
        match copied {
            // Another process may have packed a reference meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            copied => copied?,
        }
    }
    Ok(())
}
