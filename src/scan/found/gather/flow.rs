//! Texts that reach a call through functions of the same file: what those answer with, and what
//! their callers give them.

use std::collections::HashMap;

use tree_sitter::Node;

use super::sending::{Open, Sending, Taken, open_ends};
use super::words::{role_named, speaks_to_a_model};
use super::{DEEPEST, Gatherer};
use crate::scan::found::Stands;
use crate::scan::found::syntax::{Argument, Call, Expr, value_of};
use crate::scan::found::value::Remark;

/// Whether a method of this name makes the object of its class.
pub(super) fn makes_objects(name: &str) -> bool {
    matches!(name, "__init__" | "constructor")
}

impl<'t> Gatherer<'_, 't> {
    /// Follows a value to the texts that it may be; each is a prompt. Whether there is one.
    pub(super) fn follow(&mut self, open: Open<'t>, sending: &Sending<'t>, depth: usize) -> bool {
        let key = (open.node.id(), open.taken);
        if let Some(known) = self.followed.get(&key) {
            return *known;
        }
        if depth > DEEPEST || !self.facts.spend(1) {
            return false;
        }
        self.followed.insert(key, false);
        let role = self.unsure_roles.borrow().get(&open.node.id()).copied();
        let known = self.through.unsure.len();
        let unsure = role.map(|role| Remark::new(role, "the role may be another one"));
        self.through.unsure.extend(unsure);
        let is_found = self.follow_new(open, sending, depth);
        self.through.unsure.truncate(known);
        self.followed.insert(key, is_found);
        is_found
    }

    fn follow_new(&mut self, open: Open<'t>, sending: &Sending<'t>, depth: usize) -> bool {
        let Open { node, taken } = open;
        let on = |node: Node<'t>| Open { node, taken };
        let is_own = |value: Node<'t>| value.byte_range().contains(&node.start_byte());
        match self.file.expr(node) {
            Expr::Call(call) => {
                let functions = self.functions(call.callee);
                self.answers(&functions, taken, sending, depth)
                    || self.passed(&call, taken, sending, depth)
            }
            Expr::Name(name) => {
                // A function that is given as such, and called when the text is wanted.
                let functions = self.functions(node);
                if !functions.is_empty() {
                    return self.answers(&functions, taken, sending, depth);
                }
                if let Some((start, end)) = self.reader.names.given_by_callers(name, node) {
                    return match taken.is_part() {
                        true => false,
                        false => self.callers((start, end), (name, node), taken, sending, depth),
                    };
                }
                let bound = self.reader.names.bound(name, node);
                bound.is_some_and(|bound| {
                    !is_own(bound.value) && self.follow(on(bound.value), sending, depth + 1)
                })
            }
            Expr::Member(object, name) => {
                let names = self.reader.names;
                let bound = names.member(self.file, object, name, node.start_byte());
                if let Some(bound) = bound {
                    return !is_own(bound.value)
                        && self.follow(on(bound.value), sending, depth + 1);
                }
                let functions = self.functions(node);
                self.answers(&functions, taken, sending, depth)
            }
            Expr::Choice(nodes) if !matches!(taken, Taken::Part(_)) => {
                let mut is_found = false;
                for one in nodes {
                    is_found |= self.land(one, Stands::Choice, taken, sending, depth + 1);
                }
                is_found
            }
            Expr::Spread(inner) => self.follow(on(inner), sending, depth + 1),
            Expr::Map(_) | Expr::List(_) => {
                let mut is_found = false;
                if matches!(taken, Taken::Messages | Taken::More) {
                    is_found = self.land(node, Stands::Choice, taken, sending, depth + 1);
                }
                is_found
            }
            _ => false,
        }
    }

    /// The functions of the file that a callee may be.
    pub(super) fn functions(&self, callee: Node<'t>) -> Vec<usize> {
        let at = callee.start_byte();
        let here = self.facts.scope_at(at);
        let (name, class) = match self.file.expr(callee) {
            Expr::Name(name) => (name, None),
            Expr::Member(object, name) => match self.file.expr(object) {
                Expr::Name(object) => (name, Some(object)),
                _ if self.file.word(object) == "this" => (name, Some("this")),
                _ => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        let Some(known) = self.functions_by_name.get(name) else {
            return Vec::new();
        };
        let fits = |scope: &usize| {
            let own = self.facts.class_of(*scope);
            match (class, own) {
                (None, None) => {
                    let parent = self.facts.scopes[*scope].parent;
                    self.facts.is_around(parent, here) && self.is_bound_to(name, callee, *scope)
                }
                (Some(word), Some(own)) if self.file.traits().own_objects.contains(&word) => {
                    self.facts.is_around(own, here)
                }
                (Some(class), Some(own)) => self.facts.scopes[own].name == Some(class),
                _ => false,
            }
        };
        known.iter().copied().filter(fits).collect()
    }

    /// Whether a name stands for a function where it is used.
    fn is_bound_to(&self, name: &'t str, node: Node<'t>, scope: usize) -> bool {
        let names = self.reader.names;
        names.is_function(name, node.start_byte())
            || names.bound(name, node).is_some_and(|bound| {
                let function = self.facts.scopes[scope].node;
                function.is_some_and(|function| function.end_byte() == bound.value.end_byte())
            })
    }

    /// What functions answer with.
    fn answers(
        &mut self,
        functions: &[usize],
        taken: Taken,
        sending: &Sending<'t>,
        depth: usize,
    ) -> bool {
        let mut is_found = false;
        for function in functions {
            let all = self.facts.answers.iter();
            let answers: Vec<Node<'t>> = all
                .filter(|(scope, _)| scope == function)
                .map(|(_, answer)| *answer)
                .collect();
            let before = self.through.clone();
            self.go_through(*function);
            for answer in answers {
                is_found |= self.land(answer, Stands::Answer, taken, sending, depth + 1);
            }
            self.through = before;
        }
        is_found
    }

    /// A text that a function is given whose answer is sent: `instructions=clean("You are …")`.
    fn passed(
        &mut self,
        call: &Call<'t>,
        taken: Taken,
        sending: &Sending<'t>,
        depth: usize,
    ) -> bool {
        let first = call.arguments.first().filter(|it| it.is_by_place());
        let Some(first) = first.map(|it| it.value) else {
            return false;
        };
        let value = self.reader.value(first);
        let is_prompt = value.written.is_some()
            && !matches!(taken, Taken::Messages | Taken::More)
            && speaks_to_a_model(&value.text());
        is_prompt && self.land(first, Stands::Given, taken, sending, depth + 1)
    }

    /// What the callers of a function give it by this name.
    fn callers(
        &mut self,
        (start, end): (usize, usize),
        (name, open): (&str, Node<'t>),
        taken: Taken,
        sending: &Sending<'t>,
        depth: usize,
    ) -> bool {
        let Some(function) = self.facts.scope_of(start, end) else {
            return false;
        };
        let Some(node) = self.facts.scopes[function].node else {
            return false;
        };
        let all = self.file.parameters(node);
        let Some(parameter) = all.iter().find(|it| it.name == name) else {
            return false;
        };
        self.note_wrapper(function, &[(*parameter, taken)], sending);
        let role = self.unsure_roles.borrow().get(&open.id()).copied();
        let role_given =
            role.map(|role| (role, all.iter().find(|it| it.name == self.file.word(role))));
        let mut is_found = false;
        for (_, call) in self.calls_of(function) {
            let given = self.argument(&call.arguments, parameter.sought());
            if let Some(given) = given {
                let before = self.through.clone();
                self.go_through(function);
                // The role that this caller gives, or does not.
                let own = role_given.and_then(|(role, parameter)| {
                    let is_open = call.arguments.iter().any(|it| it.is_spread);
                    let given = self.argument(&call.arguments, parameter?.sought());
                    let said = match given {
                        Some(given) => self.reader.exact(given)?,
                        None if is_open => return None,
                        None => self.reader.value(role).text(),
                    };
                    role_named(&said)
                });
                let mut taken = taken;
                if let Some(own) = own {
                    let words = "the role may be another one";
                    self.through.unsure.retain(|it| it.words != words);
                    taken = taken.by(own);
                }
                is_found |= self.land(given, Stands::Given, taken, sending, depth + 1);
                self.through = before;
            }
        }
        is_found
    }

    /// Begins a prompt that functions are followed to.
    pub(super) fn begin(&mut self) {
        self.notes.clear();
        self.doubts.clone_from(&self.through.unsure);
        self.settable.clear();
    }

    /// The calls of a function of the file.
    pub(super) fn calls_of(&self, function: usize) -> Vec<(Node<'t>, Call<'t>)> {
        // An object is made by the name of its class.
        let class = self.facts.class_of(function);
        let own = self.facts.scopes[function].name;
        let is_maker = own.is_some_and(makes_objects);
        let called = match class.filter(|_| is_maker) {
            Some(class) => self.facts.scopes[class].name,
            None => own,
        };
        let calls = called.and_then(|called| self.calls_by_name().get(called).cloned());
        let calls = calls.unwrap_or_default().into_iter();
        let calls = calls.filter_map(|node| Some((node, self.file.call(node)?)));
        calls
            .filter(|(_, call)| match (is_maker, self.file.expr(call.callee)) {
                (true, Expr::Name(_)) => true,
                (true, _) => false,
                // `desk.ask(…)`: a method, by its name.
                (false, Expr::Member(..)) if class.is_some() => true,
                _ => self.functions(call.callee).contains(&function),
            })
            .collect()
    }

    /// The calls of the file, by the last word of what is called.
    fn calls_by_name(&self) -> &HashMap<&'t str, Vec<Node<'t>>> {
        self.calls_by_name.get_or_init(|| {
            let mut all: HashMap<&'t str, Vec<Node<'t>>> = HashMap::new();
            for node in &self.facts.calls {
                let name =
                    self.file
                        .call(*node)
                        .and_then(|call| match self.file.expr(call.callee) {
                            Expr::Name(name) | Expr::Member(_, name) => Some(name),
                            _ => None,
                        });
                if let Some(name) = name {
                    all.entry(name).or_default().push(*node);
                }
            }
            all
        })
    }

    /// What a call gives for a parameter.
    pub(super) fn argument(
        &self,
        arguments: &[Argument<'t>],
        (name, place, key): (&str, Option<usize>, Option<&str>),
    ) -> Option<Node<'t>> {
        if key.is_none()
            && let Some(given) = value_of(arguments, &[name])
        {
            return Some(given);
        }
        let place = place?;
        if arguments.iter().take(place + 1).any(|it| it.is_spread) {
            return None;
        }
        let given = arguments.get(place).filter(|it| it.is_by_place())?.value;
        match key {
            None => Some(given),
            Some(key) => value_of(&self.reader.entries(given)?.all, &[key]),
        }
    }

    /// A prompt, if what a value is followed to is a text; else it is followed further.
    pub(super) fn land(
        &mut self,
        node: Node<'t>,
        stands: Stands,
        taken: Taken,
        sending: &Sending<'t>,
        depth: usize,
    ) -> bool {
        let sent_at = self.reader.sent_at.replace(node.end_byte());
        self.begin();
        let mut drafts = Vec::new();
        match taken {
            Taken::Text(role) | Taken::Part(role) => drafts.push(self.text(node, role)),
            Taken::Said => self.said(node, &mut drafts),
            Taken::Messages | Taken::More => self.messages(node, &mut drafts, 0),
        }
        let open = open_ends(&drafts);
        let is_written = drafts.iter().any(|draft| draft.value.written.is_some());
        let unwritten = (!is_written).then(|| drafts.clone());
        if is_written {
            let floor = if taken.is_part() { 0 } else { sending.floor };
            let settings = sending.settings.clone();
            let is_list = match taken {
                Taken::Text(_) | Taken::Part(_) => false,
                Taken::Messages | Taken::More => true,
                Taken::Said => drafts.iter().all(|draft| draft.node != node),
            };
            self.push(
                node,
                drafts,
                floor,
                |prompt| {
                    sending.describe(prompt);
                    prompt.stands = stands;
                    prompt.is_list = is_list;
                },
                &settings,
            );
        }
        let mut is_found = is_written;
        let together = unwritten.as_deref().and_then(|it| self.together(it));
        if let Some(together) = &together {
            is_found |= self.follow_together(together, sending, depth + 1);
        }
        for one in open {
            if together.as_ref().is_some_and(|it| it.has(one.node)) {
                continue;
            }
            let is_same = one.node == node && one.taken == taken;
            // What is written beside it was said already.
            if !is_same || !is_written {
                is_found |= self.follow(one, sending, depth + 1);
            }
        }
        self.reader.sent_at.set(sent_at);
        match unwritten.filter(|_| !is_found) {
            Some(drafts) => {
                self.note_unwritten((node, node.parent()), drafts, stands, taken, sending)
            }
            None => is_found,
        }
    }
}
