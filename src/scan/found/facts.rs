//! What a file holds, gathered in one walk of its tree: functions, calls, maps, texts.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use tree_sitter::{Node, Tree};

use super::names::{Collector, Names};
use super::syntax::{File, Origin, Role, Visit, Walk};

/// How many steps one file may take, so that hostile nesting ends.
const MOST_WORK: usize = 2_000_000;

/// The most of a kind that is kept of one file.
const MOST_KEPT: usize = 100_000;

/// A function or a class; the first is the file.
pub(super) struct Scope<'t> {
    start: usize,
    end: usize,
    pub(super) parent: usize,
    pub(super) name: Option<&'t str>,
    pub(super) is_class: bool,
    /// The function or the class itself; the file has none.
    pub(super) node: Option<Node<'t>>,
}

/// What a file holds.
pub(super) struct Facts<'t> {
    pub(super) scopes: Vec<Scope<'t>>,
    /// In their order: the name, the value and the scope of what a file declares.
    pub(super) declared: Vec<(&'t str, Node<'t>, usize)>,
    pub(super) calls: Vec<Node<'t>>,
    /// Each with the list that it stands in.
    pub(super) maps: Vec<(Node<'t>, Option<Node<'t>>)>,
    pub(super) returned: Vec<Node<'t>>,
    /// What each function answers with, those that are one expression among them.
    pub(super) answers: Vec<(usize, Node<'t>)>,
    /// Texts that are no part of a longer one, and no statement.
    pub(super) texts: Vec<Node<'t>>,
    /// Classes with their documentation: what they are made from, and the text.
    pub(super) documented: Vec<(&'t str, Node<'t>)>,
    pub(super) imports: Vec<String>,
    /// Where names come from that other files give.
    pub(super) origins: HashMap<&'t str, Origin<'t>>,
    /// What third files give, and this one gives on, by the names that others read; `*` is all.
    pub(super) given_on: Vec<(&'t str, Origin<'t>)>,
    work_left: Cell<usize>,
    /// The first line at which something was left out that the file holds.
    given_up: Cell<Option<usize>>,
}

