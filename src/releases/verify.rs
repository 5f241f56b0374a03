//! Proving what is live: the tags of each active version, who signed its release, the rules of its
//! environment, and its content. All of it from this clone, without a network.

use jiff::Timestamp;
use rayon::prelude::*;

use super::diagnostic::Diagnostic;
use super::policy::{Rules, UnmetRule};
use super::release::Release;
use super::row::{Trust, is_true_rollback};
use super::signature::Signer;
use super::store::Store;
use super::tag::{Action, TagName};
use super::warning::ReleaseWarning;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::digest::Digest;
use crate::prompt::hint::Hint;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::{Back, Next, VersionChoice};
use crate::prompt::version::Version;
use crate::repository::ObjectId;

/// The number of prompts whose proof takes longer than opening the repository in another thread.
const WORTH_A_THREAD: usize = 8;

/// What is live of one prompt, and what of it could not be proven.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The prompt.
    pub name: PromptName,
    /// What is live; `None` where the tags do not even say that.
    pub live: Option<Live>,
    /// Who signed the release, or the publish that it returned to; only where a signature is required.
    pub signer: Option<Signer>,
    /// The lowest release down to which each follows the one before it; none where the newest does not.
    pub chain_to: Option<u64>,
    /// Since when this clone remembers the remote's tags of the prompt.
    pub since: Option<Timestamp>,
    /// What is not proven, each with what puts it right.
    pub troubles: Vec<Diagnostic>,
}

/// The release that made a version live.
#[derive(Debug, Clone)]
pub struct Live {
    pub version: Version,
    /// The release's number.
    pub number: u64,
    /// What the release did.
    pub action: Action,
    /// The tag of the release, with the prefix.
    pub release_tag: String,
    /// The tag of the version, with the prefix.
    pub version_tag: String,
    /// The commit that holds the version.
    pub commit: ObjectId,
    /// The digest of its content.
    pub digest: Digest,
    /// Who released it.
    pub by: String,
    /// When.
    pub time: Timestamp,
}

impl Proof {
    /// Whether all of it is proven.
    pub fn is_proven(&self) -> bool {
        !self.troubles.iter().any(|trouble| trouble.is_error)
    }
}

