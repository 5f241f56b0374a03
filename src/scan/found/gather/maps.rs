//! Messages and settings that stand in maps, and texts in the documentation of classes.

use tree_sitter::Node;

use super::words::speaks_to_a_model;
use super::{Draft, Gatherer};
use crate::scan::found::sinks::{LIST_KEYS, OWN_KEYS, SYSTEM_KEYS};
use crate::scan::found::syntax::{Argument, value_of};
use crate::scan::found::value::Remark;
use crate::scan::found::{Confidence, FoundKind, FoundMessage};

impl<'t> Gatherer<'_, 't> {
    /// Documentation that is sent: that of DSPy's signatures.
    pub(super) fn documented(&mut self) {
        for (above, text) in &self.facts.documented {
            let is_signature = above.contains("Signature");
            if !is_signature || !self.libraries.contains(&"dspy") {
                continue;
            }
            let mut draft = self.text(*text, "system");
            draft.value.cleaned();
            self.push(
                *text,
                vec![draft],
                0,
                |prompt| prompt.sdk = Some("dspy"),
                &[],
            );
        }
    }

    /// Maps that are messages, or hold some; those of one list are one prompt.
    pub(super) fn maps(&mut self) {
        for (node, list) in &self.facts.maps {
            if self.used.contains(&node.id()) {
                continue;
            }
            let Some(entries) = self.map(*node) else {
                continue;
            };
            self.notes.clear();
            self.doubts.clear();
            self.settable.clear();
            let inner = value_of(&entries, LIST_KEYS);
            if let Some(inner) = inner.filter(|inner| self.reader.items(*inner).is_some()) {
                let mut drafts = Vec::new();
                self.left_open(&entries);
                if let Some(system) = value_of(&entries, SYSTEM_KEYS) {
                    drafts.push(self.text(system, "system"));
                }
                self.messages(inner, &mut drafts, 0);
                self.doubt_rewritten(*node);
                self.push(
                    *node,
                    drafts,
                    0,
                    |prompt| prompt.kind = FoundKind::Message,
                    &entries,
                );
                continue;
            }
            let Some(draft) = self.message_of(&entries, *node, false) else {
                self.settings_of(&entries, *node);
                continue;
            };
            self.one_message(*node, *list, draft);
        }
    }

    /// Doubts what has a name, and is changed by it before it is sent.
    fn doubt_rewritten(&mut self, node: Node<'t>) {
        let names = self.reader.names;
        let name = self.file.named_for(node);
        let why = name.and_then(|name| names.rewritten(name, node.start_byte()));
        self.doubts.extend(why.map(|why| Remark::new(node, why)));
    }

    /// Instructions in the settings of something that is made later.
    fn settings_of(&mut self, entries: &[Argument<'t>], node: Node<'t>) {
        let Some(value) = value_of(entries, SYSTEM_KEYS) else {
            return;
        };
        let draft = self.text(value, "system");
        let text = draft.value.text();
        // Some keys say so wherever they stand: `systemPrompt: "…"`.
        let is_long = text.trim().len() >= 60 && draft.value.words() >= 8;
        let is_own = value_of(entries, OWN_KEYS).is_some_and(|own| own == value);
        let is_sure = speaks_to_a_model(&text) || (is_own && is_long);
        if is_sure || (!self.libraries.is_empty() && draft.value.words() >= 8) {
            self.doubt_rewritten(node);
            self.push(
                node,
                vec![draft],
                0,
                |prompt| prompt.kind = FoundKind::Message,
                entries,
            );
        }
    }

    /// Calls that make a message of a role and a text: `ChatMessage(role="system", content="…")`.
    pub(super) fn message_calls(&mut self) {
        for node in &self.facts.calls {
            if self.used.contains(&node.id()) {
                continue;
            }
            let Some(call) = self.file.call(*node) else {
                continue;
            };
            let has = |key| value_of(&call.arguments, &[key]).is_some();
            if !has("role") || !has("content") {
                continue;
            }
            self.notes.clear();
            self.doubts.clear();
            self.settable.clear();
            if let Some(draft) = self.message_of(&call.arguments, *node, false) {
                let list = node
                    .parent()
                    .filter(|it| matches!(it.kind(), "list" | "array" | "tuple"));
                self.one_message(*node, list, draft);
            }
        }
    }

    /// A prompt of one message, or of all that stand in its list.
    fn one_message(&mut self, node: Node<'t>, list: Option<Node<'t>>, draft: Draft<'t>) {
        if draft.role == "assistant" {
            return;
        }
        self.used.insert(node.id());
        let mut drafts = vec![draft];
        if let Some(list) = list.filter(|list| !self.used.contains(&list.id())) {
            drafts.clear();
            self.messages(list, &mut drafts, 0);
            self.used.insert(list.id());
        }
        self.doubt_rewritten(node);
        let line = node.start_position().row + 1;
        self.push(
            list.unwrap_or(node),
            drafts,
            0,
            |prompt| {
                prompt.kind = FoundKind::Message;
                prompt.call_line = line;
            },
            &[],
        );
    }

    /// Messages of users alone are said to a model less surely.
    pub(super) fn unsure_messages(&mut self) {
        for (_, prompt) in &mut self.found {
            let is_user = |message: &FoundMessage| message.role == "user";
            if prompt.kind == FoundKind::Message && prompt.messages.iter().all(is_user) {
                prompt.confidence = Confidence::Medium;
            }
        }
    }
}
