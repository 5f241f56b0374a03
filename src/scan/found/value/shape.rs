//! What methods of texts do to a text.

use super::{Bit, Value};
use crate::scan::found::language::Dedent;

/// What stands for a value while lines are counted.
const VALUE: char = '\u{fff9}';

impl<'t> Value<'t> {
    /// The documentation of a class as `inspect.cleandoc` gives it: without the margin of all lines
    /// but the first.
    pub(in crate::scan::found) fn cleaned(&mut self) {
        let text = self.text();
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let first = first.trim_start().to_owned();
        self.bits = vec![Bit::Text(rest.to_owned())];
        self.dedent();
        let rest = self.text();
        let whole = if rest.is_empty() {
            first
        } else {
            format!("{first}\n{rest}")
        };
        self.bits = vec![Bit::Text(whole.trim().to_owned())];
    }

    /// Every text that is `from` becomes what `to` is.
    pub(super) fn replace(&mut self, from: &str, to: &[Bit<'t>]) {
        for bit in std::mem::take(&mut self.bits) {
            match bit {
                Bit::Text(text) if text.contains(from) => {
                    for (index, part) in text.split(from).enumerate() {
                        if index > 0 {
                            to.iter().for_each(|bit| self.put(bit.clone()));
                        }
                        self.put(Bit::Text(part.to_owned()));
                    }
                }
                other => self.put(other),
            }
        }
    }

    /// Takes the blanks at its ends away; whether it ends in a value that may have some, too.
    pub(super) fn trim(&mut self, start: bool, end: bool, is_blank: fn(char) -> bool) -> bool {
        if let (true, Some(Bit::Text(text))) = (start, self.bits.first_mut()) {
            *text = text.trim_start_matches(is_blank).to_owned();
        }
        if let (true, Some(Bit::Text(text))) = (end, self.bits.last_mut()) {
            text.truncate(text.trim_end_matches(is_blank).len());
        }
        let is_open = |bit: Option<&Bit<'t>>| match bit {
            Some(Bit::Text(text)) => text.is_empty(),
            Some(Bit::Hole(_)) => true,
            None => false,
        };
        self.has_values()
            && ((start && is_open(self.bits.first())) || (end && is_open(self.bits.last())))
    }

    /// Whether `dedent` of each library would give the same.
    pub(super) fn is_plain_block(&self, dedent: Dedent) -> bool {
        let mut text = String::new();
        for bit in &self.bits {
            match bit {
                Bit::Text(written) => text.push_str(written),
                Bit::Hole(_) => text.push(VALUE),
            }
        }
        let is_odd = |letter: char| letter.is_whitespace() && !matches!(letter, ' ' | '\t' | '\n');
        if text.contains(is_odd) {
            return false;
        }
        // Those of JavaScript differ in what they do to lines that are blank or not indented.
        let last = text.rsplit('\n').next().unwrap_or_default();
        let is_line = |line: &str| {
            line.is_empty()
                || (line.starts_with([' ', '\t']) && (!line.trim().is_empty() || line == last))
        };
        match dedent {
            Dedent::Textwrap => true,
            Dedent::Tags => text.starts_with('\n') && text.split('\n').all(is_line),
        }
    }

    /// Takes away the blanks that all lines begin with, as `textwrap.dedent` does.
    pub(super) fn dedent(&mut self) {
        let mut flat = String::new();
        let mut values = Vec::new();
        for bit in self.bits.drain(..) {
            match bit {
                Bit::Text(text) => flat.push_str(&text),
                value @ Bit::Hole(_) => {
                    flat.push(VALUE);
                    values.push(value);
                }
            }
        }
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let lines = flat.split('\n').filter(|line| indent(line) < line.len());
        let mut margin: Option<&str> = None;
        for line in lines {
            let own = &line[..indent(line)];
            let common = margin.map_or(own.len(), |margin| {
                let pairs = margin.bytes().zip(own.bytes());
                pairs.take_while(|(one, other)| one == other).count()
            });
            margin = Some(&own[..common]);
        }
        let margin = margin.unwrap_or_default().len();
        let mut values = values.into_iter();
        let mut bits = Vec::new();
        let mut text = String::new();
        for line in flat.split_inclusive('\n') {
            let is_blank = indent(line) == line.trim_end_matches('\n').len();
            let line = match is_blank {
                true => line.trim_start_matches([' ', '\t']),
                false => line.get(margin..).unwrap_or(line),
            };
            for letter in line.chars() {
                match values.len() {
                    left if letter == VALUE && left > 0 => {
                        bits.push(Bit::Text(std::mem::take(&mut text)));
                        bits.extend(values.next());
                    }
                    _ => text.push(letter),
                }
            }
        }
        bits.push(Bit::Text(text));
        bits.into_iter().for_each(|bit| self.put(bit));
    }
}
