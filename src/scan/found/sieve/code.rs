//! What of a file of Python is code, by a cheap reading of its tokens: no comment, no documentation,
//! and which texts are no messages to people.

use crate::scan::found::gather::words::tells_people;

/// How much of a text is looked at, in bytes.
const BEGINNING: usize = 400;

/// A file of which comments and documentation are blank.
pub(super) struct Code {
    pub(super) bytes: Vec<u8>,
    /// The most words of a text of two parts that a program may send.
    words: usize,
    /// Where the statements of the file itself begin, and which of them are functions.
    statements: Vec<(usize, bool)>,
}

/// A bracket that is open.
#[derive(Clone, Copy)]
struct Open {
    /// Whether the texts in it are said to people.
    is_told: bool,
}

impl Code {
    /// Reads a file of Python.
    pub(super) fn of_python(text: &[u8]) -> Self {
        let mut code = Self {
            bytes: text.to_vec(),
            words: 0,
            statements: vec![(0, is_function(text))],
        };
        let mut open: Vec<Open> = Vec::new();
        let mut is_start = true;
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            match byte {
                b'\n' => {
                    is_start |= open.is_empty();
                    // What is not closed before a function is no bracket.
                    let next = &text[at + 1..];
                    if is_function(next) || next.starts_with(b"class ") {
                        open.clear();
                        is_start = true;
                    }
                    if is_start && next.first().is_some_and(|it| is_letter(*it) || *it == b'@') {
                        code.statements.push((at + 1, is_function(next)));
                    }
                }
                b' ' | b'\t' | b'\r' => {}
                b'\\' if is_end(&text[at + 1..]) => {
                    at += 1 + usize::from(text.get(at + 1) == Some(&b'\r'));
                    is_start = false;
                }
                b'#' => {
                    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |it| at + it);
                    code.bytes[at..end].fill(b' ');
                    at = end;
                    continue;
                }
                b'(' | b'[' | b'{' => {
                    let around = open.last().is_some_and(|it| it.is_told);
                    let word = word_before(text, at);
                    let is_call = *byte == b'(' && !word.is_empty();
                    open.push(Open {
                        is_told: match is_call {
                            true => is_told(word),
                            false => around,
                        },
                    });
                    is_start = false;
                }
                b')' | b']' | b'}' => {
                    open.pop();
                    is_start = false;
                }
                b'"' | b'\'' => {
                    let is_told = open.last().is_some_and(|it| it.is_told);
                    at = code.text(text, at, is_start && open.is_empty(), is_told);
                    is_start = false;
                    continue;
                }
                // The letters before a text belong to it.
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | 128.. => {
                    let end = at + word_length(&text[at..]);
                    let is_prefix = end - at <= 2 && matches!(text.get(end), Some(b'"' | b'\''));
                    is_start &= is_prefix;
                    at = end;
                    continue;
                }
                b';' => is_start = open.is_empty(),
                _ => is_start = false,
            }
            at += 1;
        }
        code
    }

    /// A text, from its first quote to behind its last.
    fn text(&mut self, text: &[u8], at: usize, is_statement: bool, is_told: bool) -> usize {
        let quote = text[at];
        let is_long = text[at..].starts_with(&[quote; 3]);
        let start = at + if is_long { 3 } else { 1 };
        let mut end = start;
        while let Some(byte) = text.get(end) {
            match byte {
                b'\\' => end += 1,
                b'\n' if !is_long => break,
                byte if *byte == quote && (!is_long || text[end..].starts_with(&[quote; 3])) => {
                    break;
                }
                _ => {}
            }
            end += 1;
        }
        let end = end.min(text.len());
        let behind = (end + (start - at)).min(text.len());
        if is_statement {
            for byte in &mut self.bytes[start..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        } else {
            let inside = &text[start..end];
            // What is filled in may call what sends a text.
            let has_call = || {
                let calls = [&b"(\""[..], b"('"];
                calls
                    .iter()
                    .any(|it| memchr::memmem::find(inside, it).is_some())
            };
            if self.words < 2 && !is_told {
                self.words = self
                    .words
                    .max(words(&inside[..inside.len().min(BEGINNING)]));
            } else if self.words < 2 && has_call() {
                self.words = 2;
            }
        }
        behind
    }

    /// Whether a text that may be sent has this many words or more.
    pub(super) fn has_prose(&self, least: usize) -> bool {
        self.words >= least
    }

    /// Whether a place is in a function of the file that other files may call.
    pub(super) fn is_in_function(&self, at: usize) -> bool {
        let before = self.statements.partition_point(|(start, _)| *start <= at);
        before > 0 && self.statements[before - 1].1
    }
}

