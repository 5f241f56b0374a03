//! Paths into a file, and what stands at them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::super::document::keys::{self, Known, Lookup, look_up};
use super::super::document::node::{Kind, Node};
use super::{EditError, Source};

/// The longest path, in steps: deeper files are not read.
const MAX_STEPS: usize = 40;

/// How much of a wrong path an error repeats, in characters.
const MAX_SHOWN: usize = 60;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value of a key in a map.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

/// Reads a path such as `modelParameters.maxTokens` or `messages[0].content`. A key that holds
/// `.` or `[` stands in double quotes.
///
/// # Errors
/// The text is not a path.
pub fn parse_path(text: &str) -> Result<Vec<Step>, EditError> {
    let bad = |reason| EditError::BadPath {
        path: text.chars().take(MAX_SHOWN).collect(),
        reason,
    };
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() || steps.is_empty() {
        let (step, after) = if let Some(inner) = rest.strip_prefix('[') {
            let (number, after) = inner
                .split_once(']')
                .ok_or_else(|| bad("a `[` is not closed"))?;
            let index = number
                .parse()
                .map_err(|_| bad("a number stands between `[` and `]`, as in messages[0]"))?;
            (Step::Index(index), after)
        } else if let Some(inner) = rest.strip_prefix('"') {
            let (key, after) = inner
                .split_once('"')
                .ok_or_else(|| bad("a quote is not closed"))?;
            (Step::Key(key.to_owned()), after)
        } else {
            let (key, after) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
            if key.is_empty() {
                return Err(bad("a key is empty"));
            }
            (Step::Key(key.to_owned()), after)
        };
        steps.push(step);
        rest = match after.strip_prefix('.') {
            Some("") => return Err(bad("it ends in a dot")),
            Some(next) if next.starts_with('[') => return Err(bad("a dot stands before `[`")),
            Some(next) => next,
            None if after.is_empty() || after.starts_with('[') => after,
            None => return Err(bad("a dot stands between keys")),
        };
    }
    if steps.len() > MAX_STEPS {
        return Err(bad("it has more than 40 steps"));
    }
    Ok(steps)
}

/// The path as text.
pub fn show(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(index) => {
                // Writing to a string cannot fail.
                let _ = write!(text, "[{index}]");
            }
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
        }
    }
    text
}

/// The value at `step` of `node`.
pub(super) fn child<'n>(node: &'n Node, step: &Step) -> Option<&'n Node> {
    match (&node.kind, step) {
        (Kind::Map(entries), Step::Key(name)) => entries
            .iter()
            .find(|(key, _)| key.text == *name)
            .map(|(_, node)| node),
        (Kind::List(items), Step::Index(index)) => items.get(*index),
        _ => None,
    }
}

/// Sets the value at `path` of `value`, with the maps on the way.
pub(super) fn put(value: &mut Value, path: &[Step], new: &Value) -> Result<(), EditError> {
    check_length(path)?;
    let mut place = value;
    for (depth, step) in path.iter().enumerate() {
        let wrong = |wants| EditError::WrongKind {
            path: shown_or_root(&path[..depth]),
            wants,
        };
        if place.is_null() {
            *place = match step {
                Step::Key(_) => Value::Object(Map::new()),
                Step::Index(_) => Value::Array(Vec::new()),
            };
        }
        place = match (step, place) {
            (Step::Key(key), Value::Object(object)) => object.entry(key).or_insert(Value::Null),
            (Step::Index(index), Value::Array(items)) if *index <= items.len() => {
                if *index == items.len() {
                    items.push(Value::Null);
                }
                &mut items[*index]
            }
            (Step::Index(_), Value::Array(_)) => {
                return Err(EditError::Missing {
                    path: show(&path[..=depth]),
                });
            }
            (Step::Key(_), _) => return Err(wrong("a map")),
            (Step::Index(_), _) => return Err(wrong("a list")),
        };
    }
    place.clone_from(new);
    Ok(())
}

