//! A finding for people: what, where, the line itself with the place marked, and what to do.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use super::ui::{BAD, BOLD, DIM, HINT, NOTE, paint};
use super::words::words;
use super::wrap::hung;
use crate::prompt::finding::{Finding, Severity, Span};
use crate::prompt::secrets::blot;
use crate::prompt::visible;

/// The texts of files, by path, from which lines are shown.
pub type Sources = BTreeMap<String, String>;

/// How much of a long line is shown, in columns.
const WIDTH: usize = 100;

/// How much of it stands before the place.
const BEFORE: usize = 40;

/// Of many findings that are alike, the places of so many more are named.
const MAX_PLACES: usize = 5;

/// The first of findings that are alike, and where the others are.
pub(super) fn render_first(
    first: &Finding,
    others: &[&Finding],
    sources: &Sources,
    colors: bool,
) -> String {
    let mut out = render(first, sources, colors);
    out.pop();
    let margin = first.span.map_or(1, |at| at.line.to_string().len());
    let places = others.iter().filter_map(|other| other.location());
    let mut places: Vec<String> = places.take(MAX_PLACES).collect();
    if others.len() > places.len() {
        places.push("…".to_owned());
    }
    let (pad, sign) = (" ".repeat(margin), paint(colors, HINT, "="));
    let places = visible::line(&places.join(", ")).into_owned();
    let count = others.len();
    out.push_str(&format!(
        "{pad} {sign} and {count} more like it: {places} (--verbose shows each)\n\n"
    ));
    out
}

/// A finding in several lines, the last one empty.
pub fn render(finding: &Finding, sources: &Sources, colors: bool) -> String {
    let (style, word) = match finding.severity {
        Severity::Error => (BAD, "error"),
        Severity::Warning => (NOTE, "warning"),
        Severity::Note => (DIM, "note"),
    };
    let label = paint(colors, style, &format!("{word}[{}]", finding.code));
    let message = paint(colors, BOLD, &visible::line(&finding.message));
    let mut out = format!("{label}: {message}\n");
    let margin = finding.span.map_or(1, |at| at.line.to_string().len());
    let pad = " ".repeat(margin);
    if let Some(location) = finding.location() {
        out.push_str(&format!(
            "{pad}{} {}\n",
            paint(colors, HINT, "-->"),
            visible::line(&location)
        ));
    }
    let bar = paint(colors, HINT, "|");
    let line = finding
        .path
        .as_ref()
        .zip(finding.span)
        .and_then(|(path, at)| marked(sources.get(path)?, at));
    if let Some((at, line)) = finding.span.zip(line) {
        let number = paint(colors, HINT, &at.line.to_string());
        out.push_str(&format!("{pad} {bar}\n{number} {bar} {}\n", line.text));
        let carets = paint(colors, style, &"^".repeat(line.marks));
        out.push_str(&format!(
            "{pad} {bar} {}{carets}\n",
            " ".repeat(line.before)
        ));
    }
    if let Some(help) = &finding.help {
        let sign = paint(colors, HINT, "=");
        out.push_str(&format!(
            "{pad} {sign} help: {}\n",
            visible::line(&words(help))
        ));
    }
    out.push('\n');
    out
}

/// A text of findings as a terminal of this width shows it best: its sentences broken at words, and lines of a
/// file as they stand.
pub fn fitted(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    // Before the bar stands the number of the line at most, and the colours, which end with `m`.
    let is_margin = |text: &str| !text.contains(|it: char| it.is_alphabetic() && it != 'm');
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        match line.split_once('|') {
            Some((before, _)) if is_margin(before) => out.push_str(line),
            _ => out.push_str(&hung(line, width)),
        }
        out.push('\n');
    }
    out
}

/// A line with a place in it.
struct Marked {
    text: String,
    /// How many columns stand before the mark.
    before: usize,
    /// How many columns are marked.
    marks: usize,
}

/// The line at a place as it may be shown: without secrets, control characters and what is too long.
fn marked(source: &str, at: Span) -> Option<Marked> {
    let around = around(source, at.line)?;
    let (whole, start, around) = window(around, at.column.saturating_sub(1));
    // A secret may go on below, so the text around the line is needed to know it.
    let blotted = shown_line(&around).unwrap_or_else(|| blot(&whole));
    let chars: Vec<char> = visible::blanked(&blotted)
        .replace('\t', " ")
        .chars()
        .collect();
    let from = if chars.len() > WIDTH {
        start.saturating_sub(BEFORE)
    } else {
        0
    };
    let to = chars.len().min(from + WIDTH);
    let head = if from > 0 { "…" } else { "" };
    let tail = if to < chars.len() { "…" } else { "" };
    let part = |range: std::ops::Range<usize>| {
        chars
            .get(range)
            .unwrap_or_default()
            .iter()
            .collect::<String>()
    };
    let before = format!("{head}{}", part(from..start.max(from))).width();
    let marks = part(start..start.saturating_add(at.length).min(to))
        .width()
        .max(1);
    Some(Marked {
        text: format!("{head}{}{tail}", part(from..to))
            .trim_end()
            .to_owned(),
        before,
        marks,
    })
}

