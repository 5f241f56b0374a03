//! What to write instead, where a text is no YAML: the parser says where it stopped, and the lines
//! around that place tell which of the common mistakes was made.

use super::super::secrets::blot;
use super::Finding;
use super::keys::{INPUT, Known, Lookup, MESSAGE, PARAMETERS, PART, TOP, look_up};

/// How many lines above the place a quote or a bracket may have been opened.
const MOST_LINES: usize = 50;
/// The longest value that is repeated, in characters.
const MOST_SHOWN: usize = 60;

/// What to write instead of what the parser stopped at.
pub(super) fn help(text: &str, finding: &Finding) -> Option<String> {
    let line = finding.span.map_or(1, |at| at.line);
    let lines: Vec<&str> = text.lines().take(line + 1).collect();
    let place = Place {
        lines: &lines,
        at: line.saturating_sub(1).min(lines.len().saturating_sub(1)),
        message: &finding.message,
    };
    place.help()
}

/// Where the parser stopped.
struct Place<'a> {
    /// The lines up to the one after it.
    lines: &'a [&'a str],
    /// The line, from 0.
    at: usize,
    /// What the parser said.
    message: &'a str,
}

impl Place<'_> {
    fn help(&self) -> Option<String> {
        let here = *self.lines.get(self.at)?;
        let above = self.above();
        let above = above.map_or("", |at| self.lines[at]);
        self.tab()
            .or_else(|| value(here))
            .or_else(|| self.unclosed())
            .or_else(|| self.inside(here))
            .or_else(|| [here, above].into_iter().find_map(blank))
            .or_else(|| self.indentation(here, above))
            .or_else(|| self.alone(here))
    }

    /// The line above that says something.
    fn above(&self) -> Option<usize> {
        let mut above = (0..self.at).rev();
        above.find(|at| {
            let line = self.lines[*at].trim();
            !line.is_empty() && !line.starts_with('#') && !self.is_text(*at)
        })
    }

    /// Whether a line is part of a text that a `|` or a `>` begins.
    fn is_text(&self, at: usize) -> bool {
        let deep = indentation(self.lines[at]).len();
        let begun = (at.saturating_sub(MOST_LINES)..at).rev().find(|above| {
            let line = self.lines[*above];
            !line.trim().is_empty() && indentation(line).len() < deep
        });
        begun.is_some_and(|begun| begins_text(self.lines[begun]))
    }

    fn tab(&self) -> Option<String> {
        let lines = &self.lines[self.at..];
        let number = lines
            .iter()
            .position(|line| indentation(line).contains('\t'))?;
        let line = self.at + number + 1;
        Some(format!("indent line {line} with blanks instead of tabs"))
    }

    /// A quote or a bracket that was opened here or above, and not closed.
    fn unclosed(&self) -> Option<String> {
        let first = self.at.saturating_sub(MOST_LINES);
        for at in (first..=self.at).rev() {
            let Some((_, value)) = entry(self.lines[at]).filter(|_| !self.is_text(at)) else {
                continue;
            };
            let line = at + 1;
            let open = value.chars().next()?;
            return match (open, closing(value)) {
                ('"' | '\'', None) => Some(format!(
                    "close the quote {open} that opens on line {line}; a text of several lines goes after `|`, indented"
                )),
                ('[' | '{', None) => Some(format!("close the `{open}` that opens on line {line}")),
                // Text of a value that goes on over several lines is no entry of its own.
                _ if at == self.at => continue,
                _ => None,
            };
        }
        None
    }

    /// What is wrong inside a value that ends on its line.
    fn inside(&self, line: &str) -> Option<String> {
        if self.message.contains("escape") {
            return Some(
                "write `\\\\` for a backslash in double quotes, or use single quotes".to_owned(),
            );
        }
        let (key, value) = entry(line)?;
        let open = value.chars().next()?;
        let rest = value.get(closing(value)?..).unwrap_or_default().trim();
        let is_open = !rest.is_empty() && !rest.starts_with('#');
        match open {
            '\'' if is_open => Some(format!(
                "write a `'` inside single quotes twice, or use double quotes: {key}: \"…\""
            )),
            '"' if is_open => Some(format!(
                "put the whole value in single quotes: {key}: '{}'",
                shown(&value.replace('\'', "''"))
            )),
            '[' | '{' if is_open => Some(format!(
                "remove what follows the bracket that closes, or put the whole value in quotes: {key}: '…'"
            )),
            '[' | '{' => Some(
                "put a comma between two entries, and quotes around a text that holds `:`, `,` or a bracket".to_owned(),
            ),
            _ => None,
        }
    }

    fn indentation(&self, here: &str, above: &str) -> Option<String> {
        let (deep, before) = (indentation(here).len(), indentation(above).len());
        if let Some(opened) = self.block_above(deep) {
            return Some(format!(
                "indent every line of the text that begins after line {opened} at least as far as its first"
            ));
        }
        let blanks = |count: usize| match count {
            0 => "not at all".to_owned(),
            1 => "by 1 blank".to_owned(),
            _ => format!("by {count} blanks"),
        };
        if self.message.contains("'-' indicator") {
            let inside = above
                .find(|char| char != ' ' && char != '-')
                .unwrap_or(before);
            return Some(format!(
                "indent it {} like the keys of the item above, or begin another item with `- `",
                blanks(inside)
            ));
        }
        if self.message.contains("<document start>") {
            return Some("indent the outermost keys all alike, best not at all".to_owned());
        }
        let (key, _) =
            entry(here).or_else(|| here.trim().strip_suffix(':').map(|key| (key, "")))?;
        let item = above.trim_start().starts_with("- ");
        let wanted = if item { before + 2 } else { before };
        if deep > wanted && entry(above).is_some() {
            return Some(format!(
                "indent `{}` {}, like the key above it, which has a value already",
                shown(key),
                blanks(wanted)
            ));
        }
        self.message
            .contains("expected key")
            .then(|| format!("indent `{}` like the keys that it belongs to", shown(key)))
    }

    /// The line whose `|` or `>` begins the text that this line was to go on with.
    fn block_above(&self, deep: usize) -> Option<usize> {
        let first = self.at.saturating_sub(MOST_LINES);
        let opened = (first..self.at)
            .rev()
            .find(|at| begins_text(self.lines[*at]))?;
        let text = self.lines.get(opened + 1..self.at)?;
        let begin = text.iter().find(|line| !line.trim().is_empty())?;
        let is_text =
            indentation(begin).len() > deep && indentation(self.lines[opened]).len() <= deep;
        let goes_on = text.iter().all(|line| {
            line.trim().is_empty() || indentation(line).len() >= indentation(begin).len()
        });
        (is_text && goes_on && !is_key(self.lines[self.at])).then_some(opened + 1)
    }

    /// A line that is neither `key: value` nor part of a text.
    fn alone(&self, here: &str) -> Option<String> {
        let word = here.trim().trim_start_matches("- ");
        if !self.message.contains("simple key") && !self.message.contains("mapping values") {
            return None;
        }
        if is_known(word) {
            return Some(format!("write a colon after it: `{word}:`"));
        }
        Some(
            "write `key: value`; a text of several lines goes after `|`, every line indented alike"
                .to_owned(),
        )
    }
}

