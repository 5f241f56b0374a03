//! What a text in code says once its escapes are read.

use std::iter::Peekable;
use std::str::Chars;

/// A text of Python, and whether all of it was understood; `is_format` reads `{{` as a brace.
pub(super) fn python(written: &str, is_format: bool) -> (String, bool) {
    let mut reader = Reader::new(written, true);
    let mut letters = written.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' | '}' if is_format => {
                letters.next_if_eq(&letter);
                reader.out.push(letter);
            }
            letter => reader.take(letter, &mut letters),
        }
    }
    (reader.out, reader.is_whole)
}

/// A text of Python in which escapes say nothing.
pub(super) fn raw(written: &str) -> String {
    written.replace("\r\n", "\n").replace('\r', "\n")
}

/// A text of JavaScript, and whether all of it was understood.
pub(super) fn script(written: &str) -> (String, bool) {
    let mut reader = Reader::new(written, false);
    let mut letters = written.chars().peekable();
    while let Some(letter) = letters.next() {
        reader.take(letter, &mut letters);
    }
    (reader.out, reader.is_whole)
}

type Letters<'a> = Peekable<Chars<'a>>;

struct Reader {
    out: String,
    is_whole: bool,
    is_python: bool,
}

impl Reader {
    fn new(written: &str, is_python: bool) -> Self {
        Self {
            out: String::with_capacity(written.len()),
            is_whole: true,
            is_python,
        }
    }

    fn take(&mut self, letter: char, letters: &mut Letters<'_>) {
        match letter {
            // Both languages read the line ends of others as one of Unix.
            '\r' => {
                letters.next_if_eq(&'\n');
                self.out.push('\n');
            }
            '\\' => self.escape(letters),
            letter => self.out.push(letter),
        }
    }

    fn escape(&mut self, letters: &mut Letters<'_>) {
        let is_python = self.is_python;
        let Some(letter) = letters.next() else {
            self.out.push('\\');
            self.is_whole = false;
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
            self.out.push(simple);
            return;
        }
        match letter {
            '\n' => {}
            '\u{2028}' | '\u{2029}' if !is_python => {}
            '\r' => {
                letters.next_if_eq(&'\n');
            }
            'x' => self.code(hex(letters, 2)),
            'u' if letters.peek() == Some(&'{') && !is_python => {
                letters.next();
                let digits: String =
                    std::iter::from_fn(|| letters.next_if(char::is_ascii_hexdigit)).collect();
                self.is_whole &= letters.next_if_eq(&'}').is_some();
                self.code(u32::from_str_radix(&digits, 16).ok());
            }
            'u' => {
                let first = hex(letters, 4);
                let is_high = first.is_some_and(|code| (0xd800..0xdc00).contains(&code));
                let mut ahead = letters.clone();
                // Python keeps the halves of a pair apart, and can send neither.
                if is_high
                    && !is_python
                    && ahead.next() == Some('\\')
                    && ahead.next() == Some('u')
                    && let Some(low @ 0xdc00..0xe000) = hex(&mut ahead, 4)
                {
                    *letters = ahead;
                    let high = first.unwrap_or_default();
                    self.code(Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)));
                    return;
                }
                self.code(first);
            }
            'U' if is_python => self.code(hex(letters, 8)),
            // The names of letters are no part of this program.
            'N' if is_python => {
                self.out.push_str("\\N");
                self.is_whole = false;
            }
            // At most three digits; in JavaScript, of a byte.
            '0'..='7' => {
                let most = if is_python || letter < '4' { 2 } else { 1 };
                let more = std::iter::from_fn(|| letters.next_if(|it| ('0'..='7').contains(it)));
                let digits: String = std::iter::once(letter).chain(more.take(most)).collect();
                self.code(u32::from_str_radix(&digits, 8).ok());
            }
            // Python keeps a backslash that escapes nothing, JavaScript does not.
            letter => {
                if is_python {
                    self.out.push('\\');
                }
                self.out.push(letter);
            }
        }
    }

    /// Puts the letter of a code; half of one is none.
    fn code(&mut self, code: Option<u32>) {
        let letter = code.and_then(char::from_u32);
        self.is_whole &= letter.is_some();
        self.out.push(letter.unwrap_or('\u{fffd}'));
    }
}

fn hex(letters: &mut Letters<'_>, count: usize) -> Option<u32> {
    let mut digits = String::new();
    while digits.len() < count {
        digits.push(letters.next_if(char::is_ascii_hexdigit)?);
    }
    u32::from_str_radix(&digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_each_language_reads_them() {
        for (written, expected) in [
            (
                r#"a\n\t\"\x41\u00e9\U0001F600\101\d\\"#,
                "a\n\t\"A\u{e9}\u{1f600}A\\d\\",
            ),
            ("a\\\nb\r\nc\rd", "ab\nc\nd"),
            (r"\0\08\777\1234", "\0\u{0}8\u{1ff}S4"),
        ] {
            assert_eq!(python(written, false), (expected.to_owned(), true));
        }
        for (written, expected) in [
            (
                r"a\n\`\${x}\u{1F600}\uD83D\uDE00\d\0",
                "a\n`${x}\u{1f600}\u{1f600}d\0",
            ),
            (r"\101\477\8\08", "A'78\u{0}8"),
            ("a\\\u{2028}b\rc", "ab\nc"),
        ] {
            assert_eq!(script(written), (expected.to_owned(), true));
        }
        assert_eq!(python("{{a}}\\x7b{{", true), ("{a}{{".to_owned(), true));
        assert_eq!(raw("\\n\r\n\r"), "\\n\n\n");
    }

    #[test]
    fn an_escape_that_is_not_understood_is_no_guess() {
        for written in [
            r"\N{DASH}",
            r"\ud83d\ude00",
            r"\x4",
            r"\u12",
            r"\U00110000",
            "\\",
        ] {
            assert!(!python(written, false).1, "{written}");
        }
        for written in [r"\ud83d", r"\u{d83d}", r"\u{12", r"\x4", "\\u", "\\"] {
            assert!(!script(written).1, "{written}");
        }
    }
}
