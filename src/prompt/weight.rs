//! How much room values take.

use serde_json::Value;

/// How many bytes a value takes about, counted until they are more than `most`.
pub(crate) fn weight(value: &Value, most: usize) -> usize {
    let mut pending = vec![value];
    let mut bytes = 0;
    while let Some(next) = pending.pop() {
        bytes += 16;
        match next {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) => pending.extend(items),
            Value::Object(map) => {
                bytes += map.keys().map(String::len).sum::<usize>();
                pending.extend(map.values());
            }
            _ => {}
        }
        if bytes > most {
            break;
        }
    }
    bytes
}
