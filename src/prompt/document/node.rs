//! A tree of YAML whose nodes know where they stand.

use std::ops::Range;

use serde_json::{Number, Value};

use super::super::finding::length;
use super::{Object, Span};

/// The deepest nesting read. A level costs 5 KB of stack, 35 KB without optimisation, and threads
/// other than the first have 2 MB.
pub(super) const MAX_DEPTH: usize = 40;

/// The most values read from one file, those that aliases repeat included.
pub(super) const MAX_NODES: usize = 1_000_000;

/// A value and where it stands.
#[derive(Debug, PartialEq)]
pub(in crate::prompt) struct Node {
    /// The value.
    pub(in crate::prompt) kind: Kind,
    /// Where the value is used: for an alias, the place of the alias.
    pub(in crate::prompt) at: Span,
    /// The bytes of a scalar where it is defined; for a block scalar they begin with its first
    /// text that is not a blank line. Lists and maps only have a beginning.
    pub(in crate::prompt) span: Range<usize>,
    /// Whether the value is repeated from elsewhere by an alias.
    pub(in crate::prompt) is_alias: bool,
}

/// What a node is.
#[derive(Debug, PartialEq)]
pub(in crate::prompt) enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that JSON can hold.
    Number(Number),
    /// `.inf`, `.nan`, or a number too large for JSON, as it is written.
    NotFinite(String),
    Text(String),
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key of a map and where it stands.
#[derive(Debug, PartialEq)]
pub(in crate::prompt) struct Key {
    /// The key.
    pub(in crate::prompt) text: String,
    /// Where it stands.
    pub(in crate::prompt) at: Span,
    /// Its bytes.
    pub(in crate::prompt) span: Range<usize>,
}

impl Node {
    /// The value without its places.
    pub(in crate::prompt) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::NotFinite(written) => Value::String(written.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => items.iter().map(|item| item.to_value()).collect(),
            Kind::Map(entries) => Value::Object(to_object(entries)),
        }
    }

    /// A scalar as it is written in the file.
    pub(in crate::prompt) fn raw<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.span.clone()).unwrap_or_default().trim()
    }

    /// Notes what serde does not tell: how long each value is, and how numbers that JSON cannot hold
    /// are written in `source`.
    pub(super) fn complete(&mut self, source: &str) {
        let raw = source.get(self.span.clone()).unwrap_or_default().trim();
        match &mut self.kind {
            Kind::NotFinite(written) => raw.clone_into(written),
            Kind::List(items) => items.iter_mut().for_each(|it| it.complete(source)),
            Kind::Map(entries) => {
                for (key, node) in entries {
                    key.at.length = length(source, key.span.clone());
                    node.complete(source);
                }
            }
            _ => {}
        }
        if !self.is_alias {
            self.at = self.measured(source);
        }
    }

    /// The place of a value with its length. Of a list or a map it is its first line's beginning: the
    /// first key or item, where that is there, else the bracket.
    pub(super) fn measured(&self, source: &str) -> Span {
        let first = match &self.kind {
            Kind::Map(entries) => entries.first().map(|(key, _)| key.at),
            Kind::List(_) => None,
            _ => {
                return Span {
                    length: length(source, self.span.clone()),
                    ..self.at
                };
            }
        };
        let is_here = |first: &Span| (first.line, first.column) == (self.at.line, self.at.column);
        first
            .filter(is_here)
            .unwrap_or(Span::point(self.at.line, self.at.column))
    }

    /// What this is, in the words of messages.
    pub(super) fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Null => "empty",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) | Kind::NotFinite(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// The entries of a map without their places.
pub(super) fn to_object(entries: &[(Key, Node)]) -> Object {
    entries
        .iter()
        .map(|(key, node)| (key.text.clone(), node.to_value()))
        .collect()
}
