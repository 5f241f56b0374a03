//! Whether a file may hold a prompt at all: parsing costs a hundred times as much as looking.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Match, Regex};

use code::{Code, words};

use super::addresses;
use super::language::{Language, Quotes, Traits};
use super::sinks::{OWN_KEYS, SYSTEM_KEYS};

mod code;

/// How far around an anchor is looked, in bytes.
const WINDOW: usize = 400;

/// Calls that surely send something, and templates of what other files may say: what they send and nobody can read is noted, so that these
/// files are parsed whatever they say.
const SENDS: &str = r"chat\.completions|completions\.(?:create|parse|stream)|responses\.(?:create|parse|stream)|messages\.(?:create|stream|parse)|ChatCompletion\.a?create|(?:generateText|streamText|generateObject|streamObject|generate_content\w*|generateContent\w*|\ba?completion|\bconverse(?:_stream)?)\s*[(<]|(?:from_template|fromTemplate|from_messages|fromMessages|PromptTemplate)\(\s*(?:template\s*=\s*)?[A-Za-z_\[]";

/// Names that files give to what sends something, or to a message; they count where the file names a
/// library that talks to models.
const ALIASES: &str = r#"[^=!<>]=\s*[\w.$()\[\]"'?!]+\.(?:responses|messages|completions)[ \t]*(?:[\r\n;]|,[ \t]*\w+\s*=|$)|["'](?:responses|messages|completions|chat)["']\s*\]\s*(?:\.\s*(?:a?create|parse|stream|completions)|\[\s*["'](?:a?create|parse|stream|completions)|[\r\n;]|$)"#;

/// What is called by such a name.
const MAKES: &str = r#"(?:\.|["'])(?:a?create|parse|stream)\w*["'\]]*\s*[(<]"#;

/// Other names that imports give.
const RENAMED: &str =
    r"\b(?:a?completion|(?:generate|stream)(?:Text|Object)|(?:System|Human|User|AI)Message)\s+as\s";

/// What else only code says that talks to models, where it calls something.
const TIGHT: &str = r#"(?:streamUI|ChatMessage\.(?:User|Assistant|from_system|from_user|from_assistant)|from_template|fromTemplate|from_messages|fromMessages|PromptTemplate|(?:System|Human|User|AI|Assistant)Message(?:PromptTemplate|Param)?|\btext_completion|definePrompt)[(<]|(?:assistants|runs|threads|sessions|agents)\.create|dspy\.|Signature\)"#;

/// A message by its role.
const ROLE: &str = r#"\brole["']?\s*[:=]\s*[\w.]*["']?(?i:system|developer|user)\b"#;

/// Calls that other code has, too: they count, as keys do, where the file names a library that talks
/// to models.
const ASKS: &str = r"\b(?:a?invoke|predict|a?complete|a?stream_(?:complete|chat))\(";

/// What `--all` looks at: names of prompts.
const NAMED: &str = r"(?i:prompt|instruction|template|persona|system_?message)\w*\s*(?::[^=\n]{0,40})?=|(?i:prompt|instruction|template|persona)\w*\s*\(|You are |You're a|Your (?:task|job) |Act as ";

/// Names that surely are those of prompts, and are given a text; and what answers with one.
const DECLARES: &str = r#"(?i:prompt|instruction|system_?message|system_msg|sys_?msg)\w*\s*(?::[^=\n]{0,60})?=\s*[(\s]*(?:[\w.]+\(\s*)?[rRfFuU]{0,2}["'`]"#;
const ANSWERS: &str = r#"\breturn\s+[(\s]*(?:[\w.]+\(\s*)?[rRfFuU]{0,2}["'`]"#;
const ANSWERERS: &str = r"(?:\bdef|\bfunction|\bconst)\s+\w*(?i:prompt|instruction|system_?message|system_msg|sys_?msg)";

/// How texts begin that are surely prompts.
const SPEAKS: &str = r"You are (?:an?|the) |You're a|Your (?:task|job) |Act as ";

/// Words of the names of libraries that talk to models; whether one is imported, the tree says.
const LIBRARY: &str = r#"openai|anthropic|langchain|langgraph|litellm|['"]ai['"]|@ai-sdk|mastra|genkit|generativeai|genai|generative-ai|vertexai|google\.adk|mistralai|cohere|groq|ollama|instructor|dspy|crewai|autogen|ag2|llama_?index|semantic_kernel|agent_framework|pydantic_ai|agno|smolagents|haystack|huggingface|marvin|livekit|copilotkit|from (?:agents|phi|camel|guidance|strands|together)|import (?:agents|phi|camel|guidance|strands|together)"#;

