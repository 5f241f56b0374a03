//! What the API says instead of an answer.

/// An error of the API, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// `error.code`.
    pub code: Option<String>,
    /// `error.param`.
    pub param: Option<String>,
    /// `error.message`.
    pub message: String,
}

/// What tells one kind of refusal from another, whatever it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    status: u16,
    code: Option<String>,
    param: Option<String>,
    words: String,
}

/// What a refusal speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    ModelGone,
    PreviousResponse,
    VariableMissing,
    VariableUnknown,
    VariableType,
}

/// The codes that say what a refusal speaks of.
const CODES: [(&str, Kind); 5] = [
    ("model_not_found", Kind::ModelGone),
    ("previous_response_not_found", Kind::PreviousResponse),
    ("prompt_variable_missing", Kind::VariableMissing),
    ("prompt_variable_unknown", Kind::VariableUnknown),
    ("invalid_type", Kind::VariableType),
];

/// What OpenAI writes where it gives no such code: what it speaks of, the word for that, and one of
/// the words for what is wrong with it.
const WORDS: [(Kind, &str, &[&str]); 2] = [
    (
        Kind::ModelGone,
        "model",
        &[
            "deprecated",
            "does not exist",
            "no longer",
            "shut down",
            "retired",
        ],
    ),
    (
        Kind::VariableMissing,
        "variable",
        &["missing", "required", "must be provided", "not provided"],
    ),
];

impl Refusal {
    /// Whether it speaks of this: its code says so, or its words where the code says nothing.
    fn is_of(&self, kind: Kind) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        if let Some((_, said)) = CODES.iter().find(|(known, _)| *known == code) {
            return *said == kind;
        }
        let message = self.message.to_lowercase();
        WORDS.iter().any(|(of, subject, wrong)| {
            *of == kind
                && message.contains(subject)
                && wrong
                    .iter()
                    .any(|word| message.contains(word) || code.contains(word))
        })
    }

    /// What it has in common with others of its kind: digits and ids are struck out.
    pub fn signature(&self) -> Signature {
        let mut words = String::new();
        for word in self.message.split_whitespace() {
            if word.contains("pmpt_") || word.contains("resp_") {
                words.push('#');
            } else {
                words.extend(word.chars().filter(|letter| !letter.is_ascii_digit()));
            }
            words.push(' ');
        }
        Signature {
            status: self.status,
            code: self.code.clone(),
            param: self.param.clone(),
            words,
        }
    }

    /// Whether the key may not ask at all.
    pub fn is_of_key(&self) -> bool {
        matches!(self.status, 401 | 403)
    }

    /// Whether the prompt is not known, or not to this key's project.
    pub fn is_unknown_prompt(&self) -> bool {
        self.status == 404 && !self.is_model_gone() && !self.is_previous_response()
    }

    /// Whether only the answer that never was is missing: the prompt is there.
    pub fn is_previous_response(&self) -> bool {
        self.is_of(Kind::PreviousResponse) || self.param.as_deref() == Some("previous_response_id")
    }

    /// Whether the model of the prompt is gone.
    pub fn is_model_gone(&self) -> bool {
        self.is_of(Kind::ModelGone)
    }

    /// The model that the words name; OpenAI says it nowhere else.
    pub fn model(&self) -> Option<String> {
        let quoted = quoted(&self.message);
        quoted.into_iter().next().map(str::to_owned)
    }

    /// The variables that the prompt does not have.
    pub fn unknown_variables<'a>(&self, sent: impl Iterator<Item = &'a str>) -> Vec<String> {
        if !self.is_of(Kind::VariableUnknown) {
            return Vec::new();
        }
        let named = self.named_variable();
        sent.filter(|name| named == Some(*name) || words(&self.message).any(|word| word == *name))
            .map(str::to_owned)
            .collect()
    }

    /// The variables that the prompt has and that were not sent.
    pub fn missing_variables<'a>(&self, sent: impl Iterator<Item = &'a str>) -> Vec<String> {
        if !self.is_of_missing_variables() {
            return Vec::new();
        }
        let sent: Vec<&str> = sent.collect();
        let named = self.named_variable().map(str::to_owned);
        let found: Vec<String> = match named {
            Some(name) => vec![name],
            None => {
                let quoted = quoted(&self.message);
                if quoted.is_empty() {
                    // "Missing prompt variables: a, b"
                    let list = self.message.rsplit_once(':').map_or("", |(_, list)| list);
                    list.split(',')
                        .map(|word| word.trim().trim_end_matches('.').to_owned())
                        .collect()
                } else {
                    quoted.into_iter().map(str::to_owned).collect()
                }
            }
        };
        found
            .into_iter()
            .filter(|name| is_name(name) && !sent.contains(&name.as_str()))
            .collect()
    }

    /// Whether variables are missing, named or not.
    pub fn is_of_missing_variables(&self) -> bool {
        self.status == 400 && self.is_of(Kind::VariableMissing)
    }

    fn named_variable(&self) -> Option<&str> {
        self.param.as_deref()?.strip_prefix("prompt.variables.")
    }
}

