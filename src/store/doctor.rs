//! What can be wrong with a repository of prompts, and what puts it right.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Store;
use super::process::Git;
use super::release::{Releases, State};
use super::tag::{Action, TagName};
use crate::error::Failure;
use crate::prompt::code::{self, Code};
use crate::prompt::name::PromptName;

/// A lock older than this was left behind.
const STALE: Duration = Duration::from_secs(600);

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of thing it is.
    pub code: Code,
    /// Whether something does not work because of it.
    pub is_error: bool,
    /// What is wrong.
    pub message: String,
    /// The tag or file.
    pub place: Option<String>,
    /// The command that puts it right.
    pub fix: String,
    /// What `doctor --fix` does about it; none where that takes a decision.
    pub repair: Option<Repair>,
}

/// What `doctor --fix` can do by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Set the clone up to mirror the remote's tags.
    ConfigureMirror,
    /// Discard a tag of this clone that lost against another of the same name.
    DiscardTag(String),
    /// Write the commit-graph that makes history fast.
    WriteCommitGraph,
}

impl Store {
    /// Looks for what is wrong with tags, the mirror, locks and the commit-graph.
    ///
    /// # Errors
    /// The references cannot be read.
    pub fn troubles(&self) -> Result<Vec<Trouble>, Failure> {
        let mut troubles = Vec::new();
        self.check_version_tags(&mut troubles)?;
        self.check_releases(&mut troubles)?;
        self.check_remote(&mut troubles)?;
        self.check_locks(&mut troubles);
        self.check_commit_graph(&mut troubles);
        Ok(troubles)
    }

