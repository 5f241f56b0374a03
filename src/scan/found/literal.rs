//! What a text in code says once its escapes are read.

use std::iter::Peekable;
use std::str::Chars;

/// A text of Python.
pub(super) fn python(written: &str) -> String {
    decoded(written, true)
}

/// A text of JavaScript.
pub(super) fn script(written: &str) -> String {
    decoded(written, false)
}

fn decoded(written: &str, is_python: bool) -> String {
    if !written.contains('\\') && !written.contains('\r') {
        return written.to_owned();
    }
    let mut out = String::with_capacity(written.len());
    let mut letters = written.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // Both languages read a line end of Windows as one of Unix.
            '\r' if letters.peek() == Some(&'\n') => {}
            '\\' => escape(&mut letters, is_python, &mut out),
            letter => out.push(letter),
        }
    }
    out
}

fn escape(letters: &mut Peekable<Chars<'_>>, is_python: bool, out: &mut String) {
    let Some(letter) = letters.next() else {
        out.push('\\');
        return;
    };
    let simple = match letter {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'v' => Some('\u{b}'),
        'a' if is_python => Some('\u{7}'),
        '\\' | '\'' | '"' => Some(letter),
        _ => None,
    };
    if let Some(simple) = simple {
        out.push(simple);
        return;
    }
    match letter {
        '\n' => {}
        '\r' => {
            letters.next_if_eq(&'\n');
        }
        'x' => put_code(hex(letters, 2), out),
        'u' if letters.peek() == Some(&'{') && !is_python => {
            letters.next();
            let digits: String = std::iter::from_fn(|| letters.next_if(char::is_ascii_hexdigit))
                .take(8)
                .collect();
            letters.next_if_eq(&'}');
            put_code(u32::from_str_radix(&digits, 16).ok(), out);
        }
        'u' => {
            let first = hex(letters, 4);
            let is_high = first.is_some_and(|code| (0xd800..0xdc00).contains(&code));
            let mut ahead = letters.clone();
            if is_high
                && ahead.next() == Some('\\')
                && ahead.next() == Some('u')
                && let Some(low @ 0xdc00..0xe000) = hex(&mut ahead, 4)
            {
                *letters = ahead;
                let high = first.unwrap_or_default();
                put_code(
                    Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)),
                    out,
                );
                return;
            }
            put_code(first, out);
        }
        'U' if is_python => put_code(hex(letters, 8), out),
        '0'..='7' if is_python => {
            let more = std::iter::from_fn(|| letters.next_if(|it| ('0'..='7').contains(it)));
            let digits: String = std::iter::once(letter).chain(more.take(2)).collect();
            put_code(u32::from_str_radix(&digits, 8).ok(), out);
        }
        '0' => out.push('\0'),
        // Python keeps a backslash that escapes nothing, JavaScript does not.
        letter => {
            if is_python {
                out.push('\\');
            }
            out.push(letter);
        }
    }
}

fn hex(letters: &mut Peekable<Chars<'_>>, count: usize) -> Option<u32> {
    let digits: String = std::iter::from_fn(|| letters.next_if(char::is_ascii_hexdigit))
        .take(count)
        .collect();
    u32::from_str_radix(&digits, 16).ok()
}

fn put_code(code: Option<u32>, out: &mut String) {
    out.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_each_language_reads_them() {
        assert_eq!(
            python(r#"a\n\t\"\x41\u00e9\U0001F600\101\d\\"#),
            "a\n\t\"A\u{e9}\u{1f600}A\\d\\"
        );
        assert_eq!(
            script(r"a\n\`\${x}\u{1F600}\uD83D\uDE00\d\0"),
            "a\n`${x}\u{1f600}\u{1f600}d\0"
        );
        assert_eq!(python("a\\\nb\r\nc"), "ab\nc");
        assert_eq!(script("\\"), "\\");
        assert_eq!(script("\\u"), "\u{fffd}");
    }
}
