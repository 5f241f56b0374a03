//! Proving what is live: the tags of each active version, who signed its release, the rules of its
//! environment, and its content. All of it from this clone, without a network.

use jiff::Timestamp;
use rayon::prelude::*;

use super::doctor::Trouble;
use super::policy::Rules;
use super::release::{Release, is_true_rollback};
use super::signature::Signer;
use super::tag::{Action, TagName};
use super::{Loaded, Store};
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::digest::Digest;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;

/// The number of prompts whose proof takes longer than opening the repository in another thread.
const WORTH_A_THREAD: usize = 8;

/// What is live of one prompt, and what of it could not be proven.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The prompt.
    pub name: PromptName,
    /// What is live; `None` where the tags do not even say that.
    pub live: Option<Live>,
    /// Who signed the release; only where a signature is required.
    pub signer: Option<Signer>,
    /// What is not proven, each with what puts it right.
    pub troubles: Vec<Trouble>,
}

/// The release that made a version live.
#[derive(Debug, Clone)]
pub struct Live {
    /// The version.
    pub version: Version,
    /// The release's number.
    pub number: u32,
    /// What the release did.
    pub action: Action,
    /// The tag of the release, with the prefix.
    pub release_tag: String,
    /// The tag of the version, with the prefix.
    pub version_tag: String,
    /// The commit that holds the version.
    pub commit: String,
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
        self.troubles.is_empty()
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
        for found in self.refs_below(&self.true_space().base)? {
            if let Some(TagName::Release {
                name,
                environment: other,
                ..
            }) = TagName::parse(&found.rest)
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
            let (path, settings) = (self.repo.path(), &self.settings);
            let shares: Vec<Vec<_>> = names
                .par_chunks(share)
                .map(|share| {
                    let store = Self::open_again(path, settings)?;
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
                let is_same = |other: &&Trouble| other.message == trouble.message;
                // A release may be told of as the tag of its version.
                let is_of_tag = |other: &&Trouble| {
                    let place = other.place.as_ref();
                    trouble.code == code::RELEASE_MISMATCH
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
            troubles: Vec::new(),
        };
        let releases = match self.releases(name, environment) {
            Ok(releases) => releases,
            Err(failure) => {
                proof.add(&failure);
                return Some(proof);
            }
        };
        let entries = releases.confirmed();
        let top = entries
            .last()
            .filter(|top| top.action != Action::Unpublish)?;
        proof.live = Some(self.live(top));
        if let Err(failure) = self.check_against_version(top) {
            proof.add(&failure);
        }
        self.prove_signature(top, rules, &mut proof);
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
        if !is_true_rollback(entries) {
            self.prove_rules(&loaded, top, rules, &mut proof);
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
            commit: top.commit.clone(),
            digest: top.digest.clone(),
            by: top.by.clone(),
            time: top.time,
        }
    }

    fn prove_signature(&self, top: &Release, rules: &Rules, proof: &mut Proof) {
        let Some(signers) = &rules.signers else {
            return;
        };
        let signer = match self.release_object(top) {
            Some(object) => self.signer_of(object, signers),
            None => Err("is not in this clone".to_owned()),
        };
        match signer {
            Ok(signer) => proof.signer = Some(signer),
            Err(what) => proof.troubles.push(Trouble::error(
                code::UNSIGNED,
                format!(
                    "release {} of {} in {} {what}",
                    top.number, top.name, top.environment
                ),
                format!(
                    "promptctl publish {}@{} --env {}",
                    top.name, top.version, top.environment
                ),
            )),
        }
    }

    fn prove_rules(&self, loaded: &Loaded, top: &Release, rules: &Rules, proof: &mut Proof) {
        let (name, version, environment) = (&top.name, top.version, &top.environment);
        for branch in &rules.branches {
            match self.branch_holds(branch, loaded) {
                Ok(true) => {}
                Ok(false) => proof.troubles.push(Trouble::error(
                    code::WRONG_BRANCH,
                    format!("{name} {version} is not on {branch}, which {environment} requires"),
                    format!(
                        "merge it into {branch}, or promptctl rollback {name} --env {environment}"
                    ),
                )),
                Err(failure) => proof.add(&failure),
            }
        }
        for source in &rules.sources {
            // It need not be live there now, but must have been.
            let was_live = self.releases(name, source).is_ok_and(|releases| {
                releases
                    .confirmed()
                    .iter()
                    .any(|entry| entry.action != Action::Unpublish && entry.digest == top.digest)
            });
            if !was_live {
                proof.troubles.push(Trouble::error(
                    code::NOT_STAGED,
                    format!("{name} {version} is live in {environment} and never was in {source}"),
                    format!("promptctl publish {name}@{version} --env {source}"),
                ));
            }
        }
    }
}

impl Proof {
    fn add(&mut self, failure: &Failure) {
        let fix = failure.hints.first().cloned().unwrap_or_default();
        let trouble = Trouble::of(failure, fix);
        if !self
            .troubles
            .iter()
            .any(|other| other.message == trouble.message)
        {
            self.troubles.push(trouble);
        }
    }
}
