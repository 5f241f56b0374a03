//! The rules of an environment, as far as they were reviewed.

use crate::config::{CONFIG_FILE, Config, Policy};
use crate::error::{Exit, Failure};
use crate::experiment::PromptFiles;
use crate::experiment::evidence::{at_commit, committed_suite};
use crate::experiment::judge::{calibration, is_judge};
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::name::Environment;
use crate::prompt::quote::shell_path;
use crate::releases::{JudgeFacts, ReadSuite, Rules, SettingsCommit, Signers, Store, SuiteFacts};

use super::session::Session;

/// What must hold before something is published to an environment.
///
/// A rule counts if it stands in `promptctl.yaml` on the remote's default branch, in HEAD or in the
/// working copy, so that a branch can add rules for itself and take none away. The keys that count
/// are those of the first of these commits that names a file of them, never of the working copy.
///
/// # Errors
/// A rule cannot be read, or cannot be honoured.
pub(super) fn rules_of(
    environment: &Environment,
    store: &Store,
    config: &Config,
) -> Result<Rules, Failure> {
    let mut rules = Rules::default();
    let (wants_signature, signers) = read(
        store,
        config,
        &mut |config| add(&mut rules, environment, config),
        &mut Err,
    )?;
    rules.suite = Some(ReadSuite(suite_facts));
    if !wants_signature {
        return Ok(rules);
    }
    let Some((place, path)) = signers else {
        let file = shell_path(config.allowed_signers.as_deref().unwrap_or_default());
        return Err(Failure::new(
            code::BAD_SIGNERS,
            "`allowedSigners` counts only when it is committed",
        )
        .exit(Exit::Verdict)
        .at(CONFIG_FILE)
        .hint(format!(
            "git add {CONFIG_FILE} {file} && git commit -m \"Allowed signers\" -- {CONFIG_FILE} {file}"
        )));
    };
    rules.signers = Some(store.signers_at(&place, &path)?);
    Ok(rules)
}

/// The suite of a content as it was committed.
fn suite_facts(store: &Store, loaded: &Loaded) -> Result<SuiteFacts, Failure> {
    let suite = committed_suite(store, loaded)?;
    Ok(SuiteFacts {
        cases: suite.cases.len(),
        repeat: suite.repeat,
        judge: judge_facts(store, loaded),
        asked: suite.asked(),
        digest: suite.digest,
    })
}

/// What labels of people have shown of a prompt, where it is a judge.
fn judge_facts(store: &Store, loaded: &Loaded) -> Option<JudgeFacts> {
    if !is_judge(loaded) {
        return None;
    }
    let loaded = at_commit(loaded);
    Some(JudgeFacts {
        path: calibration::path_of(&loaded),
        checked: calibration::of(&loaded, &PromptFiles::of(store, &loaded)),
    })
}

/// Whose signatures count for evidence: those of the environments that want evaluations and
/// signatures. None where none of them wants both.
///
/// # Errors
/// A rule cannot be read.
pub(super) fn signers_of_evidence(
    store: &Store,
    config: &Config,
) -> Result<Option<Signers>, Failure> {
    for (environment, _) in &config.environments {
        let rules = rules_of(environment, store, config)?;
        if !rules.evaluations.is_empty() && rules.signers.is_some() {
            return Ok(rules.signers);
        }
    }
    Ok(None)
}

/// The branches that the rules of all environments name, as far as they can be read: what is fetched
/// together with the tags, so that no branch of yesterday decides.
pub(super) fn branches_of(store: &Store, config: &Config) -> Vec<String> {
    let mut branches = Vec::new();
    let mut add = |config: &Config| {
        for (_, policy) in &config.environments {
            if let Some(branch) = &policy.require_branch
                && !branches.contains(branch)
            {
                branches.push(branch.clone());
            }
        }
    };
    add(config);
    // What is wrong there is reported when the rules are asked.
    let there = committed(store).filter_map(|(_, there)| there.ok());
    for there in there.flatten() {
        add(&there);
    }
    branches
}

