//! The keys of `modelParameters:` as the Responses API has them: where each stands in a request,
//! and what it may be.

use super::document::keys::{Lookup, PARAMETERS, look_up};

/// The numbers that the API takes, by their place in a request.
pub const RANGES: [(&str, f64, f64); 2] = [("temperature", 0.0, 2.0), ("top_p", 0.0, 1.0)];

/// The words that the API takes, by their place in a request.
pub const WORDS: [(&str, &[&str]); 3] = [
    (
        "reasoning.effort",
        &["none", "minimal", "low", "medium", "high", "xhigh", "max"],
    ),
    ("reasoning.summary", &["auto", "concise", "detailed"]),
    ("text.verbosity", &["low", "medium", "high"]),
];

/// The fewest tokens that OpenAI's API limits an answer to.
pub const MIN_TOKENS: u64 = 16;

/// Where a request has the parameter, such as `reasoning.effort`; none where the API has no such
/// parameter, so that it is left out. Keys that promptctl does not know are among those.
pub fn request_path(parameter: &str) -> Option<&'static str> {
    match look_up(parameter, PARAMETERS) {
        Lookup::Known("temperature") => Some("temperature"),
        Lookup::Known("topP") => Some("top_p"),
        Lookup::Known("maxTokens") => Some("max_output_tokens"),
        Lookup::Known("reasoningEffort") => Some("reasoning.effort"),
        Lookup::Known("verbosity") => Some("text.verbosity"),
        _ => None,
    }
}

/// The words that a parameter may be; none where it is no word.
pub fn words(parameter: &str) -> &'static [&'static str] {
    let place = request_path(parameter).unwrap_or_default();
    let known = WORDS.iter().find(|(at, _)| *at == place);
    known.map_or(&[], |(_, words)| words)
}

/// The numbers between which a parameter lies; none where it is no number or has no bounds.
pub fn range(parameter: &str) -> Option<(f64, f64)> {
    let place = request_path(parameter)?;
    let known = RANGES.iter().find(|(at, ..)| *at == place);
    known.map(|(_, least, most)| (*least, *most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_sent_somewhere_or_known_to_be_left_out() {
        let unsent: Vec<&str> = PARAMETERS
            .iter()
            .map(|known| known.key)
            .filter(|key| request_path(key).is_none())
            .collect();
        assert_eq!(
            unsent,
            ["stop", "seed", "frequencyPenalty", "presencePenalty"]
        );
        for other in ["topK", "serviceTier", "reasoningSummary", "", "stream"] {
            assert_eq!(request_path(other), None, "{other}");
        }
    }
}
