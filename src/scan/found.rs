//! Prompts in source code: texts that a program sends to a model.
//!
//! [`find`] is asked for every file. `sieve` turns nearly all away; of the others `syntax` makes
//! a tree, `facts` gathers what stands in it, `names` knows what is surely bound to what, `value`
//! reads the texts, `sinks` knows the calls,
//! and `gather` makes one finding a call of it all. Languages without a grammar are read by
//! `shallow`.

mod facts;
mod gather;
pub mod imports;
mod language;
mod literal;
mod modules;
mod names;
mod remarks;
mod shallow;
mod sieve;
mod sinks;
mod syntax;
mod value;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::prompt::finding::Span;

pub use gather::wrapped::{Wrapper, Wrappers};
pub use language::{CodeLanguage, LANGUAGES, Language};
use language::{Quotes, Reading};

/// The largest file that is parsed, in bytes.
pub const LARGEST: usize = 1 << 20;

/// Why a larger one is not, in words that follow its name.
pub const TOO_LARGE: &str = "is larger than a megabyte, and is not parsed";

/// Why a file is not that holds much that is no text.
pub const NO_TEXT: &str = "holds many NUL characters, and is not parsed";

/// How a prompt stands in code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundKind {
    /// A call sends it.
    Sent,
    /// A map says that it is a message to a model.
    Message,
    /// A constant whose name says that it is a prompt.
    Declared,
    /// A function whose name says so answers with it.
    Returned,
}

impl FoundKind {
    /// The kind as scripts read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Message => "message",
            Self::Declared => "declared",
            Self::Returned => "returned",
        }
    }
}

/// How sure it is that this is a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It was read without a syntax tree.
    Low,
    /// A name says so.
    Medium,
    /// A call or a role says so.
    High,
}

impl Confidence {
    /// The confidence as scripts read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The language of the templates in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Syntax {
    /// None: braces are text.
    #[default]
    Plain,
    /// `{x}`, as LangChain fills in.
    FString,
    /// Mustache.
    Mustache,
    /// Jinja.
    Jinja,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands.
    Text(String),
    /// A value.
    Variable(String),
}

/// A value that the code fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// What it is called in the prompt.
    pub name: String,
    /// What the code says.
    pub expression: String,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text, with what is filled in.
    Text(Vec<Piece>),
    /// All messages of this value.
    Placeholder(String),
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMessage {
    /// `system`, `developer`, `user` or `assistant`; of a placeholder, empty.
    pub role: &'static str,
    /// What it says.
    pub content: Content,
    /// The first line of its text.
    pub line: usize,
    /// The last.
    pub end_line: usize,
    /// The values that it names.
    pub variables: Vec<Variable>,
}

/// Where a text stands, as seen from the call that sends it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stands {
    /// In the call, or under a name that it uses.
    #[default]
    InCall,
    /// A function answers with it.
    Answer,
    /// It is given to a function that sends it.
    Given,
    /// It is one of several that the code chooses between.
    Choice,
    /// In another file.
    Elsewhere,
}

impl Stands {
    /// The place as scripts read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InCall => "call",
            Self::Answer => "answer",
            Self::Given => "given",
            Self::Choice => "choice",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// A value that another file gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What it is called in the prompt.
    pub variable: String,
    /// The other file, as the code names it.
    pub module: String,
    /// What it is called there.
    pub item: String,
    /// What the code says.
    pub expression: String,
    /// The line that uses it.
    pub line: usize,
}

/// A call to a model of which a text could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unread {
    /// The call.
    pub at: Span,
    /// Its words; none of a file.
    pub call: String,
    /// What it is given, as the code says it; of a file, why not all of it was read.
    pub what: Vec<String>,
    /// Whether a comment allows it.
    pub is_allowed: bool,
    /// The prompt that it is once other files say what they give.
    pub instead: Option<Box<FoundPrompt>>,
}

impl Unread {
    /// A file of which not all was read, and why, in words that follow its name.
    pub fn of_file(line: usize, why: &str) -> Self {
        Self {
            at: Span {
                line,
                column: 1,
                length: 1,
            },
            call: String::new(),
            what: vec![why.to_owned()],
            is_allowed: false,
            instead: None,
        }
    }

    /// Why not all of a file was read, where that is what it says.
    pub fn why(&self) -> Option<&str> {
        self.what
            .first()
            .map(String::as_str)
            .filter(|_| self.call.is_empty())
    }
}