/// What is wrong with how a value begins, or with what it holds.
fn value(line: &str) -> Option<String> {
    let (key, value) = entry(line)?;
    let key = shown(key);
    let quotes = |text: &str| {
        if text.contains('"') {
            format!("'{}'", text.replace('\'', "''"))
        } else {
            format!("\"{text}\"")
        }
    };
    if value.starts_with("{{") || value.starts_with("{%") {
        return Some(format!(
            "put quotes around a value that begins with `{{{{`: {key}: {}",
            shown(&quotes(value))
        ));
    }
    let first = value.chars().next()?;
    if first == '`' {
        return Some(format!(
            "put quotes around a value that begins with a backtick: {key}: \"…\""
        ));
    }
    if "@%*&!?".contains(first) {
        return Some(format!(
            "put quotes around a value that begins with `{first}`: {key}: \"…\""
        ));
    }
    if "|>".contains(first) {
        let after = value[1..]
            .trim_start_matches(|char: char| "+-".contains(char) || char.is_ascii_digit());
        let is_text = !after.trim().is_empty() && !after.trim().starts_with('#');
        return is_text.then(|| {
            format!(
                "begin the text on the line after `{key}: {first}`, indented further than `{key}`"
            )
        });
    }
    if value.chars().any(char::is_control) {
        return Some(format!(
            "remove the control character, or write it as an escape in double quotes: {key}: \"\\u0007\""
        ));
    }
    let is_plain = !"\"'[{".contains(first);
    (is_plain && (value.contains(": ") || value.ends_with(':'))).then(|| {
        format!("put quotes around a value that holds `: `, or begin it after `|`: {key}: \"…\"")
    })
}

