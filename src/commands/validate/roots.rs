//! The settings: the folders that hold prompts, where a branch changes which they are, and what else
//! a reviewer of a change should see.

use super::check::{self, Rules, finding_from_failure};
use crate::config::{CONFIG_FILE, Change, Config};
use crate::error::Failure;
use crate::files::Base;
use crate::output::report::Report;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::releases::Store;

/// The base with the folders that held prompts there. A configuration that cannot be read says
/// nothing.
pub(super) fn known_of(store: &Store, base: Base) -> Result<Base, Failure> {
    Ok(match roots_at(store, &base.commit.to_string())? {
        Some(roots) => Base { roots, ..base },
        None => base,
    })
}

/// The folders that hold prompts in a commit, if its configuration can be read.
pub(in crate::commands) fn roots_at(
    store: &Store,
    revision: &str,
) -> Result<Option<Vec<String>>, Failure> {
    let text = store.config_text_at(revision)?.unwrap_or_default();
    Ok(Config::roots_of(&text).ok())
}

/// Says that two sides keep prompts in different folders.
pub(in crate::commands) fn changed(before: &[String], after: &[String]) -> Finding {
    let message = format!(
        "the folders that hold prompts were {} and are {}",
        before.join(", "),
        after.join(", ")
    );
    Finding::warning(code::ROOTS_CHANGED, message)
        .in_file(CONFIG_FILE)
        .help("the files of both were compared; what left the folders is no prompt any more")
}

/// What is wrong with the settings, and what a branch changes of those that decide what is live.
pub(super) fn settings(
    store: &Store,
    config: &Config,
    base: Option<&Base>,
) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for (environment, _) in &config.environments {
        for fault in config.policy_faults(environment) {
            findings
                .extend(finding_from_failure(&fault).map(|finding| finding.in_file(CONFIG_FILE)));
        }
    }
    let Some(base) = base else {
        return Ok(findings);
    };
    let before = store
        .config_text_at(&base.commit.to_string())?
        .unwrap_or_default();
    let now = store.config_text()?.unwrap_or_default();
    findings.extend(settings_between(&before, &now));
    Ok(findings)
}

/// What is another in these settings of what decides what is live, what is checked and what is kept.
pub(in crate::commands) fn settings_between(before: &str, now: &str) -> Vec<Finding> {
    if before == now {
        return Vec::new();
    }
    let now_read = match Config::parse(now) {
        Ok(config) => config,
        Err(failure) => {
            let finding =
                finding_from_failure(&failure).map(|finding| finding.in_file(CONFIG_FILE));
            return finding.into_iter().collect();
        }
    };
    // Settings that nobody could read decided nothing.
    let Ok(before) = Config::parse(before) else {
        return Vec::new();
    };
    let told = |change: Change| {
        let line = Config::line_of(now, change.key);
        Finding::warning(code::SETTINGS_CHANGED, change.message)
            .in_file(CONFIG_FILE)
            .at(line.map(|line| Span::whole_line(now, line)))
            .help("it takes effect when the branch is merged: a reviewer should want it")
    };
    now_read
        .changes_since(&before)
        .into_iter()
        .map(told)
        .collect()
}

/// Checks the files of the working copy; where a branch changed the folders, those of both.
pub(super) fn files(
    store: &Store,
    base: Option<&Base>,
    rules: &Rules<'_>,
) -> Result<Report, Failure> {
    let own = &store.settings().roots;
    let listing = store.list();
    let Some(base) = base.filter(|base| base.roots != *own) else {
        rules.wanted.require(&[&listing])?;
        return check::files(store, listing, base, rules);
    };
    let as_before = store.with_roots(base.roots.clone())?;
    let mut left = as_before.list();
    left.leave_out(|path| store.is_below_roots(path));
    rules.wanted.require(&[&listing, &left])?;
    let mut checked = check::files(store, listing, Some(base), rules)?;
    checked.add(check::files(&as_before, left, Some(base), rules)?);
    checked.findings.insert(0, changed(&base.roots, own));
    Ok(checked)
}
