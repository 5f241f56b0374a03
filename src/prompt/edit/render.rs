//! Values as YAML text.

use serde_json::Value;

use super::super::document::parse_value;

/// How a text of one line is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Only where it needs quotes.
    Needed,
    /// `'…'`, where that can hold it.
    Single,
    /// `"…"`.
    Double,
}

/// Whether texts of several lines are block scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// `|`, where that can hold them.
    Block,
    /// `"…\n…"`.
    Quoted,
}

/// `key: value` as lines of YAML.
pub(super) fn entry(key: &str, value: &Value, quotes: Quotes, lines: Lines) -> String {
    let mut text = scalar_text(key, Quotes::Needed);
    text.push(':');
    Writer { quotes, lines }.value(&mut text, value, 0);
    text.push('\n');
    text
}

/// A list as lines of YAML that begin at the margin.
pub fn list_of(items: &[Value]) -> String {
    let mut text = String::new();
    let writer = Writer {
        quotes: Quotes::Needed,
        lines: Lines::Block,
    };
    writer.list(&mut text, items, 0);
    text.push('\n');
    text.trim_start_matches('\n').to_owned()
}

/// A value on one line, if it is no list and no map that holds something.
pub(super) fn inline(value: &Value, quotes: Quotes) -> Option<String> {
    match value {
        Value::String(text) => Some(scalar_text(text, quotes)),
        Value::Array(items) if !items.is_empty() => None,
        Value::Object(object) if !object.is_empty() => None,
        other => Some(other.to_string()),
    }
}

struct Writer {
    quotes: Quotes,
    lines: Lines,
}

impl Writer {
    /// Writes a value behind its key's `:` or its item's `-`, which stand at `indent`.
    fn value(&self, text: &mut String, value: &Value, indent: usize) {
        match value {
            Value::Array(items) if !items.is_empty() => self.list(text, items, indent + 2),
            Value::Object(object) if !object.is_empty() => {
                for (key, value) in object {
                    newline(text, indent + 2);
                    text.push_str(&scalar_text(key, Quotes::Needed));
                    text.push(':');
                    self.value(text, value, indent + 2);
                }
            }
            Value::String(value) if self.lines == Lines::Block && fits_block(value) => {
                block(text, value, indent + 2);
            }
            other => {
                text.push(' ');
                text.push_str(&inline(other, self.quotes).unwrap_or_default());
            }
        }
    }

    fn list(&self, text: &mut String, items: &[Value], indent: usize) {
        for item in items {
            newline(text, indent);
            text.push('-');
            match item {
                // The first entry of a map stands behind the dash.
                Value::Object(object) if !object.is_empty() => {
                    let mut lines = String::new();
                    self.value(&mut lines, item, indent);
                    text.push(' ');
                    text.push_str(lines.trim_start());
                }
                _ => self.value(text, item, indent),
            }
        }
    }
}

fn newline(text: &mut String, indent: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', indent));
}

/// Whether a literal block scalar can hold the text.
pub fn fits_block(text: &str) -> bool {
    text.contains('\n')
        && !text.trim_matches('\n').is_empty()
        && text
            .chars()
            .all(|each| matches!(each, '\n' | '\t') || is_printable(each))
}

/// Writes a literal block scalar whose lines stand at `indent`, two more than what holds it. The last line has no end.
pub fn block(text: &mut String, value: &str, indent: usize) {
    text.push_str(" |");
    // Without it, the first line's own blanks would count as indentation.
    if value.trim_start_matches('\n').starts_with([' ', '\t']) {
        text.push('2');
    }
    let body = value.trim_end_matches('\n');
    match value.len() - body.len() {
        0 => text.push('-'),
        1 => {}
        _ => text.push('+'),
    }
    for line in body.split('\n') {
        newline(text, if line.is_empty() { 0 } else { indent });
        text.push_str(line);
    }
    for _ in 1..value.len() - body.len() {
        text.push('\n');
    }
}

/// Whether YAML holds a letter as it is.
pub fn is_printable(each: char) -> bool {
    !each.is_control()
        && !matches!(
            each,
            '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'
        )
}

fn scalar_text(text: &str, quotes: Quotes) -> String {
    let is_simple = text.chars().all(is_printable);
    match quotes {
        Quotes::Needed if is_simple && is_plain(text) => text.to_owned(),
        Quotes::Single if is_simple => format!("'{}'", text.replace('\'', "''")),
        _ => double_quoted(text),
    }
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for each in text.chars() {
        match each {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            each if is_printable(each) => quoted.push(each),
            each => quoted.push_str(&format!("\\u{:04X}", u32::from(each))),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether every YAML reader takes the text for itself, without quotes, in a block and in braces.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let starts_well = text.starts_with(char::is_alphabetic) && !text.ends_with([' ', ':']);
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_safe = !text.contains([',', '[', ']', '{', '}', '#', '"', '\'']) && !text.contains(": ");
    let reads_back = || parse_value(text).is_ok_and(|value| value == text);
    starts_well && !is_word && is_safe && reads_back()
}
