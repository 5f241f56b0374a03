//! What a file holds, gathered in one walk of its tree: names and their values, calls, maps.

use std::cell::Cell;
use std::collections::HashMap;

use tree_sitter::{Node, Tree};

use super::syntax::{Expr, File, Role, Walk};

/// How many steps one file may take, so that hostile nesting ends.
const MOST_WORK: usize = 2_000_000;

/// The most of a kind that is kept of one file.
const MOST_KEPT: usize = 100_000;

/// A name is given a value, or something is added to the one it has.
#[derive(Clone, Copy)]
pub(super) struct Binding<'t> {
    pub(super) at: usize,
    pub(super) scope: usize,
    pub(super) kind: BindingKind<'t>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BindingKind<'t> {
    Set(Node<'t>),
    Add(Node<'t>),
    /// An item is put at the end of the list.
    Append(Node<'t>),
    /// Callers give the value.
    Parameter,
}

/// A function or a class; the first is the file.
pub(super) struct Scope<'t> {
    start: usize,
    end: usize,
    pub(super) parent: usize,
    pub(super) name: Option<&'t str>,
    pub(super) is_class: bool,
}

/// What a file holds.
pub(super) struct Facts<'t> {
    pub(super) scopes: Vec<Scope<'t>>,
    pub(super) bindings: HashMap<&'t str, Vec<Binding<'t>>>,
    /// In their order: the name, the value and the scope of what a file declares.
    pub(super) declared: Vec<(&'t str, Node<'t>, usize)>,
    pub(super) calls: Vec<Node<'t>>,
    /// Each with the list that it stands in.
    pub(super) maps: Vec<(Node<'t>, Option<usize>)>,
    pub(super) returned: Vec<Node<'t>>,
    /// Texts that are no part of a longer one, and no statement.
    pub(super) texts: Vec<Node<'t>>,
    /// Classes with their documentation: what they are made from, and the text.
    pub(super) documented: Vec<(&'t str, Node<'t>)>,
    pub(super) imports: Vec<String>,
    work_left: Cell<usize>,
}

impl<'t> Facts<'t> {
    pub(super) fn gather(file: &File<'t>, tree: &'t Tree) -> Self {
        let mut facts = Self {
            scopes: vec![Scope {
                start: 0,
                end: usize::MAX,
                parent: 0,
                name: None,
                is_class: false,
            }],
            bindings: HashMap::new(),
            declared: Vec::new(),
            calls: Vec::new(),
            maps: Vec::new(),
            returned: Vec::new(),
            texts: Vec::new(),
            documented: Vec::new(),
            imports: Vec::new(),
            work_left: Cell::new(MOST_WORK),
        };
        let mut scope = 0;
        // A function without a name has that of what it is the value of.
        let mut named: Option<(&'t str, usize)> = None;
        let mut parameters = 0_usize;
        let mut text_end = 0;
        let mut statement = None;
        // What is entered and not left, lists by their ids.
        let mut around: Vec<Option<usize>> = Vec::new();
        for (node, is_entered) in Walk::new(tree) {
            if !facts.spend(1) {
                break;
            }
            let kind = node.kind();
            let is_list = matches!(
                kind,
                "parameters" | "formal_parameters" | "lambda_parameters"
            );
            if is_list {
                parameters = match is_entered {
                    true => parameters + 1,
                    false => parameters.saturating_sub(1),
                };
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
            let list = around.last().copied().flatten();
            let is_list = matches!(kind, "list" | "array" | "tuple");
            around.push(is_list.then(|| node.id()));
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
            let is_parameter = parameters > 0
                && matches!(kind, "identifier" | "shorthand_property_identifier_pattern");
            if is_parameter {
                facts.bind(
                    file.word(node),
                    node.start_byte(),
                    scope,
                    BindingKind::Parameter,
                );
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
                    });
                    scope = facts.scopes.len() - 1;
                    if is_class && facts.documented.len() < MOST_KEPT {
                        facts.documented.extend(file.documentation(node));
                    }
                }
                Role::Set(name, value) => {
                    named = Some((name, value.end_byte()));
                    // A default is what a caller may give another value for. One that is a sentence
                    // is a prompt all the same.
                    let is_default =
                        parameters > 0 && file.word(value).split_whitespace().count() < 3;
                    let kind = match is_default {
                        true => BindingKind::Parameter,
                        false => BindingKind::Set(value),
                    };
                    facts.bind(name, node.start_byte(), scope, kind);
                    if facts.declared.len() < MOST_KEPT {
                        facts.declared.push((name, value, scope));
                    }
                }
                Role::Add(name, value) => {
                    facts.bind(name, node.start_byte(), scope, BindingKind::Add(value));
                }
                Role::Keyed(name) => named = Some((name, node.end_byte())),
                Role::Return(value) if facts.returned.len() < MOST_KEPT => {
                    facts.returned.push(value);
                }
                Role::Import(name) if facts.imports.len() < MOST_KEPT => facts.imports.push(name),
                Role::Call if facts.calls.len() < MOST_KEPT => {
                    facts.calls.push(node);
                    facts.appended(file, node, scope);
                }
                Role::Map if facts.maps.len() < MOST_KEPT => facts.maps.push((node, list)),
                _ => {}
            }
        }
        facts
    }

    /// `list.append(item)` and `list.push(item)`.
    fn appended(&mut self, file: &File<'t>, node: Node<'t>, scope: usize) {
        let Some(call) = file.call(node) else { return };
        let Expr::Member(list, "append" | "push") = file.expr(call.callee) else {
            return;
        };
        let (Expr::Name(name) | Expr::Member(_, name)) = file.expr(list) else {
            return;
        };
        for argument in call.arguments.iter().filter(|it| it.key.is_none()) {
            let kind = BindingKind::Append(argument.value);
            self.bind(name, node.start_byte(), scope, kind);
        }
    }

    fn bind(&mut self, name: &'t str, at: usize, scope: usize, kind: BindingKind<'t>) {
        let all = self.bindings.entry(name).or_default();
        // What callers give is no less given where a default is written beside it.
        let is_known = kind == BindingKind::Parameter
            && all
                .iter()
                .any(|it| it.scope == scope && matches!(it.kind, BindingKind::Set(_)));
        if all.len() < MOST_KEPT && !is_known {
            all.push(Binding { at, scope, kind });
        }
    }

    /// Whether there is work left to do, and takes some of it.
    pub(super) fn spend(&self, work: usize) -> bool {
        let left = self.work_left.get();
        self.work_left.set(left.saturating_sub(work));
        left > work
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

    /// What the name is bound to where it is used: the last value before, what was added since, and
    /// whether there were others.
    pub(super) fn bound(&self, name: &str, at: usize) -> Option<Bound<'t>> {
        let all = self.bindings.get(name)?;
        let own = self.scope_at(at);
        let mut scope = own;
        loop {
            let here: Vec<&Binding<'t>> = all
                .iter()
                .filter(|it| it.scope == scope && self.spend(1))
                .collect();
            // A function runs after what stands below it in the file.
            let is_seen = |it: &&&Binding<'t>| it.at < at || scope != own;
            let seen: Vec<&Binding<'t>> = here.iter().filter(is_seen).copied().collect();
            let last = seen
                .iter()
                .rposition(|it| matches!(it.kind, BindingKind::Set(_) | BindingKind::Parameter));
            if let Some(last) = last {
                let BindingKind::Set(value) = seen[last].kind else {
                    return None;
                };
                let sets = seen
                    .iter()
                    .filter(|it| matches!(it.kind, BindingKind::Set(_)));
                return Some(Bound {
                    value,
                    added: seen[last + 1..].iter().map(|it| it.kind).collect(),
                    is_one_of_several: sets.count() > 1,
                });
            }
            if scope == 0 {
                return None;
            }
            scope = self.scopes[scope].parent;
        }
    }

    /// What a part of a class or an object is bound to, by its name alone: only where the file says
    /// it once.
    pub(super) fn bound_once(&self, name: &str) -> Option<Node<'t>> {
        let mut sets = self
            .bindings
            .get(name)?
            .iter()
            .filter_map(|it| match it.kind {
                BindingKind::Set(value) => Some(value),
                _ => None,
            });
        let only = sets.next()?;
        sets.next().is_none().then_some(only)
    }
}

/// What a name stands for.
pub(super) struct Bound<'t> {
    pub(super) value: Node<'t>,
    pub(super) added: Vec<BindingKind<'t>>,
    pub(super) is_one_of_several: bool,
}
