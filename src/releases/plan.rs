//! Deciding what a demand means: which tags it takes, or why it cannot be.

use crate::repository::ObjectId;

use super::evidence::Candidate;
use super::gate::{Step, Verdict, judge};
use super::policy::Rules;
use super::recorded::Evidence;
use super::release::{Release, Releases};
use super::request::{Change, Options, ReleaseRequest};
use super::row::Trust;
use super::store::Store;
use super::tag::{Action, Previous, ReleaseTrailers, Tag, TagName, Trailers};
use super::warning::{Changed, ReleaseWarning};
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::prompt::code::{self, Code};
use crate::prompt::digest::Digest;
use crate::prompt::finding::Finding;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::Next;
use crate::prompt::quote::shell_paths;
use crate::prompt::version::Version;

mod rollback;

/// What becomes of the tag of the version that is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionPlan {
    /// It is where it counts.
    Confirmed,
    /// This clone made it, and it must still be sent.
    Pending(ObjectId),
    /// It is to be made.
    New,
}

/// A change that was decided and not yet made.
pub struct Planned {
    pub(crate) change: Change,
    pub(crate) commit: ObjectId,
    pub(crate) version: VersionPlan,
    pub(crate) version_tag: Tag,
    pub(crate) version_message: String,
    /// The release's tags: one, or a second one above a stray.
    pub(crate) release_tags: Vec<Tag>,
    pub(crate) previous: Previous,
    trailers: Trailers,
    words: String,
    /// Whether the same content was released there before.
    was_released: bool,
    /// The release that counts until the change is made.
    live: Option<Release>,
    /// The release that a rollback returns to.
    target: Option<Release>,
}

impl Planned {
    /// Decides by what the rules find in the content whether the change may be made. The release says
    /// what was let through.
    pub fn judge(&mut self, findings: Vec<Finding>, allowed: &[Code]) -> Verdict {
        let verdict = judge(
            findings,
            Step::Release {
                allowed,
                was_released: self.was_released,
            },
        );
        if let Some(release) = &mut self.trailers.release {
            let new = verdict.let_through.iter().copied();
            release.allowed.extend(new);
            release.allowed.sort_unstable();
            release.allowed.dedup();
        }
        verdict
    }

    /// The release that counts until the change is made.
    pub fn live(&self) -> Option<&Release> {
        self.live.as_ref()
    }

    /// The release that a rollback returns to.
    pub fn target(&self) -> Option<&Release> {
        self.target.as_ref()
    }

    /// Whether its tags are new and can all be made at once.
    pub(crate) fn is_plain(&self) -> bool {
        self.release_tags.len() == 1 && !matches!(self.version, VersionPlan::Pending(_))
    }

