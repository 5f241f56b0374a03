//! Deciding what a demand means: which tags it takes, or why it cannot be.

use git2::Oid;

use super::publish::{Change, Demand, Options};
use super::release::{Release, Releases, is_true_rollback, stack};
use super::tag::{Action, ReleaseTrailers, TagName, Trailers};
use super::{Loaded, Store, process};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::digest::Digest;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::quote::shell_path;
use crate::prompt::reference::Reference;
use crate::prompt::version::Version;

/// A change that was decided and not yet made.
pub struct Planned {
    pub(super) change: Change,
    pub(super) commit: Oid,
    pub(super) version_tag: Option<Oid>,
    /// The message of the version tag, if one is to be made.
    pub(super) version_message: Option<String>,
    pub(super) release_message: String,
    pub(super) version_name: String,
    pub(super) release_name: String,
    /// Whether a version tag that exists must still be sent.
    pub(super) send_version: bool,
}

impl Planned {
    /// What would change.
    pub fn change(&self) -> &Change {
        &self.change
    }
}

impl Store {
    /// Whether releases go to a remote unless that is declined.
    pub fn has_remote(&self) -> bool {
        self.settings.remote.is_some()
    }

    /// Decides what a demand means now. `None`: it is so already, and the remote agrees.
    ///
    /// # Errors
    /// A rule forbids it, or the tags are not sound. Nothing is changed either way.
    pub fn plan(
        &self,
        name: &PromptName,
        demand: &Demand,
        options: &Options,
    ) -> Result<Option<Planned>, Failure> {
        if options.push && self.has_remote() && !options.is_fresh {
            self.refresh(name)?;
        }
        let releases = self.releases(name, &options.environment)?;
        let with_pending = !options.push || !self.has_remote();
        if !with_pending && matches!(demand, Demand::Publish(_)) {
            refuse_pending(&releases)?;
        }
        let entries = if with_pending {
            &releases.entries[..]
        } else {
            releases.confirmed()
        };
        match demand {
            Demand::Publish(loaded) => self.plan_publish(loaded, entries, options),
            Demand::Rollback(to) => self.plan_rollback(name, *to, entries, options),
            Demand::Unpublish => self.plan_unpublish(name, entries, options),
        }
    }

    fn plan_publish(
        &self,
        loaded: &Loaded,
        entries: &[Release],
        options: &Options,
    ) -> Result<Option<Planned>, Failure> {
        let version = loaded.version();
        let commit = loaded
            .commit
            .as_deref()
            .and_then(|id| Oid::from_str(id).ok())
            .ok_or_else(|| uncommitted(loaded))?;
        let tag = TagName::Version {
            name: loaded.name.clone(),
            version,
        };
        let existing = self.version_tag(&tag)?;
        if let Some(found) = &existing
            && found.trailers.digest != *loaded.digest()
        {
            return Err(Failure::new(
                code::NUMBER_TAKEN,
                format!(
                    "{} {version} was published with other content ({} there, {} here)",
                    loaded.name,
                    found.trailers.digest.short(),
                    loaded.digest().short()
                ),
            )
            .hint(format!(
                "promptctl bump {} gives the new content the next number",
                loaded.name
            )));
        }
        let top = entries.last();
        let live = top.filter(|top| top.action != Action::Unpublish);
        let is_live = live.is_some_and(|live| live.version == version);
        let agrees = live.is_none_or(|live| self.check_against_version(live).is_ok());
        if is_live
            && agrees
            && live.is_none_or(|live| self.is_signed(live, options.rules.signers.as_ref()))
        {
            return Ok(None);
        }
        // A rollback that lacks its signature is made again: no other rule is asked for what
        // no rule stood in the way of.
        let is_again = is_live && agrees && is_true_rollback(entries);
        if !is_again {
            self.check_rules(loaded, options)?;
        }
        // A release of the same version, or one that nothing can return to, gives its place to this
        // one: a rollback from here goes to what lay below it.
        let under = match top {
            Some(top) if is_live || !agrees => top.under,
            _ => top.map(|top| top.number),
        };
        // A version whose tag was lost gets it where its release says that it was.
        let commit = top
            .filter(|top| existing.is_none() && is_live && top.digest == *loaded.digest())
            .and_then(|top| Oid::from_str(&top.commit).ok())
            .filter(|commit| self.holds(*commit, loaded))
            .unwrap_or(commit);
        let planned = self.planned(PlannedRelease {
            name: &loaded.name,
            action: if is_again {
                Action::Rollback
            } else {
                Action::Publish
            },
            version,
            digest: loaded.digest(),
            commit: existing.as_ref().map_or(commit, |found| found.commit),
            under,
            entries,
            options,
        })?;
        Ok(Some(planned))
    }

