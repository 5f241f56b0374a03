//! Versions and releases: every tag is what it says, and none is missing.

use std::collections::{BTreeMap, BTreeSet};

use crate::prompt::hint::Hint;
use crate::prompt::next::{Next, VersionChoice};
use crate::repository::ObjectId;

use super::diagnostic::Diagnostic;
use super::row::find;
use super::store::Store;
use super::tag::{EVIDENCE, TagName, stands_for};
use super::warning::{InvalidTag, ReleaseWarning};
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
    releases: BTreeMap<(PromptName, Environment), BTreeMap<u64, ObjectId>>,
    /// The prompts that have evidence.
    evidence: BTreeSet<PromptName>,
}

impl Store {
    pub(crate) fn troubles_of_tags(&self) -> Result<Vec<Diagnostic>, Failure> {
        let mut rows = Rows::default();
        let mut strange = Vec::new();
        for (rest, id) in self.compared()?.tags {
            match TagName::parse(&rest) {
                Some(TagName::Version { name, version }) => {
                    rows.versions.insert((name, version));
                }
                Some(TagName::Release {
                    name,
                    environment,
                    number,
                }) => {
                    let row = rows.releases.entry((name, environment)).or_default();
                    row.insert(number, id);
                }
                Some(TagName::Evidence { name, .. }) => {
                    rows.evidence.insert(name);
                }
                None => strange.push(rest),
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
        // A remote that the settings name and git does not know is reported with the settings: the tags that are here are
        // looked at all the same.
        if self.knows_releases() || self.require_known_remote().is_err() {
            for (name, environment) in rows.releases.keys() {
                self.check_row(name, environment, &wrong, &mut troubles);
            }
            self.check_evidence_tags(&rows.evidence, &mut troubles);
            self.check_deleted(&mut troubles)?;
        }
        let in_the_way = strange
            .iter()
            .filter(|rest| self.is_in_the_way(rest, &rows));
        troubles.extend(in_the_way.map(|rest| self.trouble_of_stray_name(rest)));
        Ok(troubles)
    }

    /// A version's tag must hold the version that it says.
    fn trouble_of_version(
        &self,
        name: &PromptName,
        version: Version,
        rows: &Rows,
    ) -> Option<Diagnostic> {
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
            self.restore(&tag, object).into()
        } else {
            // A release that names the version says what its tag was.
            let released = rows
                .releases
                .iter()
                .filter(|((other, _), _)| other == name)
                .find(|((_, environment), row)| {
                    let newest = row.last_key_value();
                    newest.is_some_and(|(number, object)| {
                        let tag = TagName::Release {
                            name: name.clone(),
                            environment: environment.clone(),
                            number: *number,
                        };
                        self.tag_trailers(*object, &tag)
                            .is_ok_and(|trailers| trailers.version == version)
                    })
                });
            let away = self.take_away(&tag);
            let fix = match released {
                Some(((_, environment), _)) => {
                    let which = VersionChoice::Version(version);
                    Next::All(vec![away, Next::publish(name, which, environment)])
                }
                None => away,
            };
            fix.into()
        };
        Some(Diagnostic::of(&failure, fix).at(format!("{}{tag}", self.settings.prefix)))
    }

    /// What puts right what is not wrong with a tag itself.
    fn fix_of(&self, failure: &Failure) -> Hint {
        let is_missing = failure.code == Some(code::SHALLOW);
        match self.fill().filter(|_| is_missing) {
            Some(fill) => fill.into(),
            None if is_missing && self.has_remote() => Next::Fetch.into(),
            None => failure.hints.first().cloned().unwrap_or_default(),
        }
    }

    /// No file may hold another content under a number that was published.
    fn check_contents(
        &self,
        rows: &Rows,
        wrong: &BTreeSet<(PromptName, Version)>,
        troubles: &mut Vec<Diagnostic>,
    ) {
        let (contested, _) = self.load_each(self.list(), |loaded| {
            let key = (loaded.name.clone(), loaded.version());
            // A digest line that does not fit is reported with the file.
            let is_bumped = !loaded.is_unbumped();
            (is_bumped && rows.versions.contains(&key) && !wrong.contains(&key)).then_some(loaded)
        });
        for loaded in contested.into_iter().flatten() {
            if !self.is_taken(&loaded) {
                continue;
            }
            let (name, path) = (&loaded.name, &loaded.path);
            troubles.push(
                Diagnostic::error(
                    code::NUMBER_TAKEN,
                    format!(
                        "{name} {} was published with other content than the file has",
                        loaded.version()
                    ),
                    Next::All(vec![
                        Next::bump(name),
                        Next::Git(format!(
                            "git commit -m \"Bump {name}\" -- {}",
                            shell_path(path)
                        )),
                    ]),
                )
                .at(path.clone()),
            );
        }
    }

    fn check_row(
        &self,
        name: &PromptName,
        environment: &Environment,
        wrong: &BTreeSet<(PromptName, Version)>,
        troubles: &mut Vec<Diagnostic>,
    ) {
        let releases = match self.releases(name, environment) {
            Ok(releases) => releases,
            Err(failure) => {
                let fix = match failure.code {
                    Some(code::TAG_GONE) => Next::Fetch.into(),
                    _ => self.fix_of(&failure),
                };
                troubles.push(Diagnostic::of(&failure, fix));
                return;
            }
        };
        let live = releases.newest().map_or(0, |newest| newest.number);
        for note in &releases.notes {
            // What lies below is history, once a sound release stands above it.
            let is_history = match note {
                ReleaseWarning::Chain { number } => *number != live,
                ReleaseWarning::NoVersionTag { number, version } => {
                    let entry = find(&releases.entries, *number);
                    let top = find(&releases.entries, live);
                    let is_reported = wrong.contains(&(name.clone(), *version));
                    is_reported
                        || entry != top
                            && entry
                                .is_none_or(|it| Some(it.number) != top.and_then(|top| top.under))
                }
                // Another tag has a name below its own; that one is reported.
                ReleaseWarning::InvalidTag { number, .. }
                    if self
                        .ref_target(&self.true_space().reference(&TagName::Release {
                            name: name.clone(),
                            environment: environment.clone(),
                            number: *number,
                        }))
                        .is_none() =>
                {
                    true
                }
                // Reported as a change that the remote made.
                ReleaseWarning::InvalidTag { number, .. }
                    if releases.notes.iter().any(|note| {
                        let tag = self.full(&TagName::Release {
                            name: name.clone(),
                            environment: environment.clone(),
                            number: *number,
                        });
                        matches!(note, ReleaseWarning::Changed(changed) if changed.tag == tag)
                    }) =>
                {
                    true
                }
                // Reported with the version's tag.
                ReleaseWarning::InvalidTag {
                    why: InvalidTag::Disagrees(version),
                    ..
                } => wrong.contains(&(name.clone(), *version)),
                _ => false,
            };
            if !is_history {
                troubles.push(self.trouble_of_note(note, name, environment, live));
            }
        }
        let is_void = |note: &ReleaseWarning| matches!(note, ReleaseWarning::InvalidTag { .. });
        if live == 0 && releases.notes.iter().any(is_void) {
            troubles.push(Diagnostic::error(
                code::BAD_TAG,
                format!("no release tag of {name} in {environment} is sound: nobody can say what is live"),
                Next::publish(name, VersionChoice::OfFile, environment),
            ));
        }
    }

    /// What is odd about a row, with the command that puts it right.
    fn trouble_of_note(
        &self,
        note: &ReleaseWarning,
        name: &PromptName,
        environment: &Environment,
        live: u64,
    ) -> Diagnostic {
        let release = |number| TagName::Release {
            name: name.clone(),
            environment: environment.clone(),
            number,
        };
        let look = match self.settings.remote.is_some() {
            // The tags are the remote's.
            true => Hint::sentence([
                Next::Doctor.into(),
                ", in a clone that fetched it before it was lost".into(),
            ]),
            false => Next::Git(LOOK.to_owned()).into(),
        };
        let put_back = |tag: &TagName, otherwise: Hint| match self.lost_object(tag) {
            Some(object) => self.restore(tag, object).into(),
            None => otherwise,
        };
        let (place, fix): (_, Hint) = match note {
            ReleaseWarning::InvalidTag { number, .. } => {
                let tag = release(*number);
                (
                    Some(self.full(&tag)),
                    put_back(&tag, self.take_away(&tag).into()),
                )
            }
            ReleaseWarning::Gap { first, .. } => {
                let tag = release(*first);
                (Some(self.full(&tag)), put_back(&tag, look))
            }
            ReleaseWarning::Stray { first, .. } => {
                let tag = release(*first);
                (Some(self.full(&tag)), self.take_away(&tag).into())
            }
            ReleaseWarning::Chain { number }
            | ReleaseWarning::Under { number }
            | ReleaseWarning::Ahead { number } => {
                let tag = release(*number);
                let look = Next::releases_of(name, environment);
                (Some(self.full(&tag)), look.into())
            }
            ReleaseWarning::NoVersionTag { number, version } => {
                let tag = TagName::Version {
                    name: name.clone(),
                    version: *version,
                };
                let publish = if *number == live {
                    Next::publish(name, VersionChoice::Version(*version), environment).into()
                } else {
                    look
                };
                (None, put_back(&tag, publish))
            }
            ReleaseWarning::Changed(changed) => (Some(changed.tag.clone()), changed.cure().into()),
        };
        let finding = note.finding(name, environment, &self.settings.prefix);
        let is_error = match note {
            ReleaseWarning::NoVersionTag { number, .. } => *number == live,
            _ => finding.is_error(),
        };
        Diagnostic {
            is_error,
            place,
            fix,
            ..Diagnostic::error(finding.code, finding.message, String::new())
        }
    }

    /// Tags of evidence that are none count for nothing, and what the remote did to others is told.
    fn check_evidence_tags(&self, names: &BTreeSet<PromptName>, troubles: &mut Vec<Diagnostic>) {
        for name in names {
            let row = match self.evidence(name) {
                Ok(row) => row,
                Err(failure) => {
                    troubles.push(Diagnostic::of(&failure, self.fix_of(&failure)));
                    continue;
                }
            };
            let is_changed = |full: &str| row.changed.iter().any(|it| it.tag == full);
            for (number, why) in &row.void {
                let tag = TagName::Evidence {
                    name: name.clone(),
                    number: *number,
                };
                let full = self.full(&tag);
                // Another tag has a name below its own, or the remote changed it: that is reported.
                let is_there = self
                    .ref_target(&self.true_space().reference(&tag))
                    .is_some();
                if is_there && !is_changed(&full) {
                    let message = format!("the tag {full} {why}: it is no evidence");
                    let fix = self.take_away(&tag);
                    troubles.push(Diagnostic::warning(code::BAD_TAG, message, fix).at(full));
                }
            }
            for changed in &row.changed {
                let finding = changed.finding();
                troubles.push(Diagnostic {
                    is_error: finding.is_error(),
                    place: Some(changed.tag.clone()),
                    fix: changed.cure().into(),
                    ..Diagnostic::error(finding.code, finding.message, String::new())
                });
            }
        }
    }

    /// Whether a tag that is neither a version nor a release has the name of a prompt, or of an
    /// environment of it: git can make no tags below it then.
    fn is_in_the_way(&self, rest: &str, rows: &Rows) -> bool {
        let is_prompt = |text: &str| {
            let Ok(name) = text.parse::<PromptName>() else {
                return false;
            };
            rows.versions.iter().any(|(other, _)| *other == name)
                || rows.evidence.contains(&name)
                || rows.releases.keys().any(|(other, _)| *other == name)
                || self.list().files.iter().any(|file| file.name == name)
        };
        let is_below_a_tag = rest
            .match_indices('/')
            .any(|(at, _)| TagName::parse(&rest[..at]).is_some());
        is_below_a_tag
            || is_prompt(rest)
            || rest.rsplit_once('/').is_some_and(|(name, environment)| {
                let is_of_row =
                    environment == EVIDENCE || environment.parse::<Environment>().is_ok();
                is_of_row && is_prompt(name)
            })
    }

    /// A tag with the name of a prompt or an environment.
    fn trouble_of_stray_name(&self, rest: &str) -> Diagnostic {
        let full = format!("{}{rest}", self.settings.prefix);
        let delete = Next::Git(format!("git tag -d {full}"));
        let fix = match self.settings.remote.as_deref() {
            Some(remote) => {
                let own = self.ref_target(&format!("refs/tags/{full}"));
                let here = own.map(|_| delete);
                let there = Next::Git(format!("git push {remote} --delete refs/tags/{full}"));
                // What was never looked at needs no word of a person.
                let fetch = match stands_for(rest) {
                    Some(_) => Next::Accept(full.clone()),
                    None => Next::Fetch,
                };
                Next::All(here.into_iter().chain([there, fetch]).collect())
            }
            None => delete,
        };
        Diagnostic::warning(
            code::BAD_TAG,
            format!("the tag {full} is neither a version nor a release, and stands where they must be made"),
            fix,
        )
        .at(full)
    }

    /// A prompt stays live when its file is deleted, which may not be what was meant.
    fn check_deleted(&self, troubles: &mut Vec<Diagnostic>) -> Result<(), Failure> {
        let files: BTreeSet<PromptName> = self
            .list()
            .files
            .into_iter()
            .map(|file| file.name)
            .collect();
        let overview = self.overview()?;
        for name in overview.states.keys().filter(|name| !files.contains(*name)) {
            for (environment, _) in overview.live(name) {
                troubles.push(Diagnostic::warning(
                    code::UNKNOWN_PROMPT,
                    format!("{name} is live in {environment}, and its file was deleted"),
                    Next::unpublish(name, environment),
                ));
            }
        }
        Ok(())
    }
}
