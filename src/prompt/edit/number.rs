//! The `version:` and `digest:` lines.

use serde_json::{Value, json};

use super::super::document::node::{Key, Kind, Node};
use super::super::document::yaml::parse_tree;
use super::super::version::Version;
use super::insert::{Anchor, added};
use super::path::{is_block_container, put};
use super::{EditError, Source, Step, set};

/// Writes the version's number and the digest of its content, 12 hexadecimal digits, and touches
/// no other line. Missing lines are added behind `description:` or `name:`, or before the first key.
///
/// # Errors
/// The text is not a map of YAML, or the lines cannot be written without touching others.
pub fn set_version(text: &str, version: Version, digest: &str) -> Result<String, EditError> {
    let source = Source::read(text)?;
    let Kind::Map(entries) = &source.root.kind else {
        return Err(EditError::WrongKind {
            path: "the file".to_owned(),
            wants: "a map",
        });
    };
    let number = json!(version.number());
    let position = first_position(entries);
    let text = write(&source, "version", &number, &number.to_string(), &position)?;
    let source = Source::read(&text)?;
    let position = [Anchor::After("version")];
    write(
        &source,
        "digest",
        &json!(digest),
        &quoted(digest),
        &position,
    )
}

/// The digest, in quotes where YAML readers would take it for a number.
fn quoted(digest: &str) -> String {
    let is_text = parse_tree(digest)
        .is_ok_and(|tree| matches!(tree.root.kind, Kind::Text(text) if text == digest));
    if is_text {
        digest.to_owned()
    } else {
        format!("\"{digest}\"")
    }
}

/// Where a missing `version:` line is added: the first that works.
fn first_position(entries: &[(Key, Node)]) -> Vec<Anchor<'_>> {
    let has = |name: &str| entries.iter().any(|(key, _)| key.text == name);
    let mut anchors = Vec::new();
    if has("digest") {
        anchors.push(Anchor::Before("digest"));
    }
    anchors.extend(
        ["description", "name"]
            .into_iter()
            .filter(|name| has(name))
            .map(Anchor::After),
    );
    let first = entries.first();
    anchors.extend(first.map(|(key, _)| Anchor::Before(&key.text)));
    anchors
}

/// The text with `name: value`, which is written as `shown`.
fn write(
    source: &Source<'_>,
    name: &str,
    value: &Value,
    shown: &str,
    anchors: &[Anchor<'_>],
) -> Result<String, EditError> {
    let path = [Step::Key(name.to_owned())];
    let Kind::Map(entries) = &source.root.kind else {
        return Err(EditError::refused(&path));
    };
    let mut expected = source.value.clone();
    put(&mut expected, &path, value)?;
    let at = entries.iter().position(|(key, _)| key.text == name);
    let candidates = match at {
        Some(at) => {
            let edited = replaced(source.text, &entries[at], shown, value.is_string());
            edited.into_iter().collect()
        }
        None if !is_block_container(&source.root, source.text) => {
            return set(source.text, &path, value);
        }
        None => added(source.text, entries, &format!("{name}: {shown}"), anchors),
    };
    candidates
        .into_iter()
        .find(|edited| source.allows(edited, &expected, &path))
        .ok_or_else(|| EditError::refused(&path))
}

/// The text with the value of an entry replaced, in the quotes that it has if they are to stay.
fn replaced(text: &str, entry: &(Key, Node), shown: &str, keep_quotes: bool) -> Option<String> {
    let (key, node) = entry;
    if node.is_alias || matches!(node.kind, Kind::List(_) | Kind::Map(_)) {
        return None;
    }
    let (range, new) = match node.raw(text).chars().next() {
        None => {
            // An empty value: the new one stands behind the colon.
            let colon = key.span.end + text.get(key.span.end..)?.find(':')? + 1;
            (colon..colon, format!(" {shown}"))
        }
        Some(quote @ ('"' | '\'')) if keep_quotes => {
            let bare = shown.trim_matches('"');
            (node.span.clone(), format!("{quote}{bare}{quote}"))
        }
        Some(_) => (node.span.clone(), shown.to_owned()),
    };
    let (before, after) = (text.get(..range.start)?, text.get(range.end..)?);
    Some(format!("{before}{new}{after}"))
}
