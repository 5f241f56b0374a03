//! Messages, from what code writes in their place.

use tree_sitter::Node;

use super::arguments::written_otherwise;
use super::words::role_named;
use super::{DEEPEST, Draft, Gatherer, MOST_MESSAGES};
use crate::scan::found::sinks::{Sink, sink};
use crate::scan::found::syntax::{Argument, Expr, TO_JSON, index_of, value_of};
use crate::scan::found::value::{Bit, Items, Remark, Value};

/// What a message has that is said here.
const MESSAGE_KEYS: &[&str] = &["role", "content", "parts", "text", "type"];

impl<'t> Gatherer<'_, 't> {
    pub(super) fn text(&self, node: Node<'t>, role: &'static str) -> Draft<'t> {
        let value = match self.file.expr(node) {
            // Anthropic takes a system prompt in parts.
            Expr::List(_) => return self.content(node, role),
            // Gemini takes it as the parts of a map.
            Expr::Map(entries) => match value_of(&entries, &["parts"]) {
                Some(parts) => return self.content(parts, role),
                None => self.reader.value(node),
            },
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
                value.doubts.extend(items.doubts);
                value.settable.extend(items.settable);
                for item in items.all {
                    match self.part(item.node).filter(|_| !item.is_spread) {
                        Some(part) => value.append(part),
                        None => has_others = true,
                    }
                }
                if has_others {
                    value.notes.push(Remark::new(
                        node,
                        "a part that is no text, such as a picture, is left to the code",
                    ));
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

    /// A part of a message, if it is a text.
    fn part(&self, node: Node<'t>) -> Option<Value<'t>> {
        let entries = match self.file.expr(node) {
            Expr::Map(entries) => entries,
            Expr::Text(..) | Expr::Join(_) | Expr::Name(_) | Expr::Percent(..) => {
                let value = self.reader.value(node);
                return value.written.is_some().then_some(value);
            }
            Expr::Call(call) => self.flat(&call.arguments).all,
            _ => return None,
        };
        let index = index_of(&entries, &["text"])?;
        let mut value = self.reader.value(entries[index].value);
        if entries[index..].iter().any(|it| it.is_spread) {
            value.doubt(node, "the text of a part may be given twice");
        }
        Some(value)
    }

    /// What is said: a text of the user's, or messages.
    pub(super) fn said(&mut self, node: Node<'t>, drafts: &mut Vec<Draft<'t>>) {
        let items = self
            .reader
            .items(node)
            .or_else(|| self.reader.derived(node, 0));
        match items {
            Some(items) if self.are_parts(&items) => drafts.push(self.content(node, "user")),
            Some(_) => self.messages(node, drafts, 0),
            None => drafts.push(self.text(node, "user")),
        }
    }

    /// Whether the items of a list are the parts of one message.
    fn are_parts(&self, items: &Items<'t>) -> bool {
        items.all.iter().any(|item| {
            let is_text = matches!(
                self.file.expr(item.node),
                Expr::Text(..) | Expr::Join(_) | Expr::Percent(..)
            );
            is_text && !item.is_spread
        })
    }

    /// The messages of a list.
    pub(super) fn messages(&mut self, node: Node<'t>, drafts: &mut Vec<Draft<'t>>, depth: usize) {
        let items = self
            .reader
            .items(node)
            .or_else(|| self.reader.derived(node, 0));
        let Some(items) = items else {
            match self.file.expr(node) {
                Expr::Choice(nodes) if depth < DEEPEST => {
                    if let Some(one) = nodes.first() {
                        self.doubts
                            .push(Remark::new(node, "the code chooses between messages"));
                        self.messages(*one, drafts, depth + 1);
                    }
                }
                _ => {
                    let draft = self.message(node, depth);
                    drafts.push(draft.unwrap_or_else(|| self.placeholder(node)));
                }
            }
            return;
        };
        self.doubts.extend(items.doubts);
        self.settable.extend(items.settable);
        for item in items.all {
            if drafts.len() >= MOST_MESSAGES || !self.facts.spend(1) {
                let words = format!("there are more than {MOST_MESSAGES} messages");
                self.doubts.push(Remark::new(node, words));
                return;
            }
            if item.is_spread {
                match depth < DEEPEST && self.reader.items(item.node).is_some() {
                    true => self.messages(item.node, drafts, depth + 1),
                    false => drafts.push(self.placeholder(item.node)),
                }
                continue;
            }
            let draft = self.message(item.node, depth);
            drafts.push(draft.unwrap_or_else(|| self.one_of_code(item.node)));
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

    /// A message that the code makes: a list of one.
    fn one_of_code(&self, node: Node<'t>) -> Draft<'t> {
        let expression = format!("[{}]", self.reader.shown(node));
        Draft {
            role: "",
            value: Value::hole(self.reader.name_of(node), expression, node),
            is_placeholder: true,
            node,
        }
    }

    /// One message.
    pub(super) fn message(&mut self, node: Node<'t>, depth: usize) -> Option<Draft<'t>> {
        match self.file.expr(node) {
            Expr::Map(entries) => {
                let mut doubt = None;
                let mut whole = Vec::new();
                for entry in entries {
                    let spread = entry.is_spread.then(|| self.reader.entries(entry.value));
                    match spread.flatten() {
                        Some(inner) => {
                            doubt = doubt.or(inner.doubt);
                            whole.extend(inner.all);
                        }
                        None => whole.push(entry),
                    }
                }
                let mut draft = self.message_of(&whole, node, true)?;
                draft.value.doubts.extend(doubt);
                self.used.insert(node.id());
                Some(draft)
            }
            Expr::Call(call) => {
                let path = self.path(call.callee);
                let arguments = self.flat(&call.arguments).all;
                let first = call
                    .arguments
                    .iter()
                    .find(|it| it.is_by_place())
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
                    _ => self.message_of(&arguments, node, true)?,
                };
                self.used.insert(node.id());
                Some(draft)
            }
            // `("system", "You are …")`
            Expr::List(pair) => {
                let [role, content] = pair.as_slice() else {
                    return None;
                };
                let role = self.reader.exact(*role)?;
                if role == "placeholder" {
                    return Some(self.named_placeholder(*content));
                }
                Some(self.content(*content, role_named(&role)?))
            }
            Expr::Name(name) if depth < DEEPEST => {
                let bound = self.reader.names.bound(name, node)?;
                if bound.value.byte_range().contains(&node.start_byte()) {
                    return None;
                }
                let mut draft = self.message(bound.value, depth + 1)?;
                let has_parts = match self.file.expr(bound.value) {
                    Expr::Map(entries) => entries
                        .iter()
                        .any(|it| self.reader.may_have_parts(it.value)),
                    _ => true,
                };
                let why = bound
                    .doubt
                    .or_else(|| (!bound.added.is_empty()).then(|| format!("`{name}` is changed")))
                    .or_else(|| self.reader.unsteady(name, node, has_parts));
                if let Some(why) = why {
                    draft.value.doubt(node, why);
                }
                Some(draft)
            }
            _ => None,
        }
    }

    pub(super) fn named_placeholder(&self, node: Node<'t>) -> Draft<'t> {
        let name = self.reader.value(node).text();
        let name = name.trim_matches(['{', '}']).to_owned();
        Draft {
            role: "",
            value: Value::hole(Some(name.clone()), name, node),
            is_placeholder: true,
            node,
        }
    }

    /// A message by the keys of a map. Where it `is_sent` for sure, its role may be anything.
    pub(super) fn message_of(
        &self,
        entries: &[Argument<'t>],
        node: Node<'t>,
        is_sent: bool,
    ) -> Option<Draft<'t>> {
        const OPEN_ROLE: &str = "user";
        let is_open = is_sent && entries.iter().any(|it| it.is_spread);
        let content_at = index_of(entries, &["content", "parts", "text"])?;
        let role_at = match index_of(entries, &["role"]) {
            Some(role_at) => role_at,
            None if is_open => content_at,
            // What the user says to Gemini needs no role.
            None if is_sent && entries[content_at].key == Some("parts") => {
                let draft = self.content(entries[content_at].value, OPEN_ROLE);
                return Some(Draft { node, ..draft });
            }
            None => return None,
        };
        let has_role = role_at != content_at;
        let role = entries[role_at].value;
        let mut doubts = Vec::new();
        let exact = has_role.then(|| self.reader.exact(role)).flatten();
        let named = match self.file.expr(role) {
            Expr::Member(_, name) if has_role => role_named(&name.to_ascii_lowercase()),
            _ => exact.as_deref().and_then(role_named),
        };
        let role = match (named, exact) {
            (Some(named), _) => named,
            (None, Some(_)) => return None,
            (None, None) => {
                let words = match has_role {
                    true => "the role may be another one",
                    false => "the role is given by something else",
                };
                doubts.push(Remark::new(role, words));
                let seems = role_named(&self.reader.value(role).text());
                seems.or(is_sent.then_some(OPEN_ROLE))?
            }
        };
        let is_unsure = has_role && !doubts.is_empty();
        let mut draft = Draft {
            node,
            ..self.content(entries[content_at].value, role)
        };
        let first = role_at.min(content_at);
        if entries[first..].iter().any(|it| it.is_spread) {
            doubts.push(Remark::new(node, "a key of the message may be given twice"));
        }
        let others: Vec<&str> = entries
            .iter()
            .filter_map(|it| it.key)
            .filter(|key| !MESSAGE_KEYS.contains(key))
            .collect();
        if let [first, ..] = others.as_slice() {
            let words = format!("`{first}` of the message is left to the code");
            draft.value.notes.push(Remark::new(node, words));
        }
        let own = value_of(entries, &[TO_JSON]);
        doubts.extend(own.map(written_otherwise));
        draft.value.doubts.extend(doubts);
        if is_unsure {
            let holes = draft.value.bits.iter().filter_map(|bit| match bit {
                Bit::Hole(hole) => Some(hole.node.id()),
                Bit::Text(_) => None,
            });
            let role = entries[role_at].value;
            let all = holes.map(|hole| (hole, role));
            self.unsure_roles.borrow_mut().extend(all);
        }
        Some(draft)
    }
}
