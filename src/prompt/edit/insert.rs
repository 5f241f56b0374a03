//! New entries of the outermost map, as lines.

use super::super::document::node::{Key, Node};

/// Where a new entry is added.
pub(super) enum Anchor<'a> {
    /// Behind the entry of this key.
    After(&'a str),
    /// Before the entry of this key.
    Before(&'a str),
}

/// Texts with a new entry of the outermost map at each of the places where it can stand. `lines`
/// has no line end at its end.
pub(super) fn added(
    text: &str,
    entries: &[(Key, Node)],
    lines: &str,
    anchors: &[Anchor<'_>],
) -> Vec<String> {
    let mut offsets = Vec::new();
    for anchor in anchors {
        let find = |name: &str| entries.iter().position(|(key, _)| key.text == name);
        match anchor {
            Anchor::Before(name) => {
                offsets.extend(find(name).map(|at| line_start(text, &entries[at].0)));
            }
            Anchor::After(name) => {
                if let Some(at) = find(name) {
                    let next = entries.get(at + 1);
                    let end = next.map_or(text.len(), |(key, _)| line_start(text, key));
                    offsets.push(end_of_entry(text, entries[at].0.span.end, end));
                    offsets.push(end);
                }
            }
        }
    }
    let indent = entries.first().map_or("", |(key, _)| {
        let line = &text[line_start(text, key)..key.span.start];
        if line.bytes().all(|byte| byte == b' ') {
            line
        } else {
            ""
        }
    });
    offsets
        .into_iter()
        .map(|offset| insert(text, offset, lines, indent))
        .collect()
}

/// Where the line of `key` begins, behind a byte order mark.
fn line_start(text: &str, key: &Key) -> usize {
    let before = &text[..key.span.start];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    if before[start..].starts_with('\u{feff}') {
        start + '\u{feff}'.len_utf8()
    } else {
        start
    }
}

/// Where the entry whose key ends at `from` is over: before the blank lines and comments that
/// stand in front of the next one, which begins at `end`.
fn end_of_entry(text: &str, from: usize, end: usize) -> usize {
    let mut offset = end;
    while offset > from {
        let whole = &text[..offset];
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let start = line.rfind('\n').map_or(0, |at| at + 1);
        let line = text[start..offset].trim_end();
        let is_apart = line.is_empty() || line.starts_with('#') || line == "...";
        if start <= from || !is_apart {
            break;
        }
        offset = start;
    }
    offset
}

/// The text with new lines at `offset`, with the line ends of the file.
fn insert(text: &str, offset: usize, lines: &str, indent: &str) -> String {
    let (before, after) = text.split_at(offset);
    let has_windows_ends = match before.rfind('\n').or_else(|| text.find('\n')) {
        Some(at) => text[..at].ends_with('\r'),
        None => false,
    };
    let end = if has_windows_ends { "\r\n" } else { "\n" };
    let lines = lines.replace('\n', &format!("{end}{indent}"));
    if before.is_empty() || before.ends_with('\n') || before == "\u{feff}" {
        format!("{before}{indent}{lines}{end}{after}")
    } else {
        format!("{before}{end}{indent}{lines}{after}")
    }
}
