//! How the messages of a prompt changed.

mod matching;

use std::borrow::Cow;

use serde_json::{Value, json};

use super::align::{Budget, align, numbers};
use super::rules::{self, Rule};
use super::words::WordDiff;
use super::{Change, ChangeKind};
use crate::prompt::document::{Attachment, Document, Entry, Message, Part, Role};

use matching::pairs;

/// The changes found so far, and what may still be spent on comparing texts.
pub(super) struct ChangeList<'b> {
    pub(super) changes: Vec<Change>,
    pub(super) budget: &'b mut Budget,
}

/// The changes of the messages, in the order of the new ones; removed ones stand where they were.
pub(super) fn changes(before: &[Entry], after: &[Entry], found: &mut ChangeList<'_>) {
    let pairs = pairs(before, after);
    let mut is_kept = vec![false; before.len()];
    pairs.iter().for_each(|pair| is_kept[pair.old] = true);
    let mut removed = (0..before.len()).filter(|&at| !is_kept[at]).peekable();
    let mut pairs = pairs.into_iter().peekable();
    for (at, entry) in after.iter().enumerate() {
        while let Some(gone) = removed.next_if(|gone| *gone <= at) {
            found.changes.push(lone(before, gone, ChangeKind::Removed));
        }
        let Some(pair) = pairs.next_if(|pair| pair.new == at) else {
            found.changes.push(lone(after, at, ChangeKind::Added));
            continue;
        };
        if pair.is_moved {
            let (from, to) = (format!("messages[{}]", pair.old), format!("messages[{at}]"));
            found.changes.push(Change {
                before: Some(json!(from)),
                after: Some(json!(to)),
                ..Change::new(rules::MESSAGE_ORDER, to, ChangeKind::Moved)
            });
        }
        // A placeholder that has a partner is the same on both sides.
        if let (Entry::Message(before), Entry::Message(after)) = (&before[pair.old], entry) {
            message_changes(&format!("messages[{at}]"), before, after, found);
        }
    }
    found
        .changes
        .extend(removed.map(|gone| lone(before, gone, ChangeKind::Removed)));
}

/// What callers who pick messages by role lose, if they lose something.
pub(super) fn broken_roles(before: &Document, after: &Document) -> Option<String> {
    let has = |document: &Document, who| {
        let mut messages = document.own_messages();
        messages.any(|message| speaker(message.role) == who)
    };
    let last = |document: &Document| document.own_messages().last().map(|message| message.role);
    for (who, name) in [
        (
            Speaker::Instructions,
            "instructions (a system or developer message)",
        ),
        (Speaker::User, "message of the user"),
    ] {
        if has(before, who) && !has(after, who) {
            return Some(format!("the prompt has no {name} any more"));
        }
    }
    let (old, new) = (last(before)?, last(after)?);
    (speaker(old) != speaker(new)).then(|| {
        format!("the last message was `{old}` and is `{new}`: what callers add behind it means something else")
    })
}

/// Who speaks, as callers see it: system and developer are two words for one.
#[derive(Clone, Copy, PartialEq)]
enum Speaker {
    Instructions,
    User,
    Model,
}

fn speaker(role: Role) -> Speaker {
    match role {
        Role::System | Role::Developer => Speaker::Instructions,
        Role::User => Speaker::User,
        Role::Assistant => Speaker::Model,
    }
}

/// A whole message that only one side has.
fn lone(messages: &[Entry], at: usize, kind: ChangeKind) -> Change {
    let rule = match kind {
        ChangeKind::Added => rules::MESSAGE_ADDED,
        _ => rules::MESSAGE_REMOVED,
    };
    one_sided(
        rule,
        format!("messages[{at}]"),
        kind,
        entry_json(&messages[at]),
    )
}

fn one_sided(rule: Rule, path: String, kind: ChangeKind, value: Value) -> Change {
    let mut change = Change::new(rule, path, kind);
    match kind {
        ChangeKind::Added => change.after = Some(value),
        _ => change.before = Some(value),
    }
    change
}

fn message_changes(path: &str, before: &Message, after: &Message, found: &mut ChangeList<'_>) {
    if before.role != after.role {
        found.changes.push(changed(
            rules::MESSAGE_ROLE,
            format!("{path}.role"),
            json!(before.role.as_str()),
            json!(after.role.as_str()),
        ));
    }
    let path = format!("{path}.content");
    if before.is_plain != after.is_plain {
        let form = |message: &Message| {
            json!(if message.is_plain {
                "a string"
            } else {
                "a list of parts"
            })
        };
        found.changes.push(changed(
            rules::MESSAGE_FORM,
            path.clone(),
            form(before),
            form(after),
        ));
    }
    part_changes(&path, before, after, found);
}

