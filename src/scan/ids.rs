//! Ids of stored prompts in any text.

use std::ops::Range;

use memchr::memmem;

/// What every id begins with.
pub const START: &str = "pmpt_";

/// The fewest hexadecimal digits of a real id; OpenAI's have 48.
const FEWEST_DIGITS: usize = 32;

/// The longest word that is looked at, so that a file of one word costs no more than any other.
const LONGEST: usize = 200;

/// Whether a text may hold an id. This is the sieve: nearly every file ends here.
pub fn may_hold(bytes: &[u8]) -> bool {
    memmem::find(bytes, START.as_bytes()).is_some()
}

/// Whether this is a real id and not a stand-in such as `pmpt_123`.
pub fn is_real(id: &str) -> bool {
    id.strip_prefix(START).is_some_and(|rest| {
        rest.len() >= FEWEST_DIGITS && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Every id of a text, in order; stand-ins too.
pub fn find(bytes: &[u8]) -> Vec<Range<usize>> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    memmem::find_iter(bytes, START.as_bytes())
        .filter_map(|start| {
            let rest = &bytes[start + START.len()..];
            let length = rest
                .iter()
                .take(LONGEST)
                .take_while(|byte| is_word(byte))
                .count();
            let is_own = !bytes[..start].last().is_some_and(is_word);
            (is_own && length > 0 && length < LONGEST).then(|| start..start + START.len() + length)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_ids() {
        let real = format!("pmpt_{}", "0123456789abcdef".repeat(3));
        let text = format!(
            "x={real}, xpmpt_1 pmpt_ 'pmpt_123' pmpt_\u{e9} https://h/{real}?a pmpt_{}",
            "a".repeat(500)
        );
        let found: Vec<&str> = find(text.as_bytes())
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(found, [real.as_str(), "pmpt_123", real.as_str()]);
        assert!(is_real(&real));
        for text in [
            "pmpt_123",
            "pmpt_abc",
            "pmpt_YOUR_PROMPT_ID_GOES_HERE_AND_IS_LONG_ENOUGH",
        ] {
            assert!(!is_real(text), "{text}");
        }
    }
}
