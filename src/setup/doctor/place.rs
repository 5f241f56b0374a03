//! The clone itself: locks that were left, its depth, and what makes its history fast.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::clone::Setup;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::next::Next;
use crate::prompt::quote::shell_path;
use crate::releases::{Diagnostic, Repair};
use crate::repository::{OtherRuns, write_failure};

/// A lock older than this was left behind.
const STALE: Duration = Duration::from_secs(600);

/// A lock older than this is worth a word: git holds one for a moment.
const NOTABLE: Duration = Duration::from_secs(60);

/// The most commits whose history is found fast without a commit-graph.
const LONG: usize = 1000;

impl Setup<'_> {
    pub(crate) fn troubles_of_place(&self) -> Result<Vec<Diagnostic>, Failure> {
        let mut troubles = Vec::new();
        let others = self.other_runs();
        self.check_locks(&others, &mut troubles);
        self.check_index(&others, &mut troubles)?;
        self.check_depth(&mut troubles);
        self.check_commit_graph(&mut troubles);
        Ok(troubles)
    }

    fn check_depth(&self, troubles: &mut Vec<Diagnostic>) {
        if let Some(fill) = self.fill() {
            troubles.push(Diagnostic::warning(
                code::SHALLOW,
                "the clone is partial: git left files out of it, and fetches none for promptctl",
                fill,
            ));
        }
        if !self.is_shallow() {
            return;
        }
        let remote = self.settings().remote.as_deref().unwrap_or("origin");
        troubles.push(Diagnostic::warning(
            code::SHALLOW,
            "the clone is shallow: the history before its cut is not here",
            format!("git fetch --unshallow {remote}"),
        ));
    }

    /// The files by which git keeps others out, and what a commit of single files works on.
    fn locks(&self) -> Vec<PathBuf> {
        let common = self.common_dir().to_path_buf();
        let is_lock = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "lock");
        let mut folders = vec![common.clone()];
        if self.is_worktree() {
            folders.push(self.git_dir().to_path_buf());
        }
        let flat = folders
            .iter()
            .filter_map(|folder| fs::read_dir(folder).ok());
        let flat = flat.flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let below = ignore::WalkBuilder::new(common.join("refs"))
            .standard_filters(false)
            .build();
        let below = below
            .filter_map(Result::ok)
            .map(ignore::DirEntry::into_path);
        flat.chain(below).filter(is_lock).collect()
    }

    fn check_locks(&self, others: &OtherRuns, troubles: &mut Vec<Diagnostic>) {
        for path in self.locks() {
            let age = fs::metadata(&path)
                .and_then(|data| data.modified())
                .ok()
                .and_then(|time| time.elapsed().ok())
                .unwrap_or_default();
            let place = path.display().to_string();
            if others.left(&path) {
                let what = format!("{place} was left by a promptctl that was killed");
                troubles.push(
                    Diagnostic::error(code::STALE_LOCK, what, Next::Repair)
                        .at(place)
                        .repaired_by(Repair::RemoveLock(path)),
                );
            } else if age > NOTABLE {
                let what = format!(
                    "{place} has been there for {}: a git that works holds it, or one that died left it; remove it if no git is running here",
                    words_of_age(age)
                );
                let fix = format!("rm {}", shell_path(&place));
                troubles.push(Diagnostic {
                    is_error: age > STALE,
                    ..Diagnostic::warning(code::STALE_LOCK, what, fix).at(place)
                });
            }
        }
    }

    /// What a run that was killed wrote into HEAD and not into the index.
    fn check_index(
        &self,
        others: &OtherRuns,
        troubles: &mut Vec<Diagnostic>,
    ) -> Result<(), Failure> {
        if !others.are_dead() {
            return Ok(());
        }
        let roots: Vec<&str> = self.settings().roots.iter().map(String::as_str).collect();
        for path in self.behind_head(&roots)? {
            troubles.push(
                Diagnostic::error(
                    code::INDEX_BEHIND,
                    format!("a commit that was killed did not write git's index: {path} is as HEAD has it, and something older is staged"),
                    Next::Repair,
                )
                .at(path.clone())
                .repaired_by(Repair::CatchUp(path)),
            );
        }
        Ok(())
    }

    /// Removes a lock, if it is still one that a killed run left.
    pub(crate) fn remove_lock(&self, lock: &Path) -> Result<(), Failure> {
        if !self.other_runs().left(lock) {
            return Ok(());
        }
        match fs::remove_file(lock) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(write_failure(lock, error))
            }
            _ => Ok(()),
        }
    }

    /// Forgets the runs that were killed, whose traces were looked at.
    pub fn forget_dead_runs(&self) {
        let others = self.other_runs();
        if !others.is_one_alive {
            others.forget(Duration::ZERO);
        }
    }

    pub(crate) fn check_commit_graph(&self, troubles: &mut Vec<Diagnostic>) {
        let info = self.common_dir().join("objects/info");
        if self.is_shallow() || has_changed_paths(&info) || !self.is_longer_than(LONG) {
            return;
        }
        troubles.push(
            Diagnostic::warning(
                code::SLOW_HISTORY,
                "git has no commit-graph with the paths that commits changed, so the history of a prompt is slow to find",
                "git commit-graph write --reachable --changed-paths",
            )
            .repaired_by(Repair::WriteCommitGraph),
        );
    }
}

/// How long something has been there, in the largest unit that fits.
fn words_of_age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..=119 => (seconds, "seconds"),
        120..=7199 => (seconds / 60, "minutes"),
        7200..=172_799 => (seconds / 3600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}

/// Whether a commit-graph of the repository says which paths commits changed; `git gc` writes one
/// that does not.
fn has_changed_paths(info: &Path) -> bool {
    let chain = fs::read_to_string(info.join("commit-graphs/commit-graph-chain"));
    let layers = chain.iter().flat_map(|chain| chain.lines());
    layers
        .map(|id| info.join(format!("commit-graphs/graph-{id}.graph")))
        .chain([info.join("commit-graph")])
        .any(|path| holds_changed_paths(&path))
}

/// Whether a file of the commit-graph has the chunk of changed paths. After 8 bytes, of which the
/// seventh counts the chunks, stand 12 bytes for each: its name and where it begins.
fn holds_changed_paths(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0; 8];
    let Ok(mut file) = fs::File::open(path) else {
        return false;
    };
    if file.read_exact(&mut head).is_err() || !head.starts_with(b"CGPH") {
        return false;
    }
    let mut table = vec![0; usize::from(head[6]) * 12];
    file.read_exact(&mut table).is_ok() && table.chunks(12).any(|chunk| chunk.starts_with(b"BDAT"))
}