    /// What would change.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// The message of the release that follows this one.
    pub(crate) fn release_message(&self, previous: &Previous) -> String {
        let mut trailers = self.trailers.clone();
        if let Some(release) = &mut trailers.release {
            release.previous = previous.clone();
        }
        trailers.message(&self.words)
    }
}

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

    fn plan_publish(
        &self,
        loaded: &Loaded,
        row: &Row<'_>,
        options: &Options,
    ) -> Result<Option<Planned>, Failure> {
        let version = loaded.version();
        let commit = loaded.commit().ok_or_else(|| not_committed(loaded))?;
        let tag = TagName::Version {
            name: loaded.name.clone(),
            version,
        };
        self.refuse_changed(&tag, row, options)?;
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
            .hint(Next::bump(&loaded.name).that("gives the new content the next number")));
        }
        let live = row.top().filter(|top| {
            top.action != Action::Unpublish
                && top.version == version
                && top.digest == *loaded.digest()
        });
        if existing.is_some() && live.is_some_and(|live| row.trust.trusts(live)) {
            return Ok(None);
        }
        let mut allowed = Vec::new();
        if existing.is_none()
            && let Err(failure) = self.refuse_leap(loaded)
        {
            if !options.allowed.contains(&code::NUMBER_LEAP) {
                return Err(failure);
            }
            allowed.push(code::NUMBER_LEAP);
        }
        self.check_rules(loaded, &options.environment, &options.rules)?;
        // A version whose tag was lost gets it where its release says that it was.
        let commit = live
            .filter(|_| existing.is_none())
            .map(|live| live.commit)
            .filter(|commit| self.holds(*commit, loaded))
            .unwrap_or(commit);
        let commit = existing.as_ref().map_or(commit, |found| found.commit);
        let evidence = self.evidence_at(commit, loaded, row, options)?;
        // What is live already gives its place to the new release: a rollback goes to what lay below.
        let under = row.trust.ground(live.is_some());
        let planned = self.planned(PlannedRelease {
            name: &loaded.name,
            action: Action::Publish,
            version,
            digest: loaded.digest(),
            commit,
            under,
            row,
            passed: Vec::new(),
            evidence,
            allowed,
            options,
        })?;
        Ok(Some(planned))
    }

    /// The evidence of a content that is to be released from this commit: its number and object.
    fn evidence_at(
        &self,
        commit: ObjectId,
        loaded: &Loaded,
        row: &Row<'_>,
        options: &Options,
    ) -> Result<Option<(u64, ObjectId)>, Failure> {
        // The cases are those of the commit, whatever the working copy has.
        let released = self.load_at(commit, &loaded.name).map_err(Failure::from)?;
        let released = released.filter(|released| released.digest() == loaded.digest());
        let live = row
            .top()
            .filter(|top| top.action != Action::Unpublish && top.digest != *loaded.digest());
        let found = self.check_evidence(
            Candidate {
                loaded: released.as_ref().unwrap_or(loaded),
                environment: &options.environment,
                with_pending: !(options.push && self.has_remote()),
                live,
                now: self.settings.now,
            },
            &options.rules,
        )?;
        Ok(found.map(|evidence| (evidence.number, evidence.object)))
    }

    /// Fails where content lacks the evidence that is asked for. The evidence, where there is some.
    ///
    /// # Errors
    /// So it is; or it cannot be read.
    pub fn check_evidence_of(
        &self,
        loaded: &Loaded,
        environment: &Environment,
        rules: &Rules,
        with_pending: bool,
    ) -> Result<Option<Evidence>, Failure> {
        let releases = self.releases(&loaded.name, environment)?;
        let live = releases
            .newest()
            .filter(|top| top.action != Action::Unpublish && top.digest != *loaded.digest());
        let candidate = Candidate {
            loaded,
            environment,
            with_pending,
            live,
            now: self.settings.now,
        };
        self.check_evidence(candidate, rules)
    }

    /// Fails where the number of a version lies so far above the others that it may be a slip, or use
    /// the numbers up.
    fn refuse_leap(&self, loaded: &Loaded) -> Result<(), Failure> {
        let (name, version) = (&loaded.name, loaded.version());
        let highest = self.tagged_versions(name)?.into_keys().max();
        if !version.leaps(highest) {
            return Ok(());
        }
        let above = match highest {
            Some(highest) => format!("{highest}, the highest that has a tag"),
            None => "0 (no version has a tag yet)".to_owned(),
        };
        Err(Failure::new(
            code::NUMBER_LEAP,
            format!("{name} {version} is more than 1,000 above {above}"),
        )
        .exit(Exit::Verdict)
        .at(loaded.path.clone())
        .hint(
            Next::PublishLeap(name.clone(), version, code::NUMBER_LEAP)
                .that("releases it all the same, if the number is meant"),
        ))
    }

    /// Fails where the remote moved or dropped a tag that the publish would stand on.
    fn refuse_changed(
        &self,
        version: &TagName,
        row: &Row<'_>,
        options: &Options,
    ) -> Result<(), Failure> {
        let version = self.full(version);
        let reach = row.releases.reach;
        let is_of_row = |changed: &&Changed| {
            let below = changed.tag.strip_prefix(&self.settings.prefix);
            let is_of_environment = match below.and_then(TagName::parse) {
                Some(TagName::Release {
                    environment,
                    number,
                    ..
                }) => environment == options.environment && number <= reach,
                _ => false,
            };
            // What counted for nothing stands in nobody's way.
            changed.is_sound && (changed.tag == version || is_of_environment)
        };
        let mut changed = row.releases.notes.iter().filter_map(|note| match note {
            ReleaseWarning::Changed(changed) => Some(changed),
            _ => None,
        });
        match changed.find(is_of_row) {
            Some(changed) => Err(Failure::from(changed.finding()).exit(Exit::Verdict)),
            None => Ok(()),
        }
    }

    /// Whether a commit holds this very content under this number.
    pub(crate) fn holds(&self, commit: ObjectId, loaded: &Loaded) -> bool {
        self.load_at(commit, &loaded.name)
            .ok()
            .flatten()
            .is_some_and(|other| {
                other.version() == loaded.version() && other.digest() == loaded.digest()
            })
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
        let release_tags: Vec<Tag> = row
            .releases
            .next_numbers()
            .into_iter()
            .map(|number| {
                self.tag(TagName::Release {
                    name: name.clone(),
                    environment: environment.clone(),
                    number,
                })
            })
            .collect();
        // One that cannot be read does not stop a rollback: it is reported with the other releases.
        let version_plan = match self.confirmed_version(name, version) {
            Some(_) => VersionPlan::Confirmed,
            None => match self.version_tag(&version_tag.name)? {
                Some(found) => VersionPlan::Pending(found.object),
                None => VersionPlan::New,
            },
        };
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
        let words = options
            .message
            .clone()
            .unwrap_or_else(|| action.words(name, version, environment));
        let before = row
            .top()
            .filter(|top| top.action != Action::Unpublish)
            .map(|top| top.version);
        let mut tags = Vec::new();
        if version_plan != VersionPlan::Confirmed {
            tags.push(version_tag.clone());
        }
        tags.extend(release_tags.iter().cloned());
        Ok(Planned {
            change: Change {
                name: name.clone(),
                environment: environment.clone(),
                action,
                from: before,
                to: (action != Action::Unpublish).then_some(version),
                commit,
                tags,
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

/// A row with what is trusted of it.
struct Row<'a> {
    releases: &'a Releases,
    trust: &'a Trust<'a>,
}

impl Row<'_> {
    /// What is live, or was taken out: the newest entry.
    fn top(&self) -> Option<&Release> {
        self.releases.entries.last()
    }
}

struct PlannedRelease<'a> {
    name: &'a PromptName,
    action: Action,
    version: Version,
    digest: &'a Digest,
    commit: ObjectId,
    under: Option<u64>,
    row: &'a Row<'a>,
    passed: Vec<Release>,
    evidence: Option<(u64, ObjectId)>,
    allowed: Vec<Code>,
    options: &'a Options,
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

/// The failure of a prompt whose working copy differs from what is committed.
pub fn not_committed(loaded: &Loaded) -> Failure {
    // A version is its file and its partials: whichever of them changed must be committed.
    let partials = loaded
        .partials
        .values()
        .map(|partial| partial.path.as_str());
    let paths: Vec<&str> = std::iter::once(loaded.path.as_str())
        .chain(partials)
        .collect();
    let bump = loaded.is_unbumped().then(|| Next::bump(&loaded.name));
    let message = format!("{} has changes that are not committed", loaded.name);
    uncommitted(message, &paths, bump)
}

/// What is to be committed first: the files at these paths, after the step `before`.
pub fn uncommitted(message: String, paths: &[&str], before: Option<Next>) -> Failure {
    let all = shell_paths(paths.iter().copied());
    let commit = Next::Git(format!("git add {all} && git commit -m \"…\" -- {all}"));
    Failure::new(code::UNCOMMITTED, message)
        .at(paths.first().copied().unwrap_or_default())
        .hint(Next::All(before.into_iter().chain([commit]).collect()))
}