/// The most words of a text of two parts: two where there are more.
pub(super) fn words(inside: &[u8]) -> usize {
    let is_word = |word: &[u8]| {
        let letters = word
            .iter()
            .filter(|byte| byte.is_ascii_alphabetic() || **byte > 127);
        word.len() > 1 && letters.count() * 3 > word.len() * 2
    };
    let parts = inside
        .split(u8::is_ascii_whitespace)
        .filter(|part| !part.is_empty());
    let (mut words, mut all) = (0, 0);
    for part in parts {
        all += 1;
        words += usize::from(is_word(part));
        if all > 1 && words > 1 {
            return 2;
        }
    }
    if all > 1 { words } else { 0 }
}

fn is_function(rest: &[u8]) -> bool {
    rest.starts_with(b"def ") || rest.starts_with(b"async def ")
}

fn is_end(rest: &[u8]) -> bool {
    rest.starts_with(b"\n") || rest.starts_with(b"\r\n")
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte > 127
}

fn word_length(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_letter(**byte)).count()
}

fn word_before(text: &[u8], at: usize) -> &[u8] {
    let length = text[..at]
        .iter()
        .rev()
        .take_while(|byte| is_letter(**byte))
        .count();
    &text[at - length..at]
}

/// Whether what is called tells a person something.
fn is_told(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(tells_people)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_documentation_are_no_code() {
        for (text, expected) in [
            ("x = 1 # it's so\ny = 'a b'", "x = 1          \ny = 'a b'"),
            ("'''one\ntwo'''\nx = '''a'''", "'''   \n   '''\nx = '''a'''"),
            (
                "def f(\n    a='# b'):\n    r\"doc\"\n    return 'x'",
                "def f(\n    a='# b'):\n    r\"   \"\n    return 'x'",
            ),
            ("x = (\n  'a'\n  'b')", "x = (\n  'a'\n  'b')"),
            ("x = \\\n  'a'", "x = \\\n  'a'"),
            ("f = lambda: 'a'", "f = lambda: 'a'"),
            ("x = 'it\\'s'; 'doc'", "x = 'it\\'s'; '   '"),
            ("x = (\ndef f():\n    'doc'", "x = (\ndef f():\n    '   '"),
            ("x = '\ny = 'a'", "x = '\ny = 'a'"),
        ] {
            let code = Code::of_python(text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&code.bytes), expected);
        }
    }

    #[test]
    fn what_people_read_is_no_prose_that_is_sent() {
        for (text, expected) in [
            ("x = 'hello there'", true),
            ("'hello there'", false),
            ("log.info('hello there', [f('x')])", false),
            ("raise ValueError(\n    'hello '\n    'there you')", false),
            ("print(f'{ask(\"hello there\")}')", true),
            ("print(ask('hello there'))", true),
        ] {
            let code = Code::of_python(text.as_bytes());
            assert_eq!(code.has_prose(2), expected, "{text}");
        }
    }

    #[test]
    fn other_files_may_call_a_function_of_the_file_itself() {
        let text = b"def ask(\n  a,\n):\n\n    HERE\nclass A:\n    def b(): THERE\nX";
        let code = Code::of_python(text);
        let at = |word: &[u8]| memchr::memmem::find(text, word).unwrap();
        assert!(code.is_in_function(at(b"HERE")));
        assert!(!code.is_in_function(at(b"THERE")));
        assert!(!code.is_in_function(at(b"X")));
    }
}
