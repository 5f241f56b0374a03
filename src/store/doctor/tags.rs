//! Versions and releases: every tag is what it says, and none is missing.

use std::collections::{BTreeMap, BTreeSet};

use git2::Oid;

use super::super::Store;
use super::super::live::first_gap;
use super::super::release::{Release, stack};
use super::super::tag::{Action, TagName};
use super::Trouble;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::quote::shell_path;
use crate::prompt::reference::Reference;
use crate::prompt::version::Version;

/// What shows the tags that git still has, where nobody can say which of them is meant.
const LOOK: &str = "git fsck --no-reflogs --unreachable";

/// The tags that count, by what they are of.
#[derive(Default)]
struct Rows {
    versions: BTreeSet<(PromptName, Version)>,
    releases: BTreeMap<(PromptName, Environment), BTreeMap<u32, Oid>>,
}

impl Store {
    pub(in crate::store) fn troubles_of_tags(&self) -> Result<Vec<Trouble>, Failure> {
        let mut rows = Rows::default();
        for found in self.refs_below(&self.true_space().base)? {
            match TagName::parse(&found.rest) {
                Some(TagName::Version { name, version }) => {
                    rows.versions.insert((name, version));
                }
                Some(TagName::Release {
                    name,
                    environment,
                    number,
                }) => {
                    let row = rows.releases.entry((name, environment)).or_default();
                    row.insert(number, found.id);
                }
                None => {}
            }
        }
        let mut troubles = Vec::new();
        let mut wrong = BTreeSet::new();
        for (name, version) in &rows.versions {
            if let Some(trouble) = self.trouble_of_version(name, *version, &rows) {
                troubles.push(trouble);
                wrong.insert((name.clone(), *version));
            }
        }
        self.check_contents(&rows, &wrong, &mut troubles);
        // That the settings name a remote which is none is told of them: the tags that are here are
        // looked at all the same.
        if self.knows_releases()? || self.require_known_remote().is_err() {
            for ((name, environment), row) in &rows.releases {
                self.check_row(name, environment, row, &wrong, &mut troubles);
            }
            self.check_deleted(&mut troubles)?;
        }
        Ok(troubles)
    }

    /// A version's tag must hold the version that it says.
    fn trouble_of_version(
        &self,
        name: &PromptName,
        version: Version,
        rows: &Rows,
    ) -> Option<Trouble> {
        let failure = self
            .load(&Reference::version(name.clone(), version))
            .err()?;
        let tag = TagName::Version {
            name: name.clone(),
            version,
        };
        let is_of_tag = matches!(failure.code, Some(code::BAD_TAG | code::RELEASE_MISMATCH));
        let fix = if !is_of_tag {
            self.fix_of(&failure)
        } else if let Some(object) = self.lost_object(&tag) {
            self.restore(&tag, object)
        } else {
            // A release that names the version says what its tag was.
            let released = rows
                .releases
                .iter()
                .filter(|((other, _), _)| other == name)
                .find(|((_, environment), row)| {
                    let newest = row.last_key_value();
                    newest.is_some_and(|(number, object)| {
                        self.release(name, environment, *number, *object, false)
                            .is_ok_and(|release| release.version == version)
                    })
                });
            let away = self.take_away(&tag);
            match released {
                Some(((_, environment), _)) => {
                    format!("{away} && promptctl publish {name}@{version} --env {environment}")
                }
                None => away,
            }
        };
        Some(Trouble::of(&failure, fix).at(format!("{}{tag}", self.settings.prefix)))
    }

    /// What puts right what is not wrong with a tag itself.
    fn fix_of(&self, failure: &Failure) -> String {
        let is_missing = failure.code == Some(code::SHALLOW);
        match self.fill().filter(|_| is_missing) {
            Some(fill) => fill,
            None if is_missing && self.has_remote() => "promptctl fetch".to_owned(),
            None => failure.hints.first().cloned().unwrap_or_default(),
        }
    }