/// A blank that is missing after a colon or a dash.
fn blank(line: &str) -> Option<String> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix('-')
        && rest.starts_with(|char: char| char.is_alphabetic() || char == '"')
        && (rest.contains(':') || rest.starts_with('"'))
    {
        return Some(format!("write a blank after the dash: `- {}`", shown(rest)));
    }
    let line = line.trim_start_matches("- ");
    let (key, rest) = line.split_once(':')?;
    (is_known(key) && !rest.is_empty() && !rest.starts_with(' '))
        .then(|| format!("write a blank after the colon: `{key}: {}`", shown(rest)))
}

/// The key and the value of a line `key: value` or `- key: value`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let line = line.trim().trim_start_matches("- ");
    let (key, value) = line.split_once(": ")?;
    let is_key = !key.is_empty() && !key.contains(['"', '\'', '{', '[', '#']);
    let value = value.trim();
    (is_key && !value.is_empty() && !value.starts_with('#')).then_some((key, value))
}

/// Whether a text begins after this line: `key: |` or `- >-`.
fn begins_text(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or(line).trim();
    let line = line.trim_end_matches(|char: char| "+-".contains(char) || char.is_ascii_digit());
    line.ends_with(": |") || line.ends_with(": >") || line == "- |" || line == "- >"
}

fn is_key(line: &str) -> bool {
    entry(line).is_some() || line.trim().ends_with(':')
}

/// Where the quote or the bracket that begins a value is closed, behind its end.
fn closing(value: &str) -> Option<usize> {
    let mut chars = value.char_indices().peekable();
    let mut depth = 0_usize;
    let mut quote = None;
    while let Some((at, char)) = chars.next() {
        match (quote, char) {
            (Some('"'), '\\') => drop(chars.next()),
            (Some('\''), '\'') if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
            }
            (Some(open), _) if char == open => quote = None,
            (Some(_), _) => continue,
            (None, '"' | '\'') => quote = Some(char),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        if quote.is_none() && depth == 0 {
            return Some(at + char.len_utf8());
        }
    }
    None
}

fn indentation(line: &str) -> &str {
    let end = line.find(|char| char != ' ' && char != '\t');
    &line[..end.unwrap_or(line.len())]
}

/// Whether a word is a key of some map of the format.
fn is_known(word: &str) -> bool {
    let all: [&[Known]; 5] = [TOP, MESSAGE, PARAMETERS, INPUT, PART];
    all.iter()
        .any(|known| matches!(look_up(word, known), Lookup::Known(_)))
}

