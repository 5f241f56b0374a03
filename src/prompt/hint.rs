//! What to do next, as a fact: whoever knows the command line finds the words for it.

use super::name::PromptName;

/// What to do about something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Words that hold on every command line.
    Words(String),
    /// Look around the place where the file stops being YAML.
    LookAround,
    /// Have the version's number raised.
    RaiseVersion,
    /// Have the digest's line written, or remove it.
    WriteDigest,
    /// Raise the version of this prompt, whose content changed.
    Bump(String),
    /// Have the lines written that number a version.
    WriteNumbering,
    /// Have all lines end alike.
    AlignLineEnds,
    /// Have the placeholder of another dialect rewritten for this variable.
    RewritePlaceholder(String),
    /// Make a prompt of a text, which alone is none.
    TextAlone,
    /// Look up which codes there are.
    ListCodes,
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
    /// Name a model.
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