/// Removes the value at `path` of `value`, and says whether it was the only one there.
pub(super) fn take(value: &mut Value, path: &[Step]) -> Result<bool, EditError> {
    check_length(path)?;
    let missing = || EditError::Missing { path: show(path) };
    let Some((last, before)) = path.split_last() else {
        return Err(missing());
    };
    let mut place = value;
    for step in before {
        place = match step {
            Step::Key(key) => place.get_mut(key),
            Step::Index(index) => place.get_mut(index),
        }
        .ok_or_else(missing)?;
    }
    match (last, place) {
        (Step::Key(key), Value::Object(object)) => {
            object.shift_remove(key).map(|_| object.is_empty())
        }
        (Step::Index(index), Value::Array(items)) if *index < items.len() => {
            items.remove(*index);
            Some(items.is_empty())
        }
        _ => None,
    }
    .ok_or_else(missing)
}

fn check_length(path: &[Step]) -> Result<(), EditError> {
    let reason = match path.len() {
        0 => "it is empty",
        1..=MAX_STEPS => return Ok(()),
        _ => "it has more than 40 steps",
    };
    Err(EditError::BadPath {
        path: show(path.get(..MAX_STEPS / 4).unwrap_or(path)),
        reason,
    })
}

fn shown_or_root(path: &[Step]) -> String {
    if path.is_empty() {
        "the file".to_owned()
    } else {
        format!("`{}`", show(path))
    }
}

impl Source<'_> {
    /// `path` with the spellings that the file has: `maxTokens` finds `max_tokens`.
    pub(super) fn spelt(&self, path: &[Step]) -> Vec<Step> {
        let mut node = Some(&self.root);
        let mut known = Some(keys::TOP);
        let mut spelt = Vec::with_capacity(path.len());
        for step in path {
            let step = match (step, node, known) {
                (Step::Key(key), Some(node), Some(known)) => Step::Key(spelling(node, key, known)),
                _ => step.clone(),
            };
            known = match &step {
                Step::Key(key) if spelt.is_empty() => children(key),
                _ => None,
            };
            node = node.and_then(|node| child(node, &step));
            spelt.push(step);
        }
        spelt
    }
}

/// The known keys below a key at the top of the file.
fn children(key: &str) -> Option<&'static [Known]> {
    match look_up(key, keys::TOP) {
        Lookup::Known("modelParameters") => Some(keys::PARAMETERS),
        Lookup::Known("openai") => Some(keys::OPENAI),
        Lookup::Known("eval") => Some(keys::EVAL),
        _ => None,
    }
}

/// `key` as the map `node` spells it.
fn spelling(node: &Node, key: &str, known: &[Known]) -> String {
    let meant = look_up(key, known);
    let Kind::Map(entries) = &node.kind else {
        return key.to_owned();
    };
    let same = |name: &str| matches!(meant, Lookup::Known(_)) && look_up(name, known) == meant;
    let mut names = entries.iter().map(|(name, _)| name.text.as_str());
    names
        .clone()
        .find(|name| *name == key)
        .or_else(|| names.find(|name| same(name)))
        .unwrap_or(key)
        .to_owned()
}

/// The lines of the file, from 1, that an edit at `path` may touch; none where it only adds lines.
pub(super) fn lines(source: &Source<'_>, path: &[Step]) -> Option<RangeInclusive<usize>> {
    let mut node = &source.root;
    let mut start = 1;
    let mut below = usize::MAX;
    let mut depth = 0;
    for step in path {
        let (line, next) = match (&node.kind, step) {
            (Kind::Map(entries), Step::Key(name)) => {
                let Some(index) = entries.iter().position(|(key, _)| key.text == *name) else {
                    break;
                };
                node = &entries[index].1;
                let next = entries.get(index + 1).map(|(key, _)| key.at.line);
                (entries[index].0.at.line, next)
            }
            (Kind::List(items), Step::Index(index)) if *index < items.len() => {
                let line_of = |item: &Node| dash_line(source.text, node, item);
                let (line, next) = (line_of(&items[*index]), items.get(index + 1).map(line_of));
                node = &items[*index];
                (line, next)
            }
            _ => break,
        };
        start = line;
        below = next
            .map_or(below, |next| below.min(next.saturating_sub(1)))
            .max(start);
        depth += 1;
    }
    if depth < path.len() && is_block_container(node, source.text) {
        return None;
    }
    let end = last_line(node, source.text, start).unwrap_or(below);
    Some(start..=end.max(start))
}

