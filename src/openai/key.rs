//! The API key: a value that cannot be printed.

use std::fmt;

use serde_json::Value;

use crate::error::{Exit, Failure};
use crate::prompt::code;

/// Keys below this length are placeholders of local servers, such as `ollama` or `EMPTY`:
/// redacting those would tear words out of answers.
const SHORTEST_SECRET: usize = 8;

/// How much of a key at the end of a text is no longer only the way in which many keys begin, such
/// as `sk-proj-`.
const SHORTEST_PART: usize = 16;

/// What stands where a key stood.
const REDACTED: &str = "[key]";

/// An API key. It has no `Display`, and its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key, without blanks and line ends around it.
    ///
    /// # Errors
    /// The text is empty or holds characters that no header may carry. The message does not
    /// repeat the text.
    pub fn new(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let problem = if text.is_empty() {
            "the API key is empty"
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            "the API key holds blanks, line ends or characters outside ASCII"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(Failure::new(code::NO_KEY, problem)
            .exit(Exit::Denied)
            .hint("copy the key again, on one line and without quotes"))
    }

    /// `text` with the key taken out, wherever it stands.
    pub fn redact(&self, text: &str) -> String {
        Redactor::new(std::slice::from_ref(self)).whole(text)
    }

    /// The value of the `Authorization` header.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

/// Takes keys out of a text that comes in pieces: what may be the beginning of a key is held back
/// until more has come, never more than the length of a key. The pieces together are what
/// [`whole`](Self::whole) makes of the text.
pub struct Redactor {
    keys: Vec<ApiKey>,
    held: String,
}

impl Redactor {
    /// A redactor of these keys.
    pub fn new(keys: &[ApiKey]) -> Self {
        let keys = keys.iter().filter(|key| key.0.len() >= SHORTEST_SECRET);
        Self {
            keys: keys.cloned().collect(),
            held: String::new(),
        }
    }

    /// A text that has come as a whole, without the keys.
    pub fn whole(mut self, text: &str) -> String {
        let mut clean = self.push(text);
        clean.push_str(&self.finish());
        clean
    }

    /// Every text of a value, without the keys.
    pub fn value(keys: &[ApiKey], value: &mut Value) {
        match value {
            Value::String(text) => *text = Self::new(keys).whole(text),
            Value::Array(list) => list.iter_mut().for_each(|it| Self::value(keys, it)),
            Value::Object(map) => {
                let entries = std::mem::take(map);
                map.extend(entries.into_iter().map(|(name, mut value)| {
                    Self::value(keys, &mut value);
                    (Self::new(keys).whole(&name), value)
                }));
            }
            _ => {}
        }
    }

    /// What may be shown now that this piece has come.
    pub fn push(&mut self, piece: &str) -> String {
        if self.keys.is_empty() {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        let mut clean = String::new();
        let mut from = 0;
        // Keys are ASCII: where one begins, a character begins.
        for at in 0..self.held.len() {
            if at < from {
                continue;
            }
            let rest = &self.held.as_bytes()[at..];
            let goes_on =
                |key: &&ApiKey| key.0.len() > rest.len() && key.0.as_bytes().starts_with(rest);
            if self.keys.iter().any(|key| goes_on(&key)) {
                clean.push_str(&self.held[from..at]);
                self.held.drain(..at);
                return clean;
            }
            let found = self
                .keys
                .iter()
                .filter(|key| rest.starts_with(key.0.as_bytes()));
            if let Some(length) = found.map(|key| key.0.len()).max() {
                clean.push_str(&self.held[from..at]);
                clean.push_str(REDACTED);
                from = at + length;
            }
        }
        clean.push_str(&self.held[from..]);
        self.held.clear();
        clean
    }

    /// The rest. The better part of a key at the end of a text that broke off is taken out too.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.held);
        match rest.len() >= SHORTEST_PART {
            true => REDACTED.to_owned(),
            false => rest,
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([key])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "sk-test-1234567890abcdef";

    #[test]
    fn a_key_does_not_show_itself() {
        let key = ApiKey::new(SECRET).unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey([key])");
        assert_eq!(
            key.redact(&format!(
                "Incorrect API key provided: {SECRET}. And {SECRET}"
            )),
            "Incorrect API key provided: [key]. And [key]"
        );
    }

    #[test]
    fn a_bad_key_is_refused_without_being_repeated() {
        for text in ["", "  \n", "sk-a\nb-secret", "sk-\u{e9}-secret"] {
            let failure = ApiKey::new(text).unwrap_err();
            assert_eq!(failure.exit, Exit::Denied);
            assert!(!format!("{failure:?}").contains("secret"), "{failure:?}");
        }
        assert!(ApiKey::new(" sk-1234\r\n").is_ok());
    }

    #[test]
    fn a_key_in_pieces_is_never_shown() {
        let keys = [SECRET, "sk-test-12345678"].map(|key| ApiKey::new(key).unwrap());
        for text in [
            format!("{SECRET}{SECRET}"),
            format!("é {SECRET}é sk-test-12345678 sk-test-1234"),
            format!("sk-test-1234567sk-{SECRET}"),
            format!("sk-test-123456781{SECRET}9"),
            "sk-test-1234567890abcde".to_owned(),
            "sk-test-".to_owned(),
        ] {
            let whole = Redactor::new(&keys).whole(&text);
            assert!(!whole.contains("12345678"), "{whole}");
            let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            for (first, second) in ends.iter().flat_map(|a| ends.iter().map(move |b| (*a, *b))) {
                if first > second {
                    continue;
                }
                let mut redactor = Redactor::new(&keys);
                let mut shown = String::new();
                for piece in [&text[..first], &text[first..second], &text[second..]] {
                    shown.push_str(&redactor.push(piece));
                    assert!(redactor.held.len() < SECRET.len());
                }
                shown.push_str(&redactor.finish());
                assert_eq!(shown, whole, "{first} {second}");
            }
        }
        assert_eq!(Redactor::new(&keys).whole("a sk-test-"), "a sk-test-");
    }

    #[test]
    fn the_placeholder_of_a_local_server_is_not_torn_out_of_answers() {
        let key = ApiKey::new("ollama").unwrap();
        assert_eq!(key.redact("ollama runs here"), "ollama runs here");
    }
}
