//! YAML of any kind, with the place of every text in it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::node::{Key, Kind, Node};
use super::reader::{Field, origin};
use super::yaml::parse_tree;
use super::{Finding, Origin, Span};

/// A YAML text that is no prompt file, with the places of its values.
#[derive(Debug, Clone, Default)]
pub struct Located {
    /// What it says.
    pub value: Value,
    texts: BTreeMap<String, Origin>,
    places: BTreeMap<String, Span>,
}

/// Reads a YAML text of any kind. Tags that are not known are ignored.
///
/// # Errors
/// The text is not YAML, or goes past a limit.
pub fn parse_located(text: &str) -> Result<Located, Finding> {
    let tree = parse_tree(text)?;
    let mut located = Located {
        value: tree.root.to_value(),
        ..Located::default()
    };
    located.note(text, String::new(), None, &tree.root);
    Ok(located)
}

impl Located {
    /// A value of which no place is known.
    pub fn without_places(value: Value) -> Self {
        Self {
            value,
            ..Self::default()
        }
    }

    fn note(&mut self, source: &str, path: String, key: Option<&Key>, node: &Node) {
        self.places
            .insert(path.clone(), key.map_or(node.at, |key| key.at));
        match &node.kind {
            Kind::Map(entries) => {
                for (key, node) in entries {
                    let path = match path.is_empty() {
                        true => key.text.clone(),
                        false => format!("{path}.{}", key.text),
                    };
                    self.note(source, path, Some(key), node);
                }
            }
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.note(source, format!("{path}[{index}]"), None, item);
                }
            }
            Kind::Text(value) => {
                let field = Field {
                    path: path.clone(),
                    key,
                    node,
                };
                self.texts.insert(path, origin(source, &field, value));
            }
            _ => {}
        }
    }

    /// The place of the value at `path`, such as `messages[0].content`, or of what holds it.
    pub fn place(&self, path: &str) -> Option<Span> {
        let mut path = path;
        loop {
            if let Some(at) = self.places.get(path) {
                return Some(*at);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// The place of a part of the text at `path`.
    pub fn place_in(&self, path: &str, part: Span) -> Option<Span> {
        match self.texts.get(path) {
            Some(origin) => Some(origin.locate(part)),
            None => self.place(path),
        }
    }
}
