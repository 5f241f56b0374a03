//! The settings: what is wrong with them, and with what they require.

use super::super::rules::rules_of;
use super::super::session::Session;
use super::super::trouble::{finding_of, finding_of_failure};
use crate::config::{CONFIG_FILE, Config, Policy};
use crate::error::Failure;
use crate::output::words::words;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::releases::{Diagnostic, Store};

/// Opens the repository. Where the settings cannot be read, that is a finding, and the committed
/// ones stand in for them, so that the rest is looked at all the same.
pub(super) fn open(
    session: &Session,
    findings: &mut Vec<Finding>,
) -> Result<(Store, Config), Failure> {
    let store = Store::open(&session.start())?;
    let read = store.config_text().and_then(|text| match text {
        Some(text) => Config::parse(&text),
        None => Ok(Config::default()),
    });
    let config = match read {
        Ok(config) => config,
        Err(failure) => {
            let (config, revision) = last_good(&store);
            let mut finding = finding_of_failure(&failure);
            if let Some(revision) = revision {
                let commit = match revision.as_str() {
                    "HEAD" => String::new(),
                    _ => {
                        format!(" && git commit -m \"Settings that can be read\" -- {CONFIG_FILE}")
                    }
                };
                let said = finding
                    .help
                    .take()
                    .map_or_else(String::new, |said| format!("; {}", words(&said)));
                finding.message.push_str(&said);
                finding = finding.help(format!("git checkout {revision} -- {CONFIG_FILE}{commit}"));
            }
            findings.push(finding);
            config
        }
    };
    let store = session.configured(store, &config)?;
    Ok((store, config))
}

/// The newest settings in history that can be read, and the revision that has them.
fn last_good(store: &Store) -> (Config, Option<String>) {
    for (revision, text) in store.past_configs() {
        if let Ok(config) = Config::parse(&text) {
            return (config, Some(revision));
        }
    }
    (Config::default(), None)
}

/// What is wrong with the rules of each environment, and which releases lack their signature.
/// `is_reported` says that settings which cannot be read were reported before.
pub(super) fn findings(
    store: &Store,
    config: &Config,
    is_reported: bool,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    if let Some(remote) = config
        .remote
        .as_ref()
        .filter(|remote| !store.has_remote_named(remote))
    {
        findings.push(
            Finding::error(
                code::BAD_CONFIG,
                format!("`remote` names {remote}, which is not a remote of this clone"),
            )
            .in_file(CONFIG_FILE)
            .help(format!("git remote add {remote} URL")),
        );
    }
    for (environment, policy) in &config.environments {
        let faults = config.policy_faults(environment);
        findings.extend(faults.iter().map(finding_of_failure));
        let Policy {
            require_branch,
            // What is wrong with these is among the faults.
            require_signed: _,
            require_eval: _,
            from: _,
            unreadable: _,
        } = policy;
        if let Some(branch) = require_branch
            && let Err(failure) = store.require_branch(branch)
        {
            findings.push(finding_of_failure(&failure));
        }
        if !faults.is_empty() {
            continue;
        }
        let rules = match rules_of(environment, store, config) {
            Ok(rules) => rules,
            // That the committed settings cannot be read is reported already.
            Err(failure) if is_reported && failure.code == Some(code::BAD_CONFIG) => continue,
            Err(failure) => {
                findings.push(finding_of_failure(&failure));
                continue;
            }
        };
        if rules.signers.is_none() || store.require_releases().is_err() {
            continue;
        }
        let proofs = store.verify(environment, &rules)?;
        let is_unsigned = |trouble: &&Diagnostic| trouble.code == code::UNSIGNED;
        let troubles = proofs.iter().flat_map(|proof| &proof.troubles);
        findings.extend(troubles.filter(is_unsigned).map(finding_of));
    }
    Ok(findings)
}
