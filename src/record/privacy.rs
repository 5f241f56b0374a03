//! What of variables and answers is kept in the log.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::entry::{ErrorNote, Record};
use crate::prompt::code::{Code, STORED_PROMPT_GONE};

/// How much of a value is kept, from all of it to nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// All of it.
    #[default]
    Full,
    /// `sha256:` and its SHA-256: two that are the same can be recognized.
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

    fn of(self, text: String) -> Option<String> {
        match self {
            Self::Full => Some(text),
            // A hash of a hash would say nothing.
            Self::Hash if is_hash_text(&text) => Some(text),
            Self::Hash => Some(hash_text(&text)),
            Self::None => None,
        }
    }

    /// Words that are not ours, about something with this title.
    fn words(self, title: &str, words: String) -> String {
        let is_kept_already = words == title
            || words
                .strip_prefix(title)
                .and_then(|rest| rest.strip_prefix(" (")?.strip_suffix(')'))
                .is_some_and(is_hash_text);
        match self {
            Self::Full => words,
            _ if is_kept_already => words,
            Self::Hash => format!("{title} ({})", hash_text(&words)),
            Self::None => title.to_owned(),
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
    /// The record with what the log may keep of it. A variable that the schema marks
    /// `x-sensitive: true`, at any depth, is kept as a hash at most.
    ///
    /// What a server or a model said about an error can repeat variables and answer, so of those
    /// words as much is kept as of both; the code and what it means always are.
    #[must_use]
    pub fn keep(&self, mut record: Record, schema: Option<&Value>) -> Record {
        let is_sensitive = |name: &str| schema.is_some_and(|schema| is_sensitive(schema, name));
        // A value that is a hash already, where all is kept, was sensitive when the record began.
        let is_any_sensitive = record.variables.as_ref().is_some_and(|values| {
            values
                .iter()
                .any(|(name, value)| is_sensitive(name) || is_hash(value))
        });
        let sensitive = match is_any_sensitive {
            true => Keep::Hash,
            false => Keep::Full,
        };
        let words = self.variables.max(self.output).max(sensitive);
        record.variables = record
            .variables
            .and_then(|values| self.kept_variables(values, is_sensitive));
        record.overrides.user = record
            .overrides
            .user
            .and_then(|text| self.variables.of(text));
        record.output = record.output.and_then(|text| self.output.of(text));
        record.tool_calls = record
            .tool_calls
            .into_iter()
            .filter_map(|call| self.tool_call(call))
            .collect();
        record.error = record.error.map(|error| {
            let code = error.code.as_deref().and_then(Code::find);
            let title = code.map_or(record.status.as_str(), |code| code.explanation().title);
            ErrorNote {
                message: words.words(title, error.message),
                code: error.code,
                reason: error.reason,
            }
        });
        let gone = STORED_PROMPT_GONE.explanation().title;
        record.fallback = record.fallback.map(|why| words.words(gone, why));
        record
    }

    fn kept_variables(
        &self,
        values: Map<String, Value>,
        is_sensitive: impl Fn(&str) -> bool,
    ) -> Option<Map<String, Value>> {
        if self.variables == Keep::None {
            return None;
        }
        let kept = values.into_iter().map(|(name, value)| {
            let is_whole = self.variables == Keep::Full && !is_sensitive(&name);
            let kept = match is_whole || is_hash(&value) {
                true => without_data(&value),
                false => Value::String(hash_value(&value)),
            };
            (name, kept)
        });
        Some(kept.collect())
    }

    /// The arguments of a tool that the model wants called are its answer.
    fn tool_call(&self, call: Value) -> Option<Value> {
        match (self.output, call) {
            (Keep::Full, call) => Some(call),
            (Keep::Hash, Value::Object(mut call)) => {
                call.retain(|key, _| matches!(key.as_str(), "call_id" | "name" | "arguments"));
                if let Some(arguments) = call.get_mut("arguments").filter(|it| !is_hash(it)) {
                    *arguments = Value::String(hash_value(arguments));
                }
                Some(Value::Object(call))
            }
            _ => None,
        }
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

/// Whether the schema marks a variable `x-sensitive: true`, at any depth.
pub fn is_sensitive(schema: &Value, name: &str) -> bool {
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

/// A value with the content of its data URLs replaced by hash and length: a picture in each line makes a log
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

    fn record() -> Record {
        let mut record = Record::new("a", "2026-11-20T12:00:00Z".parse().unwrap());
        record.variables = Some(values());
        // Of a random one the hidden text may be a part.
        record.id = "00000000-0000-7000-8000-000000000000".to_owned();
        record.output = Some("abc".to_owned());
        record.overrides.user = Some("abc".to_owned());
        record.tool_calls = vec![
            json!({"call_id": "c", "name": "f", "arguments": "abc"}),
            json!("abc"),
            json!({"function": {"arguments": "abc"}, "arguments": {"a": "abc"}}),
        ];
        record.fallback = Some("no prompt for abc".to_owned());
        record.error = Some(ErrorNote {
            code: Some("P314".to_owned()),
            message: "the model refused: abc is not nice".to_owned(),
            reason: None,
        });
        record
    }

    #[test]
    fn a_marked_variable_is_never_kept_in_full() {
        let schema = json!({"properties": {
            "card": {"type": "string", "x-sensitive": true},
            "address": {"properties": {"street": {"x-sensitive": true}}},
            "ticket": {"x-sensitive": false},
        }});
        let kept = Privacy::default().keep(record(), Some(&schema));
        let variables = kept.variables.unwrap();
        assert_eq!(variables["ticket"], "abc");
        assert_eq!(variables["card"], ABC);
        assert!(is_hash(&variables["address"]));
        let words = kept.error.unwrap().message;
        assert!(
            !words.contains("abc"),
            "a server repeats what it was sent: {words}"
        );
        assert_eq!(kept.output.as_deref(), Some("abc"));
        let whole = record();
        assert_eq!(Privacy::default().keep(whole.clone(), None), whole);
    }

    #[test]
    fn no_field_keeps_what_the_settings_leave_out() {
        let of = |variables, output| Privacy { variables, output }.keep(record(), None);
        let hashed = of(Keep::Hash, Keep::Hash);
        assert!(hashed.variables.as_ref().unwrap().values().all(is_hash));
        assert_eq!(hashed.output.as_deref(), Some(ABC));
        assert_eq!(hashed.overrides.user.as_deref(), Some(ABC));
        assert_eq!(hashed.tool_calls[0]["arguments"], ABC);
        for (variables, output) in [
            (Keep::Hash, Keep::Hash),
            (Keep::Hash, Keep::None),
            (Keep::None, Keep::Hash),
            (Keep::None, Keep::None),
        ] {
            let kept = of(variables, output);
            let text = serde_json::to_string(&kept).unwrap();
            assert!(!text.contains("abc"), "{text}");
            assert!(text.contains("the model refused"), "{text}");
            let again = Privacy { variables, output }.keep(kept.clone(), None);
            assert_eq!(again, kept, "what was kept once is kept so");
        }
        for (variables, output) in [(Keep::None, Keep::Full), (Keep::Full, Keep::None)] {
            let kept = of(variables, output);
            assert_eq!(kept.error.unwrap().message, "the model refused");
            assert_eq!(kept.fallback.as_deref(), Some("the stored prompt is gone"));
        }
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
        let values = values.as_object().unwrap().clone();
        let kept = Privacy::default()
            .kept_variables(values, |_| false)
            .unwrap();
        assert_eq!(kept["picture"]["image_url"]["length"], picture.len());
        assert!(!Value::Object(kept.clone()).to_string().contains("AAAA"));
        assert!(is_hash(&kept["picture"]), "it cannot be rendered again");
        assert_eq!(kept["text"], "data: none");
        assert!(!is_hash(&json!({"data": "x", "length": 3})));
    }
}