struct Sieve {
    sends: Regex,
    addresses: Regex,
    posts: Regex,
    aliases: Regex,
    makes: Regex,
    renamed: Regex,
    tight: Regex,
    role: Regex,
    own_keys: Regex,
    keys: Regex,
    named: Regex,
    declares: Regex,
    answers: Regex,
    answerers: Regex,
    speaks: Regex,
    sdk: Regex,
}

static SIEVE: LazyLock<Option<Sieve>> = LazyLock::new(|| {
    let ascii = |pattern: &str| {
        regex::bytes::RegexBuilder::new(pattern)
            .unicode(false)
            .build()
    };
    let one_of = |words: Vec<&str>| {
        let words: Vec<String> = words.into_iter().map(regex::escape).collect();
        words.join("|")
    };
    let addresses = one_of(addresses::ADDRESSES.iter().map(|(part, _)| *part).collect());
    let posts = format!(r"(?:\b|\$)(?:{})\s*[(<]", one_of(addresses::POSTS.to_vec()));
    Some(Sieve {
        sends: ascii(SENDS).ok()?,
        addresses: ascii(&addresses).ok()?,
        posts: ascii(&posts).ok()?,
        aliases: ascii(ALIASES).ok()?,
        makes: ascii(MAKES).ok()?,
        renamed: ascii(RENAMED).ok()?,
        tight: ascii(TIGHT).ok()?,
        role: ascii(ROLE).ok()?,
        own_keys: ascii(&word_of(OWN_KEYS)).ok()?,
        keys: ascii(&format!(
            "{}|{ASKS}",
            word_of(&[SYSTEM_KEYS, &["prompt"]].concat())
        ))
        .ok()?,
        named: ascii(NAMED).ok()?,
        declares: ascii(DECLARES).ok()?,
        answers: ascii(ANSWERS).ok()?,
        answerers: ascii(ANSWERERS).ok()?,
        speaks: ascii(SPEAKS).ok()?,
        sdk: ascii(LIBRARY).ok()?,
    })
});

/// One of these words, whole.
fn word_of(keys: &[&str]) -> String {
    format!(r"\b(?:{})\b", keys.join("|"))
}

/// Whether a file is worth parsing; `all` takes what is less surely a prompt by its name, too.
pub(super) fn may_hold(bytes: &[u8], language: Language, all: bool) -> bool {
    let Some(sieve) = SIEVE.as_ref() else {
        return true;
    };
    let traits = language.traits();
    let look = Look {
        bytes,
        code: None,
        traits,
    };
    if !look.may_hold(sieve, all) {
        return false;
    }
    // Documentation is sent where DSPy says so.
    let is_documented = [&b"dspy"[..], b"Signature"]
        .iter()
        .all(|word| memchr::memmem::find(bytes, word).is_some());
    if traits.quotes != Quotes::Python || is_documented {
        return true;
    }
    let code = Code::of_python(bytes);
    let look = Look {
        bytes: &code.bytes,
        code: Some(&code),
        traits,
    };
    look.may_hold(sieve, all)
}

/// A file that is looked at: as it stands, or its code alone.
struct Look<'c> {
    bytes: &'c [u8],
    code: Option<&'c Code>,
    traits: &'static Traits,
}

