//! What a call sends: what it does with each value, and what is known of the call.

use std::collections::HashMap;

use serde_json::Value as Json;
use tree_sitter::Node;

use super::Draft;
use crate::scan::found::syntax::Argument;
use crate::scan::found::value::{Bit, Remark, Settable};
use crate::scan::found::{Confidence, FoundKind, FoundPrompt, Syntax};

/// What a call does with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::scan::found) enum Taken {
    /// It is the text of a message of this role.
    Text(&'static str),
    /// It is a part of one.
    Part(&'static str),
    /// It is what the user says, or all messages.
    Said,
    /// It is messages.
    Messages,
    /// It is messages beside others.
    More,
}

impl Taken {
    /// The same in a message of this role.
    pub(super) fn by(self, role: &'static str) -> Self {
        match self {
            Self::Part(_) => Self::Part(role),
            Self::Text(_) | Self::Said => match role {
                "user" => Self::Said,
                _ => Self::Text(role),
            },
            other => other,
        }
    }

    pub(super) fn is_part(self) -> bool {
        matches!(self, Self::Part(_) | Self::More)
    }
}

/// A value that a call is given and that is no text where the call stands.
#[derive(Clone, Copy)]
pub(super) struct Open<'t> {
    pub(super) node: Node<'t>,
    pub(super) taken: Taken,
}

/// The model and its settings, as another file says them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Far {
    pub(super) model: Option<String>,
    pub(super) parameters: Vec<(String, Json)>,
}

/// What is known of the call that sends a text.
#[derive(Clone)]
pub(super) struct Sending<'t> {
    pub(super) sdk: Option<&'static str>,
    pub(super) syntax: Syntax,
    pub(super) floor: usize,
    pub(super) kind: FoundKind,
    pub(super) confidence: Confidence,
    pub(super) settings: Vec<Argument<'t>>,
    /// What another file says of the model, where that calls it.
    pub(super) far: Option<Far>,
}

impl Sending<'_> {
    /// Says of a prompt what is known of the call.
    pub(super) fn describe(&self, prompt: &mut FoundPrompt) {
        prompt.kind = self.kind;
        prompt.confidence = self.confidence;
        prompt.sdk = self.sdk;
        prompt.syntax = self.syntax;
        if let Some(far) = &self.far {
            prompt.model.clone_from(&far.model);
            prompt.parameters.clone_from(&far.parameters);
        }
    }
}

/// A call of which something could not be read.
pub(super) struct Unseen<'c, 't> {
    pub(super) node: Node<'t>,
    pub(super) path: &'c [&'t str],
    pub(super) words: Vec<String>,
    /// Whether it surely goes to a model.
    pub(super) is_sure: bool,
    pub(super) drafts: Vec<Draft<'t>>,
    /// What is to be said of its prompt, until there is one.
    pub(super) said: Option<Said<'t>>,
}

/// What is to be said of a prompt.
pub(super) struct Said<'t> {
    pub(super) notes: Vec<Remark>,
    pub(super) doubts: Vec<Remark>,
    pub(super) settable: Vec<Settable<'t>>,
}

/// What was followed already, and whether it held a text.
pub(super) type Followed = HashMap<(usize, Taken), bool>;

/// The values of drafts that are no texts, or hold some.
pub(super) fn open_ends<'t>(drafts: &[Draft<'t>]) -> Vec<Open<'t>> {
    let mut open = Vec::new();
    let is_any_written = drafts.iter().any(|draft| draft.value.written.is_some());
    for draft in drafts {
        let taken = match draft.is_placeholder {
            true if is_any_written => Taken::More,
            true => Taken::Messages,
            false if draft.value.written.is_some() => Taken::Part(draft.role),
            false if draft.role == "user" => Taken::Said,
            false => Taken::Text(draft.role),
        };
        // What the code takes in its place is followed as well.
        if draft.value.is_choice() {
            let taken = Taken::Text(draft.role);
            let node = draft.node;
            open.push(Open { node, taken });
        }
        open.extend(draft.value.bits.iter().filter_map(|bit| match bit {
            Bit::Hole(hole) => Some(Open {
                node: hole.node,
                taken,
            }),
            Bit::Text(_) => None,
        }));
    }
    open
}