/// Whose signatures count for a rollback. Nothing of this stands in its way: where the list cannot be
/// read although signatures are required, nobody's count.
pub(super) fn signers_of(
    environment: &Environment,
    store: &Store,
    config: &Config,
    session: &mut Session,
) -> Option<Signers> {
    let wants = &mut |config: &Config| Ok(config.policy(environment).require_signed);
    let told = &mut |failure| {
        session.ui.warning(&failure);
        Ok(())
    };
    let (is_required, signers) = read(store, config, wants, told).ok()?;
    if !is_required {
        return None;
    }
    let listed = signers.map(|(place, path)| store.signers_at(&place, &path));
    match listed {
        Some(Ok(signers)) => Some(signers),
        Some(Err(failure)) => {
            session.ui.warning(&failure);
            Some(Signers::nobody(CONFIG_FILE))
        }
        None => Some(Signers::nobody(CONFIG_FILE)),
    }
}

/// The settings of each commit that counts, where it has any.
fn committed(
    store: &Store,
) -> impl Iterator<Item = (SettingsCommit, Result<Option<Config>, Failure>)> {
    store.places_of_policy().into_iter().map(|place| {
        let text = store.config_at(&place);
        let there = text.and_then(|text| {
            let there = text.map(|text| Config::parse(&text)).transpose();
            there.map_err(|failure| with_source(failure, &place))
        });
        (place, there)
    })
}

/// Reads all settings that count: those of the working copy, then those of each commit. Returns
/// whether any of them wants a signature, as `add` says of each, and where the first file of keys is
/// that a commit names. What cannot be read of a commit goes to `fault`, which ends it or does not.
fn read(
    store: &Store,
    config: &Config,
    add: &mut dyn FnMut(&Config) -> Result<bool, Failure>,
    fault: &mut dyn FnMut(Failure) -> Result<(), Failure>,
) -> Result<(bool, Option<(SettingsCommit, String)>), Failure> {
    let mut wants_signature = add(config)?;
    let mut signers = None;
    for (place, there) in committed(store) {
        let added = there.and_then(|there| {
            let wants = there.as_ref().map(&mut *add).transpose();
            let wants = wants.map_err(|failure| with_source(failure, &place))?;
            wants_signature |= wants.unwrap_or_default();
            Ok(there)
        });
        match added {
            Ok(there) => {
                let path = there.and_then(|there| there.allowed_signers);
                signers = signers.or(path.map(|path| (place, path)));
            }
            Err(failure) => fault(failure)?,
        }
    }
    Ok((wants_signature, signers))
}

/// What is wrong with the settings of a commit, while those of the working copy can be read.
fn with_source(failure: Failure, place: &SettingsCommit) -> Failure {
    let name = &place.name;
    let failure = failure.at(format!("{name}:{CONFIG_FILE}"));
    match name.as_str() {
        "HEAD" => failure.hint(format!(
            "git commit -m \"Mend the settings\" -- {CONFIG_FILE}"
        )),
        _ => failure.hint(format!("mend it on {name}, then git fetch")),
    }
}

/// Adds the rules of one configuration. Returns whether it wants a signature.
fn add(rules: &mut Rules, environment: &Environment, config: &Config) -> Result<bool, Failure> {
    if let Some(fault) = config.policy_faults(environment).into_iter().next() {
        return Err(fault.exit(Exit::Verdict));
    }
    let Policy {
        require_branch,
        require_signed,
        require_eval,
        from,
        // It is a fault.
        unreadable: _,
    } = config.policy(environment);
    if let Some(branch) = require_branch
        && !rules.branches.contains(&branch)
    {
        rules.branches.push(branch);
    }
    if let Some(from) = from
        && !rules.sources.contains(&from)
    {
        rules.sources.push(from);
    }
    if let Some(rule) = require_eval
        && !rules.evaluations.contains(&rule)
    {
        rules.evaluations.push(rule);
    }
    Ok(require_signed)
}
