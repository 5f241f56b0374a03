//! How many tokens a text is: an estimate, since models differ.

/// The tokens of a text in the vocabulary of OpenAI's models since GPT-4o (`o200k_base`). The first
/// call takes a moment, to load it.
pub fn count(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().count_ordinary(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn tokens_are_those_of_the_vocabulary() {
        // By OpenAI's own tokenizer.
        assert_eq!(super::count(""), 0);
        assert_eq!(super::count("tiktoken is great!"), 6);
        assert_eq!(super::count("<|endoftext|>"), 7);
    }
}
