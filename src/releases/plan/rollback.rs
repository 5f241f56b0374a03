//! Where a rollback goes, and why it cannot.

use super::planned::{Planned, PlannedRelease, Row};
use crate::error::{Exit, Failure};
use crate::prompt::code::{self};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::next::{Back, Next, VersionChoice};
use crate::prompt::reference::Reference;
use crate::prompt::version::Version;
use crate::releases::made::SendState;
use crate::releases::release::Release;
use crate::releases::request::{Options, RollbackTarget};
use crate::releases::row::{RollbackPath, Trust};
use crate::releases::store::Store;
use crate::releases::tag::{Action, TagName};

impl Store {
    /// The version that a bare rollback would go to if nobody had to sign for it.
    ///
    /// # Errors
    /// The tags are not in this clone.
    pub fn unsigned_target(
        &self,
        name: &PromptName,
        options: &Options,
    ) -> Result<Option<Version>, Failure> {
        let releases = self.releases(name, &options.environment)?;
        let entries = releases.confirmed();
        let signers = options.rules.signers.as_ref();
        let signed = |entry: &Release| self.is_signed(entry, entries, signers);
        let way = Trust::new(entries, Some(&signed)).way();
        let others = entries
            .last()
            .map(|top| unsigned(top, &way.passed, entries));
        Ok(others.and_then(|others| others.first().map(|entry| entry.version)))
    }

    pub(super) fn plan_rollback(
        &self,
        name: &PromptName,
        back: RollbackTarget,
        row: &Row<'_>,
        options: &Options,
    ) -> Result<Option<Planned>, Failure> {
        let environment = &options.environment;
        let Some(top) = row.top() else {
            return Err(self.nothing_released(name, environment));
        };
        let is_live = |version| top.version == version && top.action != Action::Unpublish;
        let way = row.trust.way();
        let target = match back {
            // Asked again after it was done, perhaps by a run that was killed before it could say so.
            RollbackTarget::To(version) if is_live(version) => return Ok(None),
            RollbackTarget::To(version) => row
                .trust
                .to(version)
                .ok_or_else(|| self.not_below(name, version, environment, &way))?,
            RollbackTarget::Undo(version) if !is_live(version) => return Ok(None),
            RollbackTarget::Undo(_) => target(name, environment, top, &way, &row.releases.entries)?,
            RollbackTarget::Below { again } => {
                if top.action == Action::Rollback && !top.pending {
                    if self.was_being_sent(top)? {
                        return Ok(None);
                    }
                    if !again && self.has_remote() && !options.before.knows(top) {
                        return Err(unseen(top));
                    }
                }
                target(name, environment, top, &way, &row.releases.entries)?
            }
        };
        let commit = target.commit;
        let mut planned = self.planned(PlannedRelease {
            name,
            action: Action::Rollback,
            version: target.version,
            digest: &target.digest,
            commit,
            under: target.under,
            row,
            // Who names a version goes there, whoever released what lies between.
            passed: match back {
                RollbackTarget::To(_) => Vec::new(),
                _ => way.passed.iter().map(|entry| (*entry).clone()).collect(),
            },
            evidence: None,
            allowed: Vec::new(),
            options,
        })?;
        planned.target = Some(target.clone());
        Ok(Some(planned))
    }

    /// Whether a release is one that this clone sent, and then was killed or got no answer. From now on
    /// it is known to be done.
    fn was_being_sent(&self, top: &Release) -> Result<bool, Failure> {
        let tag = self.tag(TagName::Release {
            name: top.name.clone(),
            environment: top.environment.clone(),
            number: top.number,
        });
        let key = (tag, top.object);
        if self.made().get(&key) != Some(&SendState::Sending) {
            return Ok(false);
        }
        self.journal(SendState::Confirmed, &[key])?;
        Ok(true)
    }

    /// Why a rollback cannot return to a version: there is none, or it does not lie below.
    fn not_below(
        &self,
        name: &PromptName,
        version: Version,
        environment: &Environment,
        way: &RollbackPath<'_>,
    ) -> Failure {
        let below: Vec<&Release> = way.target.iter().chain(&way.below).copied().collect();
        let below = &below[..];
        match self.load(&Reference::version(name.clone(), version)) {
            Err(failure) if failure.code == Some(code::UNKNOWN_VERSION) => {
                can_return(failure, below)
            }
            _ => not_in_stack(name, version, environment, below),
        }
    }
}

