//! Where an id in JSON only says where a prompt came from: snapshots of `get --all` that services
//! carry with them.

use serde_json::Value;

use super::ids;

/// For each id of the text, in order, whether promptctl wrote it to say where a prompt came from.
/// None where the text is no JSON, or none that can be followed.
pub(super) fn sources(path: &str, text: &str, ids: usize) -> Option<Vec<bool>> {
    if !path.to_ascii_lowercase().ends_with(".json") || !text.contains("\"source\"") {
        return None;
    }
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let mut found = Vec::with_capacity(ids);
    walk(&value, None, &mut found);
    // Escapes, and keys that stand twice, are more than this can follow.
    (found.len() == ids).then_some(found)
}

/// Goes through a value in the order of the text; `key` is the one that it is the value of.
fn walk(value: &Value, key: Option<&str>, found: &mut Vec<bool>) {
    match value {
        Value::String(text) => tell(text, false, found),
        Value::Array(items) => items.iter().for_each(|item| walk(item, None, found)),
        Value::Object(map) => {
            let is_source = key == Some("source")
                && map.get("format").and_then(Value::as_str) == Some("openai");
            for (key, value) in map {
                tell(key, false, found);
                match value {
                    Value::String(text) => tell(text, is_source && key == "id", found),
                    value => walk(value, Some(key), found),
                }
            }
        }
        _ => {}
    }
}

fn tell(text: &str, is_source: bool, found: &mut Vec<bool>) {
    let ids = ids::find(text.as_bytes());
    found.extend(ids.iter().map(|_| is_source));
}
