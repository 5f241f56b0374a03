//! Following `$ref` in a schema.

use serde_json::Value;

use super::{ANYTHING, MAX_NESTING, Root, Spot};
use crate::prompt::diff::value::join;

impl<'a> Root<'a> {
    /// The schema that stands behind one that is nothing but a `$ref`.
    pub(super) fn follow(self, spot: &Spot<'a>) -> Spot<'a> {
        let mut spot = spot.clone();
        for _ in 0..MAX_NESTING {
            let object = spot.schema.as_object().filter(|object| object.len() == 1);
            let target = object.and_then(|object| object.get("$ref"));
            match target.and_then(|target| self.resolve(target).ok()) {
                Some(found) => spot = found,
                None => break,
            }
        }
        spot
    }

    /// The schema that a `$ref` names, if it is in the same document.
    pub(super) fn resolve(self, target: &Value) -> Result<Spot<'a>, String> {
        let unknown = || format!("`$ref: {}` can't be followed", super::short(target));
        let pointer = target
            .as_str()
            .and_then(|target| target.strip_prefix('#'))
            .ok_or_else(unknown)?;
        let schema = self.schema.pointer(pointer).ok_or_else(unknown)?;
        let mut at = self.at.to_owned();
        let mut parent = self.schema;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            if let Some(list) = parent.as_array() {
                parent = token
                    .parse()
                    .ok()
                    .and_then(|index: usize| list.get(index))
                    .unwrap_or(&ANYTHING);
                at = format!("{at}[{token}]");
            } else {
                parent = parent.get(&token).unwrap_or(&ANYTHING);
                at = join(&at, &token);
            }
        }
        Ok(Spot { schema, at })
    }
}

/// Whether a schema holds a `$ref` like that.
pub(super) fn refers(schema: &Value, is_meant: fn(&str) -> bool) -> bool {
    match schema {
        Value::Object(object) => object.iter().any(|(key, value)| match value.as_str() {
            Some(target) => key.ends_with("ef") && key.starts_with('$') && is_meant(target),
            None => refers(value, is_meant),
        }),
        Value::Array(list) => list.iter().any(|value| refers(value, is_meant)),
        _ => false,
    }
}