    /// Whether a commit holds this very content under this number.
    pub(super) fn holds(&self, commit: Oid, loaded: &Loaded) -> bool {
        self.load_at(commit, &loaded.name)
            .ok()
            .flatten()
            .is_some_and(|other| {
                other.version() == loaded.version() && other.digest() == loaded.digest()
            })
    }

    fn plan_rollback(
        &self,
        name: &PromptName,
        to: Option<Version>,
        entries: &[Release],
        options: &Options,
    ) -> Result<Option<Planned>, Failure> {
        let environment = &options.environment;
        let Some(top) = entries.last() else {
            return Err(self.nothing_released(name, environment));
        };
        // Asked again after it was done, perhaps by a run that was killed before it could say so.
        if to == Some(top.version) && top.action != Action::Unpublish {
            self.check_against_version(top)?;
            return Ok(None);
        }
        let below = stack(entries);
        let target = match to {
            Some(version) => below
                .iter()
                .find(|entry| entry.version == version && entry.action != Action::Unpublish)
                .ok_or_else(|| self.not_below(name, version, environment, &below))?,
            None => below
                .first()
                .filter(|entry| entry.action != Action::Unpublish)
                .ok_or_else(|| nothing_below(name, environment, top, &below))?,
        };
        self.check_against_version(target)?;
        let commit =
            Oid::from_str(&target.commit).map_err(|error| process::explain(error.message()))?;
        self.planned(PlannedRelease {
            name,
            action: Action::Rollback,
            version: target.version,
            digest: &target.digest,
            commit,
            under: target.under,
            entries,
            options,
        })
        .map(Some)
    }

    fn plan_unpublish(
        &self,
        name: &PromptName,
        entries: &[Release],
        options: &Options,
    ) -> Result<Option<Planned>, Failure> {
        let Some(top) = entries.last() else {
            return Err(self.nothing_released(name, &options.environment));
        };
        if top.action == Action::Unpublish {
            return Ok(None);
        }
        let commit =
            Oid::from_str(&top.commit).map_err(|error| process::explain(error.message()))?;
        self.planned(PlannedRelease {
            name,
            action: Action::Unpublish,
            version: top.version,
            digest: &top.digest,
            commit,
            under: Some(top.number),
            entries,
            options,
        })
        .map(Some)
    }