    /// No file may hold another content under a number that was published.
    fn check_contents(
        &self,
        rows: &Rows,
        wrong: &BTreeSet<(PromptName, Version)>,
        troubles: &mut Vec<Trouble>,
    ) {
        let (contested, _) = self.load_each(self.list(), |loaded| {
            let key = (loaded.name.clone(), loaded.version());
            // That the digest line does not fit is told of the file.
            let is_bumped = !loaded.is_unbumped();
            (is_bumped && rows.versions.contains(&key) && !wrong.contains(&key)).then_some(loaded)
        });
        for loaded in contested.into_iter().flatten() {
            if !self.is_taken(&loaded) {
                continue;
            }
            let (name, path) = (&loaded.name, &loaded.path);
            troubles.push(
                Trouble::error(
                    code::NUMBER_TAKEN,
                    format!(
                        "{name} {} was published with other content than the file has",
                        loaded.version()
                    ),
                    format!(
                        "promptctl bump {name} && git commit -m \"Bump {name}\" -- {}",
                        shell_path(path)
                    ),
                )
                .at(path.clone()),
            );
        }
    }

    fn check_row(
        &self,
        name: &PromptName,
        environment: &Environment,
        row: &BTreeMap<u32, Oid>,
        wrong: &BTreeSet<(PromptName, Version)>,
        troubles: &mut Vec<Trouble>,
    ) {
        let tag = |number| TagName::Release {
            name: name.clone(),
            environment: environment.clone(),
            number,
        };
        if let Some(missing) = first_gap(row.keys().copied()) {
            let failure = self.gap(name, environment, missing);
            let fix = match self.lost_object(&tag(missing)) {
                Some(object) => self.restore(&tag(missing), object),
                None if self.has_mirror() => "promptctl fetch".to_owned(),
                None => LOOK.to_owned(),
            };
            let place = format!("{}{}", self.settings.prefix, tag(missing));
            troubles.push(Trouble::of(&failure, fix).at(place));
        }
        let mut entries = Vec::new();
        for (number, object) in row {
            match self.release(name, environment, *number, *object, false) {
                Ok(release) => entries.push(release),
                Err(failure) => {
                    let tag = tag(*number);
                    let fix = if failure.code != Some(code::BAD_TAG) {
                        self.fix_of(&failure)
                    } else if let Some(object) = self.lost_object(&tag) {
                        self.restore(&tag, object)
                    } else {
                        self.take_away(&tag)
                    };
                    let place = format!("{}{tag}", self.settings.prefix);
                    troubles.push(Trouble::of(&failure, fix).at(place));
                }
            }
        }
        let Some(newest) = entries.last() else { return };
        // Releases that no rollback can reach are history.
        let below = stack(&entries);
        for (entry, is_live) in [(newest, true)]
            .into_iter()
            .chain(below.into_iter().map(|entry| (entry, false)))
        {
            let is_told = wrong.contains(&(name.clone(), entry.version));
            if entry.action == Action::Unpublish || is_told {
                continue;
            }
            if let Err(failure) = self.check_against_version(entry) {
                let fix = self.fix_of_release(entry, is_live);
                troubles.push(Trouble {
                    is_error: is_live,
                    ..Trouble::of(&failure, fix)
                });
            }
        }
    }

    /// What makes a release and the tag of its version agree.
    fn fix_of_release(&self, release: &Release, is_live: bool) -> String {
        let version = TagName::Version {
            name: release.name.clone(),
            version: release.version,
        };
        let of_release = TagName::Release {
            name: release.name.clone(),
            environment: release.environment.clone(),
            number: release.number,
        };
        let is_there = self
            .ref_target(&self.true_space().reference(&version))
            .is_some();
        let lost = if is_there { &of_release } else { &version };
        if let Some(object) = self.lost_object(lost) {
            return self.restore(lost, object);
        }
        if is_live {
            return format!(
                "promptctl publish {}@{} --env {}",
                release.name, release.version, release.environment
            );
        }
        LOOK.to_owned()
    }

    /// A prompt stays live when its file is deleted, which may not be what was meant.
    fn check_deleted(&self, troubles: &mut Vec<Trouble>) -> Result<(), Failure> {
        let files: BTreeSet<PromptName> = self
            .list()
            .files
            .into_iter()
            .map(|file| file.name)
            .collect();
        let overview = self.overview()?;
        for name in overview.states.keys().filter(|name| !files.contains(*name)) {
            for (environment, _) in overview.live(name) {
                troubles.push(Trouble::warning(
                    code::UNKNOWN_PROMPT,
                    format!("{name} is live in {environment}, and its file was deleted"),
                    format!("promptctl unpublish {name} --env {environment}"),
                ));
            }
        }
        Ok(())
    }
}
