//! Edits by `yaml-edit`, as candidates that the guard chooses from.

use std::str::FromStr;

use serde_json::{Map, Value};
use yaml_edit::{Document, Mapping, Sequence, YamlNode};

use super::super::document::keys;
use super::super::document::node::{Key, Kind, Node};
use super::insert::{Anchor, added};
use super::path::{child, is_block_container, lines};
use super::render::{Lines, Quotes, entry, inline};
use super::{EditError, Source, Step};

/// The first text with the value at `path` set that `accepts` takes. `path` has a step at least.
pub(super) fn set(
    source: &Source<'_>,
    path: &[Step],
    value: &Value,
    accepts: impl Fn(&String) -> bool,
) -> Result<Option<String>, EditError> {
    let (depth, parent) = deepest_container(source, path)?;
    let step = &path[depth];
    let value = wrap(&path[depth + 1..], value);
    if !is_container(parent) {
        return Ok(append_to_empty(source.text, step, &value).filter(accepts));
    }
    let old = child(parent, step);
    let quotes = old.map_or(Quotes::Needed, |node| quotes(node, source.text));
    let inserted = match &parent.kind {
        Kind::Map(entries) if depth == 0 && old.is_none() => insert(source, entries, step, &value),
        _ => Vec::new(),
    };
    // Each of these reads the whole file, so the next is made only if the one before is refused.
    let by_library = [Lines::Block, Lines::Quoted].into_iter().flat_map(|style| {
        let fragment = entry("k", &value, quotes, style);
        let change = |place: &Place| place.set(step, &fragment);
        let edited = edit(source.text, &path[..depth], change);
        let spaced = edited
            .as_ref()
            .and_then(|edited| with_blank_lines(source, path, edited));
        [spaced, edited].into_iter().flatten()
    });
    let in_place = || old.and_then(|old| replace(source.text, old, &value, quotes));
    let mut candidates = inserted
        .into_iter()
        .chain(by_library)
        .chain(std::iter::once_with(in_place).flatten());
    Ok(candidates.find(accepts))
}

/// The first text without the value at `path` that `accepts` takes. `path` has a step at least.
pub(super) fn remove(
    source: &Source<'_>,
    path: &[Step],
    accepts: impl Fn(&String) -> bool,
) -> Result<Option<String>, EditError> {
    let (depth, _) = deepest_container(source, path)?;
    let step = &path[depth];
    let edited = edit(source.text, &path[..depth], |place| place.remove(step));
    let by_lines = || without_lines(source, path);
    let mut candidates = edited
        .into_iter()
        .chain(std::iter::once_with(by_lines).flatten());
    Ok(candidates.find(accepts))
}

/// The text without the lines of the value at `path`.
fn without_lines(source: &Source<'_>, path: &[Step]) -> Option<String> {
    let gone = lines(source, path)?;
    let kept = source.text.split_inclusive('\n').enumerate();
    let kept = kept.filter(|(index, _)| !gone.contains(&(index + 1)));
    Some(kept.map(|(_, line)| line).collect())
}

/// The edited text with the blank lines below the old value, which go with a block scalar.
fn with_blank_lines(source: &Source<'_>, path: &[Step], edited: &str) -> Option<String> {
    let touched = lines(source, path)?;
    let old: Vec<&str> = source.text.split_inclusive('\n').collect();
    let end = (*touched.end()).min(old.len());
    let is_blank = |line: &&&str| line.trim().is_empty();
    let blank = old[..end].iter().rev().take_while(is_blank).count();
    let below = old[end..].concat();
    let above = edited.strip_suffix(&below)?;
    if blank == 0 || !above.ends_with('\n') {
        return None;
    }
    Some(format!("{above}{}{below}", old[end - blank..end].concat()))
}

/// Texts with a new entry of the outermost map behind the last of those that usually precede it.
fn insert(source: &Source<'_>, entries: &[(Key, Node)], step: &Step, value: &Value) -> Vec<String> {
    let Step::Key(key) = step else {
        return Vec::new();
    };
    if !is_block_container(&source.root, source.text) {
        return Vec::new();
    }
    let rank = |name: &str| keys::TOP.iter().position(|known| known.key == name);
    let own = rank(key).unwrap_or(usize::MAX);
    let before = entries
        .iter()
        .filter(|(name, _)| rank(&name.text).is_some_and(|it| it < own));
    let last = before.max_by_key(|(name, _)| rank(&name.text));
    let anchor = match (last, entries.first()) {
        _ if own == usize::MAX => entries.last().map(|(name, _)| Anchor::After(&name.text)),
        (Some((name, _)), _) => Some(Anchor::After(&name.text)),
        (None, first) => first.map(|(name, _)| Anchor::Before(&name.text)),
    };
    let lines = entry(key, value, Quotes::Needed, Lines::Block);
    added(
        source.text,
        entries,
        lines.trim_end_matches('\n'),
        anchor.as_slice(),
    )
}