/// Whether a text may be the name of a variable.
pub fn is_name(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '-'))
        .filter(|word| !word.is_empty())
}

fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for quote in ['\'', '"', '`'] {
        found.extend(
            text.split(quote)
                .skip(1)
                .step_by(2)
                .filter(|part| !part.contains(' ')),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: Option<&str>, param: Option<&str>, message: &str) -> Refusal {
        Refusal {
            status,
            code: code.map(str::to_owned),
            param: param.map(str::to_owned),
            message: message.to_owned(),
        }
    }

    #[test]
    fn variables_are_read_from_what_the_api_says() {
        let sent = ["a", "b", "word"];
        let unknown = refusal(
            400,
            Some("prompt_variable_unknown"),
            Some("prompt.variables.a"),
            "Unknown prompt variables: a, b",
        );
        assert_eq!(unknown.unknown_variables(sent.into_iter()), ["a", "b"]);
        assert!(unknown.missing_variables(sent.into_iter()).is_empty());
        for (param, message) in [
            (Some("prompt.variables.city"), "Missing prompt variables"),
            (None, "Missing prompt variables: city"),
            (None, "The variable 'city' is required."),
        ] {
            let missing = refusal(400, None, param, message);
            assert_eq!(
                missing.missing_variables(sent.into_iter()),
                ["city"],
                "{message}"
            );
        }
        assert!(
            refusal(400, None, None, "Missing required parameter: 'x'")
                .missing_variables(sent.into_iter())
                .is_empty()
        );
    }

    #[test]
    fn a_code_counts_before_the_words() {
        let of = |code: &str, message: &str| refusal(400, Some(code), None, message);
        let words = "The variable 'a' is required, and the model is deprecated.";
        for (code, is_missing, is_gone) in [
            ("prompt_variable_missing", true, false),
            ("model_not_found", false, true),
            ("invalid_type", false, false),
            ("prompt_variable_unknown", false, false),
            ("invalid_request_error", true, true),
        ] {
            let refusal = of(code, words);
            assert_eq!(refusal.is_of_missing_variables(), is_missing, "{code}");
            assert_eq!(refusal.is_model_gone(), is_gone, "{code}");
        }
        let named = refusal(
            400,
            Some("prompt_variable_missing"),
            Some("prompt.variables.city"),
            "No.",
        );
        assert_eq!(named.missing_variables(std::iter::empty()), ["city"]);
        assert!(of("missing_required_parameter", "variables").is_of_missing_variables());
    }

    #[test]
    fn kinds_of_refusals_are_told_apart_whatever_they_speak_of() {
        let one = refusal(
            404,
            None,
            None,
            "Prompt with id 'pmpt_1' and version '999999' not found.",
        );
        let other = refusal(
            404,
            None,
            None,
            "Prompt with id 'pmpt_2' and version '7' not found.",
        );
        let third = refusal(404, None, None, "Prompt with id 'pmpt_2' not found.");
        assert_eq!(one.signature(), other.signature());
        assert_ne!(one.signature(), third.signature());
        assert!(one.is_unknown_prompt());
        let gone = refusal(
            404,
            Some("model_not_found"),
            None,
            "The model `gpt-4` does not exist",
        );
        assert!(gone.is_model_gone() && !gone.is_unknown_prompt());
        assert_eq!(gone.model().as_deref(), Some("gpt-4"));
    }
}
