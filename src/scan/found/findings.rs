//! What is found in a file: prompts, and calls that cannot be read.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Language, Wrapper};
use crate::prompt::finding::Span;

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
    Mustache,
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
    /// What the code makes of it.
    pub made: Made,
}

/// What code makes of a text that another file gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It takes the text as it is.
    Same,
    /// It fills the text in with these, by their names in it, or their numbers.
    Filled(Vec<(String, Variable)>),
    /// Anything else.
    Other,
}

/// Where something stands in a notebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Which of all its cells it is, counted from 1.
    pub number: usize,
    /// The line in the cell.
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
    /// Why a text of another file was not taken.
    pub lost: Vec<String>,
    /// Where it stands in a notebook.
    pub cell: Option<Cell>,
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
            lost: Vec::new(),
            cell: None,
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
    pub line: usize,
    /// The reason.
    pub why: String,
}

/// What other files may give another value, and a prompt is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settable {
    /// Its name, or its key.
    pub name: String,
    /// The map or the class that has it; none where the file itself does.
    pub owner: Option<String>,
    /// The file that has it, as the code names that; none where it is the file itself.
    pub module: Option<String>,
    /// The line that uses it.
    pub line: usize,
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
    /// Where that is in a notebook.
    pub cell: Option<Cell>,
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
    /// The functions and classes around a constant that is its place.
    pub around: Option<String>,
    /// Which of the prompts in that place it is, counted from 1.
    pub ordinal: usize,
    pub model: Option<String>,
    /// Settings of the model, as the code calls them.
    pub parameters: Vec<(String, Value)>,
    /// What else the call is given, and the code goes on to give: the name, none for all of a map, and
    /// the expression.
    pub kept: Vec<(Option<String>, String)>,
    /// The names that callers give to the function around it.
    pub bound: Vec<String>,
    /// What its file calls something else that the code in its place would be called.
    pub taken: Vec<&'static str>,
    /// What its text is given to, as the code says it: `const SYSTEM`, `self.prompt`.
    pub set: Option<String>,
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
    /// What it is made of that other files may set.
    pub settable: Vec<Settable>,
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

    /// The same with what is around it: one name may stand in several classes.
    pub fn whole_mark(&self) -> String {
        match &self.around {
            Some(around) => format!("{around}.{}", self.mark()),
            None => self.mark(),
        }
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
