//! `$ref` of a configuration: a part of it that stands elsewhere in the same file.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// How deep references may lead to others.
const MAX_DEPTH: usize = 20;
/// The most values that all references together may bring.
const MAX_VALUES: usize = 200_000;

/// A configuration with its references in place.
pub(super) struct Resolved {
    pub(super) config: Map<String, Value>,
    /// The keys of the configuration that something refers to.
    pub(super) named: BTreeSet<String>,
    /// What stands beside references to what is no map.
    pub(super) beside: BTreeSet<String>,
}

pub(super) fn resolve(config: &Map<String, Value>) -> Resolved {
    let mut reader = Reader {
        root: config,
        named: BTreeSet::new(),
        beside: BTreeSet::new(),
        left: MAX_VALUES,
    };
    let parts = ["prompts", "providers", "targets", "tests", "defaultTest"];
    let mut resolved = config.clone();
    for key in parts {
        if let Some(value) = resolved.get_mut(key).filter(|value| has_reference(value)) {
            reader.put(value, 0);
        }
    }
    Resolved {
        config: resolved,
        named: reader.named,
        beside: reader.beside,
    }
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key("$ref") || map.values().any(has_reference),
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}

struct Reader<'c> {
    root: &'c Map<String, Value>,
    named: BTreeSet<String>,
    beside: BTreeSet<String>,
    left: usize,
}

impl Reader<'_> {
    /// Puts what is referred to in the place of each reference below a value.
    fn put(&mut self, value: &mut Value, depth: usize) {
        let reference = value.get("$ref").and_then(Value::as_str);
        if let Some((key, found)) = reference.and_then(|it| find(self.root, it))
            && depth < MAX_DEPTH
        {
            let count = count(found);
            if count <= self.left {
                self.left -= count;
                self.named.insert(key);
                let mut found = found.clone();
                let beside = value.as_object().into_iter().flatten();
                for (key, own) in beside.filter(|(key, _)| *key != "$ref") {
                    // What stands beside a reference counts over what is referred to, as there.
                    match found.as_object_mut() {
                        Some(map) => drop(map.insert(key.clone(), own.clone())),
                        None => drop(self.beside.insert(key.clone())),
                    }
                }
                *value = found;
                return self.put(value, depth + 1);
            }
        }
        match value {
            Value::Object(map) => map.values_mut().for_each(|inner| self.put(inner, depth)),
            Value::Array(items) => items.iter_mut().for_each(|inner| self.put(inner, depth)),
            _ => {}
        }
    }
}

/// What `#/key/…` names, and the key.
fn find<'c>(root: &'c Map<String, Value>, reference: &str) -> Option<(String, &'c Value)> {
    let (key, rest) = match reference.strip_prefix("#/")?.split_once('/') {
        Some((key, rest)) => (key, format!("/{rest}")),
        None => (reference.strip_prefix("#/")?, String::new()),
    };
    let found = root.get(key)?.pointer(&rest)?;
    Some((key.to_owned(), found))
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(map) => map.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}
