//! What of variables and answers is kept in the log.

use serde_json::{Map, Value};
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
                Keep::Full if !is_sensitive => value.clone(),
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

/// Whether this kept value is a hash in place of a value.
pub fn is_hash(value: &Value) -> bool {
    value.as_str().is_some_and(is_hash_text)
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
}
