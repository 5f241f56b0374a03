//! A mirror of only what is live: what a job needs that renders prompts and releases none.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{Git, ObjectId, explain};

use super::namespace::Mirror;
use super::remote::{Fetched, unreachable};
use super::row::ReadTag;
use super::store::Store;
use super::tag::TagName;
use crate::error::Failure;
use crate::prompt::name::{Environment, PromptName};

/// A row of which the newest sound release is looked for.
struct Row {
    name: PromptName,
    environment: Environment,
    /// The releases within reach, rising.
    tags: Vec<(u64, ObjectId)>,
}

impl Store {
    /// Brings the newest sound release of each prompt in these environments, and the tag of its
    /// version. A clone that has the whole mirror keeps it whole.
    ///
    /// # Errors
    /// No remote, or one that cannot be reached.
    pub fn fetch_live(&self, environments: &[Environment]) -> Result<Fetched, Failure> {
        if self.mirror() == Mirror::Whole {
            let fetched = self.fetch(&[])?;
            for environment in environments {
                self.require_environment(environment)?;
            }
            return Ok(fetched);
        }
        let remote = self.remote()?.to_owned();
        let pattern = format!("refs/tags/{}*", self.settings.prefix);
        let theirs = self.ask(&remote, &[pattern])?;
        self.require_environments_of(&theirs, environments)?;
        self.set_key(Self::MIRROR_KEY, Some(Self::UNFINISHED))?;
        let mut open = self.rows_of(&theirs, environments);
        let mut new = Vec::new();
        while !open.is_empty() {
            let releases: Vec<TagName> = open.iter().filter_map(Row::newest).collect();
            self.fetch_named(&remote, &releases, &mut new)?;
            let versions: Vec<TagName> = releases
                .iter()
                .filter_map(|tag| self.version_of(tag, &theirs))
                .collect();
            self.fetch_named(&remote, &versions, &mut new)?;
            // Where the newest is void, the one below it is the next to look at.
            for row in &mut open {
                if self.is_void(row)? {
                    row.tags.pop();
                } else {
                    row.tags.clear();
                }
            }
            open.retain(|row| !row.tags.is_empty());
        }
        let mut known: Vec<String> = self.config_values(Self::PARTIAL_KEY);
        for environment in environments {
            let name = environment.to_string();
            if !known.contains(&name) {
                Git::read_when_unlocked(|| {
                    self.git()
                        .args(["config", "--add", Self::PARTIAL_KEY, &name])
                })?;
                known.push(name);
            }
        }
        self.forget_mirror();
        self.note_fetched();
        let compared = self.compared()?;
        Ok(Fetched {
            remote,
            new,
            changed: self.changes(compared.changed),
            ..Fetched::default()
        })
    }

    /// Fails where the remote has no release in an environment that is not declared either.
    fn require_environments_of(
        &self,
        theirs: &BTreeMap<String, ObjectId>,
        environments: &[Environment],
    ) -> Result<(), Failure> {
        let is_declared =
            |environment: &&Environment| self.settings.environments.contains(environment);
        if environments.iter().all(|it| is_declared(&it)) {
            return Ok(());
        }
        let used: BTreeSet<Environment> = theirs
            .keys()
            .filter_map(|tag| match TagName::parse(tag)? {
                TagName::Release { environment, .. } => Some(environment),
                TagName::Version { .. } | TagName::Evidence { .. } => None,
            })
            .collect();
        let mut unknown = environments
            .iter()
            .filter(|it| !is_declared(it) && !used.contains(it));
        match unknown.next() {
            Some(environment) => Err(self.unknown_environment(environment, used.clone())),
            None => Ok(()),
        }
    }

    fn rows_of(
        &self,
        theirs: &BTreeMap<String, ObjectId>,
        environments: &[Environment],
    ) -> Vec<Row> {
        let mut rows: BTreeMap<(PromptName, Environment), Vec<(u64, ObjectId)>> = BTreeMap::new();
        for (tag, id) in theirs {
            if let Some(TagName::Release {
                name,
                environment,
                number,
            }) = TagName::parse(tag)
                && environments.contains(&environment)
            {
                let row = rows.entry((name, environment)).or_default();
                row.push((number, *id));
            }
        }
        rows.into_iter()
            .map(|((name, environment), tags)| Row {
                name,
                environment,
                tags: super::newest::within_reach(tags).0,
            })
            .filter(|row| !row.tags.is_empty())
            .collect()
    }

    /// The tag of the version that a release names, where the remote has it.
    fn version_of(
        &self,
        release: &TagName,
        theirs: &BTreeMap<String, ObjectId>,
    ) -> Option<TagName> {
        let object = *theirs.get(&release.to_string())?;
        let trailers = self.tag_trailers(object, release).ok()?;
        let version = TagName::Version {
            name: release.prompt().clone(),
            version: trailers.version,
        };
        theirs.contains_key(&version.to_string()).then_some(version)
    }

    fn is_void(&self, row: &Row) -> Result<bool, Failure> {
        let Some(newest) = row.tags.last() else {
            return Ok(false);
        };
        let tags = self.prompt_tags(&row.name)?;
        let of_version = |version| tags.version(version);
        let (found, _) = self.found(&row.name, &row.environment, *newest, &of_version)?;
        Ok(matches!(found, ReadTag::InvalidTag(_)))
    }

    /// Fetches these tags into the mirror.
    fn fetch_named(
        &self,
        remote: &str,
        tags: &[TagName],
        new: &mut Vec<String>,
    ) -> Result<(), Failure> {
        if tags.is_empty() {
            return Ok(());
        }
        let base = self.true_space().base;
        let lines: String = tags
            .iter()
            .map(|tag| format!("+refs/tags/{}:{base}{tag}\n", self.full(tag)))
            .collect();
        // Only a clone that is shallow already is kept so.
        let depth: &[&str] = if self.is_shallow() {
            &["--depth", "1"]
        } else {
            &[]
        };
        let output = Git::run_when_unlocked(|| {
            self.git()
                .args([
                    "fetch",
                    "--quiet",
                    "--no-tags",
                    "--no-write-fetch-head",
                    "--stdin",
                ])
                .args(depth)
                .args(["--end-of-options", remote])
                .input(lines.as_bytes())
        })?;
        if !output.ok {
            let is_here = |tag: &TagName| self.ref_target(&format!("{base}{tag}")).is_some();
            // One that this disk cannot hold is reported when it is read.
            if !tags.iter().any(is_here) {
                return Err(match self.ask(remote, &[]) {
                    Ok(_) => explain(&output.err),
                    Err(_) => unreachable(remote, &output.err),
                });
            }
        }
        new.extend(tags.iter().map(|tag| self.full(tag)));
        Ok(())
    }
}

impl Row {
    fn newest(&self) -> Option<TagName> {
        let (number, _) = self.tags.last()?;
        Some(TagName::Release {
            name: self.name.clone(),
            environment: self.environment.clone(),
            number: *number,
        })
    }
}
