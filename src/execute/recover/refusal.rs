//! What the API says instead of an answer to a question about a stored prompt.

use std::collections::BTreeSet;

use crate::exchange::stored::is_name;
use crate::openai::api_error::ApiError;

/// An error of the API with its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error: ApiError,
}

/// What tells one kind of refusal from another, whatever it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    status: u16,
    code: Option<String>,
    param: Option<String>,
    message: String,
}

impl Refusal {
    /// What it has in common with others of its kind.
    pub(super) fn signature(&self) -> Signature {
        Signature {
            status: self.status,
            code: self.error.code.clone(),
            param: self.error.param.clone(),
            message: self.error.message_without_ids(),
        }
    }

    /// Whether the key may not ask at all.
    pub(super) fn is_of_key(&self) -> bool {
        matches!(self.status, 401 | 403)
    }

    /// Whether the prompt is not known, or not to this key's project.
    pub(super) fn is_unknown_prompt(&self) -> bool {
        self.status == 404 && !self.error.is_model_gone() && !self.error.is_previous_response()
    }

    /// Whether variables are missing, named or not.
    pub(super) fn is_of_missing_variables(&self) -> bool {
        self.status == 400 && self.error.is_of_missing_variables()
    }

    /// The variables that the prompt has and that were not sent.
    pub(super) fn missing_variables(&self, sent: &BTreeSet<&str>) -> Vec<String> {
        if !self.is_of_missing_variables() {
            return Vec::new();
        }
        let named = self.error.missing_variables().into_iter();
        named
            .filter(|name| is_name(name) && !sent.contains(name))
            .map(str::to_owned)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: Option<&str>, message: &str) -> Refusal {
        let error = ApiError {
            message: message.to_owned(),
            code: code.map(str::to_owned),
            ..ApiError::default()
        };
        Refusal { status, error }
    }

    #[test]
    fn kinds_of_refusals_are_told_apart_whatever_they_speak_of() {
        let missing = |id: &str, version: &str| {
            let message = format!("Prompt with id '{id}' and version '{version}' not found.");
            refusal(404, None, &message)
        };
        let (one, other) = (missing("pmpt_1", "999999"), missing("pmpt_2", "7"));
        let third = refusal(404, None, "Prompt with id 'pmpt_2' not found.");
        assert_eq!(one.signature(), other.signature());
        assert_ne!(one.signature(), third.signature());
        assert!(one.is_unknown_prompt());
        let gone = refusal(404, Some("model_not_found"), "The model `a` does not exist");
        assert!(!gone.is_unknown_prompt());
    }

    #[test]
    fn only_what_was_not_sent_and_can_be_a_name_is_missing() {
        let refusal = refusal(400, None, "Missing prompt variables: city, a b, day, .");
        let missing = refusal.missing_variables(&BTreeSet::from(["day"]));
        assert_eq!(missing, ["city"]);
    }
}