impl Look<'_> {
    fn may_hold(&self, sieve: &Sieve, all: bool) -> bool {
        let Self { bytes, traits, .. } = *self;
        let in_code = |found: &Match<'_>| !is_comment(bytes, found.start(), traits);
        let any = |regex: &Regex| regex.find_iter(bytes).any(|found| in_code(&found));
        if any(&sieve.sends) || (any(&sieve.addresses) && any(&sieve.posts)) {
            return true;
        }
        if (any(&sieve.renamed) || (any(&sieve.aliases) && sieve.makes.is_match(bytes)))
            && sieve.sdk.is_match(bytes)
        {
            return true;
        }
        // A text may be as short as `Translate: {x}`.
        let is_said = |found: &Match<'_>| in_code(found) && has_content(bytes, found.range());
        if self.is_anchored(&sieve.tight, 1, in_code) || self.is_anchored(&sieve.role, 1, is_said) {
            return true;
        }
        let is_given = |found: &Match<'_>| is_given(bytes, found.range(), traits) && in_code(found);
        self.is_anchored(&sieve.own_keys, 2, is_given)
            || (self.is_anchored(&sieve.keys, 2, is_given) && sieve.sdk.is_match(bytes))
            || self.declares(sieve)
            || (all && self.has_prose(2) && sieve.named.is_match(bytes))
    }

    /// Whether one of these anchors counts, beside a text of so many words; or in a function to which
    /// other files may give one.
    fn is_anchored(
        &self,
        regex: &Regex,
        least: usize,
        counts: impl Fn(&Match<'_>) -> bool,
    ) -> bool {
        let mut found = regex.find_iter(self.bytes).filter(|found| counts(found));
        match self.code {
            Some(code) if !code.has_prose(least) => {
                found.any(|found| code.is_in_function(found.start()))
            }
            _ => found.next().is_some() && self.has_prose(least),
        }
    }

    /// Whether what is surely a prompt has a name, or begins as one.
    fn declares(&self, sieve: &Sieve) -> bool {
        let Self { bytes, traits, .. } = *self;
        let in_code = |found: &Match<'_>| !is_comment(bytes, found.start(), traits);
        let is_long = |found: Match<'_>| {
            let text = &bytes[found.end()..bytes.len().min(found.end() + WINDOW)];
            count(text) >= 8
        };
        let any = |regex: &Regex| regex.find_iter(bytes).filter(in_code).any(is_long);
        self.has_prose(2)
            && (any(&sieve.speaks)
                || any(&sieve.declares)
                || (sieve.answerers.is_match(bytes) && any(&sieve.answers)))
    }

    fn has_prose(&self, least: usize) -> bool {
        match self.code {
            Some(code) => code.has_prose(least),
            None => has_prose(self.bytes, least),
        }
    }
}

/// Whether a file names a call that sends something, or a message with its role, in any language.
pub(super) fn may_send(bytes: &[u8]) -> bool {
    SIEVE.as_ref().is_none_or(|sieve| {
        let mut roles = sieve.role.find_iter(bytes);
        sieve.sends.is_match(bytes)
            || sieve.addresses.is_match(bytes) && sieve.posts.is_match(bytes)
            || roles.any(|found| has_content(bytes, found.range()))
    })
}

/// Whether the line of a place begins as a comment does.
fn is_comment(bytes: &[u8], at: usize, traits: &Traits) -> bool {
    let start = bytes[..at].len()
        - bytes[..at]
            .iter()
            .rev()
            .take(400)
            .take_while(|it| **it != b'\n')
            .count();
    let line = bytes[start..at].trim_ascii_start();
    traits
        .comments
        .iter()
        .any(|mark| line.starts_with(mark.as_bytes()))
}

/// Whether a message has something to say near its role.
fn has_content(bytes: &[u8], role: Range<usize>) -> bool {
    let near = &bytes[role.start.saturating_sub(WINDOW)..bytes.len().min(role.end + WINDOW)];
    ["content", "parts", "text"]
        .iter()
        .any(|key| memchr::memmem::find(near, key.as_bytes()).is_some())
}

/// Whether what stands behind a key gives it a text, or what may be one: no type, nothing that is
/// said of it in prose.
fn is_given(bytes: &[u8], key: Range<usize>, traits: &Traits) -> bool {
    // A call that is given what it says.
    if bytes[key.end - 1] == b'(' {
        return true;
    }
    let before = bytes[..key.start].last().copied().unwrap_or(b'\n');
    let is_quoted = matches!(before, b'"' | b'\'');
    let mut rest = &bytes[key.end..bytes.len().min(key.end + WINDOW)];
    if is_quoted {
        match rest.strip_prefix(&[before]) {
            Some(further) => rest = further,
            None => return false,
        }
    }
    let spaced = rest;
    rest = rest.trim_ascii_start();
    let has_blank = spaced.len() != rest.len();
    let opener = bytes[..key.start].trim_ascii_end().last().copied();
    let is_item = matches!(opener, Some(b'(' | b',' | b'{'));
    match rest.first() {
        Some(b':') if is_quoted || traits.keys_are_names => is_text(&rest[1..]),
        Some(b'=') if !is_quoted && traits.names_arguments && (is_item || !has_blank) => {
            !rest.starts_with(b"==") && is_text(&rest[1..])
        }
        Some(b',' | b'}') => !is_quoted && traits.keys_are_names && is_item,
        _ => false,
    }
}

