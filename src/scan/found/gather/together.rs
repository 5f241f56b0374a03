//! Texts that a function is given side by side, and sends as the messages of one call.

use tree_sitter::Node;

use super::sending::{Open, Sending, Taken, open_ends};
use super::{DEEPEST, Draft, Gatherer};
use crate::scan::found::Stands;
use crate::scan::found::syntax::{Expr, Parameter, value_of};
use crate::scan::found::value::{Bit, Value};

/// Parameters of one function that are sent together.
pub(super) struct Together<'t> {
    function: usize,
    all: Vec<(Parameter<'t>, Taken, Node<'t>)>,
}

impl<'t> Together<'t> {
    pub(super) fn has(&self, node: Node<'t>) -> bool {
        self.all.iter().any(|(.., own)| *own == node)
    }

    pub(super) fn open_ends(&self) -> impl Iterator<Item = Open<'t>> {
        let open = |(_, taken, node): &(Parameter<'t>, Taken, Node<'t>)| Open {
            node: *node,
            taken: *taken,
        };
        self.all.iter().map(open)
    }
}

/// What a call gives for one of them.
pub(super) struct Part<'t> {
    pub(super) taken: Taken,
    pub(super) given: Option<Node<'t>>,
    /// What is sent where it gives nothing.
    pub(super) default: Option<String>,
}

impl<'t> Gatherer<'_, 't> {
    /// The parameters of one function that make up all messages of a call.
    pub(super) fn together(&self, drafts: &[Draft<'t>]) -> Option<Together<'t>> {
        let texts = drafts.iter().filter(|draft| !draft.is_placeholder).count();
        if texts < 2 {
            return None;
        }
        let mut function = None;
        let mut all = Vec::new();
        for draft in drafts {
            let taken = match (draft.is_placeholder, draft.role) {
                (true, _) => Taken::Messages,
                (false, "user") => Taken::Said,
                (false, role) => Taken::Text(role),
            };
            let (own, node) = self.given(draft)?;
            if *function.get_or_insert(own) != own {
                return None;
            }
            let Expr::Name(name) = self.file.expr(node) else {
                return None;
            };
            let around = self.facts.scopes[own].node?;
            let mut parameters = self.file.parameters(around).into_iter();
            let parameter = parameters.find(|it| it.name == name)?;
            all.push((parameter, taken, node));
        }
        let function = function?;
        Some(Together { function, all })
    }

    /// The function whose callers give all of a message, and where its name stands.
    fn given(&self, draft: &Draft<'t>) -> Option<(usize, Node<'t>)> {
        let node = match (draft.value.bits.as_slice(), self.file.expr(draft.node)) {
            ([Bit::Hole(hole)], _) => hole.node,
            // What it is where callers give nothing.
            (_, Expr::Map(entries)) => value_of(&entries, &["content", "text"])?,
            _ => draft.node,
        };
        let Expr::Name(name) = self.file.expr(node) else {
            return None;
        };
        if self.unsure_roles.borrow().contains_key(&node.id()) {
            return None;
        }
        let (start, end) = self.reader.names.given_by_callers(name, node)?;
        Some((self.facts.scope_of(start, end)?, node))
    }

    /// Follows what a function is given to its callers: what one of them gives is one prompt. Whether
    /// there is one.
    pub(super) fn follow_together(
        &mut self,
        together: &Together<'t>,
        sending: &Sending<'t>,
        depth: usize,
    ) -> bool {
        let Together { function, all } = together;
        if depth > DEEPEST || !self.facts.spend(1) {
            return false;
        }
        let given: Vec<(Parameter<'t>, Taken)> =
            all.iter().map(|(it, taken, _)| (*it, *taken)).collect();
        self.note_wrapper(*function, &given, sending);
        let mut is_found = false;
        for (node, call) in self.calls_of(*function) {
            let part = |(parameter, taken, _): &(Parameter<'t>, Taken, Node<'t>)| Part {
                taken: *taken,
                given: self.argument(&call.arguments, parameter.sought()),
                default: parameter.default.and_then(|it| self.reader.exact(it)),
            };
            let parts = all.iter().map(part).collect();
            let before = self.through.clone();
            self.go_through(*function);
            is_found |= self.land_together(node, parts, sending, depth + 1);
            self.through = before;
        }
        is_found
    }

    /// A prompt of all that a call gives, if any of it is a text; else it is followed further.
    pub(super) fn land_together(
        &mut self,
        node: Node<'t>,
        parts: Vec<Part<'t>>,
        sending: &Sending<'t>,
        depth: usize,
    ) -> bool {
        let sent_at = self.reader.sent_at.replace(node.end_byte());
        self.begin();
        let mut drafts = Vec::new();
        for part in parts {
            match (part.given, part.taken) {
                (Some(given), Taken::Text(role) | Taken::Part(role)) => {
                    drafts.push(self.text(given, role));
                }
                (Some(given), Taken::Said) => self.said(given, &mut drafts),
                (Some(given), _) => self.messages(given, &mut drafts, 0),
                (None, taken) => drafts.extend(Self::usual(node, taken, part.default)),
            }
        }
        let open = open_ends(&drafts);
        let together = self.together(&drafts);
        let is_written = drafts.iter().any(|draft| draft.value.written.is_some());
        let unwritten = (!is_written).then(|| drafts.clone());
        if is_written {
            let settings = sending.settings.clone();
            self.push(
                node,
                drafts,
                sending.floor,
                |prompt| {
                    sending.describe(prompt);
                    prompt.stands = Stands::Given;
                },
                &settings,
            );
        }
        let mut is_found = is_written;
        match together {
            Some(together) => is_found |= self.follow_together(&together, sending, depth + 1),
            None => {
                for one in open {
                    is_found |= self.follow(one, sending, depth + 1);
                }
            }
        }
        self.reader.sent_at.set(sent_at);
        match unwritten.filter(|_| !is_found) {
            Some(drafts) => {
                let taken = Taken::Text("system");
                self.note_unwritten((node, Some(node)), drafts, Stands::Given, taken, sending)
            }
            None => is_found,
        }
    }

    /// What a function sends where a call does not say it.
    fn usual(node: Node<'t>, taken: Taken, default: Option<String>) -> Option<Draft<'t>> {
        let role = match taken {
            Taken::Text(role) | Taken::Part(role) => role,
            Taken::Said => "user",
            Taken::Messages | Taken::More => return None,
        };
        let mut value = Value::default();
        value.put(Bit::Text(default.filter(|it| !it.is_empty())?));
        Some(Draft {
            role,
            value,
            is_placeholder: false,
            node,
        })
    }
}
