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

/// What stands for each byte of a key where the length of a text must stay.
const MASKED: u8 = b'*';

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

    /// A mask for bytes that may repeat the key; none for a placeholder.
    pub fn mask(&self) -> Option<Mask> {
        (self.0.len() >= SHORTEST_SECRET).then(|| Mask {
            key: self.clone(),
            held: Vec::new(),
        })
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

/// Covers a key in bytes that come in pieces; all other bytes, and the number of all, stay. What may
/// be the beginning of the key is held until more has come.
#[derive(Debug, Clone)]
pub struct Mask {
    key: ApiKey,
    held: Vec<u8>,
}

impl Mask {
    /// What can go on now that this piece has come; `None` where it goes on as it is.
    pub fn take(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        let key = self.key.0.as_bytes();
        let is_clean = |bytes: &[u8]| memchr::memmem::find(bytes, key).is_none();
        if self.held.is_empty() && is_clean(piece) && begun(piece, key) == 0 {
            return None;
        }
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(piece);
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&bytes[from..], key) {
            bytes[from + at..from + at + key.len()].fill(MASKED);
            from += at + key.len();
        }
        let keep = begun(&bytes[from..], key);
        self.held = bytes.split_off(bytes.len() - keep);
        Some(bytes)
    }

    /// Whether something is held.
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// The rest. The better part of a key at the end of what broke off is covered too.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.held);
        if rest.len() >= SHORTEST_PART {
            rest.fill(MASKED);
        }
        rest
    }
}

/// How many bytes at the end may be the beginning of the key.
fn begun(bytes: &[u8], key: &[u8]) -> usize {
    let most = bytes.len().min(key.len().saturating_sub(1));
    let found = (1..=most)
        .rev()
        .find(|length| key.starts_with(&bytes[bytes.len() - length..]));
    found.unwrap_or(0)
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

    proptest::proptest! {
        #[test]
        fn a_mask_covers_the_key_and_nothing_else_however_it_is_cut(
            texts in proptest::collection::vec("(sk-|test-|[a-z0-9\n]{0,3})", 0..6),
            keys in proptest::collection::vec(proptest::prelude::any::<bool>(), 6),
            cuts in proptest::collection::vec(0usize..200, 0..8),
        ) {
            let key = ApiKey::new(SECRET).unwrap();
            let mut said = String::new();
            for (text, has_key) in texts.iter().zip(keys) {
                said.push_str(text);
                said.push_str(if has_key { SECRET } else { "" });
            }
            let mut mask = key.mask().unwrap();
            let mut shown = Vec::new();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(said.len())).collect();
            cuts.extend([0, said.len()]);
            cuts.sort_unstable();
            for pair in cuts.windows(2) {
                let piece = &said.as_bytes()[pair[0]..pair[1]];
                shown.extend(mask.take(piece).unwrap_or_else(|| piece.to_vec()));
                proptest::prop_assert!(mask.held.len() < SECRET.len());
            }
            shown.extend(mask.finish());
            let expected = said.replace(SECRET, &"*".repeat(SECRET.len()));
            proptest::prop_assert_eq!(String::from_utf8(shown).unwrap(), expected);
        }
    }

    #[test]
    fn a_placeholder_is_not_masked() {
        assert!(ApiKey::new("ollama").unwrap().mask().is_none());
        let mut mask = ApiKey::new(SECRET).unwrap().mask().unwrap();
        assert_eq!(mask.take(b"nothing of it\n\n"), None);
        assert!(!mask.is_holding());
        // What broke off in the middle of the key is covered as well.
        assert_eq!(
            mask.take(&SECRET.as_bytes()[..SECRET.len() - 1]),
            Some(Vec::new())
        );
        assert!(mask.is_holding());
        assert_eq!(mask.finish(), vec![b'*'; SECRET.len() - 1]);
    }
}
