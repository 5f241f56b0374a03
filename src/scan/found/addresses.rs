//! Addresses of models: requests that are sent there without a library.

/// What sends something to an address.
pub(super) const POSTS: &[&str] = &[
    "post",
    "apost",
    "request",
    "Request",
    "fetch",
    "$fetch",
    "axios",
    "ky",
    "got",
    "stream",
    "ajax",
    "build_request",
];

/// The keys of what is sent there.
pub(super) const BODY_KEYS: &[&str] = &["json", "data", "body", "content"];

/// What stands in addresses of models, and the library of each.
pub(super) const ADDRESSES: &[(&str, Option<&str>)] = &[
    ("api.openai.com", Some("openai")),
    ("openai.azure.com", Some("openai")),
    ("api.anthropic.com", Some("anthropic")),
    ("generativelanguage.googleapis.com", Some("google")),
    ("api.mistral.ai", Some("mistral")),
    ("api.groq.com", Some("groq")),
    ("api.cohere", Some("cohere")),
    ("openrouter.ai/api", None),
    ("api.deepseek.com", None),
    ("api.together.xyz", Some("together")),
    ("api.perplexity.ai", None),
    (":generateContent", Some("google")),
    (":streamGenerateContent", Some("google")),
    ("/chat/completions", Some("openai")),
    ("/v1/completions", Some("openai")),
    ("/v1/responses", Some("openai")),
    ("/v1/messages", Some("anthropic")),
    ("/api/generate", Some("ollama")),
    ("/api/chat", Some("ollama")),
];

/// What stands in addresses there that take no prompt.
const OTHER_ADDRESSES: &[&str] = &[
    "/embeddings",
    "/images",
    "/audio",
    "/models",
    "/moderations",
    "/files",
    "/uploads",
    "/batches",
    "/fine_tuning",
    "/vector_stores",
    "/realtime",
    "/usage",
    "/organization",
    "countTokens",
    "count_tokens",
];

/// The library of what an address answers with, if that is a model: what stands last in it says so, as
/// `models/gemini:generateContent` and `organization/7/v1/responses` do.
pub(super) fn address(text: &str) -> Option<Option<&'static str>> {
    if text.len() > 1_000 {
        return None;
    }
    let last = |part: &str| text.rfind(part);
    // Not within the name of the host.
    let host = text.find("://").map_or(0, |at| at + "://".len());
    let known = ADDRESSES.iter();
    let known = known.filter_map(|(part, library)| Some((last(part)?, *library)));
    let (at, _) = known.clone().max_by_key(|(at, _)| *at)?;
    let others = OTHER_ADDRESSES.iter().filter_map(|part| last(part));
    let is_other = others
        .filter(|other| *other >= host)
        .any(|other| other > at);
    // The first of the table says the library.
    (!is_other)
        .then(|| known.map(|(_, library)| library).next())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn what_stands_last_in_an_address_says_what_answers() {
        for (text, library) in [
            ("https://api.openai.com/v1/responses", Some(Some("openai"))),
            (
                "https://api.openai.com/v1/organization/7/v1/responses",
                Some(Some("openai")),
            ),
            (
                "https://models.inference.ai.azure.com/chat/completions",
                Some(Some("openai")),
            ),
            (
                "https://generativelanguage.googleapis.com/v1/models/gemini:generateContent",
                Some(Some("google")),
            ),
            ("https://api.openai.com/v1/models", None),
            ("https://api.openai.com/v1/embeddings", None),
            ("https://example.com/v1/books", None),
        ] {
            assert_eq!(address(text), library, "{text}");
        }
    }
}
