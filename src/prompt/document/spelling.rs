//! The fields of a file under the one spelling that `promptctl` writes.

use super::keys::{Known, Lookup, OPENAI, PARAMETERS, TOP, look_up};
use super::{Object, Value};

/// The fields with every known key as `promptctl` writes it: `max_tokens` is `maxTokens`. `None` if
/// one key stands there under two spellings.
pub fn spelt(fields: Object) -> Option<Object> {
    let mut fields = renamed(fields, TOP)?;
    for (key, known) in [("modelParameters", PARAMETERS), ("openai", OPENAI)] {
        if let Some(Value::Object(below)) = fields.get_mut(key) {
            *below = renamed(std::mem::take(below), known)?;
        }
    }
    Some(fields)
}

/// The fields in the order in which `promptctl` writes them, unknown ones last.
pub fn in_order(fields: Object) -> Object {
    let rank = |name: &str| TOP.iter().position(|known| known.key == name);
    let mut entries: Vec<_> = fields.into_iter().collect();
    entries.sort_by_key(|(key, _)| rank(key).unwrap_or(usize::MAX));
    entries.into_iter().collect()
}

fn renamed(entries: Object, known: &[Known]) -> Option<Object> {
    let mut fields = Object::new();
    for (key, value) in entries {
        let key = match look_up(&key, known) {
            Lookup::Known(name) => name.to_owned(),
            _ => key,
        };
        if fields.insert(key, value).is_some() {
            return None;
        }
    }
    Some(fields)
}
