//! Where classes begin in code, what they are called and made from, and where they end: by their words, since
//! most files that hold some are never parsed.

use std::ops::Range;

use regex::bytes::Regex;

use super::targets::object_of;

/// How much around a word is read.
pub(super) const LONGEST_HEAD: usize = 2_000;

/// The base of a class that is made from what a call answers, which may be anything.
pub(super) const ANYTHING: &str = "(";

/// A class where it begins.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) name: String,
    /// The words of what it is made from.
    pub(super) bases: Vec<String>,
    /// The function that answers with it, perhaps.
    pub(super) function: Option<String>,
    /// What holds all that it gives.
    pub(super) body: Range<usize>,
}

const WORD: &[u8] = b"class";

fn is_word(it: &u8) -> bool {
    it.is_ascii_alphanumeric() || matches!(it, b'_' | b'$')
}

fn is_letter(it: char) -> bool {
    it.is_alphanumeric() || matches!(it, '_' | '$')
}

pub(super) fn word(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What is looked for around the word.
pub(super) struct Patterns {
    extends: Regex,
    function: Regex,
    made: Regex,
}

impl Patterns {
    pub(super) fn new() -> Result<Self, regex::Error> {
        let pattern = |pattern: &str| {
            let mut builder = regex::bytes::RegexBuilder::new(pattern);
            builder.unicode(false).build()
        };
        Ok(Self {
            // `class extends m.Base {`, in the midst of an expression.
            extends: pattern(r"^\s*(?:[\w$]+\s*)?(?:<[^{}]*>\s*)?\bextends\s+[\w$(]")?,
            // What begins a function with a name.
            function: pattern(
                r"\bdef\s+(?P<def>\w+)|\bfunction\b[\s*]*(?P<function>[\w$]+)|(?P<arrow>[\w$]+)\s*(?::[^=;]{0,200})?=\s*(?:async\s*)?(?:<[^;{}]{0,200}>\s*)?(?:[\w$]+|\([^;{}]{0,200}\)[^;{}=]{0,200})\s*=>",
            )?,
            // A class that a call makes: `type("A", (Base,), {…})`.
            made: pattern(
                r"\b(?:type|new_class)\s*\(\s*[^,()]{0,50}?(?P<name>\w*)[^\w,()]{0,5},\s*(?P<open>\(?)(?P<bases>[^()]{0,300})",
            )?,
        })
    }
}

/// The classes of a file whose module others call by a word.
pub(super) fn heads(patterns: &Patterns, bytes: &[u8], module: &str, is_python: bool) -> Vec<Head> {
    let begun: Vec<Begun> = memchr::memmem::find_iter(bytes, WORD)
        .filter_map(|at| begins(patterns, bytes, at))
        .collect();
    let is_split = begun.iter().any(|it| !it.is_packed);
    let code = is_split.then(|| masked(bytes, is_python));
    // A text may have a line that reads like one.
    let is_code = |it: &Begun| code.as_ref().is_none_or(|code| code[it.at - 1] != b' ');
    let mut all = Vec::new();
    for (index, it) in begun.iter().enumerate() {
        let text = &bytes[it.at..bytes.len().min(it.at + LONGEST_HEAD)];
        let (name, bases) = head(&word(&masked(text, is_python)), is_python);
        let mut below = begun[index + 1..].iter();
        // Where a packed one ends, nobody looks.
        let end = match it.is_packed {
            true => None,
            false => {
                below.find(|other| other.indent <= it.indent && !other.is_packed && is_code(other))
            }
        };
        let before = &bytes[it.at.saturating_sub(LONGEST_HEAD)..it.at - WORD.len()];
        let is_inside = it.indent > 0 || it.is_packed || name.is_empty();
        let function = is_inside
            .then(|| function_above(patterns, before))
            .flatten();
        let name = match name.is_empty() {
            true => assigned(before, module)
                .or_else(|| function.clone())
                .unwrap_or_default(),
            false => name,
        };
        all.push(Head {
            function: function.filter(|it| *it != name),
            name,
            bases,
            body: it.at..end.map_or(bytes.len(), |end| end.at),
        });
    }
    if is_python {
        all.extend(patterns.made.captures_iter(bytes).filter_map(|hit| {
            let start = hit.get(0)?.start();
            let mut bases = words(&String::from_utf8_lossy(&hit["bases"]));
            if hit["open"].is_empty() {
                bases.push(ANYTHING.to_owned());
            }
            let before = &bytes[start.saturating_sub(LONGEST_HEAD)..start];
            let own = word(&hit["name"]);
            let name = assigned(before, module).unwrap_or_else(|| own.clone());
            Some(Head {
                function: Some(own).filter(|own| !own.is_empty() && *own != name),
                name,
                bases,
                body: 0..bytes.len(),
            })
        }));
    }
    all
}

/// A word that begins a class.
struct Begun {
    /// How far its line is indented.
    indent: usize,
    /// What stands behind it.
    at: usize,
    /// Whether other statements stand before it in its line.
    is_packed: bool,
}

fn begins(patterns: &Patterns, bytes: &[u8], at: usize) -> Option<Begun> {
    let end = at + WORD.len();
    let before = &bytes[at.saturating_sub(LONGEST_HEAD)..at];
    // In packed code a statement ends within the line.
    let is_end = |it: &u8| matches!(it, b'\n' | b';' | b'{' | b'}');
    let start = before.iter().rposition(is_end).map_or(0, |index| index + 1);
    let is_packed = start > 0 && before[start - 1] != b'\n';
    let before = &before[start..];
    let is_code = |it: &u8| is_word(it) || b" \t@.()=<>:,[]".contains(it);
    let indent = before.iter().take_while(|it| b" \t".contains(it)).count();
    let is_alone = !before.last().is_some_and(|it| is_word(it) || *it == b'.')
        && !bytes.get(end).is_some_and(is_word);
    let behind = &bytes[end..bytes.len().min(end + LONGEST_HEAD)];
    let is_sure = || patterns.extends.is_match(behind);
    (is_alone && (before.iter().all(is_code) || is_sure())).then_some(Begun {
        indent,
        at: end,
        is_packed,
    })
}

/// What a class without a name is given to, or the module whose default it is.
fn assigned(before: &[u8], module: &str) -> Option<String> {
    let start = before
        .iter()
        .rposition(|it| matches!(it, b'\n' | b';' | b'{' | b'}'))
        .map_or(0, |index| index + 1);
    let line = word(&before[start..]);
    if line.trim_end().ends_with("default") {
        return Some(module.to_owned());
    }
    let mut left = line.as_str();
    let at = line.find('=').or_else(|| line.find(':'))?;
    left = left[..at].trim_end();
    let typed = left.split(':').next().unwrap_or(left).trim_end();
    let name = typed.rsplit(|it| !is_letter(it)).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The function that begins last before a place.
fn function_above(patterns: &Patterns, before: &[u8]) -> Option<String> {
    let hit = patterns.function.captures_iter(before).last()?;
    let names = ["def", "function", "arrow"];
    let name = names.iter().find_map(|name| hit.name(name))?;
    Some(word(name.as_bytes()))
}

/// Code with blanks for its comments and texts.
fn masked(code: &[u8], is_python: bool) -> Vec<u8> {
    let mut masked = code.to_vec();
    let mut at = 0;
    while at < code.len() {
        let said = said(&code[at..], is_python);
        let end = code.len().min(at + said.unwrap_or(0));
        for letter in masked[at..end].iter_mut().filter(|it| **it != b'\n') {
            *letter = b' ';
        }
        at = match said {
            Some(_) => end,
            None => at + if code[at] == b'\\' { 2 } else { 1 },
        };
    }
    masked
}

/// How long the comment or the text is that begins here, if one does.
fn said(code: &[u8], is_python: bool) -> Option<usize> {
    let until = |end: &[u8]| {
        let found = memchr::memmem::find(&code[1..], end);
        found.map_or(code.len(), |at| 1 + at + end.len())
    };
    let first = *code.first()?;
    match first {
        b'#' if is_python => return Some(memchr::memchr(b'\n', code).unwrap_or(code.len())),
        b'/' if !is_python && code.starts_with(b"//") => {
            return Some(memchr::memchr(b'\n', code).unwrap_or(code.len()));
        }
        b'/' if !is_python && code.starts_with(b"/*") => return Some(until(b"*/")),
        b'"' | b'\'' => {}
        b'`' if !is_python => {}
        _ => return None,
    }
    let quote: &[u8] = match first {
        b'"' if is_python && code.starts_with(b"\"\"\"") => b"\"\"\"",
        b'\'' if is_python && code.starts_with(b"'''") => b"'''",
        _ => &code[..1],
    };
    let has_lines = quote.len() > 1 || first == b'`';
    let mut at = quote.len();
    while let Some(letter) = code.get(at) {
        match letter {
            b'\\' => at += 1,
            // What does not end in its line is no text.
            b'\n' if !has_lines => return None,
            _ if code[at..].starts_with(quote) => return Some(at + quote.len()),
            _ => {}
        }
        at += 1;
    }
    has_lines.then_some(code.len())
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|it| !is_letter(it));
    words
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What stands behind the parameters of a class's type (`[T]`, `<T extends { a: string }>`), or behind a
/// line that goes on.
fn behind_parameters(rest: &str) -> &str {
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('\\').map_or(rest, str::trim_start);
    if !rest.starts_with(['[', '<']) {
        return rest;
    }
    let mut open = 0_usize;
    let end = rest.find(|it| {
        open += usize::from(matches!(it, '[' | '<'));
        open -= usize::from(matches!(it, ']' | '>'));
        open == 0
    });
    end.map_or(rest, |end| &rest[end + 1..])
}

/// The name of a class and the words of what it is made from, of what stands behind `class`.
fn head(text: &str, is_python: bool) -> (String, Vec<String>) {
    let text = text.trim_start();
    let end = text.find(|it| !is_letter(it)).unwrap_or(text.len());
    // A class without a name begins with `extends`.
    let end = if &text[..end] == "extends" { 0 } else { end };
    let (name, rest) = text.split_at(end);
    let rest = behind_parameters(rest);
    let mut is_whole = true;
    let head = match rest.trim_start().strip_prefix('(') {
        // Up to the bracket that closes it.
        Some(inside) => {
            let mut open = 1_usize;
            let end = inside.find(|it| {
                open += usize::from(matches!(it, '(' | '['));
                open -= usize::from(matches!(it, ')' | ']'));
                open == 0
            });
            is_whole = end.is_some();
            &inside[..end.unwrap_or(inside.len())]
        }
        None if is_python => "",
        None => {
            let head = rest.split_once('{').map(|(head, _)| head);
            is_whole = head.is_some() || !rest.trim_start().starts_with("extends");
            let head = head.unwrap_or_default();
            head.split_once("extends").map_or("", |(_, bases)| bases)
        }
    };
    let head = head.split("implements").next().unwrap_or_default();
    let mut bases = words(head);
    if head.contains('(') || !is_whole {
        bases.push(ANYTHING.to_owned());
    }
    (name.to_owned(), bases)
}

/// Whether a class gives its objects what stands here under a name: not where it only reads it.
pub(super) fn gives(body: &[u8], name: Range<usize>) -> bool {
    // A line of a packed file may be as long as the file, and hold the name a thousand times.
    let from = name.start.saturating_sub(LONGEST_HEAD);
    let before = body[from..name.start].trim_ascii_end();
    let is_member = before.ends_with(b".");
    if is_member && object_of(body, name.clone()).is_some() {
        return true;
    }
    let after = &body[name.end..body.len().min(name.end + LONGEST_HEAD)];
    let after = after.trim_ascii_start();
    let marks = after
        .iter()
        .take_while(|it| b"?!\"'`]".contains(it))
        .count();
    // `(tone) = "rude"`
    let closed = after.iter().take_while(|it| b")] \t".contains(it)).count();
    let is_closed_set =
        after[closed..].starts_with(b"=") && !matches!(after.get(closed + 1), Some(b'=' | b'>'));
    let after = after[marks..].trim_ascii_start();
    let operators = after.iter().take_while(|it| b"-+|&*".contains(it)).count();
    let is_set = after.get(operators) == Some(&b'=')
        && !matches!(after.get(operators + 1), Some(b'=' | b'>'));
    let statement = before
        .rsplit(|it| matches!(it, b'\n' | b';' | b'{' | b'}'))
        .next();
    let statement = statement.unwrap_or_default().trim_ascii_start();
    let is_bound = [&b"for "[..], b"from ", b"import ", b"with "]
        .iter()
        .any(|word| statement.starts_with(word));
    let line = after.split(|it| *it == b'\n').next().unwrap_or_default();
    if is_member {
        // `self.tone: str = "rude"`, behind other statements of the line
        return is_closed_set || (after.starts_with(b":") && line.contains(&b'='));
    }
    is_set
        || is_closed_set
        || is_bound
        || after.starts_with(b":")
        || after.starts_with(b"(")
        || (after.starts_with(b",") && line.contains(&b'='))
}
