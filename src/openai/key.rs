//! The API key: a value that cannot be printed.

use std::fmt;

use crate::error::{Exit, Failure};
use crate::prompt::code;

/// Keys below this length are placeholders of local servers, such as `ollama` or `EMPTY`:
/// redacting those would tear words out of answers.
const SHORTEST_SECRET: usize = 8;

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
        if self.0.len() < SHORTEST_SECRET {
            return text.to_owned();
        }
        text.replace(&self.0, REDACTED)
    }

    /// The value of the `Authorization` header.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
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
    fn the_placeholder_of_a_local_server_is_not_torn_out_of_answers() {
        let key = ApiKey::new("ollama").unwrap();
        assert_eq!(key.redact("ollama runs here"), "ollama runs here");
    }
}