/// Compares the parts: equal ones are matched first, then those of one kind in their order.
fn part_changes(path: &str, before: &Message, after: &Message, found: &mut ChangeList<'_>) {
    let values =
        |message: &Message| -> Vec<Value> { message.parts.iter().map(part_json).collect() };
    let (old, new) = (values(before), values(after));
    let (olds, news) = numbers(
        old.iter().map(Value::to_string),
        new.iter().map(Value::to_string),
    );
    let part_path = |message: &Message, at: usize| match message.is_plain {
        true => path.to_owned(),
        false => format!("{path}[{at}]"),
    };
    let stretches = align(&olds, &news, &mut Budget::default());
    for stretch in stretches.into_iter().filter(|stretch| !stretch.is_same) {
        let mut left: Vec<usize> = stretch.old.collect();
        for to in stretch.new {
            let part = &after.parts[to];
            let path = part_path(after, to);
            match left
                .iter()
                .position(|&from| is_alike(&before.parts[from], part))
            {
                Some(at) => {
                    let from = left.remove(at);
                    part_change(&path, after.is_plain, (&before.parts[from], part), found);
                }
                None => found
                    .changes
                    .push(lone_part(path, part, &new[to], ChangeKind::Added)),
            }
        }
        for from in left {
            let path = part_path(before, from);
            found.changes.push(lone_part(
                path,
                &before.parts[from],
                &old[from],
                ChangeKind::Removed,
            ));
        }
    }
}

fn lone_part(path: String, part: &Part, value: &Value, kind: ChangeKind) -> Change {
    let rule = match (part, kind) {
        (Part::Text(_), _) => rules::TEXT,
        (_, ChangeKind::Added) => rules::MESSAGE_ADDED,
        _ => rules::MESSAGE_REMOVED,
    };
    one_sided(rule, path, kind, value.clone())
}

fn is_alike(before: &Part, after: &Part) -> bool {
    std::mem::discriminant(before) == std::mem::discriminant(after)
}

fn part_change(path: &str, is_plain: bool, parts: (&Part, &Part), found: &mut ChangeList<'_>) {
    if let (Part::Text(before), Part::Text(after)) = parts {
        let path = if is_plain {
            path.to_owned()
        } else {
            format!("{path}.text")
        };
        let change = text_change(found.budget, rules::TEXT, path, &before.value, &after.value);
        found.changes.extend(change);
        return;
    }
    let differences = super::value::differences(
        found.budget,
        path,
        Some(&part_json(parts.0)),
        Some(&part_json(parts.1)),
    );
    found.changes.extend(
        differences
            .into_iter()
            .map(|difference| Change::from_difference(rules::ATTACHMENT, difference)),
    );
}

/// How one template became another; line ends are no difference.
pub(super) fn text_change(
    budget: &mut Budget,
    rule: Rule,
    path: String,
    before: &str,
    after: &str,
) -> Option<Change> {
    let (before, after) = (unix(before), unix(after));
    if before == after {
        return None;
    }
    let words = WordDiff::within(budget, &before, &after);
    let is_moved = words.is_only_moved();
    let kind = if is_moved {
        ChangeKind::Moved
    } else {
        ChangeKind::Changed
    };
    let rule = if is_moved && rule == rules::TEXT {
        rules::TEXT_MOVED
    } else {
        rule
    };
    Some(Change {
        before: Some(Value::from(before)),
        after: Some(Value::from(after)),
        words: Some(words),
        ..Change::new(rule, path, kind)
    })
}

fn unix(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
}

fn changed(rule: Rule, path: String, before: Value, after: Value) -> Change {
    Change {
        before: Some(before),
        after: Some(after),
        ..Change::new(rule, path, ChangeKind::Changed)
    }
}

/// An entry of `messages:` as the prompt file writes it.
pub(super) fn entry_json(entry: &Entry) -> Value {
    match entry {
        Entry::Message(message) => message_json(message),
        Entry::Placeholder(variable) => json!({ "placeholder": variable.value }),
    }
}

fn message_json(message: &Message) -> Value {
    let content = match message.parts.as_slice() {
        [Part::Text(text)] if message.is_plain => json!(text.value),
        parts => parts.iter().map(part_json).collect(),
    };
    json!({ "role": message.role.as_str(), "content": content })
}

fn part_json(part: &Part) -> Value {
    let (kind, source, name, extra) = match part {
        Part::Text(text) => return json!({ "type": "text", "text": unix(&text.value) }),
        Part::Image { source, detail } => ("image", source, "detail", detail.as_deref()),
        Part::File { source, filename } => (
            "file",
            source,
            "filename",
            filename.as_ref().map(|name| name.value.as_str()),
        ),
    };
    let key = match source {
        Attachment::Url(_) => "url",
        Attachment::Path(_) => "path",
        Attachment::FileId(_) => "fileId",
    };
    let mut part = json!({ "type": kind, key: source.text().value });
    if let Some(extra) = extra {
        part[name] = json!(extra);
    }
    part
}
