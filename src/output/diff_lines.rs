//! A word diff laid out in lines: what changed with a little around it, the rest left out.

use std::borrow::Cow;

use serde_json::Value;

use crate::prompt::diff::{Change, Piece, PieceKind, WordDiff};
use crate::prompt::visible;

/// So many unchanged lines are shown on each side of a changed one.
const CONTEXT: usize = 1;

/// So many characters of an unchanged stretch are shown beside a change in a long line.
const BESIDE: usize = 40;

/// Of one added or removed stretch in a line so many characters are shown.
const MAX_STRETCH: usize = 1_500;

/// Of a passage that moved so many characters are shown.
const MAX_MOVED: usize = 60;

/// One line of a layout.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    /// Text that is shown.
    Shown(Vec<Span>),
    /// So many unchanged lines that are not.
    Hidden(usize),
    /// So many lines that would be shown if there were room.
    Cut(usize),
}

/// A stretch of a line and what became of it. It holds no line end and no control character.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) kind: PieceKind,
    pub(super) text: String,
}

/// Lays out a word diff in lines of about `width` characters, and at most `most` of them.
pub(super) fn layout(diff: &WordDiff, width: usize, most: usize) -> Vec<Line> {
    let lines = split(&diff.pieces);
    let is_changed = |line: &Vec<Span>| line.iter().any(|span| span.kind != PieceKind::Same);
    let changed: Vec<bool> = lines.iter().map(is_changed).collect();
    let mut near = vec![false; lines.len()];
    for at in (0..lines.len()).filter(|&at| changed[at]) {
        near[at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len())].fill(true);
    }
    // A blank line is no context.
    near.iter_mut()
        .zip(&lines)
        .for_each(|(near, line)| *near &= !line.is_empty());
    let total = lines.len();
    let (mut shown, mut hidden, mut count, mut cut) = (Vec::new(), 0, 0, 0);
    for (at, line) in lines.into_iter().enumerate() {
        // One line left out would take the place of one line.
        let is_bridge = at > 0 && at + 1 < total && near[at - 1] && near[at + 1];
        if !(near[at] || is_bridge) {
            hidden += 1;
        } else if count >= most {
            cut += 1;
        } else {
            if hidden > 0 {
                shown.push(Line::Hidden(std::mem::take(&mut hidden)));
            }
            count += 1;
            shown.push(Line::Shown(shorten(line, width)));
        }
    }
    match (cut, hidden) {
        (0, 0) => {}
        (0, _) => shown.push(Line::Hidden(hidden)),
        _ => shown.push(Line::Cut(cut)),
    }
    shown
}

/// The words of a change: its own, or a text that came or went as a whole.
pub(super) fn words(change: &Change) -> Option<Cow<'_, WordDiff>> {
    if let Some(words) = &change.words {
        return Some(Cow::Borrowed(words));
    }
    let (kind, value) = match (&change.before, &change.after) {
        (None, Some(value)) => (PieceKind::Added, value),
        (Some(value), None) => (PieceKind::Removed, value),
        _ => return None,
    };
    let text = content(value).filter(|text| !text.is_empty())?.to_owned();
    let pieces = vec![Piece { kind, text }];
    Some(Cow::Owned(WordDiff { pieces }))
}

/// Who speaks a message that came or went as a whole.
pub(super) fn role(change: &Change) -> Option<&str> {
    let value = change.after.as_ref().or(change.before.as_ref())?;
    let role = value.get("role").and_then(Value::as_str);
    role.or_else(|| value.get("placeholder").map(|_| "placeholder"))
}

/// The text of a message, of a part of one, or of a long value.
fn content(value: &Value) -> Option<&str> {
    match value {
        Value::Object(object) if object.contains_key("role") => object.get("content")?.as_str(),
        Value::Object(object) if object.contains_key("placeholder") => {
            object.get("placeholder")?.as_str()
        }
        Value::Object(object) if object.get("type") == Some(&Value::from("text")) => {
            object.get("text")?.as_str()
        }
        Value::String(text) if text.contains('\n') || text.chars().nth(60).is_some() => Some(text),
        _ => None,
    }
}

