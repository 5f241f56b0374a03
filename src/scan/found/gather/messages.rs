//! Messages, from what code writes in their place.

use tree_sitter::Node;

use super::words::role_named;
use super::{DEEPEST, Draft, Gatherer, MOST_MESSAGES};
use crate::scan::found::sinks::{Sink, sink};
use crate::scan::found::syntax::{Argument, Expr, value_of};
use crate::scan::found::value::{Bit, Value};

impl<'t> Gatherer<'_, 't> {
    pub(super) fn text(&self, node: Node<'t>, role: &'static str) -> Draft<'t> {
        let value = match self.file.expr(node) {
            // Anthropic takes a system prompt in parts.
            Expr::List(_) => return self.content(node, role),
            _ => self.reader.value(node),
        };
        Draft {
            role,
            value,
            is_placeholder: false,
            node,
        }
    }

    /// The content of a message: a text, or parts.
    pub(super) fn content(&self, node: Node<'t>, role: &'static str) -> Draft<'t> {
        let mut value = Value::default();
        match self.reader.items(node) {
            None => value = self.reader.value(node),
            Some(items) => {
                let mut has_others = false;
                for item in items {
                    let entries = match self.file.expr(item) {
                        Expr::Map(entries) => entries,
                        Expr::Text(_) | Expr::Join(_) | Expr::Name(_) => {
                            value.append(self.reader.value(item));
                            continue;
                        }
                        Expr::Call(call) => self.flat(&call.arguments),
                        _ => {
                            has_others = true;
                            continue;
                        }
                    };
                    match value_of(&entries, &["text"]) {
                        Some(text) => value.append(self.reader.value(text)),
                        None => has_others = true,
                    }
                }
                if has_others {
                    value
                        .lost
                        .push("a part that is no text, such as a picture, is left to the code");
                }
            }
        }
        Draft {
            role,
            value,
            is_placeholder: false,
            node,
        }
    }

    /// What is said: a text of the user's, or messages.
    pub(super) fn said(&mut self, node: Node<'t>, drafts: &mut Vec<Draft<'t>>) {
        match self.reader.items(node) {
            Some(_) => self.messages(node, drafts, 0),
            None => drafts.push(self.text(node, "user")),
        }
    }

    /// The messages of a list.
    pub(super) fn messages(&mut self, node: Node<'t>, drafts: &mut Vec<Draft<'t>>, depth: usize) {
        let Some(items) = self.reader.items(node) else {
            match self.file.expr(node) {
                Expr::Choice(nodes) if depth < DEEPEST => {
                    if let Some(one) = nodes.first() {
                        self.messages(*one, drafts, depth + 1);
                    }
                }
                _ => drafts.extend(self.message(node, depth)),
            }
            return;
        };
        for item in items {
            if drafts.len() >= MOST_MESSAGES || !self.facts.spend(1) {
                return;
            }
            match self.file.expr(item) {
                Expr::Spread(inner) if depth < DEEPEST && self.reader.items(inner).is_some() => {
                    self.messages(inner, drafts, depth + 1);
                }
                Expr::Spread(inner) => drafts.push(self.placeholder(inner)),
                _ => drafts.extend(self.message(item, depth)),
            }
        }
    }

    pub(super) fn placeholder(&self, node: Node<'t>) -> Draft<'t> {
        Draft {
            role: "",
            value: self.reader.unknown(node),
            is_placeholder: true,
            node,
        }
    }

    /// One message.
    pub(super) fn message(&mut self, node: Node<'t>, depth: usize) -> Option<Draft<'t>> {
        match self.file.expr(node) {
            Expr::Map(entries) => {
                let draft = self.message_of(&entries, node)?;
                self.used.insert(node.id());
                Some(draft)
            }
            Expr::Call(call) => {
                let path = self.file.path(call.callee);
                let arguments = self.flat(&call.arguments);
                let first = call
                    .arguments
                    .iter()
                    .find(|it| it.key.is_none())
                    .map(|it| it.value);
                if path.last() == Some(&"MessagesPlaceholder") {
                    let name = value_of(&arguments, &["variable_name", "variableName"])
                        .or_else(|| first.filter(|it| self.map(*it).is_none()))?;
                    return Some(self.named_placeholder(name));
                }
                let keys = ["content", "text", "template", "prompt"];
                let draft = match sink(&path, &arguments, true) {
                    Some(Sink::Message(role) | Sink::MessageTemplate(role)) => {
                        let content = value_of(&arguments, &keys)
                            .or_else(|| first.filter(|it| self.map(*it).is_none()))?;
                        self.content(content, role)
                    }
                    _ => self.message_of(&arguments, node)?,
                };
                self.used.insert(node.id());
                Some(draft)
            }
            // `("system", "You are …")`
            Expr::List(pair) => {
                let [role, content] = pair.as_slice() else {
                    return None;
                };
                let role = self.reader.value(*role).text();
                if role == "placeholder" {
                    return Some(self.named_placeholder(*content));
                }
                Some(self.content(*content, role_named(&role)?))
            }
            Expr::Name(name) if depth < DEEPEST => {
                let bound = self.facts.bound(name, node.start_byte())?;
                if bound.value.byte_range().contains(&node.start_byte()) {
                    return None;
                }
                self.message(bound.value, depth + 1)
            }
            _ => None,
        }
    }

    pub(super) fn named_placeholder(&self, node: Node<'t>) -> Draft<'t> {
        let name = self.reader.value(node).text();
        let name = name.trim_matches(['{', '}']).to_owned();
        Draft {
            role: "",
            value: Value {
                bits: vec![Bit::Value(Some(name.clone()), name)],
                ..Value::default()
            },
            is_placeholder: true,
            node,
        }
    }

    /// A message by the keys of a map.
    pub(super) fn message_of(&self, entries: &[Argument<'t>], node: Node<'t>) -> Option<Draft<'t>> {
        let role = value_of(entries, &["role"])?;
        let role = match self.file.expr(role) {
            Expr::Member(_, name) => role_named(&name.to_ascii_lowercase())?,
            _ => role_named(&self.reader.value(role).text())?,
        };
        let content = value_of(entries, &["content", "parts", "text"])?;
        Some(Draft {
            node,
            ..self.content(content, role)
        })
    }
}
