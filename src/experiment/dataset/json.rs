//! JSON: a case a line, or a list of cases.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufRead};

use serde_json::value::RawValue;

use super::lines::{Line, Lines};
use super::{
    Entry, Go, MAX_CASE, Take, bad, is_pointer, only_a_pointer, too_large, unreadable, utf8, within,
};
use crate::prompt::finding::{Finding, Span};
use crate::prompt::json::{self, NotJson};

/// Reads a case a line; blank lines are none.
pub(super) fn lines(reader: &mut dyn BufRead, take: &mut Take<'_>) -> Go {
    let mut lines = Lines::new(reader);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let line = match lines.next(&mut buffer) {
            Ok(Line::End) => return Go::Continue(()),
            Ok(Line::Whole) => Ok(buffer.as_slice()),
            Ok(Line::TooLong) => Err(too_large(lines.number)),
            Err(error) => return take(Err(unreadable(&error))),
        };
        let text = line.and_then(|bytes| utf8(bytes, lines.number));
        let text = match text {
            Ok(text) => text,
            Err(finding) => {
                take(Err(finding))?;
                continue;
            }
        };
        let whole = match lines.number {
            1 => text.trim_start_matches('\u{feff}'),
            _ => text,
        };
        if lines.number == 1 && is_pointer(whole) {
            return take(Err(only_a_pointer()));
        }
        let inner = whole.trim_start();
        let blanks = whole[..whole.len() - inner.len()].chars().count();
        let inner = inner.trim_end();
        if inner.is_empty() {
            continue;
        }
        let help = match (lines.number, inner) {
            (1, "[") => Some("a list of cases is a `.json` file; here, write a case a line"),
            _ => None,
        };
        one(inner, Span::point(lines.number, blanks + 1), help, take)?;
    }
}

/// Hands over what stands in a text of JSON that begins at `base`.
fn one(text: &str, base: Span, help: Option<&str>, take: &mut Take<'_>) -> Go {
    let value = match json::parse(text) {
        Ok(value) => value,
        Err(why) => return take(Err(not_json(base, &why, help))),
    };
    let place = |path: &str| within(base, place_in(text, path));
    take(Ok(Entry {
        value,
        place: &place,
    }))
}

fn not_json(base: Span, why: &NotJson, help: Option<&str>) -> Finding {
    bad(format!("the case is not valid JSON: {}", why.reason))
        .at(within(base, why.at))
        .help(help.unwrap_or("write each case as {\"ticket\": \"…\", \"expected\": \"…\"}"))
}

/// Where a key such as `case.id` stands in a text of JSON, or the nearest thing around it.
fn place_in(text: &str, path: &str) -> Span {
    let mut at = text;
    for key in path.split('.').filter(|key| !key.is_empty()) {
        let found = serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(at);
        match found.ok().and_then(|map| map.get(key).copied()) {
            Some(raw) => at = raw.get(),
            None => break,
        }
    }
    // What was found is a part of the text.
    let start = (at.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let start = start.min(text.len());
    match path {
        "" => Span::point(1, 1),
        _ => Span::from_range(text, start..(start + at.len()).min(text.len())),
    }
}

/// Reads a list of cases, one by one.
pub(super) fn list(reader: &mut dyn BufRead, take: &mut Take<'_>) -> Go {
    let mut scanner = Scanner::new(reader);
    let mut item = Vec::new();
    loop {
        let base = match scanner.next(&mut item) {
            Ok(Some(base)) => base,
            Ok(None) => return Go::Continue(()),
            Err(finding) => return take(Err(finding)),
        };
        match utf8(&item, base.line) {
            Ok(text) => one(text.trim_end(), base, None, take)?,
            Err(finding) => take(Err(finding))?,
        }
    }
}

/// The items of a list, cut out of the bytes of a file.
struct Scanner<'a> {
    reader: &'a mut dyn BufRead,
    line: usize,
    /// How many characters of the line were read.
    column: usize,
    is_begun: bool,
    is_first: bool,
}

impl<'a> Scanner<'a> {
    fn new(reader: &'a mut dyn BufRead) -> Self {
        Self {
            reader,
            line: 1,
            column: 0,
            is_begun: false,
            is_first: true,
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, Finding> {
        loop {
            match self.reader.fill_buf() {
                Ok(found) => return Ok(found.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&error)),
            }
        }
    }

    fn skip(&mut self, byte: u8) {
        self.reader.consume(1);
        match byte {
            b'\n' => {
                self.line += 1;
                self.column = 0;
            }
            // A byte inside of a character.
            0x80..=0xbf => {}
            _ => self.column += 1,
        }
    }

    /// The first byte that is no blank, not yet taken.
    fn solid(&mut self) -> Result<Option<u8>, Finding> {
        while let Some(byte) = self.peek()? {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(Some(byte));
            }
            self.skip(byte);
        }
        Ok(None)
    }

    fn here(&self) -> Span {
        Span::point(self.line, self.column + 1)
    }

    fn wants(&self, what: &str) -> Finding {
        bad(format!("the dataset is not valid JSON: {what}"))
            .at(self.here())
            .help("a `.json` dataset is one list: [{…}, {…}]")
    }

    fn begin(&mut self) -> Result<bool, Finding> {
        self.is_begun = true;
        for byte in *b"\xef\xbb\xbf" {
            if self.peek()? != Some(byte) {
                break;
            }
            self.reader.consume(1);
        }
        match self.solid()? {
            Some(b'[') => {
                self.skip(b'[');
                Ok(true)
            }
            None => Ok(false),
            Some(b'v') => Err(only_a_pointer()),
            Some(_) => Err(self.wants("a list of cases is wanted here")),
        }
    }

    /// Cuts the next item out; its place, or nothing behind the last.
    fn next(&mut self, item: &mut Vec<u8>) -> Result<Option<Span>, Finding> {
        item.clear();
        if !self.is_begun && !self.begin()? {
            return Ok(None);
        }
        match (self.solid()?, std::mem::take(&mut self.is_first)) {
            (Some(b']'), true) => return self.end(),
            (Some(b']'), false) => return self.end(),
            (Some(b','), false) => {
                self.skip(b',');
                if self.solid()? == Some(b']') {
                    return Err(self.wants("a case is missing after the comma"));
                }
            }
            (Some(_), true) => {}
            (Some(_), false) => return Err(self.wants("a comma is missing between two cases")),
            (None, _) => return Err(self.wants("the list is not closed")),
        }
        let base = self.here();
        self.cut(base, item)?;
        Ok(Some(base))
    }

    fn end(&mut self) -> Result<Option<Span>, Finding> {
        self.skip(b']');
        match self.solid()? {
            None => {
                // Whoever asks again gets the same answer.
                self.is_begun = false;
                Ok(None)
            }
            Some(_) => Err(self.wants("something stands behind the list")),
        }
    }

    fn cut(&mut self, base: Span, item: &mut Vec<u8>) -> Result<(), Finding> {
        let (mut depth, mut is_text, mut is_escaped) = (0usize, false, false);
        loop {
            let Some(byte) = self.peek()? else {
                return match depth == 0 && !is_text {
                    true => Ok(()),
                    false => Err(self.wants("the last case is not closed")),
                };
            };
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_text => is_escaped = true,
                b'"' => is_text = !is_text,
                _ if is_text => {}
                b'{' | b'[' => depth += 1,
                b',' | b']' if depth == 0 => return Ok(()),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if item.len() == MAX_CASE {
                return Err(too_large(base.line));
            }
            item.push(byte);
            self.skip(byte);
        }
    }
}
