//! `promptctl init --adopt`: the prompt files that a repository has.

use serde_json::Value;

use super::super::common::count;
use super::super::session::Session;
use super::Args;
use crate::config::CONFIG_FILE;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::document::parse_value;
use crate::prompt::edit::{Step, set};
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

/// Folders as the items of a YAML list, in quotes where their letters mean something to YAML.
pub(super) fn yaml_list(folders: &[String]) -> String {
    let is_plain = |folder: &str| {
        folder.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '.')
            && folder
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || "._-/".contains(char))
    };
    let items: Vec<String> = folders
        .iter()
        .map(|folder| {
            if is_plain(folder) {
                folder.clone()
            } else {
                Value::from(folder.as_str()).to_string()
            }
        })
        .collect();
    items.join(", ")
}

/// The configuration with more roots behind its own, and everything else as it is.
///
/// # Errors
/// The list is written in a way that no edit leaves alone.
pub(super) fn with_roots(text: &str, own: &[String], more: &[String]) -> Result<String, Failure> {
    let by_hand = || {
        Failure::new(
            code::BAD_CONFIG,
            format!("{CONFIG_FILE} writes its roots in a way that cannot be added to"),
        )
        .at(CONFIG_FILE)
        .hint(format!(
            "write there, and run the same command again: roots: [{}]",
            yaml_list(&[own, more].concat())
        ))
    };
    let key = Step::Key("roots".to_owned());
    let value = parse_value(text).map_err(|_| by_hand())?;
    let edit =
        |text: &str, path: &[Step], value: Value| set(text, path, &value).map_err(|_| by_hand());
    match value.get("roots") {
        Some(Value::Array(list)) => {
            let mut text = text.to_owned();
            for (at, root) in (list.len()..).zip(more) {
                let path = [key.clone(), Step::Index(at)];
                text = edit(&text, &path, Value::from(root.as_str()))?;
            }
            Ok(text)
        }
        _ => edit(text, &[key], Value::from([own, more].concat())),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_quoted_where_yaml_would_misread_them() {
        let list = |folders: &[&str]| {
            yaml_list(
                &folders
                    .iter()
                    .map(|&folder| folder.to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            list(&[".github/prompts", "src/a-b_c"]),
            ".github/prompts, src/a-b_c"
        );
        assert_eq!(list(&["a, b", "[x]", "é"]), r#""a, b", "[x]", "é""#);
    }
}
