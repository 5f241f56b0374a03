//! Placeholders of other dialects that were left in a text, such as `{ticket}` and `${ticket}`:
//! they go to the model as they stand.

use std::ops::Range;

use super::scan::{Kind, Tag, scan};

/// A placeholder of another dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign<'t> {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// The variable that it names.
    pub name: &'t str,
    /// Whether it is not the dialect that is foreign, but the quotes about it.
    pub is_quoted: bool,
    /// Whether it stands between backticks on its line, where it may be an example of code.
    pub is_code: bool,
}

/// What opens and closes a placeholder, and whether blanks may stand inside.
const DIALECTS: [(&str, &str, bool); 5] = [
    ("${", "}", false),
    ("%(", ")s", false),
    ("<%=", "%>", true),
    ("[[", "]]", true),
    ("{", "}", false),
];

/// Curly quotes, by what opens and closes them.
const QUOTES: [(char, char); 2] = [('“', '”'), ('‘', '’')];

/// The placeholders of other dialects in a text, outside of tags, code fences and JSON. Only plain
/// names count: what computes something is code.
pub fn foreign(text: &str) -> Vec<Foreign<'_>> {
    let bytes = text.as_bytes();
    if memchr::memchr3(b'{', b'[', b'%', bytes).is_none() {
        return Vec::new();
    }
    let tags = scan(text).tags;
    let mut found = Vec::new();
    let mut tags = tags.iter().peekable();
    let mut json = 0_usize;
    let mut is_code = false;
    let mut fence: Option<&str> = None;
    let mut at = 0;
    while at < bytes.len() {
        if at == 0 || bytes[at - 1] == b'\n' {
            is_code = false;
            let line = line_at(text, at);
            if fences(line, &mut fence) || fence.is_some() {
                // A tag may reach over the end of the line.
                at += line.len() + 1;
                while tags.next_if(|tag| tag.start < at).is_some() {}
                continue;
            }
        }
        if let Some(tag) = tags.next_if(|tag| tag.start <= at) {
            found.extend(quoted(text, tag, is_code));
            at = tag.end.max(at + 1);
            continue;
        }
        match bytes[at] {
            b'`' => is_code = !is_code,
            b'}' | b']' if json > 0 => json -= 1,
            b'{' | b'[' if json > 0 || opens_json(&text[at..]) => json += 1,
            b'$' | b'%' | b'<' | b'[' | b'{' if json == 0 => {
                if let Some((length, name)) = placeholder(text, at) {
                    found.push(Foreign {
                        range: at..at + length,
                        name,
                        is_quoted: false,
                        is_code,
                    });
                    at += length;
                    continue;
                }
            }
            _ => {}
        }
        at = next(bytes, at + 1);
    }
    found
}

/// Where the next byte stands that can mean something here: one of those that [`foreign`] looks at, or the first of a
/// line.
fn next(bytes: &[u8], from: usize) -> usize {
    if from > 0 && bytes[from - 1] == b'\n' {
        return from;
    }
    let means = |byte: &u8| {
        matches!(
            byte,
            b'`' | b'{' | b'}' | b'[' | b']' | b'$' | b'%' | b'<' | b'\n'
        )
    };
    let found = bytes[from..].iter().position(means);
    found.map_or(bytes.len(), |found| from + found)
}

fn line_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    &rest[..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())]
}

/// Whether a line opens or closes a code fence; `open` is the fence that is open.
fn fences<'t>(line: &'t str, open: &mut Option<&'t str>) -> bool {
    let line = line.trim();
    let sign = match line.as_bytes().first() {
        Some(sign @ (b'`' | b'~')) => char::from(*sign),
        _ => return false,
    };
    let rest = line.trim_start_matches(sign);
    let fence = &line[..line.len() - rest.len()];
    match *open {
        None if fence.len() >= 3 && !rest.contains('`') => *open = Some(fence),
        Some(opened) if opened.starts_with(sign) && fence.len() >= opened.len() => {
            if !rest.is_empty() {
                return false;
            }
            *open = None;
        }
        _ => return false,
    }
    true
}

/// Whether JSON begins here: an object with a quoted key, or a list of objects, lists or texts.
fn opens_json(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    // `[[x]]` is no JSON, and so little of what follows a bracket is that it is found at once.
    let next = chars.take(200).find(|each| !each.is_whitespace());
    match first {
        Some('{') => next == Some('"'),
        _ => matches!(next, Some('"' | '{')),
    }
}

