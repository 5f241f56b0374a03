//! A light scan of a template: its tags and their places, in one pass and without recursion.
//!
//! It runs before the real parser, so that what would overflow the parser's stack or take it
//! long is refused first, and it knows the place of each tag, which the parser does not.

use memchr::memmem::Finder;
use memchr::{memchr_iter, memrchr};

use crate::prompt::code;
use crate::prompt::finding::{self, Finding, Span};

/// The largest text without tags, in bytes.
const MAX_TEXT: usize = 10_000_000;
/// The largest text with tags, in bytes.
const MAX_TEMPLATE: usize = 1_000_000;
/// The most tags of one template.
const MAX_TAGS: usize = 2_000;
/// The largest tag that is not a comment, in bytes.
const MAX_TAG: usize = 64_000;
/// How deep blocks may nest; each `{{else if}}` counts as one level.
const MAX_DEPTH: usize = 100;
/// How deep brackets may nest inside a tag.
const MAX_BRACKETS: usize = 50;

/// What a tag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `{{! … }}` or `{{!-- … --}}`.
    Comment,
    /// `{{x}}`, `{{{x}}}` or `{{&x}}`.
    Print,
    /// `{{#if x}}`.
    Open,
    /// `{{else}}` or `{{^}}`.
    Else,
    /// `{{else if x}}`.
    ElseIf,
    /// `{{/if}}`.
    Close,
    /// `{{> name}}`.
    Partial,
    /// `{{#> name}}`.
    PartialOpen,
    /// `{{#*inline "name"}}`.
    InlineOpen,
    /// `{{* name}}`.
    Decorator,
    /// `{{{{raw}}}} … {{{{/raw}}}}`, as a whole.
    Raw,
}

/// One tag of a template.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag<'t> {
    pub(super) kind: Kind,
    /// Where it begins, as a byte offset.
    pub(super) start: usize,
    /// Where it ends, as a byte offset.
    pub(super) end: usize,
    /// The same as a line and a column, with its length.
    pub(super) at: Span,
    /// What stands between its braces and signs, trimmed.
    pub(super) inner: &'t str,
}

impl Tag<'_> {
    /// The first word inside the tag: the name of a block.
    pub(super) fn word(&self) -> &str {
        let end = |c: char| c.is_whitespace() || matches!(c, '(' | '|' | '"' | '\'');
        self.inner.split(end).next().unwrap_or_default()
    }

    /// The name of the partial that the tag includes; `None` when it is computed.
    pub(super) fn partial_name(&self) -> Option<&str> {
        quoted(self.inner).or_else(|| {
            let name = self.inner.split(char::is_whitespace).next()?;
            let name = name
                .strip_prefix('[')
                .map_or(name, |name| name.strip_suffix(']').unwrap_or(name));
            (!name.is_empty() && !name.contains(['(', '"', '\''])).then_some(name)
        })
    }

    /// The name that an inline partial defines; `None` when it is not a plain text.
    pub(super) fn inline_name(&self) -> Option<&str> {
        quoted(self.inner.strip_prefix("inline")?.trim_start())
    }
}

/// The text inside the quotes with which `text` begins.
pub(super) fn quoted(text: &str) -> Option<&str> {
    let quote = text
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))?;
    let rest = &text[1..];
    rest.find(quote).map(|end| &rest[..end])
}

/// All tags of a text, and the place of a tag that is never closed.
pub(super) struct Scan<'t> {
    pub(super) tags: Vec<Tag<'t>>,
    /// Where an unclosed tag begins, and what would close it.
    pub(super) unclosed: Option<(Span, &'static str)>,
}

/// Finds the tags of `text`, in linear time.
pub(super) fn scan(text: &str) -> Scan<'_> {
    let mut tags = Vec::new();
    let mut place = Cursor::default();
    let mut absent = Absent::default();
    let braces = Finder::new("{{");
    let mut from = 0;
    while let Some(found) = braces.find(&text.as_bytes()[from..]) {
        let start = from + found;
        let slashes = text[from..start]
            .bytes()
            .rev()
            .take_while(|&byte| byte == b'\\')
            .count();
        // One backslash makes the braces text; two or more are text before a live tag.
        if slashes == 1 {
            from = start
                + if text[start..].starts_with("{{{{") {
                    4
                } else {
                    2
                };
            continue;
        }
        let at = place.advance(text, start);
        match tag(text, start, at, &mut absent) {
            Ok(tag) => {
                from = tag.end;
                tags.push(tag);
            }
            Err(close) => {
                return Scan {
                    tags,
                    unclosed: Some((at, close)),
                };
            }
        }
    }
    Scan {
        tags,
        unclosed: None,
    }
}

/// A place that is moved forward through a text.
#[derive(Default)]
struct Cursor {
    offset: usize,
    lines: usize,
    columns: usize,
}