/// The line of the dash in front of `item`, where `list` is not in brackets.
fn dash_line(text: &str, list: &Node, item: &Node) -> usize {
    if !is_block_container(list, text) {
        return item.at.line;
    }
    let has_dash = |line: &&str| {
        let bare = line.trim_start_matches(' ');
        bare.starts_with('-') && line.len() - bare.len() + 1 < item.at.column
    };
    let lines: Vec<&str> = text.lines().take(item.at.line).collect();
    let index = lines.iter().rposition(has_dash);
    index.map_or(item.at.line, |index| index + 1)
}

/// Whether the value is a list or map that is not in brackets or braces.
pub(super) fn is_block_container(node: &Node, text: &str) -> bool {
    let opens = |sign| {
        let rest = text.get(node.span.start..);
        rest.is_some_and(|rest| rest.starts_with(sign)) && !node.is_alias
    };
    match &node.kind {
        Kind::Map(_) => !opens('{'),
        // A list whose dashes are not indented begins, for the parser, where its first item does.
        Kind::List(items) => {
            let first = items.first().map(|item| item.span.start);
            !opens('[') || first == Some(node.span.start)
        }
        _ => false,
    }
}

/// The last line of the value, whose entry begins in line `start`; none for values in brackets.
fn last_line(node: &Node, text: &str, start: usize) -> Option<usize> {
    if node.is_alias {
        return Some(node.at.line);
    }
    match &node.kind {
        Kind::Map(_) | Kind::List(_) if !is_block_container(node, text) => None,
        Kind::Map(entries) => {
            let (key, last) = entries.last()?;
            last_line(last, text, key.at.line)
        }
        Kind::List(items) => {
            let last = items.last()?;
            last_line(last, text, last.at.line)
        }
        _ if node.span.is_empty() => Some(start),
        _ => {
            // The blank lines below a block scalar belong to it.
            let scalar = text.get(node.span.clone())?;
            let breaks = scalar.matches('\n').count();
            let ends_in_break = scalar
                .rsplit('\n')
                .next()
                .is_none_or(|rest| rest.trim().is_empty());
            Some(node.at.line + breaks - usize::from(breaks > 0 && ends_in_break))
        }
    }
}

/// Whether `edited` differs from `text` only in `lines`, or by lines that were added.
pub(super) fn is_local(text: &str, edited: &str, lines: Option<&RangeInclusive<usize>>) -> bool {
    const MARK: char = '\u{feff}';
    if text.starts_with(MARK) != edited.starts_with(MARK) {
        return false;
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let text = closed(text.trim_start_matches(MARK), end);
    let edited = closed(edited.trim_start_matches(MARK), end);
    let old: Vec<&str> = text.split('\n').collect();
    let new: Vec<&str> = edited.split('\n').collect();
    let shorter = old.len().min(new.len());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let before = old.iter().zip(&new).take_while(same).count();
    let after = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(shorter - before)
        .take_while(same)
        .count();
    let (first, last) = (before + 1, old.len() - after);
    first > last || lines.is_some_and(|it| *it.start() <= first && last <= *it.end())
}

/// The text with a line end at its end.
fn closed<'a>(text: &'a str, end: &str) -> Cow<'a, str> {
    if text.is_empty() || text.ends_with('\n') {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{text}{end}"))
    }
}
