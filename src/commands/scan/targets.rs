//! Whether a line of code gives a member or a key another value, by its words.

use std::ops::Range;

/// How much of a line is looked at.
pub(super) const LONGEST_LINE: usize = 2_000;

/// What stands for the object where a key is set.
pub(super) const KEY: &str = "[";

/// What stands before a name that is given a value as a member or a key; none where it is not.
pub(super) fn object_of(bytes: &[u8], name: Range<usize>) -> Option<String> {
    let blank = |it: &u8| matches!(it, b' ' | b'\t');
    let behind = |text: &[u8]| text.iter().take_while(|it| blank(it)).count();
    let mut after = &bytes[name.end..];
    let mut before = &bytes[..name.start];
    let quote = before
        .last()
        .copied()
        .filter(|it| matches!(it, b'"' | b'\''));
    if let Some(quote) = quote {
        after = after.strip_prefix(&[quote])?;
        after = after[behind(after)..].strip_prefix(b"]")?;
        before = before[..before.len() - 1]
            .trim_ascii_end()
            .strip_suffix(b"[")?;
        // What stands alone is a list.
        before
            .last()
            .filter(|it| it.is_ascii_alphanumeric() || b"_)]".contains(it))?;
    }
    let end = before.len() - before.iter().rev().take_while(|it| blank(it)).count();
    let object = match quote {
        Some(_) => &[][..],
        None => before[..end].strip_suffix(b".")?,
    };
    after = &after[behind(after)..];
    let operator = after
        .iter()
        .take_while(|it| b"-+*/|&%^@?<>".contains(it))
        .count();
    let is_set = operator <= 3
        && after.get(operator) == Some(&b'=')
        && !matches!(after.get(operator + 1), Some(b'=' | b'>'))
        && !after.starts_with(b"<=")
        && !after.starts_with(b">=");
    if !is_set && !is_target(before, after) {
        return None;
    }
    if quote.is_some() {
        return Some(KEY.to_owned());
    }
    let object = &object[..object.len() - object.iter().rev().take_while(|it| blank(it)).count()];
    let is_word = |it: &u8| it.is_ascii_alphanumeric() || *it == b'_';
    let word = object.iter().rev().take_while(|it| is_word(it)).count();
    match word {
        0 => object.last().map(|last| char::from(*last).to_string()),
        word => Some(String::from_utf8_lossy(&object[object.len() - word..]).into_owned()),
    }
}

/// Whether a member between these is set in another way than by `=` right behind it: with a type, among
/// others (`a.X, b = …`), by a loop, by `with … as` or by `del`.
fn is_target(before: &[u8], after: &[u8]) -> bool {
    // A line of a packed file may be as long as the file, and hold the name a thousand times.
    let before = &before[before.len().saturating_sub(LONGEST_LINE)..];
    let after = &after[..after.len().min(LONGEST_LINE)];
    if is_taken_apart(before, after) {
        return true;
    }
    let line = before.rsplit(|it| matches!(it, b'\n' | b';')).next();
    let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    let rest = after.split(|it| matches!(it, b'\n' | b'#')).next();
    let rest = String::from_utf8_lossy(rest.unwrap_or_default()).into_owned();
    let is_object = |it: char| it.is_alphanumeric() || "_.[]\"'".contains(it);
    // `[own.X, b] = …` is a list of targets, `map[own.X] = …` a key.
    let list = line.trim_start();
    let line = match list.strip_prefix('[') {
        Some(list) if !list.contains(['[', ']']) => list.to_owned(),
        _ => line,
    };
    let head = line.trim_end_matches(is_object);
    let is_at_start = head.trim().is_empty();
    let is_given = |text: &str| {
        let at = text.find('=');
        at.is_some_and(|at| !text[at + 1..].starts_with('=') && !text[..at].contains('('))
    };
    if rest.starts_with(':') {
        return (is_at_start && is_given(&rest)) || head.trim_end().ends_with(" as");
    }
    // Nothing is called before it, so that it is no argument.
    let is_listed = head
        .chars()
        .all(|it| is_object(it) || " \t,*()".contains(it))
        && !head.contains(|it: char| it == '(' && !head.trim_start().starts_with('('));
    let word = head.split_whitespace().next();
    match word {
        Some("for" | "async") => rest.split_whitespace().any(|it| it == "in"),
        Some("with") => head.trim_end().ends_with(" as"),
        Some("del" | "delete") => true,
        _ => {
            is_listed
                && (rest.starts_with([',', ')', ']']) && !line.contains('[') || line.contains(','))
                && is_given(&rest)
        }
    }
}