/// A piece of the file without secrets, cut to what a line holds.
fn shown(text: &str) -> String {
    let text = blot(text);
    let mut shown: String = text.chars().take(MOST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use crate::output::words::words;
    use crate::prompt::document::parse;

    /// What is said of a file whose first lines are these.
    fn said(lines: &str) -> String {
        let text = format!("{lines}\nmessages:\n  - role: user\n    content: Hi\n");
        first(&text)
    }

    fn first(text: &str) -> String {
        let findings = parse(text).expect_err(text);
        let finding = &findings[0];
        let at = finding.span.expect("a place");
        let help = words(finding.help.as_ref().expect("a hint"));
        format!("{} {}: {help}", finding.code, at.line)
    }

    #[test]
    fn each_of_the_common_mistakes_is_told_with_what_to_write() {
        let at_the_top = [
            "name: \"Support",
            "name: 'It's me'",
            "name: \"a\" b",
            "name: \"a \\d\"",
            "tags: [a, b",
            "tags: [a, b]]",
            "input: {schema: {type: object}",
            "input: {a: 1 b: 2}",
            "name:Support",
            "name: x\nmodel:y",
            "name: x\nmodel",
            " name: x",
            "name: x\n model: y",
            "description: Note: sorts",
            "description: @ada",
            "description: `x`",
            "description: *bold*",
            "description: a\u{7}b",
            "just words",
        ];
        insta::assert_snapshot!(at_the_top.map(said).join("\n"), @r#"
        P001 2: close the quote " that opens on line 1; a text of several lines goes after `|`, indented
        P001 1: write a `'` inside single quotes twice, or use double quotes: name: "…"
        P001 1: put the whole value in single quotes: name: '"a" b'
        P001 1: write `\\` for a backslash in double quotes, or use single quotes
        P001 2: close the `[` that opens on line 1
        P001 1: remove what follows the bracket that closes, or put the whole value in quotes: tags: '…'
        P001 2: close the `{` that opens on line 1
        P001 1: put a comma between two entries, and quotes around a text that holds `:`, `,` or a bracket
        P001 2: write a blank after the colon: `name: Support`
        P001 2: write a blank after the colon: `model: y`
        P001 2: write a colon after it: `model:`
        P001 2: indent the outermost keys all alike, best not at all
        P001 2: indent `model` not at all, like the key above it, which has a value already
        P001 1: put quotes around a value that holds `: `, or begin it after `|`: description: "…"
        P001 1: put quotes around a value that begins with `@`: description: "…"
        P001 1: put quotes around a value that begins with a backtick: description: "…"
        P001 1: quote the value if its `*` is text
        P001 1: remove the control character, or write it as an escape in double quotes: description: "\u0007"
        P001 2: write `key: value`; a text of several lines goes after `|`, every line indented alike
        "#);
        let in_messages = [
            "\t- role: user\n\t  content: Hi",
            "  - role: user\n\t  content: Hi",
            "  -role: user\n   content: Hi",
            "  -role: user\n  -role: system",
            "  role: user\n  content: Hi",
            "  - role:user\n    content: Hi",
            "  - role: user\n    content:Hi",
            "  - role: user\n   content: Hi",
            "  - role: user\n      content: Hi",
            "  - role: user\n    content: Hi\n  role: system",
            "  - role: user\n    content: Hi\n- role: user",
            "  - role: user\n    content: {{ticket}}",
            "  - role: user\n    content: {{#if x}}\"a\"{{/if}} it's",
            "  - role: user\n    content: {{> tone}}",
            "  - role: user\n    content: Answer: {{x}}",
            "  - role: user\n    content: | text",
            "  - role: user\n    content: |\n      One\n    Two",
            "  - role: user\n    content: |\n        One\n      Two",
            "  - role: user\n    content: |\n      Say: \"x\n    role:user",
        ];
        let in_messages = in_messages.map(|lines| first(&format!("messages:\n{lines}\n")));
        insta::assert_snapshot!(in_messages.join("\n"), @r#"
        P001 2: indent line 2 with blanks instead of tabs
        P001 2: indent line 3 with blanks instead of tabs
        P001 3: write a blank after the dash: `- role: user`
        P002 3: write a blank after the dash that begins an item
        P005 1: begin each item with `- `
        P001 3: write a blank after the colon: `role: user`
        P001 3: write a blank after the colon: `content: Hi`
        P001 3: indent it by 4 blanks like the keys of the item above, or begin another item with `- `
        P001 3: indent `content` by 4 blanks, like the key above it, which has a value already
        P001 4: indent it by 4 blanks like the keys of the item above, or begin another item with `- `
        P001 4: indent `role` like the keys that it belongs to
        P001 3: put quotes around a value that begins with `{{`: content: "{{ticket}}"
        P001 3: put quotes around a value that begins with `{{`: content: '{{#if x}}"a"{{/if}} it''s'
        P001 3: put quotes around a value that begins with `{{`: content: "{{> tone}}"
        P001 3: put quotes around a value that holds `: `, or begin it after `|`: content: "…"
        P001 3: begin the text on the line after `content: |`, indented further than `content`
        P001 5: indent every line of the text that begins after line 3 at least as far as its first
        P001 5: indent every line of the text that begins after line 3 at least as far as its first
        P001 5: write a blank after the colon: `role: user`
        "#);
    }
}
