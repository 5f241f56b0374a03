//! Names and their values: where each is given one, and where it is used.

use std::collections::HashMap;
use std::ops::Range;

use super::super::lex::Kind;
use super::{Assigned, DEEPEST, Literal, MOST_USES, Source, WIDEST};

impl<'a> Source<'a> {
    pub(super) fn mentioned(&self) -> &HashMap<&'a str, Vec<usize>> {
        self.mentioned.get_or_init(|| {
            let mut all: HashMap<&str, Vec<usize>> = HashMap::new();
            for (index, token) in self.tokens.iter().enumerate() {
                if matches!(token.kind, Kind::Word | Kind::Text) && token.end - token.start < 100 {
                    let word = self.word(index).trim_start_matches('$');
                    all.entry(word).or_default().push(index);
                }
            }
            all
        })
    }

    /// Where a name is used as a value.
    pub(super) fn uses(&self, name: &str) -> Vec<usize> {
        let all = self
            .mentioned()
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        all.iter()
            .copied()
            .filter(|&index| self.spend(1) && !self.is_key(index))
            .take(MOST_USES)
            .collect()
    }

    /// Where names are given values.
    pub(super) fn constants(&self) -> &HashMap<&'a str, Vec<Assigned>> {
        self.constants.get_or_init(|| {
            let mut all: HashMap<&str, Vec<Assigned>> = HashMap::new();
            for index in 0..self.tokens.len() {
                if !matches!(self.tokens[index].kind, Kind::Word | Kind::Text)
                    || !self.is_key(index)
                {
                    continue;
                }
                let mut value = index + 1;
                while self.kind(value) == Some(Kind::Line) {
                    value += 1;
                }
                let mut value = value + 1;
                // `name: Type = value`
                let typed = (value..(value + 12).min(self.tokens.len()))
                    .take_while(|&at| {
                        !matches!(self.tokens[at].kind, Kind::Line | Kind::Mark(b',' | b';'))
                    })
                    .find(|&at| self.tokens[at].kind == Kind::Mark(b'='));
                if self.tokens[value - 1].kind == Kind::Mark(b':') {
                    value = typed.map_or(value, |at| at + 1);
                }
                while self.kind(value) == Some(Kind::Line) {
                    value += 1;
                }
                if value < self.tokens.len() {
                    all.entry(self.word(index))
                        .or_default()
                        .push((index, value));
                }
            }
            all
        })
    }

    /// The value that a name has where it is used: the one given last before, else the last one.
    pub(super) fn constant(&self, name: &str, used: usize) -> Option<Range<usize>> {
        let is_own =
            |start: usize| !(self.tokens[start].kind == Kind::Word && self.word(start) == name);
        let seen: Vec<usize> = self
            .seen_from(name, used)
            .into_iter()
            .map(|(_, start)| start)
            .filter(|&start| is_own(start))
            .collect();
        let value = seen
            .iter()
            .rfind(|&&start| start < used)
            .or_else(|| seen.last())?;
        Some(self.value_from(*value))
    }

    /// A value from its first token to its last.
    pub(super) fn value_from(&self, start: usize) -> Range<usize> {
        let mut at = start;
        while at < self.tokens.len() && at - start < WIDEST && self.spend(1) {
            match self.tokens[at].kind {
                Kind::Mark(b',' | b';') | Kind::Close(_) | Kind::Line => break,
                _ => at = self.after(at),
            }
        }
        start..at.min(self.tokens.len())
    }

    /// The text or number that a value is, through constants and calls that wrap it.
    pub(super) fn literal(&self, value: &Range<usize>, depth: usize) -> Option<Literal> {
        let short = value.start..value.end.min(value.start + 60);
        if let Some(values) = self.values {
            let known = short.clone().find_map(|at| {
                matches!(self.kind(at), Some(Kind::Word | Kind::Text))
                    .then(|| values.get(self.word(at).trim_start_matches('$')))?
            });
            if let Some(known) = known {
                return Some(Literal::Variable(known.clone()));
            }
        }
        let is_literal = |at: &usize| matches!(self.kind(*at), Some(Kind::Text | Kind::Number));
        if let Some(found) = short.clone().find(is_literal) {
            return Some(Literal::Text(self.word(found).to_owned()));
        }
        let name = short.rev().find(|&at| self.kind(at) == Some(Kind::Word))?;
        if depth >= DEEPEST {
            return None;
        }
        let value = self.constant(self.word(name), name)?;
        self.literal(&value, depth + 1)
    }
}