/// Where a bare rollback goes.
fn target<'a>(
    name: &PromptName,
    environment: &Environment,
    top: &Release,
    way: &RollbackPath<'a>,
    entries: &[Release],
) -> Result<&'a Release, Failure> {
    match way.target {
        Some(target) if target.action != Action::Unpublish => Ok(target),
        Some(_) => {
            let below: Vec<&Release> = way.target.iter().chain(&way.below).copied().collect();
            Err(nothing_below(name, environment, top, &below))
        }
        None if way.passed.iter().any(|entry| entry.version != top.version) => {
            Err(untrusted(name, environment, top, &way.passed, entries))
        }
        None => match way.broken {
            Some(number) => Err(broken(name, environment, top, number)),
            None => Err(nothing_below(name, environment, top, &[])),
        },
    }
}

fn unseen(top: &Release) -> Failure {
    let Release {
        name,
        environment,
        version,
        ..
    } = top;
    Failure::new(
        code::UNSEEN_ROLLBACK,
        format!(
            "{} has rolled {name} back to {version} in {environment} already, at {} (release {}){}",
            top.by,
            top.time,
            top.number,
            if top.has_own_message() {
                format!(": {}", top.message.lines().next().unwrap_or_default())
            } else {
                String::new()
            }
        ),
    )
    .exit(Exit::Verdict)
    .hint(Next::roll_back(name, environment, Back::Again).that("goes one version further back"))
    .hint("nothing was changed")
}

/// What nobody signed for and a rollback could go to all the same, each version once: first where it
/// would go if nobody had to sign, which is not what was rolled back from.
fn unsigned<'a>(top: &Release, passed: &[&'a Release], entries: &'a [Release]) -> Vec<&'a Release> {
    let plain = Trust::new(entries, None).way();
    let mut others: Vec<&Release> = Vec::new();
    let stack = plain.target.iter().chain(&plain.below);
    for entry in stack.chain(passed).copied() {
        let is_told = others.iter().any(|other| other.version == entry.version);
        let was_passed = passed.iter().any(|other| other.number == entry.number);
        if !is_told && was_passed && entry.version != top.version {
            others.push(entry);
        }
    }
    others
}

fn untrusted(
    name: &PromptName,
    environment: &Environment,
    top: &Release,
    passed: &[&Release],
    entries: &[Release],
) -> Failure {
    let others = unsigned(top, passed, entries);
    let mut failure = Failure::new(
        code::UNTRUSTED,
        format!(
            "nobody whose signature counts today signed for what was live before {} of {name} in {environment}",
            top.version
        ),
    )
    .exit(Exit::Verdict);
    for entry in others.into_iter().take(3) {
        let to = Next::roll_back(name, environment, Back::To(entry.version));
        failure = failure.hint(to.that(&format!(
            "goes to what {} released without such a signature (release {})",
            entry.by, entry.number
        )));
    }
    failure.hint("nothing was changed")
}

fn broken(name: &PromptName, environment: &Environment, top: &Release, number: u64) -> Failure {
    Failure::new(
        code::NOTHING_BELOW,
        format!(
            "release {} of {name} in {environment} says that release {number} lies below it, which is missing or void",
            top.number
        ),
    )
    .hint(Next::roll_back(name, environment, Back::ToAny).that("names the version to go to"))
    .hint(Next::releases_of(name, environment).that("shows them"))
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
    can_return(failure, below).hint(
        Next::publish(name, VersionChoice::Version(version), environment)
            .that("releases any version"),
    )
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
        Some(entry) => failure.hint(
            Next::roll_back(name, environment, Back::To(entry.version)).that("goes further back"),
        ),
        None => failure.hint(
            Next::publish(name, VersionChoice::Any, environment).that("releases another version"),
        ),
    };
    failure.hint(Next::unpublish(name, environment).that("takes it out"))
}
