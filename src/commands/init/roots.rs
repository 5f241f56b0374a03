//! The folders that hold prompts, as the settings list them.

use serde_json::Value;

use crate::config::CONFIG_FILE;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::document::parse_value;
use crate::prompt::edit::{Step, set};

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
