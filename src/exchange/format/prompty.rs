//! Prompty, version 1 and 2: front matter, then messages in Jinja or mustache.

mod head;
mod language;
mod property;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use self::head::head;
use self::language::dialect;
use super::draft::{Draft, refused};
use super::front::Front;
use super::langfuse::role_of;
use super::{Foreign, Source};
use crate::exchange::dialect::{Dialect, Known, Mistake, MistakeKind};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};

pub(super) fn read(source: &Source<'_>) -> Result<Foreign, Finding> {
    let text = source.text.replace("\r\n", "\n");
    let front = Front::read(text.trim_start_matches('\u{feff}'))?;
    let keys = front.map();
    let mut draft = Draft {
        says_required: true,
        ..Draft::new(source)
    };
    let mut known = Known::default();
    let mut threads = BTreeSet::new();
    head(&keys, &front, source, &mut draft, &mut known, &mut threads)?;
    let dialect = dialect(&keys, &front)?;
    messages(&front, dialect, &known, &threads, &mut draft)?;
    if draft.messages.is_empty() {
        return Err(refused(
            Some(front.span(front.body.clone())),
            "it has no text",
            "write what the model is to do below the front matter",
        ));
    }
    draft.finish(source.stem.to_owned())
}

/// A piece of the body: a role line and what follows it.
struct Section {
    role: &'static str,
    body: Range<usize>,
}

fn sections(front: &Front<'_>) -> Result<Vec<Section>, Finding> {
    let Ok(marker) = Regex::new(
        r"(?im)^[ \t]*#?[ \t]*(system|developer|user|assistant|function|tool)[ \t]*(?:\[[^\]\n]*\])?[ \t]*:[ \t]*$",
    ) else {
        return Ok(Vec::new());
    };
    let text = &front.text[front.body.clone()];
    let mut all = vec![Section {
        role: "system",
        body: front.body.start..front.body.end,
    }];
    for found in marker.captures_iter(text) {
        let whole = found.get(0).map_or(0..0, |it| it.range());
        let start = front.body.start + whole.start;
        if let Some(last) = all.last_mut() {
            last.body.end = start;
        }
        let name = found.get(1).map_or("", |it| it.as_str());
        let role = role_of(name).ok_or_else(|| {
            refused(
                Some(front.span(start..front.body.start + whole.end)),
                format!("the role `{name}` has no counterpart here"),
                "roles are system, developer, user and assistant",
            )
        })?;
        all.push(Section {
            role,
            body: front.body.start + whole.end..front.body.end,
        });
    }
    Ok(all)
}

/// A loop over roles and contents.
static LOOPED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = r"\{%-?\s*for\s+(\w+)\s+in\s+(\w+)\s*-?%\}\s*(?:#\s*)?\{\{\s*(\w+)\.role\s*\}\}\s*:[ \t]*\n\s*\{\{\s*(\w+)\.content\s*\}\}\s*\{%-?\s*endfor\s*-?%\}";
    Regex::new(pattern).ok()
});

static VARIABLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{\{\s*(\w+)\s*\}\}").ok());

/// Places where a conversation stands: a thread's variable, or a loop over roles and contents.
fn conversations(text: &str, threads: &BTreeSet<String>) -> Vec<(Range<usize>, String)> {
    let mut all = Vec::new();
    for found in LOOPED.iter().flat_map(|looped| looped.captures_iter(text)) {
        let part = |index: usize| found.get(index).map_or("", |it| it.as_str());
        if part(1) == part(3) && part(1) == part(4) {
            let at = found.get(0).map_or(0..0, |it| it.range());
            all.push((at, part(2).to_owned()));
        }
    }
    for found in VARIABLE.iter().flat_map(|name| name.captures_iter(text)) {
        let name = found.get(1).map_or("", |it| it.as_str());
        if threads.contains(name) {
            let at = found.get(0).map_or(0..0, |it| it.range());
            all.push((at, name.to_owned()));
        }
    }
    all.sort_by_key(|(at, _)| at.start);
    all
}

fn messages(
    front: &Front<'_>,
    dialect: Dialect,
    known: &Known,
    threads: &BTreeSet<String>,
    draft: &mut Draft,
) -> Result<(), Finding> {
    for (index, section) in sections(front)?.into_iter().enumerate() {
        let text = &front.text[section.body.clone()];
        let mut from = 0;
        let found = conversations(text, threads);
        let count = found.len();
        for (nth, (at, name)) in found.into_iter().enumerate() {
            let part = section.body.start + from..section.body.start + at.start;
            message(
                front,
                part,
                section.role,
                nth == 0 && index > 0,
                (dialect, known),
                draft,
            )?;
            draft.placeholder(&name);
            if let Some(Value::Object(row)) = draft.test_data.first_mut() {
                row.remove(&name);
            }
            from = at.end;
        }
        let rest = section.body.start + from..section.body.end;
        if count > 0 && !front.text[rest.clone()].trim().is_empty() {
            return Err(refused(
                Some(front.span(rest)),
                "text follows a conversation without a role, and belongs to its last message there",
                "begin it with a line `user:`",
            ));
        }
        if count == 0 {
            message(
                front,
                rest,
                section.role,
                index > 0,
                (dialect, known),
                draft,
            )?;
        }
    }
    Ok(())
}

fn message(
    front: &Front<'_>,
    part: Range<usize>,
    role: &'static str,
    is_marked: bool,
    (dialect, known): (Dialect, &Known),
    draft: &mut Draft,
) -> Result<(), Finding> {
    let text = &front.text[part.clone()];
    let start = part.start + text.len() - text.trim_start_matches('\n').len();
    let text = text.trim_matches('\n');
    if text.trim().is_empty() && !is_marked {
        return Ok(());
    }
    if text.trim().is_empty() {
        draft.note(
            code::SOURCE_DROPPED,
            Some(front.span(part)),
            format!("an empty {role} message: left out"),
        );
        return Ok(());
    }
    let place = |inner: Span| Some(front.places.inside(start, inner));
    if let Err(Mistake { at, kind, .. }) = dialect.read(text, known)
        && kind == MistakeKind::Unbalanced
        && dialect.read(&front.text[front.body.clone()], known).is_ok()
    {
        return Err(refused(
            place(Span::from_range(text, at)),
            "a message begins or ends inside this block, and messages here stand side by side",
            "take the role out of the block, or give the messages as a list: an input of the kind `thread`",
        ));
    }
    if text.contains("![") && role == "user" {
        draft.lose(
            code::SOURCE_CHANGED,
            place(Span::point(1, 1)),
            "pictures written as Markdown are sent as text here; write a part `type: image`",
        );
    }
    // The line end at the very end was taken away with the blank lines.
    let whole = format!("{text}\n");
    let text = if dialect == Dialect::Jinja {
        &whole
    } else {
        text
    };
    let template = draft.template(dialect, text, known, place)?;
    draft.message(role, template);
    Ok(())
}