/// How many characters of a line on either side of a place are looked at: of a line of megabytes, no
/// more than this is needed to show a part and to know a secret in it.
const LOOKED_AT: usize = 4_000;

/// A line and those around it that a secret may go over: one above, and two below.
struct Around<'s> {
    above: Option<&'s str>,
    line: &'s str,
    below: Vec<&'s str>,
}

/// The line with this number, found without looking at the text line by line.
fn around(source: &str, line: usize) -> Option<Around<'_>> {
    let index = line.checked_sub(1)?;
    let mut ends = memchr::memchr_iter(b'\n', source.as_bytes());
    let start = match index.checked_sub(2) {
        Some(before) => ends.nth(before)? + 1,
        None => 0,
    };
    let mut lines = source.get(start..)?.split('\n');
    let above = match index {
        0 => None,
        _ => Some(lines.next()?),
    };
    Some(Around {
        above,
        line: lines.next()?,
        below: lines.take(2).collect(),
    })
}

/// The part of a line around a place, where the place is in it, and the same lines that are to be
/// looked at for secrets, cut alike; the line itself is between the first and the second of them.
fn window(around: Around<'_>, column: usize) -> (String, usize, [String; 3]) {
    let line = around.line.trim_end_matches('\r');
    let cut = |text: &str, from: usize, many: usize| -> String {
        text.chars().skip(from).take(many).collect()
    };
    let from = column.saturating_sub(LOOKED_AT);
    let whole = cut(line, from, 2 * LOOKED_AT);
    // A place behind the end marks the end.
    let start = (column - from).min(whole.chars().count());
    let above = around.above.map_or(String::new(), |above| {
        format!("{}\n", cut(above, 0, LOOKED_AT))
    });
    let below = around.below.iter().map(|below| {
        let below = cut(below, 0, LOOKED_AT);
        format!("\n{below}")
    });
    let below = below.collect();
    (whole.clone(), start, [above, whole, below])
}

/// A line among others in which secrets are blotted out; none where there is no secret.
fn shown_line([above, line, below]: &[String; 3]) -> Option<String> {
    let text = format!("{above}{line}{below}");
    let shown = blot(&text);
    let number = usize::from(!above.is_empty());
    (shown != text).then(|| {
        let line = shown.split('\n').nth(number).unwrap_or_default();
        line.trim_end_matches('\r').to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::code;

    fn shown(line: &str, column: usize, length: usize) -> String {
        let sources = Sources::from([("a.yml".to_owned(), format!("first\n{line}\r\nlast\n"))]);
        let finding = Finding::error(code::UNDECLARED_VARIABLE, "what is wrong")
            .in_file("a.yml")
            .at(Span {
                line: 2,
                column,
                length,
            })
            .help("what to do");
        render(&finding, &sources, false)
    }

    #[test]
    fn the_place_is_marked_in_its_line() {
        insta::assert_snapshot!(shown("content: Hi {{ name }}!", 13, 10), @r"
        error[P104]: what is wrong
         --> a.yml:2:13
          |
        2 | content: Hi {{ name }}!
          |             ^^^^^^^^^^
          = help: what to do
        ");
    }

    #[test]
    fn wide_letters_tabs_and_the_end_of_a_line_keep_the_mark_in_place() {
        insta::assert_snapshot!(
            [shown("日本\tname: x", 4, 4), shown("ab", 9, 1), shown("a: 'b c' d", 4, 90)].concat().lines().filter(|line| line.contains('|')).collect::<Vec<_>>().join("\n"),
            @r"
          |
        2 | 日本 name: x
          |      ^^^^
          |
        2 | ab
          |   ^
          |
        2 | a: 'b c' d
          |    ^^^^^^^
        "
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{} name {}", "a".repeat(500), "b".repeat(500));
        let text = shown(&line, 502, 4);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[3].starts_with("2 | …aaa") && lines[3].ends_with('…'),
            "{text}"
        );
        assert_eq!(
            lines[4].find('^').map(|at| lines[4].len() - at),
            Some(4),
            "{text}"
        );
        assert!(lines[3].width() < 110);
    }

    #[test]
    fn secrets_and_control_characters_are_not_shown() {
        let key = format!("AKIA{}", "Q7RK2MWZ3XBT4VNC");
        let text = shown(&format!("key: {key} \u{1b}[31m\u{202e}"), 6, 20);
        assert!(
            text.contains("key: AKIA****************") && !text.contains(&key),
            "{text}"
        );
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{text}"
        );
    }

    #[test]
    fn without_a_source_the_place_alone_is_told() {
        let finding = Finding::warning(code::UNUSED_PARTIAL, "what is wrong").in_file("b.hbs");
        assert_eq!(
            render(&finding, &Sources::new(), false),
            "warning[P115]: what is wrong\n --> b.hbs\n\n"
        );
    }
}
