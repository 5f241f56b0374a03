//! The clone itself: locks that were left, its depth, and what makes its history fast.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::super::Store;
use super::{Repair, Trouble};
use crate::prompt::code;

/// A lock older than this was left behind.
const STALE: Duration = Duration::from_secs(600);

/// The most commits whose history is found fast without a commit-graph.
const LONG: usize = 1000;

impl Store {
    pub(super) fn troubles_of_place(&self) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        self.check_locks(&mut troubles);
        self.check_depth(&mut troubles);
        self.check_commit_graph(&mut troubles);
        troubles
    }

    /// The command that brings what a partial clone left out; `None` where it left nothing out.
    pub(super) fn fill(&self) -> Option<String> {
        let remote = self.settings.remote.as_deref()?;
        let key = format!("remote.{remote}.partialclonefilter");
        self.config_value(&key).map(|_| {
            format!("git fetch --refetch --no-filter {remote} && git config --unset {key}")
        })
    }

    fn check_depth(&self, troubles: &mut Vec<Trouble>) {
        if let Some(fill) = self.fill() {
            troubles.push(Trouble::warning(
                code::SHALLOW,
                "the clone is partial: git left files out of it, and fetches none for promptctl",
                fill,
            ));
        }
        if !self.is_shallow() {
            return;
        }
        let remote = self.settings.remote.as_deref().unwrap_or("origin");
        troubles.push(Trouble::warning(
            code::SHALLOW,
            "the clone is shallow: the history before its cut is not here",
            format!("git fetch --unshallow {remote}"),
        ));
    }

    fn check_locks(&self, troubles: &mut Vec<Trouble>) {
        let common = self.repo.commondir().to_path_buf();
        let mut candidates = vec![
            self.repo.path().join("index.lock"),
            common.join("packed-refs.lock"),
            common.join("config.lock"),
        ];
        let below = ignore::WalkBuilder::new(common.join("refs"))
            .standard_filters(false)
            .build();
        candidates.extend(
            below
                .filter_map(Result::ok)
                .map(ignore::DirEntry::into_path)
                .filter(|path| path.extension().is_some_and(|ending| ending == "lock")),
        );
        for path in candidates {
            let age = fs::metadata(&path)
                .and_then(|data| data.modified())
                .ok()
                .and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > STALE) {
                let place = path.display().to_string();
                troubles.push(
                    Trouble::error(
                        code::STALE_LOCK,
                        format!("{place} was left by a process that died"),
                        format!("rm '{place}'"),
                    )
                    .at(place),
                );
            }
        }
    }

    pub(super) fn check_commit_graph(&self, troubles: &mut Vec<Trouble>) {
        let info = self.repo.commondir().join("objects/info");
        if self.is_shallow() || has_changed_paths(&info) || !self.is_large() {
            return;
        }
        troubles.push(
            Trouble::warning(
                code::SLOW_HISTORY,
                "git has no commit-graph with the paths that commits changed, so the history of a prompt is slow to find",
                "git commit-graph write --reachable --changed-paths",
            )
            .repaired_by(Repair::WriteCommitGraph),
        );
    }

    /// Whether the history is long enough for a commit-graph to matter.
    fn is_large(&self) -> bool {
        let Ok(mut walk) = self.repo.revwalk() else {
            return false;
        };
        walk.push_head().is_ok() && walk.nth(LONG).is_some()
    }
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
