//! What publishing a content takes, and why it cannot be.

use super::planned::{Planned, PlannedRelease, Row, not_committed};
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::name::Environment;
use crate::prompt::next::Next;
use crate::releases::evidence::Candidate;
use crate::releases::policy::Rules;
use crate::releases::recorded::Evidence;
use crate::releases::request::Options;
use crate::releases::store::Store;
use crate::releases::tag::{Action, TagName};
use crate::releases::warning::{Changed, ReleaseWarning};
use crate::repository::ObjectId;

impl Store {
    pub(super) fn plan_publish(
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
}