/// Whether what a key is given may be a text: one of two words, or a name that is none of a type.
fn is_text(value: &[u8]) -> bool {
    const OTHERS: [&str; 11] = [
        "None",
        "null",
        "undefined",
        "True",
        "true",
        "False",
        "false",
        "string",
        "boolean",
        "number",
        "any",
    ];
    let value = value.trim_ascii_start();
    let quotes = value
        .iter()
        .position(|it| !it.is_ascii_alphabetic())
        .unwrap_or(0);
    match value.get(quotes) {
        Some(quote @ (b'"' | b'\''))
            if quotes < 3 && !value[quotes..].starts_with(&[*quote; 3]) =>
        {
            let text = &value[quotes + 1..];
            let end = memchr::memchr2(*quote, b'\n', text).unwrap_or(text.len());
            // What is put together with others may be longer.
            let after = text.get(end + 1..).unwrap_or_default().trim_ascii_start();
            let is_whole = matches!(after.first(), Some(b',' | b')' | b'}'));
            !is_whole || text[..end].trim_ascii().contains(&b' ')
        }
        _ => !OTHERS
            .iter()
            .any(|word| &value[..quotes] == word.as_bytes()),
    }
}

/// How many words a piece of a file has.
fn count(text: &[u8]) -> usize {
    let words = text.split(|byte| !byte.is_ascii_alphabetic() && *byte < 128);
    words.filter(|word| word.len() > 1).count()
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
        if words(inside) >= least {
            return true;
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
            ("p = PromptTemplate.from_template(X)", true),
            ("p = PromptTemplate(template=X)", true),
            (
                "p = ChatPromptTemplate.from_messages([('system', X)])",
                true,
            ),
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
            let language = match text.starts_with("m = {role") {
                true => Language::TypeScript,
                false => Language::Python,
            };
            let holds = may_hold(text.as_bytes(), language, false);
            assert_eq!(holds, expected, "{text}");
        }
        let declared = |text: &str| may_hold(text.as_bytes(), Language::Python, true);
        assert!(declared("TRIAGE_PROMPT = 'Sort this ticket'"));
        assert!(!declared("TRIAGE = 'Sort this ticket'"));
    }

    #[test]
    fn a_key_counts_where_it_is_given_what_may_be_a_text() {
        let holds = |text: &str, language| {
            let text = format!("t = 'hello there' openai {text}");
            may_hold(text.as_bytes(), language, false)
        };
        for (text, expected) in [
            ("f(prompt=x)", true),
            ("f(\n    system = TEXT)", true),
            ("{\"instructions\": f'You {x}'}", true),
            ("f(prompt='''You''')", true),
            ("f(prompt='a' + x)", true),
            ("chain.invoke(x)", true),
            ("def f(prompt: str): pass", false),
            ("prompt = x", false),
            ("x = prompt", false),
            ("f(prompt=None)", false),
            ("f(prompt='short')", false),
            ("if prompt == x: pass", false),
            ("\n# f(prompt=x)", false),
        ] {
            assert_eq!(holds(text, Language::Python), expected, "{text}");
        }
        for (text, expected) in [
            ("f({ prompt: x })", true),
            ("f({ system, prompt })", true),
            ("f({ prompt: `You ${x}` })", true),
            ("interface A { prompt: string; }", false),
            ("const prompt = x", false),
            ("\n * f({ prompt: x })", false),
        ] {
            assert_eq!(holds(text, Language::TypeScript), expected, "{text}");
        }
    }

    #[test]
    fn every_call_that_is_known_to_send_and_every_library_passes() {
        for path in [
            "responses.create",
            "responses.parse",
            "responses.stream",
            "chat.completions.create",
            "completions.parse",
            "messages.create",
            "messages.stream",
            "ChatCompletion.create",
            "ChatCompletion.acreate",
            "responses.create_with_completion",
            "generateText",
            "streamText",
            "generateObject",
            "streamObject",
            "generate_content",
            "generate_content_async",
            "generate_content_stream",
            "generateContent",
            "generateContentStream",
            "converse",
            "converse_stream",
            "completion",
            "acompletion",
        ] {
            let words: Vec<&str> = path.split('.').collect();
            assert!(crate::scan::found::sinks::sends(&words, true), "{path}");
            let text = format!("client.{path}(x)");
            assert!(may_hold(text.as_bytes(), Language::Python, false), "{path}");
        }
        for (library, _) in crate::scan::found::sinks::LIBRARIES {
            let text = match library.starts_with('@') || library.contains('-') || *library == "ai" {
                true => format!("import x from '{library}';\nf({{ prompt: 'hello there' }})"),
                false if *library == "google" => {
                    "from google import genai\nf(prompt='hello there')".to_owned()
                }
                false => format!("from {library} import x\nf(prompt='hello there')"),
            };
            let language = match text.starts_with("import") {
                true => Language::TypeScript,
                false => Language::Python,
            };
            assert!(may_hold(text.as_bytes(), language, false), "{text}");
        }
    }
}