impl Cursor {
    /// Moves to the place where a tag opens.
    fn advance(&mut self, text: &str, offset: usize) -> Span {
        let passed = &text[self.offset..offset];
        match memrchr(b'\n', passed.as_bytes()) {
            Some(last) => {
                self.lines += memchr_iter(b'\n', passed.as_bytes()).count();
                self.columns = passed[last + 1..].chars().count();
            }
            None => self.columns += passed.chars().count(),
        }
        self.offset = offset;
        Span {
            line: self.lines + 1,
            column: self.columns + 1,
            length: "{{".len(),
        }
    }
}

/// What was looked for up to the end of the text and not found: it stands nowhere later either, and
/// looking again for every tag would take the square of the time.
#[derive(Default)]
struct Absent {
    /// The end of a comment with dashes.
    dashes: bool,
    /// The partner of a quote, `'` and `"`. A quote without one is an ordinary character, as in
    /// `{{ don't }}`.
    quotes: [bool; 2],
}

/// The tag that begins at `start`; else what would close it.
fn tag<'t>(
    text: &'t str,
    start: usize,
    at: Span,
    absent: &mut Absent,
) -> Result<Tag<'t>, &'static str> {
    let rest = &text[start..];
    let make = |kind, length, inner| Tag {
        kind,
        start,
        end: start + length,
        at: Span {
            length: finding::length(text, start..start + length),
            ..at
        },
        inner,
    };
    if let Some(raw) = rest.strip_prefix("{{{{") {
        let (name, length) = raw_block(raw)?;
        return Ok(make(Kind::Raw, 4 + length, name));
    }
    if let Some(comment) = rest.strip_prefix("{{!") {
        let length = comment_length(comment, absent).ok_or("}}")?;
        return Ok(make(Kind::Comment, 3 + length, ""));
    }
    let is_triple = rest.starts_with("{{{");
    let close = if is_triple { "}}}" } else { "}}" };
    let open = close.len();
    let end = find_close(&rest[open..], close, absent).ok_or(close)?;
    let mut length = open + end + close.len();
    let mut inner = trim_signs(&rest[open..open + end]);
    // `{{~{x}}}`: the first two braces found belong to the inner pair.
    if !is_triple && inner.starts_with('{') && rest[length..].starts_with('}') {
        length += 1;
        inner = inner[1..].trim();
    } else if let Some(stripped) = inner.strip_prefix('{') {
        inner = stripped.strip_suffix('}').unwrap_or(stripped).trim();
    }
    let (kind, inner) = classify(inner, is_triple);
    Ok(make(kind, length, inner))
}

/// The name of a raw block and the length of all that follows its opening braces.
fn raw_block(raw: &str) -> Result<(&str, usize), &'static str> {
    let open = raw.find("}}}}").ok_or("}}}}")?;
    let name = trim_signs(&raw[..open]);
    let body = &raw[open + 4..];
    let close = body.find("{{{{/").ok_or("{{{{/raw}}}}")?;
    let end = body[close..].find("}}}}").ok_or("}}}}")?;
    Ok((name, open + 4 + close + end + 4))
}

/// The length of a comment after its `{{!`.
fn comment_length(comment: &str, absent: &mut Absent) -> Option<usize> {
    // A comment that opens with dashes ends with dashes; without those it ends like any other.
    let body = comment.trim_start().strip_prefix("--");
    let long = body.filter(|_| !absent.dashes).and_then(|body| {
        let end = body.find("--}}");
        absent.dashes = end.is_none();
        end.map(|end| comment.len() - body.len() + end + 4)
    });
    long.or_else(|| comment.find("}}").map(|end| end + 2))
}

/// Where `close` stands in `text`, outside of quotes that are closed.
fn find_close(text: &str, close: &str, absent: &mut Absent) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'}' && text[at..].starts_with(close) {
            return Some(at);
        }
        // The next tag begins: this one was not closed.
        if byte == b'{' && bytes.get(at + 1) == Some(&b'{') {
            return None;
        }
        let kind = usize::from(byte == b'"');
        if matches!(byte, b'"' | b'\'') && !absent.quotes[kind] {
            match end_of_quote(bytes, at) {
                Some(end) => at = end,
                None => absent.quotes[kind] = true,
            }
        }
        at += 1;
    }
    None
}

