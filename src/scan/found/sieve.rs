//! Whether a file may hold a prompt at all: parsing costs a hundred times as much as looking.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// Calls that surely send something: what they send and nobody can read is noted, so that these
/// files are parsed whatever they say.
const SENDS: &str = r"chat\.completions|completions\.(?:create|parse|stream)|responses\.(?:create|parse|stream)|messages\.(?:create|stream|parse)|ChatCompletion\.a?create|(?:generateText|streamText|generateObject|streamObject|generate_content\w*|generateContent\w*|\ba?completion|\bconverse(?:_stream)?)\s*[(<]";

/// What else only code says that talks to models, where it calls something or is a key.
const TIGHT: &str = r#"(?:streamUI|from_template|fromTemplate|from_messages|fromMessages|PromptTemplate|(?:System|Human|User|AI|Assistant)Message(?:PromptTemplate|Param)?|\btext_completion|definePrompt)\s*[(<]|(?:assistants|runs|threads|sessions|agents)\.create|dspy\.|Signature\)|["']?\brole["']?\s*[:=]\s*[\w.]*["']?(?i:system|developer|user)\b|\bsystem_?(?:[pP]rompt|[iI]nstructions?)["']?\s*[:=]"#;

/// Keys of texts that other code has, too, where they are given something that is no type: they
/// count where the file names a library that talks to models.
const LOOSE: &str = r#"["'](?:instructions|system|prompt|developer_message|sys_msg|system_?(?:[pP]rompt|[mM]essage|[mM]sg|[iI]nstructions?))["']\s*:|\b(?:instructions|system|prompt|developer_message|sys_msg|system_?(?:[pP]rompt|[mM]essage|[mM]sg|[iI]nstructions?))\s*(?:=[^=>]|[,}]|:\s*[^\s=])|\b(?:a?invoke|predict)\("#;

/// What `--all` looks at: names of prompts.
const NAMED: &str = r"(?i:prompt|instruction|template|persona|system_?message)\w*\s*(?::[^=\n]{0,40})?=|(?i:prompt|instruction|template|persona)\w*\s*\(|You are (?:an?|the) |You're a|Your (?:task|job) |Act as ";

/// Words of the names of libraries that talk to models; whether one is imported, the tree says.
const LIBRARY: &str = r#"openai|anthropic|langchain|langgraph|litellm|['"]ai['"]|@ai-sdk|mastra|genkit|generativeai|genai|generative-ai|vertexai|google\.adk|mistralai|cohere|groq|ollama|instructor|dspy|crewai|autogen|ag2|llama_?index|semantic_kernel|agent_framework|pydantic_ai|agno|smolagents|haystack|huggingface|marvin|livekit|copilotkit|from (?:agents|phi|camel|guidance|strands|together)|import (?:agents|phi|camel|guidance|strands|together)"#;

struct Sieve {
    sends: Regex,
    tight: Regex,
    loose: Regex,
    named: Regex,
    sdk: Regex,
}

static SIEVE: LazyLock<Option<Sieve>> = LazyLock::new(|| {
    let ascii = |pattern: &str| {
        regex::bytes::RegexBuilder::new(pattern)
            .unicode(false)
            .build()
    };
    Some(Sieve {
        sends: ascii(SENDS).ok()?,
        tight: ascii(TIGHT).ok()?,
        loose: ascii(LOOSE).ok()?,
        named: ascii(NAMED).ok()?,
        sdk: ascii(LIBRARY).ok()?,
    })
});

/// Whether a file is worth parsing; `all` looks for what is only declared, too.
pub(super) fn may_hold(bytes: &[u8], all: bool) -> bool {
    let Some(sieve) = SIEVE.as_ref() else {
        return true;
    };
    if sieve.sends.is_match(bytes) {
        return true;
    }
    // A text may be as short as `Translate: {x}`.
    if sieve.tight.is_match(bytes) {
        return has_prose(bytes, 1);
    }
    let is_anchored = (sieve.loose.is_match(bytes) && sieve.sdk.is_match(bytes))
        || (all && sieve.named.is_match(bytes));
    is_anchored && has_prose(bytes, 2)
}

/// Whether something in quotes has this many words or more, and two parts, by a cheap look at it.
fn has_prose(bytes: &[u8], least: usize) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b'"', b'\'', b'`', &bytes[at..]) {
        let quote = bytes[at + found];
        let is_long = bytes[at + found..].starts_with(&[quote; 3]);
        let start = at + found + if is_long { 3 } else { 1 };
        let rest = &bytes[start..bytes.len().min(start + 400)];
        let end = match quote {
            b'`' => memchr::memchr(b'`', rest),
            quote if is_long => memchr::memchr(quote, rest),
            quote => memchr::memchr2(quote, b'\n', rest),
        };
        let inside = &rest[..end.unwrap_or(rest.len())];
        let is_word = |word: &[u8]| {
            let letters = word
                .iter()
                .filter(|byte| byte.is_ascii_alphabetic() || **byte > 127);
            word.len() > 1 && letters.count() * 3 > word.len() * 2
        };
        let parts = inside
            .split(u8::is_ascii_whitespace)
            .filter(|part| !part.is_empty());
        let (mut words, mut all) = (0, 0);
        for part in parts {
            all += 1;
            words += usize::from(is_word(part));
            if all > 1 && words >= least {
                return true;
            }
        }
        // A quote within prose opens nothing: go on right behind it.
        at = start;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_may_hold_a_prompt_are_parsed() {
        for (text, expected) in [
            (
                "r = client.responses.create(instructions='You are kind')",
                true,
            ),
            (
                "from agents import Agent\nAgent(instructions='You are kind')",
                true,
            ),
            ("x = Agent(instructions='You are kind')", false),
            (
                "m = [{\"role\": \"system\", \"content\": \"You are kind\"}]",
                true,
            ),
            ("m = {role: 'user', content: 'hello there'}", true),
            ("m = {role: 'admin', content: 'hello there'}", false),
            // What it sends may stand elsewhere.
            ("client.responses.create(instructions=X)", true),
            (
                "from openai import OpenAI\nf(messages='hello there')",
                false,
            ),
            (
                "from openai import types\nx: PromptTemplate = 'hello there'",
                false,
            ),
            ("def f(): return 'hello there'", false),
        ] {
            assert_eq!(may_hold(text.as_bytes(), false), expected, "{text}");
        }
        assert!(may_hold(b"TRIAGE_PROMPT = 'Sort this ticket'", true));
        assert!(!may_hold(b"TRIAGE = 'Sort this ticket'", true));
    }
}