/// Whether a pattern around a member takes a value apart into it: `[own.X] = all`,
/// `({ a: own.X } = all)`, `for (own.X of all)`.
fn is_taken_apart(before: &[u8], after: &[u8]) -> bool {
    let is_word = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'$' | b'.');
    let object = before.iter().rev().take_while(|it| is_word(it)).count();
    let mut before = before[..before.len() - object].trim_ascii_end();
    let mut after = after.trim_ascii_start();
    // What is taken where nothing is given: `{ a = own.X }`.
    if before.ends_with(b"=") {
        return false;
    }
    loop {
        let word = after.iter().take_while(|it| is_word(it)).count();
        if matches!(&after[..word], b"of" | b"in") {
            let head = before.strip_suffix(b"(").map(<[u8]>::trim_ascii_end);
            return head.is_some_and(|it| it.ends_with(b"for") || it.ends_with(b"await"));
        }
        let (Some(open), Some(close)) = (opening(before), closing(after)) else {
            return false;
        };
        let is_pattern = matches!((before[open], after[close]), (b'[', b']') | (b'{', b'}'));
        // `map[own.X] = …` is a key, and so is `{ [own.X]: … }`.
        let is_key = before[open] == b'['
            && before[..open]
                .last()
                .is_some_and(|it| is_word(it) || b")]".contains(it));
        before = before[..open].trim_ascii_end();
        after = after[close + 1..].trim_ascii_start();
        if !is_pattern || is_key || after.starts_with(b":") {
            return false;
        }
        if after.starts_with(b"=") {
            return !after.starts_with(b"==") && !after.starts_with(b"=>");
        }
    }
}

/// The bracket that is open at the end of some code.
fn opening(before: &[u8]) -> Option<usize> {
    let mut closed = 0_usize;
    for (at, byte) in before.iter().enumerate().rev() {
        match byte {
            b')' | b']' | b'}' => closed += 1,
            b'(' | b'[' | b'{' if closed == 0 => return Some(at),
            b'(' | b'[' | b'{' => closed -= 1,
            b';' if closed == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The bracket that closes what is open at the start of some code.
fn closing(after: &[u8]) -> Option<usize> {
    let mut opened = 0_usize;
    for (at, byte) in after.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => opened += 1,
            b')' | b']' | b'}' if opened == 0 => return Some(at),
            b')' | b']' | b'}' => opened -= 1,
            b';' if opened == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_set_in_every_way_that_a_language_knows() {
        let set = |line: &str| {
            let at = line.find("OWN").unwrap();
            object_of(line.as_bytes(), at..at + 3)
        };
        for line in [
            "own.OWN = 'x'",
            "own.OWN += 'x'",
            "x = 1\nown.OWN: str = 'x'",
            "own.OWN, b = 'x', 2",
            "a, own.OWN = 'x', 2",
            "(a, own.OWN) = 'x', 2",
            "for own.OWN in all:",
            "for i, own.OWN in all:",
            "with open('f') as own.OWN:",
            "del own.OWN",
            "[own.OWN, *rest] = all",
            "[own.OWN]=['x']",
            "[a, own.OWN] = all",
            "({ a: own.OWN } = all)",
            "({\n  a: own.OWN,\n  b: { c },\n} = all)",
            "[{ a: [own.OWN] }] = all",
            "for (own.OWN of all) {}",
            "for await (own.OWN of all) {}",
            "for (const x in y) for ({ a: own.OWN } of all) {}",
            "delete own.OWN",
        ] {
            assert_eq!(set(line).as_deref(), Some("own"), "{line}");
        }
        for line in [
            "print(own.OWN, end='x')",
            "f(a, own.OWN, b=2)",
            "if x == own.OWN: y = 2",
            "x = own.OWN",
            "x = [own.OWN, y]",
            "return own.OWN, x",
            "assert own.OWN == 'x'",
            "for x in own.OWN:",
            "call(own.OWN)",
            "d = {own.OWN: 1}",
            "d[own.OWN] = 1",
            "const { a = own.OWN } = all",
            "const { [own.OWN]: a } = all",
            "({ a: own.OWN }) => a",
            "if (x) { f(own.OWN) }\na = 1",
            "f([own.OWN]) == 1",
            "for (const x of own.OWN) {}",
            "for (const x of [own.OWN]) {}",
        ] {
            assert_eq!(set(line), None, "{line}");
        }
    }
}