/// What a file says.
#[derive(Debug, Default)]
pub struct FileFindings {
    /// Its prompts, in their order.
    pub prompts: Vec<FoundPrompt>,
    /// Calls to models of which a text could not be read.
    pub unread: Vec<Unread>,
    /// Its functions that send what callers give them.
    pub wrappers: Vec<Wrapper>,
    /// Whether it has a syntax tree.
    pub is_parsed: bool,
}

/// Why a text in code may not be what the program sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The line.
    pub line: usize,
    /// The reason.
    pub why: String,
}

/// A prompt in code.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPrompt {
    /// How it stands there.
    pub kind: FoundKind,
    /// Where its text stands.
    pub stands: Stands,
    /// Whether what stands there is a list of messages, and no text.
    pub is_list: bool,
    /// How sure that is.
    pub confidence: Confidence,
    /// Where its first text begins.
    pub at: Span,
    /// Where its last text ends.
    pub end_line: usize,
    /// Where the call stands.
    pub call_line: usize,
    /// The library that sends it.
    pub sdk: Option<&'static str>,
    /// The words of the call.
    pub call: Vec<String>,
    /// The language; none where the file was not parsed.
    pub language: Option<Language>,
    /// What it may be called.
    pub name: Option<String>,
    /// The function or the constant that it stands in.
    pub place: Option<String>,
    /// Which of the prompts in that place it is, counted from 1.
    pub ordinal: usize,
    /// The model.
    pub model: Option<String>,
    /// Settings of the model, as the code calls them.
    pub parameters: Vec<(String, Value)>,
    /// What else the call is given, and the code goes on to give: the name, none for all of a map, and
    /// the expression.
    pub kept: Vec<(Option<String>, String)>,
    /// The names that callers give to the function around it.
    pub bound: Vec<String>,
    /// Values that other files give, until those are read.
    pub imports: Vec<Imported>,
    /// What is said.
    pub messages: Vec<FoundMessage>,
    /// The language of its templates.
    pub syntax: Syntax,
    /// What could not be read as it is.
    pub lost: Vec<String>,
    /// Why the program may send something else: such a prompt is not lifted.
    pub doubts: Vec<Doubt>,
    /// Whether a comment allows it.
    pub is_allowed: bool,
    /// Whether the baseline lists it.
    pub is_known: bool,
}

impl FoundPrompt {
    /// Whether it was read without a syntax tree.
    pub fn is_shallow(&self) -> bool {
        self.language.is_none()
    }

    /// What stays the same while lines move: the place and the number there.
    pub fn mark(&self) -> String {
        let place = self.place.as_deref().unwrap_or("-");
        let what = match (self.kind, self.stands) {
            (FoundKind::Returned, _) => "returned",
            (FoundKind::Declared, _) => "declared",
            (_, Stands::Answer) => "answer",
            (_, Stands::Given) => "given",
            (_, Stands::Choice) => "choice",
            (_, Stands::Elsewhere) => "imported",
            (_, Stands::InCall) => "",
        };
        format!("{place}#{what}{}", self.ordinal)
    }

    /// Whether its call takes all that is said as `messages`.
    pub fn sends_messages(&self) -> bool {
        let last = self.call.last().map_or("", String::as_str);
        let is_of_ai = matches!(
            last,
            "generateText" | "streamText" | "generateObject" | "streamObject"
        );
        let is_chat = self
            .call
            .iter()
            .any(|word| word == "chat" || word == "ChatCompletion");
        is_of_ai
            || matches!(last, "completion" | "acompletion")
            || is_chat && last.contains("create")
    }

    /// Whether it is neither allowed nor known.
    pub fn is_new(&self) -> bool {
        !self.is_allowed && !self.is_known
    }

    /// The values that it names, each once.
    pub fn variables(&self) -> Vec<&Variable> {
        let mut seen = BTreeSet::new();
        let all = self.messages.iter().flat_map(|message| &message.variables);
        all.filter(|one| seen.insert(&one.name)).collect()
    }
}

/// Whether a file of this name may hold prompts.
pub fn is_code(path: &str) -> bool {
    language::reading(path).is_some()
}

/// Whether a file of this name holds tests.
pub fn is_test(path: &str) -> bool {
    let mut parts = path.split(['/', '\\']).rev();
    let file = parts.next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    let is_of_tests = |word: &str| {
        matches!(
            word,
            "test"
                | "tests"
                | "spec"
                | "specs"
                | "__tests__"
                | "__mocks__"
                | "fixtures"
                | "testdata"
                | "e2e"
        )
    };
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "conftest"
        || file.contains(".test.")
        || file.contains(".spec.")
        || parts.any(is_of_tests)
}