/// The number of steps to the deepest list or map on `path`, and that list or map.
fn deepest_container<'s>(
    source: &'s Source<'_>,
    path: &[Step],
) -> Result<(usize, &'s Node), EditError> {
    let mut node = &source.root;
    for (depth, step) in path.iter().enumerate() {
        if node.is_alias {
            // A change behind an alias would change what the anchor says.
            return Err(EditError::refused(path));
        }
        match child(node, step) {
            Some(next) if depth + 1 < path.len() && is_container(next) => node = next,
            _ => return Ok((depth, node)),
        }
    }
    Err(EditError::refused(path))
}

fn is_container(node: &Node) -> bool {
    matches!(node.kind, Kind::Map(_) | Kind::List(_))
}

/// `value` inside the maps and lists that `path` wants around it.
fn wrap(path: &[Step], value: &Value) -> Value {
    let mut value = value.clone();
    for step in path.iter().rev() {
        value = match step {
            Step::Key(key) => Value::Object(Map::from_iter([(key.clone(), value)])),
            Step::Index(_) => Value::Array(vec![value]),
        };
    }
    value
}

/// The quotes that a text of one line stands in.
fn quotes(node: &Node, text: &str) -> Quotes {
    let raw = node.raw(text);
    let is_text = matches!(node.kind, Kind::Text(_)) && !node.is_alias && !raw.contains('\n');
    match raw.chars().next() {
        Some('"') if is_text && raw.len() > 1 && raw.ends_with('"') => Quotes::Double,
        Some('\'') if is_text && raw.len() > 1 && raw.ends_with('\'') => Quotes::Single,
        _ => Quotes::Needed,
    }
}

/// A file that says nothing yet, with its first entry.
fn append_to_empty(text: &str, step: &Step, value: &Value) -> Option<String> {
    let Step::Key(key) = step else {
        return None;
    };
    let added = entry(key, value, Quotes::Needed, Lines::Block);
    let (end, added) = match text.contains("\r\n") {
        true => ("\r\n", added.replace('\n', "\r\n")),
        false => ("\n", added),
    };
    let is_open = !text.trim_start_matches('\u{feff}').is_empty() && !text.ends_with('\n');
    let end = if is_open { end } else { "" };
    Some(format!("{text}{end}{added}"))
}

/// The scalar `old` replaced where it stands.
fn replace(text: &str, old: &Node, value: &Value, quotes: Quotes) -> Option<String> {
    if old.is_alias || is_container(old) || old.span.is_empty() {
        return None;
    }
    let new = inline(value, quotes)?;
    let (before, after) = (text.get(..old.span.start)?, text.get(old.span.end..)?);
    Some(format!("{before}{new}{after}"))
}

/// A list or map of the syntax tree.
enum Place {
    Map(Mapping),
    List(Sequence),
}

impl Place {
    fn of(node: &YamlNode) -> Option<Self> {
        let map = node.as_mapping().cloned().map(Self::Map);
        map.or_else(|| node.as_sequence().cloned().map(Self::List))
    }

    fn child(&self, step: &Step) -> Option<Self> {
        let node = match (self, step) {
            (Self::Map(map), Step::Key(key)) => map.get(key.as_str())?,
            (Self::List(list), Step::Index(index)) => list.get(*index)?,
            _ => return None,
        };
        Self::of(&node)
    }

    fn set(&self, step: &Step, fragment: &str) -> Option<()> {
        let value = Document::from_str(fragment).ok()?.as_mapping()?.get("k")?;
        match (self, step) {
            (Self::Map(map), Step::Key(key)) => map.set(key.as_str(), value),
            (Self::List(list), Step::Index(index)) if *index < list.len() => {
                list.set(*index, value);
            }
            (Self::List(list), Step::Index(_)) => list.push(value),
            _ => return None,
        }
        Some(())
    }

    fn remove(&self, step: &Step) -> Option<()> {
        match (self, step) {
            (Self::Map(map), Step::Key(key)) => map.remove(key.as_str()).map(drop),
            (Self::List(list), Step::Index(index)) => list.remove(*index).map(drop),
            _ => None,
        }
    }
}

/// The text with `change` made to what stands at `path`.
fn edit(text: &str, path: &[Step], change: impl FnOnce(&Place) -> Option<()>) -> Option<String> {
    // What is added has plain line ends, so those of the whole file are put back at the end.
    let is_windows = text.contains("\r\n") && text.replace("\r\n", "").find(['\n', '\r']).is_none();
    let plain = if is_windows {
        text.replace("\r\n", "\n")
    } else {
        text.to_owned()
    };
    let document = Document::from_str(&plain).ok()?;
    let root = document.as_mapping().map(Place::Map);
    let mut place = root.or_else(|| document.as_sequence().map(Place::List))?;
    for step in path {
        place = place.child(step)?;
    }
    change(&place)?;
    let edited = document.to_string();
    Some(if is_windows {
        edited.replace('\n', "\r\n")
    } else {
        edited
    })
}
