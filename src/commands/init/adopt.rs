//! `promptctl init --adopt`: the prompt files that a repository has.

use super::super::common::count;
use super::super::session::Session;
use super::args::Args;
use super::roots::yaml_list;
use crate::config::CONFIG_FILE;
use crate::prompt::name::SUFFIXES;
use crate::prompt::quote::{shell_path, shell_word};
use crate::setup::Adoptable;

/// Shows what adopting means, and asks. Returns whether to go on.
pub(super) fn agree(
    found: &Adoptable,
    roots: &[String],
    has_config: bool,
    args: &Args,
    session: &mut Session,
) -> bool {
    let list = roots.join(", ");
    session.ui.status(format!(
        "{} found, below {list}",
        count(found.prompts.len(), "prompt file")
    ));
    for (name, path) in &found.prompts {
        session.ui.line(format!("{name}\t{path}"));
    }
    for refused in &found.refused {
        let (path, reason) = (&refused.path, &refused.reason);
        session
            .ui
            .warning(format!("{path} cannot be named: {reason}"));
        let better = refused.better.as_deref().map(shell_path);
        session.ui.hint(format!(
            "rename it: git mv {} {}",
            shell_path(path),
            better.as_deref().unwrap_or("…")
        ));
    }
    if !found.uncommitted.is_empty() {
        let of_them = found.uncommitted.len();
        let text = format!("not committed yet, and left so: {of_them} of them");
        session.ui.status(text);
    }
    if found.roots.is_empty() && has_config {
        session
            .ui
            .status(format!("{CONFIG_FILE} exists and stays as it is"));
    } else if has_config {
        session.ui.status(format!(
            "{CONFIG_FILE} would get the roots {}; the prompt files stay as they are",
            yaml_list(&found.roots)
        ));
    } else {
        session.ui.status(format!(
            "{CONFIG_FILE} would say roots: [{}]; the prompt files stay as they are",
            yaml_list(roots)
        ));
    }
    if args.yes || args.plan.dry_run {
        return true;
    }
    if session.ui.can_ask() {
        return session.ui.confirm("Do it?");
    }
    session.ui.hint("promptctl init --adopt --yes does it");
    false
}

/// The command that commits prompt files which git does not hold yet.
pub(super) fn commit_of(uncommitted: &[String]) -> String {
    const MOST: usize = 5;
    let wanted: Vec<String> = if uncommitted.len() <= MOST {
        uncommitted.iter().map(|path| shell_path(path)).collect()
    } else {
        let suffixes = SUFFIXES.iter().filter(|suffix| {
            let mut paths = uncommitted.iter();
            paths.any(|path| path.ends_with(*suffix))
        });
        suffixes
            .map(|suffix| shell_word(&format!(":/*{suffix}")))
            .collect()
    };
    format!(
        "git add -- {} && git commit -m \"Add prompts\"",
        wanted.join(" ")
    )
}