/// Where the quote that begins at `start` ends.
fn end_of_quote(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == bytes[start] => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// A tag's inside without blanks and the signs that remove blanks outside.
fn trim_signs(inner: &str) -> &str {
    let inner = inner.trim();
    let inner = inner.strip_prefix('~').unwrap_or(inner);
    inner.strip_suffix('~').unwrap_or(inner).trim()
}

/// What kind of tag this inside makes, and the inside without the sign of the kind.
fn classify(inner: &str, is_triple: bool) -> (Kind, &str) {
    let after = |sign: &str| inner.strip_prefix(sign).map(str::trim_start);
    if is_triple {
        return (Kind::Print, inner);
    }
    if let Some(opened) = after("#") {
        return if let Some(name) = opened.strip_prefix('>') {
            (Kind::PartialOpen, name.trim_start())
        } else if let Some(name) = opened.strip_prefix('*') {
            (Kind::InlineOpen, name.trim_start())
        } else {
            (Kind::Open, opened)
        };
    }
    if let Some(closed) = after("/") {
        return (Kind::Close, closed);
    }
    if let Some(name) = after(">") {
        return (Kind::Partial, name);
    }
    if let Some(name) = after("*") {
        return (Kind::Decorator, name);
    }
    let inverted = after("^").or_else(|| {
        after("else").filter(|rest| {
            rest.is_empty() || inner["else".len()..].starts_with(char::is_whitespace)
        })
    });
    match inverted {
        Some("") => (Kind::Else, ""),
        Some(rest) => (Kind::ElseIf, rest),
        None => (Kind::Print, after("&").unwrap_or(inner)),
    }
}

/// Checks that a text is small and flat enough for the parser.
pub(super) fn check_limits(text: &str, scan: &Scan<'_>) -> Result<(), Finding> {
    let refuse = |what: &str, at| {
        Err(Finding::error(code::TEMPLATE_TOO_COMPLEX, what)
            .at(at)
            .help("split it into messages or partials"))
    };
    let has_tags = !scan.tags.is_empty() || scan.unclosed.is_some();
    if text.len() > MAX_TEXT {
        return refuse("the text is larger than 10 MB", None);
    }
    if has_tags && text.len() > MAX_TEMPLATE {
        return refuse(
            "a text with template tags may hold 1 MB, and this one is larger",
            None,
        );
    }
    if let Some(tag) = scan.tags.get(MAX_TAGS) {
        return refuse("the template has more than 2,000 tags", Some(tag.at));
    }
    let mut depths: Vec<usize> = Vec::new();
    for tag in &scan.tags {
        match tag.kind {
            Kind::Open | Kind::PartialOpen | Kind::InlineOpen => depths.push(1),
            Kind::ElseIf => {
                if let Some(top) = depths.last_mut() {
                    *top += 1;
                }
            }
            Kind::Close => {
                depths.pop();
            }
            _ => {}
        }
        // Only the levels that are open count, and 100 levels are few enough to add up.
        if depths.len() > MAX_DEPTH || depths.iter().sum::<usize>() > MAX_DEPTH {
            return refuse("blocks are nested more than 100 levels deep", Some(tag.at));
        }
        if !matches!(tag.kind, Kind::Comment | Kind::Raw) {
            if tag.inner.len() > MAX_TAG {
                return refuse("a tag is longer than 64,000 bytes", Some(tag.at));
            }
            if brackets(tag.inner) > MAX_BRACKETS {
                return refuse(
                    "brackets in a tag are nested more than 50 levels deep",
                    Some(tag.at),
                );
            }
        }
    }
    Ok(())
}

/// How deep brackets nest.
fn brackets(inner: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in inner.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// A place where a text includes a partial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The partial's name, as in `{{> name}}`.
    pub name: String,
    /// Where the tag begins, in bytes from the start of the text.
    pub offset: usize,
}

/// The partials that a text includes from files, in order.
///
/// Tags in comments, in raw blocks and after a backslash do not count, nor do `@partial-block`
/// and names that the text defines itself with `{{#*inline "name"}}`.
pub fn inclusions(text: &str) -> Vec<Inclusion> {
    let scan = scan(text);
    let inline: Vec<&str> = scan
        .tags
        .iter()
        .filter(|tag| tag.kind == Kind::InlineOpen)
        .filter_map(Tag::inline_name)
        .collect();
    scan.tags
        .iter()
        .filter(|tag| matches!(tag.kind, Kind::Partial | Kind::PartialOpen))
        .filter_map(|tag| Some((tag.partial_name()?, tag.start)))
        .filter(|(name, _)| *name != PARTIAL_BLOCK && !inline.contains(name))
        .map(|(name, offset)| Inclusion {
            name: name.to_owned(),
            offset,
        })
        .collect()
}

/// The name under which a partial asks for the block that its caller gave.
pub(super) const PARTIAL_BLOCK: &str = "@partial-block";

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read twice as long must not take four times as long; as time is no measure in a test,
    /// a text is read that would take many minutes.
    #[test]
    fn what_never_ends_is_not_looked_for_again_at_every_tag() {
        for piece in [
            "{{!-- }}",
            "{{! -- x }}",
            "{{ \\' }}",
            "{{ \\\" }}",
            "{{x}}",
            "\\\\{{x}}",
        ] {
            let count = 100_000;
            let text = piece.repeat(count);
            assert_eq!(scan(&text).tags.len(), count, "{piece}");
        }
    }
}
