//! Keys that stand in somebody else's words.

/// What a key of the API begins with.
pub(super) const START: &str = "sk-";
/// Shorter words are no keys.
const SHORTEST: usize = 12;

/// A text without what looks like a key.
pub(super) fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '*' | '.');
        let end = from.find(|it| !is_part(it)).unwrap_or(from.len());
        let is_begun = before.ends_with(|it: char| it.is_ascii_alphanumeric());
        match end >= SHORTEST && !is_begun {
            true => out.push_str("[key]"),
            false => out.push_str(&from[..end]),
        }
        rest = &from[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_out_wherever_it_stands() {
        for (text, expected) in [
            (
                "Incorrect API key provided: sk-proj-abc********xyz.",
                "Incorrect API key provided: [key]",
            ),
            (
                "(sk-1234567890abcdef) and sk-1234567890abcdef",
                "([key]) and [key]",
            ),
            (
                "a task-1234567890abcdef, sk-short",
                "a task-1234567890abcdef, sk-short",
            ),
            ("", ""),
        ] {
            assert_eq!(redacted(text), expected);
        }
    }
}
