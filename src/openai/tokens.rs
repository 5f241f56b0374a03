//! How many tokens a text is: an estimate, since models differ.

use std::collections::HashMap;

/// The tokens of a text in the vocabulary of OpenAI's models since GPT-4o (`o200k_base`). The first
/// call takes a moment, to load it.
pub fn count(text: &str) -> usize {
    // To look a word up that was counted before is far cheaper than to count it again.
    let vocabulary = tiktoken_rs::o200k_base_singleton();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let words = words(text);
    let count = |word| {
        let count = known.entry(word);
        *count.or_insert_with(|| vocabulary.count_ordinary(word))
    };
    words.map(count).sum()
}

/// The text cut where no token spans: before a blank behind a word, and before the word that begins a
/// line.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices();
        let mut last = chars.next()?.1;
        let end = chars.find_map(|(at, char)| {
            let is_cut = match char {
                ' ' => !last.is_whitespace(),
                char => last == '\n' && char.is_alphabetic(),
            };
            last = char;
            is_cut.then_some(at)
        });
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_by_themselves_have_as_many_tokens_as_the_whole(
            text in "([a-zA-Zé中1'./#]{0,3}[ \\t\\r\\n/]{0,3}|\\PC|I'LL|x's ){0,40}",
        ) {
            let whole = tiktoken_rs::o200k_base_singleton().count_ordinary(&text);
            prop_assert_eq!(super::count(&text), whole);
        }
    }

    #[test]
    fn tokens_are_those_of_the_vocabulary() {
        // By OpenAI's own tokenizer.
        assert_eq!(super::count(""), 0);
        assert_eq!(super::count("tiktoken is great!"), 6);
        assert_eq!(super::count("<|endoftext|>"), 7);
    }
}
