//! Prompts in code as scripts read them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::prompts::{Lifted, known};
use crate::exchange::format::code as from_code;
use crate::scan::found::{Cell, Content, FoundMessage, FoundPrompt, Unread};

#[derive(Serialize)]
pub(super) struct PromptJson<'a> {
    id: String,
    kind: &'static str,
    stands: &'static str,
    confidence: &'static str,
    shallow: bool,
    path: &'a str,
    line: usize,
    column: usize,
    /// Of a notebook.
    cell: Option<CellJson>,
    end_line: usize,
    call_line: usize,
    sdk: Option<&'static str>,
    name: Option<&'a str>,
    imported: Option<&'a str>,
    changed: bool,
    model: Option<String>,
    parameters: Map<String, Value>,
    messages: Vec<MessageJson<'a>>,
    allowed: bool,
    known: bool,
    new: bool,
    lost: &'a [String],
    doubts: Vec<DoubtJson<'a>>,
}

/// Where something stands in a notebook.
#[derive(Serialize)]
struct CellJson {
    number: usize,
    line: usize,
}

impl From<Cell> for CellJson {
    fn from(cell: Cell) -> Self {
        Self {
            number: cell.number,
            line: cell.line,
        }
    }
}

#[derive(Serialize)]
struct DoubtJson<'a> {
    line: usize,
    why: &'a str,
}

#[derive(Serialize)]
struct MessageJson<'a> {
    role: Option<&'a str>,
    placeholder: Option<&'a str>,
    line: usize,
    end_line: usize,
    content: Option<String>,
    variables: Vec<VariableJson<'a>>,
}

#[derive(Serialize)]
struct VariableJson<'a> {
    name: Cow<'a, str>,
    /// None where the message is a template that the code fills in elsewhere.
    expression: Option<&'a str>,
}

impl<'a> PromptJson<'a> {
    pub(super) fn new((path, prompt): &'a (String, FoundPrompt), lifted: &'a Lifted) -> Self {
        Self {
            id: format!("{path}#{}", prompt.mark()),
            kind: prompt.kind.as_str(),
            stands: prompt.stands.as_str(),
            confidence: prompt.confidence.as_str(),
            shallow: prompt.is_shallow(),
            path,
            line: prompt.at.line,
            column: prompt.at.column,
            cell: prompt.cell.map(CellJson::from),
            end_line: prompt.end_line,
            call_line: prompt.call_line,
            sdk: prompt.sdk,
            name: prompt.name.as_deref(),
            imported: known(path, prompt, lifted).map(|known| known.name.as_str()),
            changed: known(path, prompt, lifted).is_some_and(|known| known.has_changed),
            model: from_code::model(prompt),
            parameters: prompt.parameters.iter().cloned().collect(),
            messages: prompt
                .messages
                .iter()
                .map(|message| MessageJson::new(message, prompt))
                .collect(),
            allowed: prompt.is_allowed,
            known: prompt.is_known,
            new: prompt.is_new(),
            lost: &prompt.lost,
            doubts: prompt
                .doubts
                .iter()
                .map(|doubt| DoubtJson {
                    line: doubt.line,
                    why: &doubt.why,
                })
                .collect(),
        }
    }
}

impl<'a> MessageJson<'a> {
    fn new(message: &'a FoundMessage, prompt: &FoundPrompt) -> Self {
        let given = message.variables.iter().map(|variable| VariableJson {
            name: Cow::Borrowed(&variable.name),
            expression: Some(&variable.expression),
        });
        let filled_later = from_code::filled_later(message, prompt.syntax).into_iter();
        let filled_later = filled_later.map(|name| VariableJson {
            name: Cow::Owned(name),
            expression: None,
        });
        let (placeholder, content) = match &message.content {
            Content::Placeholder(name) => (Some(name.as_str()), None),
            Content::Text(pieces) => (None, from_code::template(pieces, prompt.syntax).ok()),
        };
        Self {
            role: (!message.role.is_empty()).then_some(message.role),
            placeholder,
            line: message.line,
            end_line: message.end_line,
            content,
            variables: given.chain(filled_later).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct UnreadJson<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    /// Of a notebook.
    cell: Option<CellJson>,
    /// None of a file.
    call: Option<&'a str>,
    what: &'a [String],
    /// Why a text of another file was not taken.
    lost: &'a [String],
    /// Why not all of a file was read.
    why: Option<&'a str>,
    allowed: bool,
}

impl<'a> From<&'a (String, Unread)> for UnreadJson<'a> {
    fn from((path, call): &'a (String, Unread)) -> Self {
        Self {
            path,
            line: call.at.line,
            column: call.at.column,
            cell: call.cell.map(CellJson::from),
            call: call.why().is_none().then_some(&call.call),
            what: if call.why().is_none() {
                &call.what
            } else {
                &[]
            },
            lost: &call.lost,
            why: call.why(),
            allowed: call.is_allowed,
        }
    }
}