    /// Puts one thing right.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn repair(&self, repair: &Repair) -> Result<(), Failure> {
        match repair {
            Repair::ConfigureMirror => self.configure_mirror().map(drop),
            Repair::DiscardTag(tag) => {
                let theirs = tag
                    .strip_prefix(&self.settings.prefix)
                    .and_then(|below| {
                        self.mirror_space()
                            .map(|space| format!("{}{below}", space.base))
                    })
                    .and_then(|name| self.ref_target(&name));
                match theirs {
                    // The remote's tag takes the place of the one that lost.
                    Some(id) => self.update_refs(&[format!("update refs/tags/{tag} {id}")]),
                    None => Ok(()),
                }
            }
            Repair::WriteCommitGraph => Git::read_when_unlocked(|| {
                self.git()
                    .args(["commit-graph", "write", "--reachable", "--changed-paths"])
            })
            .map(drop),
        }
    }

    /// Writes the commit-graph where the history is long and has none. Returns whether it did.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn write_missing_commit_graph(&self) -> Result<bool, Failure> {
        let mut troubles = Vec::new();
        self.check_commit_graph(&mut troubles);
        if troubles.is_empty() {
            return Ok(false);
        }
        self.repair(&Repair::WriteCommitGraph)?;
        Ok(true)
    }

    /// Every version tag must hold the version that it says.
    fn check_version_tags(&self, troubles: &mut Vec<Trouble>) -> Result<(), Failure> {
        for found in self.refs_below(&self.true_space().base)? {
            let Some(TagName::Version { name, version }) = TagName::parse(&found.rest) else {
                continue;
            };
            let reference = crate::prompt::reference::Reference::version(name, version);
            if let Err(failure) = self.load(&reference) {
                troubles.push(of_failure(
                    failure,
                    Some(format!("{}{}", self.settings.prefix, found.rest)),
                ));
            }
        }
        Ok(())
    }

    fn check_releases(&self, troubles: &mut Vec<Trouble>) -> Result<(), Failure> {
        let overview = self.overview()?;
        troubles.extend(
            overview
                .failures
                .into_iter()
                .map(|failure| of_failure(failure, None)),
        );
        let files: BTreeSet<PromptName> = self
            .list()
            .files
            .into_iter()
            .map(|file| file.name)
            .collect();
        for (name, states) in &overview.states {
            for (environment, state) in states {
                // The newest release was read above; the older ones only here.
                match self.releases(name, environment) {
                    Ok(releases) => self.check_older(&releases, troubles),
                    Err(failure) => troubles.push(of_failure(failure, None)),
                }
                if matches!(state, State::Live(_)) && !files.contains(name) {
                    troubles.push(Trouble {
                        code: code::UNKNOWN_PROMPT,
                        is_error: false,
                        message: format!(
                            "{name} is live in {environment}, and its file was deleted"
                        ),
                        place: None,
                        fix: format!("promptctl unpublish {name} --env {environment}"),
                        repair: None,
                    });
                }
            }
        }
        dedup(troubles);
        Ok(())
    }

    /// Releases below the newest are not live, but a rollback may want them.
    fn check_older(&self, releases: &Releases, troubles: &mut Vec<Trouble>) {
        let Some((_, older)) = releases.confirmed().split_last() else {
            return;
        };
        for entry in older
            .iter()
            .filter(|entry| entry.action != Action::Unpublish)
        {
            if let Err(failure) = self.check_against_version(entry) {
                troubles.push(Trouble {
                    is_error: false,
                    ..of_failure(failure, None)
                });
            }
        }
    }

    fn check_remote(&self, troubles: &mut Vec<Trouble>) -> Result<(), Failure> {
        let Some(remote) = self.settings.remote.as_deref() else {
            return Ok(());
        };
        if !self.mirror_is_configured(remote)? {
            troubles.push(Trouble {
                code: code::NOT_FETCHED,
                is_error: false,
                message: format!("git fetch does not bring the tags of {remote} into their mirror"),
                place: None,
                fix: "promptctl fetch".to_owned(),
                repair: Some(Repair::ConfigureMirror),
            });
        }
        if !self.knows_releases()? {
            troubles.push(Trouble {
                code: code::NOT_FETCHED,
                is_error: true,
                message: format!("this clone has not fetched the releases of {remote}"),
                place: None,
                fix: "promptctl fetch".to_owned(),
                repair: None,
            });
        }
        for entry in self.pending()? {
            troubles.push(if entry.lost {
                Trouble {
                    code: code::PENDING,
                    is_error: true,
                    message: format!(
                        "the tag {} was made here and lost: {remote} has another of that name",
                        entry.full
                    ),
                    place: Some(entry.full.clone()),
                    fix: "promptctl doctor --fix".to_owned(),
                    repair: Some(Repair::DiscardTag(entry.full)),
                }
            } else {
                Trouble {
                    code: code::PENDING,
                    is_error: false,
                    message: format!(
                        "the tag {} is pending: {remote} has not confirmed it",
                        entry.full
                    ),
                    place: Some(entry.full),
                    fix: "promptctl push".to_owned(),
                    repair: None,
                }
            });
        }
        Ok(())
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
            let age = std::fs::metadata(&path)
                .and_then(|data| data.modified())
                .ok()
                .and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > STALE) {
                let place = path.display().to_string();
                troubles.push(Trouble {
                    code: code::STALE_LOCK,
                    is_error: true,
                    message: format!("{place} was left by a process that died"),
                    fix: format!("rm '{place}'"),
                    place: Some(place),
                    repair: None,
                });
            }
        }
    }

    fn check_commit_graph(&self, troubles: &mut Vec<Trouble>) {
        let info = self.repo.commondir().join("objects/info");
        let has_graph = info.join("commit-graph").exists() || info.join("commit-graphs").exists();
        if has_graph || self.is_shallow() || !self.is_large() {
            return;
        }
        troubles.push(Trouble {
            code: code::SLOW_HISTORY,
            is_error: false,
            message: "git has no commit-graph, so the history of a prompt is slow to find"
                .to_owned(),
            place: None,
            fix: "git commit-graph write --reachable --changed-paths".to_owned(),
            repair: Some(Repair::WriteCommitGraph),
        });
    }

    /// Whether the history is long enough for a commit-graph to matter.
    fn is_large(&self) -> bool {
        let Ok(mut walk) = self.repo.revwalk() else {
            return false;
        };
        walk.push_head().is_ok() && walk.nth(1000).is_some()
    }
}

fn of_failure(failure: Failure, place: Option<String>) -> Trouble {
    Trouble {
        code: failure.code.unwrap_or(code::BAD_TAG),
        is_error: true,
        fix: failure.hints.first().cloned().unwrap_or_default(),
        place: place.or_else(|| failure.location.clone()),
        message: failure.message,
        repair: None,
    }
}

/// One fault shows in several places; it is told once.
fn dedup(troubles: &mut Vec<Trouble>) {
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    troubles.retain(|trouble| seen.insert(trouble.message.clone(), ()).is_none());
}