impl Store {
    /// Proves what is live in an environment, prompt by prompt.
    ///
    /// # Errors
    /// The remote's tags were not fetched, or the references cannot be read.
    pub fn verify(&self, environment: &Environment, rules: &Rules) -> Result<Vec<Proof>, Failure> {
        self.require_releases()?;
        let mut names: Vec<PromptName> = Vec::new();
        // Also those whose tags the remote dropped: they were live, and are here.
        for tag in self.compared()?.tags.keys() {
            if let Some(TagName::Release {
                name,
                environment: other,
                ..
            }) = TagName::parse(tag)
                && other == *environment
                && names.last() != Some(&name)
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        names.dedup();
        let proofs: Vec<Option<Proof>> = if names.len() < WORTH_A_THREAD {
            let proofs = names
                .iter()
                .map(|name| self.prove(name, environment, rules));
            proofs.collect()
        } else {
            let share = names.len().div_ceil(rayon::current_num_threads());
            let (again, settings) = (self.again(), &self.settings);
            let shares: Vec<Vec<_>> = names
                .par_chunks(share)
                .map(|share| {
                    let store = Self::open_again(&again, settings)?;
                    let proofs = share
                        .iter()
                        .map(|name| store.prove(name, environment, rules));
                    Ok(proofs.collect())
                })
                .collect::<Result<_, Failure>>()?;
            shares.into_iter().flatten().collect()
        };
        let mut proofs: Vec<Proof> = proofs.into_iter().flatten().collect();
        self.name_fixes(&mut proofs)?;
        Ok(proofs)
    }

    /// What is wrong with tags is fixed as `doctor` says.
    fn name_fixes(&self, proofs: &mut [Proof]) -> Result<(), Failure> {
        if proofs.iter().all(Proof::is_proven) {
            return Ok(());
        }
        let known = self.troubles_of_tags()?;
        for proof in proofs {
            let tags = proof
                .live
                .as_ref()
                .map(|live| [live.version_tag.clone(), live.release_tag.clone()]);
            for trouble in &mut proof.troubles {
                let is_same = |other: &&Diagnostic| other.message == trouble.message;
                // A warning may name the tag of the version instead of the release.
                let is_of_tag = |other: &&Diagnostic| {
                    let place = other.place.as_ref();
                    trouble.code == code::RELEASE_MISMATCH
                        && trouble.is_error
                        && tags.iter().flatten().any(|tag| place == Some(tag))
                };
                let mut found = known.iter().find(is_same);
                found = found.or_else(|| known.iter().find(is_of_tag));
                if let Some(found) = found {
                    trouble.fix.clone_from(&found.fix);
                }
            }
        }
        Ok(())
    }

    /// Proves one prompt; `None` where nothing is live.
    fn prove(&self, name: &PromptName, environment: &Environment, rules: &Rules) -> Option<Proof> {
        let mut proof = Proof {
            name: name.clone(),
            live: None,
            signer: None,
            chain_to: None,
            since: None,
            troubles: Vec::new(),
        };
        let seconds = self.seen(name).ok().and_then(|seen| seen.since);
        proof.since = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let releases = match self.releases(name, environment) {
            Ok(releases) => releases,
            Err(failure) => {
                proof.add(&failure);
                return Some(proof);
            }
        };
        let entries = releases.confirmed();
        proof.add_notes(self, &releases.notes, environment, entries.last());
        let Some(top) = entries.last() else {
            // Tags stand here, and none of them is sound.
            let is_void = |note: &ReleaseWarning| matches!(note, ReleaseWarning::InvalidTag { .. });
            if let Some(trouble) = proof.troubles.first_mut() {
                trouble.is_error |= releases.notes.iter().any(is_void);
            }
            return (!proof.troubles.is_empty()).then_some(proof);
        };
        let is_wrong = |number: u64| {
            let mut notes = releases.notes.iter();
            notes.any(|note| match note {
                ReleaseWarning::Chain { number: other } => *other == number,
                ReleaseWarning::Gap { last, .. } => last + 1 == number,
                _ => false,
            })
        };
        proof.chain_to = entries
            .iter()
            .rev()
            .take_while(|entry| !is_wrong(entry.number))
            .last()
            .map(|entry| entry.number);
        let signers = rules.signers.as_ref();
        let signed = |entry: &Release| self.is_signed(entry, entries, signers);
        let trust = Trust::new(
            entries,
            signers
                .is_some()
                .then_some(&signed as &dyn Fn(&Release) -> bool),
        );
        if top.action == Action::Unpublish {
            // Who may take a prompt out is judged as well; and nothing is live.
            self.prove_signature(top, entries, &trust, rules, &mut proof);
            return (!proof.troubles.is_empty()).then_some(proof);
        }
        proof.live = Some(self.live(top));
        self.prove_signature(top, entries, &trust, rules, &mut proof);
        let loaded = match self.load_active(name, environment) {
            Ok(loaded) => loaded,
            Err(failure) => {
                proof.add(&failure);
                return Some(proof);
            }
        };
        if loaded.version() != top.version {
            proof.add(&Failure::new(
                code::RELEASE_MISMATCH,
                format!(
                    "release {} of {name} in {environment} names {}, and its commit holds {}",
                    top.number,
                    top.version,
                    loaded.version()
                ),
            ));
        }
        // No rule stands in the way of a rollback that is one.
        let is_free = is_true_rollback(entries, &trust);
        if !is_free {
            self.prove_rules(&loaded, top, rules, &mut proof);
        }
        if (!is_free || top.evidence.is_some())
            && let Some(trouble) = self.prove_evidence(top, entries, &loaded, rules)
        {
            proof.troubles.push(trouble);
        }
        Some(proof)
    }

    fn live(&self, top: &Release) -> Live {
        let tag = |tag: TagName| format!("{}{tag}", self.settings.prefix);
        Live {
            version: top.version,
            number: top.number,
            action: top.action,
            release_tag: tag(TagName::Release {
                name: top.name.clone(),
                environment: top.environment.clone(),
                number: top.number,
            }),
            version_tag: tag(TagName::Version {
                name: top.name.clone(),
                version: top.version,
            }),
            commit: top.commit,
            digest: top.digest.clone(),
            by: top.by.clone(),
            time: top.time,
        }
    }

    fn prove_signature(
        &self,
        top: &Release,
        entries: &[Release],
        trust: &Trust<'_>,
        rules: &Rules,
        proof: &mut Proof,
    ) {
        let Some(signers) = &rules.signers else {
            return;
        };
        // A rollback needs no signature where the publish that it returns to has one.
        if let Some(origin) = trust.origin(top) {
            proof.signer = self.release_signer(origin, entries, signers).ok();
            return;
        }
        let Release {
            name,
            environment,
            version,
            number,
            ..
        } = top;
        let what = match self.release_signer(top, entries, signers) {
            Err(what) => what,
            // It is a rollback to what nobody signed for.
            Ok(_) => "returns to what nobody signed for".to_owned(),
        };
        let fix = match top.action {
            Action::Unpublish => Hint::sentence([
                Next::roll_back(name, environment, Back::Once).into(),
                ", or a signed release of what shall be live".into(),
            ]),
            _ => Next::publish(name, VersionChoice::Version(*version), environment).into(),
        };
        proof.troubles.push(Diagnostic::error(
            code::UNSIGNED,
            format!("release {number} of {name} in {environment} {what}"),
            fix,
        ));
    }

    fn prove_rules(&self, loaded: &Loaded, top: &Release, rules: &Rules, proof: &mut Proof) {
        let (name, version, environment) = (&top.name, top.version, &top.environment);
        // It need not be live there now, but must have been.
        let was_live = |source: &Environment| {
            Ok(self.releases(name, source).is_ok_and(|releases| {
                let mut entries = releases.confirmed().iter();
                entries.any(|entry| entry.action != Action::Unpublish && entry.digest == top.digest)
            }))
        };
        for unmet in self.unmet(loaded, rules, &was_live) {
            proof.troubles.push(match unmet {
                Ok(UnmetRule::Branch(branch)) => Diagnostic::error(
                    code::WRONG_BRANCH,
                    format!("{name} {version} is not on {branch}, which {environment} requires"),
                    Next::roll_back(name, environment, Back::Once)
                        .after(format!("merge it into {branch}, or ")),
                ),
                Ok(UnmetRule::Source(source)) => Diagnostic::error(
                    code::NOT_STAGED,
                    format!("{name} {version} is live in {environment} and never was in {source}"),
                    Next::publish(name, VersionChoice::Version(version), source),
                ),
                Err(failure) => {
                    proof.add(&failure);
                    continue;
                }
            });
        }
    }
}

impl Proof {
    /// Adds what is odd about the row of an environment. A tag that was moved or dropped, and a break
    /// below the newest release, are alarms; what is passed over, or is history, proves nothing wrong.
    fn add_notes(
        &mut self,
        store: &Store,
        notes: &[ReleaseWarning],
        environment: &Environment,
        top: Option<&Release>,
    ) {
        let top = top.map_or(0, |top| top.number);
        for note in notes {
            if matches!(note, ReleaseWarning::NoVersionTag { number, .. } if *number != top) {
                // What is not live is not part of the proof.
                continue;
            }
            let is_error = match note {
                ReleaseWarning::Changed(_) => true,
                ReleaseWarning::Gap { last, .. } => last + 1 == top,
                ReleaseWarning::Chain { number } | ReleaseWarning::NoVersionTag { number, .. } => {
                    *number == top
                }
                ReleaseWarning::InvalidTag { .. }
                | ReleaseWarning::Stray { .. }
                | ReleaseWarning::Under { .. }
                | ReleaseWarning::Ahead { .. } => false,
            };
            let finding = note.finding(&self.name, environment, &store.settings.prefix);
            let failure = Failure::from(finding);
            let fix = failure.hints.first().cloned().unwrap_or_default();
            self.troubles.push(Diagnostic {
                is_error,
                ..Diagnostic::of(&failure, fix)
            });
        }
    }

    fn add(&mut self, failure: &Failure) {
        let fix = failure.hints.first().cloned().unwrap_or_default();
        let trouble = Diagnostic::of(failure, fix);
        if !self
            .troubles
            .iter()
            .any(|other| other.message == trouble.message)
        {
            self.troubles.push(trouble);
        }
    }
}