    /// Why a rollback cannot return to a version: there is none, or it does not lie below.
    fn not_below(
        &self,
        name: &PromptName,
        version: Version,
        environment: &Environment,
        below: &[&Release],
    ) -> Failure {
        match self.load(&Reference::version(name.clone(), version)) {
            Err(failure) if failure.code == Some(code::UNKNOWN_VERSION) => {
                can_return(failure, below)
            }
            _ => not_in_stack(name, version, environment, below),
        }
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

    fn planned(&self, wanted: PlannedRelease<'_>) -> Result<Planned, Failure> {
        let PlannedRelease {
            name,
            action,
            version,
            digest,
            commit,
            under,
            entries,
            options,
        } = wanted;
        let environment = &options.environment;
        let number = entries.last().map_or(1, |top| top.number + 1);
        let version_tag = TagName::Version {
            name: name.clone(),
            version,
        };
        let release_tag = TagName::Release {
            name: name.clone(),
            environment: environment.clone(),
            number,
        };
        let version_name = format!("{}{version_tag}", self.settings.prefix);
        let release_name = format!("{}{release_tag}", self.settings.prefix);
        let existing = self.version_tag(&version_tag)?;
        let confirmed = self
            .ref_target(&self.true_space().reference(&version_tag))
            .is_some();
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
        };
        let words = options
            .message
            .clone()
            .unwrap_or_else(|| action.words(name, version, environment));
        let before = entries
            .last()
            .filter(|top| top.action != Action::Unpublish)
            .map(|top| top.version);
        let mut tags = Vec::new();
        if existing.is_none() || !confirmed {
            tags.push(version_name.clone());
        }
        tags.push(release_name.clone());
        Ok(Planned {
            change: Change {
                name: name.clone(),
                environment: environment.clone(),
                action,
                from: before,
                to: (action != Action::Unpublish).then_some(version),
                tags,
                pushed: false,
                unsigned: None,
            },
            commit,
            version_message: existing
                .is_none()
                .then(|| trailers(None).message(&format!("{name} {version}"))),
            version_tag: existing.map(|found| found.object),
            release_message: trailers(Some(release)).message(&words),
            version_name,
            release_name,
            send_version: !confirmed,
        })
    }
}

struct PlannedRelease<'a> {
    name: &'a PromptName,
    action: Action,
    version: Version,
    digest: &'a Digest,
    commit: Oid,
    under: Option<u32>,
    entries: &'a [Release],
    options: &'a Options,
}

fn refuse_pending(releases: &Releases) -> Result<(), Failure> {
    let Some(first) = releases.entries.iter().find(|entry| entry.pending) else {
        return Ok(());
    };
    Err(Failure::new(
        code::PENDING,
        format!(
            "release {} of {} in {} was made with --no-push and never sent",
            first.number, first.name, first.environment
        ),
    )
    .hint(format!("promptctl push {} sends it first", first.name)))
}

fn uncommitted(loaded: &Loaded) -> Failure {
    Failure::new(
        code::UNCOMMITTED,
        format!("{} has changes that are not committed", loaded.name),
    )
    .at(loaded.path.clone())
    .hint(format!(
        "git commit -m \"…\" -- {}",
        shell_path(&loaded.path)
    ))
    .hint("only committed content is published, so that every clone can see what is live")
}

fn not_in_stack(
    name: &PromptName,
    version: Version,
    environment: &Environment,
    below: &[&Release],
) -> Failure {
    let failure = Failure::new(
        code::NOT_IN_STACK,
        format!("{version} is not below the active release of {name} in {environment}"),
    );
    can_return(failure, below).hint(format!(
        "promptctl publish {name}@{version} --env {environment} releases any version"
    ))
}

/// The failure with the versions that a rollback can return to.
fn can_return(failure: Failure, below: &[&Release]) -> Failure {
    let held: Vec<String> = below
        .iter()
        .filter(|entry| entry.action != Action::Unpublish)
        .map(|entry| entry.version.to_string())
        .collect();
    if held.is_empty() {
        failure
    } else {
        failure.hint(format!("a rollback can return to {}", held.join(", ")))
    }
}

fn nothing_below(
    name: &PromptName,
    environment: &Environment,
    top: &Release,
    below: &[&Release],
) -> Failure {
    let failure = match below.first() {
        Some(empty) => Failure::new(
            code::NOTHING_BELOW,
            format!(
                "before {} nothing of {name} was live in {environment}: release {} had unpublished it",
                top.version, empty.number
            ),
        ),
        None => Failure::new(
            code::NOTHING_BELOW,
            format!(
                "there is nothing to roll {name} back to in {environment}: nothing was live before {}",
                top.version
            ),
        ),
    };
    let earlier = below.iter().find(|entry| entry.action != Action::Unpublish);
    let failure = match earlier {
        Some(entry) => failure.hint(format!(
            "promptctl rollback {name} --env {environment} --to {} goes further back",
            entry.version
        )),
        None => failure.hint(format!(
            "promptctl publish {name}@vN --env {environment} releases another version"
        )),
    };
    failure.hint(format!(
        "promptctl unpublish {name} --env {environment} takes it out"
    ))
}