impl<'t> Facts<'t> {
    /// What a file holds, and what it says of its names.
    pub(super) fn gather(file: &File<'t>, tree: &'t Tree) -> (Self, Names<'t>) {
        let mut names = Collector::new(file);
        let mut facts = Self {
            scopes: vec![Scope {
                start: 0,
                end: usize::MAX,
                parent: 0,
                name: None,
                is_class: false,
                node: None,
            }],
            declared: Vec::new(),
            calls: Vec::new(),
            maps: Vec::new(),
            returned: Vec::new(),
            answers: Vec::new(),
            texts: Vec::new(),
            documented: Vec::new(),
            imports: Vec::new(),
            origins: HashMap::new(),
            given_on: file.given_on(tree.root_node()),
            work_left: Cell::new(MOST_WORK),
            given_up: Cell::new(None),
        };
        let mut scope = 0;
        // A function without a name has that of what it is the value of.
        let mut named: Option<(&'t str, usize)> = None;
        let mut text_end = 0;
        let mut twice = HashSet::new();
        let mut statement = None;
        // What is entered and not left, as far as it is a list.
        let mut around: Vec<Option<Node<'t>>> = Vec::new();
        let mut is_over = false;
        for visit in Walk::new(tree) {
            names.visit(&visit);
            let Visit {
                node, is_entered, ..
            } = visit;
            if is_over {
                continue;
            }
            if !facts.spend(1) {
                facts.give_up(node);
                is_over = true;
                continue;
            }
            if !is_entered {
                around.pop();
                let current = &facts.scopes[scope];
                let is_end = scope > 0
                    && (current.start, current.end) == (node.start_byte(), node.end_byte());
                if is_end && matches!(file.role(node), Role::Scope(..)) {
                    scope = current.parent;
                }
                continue;
            }
            let kind = file.kind(node);
            let list = around.last().copied().flatten();
            let is_list = matches!(kind, "list" | "array" | "tuple");
            around.push(is_list.then_some(node));
            let is_text = matches!(
                kind,
                "string"
                    | "template_string"
                    | "concatenated_string"
                    | "binary_operator"
                    | "binary_expression"
            );
            if kind == "expression_statement" {
                statement = Some(node.start_byte());
            } else if is_text && node.start_byte() >= text_end && facts.texts.len() < MOST_KEPT {
                text_end = node.end_byte();
                if statement != Some(node.start_byte()) {
                    facts.texts.push(node);
                }
            }
            match file.role(node) {
                Role::Scope(name, is_class) => {
                    let own = named.filter(|(_, end)| *end == node.end_byte());
                    facts.scopes.push(Scope {
                        start: node.start_byte(),
                        end: node.end_byte(),
                        parent: scope,
                        name: name.or(own.map(|(name, _)| name)),
                        is_class,
                        node: Some(node),
                    });
                    scope = facts.scopes.len() - 1;
                    let answer = file.answer(node).map(|answer| (scope, answer));
                    facts.answers.extend(answer);
                    if is_class && facts.documented.len() < MOST_KEPT {
                        facts.documented.extend(file.documentation(node));
                    }
                }
                Role::Set(name, value) => {
                    named = Some((name, value.end_byte()));
                    if facts.declared.len() < MOST_KEPT {
                        facts.declared.push((name, value, scope));
                    }
                }
                Role::Keyed(name) => named = Some((name, node.end_byte())),
                Role::Return(value) if facts.returned.len() < MOST_KEPT => {
                    facts.returned.push(value);
                    facts.answers.push((scope, value));
                }
                Role::Import(name) if facts.imports.len() < MOST_KEPT => {
                    facts.came(file.origins(node), &mut twice);
                    facts.imports.push(name);
                }
                Role::Call if facts.calls.len() < MOST_KEPT => {
                    facts.calls.push(node);
                    facts.imports.extend(file.required(node));
                    facts.came(file.required_names(node), &mut twice);
                }
                Role::Map if facts.maps.len() < MOST_KEPT => facts.maps.push((node, list)),
                Role::Return(_) | Role::Import(_) | Role::Call | Role::Map => facts.give_up(node),
                _ => {}
            }
        }
        facts.origins.retain(|name, _| !twice.contains(name));
        (facts, names.finish())
    }

    /// Notes names that other files give; which of two it is, nobody knows.
    fn came(&mut self, all: Vec<(&'t str, Origin<'t>)>, twice: &mut HashSet<&'t str>) {
        for (name, origin) in all {
            match self.origins.get(name) {
                Some(known) if *known != origin => _ = twice.insert(name),
                _ => _ = self.origins.insert(name, origin),
            }
        }
    }

    /// Whether there is work left to do, and takes some of it.
    pub(super) fn spend(&self, work: usize) -> bool {
        let left = self.work_left.get();
        self.work_left.set(left.saturating_sub(work));
        left > work
    }

    /// Notes that something of the file is left out.
    pub(super) fn give_up(&self, node: Node<'_>) {
        let first = self.given_up.get();
        let line = first.unwrap_or_else(|| node.start_position().row + 1);
        self.given_up.set(Some(line));
    }

    /// The line at which something was left out, if anything was.
    pub(super) fn given_up(&self) -> Option<usize> {
        // What counts its own work has no place to tell.
        let is_spent = self.work_left.get() == 0;
        self.given_up.get().or(is_spent.then_some(1))
    }

    /// The innermost function or class around a byte.
    pub(super) fn scope_at(&self, at: usize) -> usize {
        let mut scope = self
            .scopes
            .partition_point(|scope| scope.start <= at)
            .saturating_sub(1);
        while scope > 0 && self.scopes[scope].end <= at {
            scope = self.scopes[scope].parent;
        }
        scope
    }

    /// The function or the class that stands at exactly this place.
    pub(super) fn scope_of(&self, start: usize, end: usize) -> Option<usize> {
        let is_it = |scope: &Scope<'t>| (scope.start, scope.end) == (start, end);
        self.scopes.iter().position(is_it)
    }

    /// The class that a function is a method of.
    pub(super) fn class_of(&self, scope: usize) -> Option<usize> {
        let parent = self.scopes[scope].parent;
        self.scopes[parent].is_class.then_some(parent)
    }

    /// Whether a scope is another one, or around it.
    pub(super) fn is_around(&self, outer: usize, inner: usize) -> bool {
        let (outer, inner) = (&self.scopes[outer], &self.scopes[inner]);
        outer.start <= inner.start && inner.end <= outer.end
    }

    /// The names of the functions and classes around a byte, `Class.method`.
    pub(super) fn place_of(&self, at: usize) -> Option<String> {
        let mut scope = self.scope_at(at);
        let mut names = Vec::new();
        while scope > 0 && names.len() < 8 {
            // A key may be any text: `"my tool": () => …`.
            let name = self.scopes[scope].name;
            names.extend(
                name.filter(|name| !name.contains(|it: char| it.is_whitespace() || it == '#')),
            );
            scope = self.scopes[scope].parent;
        }
        names.reverse();
        (!names.is_empty()).then(|| names.join("."))
    }
}
