//! The merged file as text: edits of one side's file, and markers where the sides disagree.

use std::ops::Range;

use serde_json::{Value, json};

use super::number::Number;
use super::value::Conflict;
use super::{Marks, Unmergeable};
use crate::prompt::diff::align::{Budget, align, id};
use crate::prompt::edit::{EditError, Step, remove, set, set_version, touched_lines};

/// The text with these `version:` and `digest:` lines, and no others.
pub(super) fn stamp(text: &str, number: &Number) -> Result<String, EditError> {
    if let (Some(version), Some(digest)) = (number.version, &number.digest) {
        return set_version(text, version, digest);
    }
    let version = number.version.map(|version| json!(version.number()));
    let digest = number.digest.as_ref().map(|digest| json!(digest));
    let mut text = text.to_owned();
    for (key, value) in [("version", version), ("digest", digest)] {
        let path = [Step::Key(key.to_owned())];
        text = match value {
            Some(value) => set(&text, &path, &value)?,
            None => match remove(&text, &path) {
                Err(EditError::Missing { .. }) => text,
                removed => removed?,
            },
        };
    }
    Ok(text)
}

/// The text, which says `from`, as it says `to`; what is equal stays as it is written.
pub(super) fn write(text: &str, from: &Value, to: &Value) -> Result<String, EditError> {
    let mut edits = Vec::new();
    compare(&mut Vec::new(), from, to, &mut edits);
    let mut text = text.to_owned();
    for (path, value) in edits {
        text = match value {
            Some(value) => set(&text, &path, &value)?,
            None => remove(&text, &path)?,
        };
    }
    Ok(text)
}

/// The values to set, and to remove, in an order in which no edit moves the place of a later one.
fn compare(
    path: &mut Vec<Step>,
    from: &Value,
    to: &Value,
    edits: &mut Vec<(Vec<Step>, Option<Value>)>,
) {
    match (from, to) {
        (from, to) if from == to => {}
        // An edit of the only entry of a map in braces would leave none for the next.
        (Value::Object(from), Value::Object(to)) if !from.is_empty() && !to.is_empty() => {
            for (key, value) in to {
                path.push(Step::Key(key.clone()));
                match from.get(key) {
                    Some(before) => compare(path, before, value, edits),
                    None => edits.push((path.clone(), Some(value.clone()))),
                }
                path.pop();
            }
            for key in from.keys().filter(|key| !to.contains_key(*key)) {
                path.push(Step::Key(key.clone()));
                edits.push((path.clone(), None));
                path.pop();
            }
        }
        (Value::Array(from), Value::Array(to)) if !from.is_empty() && from.len() <= to.len() => {
            for (index, value) in to.iter().enumerate() {
                path.push(Step::Index(index));
                match from.get(index) {
                    Some(before) => compare(path, before, value, edits),
                    None => edits.push((path.clone(), Some(value.clone()))),
                }
                path.pop();
            }
        }
        (Value::Array(from), Value::Array(to)) if !to.is_empty() && is_part(to, from) => {
            let mut left = to.iter().rev().peekable();
            for (index, item) in from.iter().enumerate().rev() {
                if left.next_if(|next| *next == item).is_none() {
                    path.push(Step::Index(index));
                    edits.push((path.clone(), None));
                    path.pop();
                }
            }
        }
        (_, to) => edits.push((path.clone(), Some(to.clone()))),
    }
}

/// Whether the items of `part` stand in `whole` in the same order.
fn is_part(part: &[Value], whole: &[Value]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|item| rest.any(|other| other == item))
}

/// Two texts as one, with markers around the lines that differ: whole fields, except inside of
/// long texts, whose lines are marked as git would mark them.
pub(super) fn mark(
    texts: &[String; 2],
    conflicts: &[Conflict],
    marks: Marks<'_>,
) -> Result<String, Unmergeable> {
    let [ours, theirs] = texts
        .each_ref()
        .map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let mut hunks = differences(&ours, &theirs);
    for conflict in conflicts.iter().filter(|conflict| !conflict.is_partial) {
        if let Some(lines) = touched_lines(&texts[0], &conflict.path)? {
            let field = lines.start() - 1..*lines.end();
            hunks = widened(hunks, &field);
        }
    }
    let end = if texts[0].contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let sign = |sign: &str, label: &str| {
        let line = format!("{} {label}", sign.repeat(marks.size));
        format!("{}{end}", line.trim_end())
    };
    let mut text = String::new();
    let mut done = 0;
    for hunk in hunks {
        push_lines(&mut text, &ours[done..hunk.ours.start], end);
        text.push_str(&sign("<", marks.ours));
        push_lines(&mut text, &ours[hunk.ours.clone()], end);
        text.push_str(&sign("=", ""));
        push_lines(&mut text, &theirs[hunk.theirs], end);
        text.push_str(&sign(">", marks.theirs));
        done = hunk.ours.end;
    }
    text.extend(ours[done..].iter().copied());
    Ok(text)
}

/// Adds whole lines: a marker stands on a line of its own.
fn push_lines(text: &mut String, lines: &[&str], end: &str) {
    text.extend(lines.iter().copied());
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(end);
    }
}

/// Lines that differ, by their places in both texts.
#[derive(Debug, Clone)]
struct Hunk {
    ours: Range<usize>,
    theirs: Range<usize>,
}

/// The hunks with those inside of a field of ours made one that takes in all its lines. Between and
/// around the hunks the texts are equal.
fn widened(hunks: Vec<Hunk>, field: &Range<usize>) -> Vec<Hunk> {
    let is_inside = |hunk: &Hunk| {
        let Range { start, end } = hunk.ours;
        start < field.end && end > field.start
    };
    let (inside, mut all): (Vec<Hunk>, Vec<Hunk>) = hunks.into_iter().partition(is_inside);
    if let (Some(first), Some(last)) = (inside.first(), inside.last()) {
        let above = first.ours.start.saturating_sub(field.start);
        let below = field.end.saturating_sub(last.ours.end);
        all.push(Hunk {
            ours: first.ours.start - above..last.ours.end + below,
            theirs: first.theirs.start - above..last.theirs.end + below,
        });
    }
    all.sort_by_key(|hunk| hunk.ours.start);
    all
}

fn differences(ours: &[&str], theirs: &[&str]) -> Vec<Hunk> {
    let mut ids = std::collections::HashMap::new();
    let [old, new] = [ours, theirs].map(|lines| {
        lines
            .iter()
            .map(|line| id(&mut ids, *line))
            .collect::<Vec<_>>()
    });
    let stretches = align(&old, &new, &mut Budget::default());
    let changed = stretches.into_iter().filter(|stretch| !stretch.is_same);
    changed
        .map(|stretch| Hunk {
            ours: stretch.old,
            theirs: stretch.new,
        })
        .collect()
}
