//! What an answer is found by.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The number of what a key is made of.
const FORM: u32 = 1;

/// What of a request changes nothing in the answer.
const UNRELATED: [&str; 7] = [
    "service_tier",
    "metadata",
    "store",
    "stream",
    "stream_options",
    "prompt_cache_key",
    "safety_identifier",
];

/// What an answer is found by: SHA-256 over what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of a request to the server with this base URL, asked for the `repeat`th time.
    pub fn new(server: &str, body: &Value, repeat: u32) -> Self {
        Self::of(server, body, repeat, false)
    }

    /// The same, of a request that is asked once more whatever was kept of it.
    pub fn again(server: &str, body: &Value, repeat: u32) -> Self {
        Self::of(server, body, repeat, true)
    }

    fn of(server: &str, body: &Value, repeat: u32, is_again: bool) -> Self {
        let mut asked = body.clone();
        if let Some(asked) = asked.as_object_mut() {
            asked.retain(|name, _| !UNRELATED.contains(&name.as_str()));
        }
        let mut whole = json!({
            "v": FORM,
            "server": server.trim_end_matches('/'),
            "body": asked,
            "repeat": repeat,
        });
        if is_again {
            whole["fresh"] = json!(1);
        }
        // A `Value` has string keys and finite numbers, so canonical JSON exists.
        let canonical = serde_json_canonicalizer::to_vec(&whole).unwrap_or_default();
        Self(Sha256::digest(canonical).into())
    }
}

/// As 64 hexadecimal digits.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_the_answer_changes_the_key() {
        let body = json!({"model": "m", "input": "hi", "tools": []});
        let same = Key::new("https://a/v1", &body, 1);
        let told = json!({"tools": [], "input": "hi", "model": "m", "store": false, "metadata": {"a": "b"},
            "service_tier": "flex", "stream": true, "prompt_cache_key": "x", "safety_identifier": "y"});
        assert_eq!(same, Key::new("https://a/v1/", &told, 1));
        for (server, body, repeat) in [
            ("https://b/v1", body.clone(), 1),
            ("https://a/v1", body.clone(), 2),
            (
                "https://a/v1",
                json!({"model": "n", "input": "hi", "tools": []}),
                1,
            ),
            (
                "https://a/v1",
                json!({"model": "m", "input": "hi", "tools": [], "temperature": 0}),
                1,
            ),
        ] {
            assert_ne!(same, Key::new(server, &body, repeat));
        }
        // The keys of years of answers: where this differs, the code is wrong, not the test.
        assert_eq!(
            same.to_string(),
            "5c5a4d0f0c610bb0596a043f07f686cb9edbc8eaa793de6908a97880f20f50e5"
        );
    }
}