/// The pieces in lines.
fn split(pieces: &[Piece]) -> Vec<Vec<Span>> {
    let mut lines = Vec::new();
    let mut line: Vec<Span> = Vec::new();
    for piece in pieces {
        if matches!(piece.kind, PieceKind::MovedAway | PieceKind::MovedHere) {
            line.push(Span {
                kind: piece.kind,
                text: summary(&piece.text),
            });
            if piece.text.ends_with('\n') {
                lines.push(std::mem::take(&mut line));
            }
            continue;
        }
        for part in piece.text.split_inclusive('\n') {
            let text = part.strip_suffix('\n').unwrap_or(part);
            if !text.is_empty() {
                line.push(Span {
                    kind: piece.kind,
                    text: visible(text),
                });
            }
            if text.len() < part.len() {
                // A line end that came or went alone would not be seen.
                let is_alone = line.iter().any(|span| span.kind != piece.kind) || line.is_empty();
                if piece.kind != PieceKind::Same && is_alone {
                    line.push(Span {
                        kind: piece.kind,
                        text: "⏎".to_owned(),
                    });
                }
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A moved passage in few words.
fn summary(text: &str) -> String {
    let trimmed = text.trim();
    let first = trimmed.lines().next().unwrap_or_default();
    let mut short = visible(&first.chars().take(MAX_MOVED).collect::<String>());
    let lines = trimmed.lines().count();
    if short.chars().count() < first.chars().count() || lines > 1 {
        short.push('…');
    }
    if lines > 1 {
        short.push_str(&format!(" ({lines} lines)"));
    }
    short
}

/// Leaves out what is far from every change in a long line.
fn shorten(line: Vec<Span>, width: usize) -> Vec<Span> {
    let length = |span: &Span| span.text.chars().count();
    if line.iter().map(length).sum::<usize>() <= width {
        return line;
    }
    let last = line.len() - 1;
    let shorten = |(at, mut span): (usize, Span)| {
        let chars: Vec<char> = span.text.chars().collect();
        span.text = match span.kind {
            PieceKind::Same if last == 0 => ends(&chars, width.saturating_sub(1), 0),
            PieceKind::Same if at == 0 => ends(&chars, 0, BESIDE),
            PieceKind::Same if at == last => ends(&chars, BESIDE, 0),
            PieceKind::Same => ends(&chars, BESIDE, BESIDE),
            _ => ends(&chars, MAX_STRETCH * 2 / 3, MAX_STRETCH / 3),
        };
        span
    };
    line.into_iter().enumerate().map(shorten).collect()
}

/// The first and the last characters, cut between words where there is a blank near.
fn ends(chars: &[char], first: usize, last: usize) -> String {
    const NEAR: usize = 12;
    if chars.len() <= first + last + 3 {
        return chars.iter().collect();
    }
    let (head, tail) = (&chars[..first], &chars[chars.len() - last..]);
    let head_end = head
        .iter()
        .rposition(|char| *char == ' ')
        .filter(|at| first - at <= NEAR);
    let tail_start = tail
        .iter()
        .position(|char| *char == ' ')
        .filter(|at| *at <= NEAR);
    let head: String = head[..head_end.map_or(first, |at| at + 1)].iter().collect();
    let tail: String = tail[tail_start.unwrap_or(0)..].iter().collect();
    format!("{head}…{tail}")
}

/// A text on one line, with blanks for its tabs.
pub(super) fn visible(text: &str) -> String {
    visible::line(&text.replace('\t', "    ")).into_owned()
}

/// A value on one line, in at most `width` characters.
pub(super) fn short(value: &Value, width: usize) -> String {
    let text = match value {
        Value::String(text) if is_plain(text) => text.clone(),
        value => value.to_string(),
    };
    let text = visible(&text);
    match text.char_indices().nth(width) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The line that stands for those that were cut.
pub(super) fn cut(count: usize) -> String {
    match count {
        1 => "… and 1 more line".to_owned(),
        count => format!("… and {count} more lines"),
    }
}

/// Whether a text reads as itself without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str, width: usize) -> String {
        let line = |line: &Line| match line {
            Line::Hidden(count) => format!("({count})"),
            Line::Cut(count) => format!("({count} cut)"),
            Line::Shown(spans) => spans
                .iter()
                .map(|span| match span.kind {
                    PieceKind::Same => span.text.clone(),
                    kind => format!("[{kind:?} {}]", span.text),
                })
                .collect(),
        };
        let lines: Vec<String> = layout(&WordDiff::new(before, after), width, 20)
            .iter()
            .map(line)
            .collect();
        lines.join("\n")
    }

    #[test]
    fn only_changed_lines_and_their_neighbours_are_shown() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\n";
        assert_eq!(
            shown(before, &before.replace('d', "x"), 80),
            "(2)\nc\n[Removed d][Added x]\ne\n(3)"
        );
        // One line between two changes is shown rather than counted.
        assert_eq!(
            shown("a\nb\nc\nd\ne\n", "x\nb\nc\nd\ny\n", 80),
            "[Removed a][Added x]\nb\nc\nd\n[Removed e][Added y]"
        );
    }

    #[test]
    fn line_ends_that_came_or_went_are_seen() {
        assert_eq!(shown("a b\n", "a\nb\n", 80), "a[Removed  ][Added ⏎]\nb");
        assert_eq!(shown("a\n\nb\n", "a\nb\n", 80), "a\n[Removed ⏎]\nb");
        assert_eq!(shown("a\nold\nb\n", "a\nb\n", 80), "a\n[Removed old]\nb");
    }

    #[test]
    fn a_long_line_shows_only_what_is_beside_its_changes() {
        let long = "lorem ipsum dolor sit amet ".repeat(20);
        let shown = shown(
            &format!("{long}old {long}"),
            &format!("{long}new {long}"),
            80,
        );
        assert!(
            shown.starts_with('…') && shown.ends_with('…') && shown.chars().count() < 130,
            "{shown}"
        );
        assert!(shown.contains("[Removed old][Added new]"), "{shown}");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        assert_eq!(
            visible("a\u{1b}[31mb\r\u{202e}c\u{7f}"),
            r"a\u{1b}[31mb\r\u{202e}c\u{7f}"
        );
        assert_eq!(visible("👩‍👩‍👧 é 请"), "👩‍👩‍👧 é 请");
    }
}
