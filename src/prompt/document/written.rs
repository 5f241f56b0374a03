//! The file as it was written: every value, and where it stands.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use super::keys::{Lookup, OPENAI, PARAMETERS, TOP, look_up};
use super::node::{Key, Kind, Node, to_object};
use super::reader::value_span;
use super::{Object, Span};

/// A file as it was written. Few commands ask for its values as JSON, or for their places: both are
/// made when they are first asked for.
#[derive(Debug, Clone, Default)]
pub struct Written {
    entries: Arc<Vec<(Key, Node)>>,
    raw: OnceLock<Object>,
    places: OnceLock<BTreeMap<String, Span>>,
}

impl Written {
    pub(super) fn new(entries: Vec<(Key, Node)>) -> Self {
        Self {
            entries: Arc::new(entries),
            ..Self::default()
        }
    }

    /// The whole file as JSON, its keys in order.
    pub fn raw(&self) -> &Object {
        self.raw.get_or_init(|| to_object(&self.entries))
    }

    /// Where each value stands, by its path, such as `modelParameters.maxTokens` or `messages[0].content`.
    pub fn places(&self) -> &BTreeMap<String, Span> {
        self.places.get_or_init(|| {
            let mut places = Places::default();
            places.map("", &self.entries, 0, usize::MAX);
            places.0
        })
    }
}

#[cfg(test)]
impl From<Object> for Written {
    fn from(raw: Object) -> Self {
        Self {
            raw: raw.into(),
            ..Self::default()
        }
    }
}

#[derive(Default)]
struct Places(BTreeMap<String, Span>);

impl Places {
    fn map(&mut self, path: &str, entries: &[(Key, Node)], depth: usize, deepest: usize) {
        for (key, node) in entries {
            // Places deep inside test data are never asked for, and there can be many.
            let deepest = match key.text.as_str() {
                "testData" | "test_data" | "evaluators" if depth == 0 => 2,
                // What a case says of itself.
                "case" | "$case" if depth == 2 && deepest == 2 => 3,
                _ => deepest,
            };
            if depth > deepest {
                continue;
            }
            let name = canonical(path, &key.text);
            let child = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            self.note(child, value_span(Some(key), node), node, depth, deepest);
        }
    }

    fn note(&mut self, path: String, at: Span, node: &Node, depth: usize, deepest: usize) {
        match &node.kind {
            Kind::Map(entries) => self.map(&path, entries, depth + 1, deepest),
            Kind::List(items) if depth < deepest => {
                for (index, item) in items.iter().enumerate() {
                    let mut child = path.clone();
                    // Writing to a string cannot fail.
                    let _ = write!(child, "[{index}]");
                    self.note(child, item.at, item, depth + 1, deepest);
                }
            }
            _ => {}
        }
        self.0.insert(path, at);
    }
}

/// The spelling under which the place of a key is found, whatever the file's own.
fn canonical<'k>(path: &str, key: &'k str) -> &'k str {
    let known = match path {
        "" => TOP,
        "modelParameters" => PARAMETERS,
        "openai" => OPENAI,
        _ => return key,
    };
    match look_up(key, known) {
        Lookup::Known(name) => name,
        Lookup::Misspelt(_) | Lookup::Unknown => key,
    }
}
