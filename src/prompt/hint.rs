//! What to do next, as a fact: whoever knows the command line finds the words for it.

use super::code::Code;
use super::name::PromptName;
use super::next::Next;

/// What to do about something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Words that hold on every command line.
    Words(String),
    /// Take this step.
    Next(Next),
    /// Words with steps among them.
    Sentence(Vec<Piece>),
    /// Look around the place where the file stops being YAML.
    LookAround,
    /// Have the version's number raised.
    RaiseVersion,
    /// Have the digest's line written, or remove it.
    WriteDigest,
    /// Have the lines written that number a version.
    WriteNumbering,
    /// Have all lines end alike.
    AlignLineEnds,
    /// Have the placeholder of another dialect rewritten for this variable.
    RewritePlaceholder(String),
    /// Make a prompt of a text, which alone is none.
    TextAlone,
    /// Look up which codes there are, to allow one.
    ListCodes,
    /// Look up which codes there are.
    FindCode,
    /// Look up what this code means.
    Explain(Code),
    /// Look at what the file has.
    ShowDocument,
    /// Send the messages of the file instead of the stored prompt's id.
    SendOwnMessages(String),
    /// Look for a helper: Handlebars has no filters.
    HelperForFilter,
    /// Look for a helper of another name: what stands there is no name of a variable.
    HelperForWords,
    /// Give this variable a value, or a default.
    GiveValue(String),
    /// Give each of these variables a value.
    GiveValues(Vec<String>),
    /// Give this variable a value of JSON.
    GiveJson(String),
    /// Give this variable a list of messages.
    GiveMessages(String),
    /// Give a file outside of the repository as a value.
    GiveOutsideFile,
    /// Give the text of a file that git ignores as a value.
    GiveIgnoredFile,
    /// Bring the commits that this clone does not have.
    FetchHistory,
    /// Look up which prompts there are.
    ListPrompts,
    /// Look up which prompts there are in this folder.
    ListBelow(PromptName),
    /// Make the first prompt, below these roots.
    NewPrompt(PromptName, Vec<String>),
    /// Have the other findings shown, as many as this.
    ShowMore(usize),
    /// Look up which models the key may use.
    ListModels,
    NameModel,
    /// Render the version that is here, because the stored prompt is gone.
    RenderHere,
    /// Ask less at a time.
    AskLess,
    /// Give a call that may have been billed longer.
    GiveTime,
    /// Ask OpenAI itself, and not the gateway that the environment names.
    AskOpenAi,
    /// Look up which executions the log holds.
    ListExecutions,
    /// Add a column to a table of cases, or the case elsewhere.
    AddColumn {
        /// What is said of a column that may be meant, before all else.
        near: String,
        columns: String,
    },
    /// Let a run cost up to so many US dollars.
    RaiseLimit(String),
    /// Name the key of the project that an id belongs to.
    NameKey,
    /// Make a repository of prompts, or name the one that is meant.
    MakeRepository,
    /// Name the bare repository at this path, which is not used where it is only found.
    NameRepository(String),
    /// Name the version that a rollback goes to.
    NameVersion,
    /// Leave the wish for another model out, or the one for the stored prompt.
    LeaveModelOut,
    /// Check what was recovered without asking the API.
    ProveOffline,
    /// Recover the current version of a stored prompt alone.
    TakeCurrent,
    /// Have another model answer, because that of the stored prompt is gone.
    LetAnotherAnswer,
    /// Name the variables that a stored prompt has.
    NameVariables,
    /// Have git track the dataset at this path, or name it for this run alone.
    TrackDataset(String),
    /// The same for a dataset that git ignores.
    UnignoreDataset,
    /// Look up what a line of cases holds.
    ShowCaseFields,
    /// Give a case the field that an evaluator asks for, or mean the field that it has.
    GiveCaseField {
        /// What is asked for.
        field: String,
        /// A field that the case has and that has nearly this name.
        near: Option<String>,
    },
    /// Add the check to the settings of pre-commit.com.
    AddToPreCommit,
    /// Remove the attribute of this name that stands in the way at this path, or do without the
    /// drivers.
    RemoveAttribute {
        /// Its name.
        attribute: String,
        /// A file that has it.
        path: String,
        /// The file of attributes that is ours.
        file: &'static str,
    },
}

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words that hold on every command line.
    Words(String),
    /// A step, of which the reader gets the line to type.
    Next(Next),
    /// What is worded elsewhere.
    Hint(Box<Hint>),
}

impl Hint {
    /// A sentence of words and steps, which has its own blanks.
    pub fn sentence<const N: usize>(pieces: [Piece; N]) -> Self {
        Self::Sentence(pieces.into())
    }

    /// Several in one sentence, parted by semicolons.
    pub fn all(hints: Vec<Self>) -> Self {
        let mut pieces = Vec::new();
        for hint in hints {
            if !pieces.is_empty() {
                pieces.push("; ".into());
            }
            match hint {
                Self::Sentence(more) => pieces.extend(more),
                hint => pieces.push(Piece::Hint(Box::new(hint))),
            }
        }
        Self::Sentence(pieces)
    }
}

impl Next {
    /// The step with what it is good for: "… gives the new content the next number".
    pub fn that(self, does: &str) -> Hint {
        Hint::sentence([self.into(), format!(" {does}").into()])
    }

    /// The step after words that lead to it.
    pub fn after(self, words: impl Into<Piece>) -> Hint {
        Hint::sentence([words.into(), self.into()])
    }
}

impl From<Next> for Hint {
    fn from(step: Next) -> Self {
        Self::Next(step)
    }
}

impl From<Next> for Piece {
    fn from(step: Next) -> Self {
        Self::Next(step)
    }
}

impl From<Hint> for Piece {
    fn from(hint: Hint) -> Self {
        Self::Hint(Box::new(hint))
    }
}

impl From<String> for Piece {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<&str> for Piece {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

impl From<String> for Hint {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<&str> for Hint {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

impl From<&String> for Hint {
    fn from(words: &String) -> Self {
        Self::Words(words.clone())
    }
}

/// Nothing to say.
impl Default for Hint {
    fn default() -> Self {
        Self::Words(String::new())
    }
}
