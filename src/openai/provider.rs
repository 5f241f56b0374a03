//! The provider and the name in `model:`.

use std::fmt;

use crate::error::Failure;
use crate::prompt::code;

/// The provider of a model that names none.
pub const DEFAULT_PROVIDER: &str = "openai";

/// A model as the file writes it: `provider/name`, or a name alone for `openai`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelId {
    /// The part before the first `/`, or `openai`.
    pub provider: String,
    /// The rest, as the API of the provider knows it; it may hold more `/`.
    pub name: String,
}

impl ModelId {
    /// Reads `model:`.
    ///
    /// # Errors
    /// `P317`: the text, the provider or the name is empty.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let (provider, name) = text.split_once('/').unwrap_or((DEFAULT_PROVIDER, text));
        if provider.is_empty() || name.is_empty() {
            return Err(
                Failure::new(code::NO_MODEL, format!("`{text}` is not a model")).hint(
                    "write `provider/model`, such as `openai/gpt-5-mini`, or the model alone",
                ),
            );
        }
        Ok(Self {
            provider: provider.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_segment_is_the_provider() {
        for (text, provider, name) in [
            ("gpt-5-mini", "openai", "gpt-5-mini"),
            ("openai/gpt-5-mini", "openai", "gpt-5-mini"),
            ("ft:gpt-4o:acme::x1", "openai", "ft:gpt-4o:acme::x1"),
            ("vllm/meta-llama/Llama-3", "vllm", "meta-llama/Llama-3"),
        ] {
            let model = ModelId::parse(text).unwrap();
            assert_eq!(
                (model.provider.as_str(), model.name.as_str()),
                (provider, name)
            );
        }
        for text in ["", " ", "openai/", "/gpt-5"] {
            assert_eq!(ModelId::parse(text).unwrap_err().code, Some(code::NO_MODEL));
        }
    }
}