/// Whether a file may hold a prompt: nearly all end here.
pub fn may_hold(path: &str, bytes: &[u8], all: bool) -> bool {
    match language::reading(path) {
        Some(Reading::Parsed(language)) => sieve::may_hold(bytes, language, all),
        // Too large for its words: whether it is worth a note.
        Some(_) if bytes.len() > LARGEST => sieve::may_send(bytes),
        Some(Reading::Words | Reading::ScriptWords) => shallow::may_hold(bytes),
        None => false,
    }
}

/// What a file says. `all` takes what is less surely a prompt by its name, too.
pub fn find(path: &str, text: &str, all: bool) -> FileFindings {
    match may_hold(path, text.as_bytes(), all) {
        true => find_held(path, text, all),
        false => FileFindings::default(),
    }
}

/// What a file says that may hold a prompt.
pub fn find_held(path: &str, text: &str, all: bool) -> FileFindings {
    read(path, text, all, &|_| Vec::new())
}

/// What a file says that imports functions which send what they are given.
pub fn find_with(path: &str, text: &str, all: bool, known: Wrappers<'_>) -> FileFindings {
    match text.len() <= LARGEST {
        true => read(path, text, all, known),
        // That it is too large is said already.
        false => FileFindings::default(),
    }
}

fn read(path: &str, text: &str, all: bool, known: Wrappers<'_>) -> FileFindings {
    let mut findings = FileFindings::default();
    if text.len() > LARGEST {
        findings.unread.push(Unread::of_file(1, TOO_LARGE));
        return findings;
    }
    let has_nul = memchr::memchr(0, text.as_bytes());
    // Where it stands, a grammar would see the end of the file.
    let readable = has_nul.map(|_| text.replace('\0', " "));
    let text = readable.as_deref().unwrap_or(text);
    findings.prompts = match language::reading(path) {
        Some(Reading::Parsed(language)) => match gather::gather(text, language, all, known) {
            Ok(gathered) => {
                findings.is_parsed = true;
                findings.unread = gathered.unread;
                findings.wrappers = gathered.wrappers;
                gathered.prompts
            }
            // What the words alone say.
            Err(why) => {
                findings.unread.push(Unread::of_file(1, why));
                shallow::find(text, language.traits().quotes == Quotes::Script)
            }
        },
        Some(Reading::Words) => shallow::find(text, false),
        Some(Reading::ScriptWords) => shallow::find(text, true),
        None => return findings,
    };
    // A call that cannot be read is no prompt that is let pass.
    let allowed = remarks::allowed_lines(path, text, &[("P510", 0), ("P514", 1)]);
    let noted = remarks::allowed_lines(path, text, &[("P510", 0), ("P514", 1), ("P525", 1)]);
    let mut counts = std::collections::HashMap::new();
    let unread = findings.unread.iter_mut();
    let open = unread.filter_map(|call| call.instead.as_deref_mut());
    let line_of = |at: usize| 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count();
    let nul = has_nul.map(|at| Doubt {
        line: line_of(at),
        why: "the file holds a NUL character".to_owned(),
    });
    let encoding = remarks::other_encoding(path, text).map(|(line, why)| Doubt { line, why });
    let doubts: Vec<Doubt> = nul.into_iter().chain(encoding).collect();
    for prompt in findings.prompts.iter_mut().chain(open) {
        let count: &mut usize = counts.entry(prompt.mark()).or_default();
        *count += 1;
        prompt.ordinal = *count;
        prompt.doubts.extend(doubts.iter().cloned());
        prompt.is_allowed = [prompt.at.line, prompt.call_line]
            .into_iter()
            .any(|line| allowed.contains(&line));
        prompt.name = super::name::of_place(path, prompt.place.as_deref(), prompt.name.as_deref());
    }
    for call in &mut findings.unread {
        call.is_allowed = noted.contains(&call.at.line);
    }
    findings
}

/// Gives every prompt a name of its own.
pub fn name_all(prompts: &mut [(String, FoundPrompt)]) {
    let mut taken = BTreeSet::new();
    for (_, prompt) in prompts {
        let name = prompt.name.take().unwrap_or_else(|| "prompt".to_owned());
        let mut free = name.clone();
        let mut number = 2;
        while !taken.insert(free.to_lowercase()) {
            free = format!("{name}-{number}");
            number += 1;
        }
        prompt.name = Some(free);
    }
}

#[cfg(test)]
mod tests;
