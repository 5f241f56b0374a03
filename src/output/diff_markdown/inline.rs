//! Foreign text on one line of Markdown, in which nothing of it comes alive.

use super::super::diff_lines::{self, Line, Span, visible};
use crate::prompt::diff::PieceKind;

/// Text between HTML tags.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A line inside `<pre>`; of a text that came or went as a whole, without marks.
pub(in super::super) fn line(line: &Line, is_whole: bool) -> String {
    match line {
        Line::Hidden(_) => "…".to_owned(),
        Line::Cut(count) => diff_lines::cut(*count),
        Line::Shown(spans) if is_whole => spans.iter().map(|span| escape(&span.text)).collect(),
        Line::Shown(spans) => spans.iter().map(span).collect(),
    }
}

fn span(span: &Span) -> String {
    let text = escape(&span.text);
    match span.kind {
        PieceKind::Same => text,
        PieceKind::Removed => format!("<del>{text}</del>"),
        PieceKind::Added => format!("<ins><b>{text}</b></ins>"),
        PieceKind::MovedAway => format!("<i>[moved away: {text}]</i>"),
        PieceKind::MovedHere => format!("<i>[moved here: {text}]</i>"),
    }
}

/// A code span that holds any text on one line.
pub fn code(text: &str) -> String {
    let text = visible(text);
    let mut longest = 0;
    let mut run = 0;
    for char in text.chars() {
        run = if char == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let needs_room = text.is_empty() || text.starts_with('`') || text.ends_with('`');
    let room = if needs_room { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}

/// A message whose names stand between backticks: those become code, the rest plain text.
pub fn message(message: &str) -> String {
    let mut line = Inline::default();
    for (at, part) in message.split('`').enumerate() {
        match at % 2 {
            1 => line.code(part),
            _ => line.plain(part),
        }
    }
    line.0
}

/// Text in which Markdown finds nothing to do.
pub fn plain(text: &str) -> String {
    let mut line = Inline::default();
    line.plain(text);
    line.0
}

/// Text for a cell of a table, which a `|` would end, also within code.
pub fn cell(text: &str) -> String {
    plain(text).replace('|', "\\|")
}

/// A stretch of Markdown on one line.
///
/// GitHub looks for mentions, issues, commits and links in the page that Markdown has made, so no
/// escape of Markdown or HTML keeps them from coming alive; it leaves code alone. So all stands in
/// code but words and numbers in which it can find nothing.
#[derive(Default)]
struct Inline(String);

impl Inline {
    fn code(&mut self, text: &str) {
        // Two spans without a blank between them would be read as one.
        if self.0.ends_with('`') {
            self.0.push(' ');
        }
        self.0.push_str(&code(text));
    }

    fn plain(&mut self, text: &str) {
        let text = visible(text);
        let mut words = text.split(' ').peekable();
        while let Some(word) = words.next() {
            if is_inert(word) {
                self.0.push_str(&word.replace('$', "\\$"));
            } else {
                let mut span = word.to_owned();
                while let Some(next) = words.next_if(|next| !next.is_empty() && !is_inert(next)) {
                    span.push(' ');
                    span.push_str(next);
                }
                // What stands around a word, such as quotation marks and commas, is no part of it.
                let core = span.trim_start_matches(['"', '“']);
                self.0.push_str(&span[..span.len() - core.len()]);
                let inner = core.trim_end_matches([',', ';', '"', '”']);
                self.code(inner);
                self.0.push_str(&core[inner.len()..]);
            }
            if words.peek().is_some() {
                self.0.push(' ');
            }
        }
    }
}

/// What may stand before a word.
const OPENING: [char; 3] = ['(', '"', '“'];

/// What may stand behind a word.
const STOPS: [char; 10] = ['(', ')', ',', '.', ';', ':', '?', '…', '"', '”'];

/// Whether a word is nothing but a word, a number or a stop, whatever stands beside it.
fn is_inert(word: &str) -> bool {
    let inner = word.trim_start_matches(OPENING).trim_end_matches(STOPS);
    let is_letters = |part: &str| {
        let is_letter = |each: char| each.is_alphabetic() || matches!(each, '\'' | '’');
        !part.is_empty() && part.chars().all(is_letter)
    };
    // Seven of them may be the beginning of a commit's id.
    let is_hex = inner.len() >= 7 && inner.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = inner
        .trim_start_matches(['+', '-'])
        .trim_start_matches('$')
        .trim_start_matches('v')
        .trim_end_matches('%');
    let is_number = || {
        number.starts_with(|first: char| first.is_ascii_digit())
            && number
                .split(['.', ','])
                .all(|part| part.len() < 7 && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_only_stops = inner.is_empty() || matches!(inner, "→" | "-" | "–" | "=" | "%");
    is_only_stops || !is_hex && (inner.split('-').all(is_letters) || is_number())
}
