//! Whether another model answered than was asked.

/// Whether the model that answered is none that the name asked for could mean: `gpt-5-mini` may be
/// answered by `gpt-5-mini-2025-08-07`, and not by `gpt-4o`.
pub(super) fn is_other(asked: &str, answered: &str) -> bool {
    let own = |name: &str| {
        let own = name.rsplit('/').next().unwrap_or(name);
        own.to_lowercase()
    };
    let (asked, answered) = (own(asked), own(answered));
    // A date, a number of a build, or a word for the newest.
    let is_dated = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| {
            let word = rest.trim_start_matches(['-', '@', ':', '_']);
            rest.is_empty()
                || word.len() < rest.len()
                    && (word.starts_with(|first: char| first.is_ascii_digit())
                        || ["latest", "preview"].contains(&word))
        })
    };
    !is_dated(&answered, &asked) && !is_dated(&asked, &answered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_makes_no_other_model_and_another_size_does() {
        for (asked, answered, expected) in [
            ("openai/gpt-5-mini", "gpt-5-mini-2025-08-07", false),
            ("gpt-5-mini", "gpt-5-mini", false),
            ("mistral/mistral-large-latest", "mistral-large", false),
            ("ollama/llama3", "llama3:latest", false),
            ("meta/Llama-3", "llama-3", false),
            ("openai/gpt-5", "gpt-5-mini-2025-08-07", true),
            ("openai/gpt-5-mini", "gpt-4o-2024-08-06", true),
            ("openai/gpt-4", "gpt-4o", true),
        ] {
            assert_eq!(is_other(asked, answered), expected, "{asked} {answered}");
        }
    }
}
