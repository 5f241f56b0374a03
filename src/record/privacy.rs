//! What of variables and answers is kept in the log.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// How much of a value is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// All of it.
    #[default]
    Full,
    /// `sha256:` and its SHA-256: whether two are the same can be told.
    Hash,
    /// Nothing.
    None,
}

impl Keep {
    /// Reads `full`, `hash` or `none`.
    pub fn find(text: &str) -> Option<Self> {
        match text {
            "full" => Some(Self::Full),
            "hash" => Some(Self::Hash),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    fn of(self, text: &str) -> Option<String> {
        match self {
            Self::Full => Some(text.to_owned()),
            Self::Hash => Some(hash_text(text)),
            Self::None => None,
        }
    }
}

/// What the configuration says about the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Privacy {
    /// `log.variables`.
    pub variables: Keep,
    /// `log.output`.
    pub output: Keep,
}

impl Privacy {
    /// What is kept of the variables. A variable that the schema marks `x-sensitive: true`, at
    /// any depth, is kept as a hash at most.
    pub fn variables(
        &self,
        values: &Map<String, Value>,
        schema: Option<&Value>,
    ) -> Option<Map<String, Value>> {
        if self.variables == Keep::None {
            return None;
        }
        let kept = values.iter().map(|(name, value)| {
            let is_sensitive = schema.is_some_and(|schema| is_sensitive(schema, name));
            let kept = match self.variables {
                Keep::Full if !is_sensitive => without_data(value),
                _ => Value::String(hash_value(value)),
            };
            (name.clone(), kept)
        });
        Some(kept.collect())
    }

    /// What is kept of a text that the caller gave, as of a variable.
    pub fn input(&self, text: &str) -> Option<String> {
        self.variables.of(text)
    }

    /// What is kept of the answer.
    pub fn output(&self, text: &str) -> Option<String> {
        self.output.of(text)
    }
}

/// Whether this kept value is a hash in place of a value, or holds one in place of data.
pub fn is_hash(value: &Value) -> bool {
    match value {
        Value::String(text) => is_hash_text(text),
        Value::Array(list) => list.iter().any(is_data_note),
        Value::Object(map) => is_data_note(value) || map.values().any(is_data_note),
        _ => false,
    }
}

/// Whether this is, or holds, what stands in place of a data URL.
fn is_data_note(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(is_data_note),
        Value::Object(map) => {
            let is_hash = |it: &Value| it.as_str().is_some_and(is_hash_text);
            (map.len() == 2 && map.contains_key("length") && map.get("data").is_some_and(is_hash))
                || map.values().any(is_data_note)
        }
        _ => false,
    }
}

/// Whether this kept text is a hash in place of a text.
pub fn is_hash_text(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_sensitive(schema: &Value, name: &str) -> bool {
    schema
        .get("properties")
        .and_then(|properties| properties.get(name))
        .is_some_and(is_marked)
}

/// A value is hashed whole where any part of its schema is marked.
fn is_marked(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            map.get("x-sensitive") == Some(&Value::Bool(true)) || map.values().any(is_marked)
        }
        Value::Array(list) => list.iter().any(is_marked),
        _ => false,
    }
}

/// A value with what its data URLs hold told by hash and length: a picture in each line makes a log
/// that nobody can keep.
fn without_data(value: &Value) -> Value {
    match value {
        Value::String(text) if is_data_url(text) => {
            json!({ "data": hash_text(text), "length": text.len() })
        }
        Value::Array(list) => list.iter().map(without_data).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), without_data(value)))
            .collect(),
        other => other.clone(),
    }
}

fn is_data_url(text: &str) -> bool {
    let is_data = text
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    is_data && text.contains(";base64,")
}

/// A text is hashed as it stands, so that `printf %s … | sha256sum` gives the same; any other
/// value as canonical JSON.
fn hash_value(value: &Value) -> String {
    match value {
        Value::String(text) => hash_text(text),
        other => {
            let canonical = serde_json_canonicalizer::to_string(other);
            hash_text(&canonical.unwrap_or_else(|_| other.to_string()))
        }
    }
}

pub(super) fn hash_text(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn values() -> Map<String, Value> {
        json!({"ticket": "abc", "card": "abc", "address": {"b": 1, "a": 2}})
            .as_object()
            .cloned()
            .unwrap()
    }

    #[test]
    fn a_marked_variable_is_never_kept_in_full() {
        let schema = json!({"properties": {
            "card": {"type": "string", "x-sensitive": true},
            "address": {"properties": {"street": {"x-sensitive": true}}},
            "ticket": {"x-sensitive": false},
        }});
        let kept = Privacy::default()
            .variables(&values(), Some(&schema))
            .unwrap();
        assert_eq!(kept["ticket"], "abc");
        assert_eq!(kept["card"], ABC);
        assert!(is_hash(&kept["address"]));
    }

    #[test]
    fn the_configuration_decides_over_the_rest() {
        let privacy = Privacy {
            variables: Keep::Hash,
            output: Keep::Hash,
        };
        let kept = privacy.variables(&values(), None).unwrap();
        assert!(kept.values().all(is_hash));
        assert_eq!(privacy.output("abc").as_deref(), Some(ABC));

        let none = Privacy {
            variables: Keep::None,
            output: Keep::None,
        };
        assert_eq!(none.variables(&values(), None), None);
        assert_eq!(none.output("abc"), None);
        assert_eq!(Privacy::default().output("abc").as_deref(), Some("abc"));
    }

    #[test]
    fn equal_values_have_equal_hashes_whatever_their_key_order() {
        assert_eq!(
            hash_value(&json!({"a": 1, "b": 2})),
            hash_value(&json!({"b": 2, "a": 1}))
        );
        assert!(!is_hash(&json!("sha256:short")));
    }

    #[test]
    fn a_picture_in_a_value_is_told_by_hash_and_length() {
        let picture = "data:image/png;base64,AAAA";
        let values =
            json!({"picture": {"type": "input_image", "image_url": picture}, "text": "data: none"});
        let kept = Privacy::default()
            .variables(values.as_object().unwrap(), None)
            .unwrap();
        assert_eq!(kept["picture"]["image_url"]["length"], picture.len());
        assert!(!Value::Object(kept.clone()).to_string().contains("AAAA"));
        assert!(is_hash(&kept["picture"]), "it cannot be rendered again");
        assert_eq!(kept["text"], "data: none");
        assert!(!is_hash(&json!({"data": "x", "length": 3})));
    }
}