/// The length of the placeholder that begins here, and its name.
fn placeholder(text: &str, at: usize) -> Option<(usize, &str)> {
    let rest = text.get(at..)?;
    let (open, close, may_have_blanks) =
        DIALECTS.iter().find(|(open, ..)| rest.starts_with(*open))?;
    let before = text[..at].chars().next_back();
    // `x_{i}`, `\frac{a}`, `/users/{id}`, `HEAD@{upstream}` and `#{x}` are something else.
    let joins = |each: char| each.is_alphanumeric() || "_^\\}])/$#@%{<".contains(each);
    if *open == "{" && before.is_some_and(joins) {
        return None;
    }
    let inside = &rest[open.len()..];
    let trimmed = if *may_have_blanks {
        inside.trim_start_matches(' ')
    } else {
        inside
    };
    let end = trimmed
        .find(|each: char| !(each.is_ascii_alphanumeric() || each == '_'))
        .unwrap_or(trimmed.len());
    let name = &trimmed[..end];
    if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        return None;
    }
    let after = &trimmed[end..];
    let after = if *may_have_blanks {
        after.trim_start_matches(' ')
    } else {
        after
    };
    let after = after.strip_prefix(close)?;
    let is_longer = (*open == "{" && after.starts_with(['}', '(']))
        || (*open == "[[" && after.starts_with([']', '(']));
    (!is_longer).then_some((rest.len() - after.len(), name))
}

/// A tag between curly quotes, which a word processor puts there.
fn quoted<'t>(text: &'t str, tag: &Tag<'t>, is_code: bool) -> Option<Foreign<'t>> {
    let before = text[..tag.start].chars().next_back()?;
    let after = text[tag.end..].chars().next()?;
    let is_quoted = tag.kind == Kind::Print && QUOTES.contains(&(before, after));
    is_quoted.then(|| Foreign {
        range: tag.start - before.len_utf8()..tag.end + after.len_utf8(),
        name: tag.inner,
        is_quoted: true,
        is_code,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Vec<&str> {
        foreign(text).into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn placeholders_of_other_dialects_are_found() {
        assert_eq!(
            names("{a} ${b} %(c)s <%= d %> [[e]] [[ f ]] “{{g}}” ‘{{ h }}’ '{i}', ({j})\n{k}"),
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]
        );
        let text = "é {a}";
        assert_eq!(&text[foreign(text)[0].range.clone()], "{a}");
        assert!(foreign("`{a}`")[0].is_code && !foreign("`x` {a}")[0].is_code);
    }

    #[test]
    fn what_only_looks_like_one_is_left_alone() {
        for text in [
            "{{a}} {{{a}}} \\{{a}} {{#if a}}{b}{{/if}}{{! {c} }}".replace("{b}", ""),
            "x_{i} \\frac{a}{b} /users/{id} HEAD@{upstream} #{x} f({x: 1})".replace("({x: 1})", ""),
            "{a b} {a.b} {a:.2f} {1} {} {a()} ${a.b} ${a:-b} [[a|b]] [[a]](b) %(a)d %s <%= f(a) %>"
                .to_owned(),
            "```\n{a}\n```\n~~~~ python\n${a}\n~~~\n${b}\n~~~~\n".to_owned(),
            "{\"a\": {b}, \"c\": \"${d}\", \"e\": [[f]]}".to_owned(),
            "[\n  {\"a\": \"{b}\"}\n]".to_owned(),
            "{ \"a\": never closed\n{b}".to_owned(),
            "\"{{a}}\" “a {{b}}” „{{c}}“".to_owned(),
        ] {
            assert_eq!(names(&text), [""; 0], "{text}");
        }
        assert_eq!(names("```\n{a}\n```\n{b}"), ["b"]);
        assert_eq!(names("{\"a\": {b}} {c}"), ["c"]);
    }

    #[test]
    fn large_texts_take_linear_time() {
        for piece in [
            "{",
            "${",
            "[[",
            "<%= ",
            "{a",
            "`",
            "```\n",
            "{ ",
            "[ ",
            "%(a",
            "“{{a}}”",
            "{a} ",
            "{\"",
        ] {
            drop(foreign(&piece.repeat(2_000_000 / piece.len())));
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_looked_through(text in "([{}\\[\\]$%()<>=`~“”\"a\\\\ \n]|\\PC){0,200}") {
            let mut end = 0;
            for one in foreign(&text) {
                prop_assert!(one.range.start >= end && text.get(one.range.clone()).is_some());
                end = one.range.end.saturating_sub(3);
            }
        }
    }
}
