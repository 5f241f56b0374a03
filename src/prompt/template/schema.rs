//! What a JSON Schema says about the parts of a value.

use std::collections::HashSet;

use serde_json::Value;

/// How many `$ref` are followed, one after the other.
const MAX_REFS: usize = 20;

/// A schema inside the document that its references are looked up in.
#[derive(Debug, Clone, Copy)]
pub(in crate::prompt) struct Schema<'s> {
    root: &'s Value,
    /// As it stands, perhaps with a `$ref`.
    own: &'s Value,
    /// Behind its `$ref`.
    at: &'s Value,
}

/// What a schema says about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::prompt) enum Presence {
    /// It is declared and may be left out.
    Optional,
    /// It is declared and required.
    Required,
    /// The schema lists other keys, and not this one.
    Undeclared,
    /// The schema lists no keys.
    Unknown,
}

impl<'s> Schema<'s> {
    /// The schema that is its own document.
    pub(in crate::prompt) fn new(root: &'s Value) -> Self {
        Self::within(root, root)
    }

    /// A schema of the document `root`; a `$ref` into the same document is followed.
    fn within(root: &'s Value, own: &'s Value) -> Self {
        let mut at = own;
        for _ in 0..MAX_REFS {
            let target = at.get("$ref").and_then(Value::as_str);
            let Some(found) = target
                .and_then(|target| target.strip_prefix('#'))
                .and_then(|pointer| root.pointer(pointer))
            else {
                break;
            };
            at = found;
        }
        Self { root, own, at }
    }

    /// `properties`, in the order of the file.
    pub(in crate::prompt) fn properties(self) -> impl Iterator<Item = (&'s String, Self)> {
        let map = self.at.get("properties").and_then(Value::as_object);
        map.into_iter()
            .flatten()
            .map(move |(name, property)| (name, Self::within(self.root, property)))
    }

    /// The schema that `properties` gives a key.
    pub(in crate::prompt) fn property(self, key: &str) -> Option<Self> {
        let property = self.at.get("properties")?.get(key)?;
        Some(Self::within(self.root, property))
    }

    /// The schema of what stands under a key or an index.
    pub(in crate::prompt) fn step(self, key: &str) -> Option<Self> {
        let is_index = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        self.property(key).or_else(|| {
            let items = self.at.get("items").filter(|_| is_index);
            let others = self
                .at
                .get("additionalProperties")
                .filter(|other| other.is_object());
            items.or(others).map(|found| Self::within(self.root, found))
        })
    }

    /// Whether `required` lists a key.
    pub(in crate::prompt) fn requires(self, key: &str) -> bool {
        let list = self.at.get("required").and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|name| name.as_str() == Some(key)))
    }

    /// All that `required` lists.
    pub(in crate::prompt) fn required(self) -> HashSet<&'s str> {
        let list = self.at.get("required").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// What the schema says about a key.
    pub(in crate::prompt) fn presence(self, key: &str) -> Presence {
        match self.at.get("properties").and_then(Value::as_object) {
            _ if self.requires(key) => Presence::Required,
            Some(map) if map.contains_key(key) => Presence::Optional,
            Some(_) => Presence::Undeclared,
            None => Presence::Unknown,
        }
    }

    /// `default`.
    pub(in crate::prompt) fn default(self) -> Option<&'s Value> {
        self.own.get("default").or_else(|| self.at.get("default"))
    }

    /// `type`, or the types that are not `null` joined by `|`.
    pub(in crate::prompt) fn kind(self) -> Option<String> {
        match self.at.get("type")? {
            Value::String(kind) => Some(kind.clone()),
            Value::Array(kinds) => {
                let kinds = kinds
                    .iter()
                    .filter_map(Value::as_str)
                    .filter(|kind| *kind != "null");
                Some(kinds.collect::<Vec<_>>().join("|"))
            }
            _ => None,
        }
    }

    /// `description`.
    pub(in crate::prompt) fn description(self) -> Option<String> {
        let text = self
            .own
            .get("description")
            .or_else(|| self.at.get("description"))?;
        text.as_str().map(str::to_owned)
    }
}
