//! Deciding what a demand means: which tags it takes, or why it cannot be.

use super::release::{Release, Releases};
use super::request::{Change, Options, ReleaseRequest};
use super::row::Trust;
use super::store::Store;
use super::tag::{Action, Previous, ReleaseTrailers, Tag, TagName, Trailers};
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code::{self};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::Next;
use crate::prompt::version::Version;
pub(crate) use planned::VersionPlan;
pub use planned::{Planned, not_committed, uncommitted};
use planned::{PlannedRelease, Row};

mod planned;
mod publish;
mod rollback;

impl Store {
    /// The file that a plan makes live: that of the version's commit. Where the version has a tag
    /// already, the working copy may say something else in what is no content.
    ///
    /// # Errors
    /// The commit cannot be read.
    pub fn planned_content(&self, planned: &Planned) -> Result<Option<Loaded>, Failure> {
        self.load_at(planned.commit, &planned.change.name)
            .map_err(Failure::from)
    }

    /// Whether releases go to a remote unless that is declined.
    pub fn has_remote(&self) -> bool {
        self.settings.remote.is_some()
    }

    /// Decides what a demand means, by what is known of the remote. `None`: it is so already, and the
    /// remote agrees.
    ///
    /// # Errors
    /// A rule forbids it, or the tags are not in this clone. Nothing is changed either way.
    pub fn plan(
        &self,
        name: &PromptName,
        demand: &ReleaseRequest,
        options: &Options,
    ) -> Result<Option<Planned>, Failure> {
        let mut releases = self.releases(name, &options.environment)?;
        if options.push && self.has_remote() {
            if matches!(demand, ReleaseRequest::Publish(_)) {
                refuse_pending(&releases)?;
            }
            releases.entries.retain(|entry| !entry.pending);
        }
        let signers = options.rules.signers.as_ref();
        let signed = |entry: &Release| self.is_signed(entry, &releases.entries, signers);
        let is_required = signers.is_some();
        let trust = Trust::new(
            &releases.entries,
            is_required.then_some(&signed as &dyn Fn(&Release) -> bool),
        );
        let row = Row {
            releases: &releases,
            trust: &trust,
        };
        match demand {
            ReleaseRequest::Publish(loaded) => self.plan_publish(loaded, &row, options),
            ReleaseRequest::Rollback(back) => self.plan_rollback(name, *back, &row, options),
            ReleaseRequest::Unpublish => self.plan_unpublish(name, &row, options),
        }
    }

    fn plan_unpublish(
        &self,
        name: &PromptName,
        row: &Row<'_>,
        options: &Options,
    ) -> Result<Option<Planned>, Failure> {
        let Some(top) = row.top() else {
            return Err(self.nothing_released(name, &options.environment));
        };
        if top.action == Action::Unpublish {
            return Ok(None);
        }
        let commit = top.commit;
        self.planned(PlannedRelease {
            name,
            action: Action::Unpublish,
            version: top.version,
            digest: &top.digest,
            commit,
            under: Some(top.number),
            row,
            passed: Vec::new(),
            evidence: None,
            allowed: Vec::new(),
            options,
        })
        .map(Some)
    }

    fn nothing_released(&self, name: &PromptName, environment: &Environment) -> Failure {
        match self.load_active(name, environment) {
            Err(failure) => failure,
            // Only a pending release could make it load.
            Ok(_) => Failure::new(
                code::NOT_LIVE,
                format!("{name} has no release in {environment}"),
            ),
        }
    }

    /// What is to become of the tag of a version.
    fn version_plan(
        &self,
        name: &PromptName,
        version: Version,
        tag: &Tag,
    ) -> Result<VersionPlan, Failure> {
        // One that cannot be read does not stop a rollback: it is reported with the other releases.
        if self.confirmed_version(name, version).is_some() {
            return Ok(VersionPlan::Confirmed);
        }
        let found = self.version_tag(&tag.name)?;
        Ok(found.map_or(VersionPlan::New, |it| VersionPlan::Pending(it.object)))
    }

    fn planned(&self, wanted: PlannedRelease<'_>) -> Result<Planned, Failure> {
        let PlannedRelease {
            name,
            action,
            version,
            digest,
            commit,
            under,
            row,
            passed,
            evidence,
            allowed,
            options,
        } = wanted;
        let environment = &options.environment;
        let version_tag = self.tag(TagName::Version {
            name: name.clone(),
            version,
        });
        let release_tag = |number| TagName::Release {
            name: name.clone(),
            environment: environment.clone(),
            number,
        };
        let numbers = row.releases.next_numbers().into_iter();
        let release_tags: Vec<Tag> = numbers.map(|it| self.tag(release_tag(it))).collect();
        let version_plan = self.version_plan(name, version, &version_tag)?;
        let previous = match row.top() {
            Some(top) => Previous::Object(top.object),
            None => Previous::Nothing,
        };
        let trailers = |release| Trailers {
            prompt: name.clone(),
            version,
            digest: digest.clone(),
            release,
        };
        let release = ReleaseTrailers {
            environment: environment.clone(),
            action,
            under,
            previous: previous.clone(),
            evidence,
            allowed,
        };
        let words = options.message.clone();
        let words = words.unwrap_or_else(|| action.words(name, version, environment));
        let before = row.top().filter(|top| top.action != Action::Unpublish);
        let new_version = (version_plan != VersionPlan::Confirmed).then(|| version_tag.clone());
        let tags = new_version.into_iter().chain(release_tags.clone());
        Ok(Planned {
            change: Change {
                name: name.clone(),
                environment: environment.clone(),
                action,
                from: before.map(|top| top.version),
                to: (action != Action::Unpublish).then_some(version),
                commit,
                tags: tags.collect(),
                pushed: false,
                unsigned: None,
                passed,
                note: None,
            },
            commit,
            version: version_plan,
            version_message: trailers(None).message(&format!("{name} {version}")),
            version_tag,
            release_tags,
            previous,
            trailers: trailers(Some(release)),
            words,
            was_released: row.releases.held(version, digest),
            live: row.top().cloned(),
            target: None,
        })
    }
}

fn refuse_pending(releases: &Releases) -> Result<(), Failure> {
    let Some(first) = releases.entries.iter().find(|entry| entry.pending) else {
        return Ok(());
    };
    Err(Failure::new(
        code::PENDING,
        format!(
            "release {} of {} in {} is pending: it was made here and never sent",
            first.number, first.name, first.environment
        ),
    )
    .hint(Next::Push(Some(first.name.clone())).that("sends it first")))
}
