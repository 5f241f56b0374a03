//! The settings: the folders that hold prompts, where a branch changes which they are, and what else
//! a reviewer of a change should see.

use super::check::{self, Rules};
use super::contents::finding_from_failure;
use crate::config::{CONFIG_FILE, Change, Config};
use crate::error::Failure;
use crate::files::Base;
use crate::output::report::Report;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::releases::Store;

/// The base with the folders that held prompts there. A configuration that cannot be read says
/// nothing.
pub(in crate::commands) fn known_of(store: &Store, base: Base) -> Result<Base, Failure> {
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
pub(in crate::commands) fn settings(
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
    findings.extend(settings_between(store, &base.commit.to_string(), None)?);
    Ok(findings)
}

/// What differs between two revisions, or between one and the working copy, in the settings that
/// decide what is live, what is checked and what is kept, and in the keys that they name.
pub(in crate::commands) fn settings_between(
    store: &Store,
    from: &str,
    to: Option<&str>,
) -> Result<Vec<Finding>, Failure> {
    let before = store.config_text_at(from)?.unwrap_or_default();
    let now = match to {
        Some(to) => store.config_text_at(to)?,
        None => store.config_text()?,
    };
    let now = now.unwrap_or_default();
    let now_read = match Config::parse(&now) {
        Ok(config) => config,
        Err(_) if before == now => return Ok(Vec::new()),
        Err(failure) => {
            let finding =
                finding_from_failure(&failure).map(|finding| finding.in_file(CONFIG_FILE));
            return Ok(finding.into_iter().collect());
        }
    };
    // Settings that nobody could read decided nothing.
    let Ok(before) = Config::parse(&before) else {
        return Ok(Vec::new());
    };
    let finding = |change: Change| {
        let line = Config::line_of(&now, change.key);
        takes_effect(CONFIG_FILE, change.message).at(line.map(|line| Span::whole_line(&now, line)))
    };
    let changes = now_read.changes_since(&before).into_iter().map(finding);
    let mut findings: Vec<Finding> = changes.collect();
    let keys = |revision: Option<&str>, config: &Config| {
        let path = config.allowed_signers.clone().unwrap_or_default();
        let text = match path.as_str() {
            "" => Ok(None),
            path => store.text_at(revision, path),
        };
        text.map(|text| (path, text.unwrap_or_default()))
    };
    // Where the old list could not be read, nobody's signature counted.
    let old = keys(Some(from), &before).unwrap_or_default();
    match keys(to, &now_read) {
        Ok(new) => findings.extend(signers_between(&old, &new)),
        Err(failure) => findings.extend(finding_from_failure(&failure)),
    }
    Ok(findings)
}

/// A change that takes effect by itself once it is merged.
fn takes_effect(path: &str, message: String) -> Finding {
    Finding::warning(code::SETTINGS_CHANGED, message)
        .in_file(path)
        .help("it takes effect when the branch is merged: a reviewer should want it")
}

/// The lines of a list of signers that came and went; each side is the file and its text.
fn signers_between(old: &(String, String), new: &(String, String)) -> Vec<Finding> {
    let lines = |text: &str| -> Vec<(usize, String)> {
        let lines = text.lines().map(|line| line.trim().to_owned()).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        lines.map(|(at, line)| (at + 1, line)).collect()
    };
    let (was, is) = (lines(&old.1), lines(&new.1));
    let has = |lines: &[(usize, String)], line: &str| lines.iter().any(|(_, it)| it == line);
    let came = is.iter().filter(|(_, line)| !has(&was, line));
    let came = came.map(|(at, line)| {
        let message = format!("what this key signs counts from then on: `{}`", key(line));
        takes_effect(&new.0, message).at(Some(Span::whole_line(&new.1, *at)))
    });
    let went = was.iter().filter(|(_, line)| !has(&is, line));
    let went = went.map(|(_, line)| {
        let message = format!("what this key signed counts no more: `{}`", key(line));
        let path = if new.0.is_empty() { &old.0 } else { &new.0 };
        takes_effect(path, message)
    });
    came.chain(went).collect()
}

/// A line of a list of signers, as far as it tells one from another.
fn key(line: &str) -> String {
    const LONGEST: usize = 160;
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

/// Checks the files of the working copy; where a branch changed the folders, those of both.
pub(in crate::commands) fn files(
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
